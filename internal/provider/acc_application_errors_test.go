package provider_test

import (
	"strings"
	"testing"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/acctest"
	"github.com/appreg/terraform-provider-appreg/internal/emulator"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// A name that somebody else has is a warning with the import block, and with prevent_duplicate_names an error before
// anything is registered.
func TestAccApplicationNameTaken(t *testing.T) {
	t.Parallel()
	x := acctest.Calm(t)
	other := x.Create(t, tenant.Application, tenant.Doc{"displayName": "Mail import"})
	w := start(t, x, minimalApplication)
	demand(t, w.Must(t, "plan"), []string{`Another application is named "Mail import"`, "to = appreg_application.example", `id = "` + other + `"`})

	w.Configure(t, `
resource "appreg_application" "test" {
  display_name            = "Mail import"
  prevent_duplicate_names = true
}
`)
	refused(t, w, []string{`Unable to create application "Mail import"`, "prevent_duplicate_names", other}, apply()...)
	if n := len(x.Applications()); n != 1 {
		t.Errorf("there are %d applications, want the other one alone", n)
	}
}

// A run that was killed right after Graph had registered the application leaves one that no state knows. Lists that lag
// hide it from the plan that registers another one; the plans after that name it.
func TestAccApplicationThatAKilledRunLeft(t *testing.T) {
	t.Parallel()
	x := acctest.Calm(t, emulator.WithLag(10*time.Second))
	w := start(t, x, minimalApplication)
	w.Must(t, "apply", "-auto-approve")
	left := x.Application(t, "Mail import").String("id")
	w.Must(t, "state", "rm", "appreg_application.test")
	w.Must(t, "apply", "-auto-approve")
	if n := len(x.Applications()); n != 2 {
		t.Fatalf("there are %d applications, want two: the lists were to lag", n)
	}
	x.Clock.Advance(time.Minute)
	named := []string{`Another application is named "Mail import"`, "No changes", "cut off before it could be recorded", "to = appreg_application.example", `id = "` + left + `"`}
	demand(t, w.Must(t, "plan"), named)

	x.Change(t, left, func(d tenant.Doc) { d["tags"] = []any{} })
	x.Clock.Advance(time.Minute)
	if out := w.Must(t, "plan"); strings.Contains(out, left) {
		t.Errorf("the plan names an application that somebody else made:\n%s", out)
	}
	x.Clock.Advance(10 * time.Minute)
	before := len(x.Requests())
	w.Must(t, "plan")
	for _, r := range x.Requests()[before:] {
		if strings.Contains(r.Query, "filter") {
			t.Errorf("lists are searched for good: %s?%s", r.Path, r.Query)
		}
	}
}

const uniquelyNamed = `
resource "appreg_application" "test" {
  display_name = "Mail import"
  unique_name  = "mail-import"
}
`

func TestAccApplicationUniqueNameTaken(t *testing.T) {
	t.Parallel()
	x := acctest.Calm(t)
	other := x.Create(t, tenant.Application, tenant.Doc{"displayName": "Old import", "uniqueName": "mail-import"})
	w := start(t, x, uniquelyNamed)
	refused(t, w, []string{`Unable to create application "Mail import"`, "Nothing was written", "adopt_existing = true", `id = "` + other + `"`}, apply()...)

	x.Delete(t, other)
	refused(t, w, []string{"adopt_existing = true", "30 days", other}, apply()...)
	if n := len(x.Applications()); n != 0 {
		t.Errorf("there are %d live applications, want none", n)
	}
}

func TestAccApplicationThatDoesNotExist(t *testing.T) {
	t.Parallel()
	const missing = "5b8b0a36-7f41-4d3c-9a1e-0f1d5c1a9a01"
	public := hclText(exampleText(t, examples+"/resources/appreg_certificate/mail-import.pem"))
	for name, c := range map[string]struct {
		hcl  string
		want string
	}{
		"secret":      {`resource "appreg_client_secret" "test" { application_id = "` + missing + `" }`, "Unable to create client secret"},
		"certificate": {"resource \"appreg_certificate\" \"test\" {\n application_id = \"" + missing + "\"\n certificate = " + public + "\n}", "Unable to create certificate"},
		"federated":   {strings.Replace(federated("test", "github", mainBranch), "appreg_application.test.id", `"`+missing+`"`, 1), "Unable to create federated credential"},
		"flag":        {`resource "appreg_public_client" "test" { application_id = "` + missing + `" }`, "Unable to set public client flag"},
		"permissions": {"resource \"appreg_delegated_permissions\" \"test\" {\n application_id = \"" + missing + "\"\n scopes = [\"User.Read\"]\n}", "Unable to set delegated permissions"},
		"principal":   {`resource "appreg_service_principal" "test" { client_id = "` + missing + `" }`, "Unable to create service principal"},
		"consent":     {"resource \"appreg_admin_consent\" \"test\" {\n service_principal_id = \"" + missing + "\"\n scopes = [\"User.Read\"]\n}", "Unable to give admin consent"},
		"data source": {`data "appreg_application" "test" { id = "` + missing + `" }`, "Unable to read application"},
		"by name":     {`data "appreg_application" "test" { display_name = "Nobody" }`, "No application of this tenant has this display name"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refused(t, start(t, acctest.Calm(t), c.hcl), []string{c.want}, apply()...)
		})
	}
}

// Without a Graph permission each resource says which one is missing.
func TestAccMissingPermissionIsNamed(t *testing.T) {
	t.Parallel()
	public := hclText(exampleText(t, examples+"/resources/appreg_certificate/mail-import.pem"))
	for name, c := range map[string]struct {
		hcl   string
		roles []string
		want  string
	}{
		"application": {minimalApplication, []string{"Application.Read.All"}, "Application.ReadWrite.OwnedBy"},
		"principal":   {minimalApplication + `resource "appreg_service_principal" "test" { client_id = "00000002-0000-0ff1-ce00-000000000000" }`, []string{"Application.Read.All"}, "Application.ReadWrite"},
		"consent":     {exampleText(t, examples+"/resources/appreg_admin_consent/resource.tf"), []string{"Application.ReadWrite.All"}, "DelegatedPermissionGrant.ReadWrite.All"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := acctest.Calm(t)
			if err := x.SetRoles(x.Facts().ClientID, c.roles...); err != nil {
				t.Fatal(err)
			}
			refused(t, start(t, x, c.hcl), []string{"because a permission is missing", c.want, "administrator"}, apply()...)
		})
	}
	for name, hcl := range map[string]string{
		"secret":      `resource "appreg_client_secret" "test" { application_id = appreg_application.test.id }`,
		"certificate": "resource \"appreg_certificate\" \"test\" {\n application_id = appreg_application.test.id\n certificate = " + public + "\n}",
		"federated":   federated("test", "github", mainBranch),
		"flag":        `resource "appreg_public_client" "test" { application_id = appreg_application.test.id }`,
		"permissions": "resource \"appreg_delegated_permissions\" \"test\" {\n application_id = appreg_application.test.id\n scopes = [\"User.Read\"]\n}",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := acctest.Calm(t)
			w := x.Workspace(t, minimalApplication)
			w.Apply(t)
			if err := x.SetRoles(x.Facts().ClientID, "Application.Read.All"); err != nil {
				t.Fatal(err)
			}
			w.Configure(t, minimalApplication+hcl)
			refused(t, w, []string{"because a permission is missing", "Application.ReadWrite.OwnedBy"}, apply()...)
		})
	}
}

func TestAccPersonalAccountsInNationalCloud(t *testing.T) {
	t.Parallel()
	x := acctest.Calm(t)
	w := start(t, x, `
resource "appreg_application" "test" {
  display_name     = "Mail import"
  sign_in_audience = "AzureADandPersonalMicrosoftAccount"
}
`)
	w.Variables = map[string]string{"ARM_ENVIRONMENT": "usgovernment"}
	refused(t, w, []string{"Personal accounts in a national cloud", "AzureADMultipleOrgs"}, "plan")
}

// A wrong import id is answered with the right ones.
func TestAccImportOfAnApplicationThatIsGone(t *testing.T) {
	t.Parallel()
	x := acctest.Calm(t)
	w := start(t, x, minimalApplication)
	refused(t, w, []string{"client_id:<client id>", "unique_name:<name>"}, "import", "appreg_application.test", "Mail import")
	refused(t, w, []string{"Unable to import application", "knows no such object"}, "import", "appreg_application.test", "unique_name:nobody")
	refused(t, w, []string{"Cannot import non-existent remote object"}, "import", "appreg_application.test", "5b8b0a36-7f41-4d3c-9a1e-0f1d5c1a9a01")
}
