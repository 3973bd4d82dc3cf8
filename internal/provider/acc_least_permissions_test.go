package provider_test

import (
	"strings"
	"testing"

	"github.com/appreg/terraform-provider-appreg/internal/acctest"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// The guide on permissions names the least that is needed: with it and nothing else everything can be made, read,
// renamed and destroyed.
func TestAccLeastPermissions(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		example string
		roles   []string
	}{
		"registration": {"examples/guides/business-application/main.tf", []string{"Application.ReadWrite.OwnedBy"}},
		"with secret":  {"examples/resources/appreg_client_secret/resource.tf", []string{"Application.ReadWrite.OwnedBy"}},
		"federated":    {"examples/resources/appreg_federated_credential/resource.tf", []string{"Application.ReadWrite.OwnedBy"}},
		"consent":      {"examples/guides/mail-import/main.tf", []string{"Application.ReadWrite.OwnedBy", "DelegatedPermissionGrant.ReadWrite.All"}},
		"report":       {"examples/data-sources/appreg_expiring_credentials/data-source.tf", []string{"Application.Read.All"}},
		"lookup":       {"examples/data-sources/appreg_service_principal/data-source.tf", []string{"Application.Read.All"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := acctest.Hostile(t)
			setRoles(t, x, c.roles...)
			w := x.Workspace(t, "")
			w.ConfigureFrom(t, c.example)
			w.Apply(t)
			w.PlanIsEmpty(t)
			var left []string
			if hcl := exampleText(t, "../../"+c.example); strings.Contains(hcl, "variable \"display_name\"") {
				left = []string{"Renamed"}
				w.Must(t, "apply", "-auto-approve", "-var", "display_name=Renamed")
			} else if strings.Contains(hcl, "resource") {
				left = []string{"Mail import"}
			}
			w.Destroy(t)
			if err := x.Left(left...); err != nil {
				t.Error(err)
			}
		})
	}
}

// A consent alone, for a service principal that somebody else made: the page says that reading applications is all it
// needs beside its own permission.
func TestAccLeastPermissionsOfAConsent(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	app := x.Create(t, tenant.Application, tenant.Doc{"displayName": "Made by hand"})
	made, _ := x.Object(app)
	principal := x.Create(t, tenant.ServicePrincipal, tenant.Doc{"appId": made.String("appId")})
	setRoles(t, x, "Application.Read.All", "DelegatedPermissionGrant.ReadWrite.All")
	w := start(t, x, "resource \"appreg_admin_consent\" \"test\" {\n  service_principal_id = \""+principal+"\"\n  scopes = [\"User.Read\"]\n}\n")
	w.Apply(t)
	w.PlanIsEmpty(t)
	w.Destroy(t)
	if grants := x.Objects(tenant.Grant); len(grants) != 0 {
		t.Errorf("left: %v", grants)
	}
}
