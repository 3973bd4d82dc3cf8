package provider_test

import (
	"testing"

	"github.com/appreg/terraform-provider-appreg/internal/acctest"
	"github.com/appreg/terraform-provider-appreg/internal/webuser"
)

// With administrator consent a member is not asked anything: one who would decline signs in. Without it the same member
// is asked, declines, and is refused.
func TestAccConsentSparesUsersTheQuestion(t *testing.T) {
	t.Parallel()
	x := acctest.Calm(t)
	w := x.Workspace(t, "")
	w.ConfigureFrom(t, "examples/guides/mail-import/main.tf")
	w.Apply(t)
	product := x.Product(t, x.Facts().TenantID, w.Output(t, "client_id"))
	claims, err := product.WithDeviceCode(t.Context(), x.Member(t), webuser.Decline)
	if err != nil {
		t.Fatalf("a member was asked although an administrator has consented: %v", err)
	}
	hasScopes(t, claims, "User.Read", "Mail.ReadWrite")

	w.Must(t, "destroy", "-auto-approve", "-target=appreg_admin_consent.graph")
	acctest.Refused(t.Context(), t, product.DeviceCode(x.Member(t), webuser.Decline), 65004)
	w.Destroy(t)
	if err := x.Left("Mail import"); err != nil {
		t.Error(err)
	}
}
