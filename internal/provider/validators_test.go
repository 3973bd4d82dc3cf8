package provider

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/appreg/terraform-provider-appreg/internal/directory"
)

func TestRedirectURIForms(t *testing.T) {
	t.Parallel()
	long := "https://a.example/" + strings.Repeat("x", 239)
	for _, c := range []struct {
		platform, uri, audience string
		problem                 string // a part of the message, "" when the address is fine
	}{
		{platformWeb, "https://a.example/cb", audienceMyOrg, ""},
		{platformWeb, "HTTPS://A.example", audienceMyOrg, ""},
		{platformWeb, "http://localhost", audienceMyOrg, ""},
		{platformWeb, "http://localhost:8080/cb", audienceAndPersonal, ""},
		{platformWeb, "http://127.0.0.1/cb", audienceMyOrg, ""},
		{platformWeb, "urn:ietf:wg:oauth:2.0:oob", audienceMyOrg, ""},
		{platformWeb, "https://*.example.com/cb", audienceMultipleOrgs, ""},
		{platformWeb, "https://a.example/cb?x=1", audienceMyOrg, ""},
		{platformWeb, "https://a.example/" + strings.Repeat("x", 238), audienceMyOrg, ""},
		{platformSPA, "https://spa.example", audiencePersonal, ""},
		{platformSPA, "http://localhost:3000", audiencePersonal, ""},
		{platformPublic, "https://login.microsoftonline.com/common/oauth2/nativeclient", audienceMyOrg, ""},
		{platformPublic, "http://localhost", audienceMyOrg, ""},
		{platformPublic, "msauth://com.example.app/signature", audienceMyOrg, ""},
		{platformPublic, "msal5b8b0a36-7f41-4d3c-9a1e-0f1d5c1a9a01://auth", audienceMyOrg, ""},
		{platformPublic, "urn:ietf:wg:oauth:2.0:oob", audienceMyOrg, ""},

		{platformWeb, "", audienceMyOrg, "empty"},
		{platformWeb, long, audienceMyOrg, "257 characters"},
		{platformWeb, "a.example/cb", audienceMyOrg, "absolute"},
		{platformWeb, "/cb", audienceMyOrg, "absolute"},
		{platformWeb, "https:", audienceMyOrg, "absolute"},
		{platformWeb, "https://", audienceMyOrg, "absolute"},
		{platformWeb, "https:///cb", audienceMyOrg, "host"},
		{platformWeb, "https://a.example:port/", audienceMyOrg, "host"},
		{platformWeb, "http://a.example", audienceMyOrg, "localhost only"},
		{platformWeb, "http://localhost.evil.example", audienceMyOrg, "localhost only"},
		{platformWeb, "http://[::1]/cb", audienceMyOrg, "IPv6"},
		{platformWeb, "https://user@a.example", audienceMyOrg, "user name"},
		{platformWeb, "https://a.example/#frag", audienceMyOrg, "fragment"},
		{platformWeb, "https://a.example/a b", audienceMyOrg, "blank"},
		{platformWeb, "https://a.example/a;b", audienceMyOrg, "characters"},
		{platformWeb, "https://a.example/(x)", audienceMyOrg, "characters"},
		{platformWeb, "msauth://com.example.app", audienceMyOrg, "public_client"},
		{platformWeb, "https://a.example/cb?x=1", audienceAndPersonal, "query"},
		{platformWeb, "https://*.example.com/cb", audiencePersonal, "wildcard"},
		{platformSPA, "http://a.example", audienceMyOrg, "localhost only"},
		{platformSPA, "urn:ietf:wg:oauth:2.0:oob", audienceMyOrg, "URN"},
		{platformSPA, "myapp://auth", audienceMyOrg, "public_client"},
		{platformPublic, "http://a.example", audienceMyOrg, "localhost only"},
		{platformPublic, "1app://auth", audienceMyOrg, "absolute"},
		{platformPublic, "myapp:", audienceMyOrg, "absolute"},
	} {
		got := redirectProblem(c.platform, c.uri, c.audience)
		if (got == "") != (c.problem == "") || !strings.Contains(got, c.problem) {
			t.Errorf("%s %q for %s: %q, want a message with %q", c.platform, c.uri, c.audience, got, c.problem)
		}
	}
}

// redirectObject is the attribute redirect_uris.
func redirectObject(web, spa []string) tftypes.Value {
	set := tftypes.Set{ElementType: tftypes.String}
	typ := tftypes.Object{AttributeTypes: map[string]tftypes.Type{"web": set, "spa": set, "public_client": set}}
	return tftypes.NewValue(typ, map[string]tftypes.Value{"web": strs(web...), "spa": strs(spa...), "public_client": strs()})
}

// manyURIs makes n addresses.
func manyURIs(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("https://a.example/%d", i)
	}
	return out
}

// Each refusal is an error on the argument that is wrong, without asking the tenant.
func TestConfigurationsThatAreRefused(t *testing.T) {
	t.Parallel()
	const (
		application = "appreg_application"
		secret      = "appreg_client_secret"
		object      = "5b8b0a36-7f41-4d3c-9a1e-0f1d5c1a9a01"
	)
	name := str("Mail import")
	for _, c := range []struct {
		what, resource string
		config         map[string]tftypes.Value
		parts          []string // of the error; none when the configuration is fine
	}{
		{"a minimal application", application, map[string]tftypes.Value{"display_name": name}, nil},
		{"120 characters", application, map[string]tftypes.Value{"display_name": str(strings.Repeat("ü", 120))}, nil},
		{"121 characters", application, map[string]tftypes.Value{"display_name": str(strings.Repeat("x", 121))}, []string{`"display_name"`, "121 characters", "can have 120"}},
		{"91 characters with personal accounts", application, map[string]tftypes.Value{"display_name": str(strings.Repeat("x", 91)), "sign_in_audience": str(audienceAndPersonal)}, []string{`"display_name"`, "can have 90"}},
		{"an empty name", application, map[string]tftypes.Value{"display_name": str("")}, []string{`"display_name"`, "Write a value"}},
		{"an empty description", application, map[string]tftypes.Value{"display_name": name, "description": str("")}, []string{`"description"`, "leave the argument out"}},
		{"an unknown audience", application, map[string]tftypes.Value{"display_name": name, "sign_in_audience": str("Everyone")}, []string{`"sign_in_audience"`, "AzureADMyOrg"}},
		{"one address on two platforms", application, map[string]tftypes.Value{"display_name": name, "redirect_uris": redirectObject([]string{"https://a.example/cb"}, []string{"https://A.example/cb"})}, []string{`"redirect_uris"`, "under web and under spa"}},
		{"a bad address", application, map[string]tftypes.Value{"display_name": name, "redirect_uris": redirectObject([]string{"http://a.example"}, nil)}, []string{`"redirect_uris"`, "under web", "localhost only"}},
		{"256 addresses", application, map[string]tftypes.Value{"display_name": name, "redirect_uris": redirectObject(manyURIs(256), nil)}, nil},
		{"257 addresses", application, map[string]tftypes.Value{"display_name": name, "redirect_uris": redirectObject(manyURIs(257), nil)}, []string{"257", "256"}},
		{"101 addresses with personal accounts", application, map[string]tftypes.Value{"display_name": name, "sign_in_audience": str(audiencePersonal), "redirect_uris": redirectObject(manyURIs(101), nil)}, []string{"101", "100"}},
		{"a tag with a blank", application, map[string]tftypes.Value{"display_name": name, "tags": strs("a b")}, []string{`"tags"`, "blank"}},
		{"a tag of ours", application, map[string]tftypes.Value{"display_name": name, "tags": strs("appreg:1")}, []string{`"tags"`, "provider keeps"}},
		{"an owner by name", application, map[string]tftypes.Value{"display_name": name, "owners": strs("alice@contoso.example")}, []string{`"owners"`, "not a GUID"}},
		{"logout over http", application, map[string]tftypes.Value{"display_name": name, "logout_url": str("http://localhost/logout")}, []string{`"logout_url"`, "https://"}},
		{"adoption without a name", application, map[string]tftypes.Value{"display_name": name, "adopt_existing": tftypes.NewValue(tftypes.Bool, true)}, []string{`"adopt_existing"`, "unique_name"}},

		{"no days", secret, map[string]tftypes.Value{"application_id": str(object), "validity_days": tftypes.NewValue(tftypes.Number, 0)}, []string{`"validity_days"`}},
		{"a date without time", secret, map[string]tftypes.Value{"application_id": str(object), "end_date": str("2027-01-01")}, []string{`"end_date"`, "RFC 3339"}},
		{"a fraction", secret, map[string]tftypes.Value{"application_id": str(object), "end_date": str("2027-01-01T00:00:00.5Z")}, []string{`"end_date"`, "whole seconds"}},
		{"a date that has passed, which a destroy must survive", secret, map[string]tftypes.Value{"application_id": str(object), "end_date": str("2020-01-01T00:00:00Z")}, nil},
		{"not a GUID", "appreg_public_client", map[string]tftypes.Value{"application_id": str("mail-import")}, []string{`"application_id"`, "not a GUID", "object id"}},
		{"no scopes", "appreg_delegated_permissions", map[string]tftypes.Value{"application_id": str(object), "scopes": strs()}, []string{`"scopes"`}},
		{"an API by display name", "appreg_delegated_permissions", map[string]tftypes.Value{"application_id": str(object), "api": str("My API"), "scopes": strs("Read")}, []string{`"api"`, "Display names are not looked up"}},
		{"an API by identifier URI", "appreg_delegated_permissions", map[string]tftypes.Value{"application_id": str(object), "api": str("api://my-api"), "scopes": strs("Read")}, nil},
		{"a client id that isn't one", "appreg_service_principal", map[string]tftypes.Value{"client_id": str("0")}, []string{`"client_id"`, "not a GUID"}},
		{"a user by name", "appreg_admin_consent", map[string]tftypes.Value{"service_principal_id": str(object), "scopes": strs("User.Read"), "principal_id": str("alice")}, []string{`"principal_id"`, "not a GUID"}},
	} {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			got := failures(newProtocol(t).validate(t, c.resource, c.config))
			if (got == "") != (len(c.parts) == 0) {
				t.Fatalf("refused with %q", got)
			}
			for _, part := range c.parts {
				if !strings.Contains(got, part) {
					t.Errorf("the message lacks %q: %s", part, got)
				}
			}
		})
	}
}

func TestImportForms(t *testing.T) {
	t.Parallel()
	const id = "5b8b0a36-7f41-4d3c-9a1e-0f1d5c1a9a01"
	for _, c := range []struct {
		resource, id string
		state        map[string]string // nil when it is refused
	}{
		{"appreg_client_secret", id + "/" + strings.ToUpper(id), map[string]string{"application_id": id, "key_id": id}},
		{"appreg_client_secret", id, nil},
		{"appreg_client_secret", id + "/x", nil},
		{"appreg_client_secret", id + "/" + id + "/" + id, nil},
		{"appreg_certificate", id + "/" + strings.ToUpper(id), map[string]string{"application_id": id, "key_id": id}},
		{"appreg_certificate", id, nil},
		{"appreg_federated_credential", id + "/" + strings.ToUpper(id), map[string]string{"application_id": id, "credential_id": id}},
		{"appreg_federated_credential", id + "/github", nil},
		{"appreg_public_client", strings.ToUpper(id), map[string]string{"application_id": id}},
		{"appreg_public_client", "/applications/" + id, nil},
		{"appreg_delegated_permissions", id + "/" + graphID, map[string]string{"application_id": id, "api_client_id": graphID, "api": "Microsoft Graph"}},
		{"appreg_delegated_permissions", id + "/" + id, map[string]string{"api_client_id": id, "api": id}},
		{"appreg_delegated_permissions", id + "/Microsoft Graph", nil},
		{"appreg_admin_consent", "l5eW7x0ga0-WDOntXzHateQDNpSH5-lPk9HjD3Sarjk", map[string]string{"id": "l5eW7x0ga0-WDOntXzHateQDNpSH5-lPk9HjD3Sarjk"}},
		{"appreg_admin_consent", id, nil},
		{"appreg_application", id, map[string]string{"id": id, "tenant_id": "11111111-1111-1111-1111-111111111111"}},
		{"appreg_application", "client_id:x", nil},
		{"appreg_application", "unique_name:", nil},
		{"appreg_application", "Mail import", nil},
		{"appreg_service_principal", id, map[string]string{"id": id}},
		{"appreg_service_principal", "client_id:", nil},
	} {
		t.Run(c.resource+" "+c.id, func(t *testing.T) {
			t.Parallel()
			p := newProtocol(t)
			p.configure(t, nil)
			state, errors, _ := p.importState(t, c.resource, c.id)
			if c.state == nil {
				if !strings.Contains(errors, "Unable to import") || !strings.Contains(errors, "<") && !strings.Contains(errors, "43 or 64") {
					t.Errorf("the error must show the right forms: %q", errors)
				}
				return
			}
			if errors != "" {
				t.Fatal(errors)
			}
			for name, want := range c.state {
				var got string
				if err := state[name].As(&got); err != nil || got != want {
					t.Errorf("%s is %q (%v), want %q", name, got, err, want)
				}
			}
		})
	}
}

// Importing a secret says what consumers will get.
func TestImportedSecretWarnsAboutItsValue(t *testing.T) {
	t.Parallel()
	p := newProtocol(t)
	p.configure(t, nil)
	const id = "5b8b0a36-7f41-4d3c-9a1e-0f1d5c1a9a01"
	_, _, warning := p.importState(t, "appreg_client_secret", id+"/"+id)
	if !strings.Contains(warning, "gets null until the first rotation") {
		t.Errorf("the warning is %q", warning)
	}
}

func TestPolicyAdvice(t *testing.T) {
	t.Parallel()
	for text, part := range map[string]string{
		"P90D": "set validity_days to 90 or less", "P365DT12H": "365 days", "PT48H": "2 days",
		"PT12H": "PT12H", "P1Y": "P1Y", "nonsense": "nonsense", "": "administrator", "P99999999999999999999D": "ISO 8601",
	} {
		if got := (action{}).policyAdvice(&directory.Error{MaxLifetime: text}); !strings.Contains(got, part) {
			t.Errorf("%q: %q lacks %q", text, got, part)
		}
	}
}

// While arguments of the provider are unknown nothing can be imported: what would be read is not known either, and a plan
// against an empty state would replace what is there.
func TestNoImportWithoutTheTenant(t *testing.T) {
	t.Parallel()
	const id = "5b8b0a36-7f41-4d3c-9a1e-0f1d5c1a9a01"
	ids := map[string]string{
		"appreg_client_secret": id + "/" + id, "appreg_certificate": id + "/" + id, "appreg_federated_credential": id + "/" + id,
		"appreg_delegated_permissions": id + "/" + id,
		"appreg_admin_consent":         "l5eW7x0ga0-WDOntXzHateQDNpSH5-lPk9HjD3Sarjk",
	}
	for _, resource := range resourceNames() {
		t.Run(resource, func(t *testing.T) {
			t.Parallel()
			p := newProtocol(t)
			p.configure(t, map[string]tftypes.Value{"tenant_id": tftypes.NewValue(tftypes.String, tftypes.UnknownValue)})
			importID, ok := ids[resource]
			if !ok {
				importID = id
			}
			if _, errors, _ := p.importState(t, resource, importID); !strings.Contains(errors, "not known until the apply") {
				t.Errorf("the error is %q", errors)
			}
		})
	}
}

// Titles call a value as the configuration does, and an element of a set by the set's name.
func TestTitlesNameTheArgument(t *testing.T) {
	t.Parallel()
	for want, p := range map[string]path.Path{
		"Invalid application_id":     path.Root("application_id"),
		"Invalid application_ids":    path.Root("application_ids").AtSetValue(types.StringValue("Mail import")),
		"Invalid redirect_uris.web":  path.Root("redirect_uris").AtName("web").AtSetValue(types.StringValue("x")),
		"Invalid key_vault.name":     path.Root("key_vault").AtName("name"),
		"Invalid rotation_list[0].x": path.Root("rotation_list").AtListIndex(0).AtName("x"),
	} {
		var resp validator.StringResponse
		guid("an id").ValidateString(t.Context(), validator.StringRequest{Path: p, ConfigValue: types.StringValue("Mail import")}, &resp)
		if got := resp.Diagnostics[0]; got.Summary() != want {
			t.Errorf("%s: %q", p, got.Summary())
		}
	}
}
