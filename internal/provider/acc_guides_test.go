package provider_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/appreg/terraform-provider-appreg/internal/acctest"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
	"github.com/appreg/terraform-provider-appreg/internal/webuser"
)

const (
	nativeClient = "https://login.microsoftonline.com/common/oauth2/nativeclient"
	consumers    = "9188040d-6c67-4c5b-b112-36a304b66dad"
)

func hasScopes(t *testing.T, claims acctest.Claims, want ...string) {
	t.Helper()
	got := strings.Fields(claims.Scopes)
	for _, s := range want {
		if !slices.Contains(got, s) {
			t.Errorf("the token's scopes are %q, want %q among them", got, s)
		}
	}
}

// The mail-import guide, for both account types: the product signs in with the secret, and a user of this tenant, of
// another tenant, and with a personal account where the account type allows it, with a device code.
func TestAccGuideMailImport(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, personalAccounts string
		personal               bool
	}{
		{"any directory and personal accounts", "true", true},
		{"any directory", "false", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			x := acctest.Hostile(t)
			w := x.Workspace(t, "")
			w.ConfigureFrom(t, "examples/guides/mail-import/main.tf")
			w.Apply(t, "-var", "personal_accounts="+c.personalAccounts)

			product := x.Product(t, x.Facts().TenantID, w.Output(t, "client_id"))
			acctest.Eventually(t.Context(), t, product.Secret(w.Output(t, "client_secret")))
			claims := acctest.Eventually(t.Context(), t, product.DeviceCode(x.Member(t), webuser.Accept))
			hasScopes(t, claims, "User.Read", "Mail.ReadWrite")

			elsewhere := x.Facts().Tenants[1].ID
			foreigner := x.Person(t, func(a tenant.Account) bool { return a.TenantID == elsewhere && !a.Administrator })
			other := x.Product(t, elsewhere, w.Output(t, "client_id"))
			hasScopes(t, acctest.Eventually(t.Context(), t, other.DeviceCode(foreigner, webuser.Accept)), "User.Read", "Mail.ReadWrite")

			person := x.Person(t, func(a tenant.Account) bool { return a.Personal })
			personal := x.Product(t, "consumers", w.Output(t, "client_id"))
			if c.personal {
				if claims := acctest.Eventually(t.Context(), t, personal.DeviceCode(person, webuser.Accept)); claims.TenantID != consumers {
					t.Errorf("the personal account's token is for tenant %s, want %s", claims.TenantID, consumers)
				}
			} else {
				acctest.Refused(t.Context(), t, personal.DeviceCode(person, webuser.Accept), 9002332)
			}

			w.Must(t, "plan", "-detailed-exitcode", "-var", "personal_accounts="+c.personalAccounts)
			w.Destroy(t)
			if err := x.Left("Mail import"); err != nil {
				t.Error(err)
			}
		})
	}
}

// The business-application guide: no administrator, three ways to sign in, nobody from elsewhere.
func TestAccGuideBusinessApplication(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	w := x.Workspace(t, "")
	w.ConfigureFrom(t, "examples/guides/business-application/main.tf")
	w.Apply(t)
	if got := w.Output(t, "tenant_id"); got != x.Facts().TenantID {
		t.Errorf("tenant_id is %s, want %s", got, x.Facts().TenantID)
	}
	product := x.Product(t, w.Output(t, "tenant_id"), w.Output(t, "client_id"))
	careful := x.Person(t, func(a tenant.Account) bool { return a.TenantID == x.Facts().TenantID && a.SecondFactor != "" })
	scopes := []string{x.URL + "/User.Read", x.URL + "/Mail.Send"}

	t.Log("in a window, with a second factor, consenting")
	hasScopes(t, acctest.Eventually(t.Context(), t, product.Code("http://localhost:53100", scopes, careful, webuser.Accept)), "User.Read", "Mail.Send")
	t.Log("with a device code")
	hasScopes(t, acctest.Eventually(t.Context(), t, product.DeviceCode(x.Member(t), webuser.Accept)), "User.Read", "Mail.Send", "Calendars.ReadWrite")
	t.Log("with a browser whose last address is pasted back")
	hasScopes(t, acctest.Eventually(t.Context(), t, product.Code(nativeClient, scopes, x.Member(t), webuser.Accept)), "User.Read", "Mail.Send")

	elsewhere := x.Person(t, func(a tenant.Account) bool { return a.TenantID == x.Facts().Tenants[1].ID && !a.Administrator })
	acctest.Refused(t.Context(), t, product.DeviceCode(elsewhere, webuser.Accept), 50020)

	w.PlanIsEmpty(t)
	w.Destroy(t)
	if err := x.Left("Business application"); err != nil {
		t.Error(err)
	}
}

// The guide's promise that no administrator is needed is kept by the postcondition, at plan, before anything is changed.
func TestAccGuideBusinessApplicationRefusesAdministratorScopes(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	w := x.Workspace(t, "")
	w.ConfigureFrom(t, "examples/guides/business-application/main.tf")
	w.Init(t)
	plan := w.Terraform(t, "plan", "-no-color", "-var", `scopes=["User.Read","Directory.Read.All"]`)
	if plan.ExitCode != 1 || !strings.Contains(plan.Output, "An administrator must consent to: Directory.Read.All.") {
		t.Errorf("the plan must fail and name the scope: exit status %d\n%s", plan.ExitCode, plan.Output)
	}
	if err := x.Left(); err != nil {
		t.Error(err)
	}
}
