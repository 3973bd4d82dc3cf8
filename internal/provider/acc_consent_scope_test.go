package provider_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/appreg/terraform-provider-appreg/internal/acctest"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// Consent is given to a product of another tenant, for one user and for everybody, and for two APIs: four grants that
// don't meet. Each is imported by its id.
func TestAccConsentForOneUserOfAForeignProduct(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	clientID, principalID := foreignProduct(t, x)
	user := x.Objects(tenant.User)[0].String("id")
	const grants = `
resource "appreg_admin_consent" "user_graph" {
  service_principal_id = "PRINCIPAL"
  principal_id         = "USER"
  scopes               = ["User.Read", "Mail.Read"]
}
resource "appreg_admin_consent" "user_exchange" {
  service_principal_id = "PRINCIPAL"
  principal_id         = "USER"
  api                  = "Office 365 Exchange Online"
  scopes               = ["IMAP.AccessAsUser.All"]
}
resource "appreg_admin_consent" "all_graph" {
  service_principal_id = "PRINCIPAL"
  scopes               = ["User.Read"]
}
resource "appreg_admin_consent" "all_exchange" {
  service_principal_id = "PRINCIPAL"
  api                  = "Office 365 Exchange Online"
  scopes               = ["IMAP.AccessAsUser.All"]
}
`
	w := x.Workspace(t, strings.NewReplacer("PRINCIPAL", principalID, "USER", user).Replace(grants))
	w.Apply(t)
	w.PlanIsEmpty(t)
	if n := len(x.Objects(tenant.Grant)); n < 4 {
		t.Errorf("there are %d grants", n)
	}
	x.CatchUp()
	for _, name := range []string{"user_graph", "user_exchange", "all_graph", "all_exchange"} {
		address := "appreg_admin_consent." + name
		grant := values(t, w, address)
		id, _ := grant["id"].(string)
		object, _ := x.Object(id)
		if got := object.String("principalId"); (got == user) != strings.HasPrefix(name, "user") {
			t.Errorf("%s is for %q", name, got)
		}
		w.Must(t, "state", "rm", address)
		w.Must(t, "import", address, id)
		generatedConfigurationPlansEmpty(t, x, address, id)
	}
	w.PlanIsEmpty(t)
	w.Destroy(t)
	if left := slices.DeleteFunc(x.Objects(tenant.Grant), func(d tenant.Doc) bool { return d.String("clientId") != principalID }); len(left) != 0 {
		t.Errorf("%d grants are left for %s", len(left), clientID)
	}
}
