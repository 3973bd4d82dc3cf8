package provider_test

import (
	"fmt"
	"strings"
	"testing"

	tfjson "github.com/hashicorp/terraform-json"

	"github.com/appreg/terraform-provider-appreg/internal/acctest"
)

// wrong is a block that can't be right: where the error points, and parts of what it says.
type wrong struct {
	block, arguments string
	at               string // the argument
	says             []string
}

// refusedAlone writes every block into one configuration, under its name, and demands of terraform validate, which asks
// no tenant, exactly one error for each: on its argument, and with its parts.
func refusedAlone(t *testing.T, blocks map[string]wrong) {
	t.Helper()
	var hcl strings.Builder
	for name, b := range blocks {
		fmt.Fprintf(&hcl, "%s %q {\n%s\n}\n", b.block, name, b.arguments)
	}
	x := acctest.Hostile(t)
	w := start(t, x, hcl.String())
	r := w.Terraform(t, "validate", "-json")
	var out tfjson.ValidateOutput
	if err := out.UnmarshalJSON([]byte(r.Output)); err != nil {
		t.Fatalf("%v\n%s", err, r.Output)
	}
	found := map[string]tfjson.Diagnostic{}
	for _, d := range out.Diagnostics {
		where, code := "", ""
		if d.Snippet != nil && d.Snippet.Context != nil {
			where, code = *d.Snippet.Context, d.Snippet.Code
		}
		if _, second := found[where]; second || where == "" {
			t.Errorf("one more error for %s: %s\n%s\n%s", where, d.Summary, d.Detail, code)
		}
		found[where] = d
	}
	for name, b := range blocks {
		d, ok := found[fmt.Sprintf("%s %q", b.block, name)]
		if !ok {
			t.Errorf("%s is accepted: %s", name, b.arguments)
			continue
		}
		if !strings.Contains(d.Snippet.Code, b.at) {
			t.Errorf("%s: the error points at %q, want %s", name, d.Snippet.Code, b.at)
		}
		for _, part := range b.says {
			if text := said(d.Summary + " " + d.Detail); !strings.Contains(text, part) {
				t.Errorf("%s: the error lacks %q: %s", name, part, text)
			}
		}
	}
	if n := len(x.Requests()); n != 0 {
		t.Errorf("%d requests were made, want none", n)
	}
}

// registration is an application with one redirect URI, or several in HCL's form.
func registration(platform, uris, audience string) string {
	if !strings.HasPrefix(uris, "[") {
		uris = fmt.Sprintf("[%q]", uris)
	}
	return fmt.Sprintf("  display_name     = \"Mail import\"\n  sign_in_audience = %q\n  redirect_uris = {\n    %s = %s\n  }", audience, platform, uris)
}

func TestAccRedirectURIsThatAreRefused(t *testing.T) {
	t.Parallel()
	const company, people = "AzureADMyOrg", "AzureADandPersonalMicrosoftAccount"
	blocks := map[string]wrong{}
	for name, c := range map[string]struct{ platform, uri, audience, says string }{
		"empty":             {"web", "", company, "It is empty"},
		"too_long":          {"web", "https://a.example/" + strings.Repeat("x", 239), company, "has 257 characters; a redirect URI can have 256"},
		"relative":          {"web", "/signin", company, "is not an absolute address"},
		"without_scheme":    {"web", "import.example.com/signin", company, "is not an absolute address"},
		"without_host":      {"web", "https:///signin", company, "names a host"},
		"plain_http":        {"web", "http://import.example.com", company, "Under web write https://"},
		"http_spa":          {"spa", "http://import.example.com", company, "Under spa write https://"},
		"http_public":       {"public_client", "http://import.example.com", company, "Under public_client write https://"},
		"http_near_miss":    {"web", "http://localhost.example.com", company, "allowed for localhost only"},
		"ipv6":              {"web", "http://[::1]/signin", company, "Write localhost or 127.0.0.1"},
		"user":              {"web", "https://user@import.example.com", company, "contains a user name"},
		"fragment":          {"web", "https://import.example.com/#top", company, "contains a fragment"},
		"blank":             {"web", "https://import.example.com/a b", company, "contains a blank"},
		"exclamation_mark":  {"web", "https://import.example.com/a!", company, "contains one of the characters"},
		"dollar":            {"web", "https://import.example.com/a$b", company, "contains one of the characters"},
		"apostrophe":        {"web", "https://import.example.com/a'b", company, "contains one of the characters"},
		"parentheses":       {"web", "https://import.example.com/(a)", company, "contains one of the characters"},
		"comma":             {"web", "https://import.example.com/a,b", company, "contains one of the characters"},
		"semicolon":         {"web", "https://import.example.com/a;b", company, "contains one of the characters"},
		"own_scheme_web":    {"web", "msauth://com.example.import", company, "only addresses under public_client can"},
		"own_scheme_spa":    {"spa", "msauth://com.example.import", company, "only addresses under public_client can"},
		"urn_spa":           {"spa", "urn:ietf:wg:oauth:2.0:oob", company, "is a URN"},
		"query_personal":    {"web", "https://import.example.com/?a=1", people, "contains a query, which an application for personal Microsoft accounts can't have"},
		"wildcard_personal": {"web", "https://*.example.com", people, "contains a wildcard, which an application for personal Microsoft accounts can't have"},
	} {
		blocks[name] = wrong{`resource "appreg_application"`, registration(c.platform, c.uri, c.audience), "redirect_uris", []string{"Invalid redirect URI under " + c.platform, c.says}}
	}
	many := func(n int) string { return fmt.Sprintf(`[for i in range(%d) : "https://import.example.com/${i}"]`, n) }
	const application = `resource "appreg_application"`
	blocks["too_many"] = wrong{application, registration("web", many(257), company), "redirect_uris", []string{"There are 257", company + " can have 256"}}
	blocks["too_many_personal"] = wrong{application, registration("web", many(101), people), "redirect_uris", []string{"There are 101", people + " can have 100"}}
	blocks["two_platforms"] = wrong{application, registration("web", "[\"https://import.example.com/a\"]\n    spa = [\"https://IMPORT.example.com/a\"]", company), "redirect_uris",
		[]string{"Redirect URI on two platforms", "under web and under spa"}}
	refusedAlone(t, blocks)
}

func TestAccArgumentsThatAreRefused(t *testing.T) {
	t.Parallel()
	const (
		application = `resource "appreg_application"`
		secret      = `resource "appreg_client_secret"`
		permissions = `resource "appreg_delegated_permissions"`
		consent     = `resource "appreg_admin_consent"`
		someID      = `application_id = "` + stranger + "\"\n"
		named       = "display_name = \"Mail import\"\n"
	)
	name := func(n int) string { return fmt.Sprintf("display_name = %q\n", strings.Repeat("ü", n)) }
	refusedAlone(t, map[string]wrong{
		"long_name":          {application, name(121), "display_name", []string{"It has 121 characters", "sign_in_audience AzureADMyOrg can have 120"}},
		"long_name_orgs":     {application, name(121) + `sign_in_audience = "AzureADMultipleOrgs"`, "display_name", []string{"can have 120"}},
		"long_name_personal": {application, name(91) + `sign_in_audience = "PersonalMicrosoftAccount"`, "display_name", []string{"It has 91 characters", "PersonalMicrosoftAccount can have 90"}},
		"long_name_both":     {application, name(91) + `sign_in_audience = "AzureADandPersonalMicrosoftAccount"`, "display_name", []string{"can have 90"}},
		"audience":           {application, named + `sign_in_audience = "Everyone"`, "sign_in_audience", []string{"AzureADMyOrg", "PersonalMicrosoftAccount"}},
		"owner":              {application, named + `owners = ["alice@example.com"]`, "owners", []string{`"alice@example.com" is not a GUID`, "object id of a user or service principal"}},
		"own_tag":            {application, named + `tags = ["appreg:mine"]`, "tags", []string{"the provider keeps"}},
		"adoption":           {application, named + `adopt_existing = true`, "adopt_existing", []string{"Set unique_name"}},
		"logout":             {application, named + `logout_url = "http://import.example.com"`, "logout_url", []string{"https://"}},

		"secret_of_name":      {secret, `application_id = "Mail import"`, "application_id", []string{`"Mail import" is not a GUID`, "attribute id"}},
		"secret_of_path":      {secret, `application_id = "/applications/` + stranger + `"`, "application_id", []string{"is not a GUID", "attribute id"}},
		"secret_no_days":      {secret, someID + "validity_days = 0", "validity_days", []string{"1", "36500"}},
		"secret_no_date":      {secret, someID + `end_date = "next year"`, "end_date", []string{`"next year"`, "2027-06-30T00:00:00Z"}},
		"secret_date_only":    {secret, someID + `end_date = "2027-06-30"`, "end_date", []string{"2027-06-30T00:00:00Z"}},
		"secret_milliseconds": {secret, someID + `end_date = "2027-06-30T00:00:00.5Z"`, "end_date", []string{"whole seconds"}},

		"flag_of_name":       {`resource "appreg_public_client"`, `application_id = "Mail import"`, "application_id", []string{"is not a GUID", "attribute id"}},
		"permissions_nobody": {permissions, "application_id = \"Mail import\"\nscopes = [\"User.Read\"]", "application_id", []string{"is not a GUID", "attribute id"}},
		"permissions_none":   {permissions, someID + "scopes = []", "scopes", []string{"at least 1"}},
		"permissions_of_api": {permissions, someID + "scopes = [\"User.Read\"]\napi = \"Graph\"", `api`, []string{`"Graph" is not an API that is known by name`, "Microsoft Graph", "client id", "anyone in a tenant can take one"}},
		"principal_of_name":  {`resource "appreg_service_principal"`, `client_id = "Mail import"`, "client_id", []string{"is not a GUID", "client id"}},
		"consent_of_name":    {consent, "service_principal_id = \"Mail import\"\nscopes = [\"User.Read\"]", "service_principal_id", []string{"is not a GUID", "service principal's object id"}},
		"consent_for_name":   {consent, "service_principal_id = \"" + stranger + "\"\nprincipal_id = \"alice@example.com\"\nscopes = [\"User.Read\"]", "principal_id", []string{"is not a GUID", "the user's object id"}},

		"data_by_bad_id": {`data "appreg_application"`, `id = "Mail import"`, "id", []string{"is not a GUID"}},
		"data_by_two":    {`data "appreg_service_principal"`, "id = \"" + stranger + "\"\nclient_id = \"" + stranger + `"`, "id", []string{"2 attributes specified", "one (and only one) of [id,client_id]"}},
		"data_by_none":   {`data "appreg_application"`, "", "data_by_none", []string{"No attribute specified", "one (and only one) of [id,client_id,unique_name,display_name]"}},
	})
}

// An import id of the wrong form is answered with the right ones, for every resource.
func TestAccImportIDsThatAreRefused(t *testing.T) {
	t.Parallel()
	public := hclText(exampleText(t, examples+"/resources/appreg_certificate/mail-import.pem"))
	for resource, c := range map[string]struct{ block, id, form string }{
		"appreg_application":           {`display_name = "Mail import"`, "Mail import", "<object id>, client_id:<client id>, or unique_name:<name>"},
		"appreg_client_secret":         {`application_id = "` + stranger + `"`, stranger, "<object id of the application>/<key id>"},
		"appreg_certificate":           {"application_id = \"" + stranger + "\"\ncertificate = " + public, stranger, "<object id of the application>/<key id>"},
		"appreg_federated_credential":  {"application_id = \"" + stranger + "\"\nname = \"github\"\nissuer = \"https://issuer.example\"\nsubject = \"x\"", stranger, "<object id of the application>/<id of the credential>"},
		"appreg_public_client":         {`application_id = "` + stranger + `"`, "/applications/" + stranger, "<object id of the application>"},
		"appreg_delegated_permissions": {"application_id = \"" + stranger + "\"\nscopes = [\"User.Read\"]", stranger, "<object id of the application>/<client id of the API>"},
		"appreg_service_principal":     {`client_id = "` + stranger + `"`, "Mail import", "client_id:<client id>"},
		"appreg_admin_consent":         {"service_principal_id = \"" + stranger + "\"\nscopes = [\"User.Read\"]", stranger, "43 or 64"},
	} {
		t.Run(resource, func(t *testing.T) {
			t.Parallel()
			w := start(t, acctest.Hostile(t), fmt.Sprintf("resource %q \"test\" {\n%s\n}\n", resource, c.block))
			refused(t, w, []string{"Unable to import", fmt.Sprintf("%q", c.id), c.form}, "import", resource+".test", c.id)
		})
	}
}
