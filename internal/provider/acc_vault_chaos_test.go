package provider_test

import (
	"net/http"
	"slices"
	"testing"

	"github.com/appreg/terraform-provider-appreg/internal/acctest"
	"github.com/appreg/terraform-provider-appreg/internal/emulator"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/fault"
)

// TestAccVaultStorm creates and rotates while replies are lost on either side of every write. However often that takes,
// what the vault holds signs in after each apply, and in the end nobody's secret is left in the application.
func TestAccVaultStorm(t *testing.T) {
	t.Parallel()
	for _, seed := range []uint64{1, 2, 3} {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			x := acctest.Hostile(t, emulator.WithSeed(seed))
			var rules []fault.Rule
			for _, kind := range []fault.Kind{fault.DropAfter, fault.ErrorAfter, fault.ResetBefore, fault.ErrorBefore} {
				rules = append(rules, fault.Rule{Kind: kind, Route: "vault:*", Probability: 0.12},
					fault.Rule{Kind: kind, Method: http.MethodPost, Route: "/applications/{id}/addPassword", Probability: 0.05})
			}
			if err := x.AddFaults(rules...); err != nil {
				t.Fatal(err)
			}
			w := x.Workspace(t, vaulted(x, ""))
			w.Init(t)
			apply := func() {
				t.Helper()
				var last string
				for range 6 {
					r := w.Terraform(t, "apply", "-auto-approve")
					if r.ExitCode == 0 {
						return
					}
					last = r.Output
				}
				t.Fatalf("six applies failed\n%s", last)
			}
			apply()
			c := consumerOf(t, &rotation{Tenant: x, w: w, product: x.Product(t, x.Facts().TenantID, w.Output(t, "client_id"))})
			for _, name := range []string{"second", "third"} {
				kept := c.reads(t)
				w.Configure(t, vaulted(x, "  display_name = \""+name+"\""))
				apply()
				c.works(t, kept, c.reads(t))
			}
			x.ClearFaults()
			w.Apply(t)
			w.PlanIsEmpty(t)
			known := []string{}
			for _, v := range versions(x) {
				known = append(known, v.Tags["key-id"])
			}
			for _, keyID := range c.inGraph(t) {
				if !slices.Contains(known, keyID) {
					t.Errorf("nobody knows the secret %s", keyID)
				}
			}
			if held := c.inGraph(t); len(held) != 2 || !slices.Contains(held, c.keyID(t)) || !slices.Contains(held, c.keyID(t, "previous")) {
				t.Errorf("the application holds %v", held)
			}
		})
	}
}
