package provider_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/appreg/terraform-provider-appreg/internal/acctest"
	"github.com/appreg/terraform-provider-appreg/internal/emulator"
)

// setRoles leaves the identity that Terraform runs as with these Graph permissions alone.
func setRoles(t *testing.T, x *acctest.Tenant, roles ...string) {
	t.Helper()
	if err := x.SetRoles(x.Facts().ClientID, roles...); err != nil {
		t.Fatal(err)
	}
}

// missing is what every refusal for want of a permission says.
func missing(permission string) []string {
	return []string{"because a permission is missing", "needs the Microsoft Graph permission " + permission + ", with an administrator's consent", "request-id"}
}

func TestAccDataSourcesNameTheMissingPermission(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ hcl, title string }{
		"application by name":        {readApplication, `Unable to read application "Mail import"`},
		"application by unique name": {`data "appreg_application" "test" { unique_name = "mail-import" }`, `Unable to read application "mail-import"`},
		"application by id":          {`data "appreg_application" "test" { id = "` + stranger + `" }`, `Unable to read application "` + stranger + `"`},
		"application by client id":   {`data "appreg_application" "test" { client_id = "` + stranger + `" }`, `Unable to read application "` + stranger + `"`},
		"expiring credentials":       {`data "appreg_expiring_credentials" "test" { within_days = 30 }`, "Unable to read expiring credentials"},
		"principal by id":            {`data "appreg_service_principal" "test" { id = "` + stranger + `" }`, `Unable to read service principal "` + stranger + `"`},
		"principal by client id":     {`data "appreg_service_principal" "test" { client_id = "` + graphClientID + `" }`, `Unable to read service principal "` + graphClientID + `"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := acctest.Hostile(t)
			setRoles(t, x)
			refused(t, start(t, x, c.hcl), append(missing("Application.Read.All"), c.title), "plan")
		})
	}
}

// Permissions can be withdrawn when everything exists already: each read, and then each removal, names what is missing,
// and nothing is lost from the state.
func TestAccPermissionsWithdrawn(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	w := x.Workspace(t, "")
	w.ConfigureFrom(t, "examples/demo/main.tf")
	w.Apply(t)
	roles := []string{"Application.ReadWrite.All", "DelegatedPermissionGrant.ReadWrite.All"}

	setRoles(t, x)
	refused(t, w, append(missing("Application.Read.All"), `Unable to read application "Mail import"`), "plan")

	setRoles(t, x, "Application.Read.All", "DelegatedPermissionGrant.Read.All")
	w.PlanIsEmpty(t)
	refused(t, w, slices.Concat(missing("Application.ReadWrite.OwnedBy"), missing("DelegatedPermissionGrant.ReadWrite.All"),
		[]string{`Unable to delete client secret "mail import"`, "Unable to revoke admin consent", "for the applications of others it needs Application.ReadWrite.All"}), "destroy", "-auto-approve")

	setRoles(t, x, roles...)
	demand(t, w.Apply(t), []string{"0 added, 0 changed, 0 destroyed"})
	w.Destroy(t)
	if err := x.Left("Mail import"); err != nil {
		t.Error(err)
	}
}

// Resolving a name is no courtesy: without permission to look it up, the plan can't vouch for it.
func TestAccScopesThatMayNotBeLookedUp(t *testing.T) {
	t.Parallel()
	for name, hcl := range map[string]string{
		"permissions": permissionsConfiguration(`["User.Read"]`),
		"consent":     held + "resource \"appreg_admin_consent\" \"test\" {\n  service_principal_id = appreg_service_principal.test.id\n  scopes = [\"User.Read\"]\n}\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := acctest.Hostile(t)
			setRoles(t, x)
			refused(t, start(t, x, hcl), append(missing("Application.Read.All"), `Unable to look up API "Microsoft Graph"`), "plan")
		})
	}
}

// Whether a name is taken is a courtesy: who may only write is not kept from planning.
func TestAccCourtesyIsSkippedWithoutPermission(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	setRoles(t, x)
	out := start(t, x, minimalApplication).Must(t, "plan")
	if strings.Contains(out, "Warning:") {
		t.Errorf("a skipped check is for the log, not for the reader:\n%s", out)
	}
}

// The tenant can forbid audiences, too.
func TestAccApplicationAudienceForbiddenByPolicy(t *testing.T) {
	t.Parallel()
	for audience, policy := range map[string]emulator.Policy{
		"AzureADMultipleOrgs":                {ForbidMultipleOrgs: true},
		"AzureADandPersonalMicrosoftAccount": {ForbidPersonal: true},
	} {
		t.Run(audience, func(t *testing.T) {
			t.Parallel()
			x := acctest.Hostile(t)
			if err := x.SetPolicy(policy); err != nil {
				t.Fatal(err)
			}
			w := start(t, x, "resource \"appreg_application\" \"test\" {\n  display_name     = \"Mail import\"\n  sign_in_audience = \""+audience+"\"\n}\n")
			refused(t, w, []string{`Unable to create application "Mail import"`, "A policy of the tenant", "Sign-in audience not allowed", "choose another sign_in_audience", "request-id"}, apply()...)
			if n := len(x.Applications()); n != 0 {
				t.Errorf("there are %d applications, want none", n)
			}
		})
	}
}
