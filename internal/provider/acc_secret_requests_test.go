package provider_test

import (
	"fmt"
	"testing"

	"github.com/appreg/terraform-provider-appreg/internal/acctest"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// What a secret costs at each step of its life, on a directory that doesn't lag: the refresh reads the application once,
// an apply reads it before and after it makes a secret, and before it removes one. Each process that plans a new secret reads
// the tenant's policies once.
func TestAccRotationRequests(t *testing.T) {
	t.Parallel()
	x := acctest.Calm(t)
	id := x.Create(t, tenant.Application, tenant.Doc{"displayName": "Mail import"})
	secret := func(trigger string) string {
		return fmt.Sprintf("resource \"appreg_client_secret\" \"test\" {\n  application_id = %q\n%s\n}\n", id, triggered(trigger))
	}
	w := x.Workspace(t, secret("one"))
	w.Apply(t)
	costs := func(what string, reads, adds, removals, policies int, command ...string) {
		t.Helper()
		x.ResetRequests()
		w.Must(t, command...)
		got := map[string]int{}
		for _, r := range x.Requests() {
			if r.ClientID != "" {
				got[r.Method+" "+r.Route]++
			}
		}
		want := map[string]int{"GET /applications/{id}": reads, "POST /applications/{id}/addPassword": adds, "POST /applications/{id}/removePassword": removals,
			"GET /policies/defaultAppManagementPolicy": policies, "GET /policies/appManagementPolicies": policies}
		for request, n := range want {
			if got[request] != n {
				t.Errorf("%s: %d of %s, want %d", what, got[request], request, n)
			}
			delete(got, request)
		}
		if len(got) != 0 {
			t.Errorf("%s: unexpected %v", what, got)
		}
	}
	costs("a plan without changes", 1, 0, 0, 0, "plan", "-detailed-exitcode")
	w.Configure(t, secret("two"))
	costs("the plan of a rotation", 1, 0, 0, 1, "plan", "-out=saved")
	costs("the apply of that plan", 2, 1, 0, 1, "apply", "saved")
	costs("a plan in the overlap", 1, 0, 0, 0, "plan", "-detailed-exitcode")
	x.Clock.Advance(8 * day)
	costs("the plan of a removal", 1, 0, 0, 0, "plan", "-out=saved")
	costs("the apply of that plan", 1, 0, 1, 0, "apply", "saved")
	w.Configure(t, secret("three"))
	costs("a rotation without a saved plan", 3, 1, 0, 2, "apply", "-auto-approve")
	costs("a destroy in the overlap", 2, 0, 2, 0, "destroy", "-auto-approve")
}
