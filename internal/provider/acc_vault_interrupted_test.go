package provider_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/acctest"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/fault"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/keyvault"
)

const setRoute = "vault:/secrets/{name}"

// TestAccVaultInterrupted presses Ctrl-C around the two writes of a rotation: the secret is either in the vault and in the
// state, or in neither and not in the application.
func TestAccVaultInterrupted(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		method, route string
		nth           int // of the test: the first ones made the first secret
		finished      bool
	}{
		"before the vault":   {http.MethodPost, "/applications/{id}/addPassword", 2, false},
		"while in the vault": {http.MethodPut, setRoute, 4, true}, // each process is challenged once
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := acctest.Calm(t)
			c := startVault(t, x, "")
			held, before := c.reads(t), c.inGraph(t)
			slow := fault.Rule{Method: tt.method, Route: tt.route, Nth: []int{tt.nth}, Kind: fault.SlowAfter, Delay: fault.Duration(3 * time.Second)}
			if err := x.AddFaults(slow); err != nil {
				t.Fatal(err)
			}
			c.w.Configure(t, vaulted(x, `  display_name = "renamed"`))
			x.ResetRequests()
			apply := c.w.Start(t, "apply", "-auto-approve")
			faulty(t, x)
			if err := apply.Interrupt(); err != nil {
				t.Fatal(err)
			}
			result := apply.Wait(t)
			if got := len(c.inGraph(t)) - len(before); got != map[bool]int{true: 1}[tt.finished] || len(versions(x))-1 != got {
				t.Errorf("%d secrets and %d versions are new\n%s", got, len(versions(x))-1, result.Output)
			}
			c.works(t, held, c.reads(t))
			// What was finished is in the state; consumers that Terraform didn't come to follow now.
			if rotated := !strings.Contains(said(c.w.Must(t, "plan")), "will be rotated"); rotated != tt.finished {
				t.Errorf("the next plan takes the rotation for done: %v", rotated)
			}
			if !tt.finished {
				demand(t, result.Output, []string{"was taken back"})
			}
			c.w.Apply(t)
			c.works(t, held, c.reads(t))
			if len(c.inGraph(t)) != 2 || len(versions(x)) != 2 {
				t.Errorf("%d secrets, %d versions\n%s", len(c.inGraph(t)), len(versions(x)), result.Output)
			}
			c.w.PlanIsEmpty(t)
		})
	}
}

// faulty waits until the emulator holds an answer back.
func faulty(t *testing.T, x *acctest.Tenant) {
	t.Helper()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); <-again.C {
		for _, r := range x.Requests() {
			if r.Fault == fault.SlowAfter {
				return
			}
		}
	}
	t.Fatal("no answer was held back")
}

// TestAccVaultLostReply loses the reply of the write: the version is found by its tags and nothing is written twice.
func TestAccVaultLostReply(t *testing.T) {
	t.Parallel()
	x := acctest.Calm(t)
	if err := x.AddFaults(fault.Rule{Method: http.MethodPut, Route: setRoute, Nth: []int{2}, Kind: fault.DropAfter}); err != nil {
		t.Fatal(err)
	}
	c := startVault(t, x, "")
	if n := len(versions(x)); n != 1 {
		t.Errorf("the vault holds %d versions", n)
	}
	c.w.PlanIsEmpty(t)
}

// TestAccVaultInDoubt loses the reply while nobody may look: both secrets stay, and as soon as the vault can be looked
// into, the one that it holds is adopted, with the other as the previous one.
func TestAccVaultInDoubt(t *testing.T) {
	t.Parallel()
	for name, applied := range map[string]fault.Kind{"applied": fault.DropAfter, "not applied": fault.ResetBefore} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := acctest.Calm(t)
			c := startVault(t, x, "  overlap_days = 3")
			first := c.reads(t)
			may := func(permissions ...string) {
				t.Helper()
				access := x.Vaults().Access(keyvault.MainVault)
				access.Secrets[x.Cloud().Seeded().ServicePrincipalID] = permissions
				if err := x.Vaults().SetAccess(keyvault.MainVault, access); err != nil {
					t.Fatal(err)
				}
			}
			may("set")
			if err := x.AddFaults(fault.Rule{Method: http.MethodPut, Route: setRoute, Nth: []int{4}, Kind: applied}); err != nil {
				t.Fatal(err)
			}
			c.w.Configure(t, vaulted(x, "  overlap_days = 3\n  display_name = \"renamed\""))
			r := c.w.Terraform(t, "apply", "-auto-approve")
			demand(t, r.Output, []string{"may have taken the value", "was not taken back"})
			if held := c.inGraph(t); r.ExitCode == 0 || len(held) != 2 {
				t.Fatalf("exit status %d, the application holds %v", r.ExitCode, held)
			}
			c.works(t, first, c.reads(t))

			may("set", "list")
			c.w.Apply(t)
			c.works(t, first, c.reads(t))
			c.w.PlanIsEmpty(t)
			if held := c.inGraph(t); len(held) != 2 || !slices.Contains(held, c.keyID(t)) || !slices.Contains(held, c.keyID(t, "previous")) {
				t.Errorf("the application holds %v, the state %s and %s", held, c.keyID(t), c.keyID(t, "previous"))
			}
			if n := len(versions(x)); n != 2 {
				t.Errorf("the vault holds %d versions", n)
			}
			x.Clock.Advance(4 * day)
			c.w.Apply(t)
			c.revoked(t, first)
			c.works(t, c.reads(t))
			if held := c.inGraph(t); len(held) != 1 {
				t.Errorf("the application holds %v", held)
			}
		})
	}
}

// TestAccVaultTakeBackFails has the directory refuse to take the new secret back: the next rotation removes what nobody
// knows, and what was in use stays in use.
func TestAccVaultTakeBackFails(t *testing.T) {
	t.Parallel()
	x := acctest.Calm(t)
	c := startVault(t, x, "")
	first := c.reads(t)
	access := x.Vaults().Access(keyvault.MainVault)
	access.Secrets[x.Cloud().Seeded().ServicePrincipalID] = []string{"list"}
	if err := x.Vaults().SetAccess(keyvault.MainVault, access); err != nil {
		t.Fatal(err)
	}
	stuck := fault.Rule{Method: http.MethodPost, Route: "/applications/{id}/removePassword", Kind: fault.ErrorBefore, Status: 400}
	if err := x.AddFaults(stuck); err != nil {
		t.Fatal(err)
	}
	c.w.Configure(t, vaulted(x, `  display_name = "renamed"`))
	r := c.w.Terraform(t, "apply", "-auto-approve")
	demand(t, r.Output, []string{"could not be taken back", "nobody knows its value"})
	if len(c.inGraph(t)) != 2 || r.ExitCode == 0 {
		t.Errorf("the application holds %v", c.inGraph(t))
	}
	c.works(t, first)
	x.ClearFaults()
	access.Secrets[x.Cloud().Seeded().ServicePrincipalID] = []string{"list", "set"}
	if err := x.Vaults().SetAccess(keyvault.MainVault, access); err != nil {
		t.Fatal(err)
	}
	c.w.Apply(t)
	c.works(t, first, c.reads(t))
	if held := c.inGraph(t); len(held) != 2 {
		t.Errorf("what could not be taken back is still there: %v", held)
	}
	c.w.PlanIsEmpty(t)
}

// TestAccVaultReplace replaces a secret in both orders: its version is disabled, the new one is the newest.
func TestAccVaultReplace(t *testing.T) {
	t.Parallel()
	for name, lifecycle := range map[string]string{"old first": "", "new first": "  lifecycle {\n    create_before_destroy = true\n  }"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := acctest.Hostile(t)
			c := startVault(t, x, lifecycle)
			first := c.reads(t)
			c.w.Must(t, "apply", "-auto-approve", "-replace=appreg_client_secret.test")
			c.works(t, c.reads(t))
			c.revoked(t, first)
			if held := versions(x); len(held) != 2 || held[0].Enabled || !held[1].Enabled {
				t.Errorf("the vault holds %+v", held)
			}
			c.w.PlanIsEmpty(t)
		})
	}
}

// TestAccVaultUnknownUntilApply takes the vault's address from a resource of the same configuration.
func TestAccVaultUnknownUntilApply(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	configuration := strings.Replace(vaulted(x, ""), fmt.Sprintf("%q", x.VaultURI), "terraform_data.vault.output", 1) + fmt.Sprintf(`
resource "terraform_data" "vault" {
  input            = %q
  triggers_replace = "one"
}
`, x.VaultURI)
	w := x.Workspace(t, configuration)
	w.Apply(t)
	w.PlanIsEmpty(t)
	before := versions(x)
	// The same vault, as the apply finds out: nothing is rotated.
	w.Configure(t, strings.Replace(configuration, `"one"`, `"two"`, 1))
	demand(t, w.Must(t, "plan"), []string{"key_vault is known during the apply only"})
	w.Apply(t)
	if got := versions(x); len(got) != len(before) {
		t.Errorf("the vault holds %d versions, want %d", len(got), len(before))
	}
	w.PlanIsEmpty(t)
}
