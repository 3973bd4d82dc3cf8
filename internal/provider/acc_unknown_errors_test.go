package provider_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/acctest"
)

// later makes a value that is not known before the apply.
func later(name, value string) string {
	return fmt.Sprintf("resource \"terraform_data\" %q {\n  input = %s\n}\n", name, value)
}

// everythingLater takes every argument from something that is not known before the apply.
const everythingLater = `
resource "appreg_application" "test" {
  display_name     = terraform_data.text.output.name
  sign_in_audience = terraform_data.text.output.audience
  unique_name      = terraform_data.text.output.unique
  adopt_existing   = terraform_data.on.output
  notes            = terraform_data.text.output.name
  tags             = [terraform_data.text.output.tag]
  redirect_uris    = { web = [terraform_data.text.output.uri] }
  implicit_grant   = { id_tokens = terraform_data.on.output }
}

resource "appreg_client_secret" "days" {
  application_id = appreg_application.test.id
  display_name   = terraform_data.text.output.name
  validity_days  = terraform_data.days.output
}

resource "appreg_client_secret" "end" {
  application_id = appreg_application.test.id
  end_date       = terraform_data.end.output
}

resource "appreg_certificate" "test" {
  application_id = appreg_application.test.id
  display_name   = terraform_data.text.output.name
  certificate    = terraform_data.certificate.output
}

resource "appreg_federated_credential" "test" {
  application_id = appreg_application.test.id
  name           = terraform_data.text.output.unique
  issuer         = terraform_data.text.output.uri
  subject        = terraform_data.text.output.name
  audience       = terraform_data.text.output.api
  description    = terraform_data.text.output.tag
}

resource "appreg_public_client" "test" {
  application_id = appreg_application.test.id
  enabled        = terraform_data.on.output
}

resource "appreg_delegated_permissions" "test" {
  application_id = appreg_application.test.id
  api            = terraform_data.text.output.api
  scopes         = terraform_data.scopes.output
}

resource "appreg_service_principal" "test" {
  client_id       = appreg_application.test.client_id
  account_enabled = terraform_data.on.output
  notes           = terraform_data.text.output.name
}

resource "appreg_admin_consent" "test" {
  service_principal_id = appreg_service_principal.test.id
  api                  = terraform_data.text.output.api
  scopes               = [for s in terraform_data.scopes.output : s]
}

data "appreg_application" "test" {
  client_id = appreg_application.test.client_id
}

data "appreg_service_principal" "test" {
  id = appreg_service_principal.test.id
}
`

// Every argument of every resource may come from something that is yet to be made.
func TestAccUnknownReferencesAtPlan(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	w := x.Workspace(t, later("text", `{ name = "Mail import", audience = "AzureADMultipleOrgs", api = "Microsoft Graph", unique = "mail-import", uri = "https://import.example.com/signin", tag = "tier1" }`)+
		later("certificate", hclText(exampleText(t, examples+"/resources/appreg_certificate/mail-import.pem")))+later("scopes", `["User.Read", "Mail.ReadWrite"]`)+later("days", "30")+later("on", "true")+
		later("end", `"`+x.Clock.Now().Add(48*time.Hour).UTC().Format(time.RFC3339)+`"`)+everythingLater)
	w.Apply(t)
	w.PlanIsEmpty(t)
	w.Destroy(t)
	if err := x.Left("Mail import"); err != nil {
		t.Error(err)
	}
}

// Names that are to be added may be unknown until the apply.
func TestAccUnknownScopesOfAnUpdate(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	w := x.Workspace(t, "")
	for _, scopes := range []string{`["User.Read"]`, `["Mail.ReadWrite", "User.Read"]`, `["Mail.ReadWrite"]`} {
		w.Configure(t, later("scopes", scopes)+permissionsConfiguration("terraform_data.scopes.output")+`
resource "appreg_service_principal" "test" { client_id = appreg_application.test.client_id }
resource "appreg_admin_consent" "test" {
  service_principal_id = appreg_service_principal.test.id
  scopes               = terraform_data.scopes.output
}
`)
		w.Apply(t)
		w.PlanIsEmpty(t)
		principal, _ := values(t, w, "appreg_service_principal.test")["id"].(string)
		if got := `["` + strings.Join(x.Scopes(principal), `", "`) + `"]`; got != scopes {
			t.Errorf("consent is for %s, want %s", got, scopes)
		}
	}
	w.Destroy(t)
	if err := x.Left("Mail import"); err != nil {
		t.Error(err)
	}
}

// The provider's own arguments may be unknown, too: the plan then judges what it can without the tenant.
func TestAccUnknownProviderArgumentsAtPlan(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	w := start(t, x, later("tenant", `"`+x.Facts().TenantID+`"`)+`
provider "appreg" {
  tenant_id = terraform_data.tenant.output
}
`+permissionsConfiguration(`["User.Read", "Mail.ReadWrite"]`)+`
resource "appreg_client_secret" "test" { application_id = appreg_application.test.id }
`)
	w.Variables = map[string]string{"ARM_TENANT_ID": ""}
	w.Must(t, "plan")
	if n := len(x.Requests()); n != 0 {
		t.Errorf("%d requests were made without knowing the tenant", n)
	}
	w.Must(t, "apply", "-auto-approve")
	w.PlanIsEmpty(t)
	w.Destroy(t)

	w.Configure(t, later("tenant", `"`+x.Facts().TenantID+`"`)+`
provider "appreg" {
  tenant_id = terraform_data.tenant.output
}

data "appreg_application" "test" {
  display_name = "Mail import"
}
`)
	refused(t, w, []string{"Unable to read application", "Arguments of the provider are not known until the apply", "Apply what they depend on first"}, "plan")
}

// What was unknown at plan and turns out wrong is refused by the apply, before anything of it is made.
func TestAccUnknownThatTurnsOutWrong(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		hcl  string
		want []string
	}{
		"redirect URI": {
			later("x", `"http://import.example.com"`) + "resource \"appreg_application\" \"test\" {\n display_name = \"Mail import\"\n redirect_uris = { web = [terraform_data.x.output] }\n}\n",
			[]string{"Invalid redirect URI under web", "Under web write https://"},
		},
		"name": {
			later("x", `join("", [for i in range(121) : "x"])`) + "resource \"appreg_application\" \"test\" {\n display_name = terraform_data.x.output\n}\n",
			[]string{"Display name too long", "can have 120"},
		},
		"scope": {
			later("x", `"Mail.ReadWrit"`) + permissionsConfiguration("[terraform_data.x.output]"),
			[]string{"Unknown permission", `no delegated permission "Mail.ReadWrit"`, "Mail.ReadWrite"},
		},
		"consented scope": {
			later("x", `"Mail.ReadWrit"`) + held + "resource \"appreg_admin_consent\" \"test\" {\n service_principal_id = appreg_service_principal.test.id\n scopes = [terraform_data.x.output]\n}\n",
			[]string{"Unknown permission", "Mail.ReadWrite"},
		},
		"API": {
			later("x", `"My API"`) + minimalApplication + "resource \"appreg_delegated_permissions\" \"test\" {\n application_id = appreg_application.test.id\n api = terraform_data.x.output\n scopes = [\"User.Read\"]\n}\n",
			[]string{`"My API" is not an API that is known by name`},
		},
		"end date": {
			later("x", `"2020-01-01T00:00:00Z"`) + minimalApplication + "resource \"appreg_client_secret\" \"test\" {\n application_id = appreg_application.test.id\n end_date = terraform_data.x.output\n}\n",
			[]string{"has passed", "Choose a later one"},
		},
		"two ends": {
			later("x", "30") + minimalApplication + "resource \"appreg_client_secret\" \"test\" {\n application_id = appreg_application.test.id\n end_date = \"2050-01-01T00:00:00Z\"\n validity_days = terraform_data.x.output\n}\n",
			[]string{"Two ends for one client secret", "Remove one of them"},
		},
		"issuer": {
			later("x", `"http://issuer.example"`) + minimalApplication + strings.Replace(federated("test", "github", mainBranch), `"https://token.actions.githubusercontent.com"`, "terraform_data.x.output", 1),
			[]string{"Invalid issuer", "is an https address"},
		},
		"certificate": {
			later("x", `"certificate.pem"`) + minimalApplication + "resource \"appreg_certificate\" \"test\" {\n application_id = appreg_application.test.id\n certificate = terraform_data.x.output\n}\n",
			[]string{"Invalid certificate", "It holds no certificate"},
		},
		"application id": {
			later("x", `"Mail import"`) + "resource \"appreg_client_secret\" \"test\" {\n application_id = terraform_data.x.output\n}\n",
			[]string{`"Mail import" is not a GUID`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := acctest.Hostile(t)
			w := start(t, x, c.hcl)
			w.Must(t, "plan", "-out=saved.tfplan")
			refused(t, w, c.want, "apply", "saved.tfplan")
			// Terraform validates what it destroys, too, so what is wrong has to go first.
			w.Configure(t, "")
			w.Apply(t)
			for _, app := range x.Applications() {
				t.Errorf("%s is left", app.String("displayName"))
			}
		})
	}
}
