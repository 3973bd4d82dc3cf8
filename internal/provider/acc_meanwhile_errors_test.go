package provider_test

import (
	"strings"
	"testing"

	"github.com/appreg/terraform-provider-appreg/internal/acctest"
)

// held is an application with its service principal, to which what is under test is added.
const held = minimalApplication + `
resource "appreg_service_principal" "test" {
  client_id = appreg_application.test.client_id
}
`

// Somebody deletes the application, or its service principal, between a plan and its apply.
func TestAccDeletedBetweenPlanAndApply(t *testing.T) {
	t.Parallel()
	const meanwhile = "It may have been deleted meanwhile"
	for name, c := range map[string]struct {
		hcl       string
		principal bool // the service principal is deleted, not the application
		want      []string
	}{
		"application": {
			`resource "appreg_application" "test" { display_name = "Renamed" }`, false,
			[]string{`Unable to update application "Renamed"`, meanwhile},
		},
		"secret": {
			held + `resource "appreg_client_secret" "test" { application_id = appreg_application.test.id }`, false,
			[]string{"Unable to create client secret", meanwhile, "Check application_id"},
		},
		"certificate": {
			certificateConfiguration(exampleText(t, examples+"/resources/appreg_certificate/mail-import.pem")), false,
			[]string{"Unable to create certificate", meanwhile, "Check application_id"},
		},
		"federated credential": {
			held + federated("test", "github", mainBranch), false,
			[]string{"Unable to create federated credential", meanwhile, "Check application_id"},
		},
		"flag": {
			held + `resource "appreg_public_client" "test" { application_id = appreg_application.test.id }`, false,
			[]string{"Unable to set public client flag", meanwhile, "Check application_id"},
		},
		"permissions": {
			held + "resource \"appreg_delegated_permissions\" \"test\" {\n application_id = appreg_application.test.id\n scopes = [\"User.Read\"]\n}\n", false,
			[]string{"Unable to set delegated permissions", meanwhile, "Check application_id"},
		},
		"service principal": {
			minimalApplication + "resource \"appreg_service_principal\" \"test\" {\n client_id = appreg_application.test.client_id\n notes = \"changed\"\n}\n", true,
			[]string{"Unable to update service principal", meanwhile},
		},
		"consent": {
			held + "resource \"appreg_admin_consent\" \"test\" {\n service_principal_id = appreg_service_principal.test.id\n scopes = [\"User.Read\"]\n}\n", true,
			[]string{"Unable to give admin consent", meanwhile, "Check service_principal_id"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := acctest.Hostile(t)
			w := x.Workspace(t, held)
			w.Apply(t)
			id := x.Application(t, "Mail import").String("id")
			if c.principal {
				id = principal(t, x).String("id")
			}
			w.Configure(t, c.hcl)
			w.Must(t, "plan", "-out=saved.tfplan")
			x.Delete(t, id)
			refused(t, w, append(c.want, "request-id"), "apply", "saved.tfplan")

			// The next run sees what is gone, and needs no help.
			w.Apply(t)
			w.PlanIsEmpty(t)
		})
	}
}

// What is gone needs no removal: a destroy of the whole succeeds without a refresh that would tell.
func TestAccDestroyOfWhatIsGone(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	w := x.Workspace(t, "")
	w.ConfigureFrom(t, "examples/demo/main.tf")
	w.Apply(t)
	x.Delete(t, x.Application(t, "Mail import").String("id"))
	w.Must(t, "destroy", "-auto-approve", "-refresh=false")
	if err := x.Left("Mail import"); err != nil {
		t.Error(err)
	}
}

// A reference by the wrong one of an application's two ids is the usual mistake.
func TestAccReferenceByTheOtherID(t *testing.T) {
	t.Parallel()
	const byApplication = "Check application_id: it must be the application's object id (its attribute id), not its client id"
	x := acctest.Hostile(t)
	w := x.Workspace(t, held)
	w.Apply(t)
	public := hclText(exampleText(t, examples+"/resources/appreg_certificate/mail-import.pem"))
	for _, c := range []struct{ hcl, title, advice string }{
		{"resource \"appreg_certificate\" \"wrong\" {\n application_id = appreg_application.test.client_id\n certificate = " + public + "\n}\n", "Unable to create certificate", byApplication},
		{strings.Replace(federated("wrong", "github", mainBranch), "test.id", "test.client_id", 1), "Unable to create federated credential", byApplication},
		{`resource "appreg_client_secret" "wrong" { application_id = appreg_application.test.client_id }`, "Unable to create client secret", byApplication},
		{`resource "appreg_public_client" "wrong" { application_id = appreg_application.test.client_id }`, "Unable to set public client flag", byApplication},
		{"resource \"appreg_delegated_permissions\" \"wrong\" {\n application_id = appreg_application.test.client_id\n scopes = [\"User.Read\"]\n}\n", "Unable to set delegated permissions", byApplication},
		{"resource \"appreg_admin_consent\" \"wrong\" {\n service_principal_id = appreg_application.test.id\n scopes = [\"User.Read\"]\n}\n", "Unable to give admin consent", "Check service_principal_id: it must be the service principal's object id (its attribute id), not the application's"},
		{`resource "appreg_service_principal" "wrong" { client_id = appreg_application.test.id }`, "Unable to create service principal", "Check client_id: it must be the client id of an application, not an object id"},
	} {
		w.Configure(t, held+c.hcl)
		refused(t, w, []string{c.title, c.advice}, apply()...)
	}
}
