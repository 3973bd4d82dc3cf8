package provider_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/appreg/terraform-provider-appreg/internal/acctest"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// Nothing can be spelled in several ways. They all mean the same, none writes anything, and each keeps its own in state.
func TestAccSpellingsOfNothing(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	w := x.Workspace(t, "")
	for i, spelling := range [][]string{
		{"redirect_uris = {}", "implicit_grant = {}", "tags = []", "owners = []"},
		{"redirect_uris = { web = [], spa = null }", "implicit_grant = { access_tokens = false }", "tags = null", "owners = null"},
		{},
		{"redirect_uris = { public_client = [] }", "implicit_grant = { id_tokens = null }", "tags = []", "owners = []"},
	} {
		w.Configure(t, "resource \"appreg_application\" \"test\" {\n display_name = \"Mail import\"\n "+strings.Join(spelling, "\n ")+"\n}\n"+
			"resource \"appreg_service_principal\" \"test\" {\n client_id = appreg_application.test.client_id\n tags = "+[]string{"[]", "null"}[i%2]+"\n}\n")
		x.ResetRequests()
		w.Apply(t)
		if i > 0 {
			for _, r := range x.Requests() {
				if r.Method != http.MethodGet && !strings.Contains(r.Path, "/oauth2/") {
					t.Errorf("%q wrote: %s %s", spelling, r.Method, r.Path)
				}
			}
		}
		w.PlanIsEmpty(t)
	}
	x.Change(t, x.Application(t, "Mail import").String("id"), func(d tenant.Doc) { d["tags"] = []any{"portal"} })
	if plan := w.Terraform(t, "plan", "-detailed-exitcode"); plan.ExitCode != 2 || !strings.Contains(plan.Output, `- "portal"`) {
		t.Errorf("the plan must show what it removes: exit status %d\n%s", plan.ExitCode, plan.Output)
	}
	w.Apply(t)
	w.PlanIsEmpty(t)
}

// GUIDs may be written in upper case, in references, look-ups and import ids.
func TestAccGUIDsInUpperCase(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	w := x.Workspace(t, minimalApplication+`
resource "appreg_client_secret" "test" { application_id = upper(appreg_application.test.id) }
resource "appreg_certificate" "test" {
  application_id = upper(appreg_application.test.id)
  certificate    = `+hclText(exampleText(t, examples+"/resources/appreg_certificate/mail-import.pem"))+`
}
resource "appreg_federated_credential" "test" {
  application_id = upper(appreg_application.test.id)
  name           = "github"
  issuer         = "https://token.actions.githubusercontent.com"
  subject        = "repo:example/mail-import:pull_request"
}
resource "appreg_public_client" "test" { application_id = upper(appreg_application.test.id) }
resource "appreg_delegated_permissions" "test" {
  application_id = upper(appreg_application.test.id)
  api            = upper("00000003-0000-0000-c000-000000000000")
  scopes         = ["User.Read"]
}
resource "appreg_service_principal" "test" { client_id = upper(appreg_application.test.client_id) }
resource "appreg_admin_consent" "test" {
  service_principal_id = upper(appreg_service_principal.test.id)
  scopes               = ["User.Read"]
}
data "appreg_application" "id" { id = upper(appreg_application.test.id) }
data "appreg_application" "client" { client_id = upper(appreg_application.test.client_id) }
data "appreg_service_principal" "id" { id = upper(appreg_service_principal.test.id) }
data "appreg_service_principal" "client" { client_id = upper(appreg_service_principal.test.client_id) }
`)
	w.Apply(t)
	w.PlanIsEmpty(t)
	app := x.Application(t, "Mail import")
	id, byClient := strings.ToUpper(app.String("id")), "client_id:"+strings.ToUpper(app.String("appId"))
	credential := app.Docs("federatedIdentityCredentials")[0].String("id")
	key := app.Docs("keyCredentials")[0].String("keyId")
	for address, importID := range map[string]string{
		"appreg_certificate.test": id + "/" + strings.ToUpper(key), "appreg_federated_credential.test": id + "/" + strings.ToUpper(credential),
		"appreg_application.test": id, "appreg_service_principal.test": byClient,
		"appreg_public_client.test": id, "appreg_delegated_permissions.test": id + "/" + strings.ToUpper(graphClientID),
	} {
		x.CatchUp()
		w.Must(t, "state", "rm", address)
		w.Must(t, "import", address, importID)
	}
	w.Must(t, "state", "rm", "appreg_application.test")
	w.Must(t, "import", "appreg_application.test", byClient)
	w.Apply(t) // the spelling of what was imported
	w.PlanIsEmpty(t)
	w.Destroy(t)
	if err := x.Left("Mail import"); err != nil {
		t.Error(err)
	}
}

// spelled is a configuration in which an API, a scope and timeouts are written in several ways.
const spelled = `
resource "appreg_service_principal" "test" {
  client_id = appreg_application.test.client_id
  timeouts  = TIMEOUTS
}
resource "appreg_client_secret" "test" {
  application_id = appreg_application.test.id
  timeouts       = TIMEOUTS
}
resource "appreg_public_client" "test" {
  application_id = appreg_application.test.id
  timeouts       = TIMEOUTS
}
resource "appreg_certificate" "test" {
  application_id = appreg_application.test.id
  certificate    = CERTIFICATE
  timeouts       = TIMEOUTS
}
resource "appreg_federated_credential" "test" {
  application_id = appreg_application.test.id
  name           = "github"
  issuer         = "https://token.actions.githubusercontent.com"
  subject        = "repo:example/mail-import:pull_request"
  timeouts       = TIMEOUTS
}
resource "appreg_delegated_permissions" "test" {
  application_id = appreg_application.test.id
  api            = "API"
  scopes         = ["SCOPE"]
  timeouts       = TIMEOUTS
}
resource "appreg_admin_consent" "test" {
  service_principal_id = appreg_service_principal.test.id
  api                  = "API"
  scopes               = ["SCOPE"]
  timeouts             = TIMEOUTS
}
`

// Another spelling of the same API, and other timeouts, are an update that sends nothing; another API is a replacement.
func TestAccSpellingsOfAnAPI(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	w := x.Workspace(t, "")
	public := hclText(exampleText(t, examples+"/resources/appreg_certificate/mail-import.pem"))
	configure := func(api, scope, timeouts string) {
		w.Configure(t, minimalApplication+strings.NewReplacer("CERTIFICATE", public, "API", api, "SCOPE", scope, "TIMEOUTS", timeouts).Replace(spelled))
	}
	configure("Microsoft Graph", "Mail.Read", "null")
	w.Apply(t)
	for i, api := range []string{"https://graph.microsoft.com", strings.ToUpper(graphClientID), "https://graph.microsoft.com/"} {
		configure(api, "Mail.Read", []string{`{ create = "10m", read = "4m" }`, `{ update = "3m", delete = "5m" }`, "{}"}[i])
		x.ResetRequests()
		w.Apply(t)
		for _, r := range x.Requests() {
			if r.Method != http.MethodGet && !strings.Contains(r.Path, "/oauth2/") {
				t.Errorf("%s wrote: %s %s", api, r.Method, r.Path)
			}
		}
		w.PlanIsEmpty(t)
	}
	configure("Office 365 Exchange Online", "Mail.Read", "null")
	plan := w.Must(t, "plan", "-no-color")
	for _, address := range []string{"appreg_delegated_permissions.test", "appreg_admin_consent.test"} {
		if !strings.Contains(plan, address+" must be replaced") {
			t.Errorf("another API must replace %s:\n%s", address, plan)
		}
	}
	w.Apply(t)
	w.PlanIsEmpty(t)
	if got := required(x.Application(t, "Mail import"), graphClientID, "Scope"); len(got) != 0 {
		t.Errorf("Microsoft Graph's permissions are still %q", got)
	}
}
