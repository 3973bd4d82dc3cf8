package directory_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/directory"
	"github.com/appreg/terraform-provider-appreg/internal/emulator"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/fault"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// TestDeletionsLeaveNothingBehind deletes what was made a moment ago, and what was made long ago, while replicas flap
// and the first requests get lost on either side of their commit.
func TestDeletionsLeaveNothingBehind(t *testing.T) {
	t.Parallel()
	routes := []string{"/oauth2PermissionGrants/{id}", "/servicePrincipals/{id}", "/applications/{id}", "/directory/deletedItems/{id}"}
	faults := map[string]fault.Kind{"no fault": "", "reset before": fault.ResetBefore, "503 before": fault.ErrorBefore, "lost after": fault.DropAfter, "503 after": fault.ErrorAfter}
	for name, kind := range faults {
		for _, age := range []time.Duration{0, time.Hour} {
			for seed := range uint64(3) {
				t.Run(fmt.Sprintf("%s, age %v, seed %d", name, age, seed), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						opts := []emulator.Option{emulator.WithLag(15 * time.Second), emulator.WithSeed(seed + 1)}
						for _, route := range routes {
							if kind != "" {
								opts = append(opts, emulator.WithFaults([]fault.Rule{{Method: "DELETE", Route: route, Nth: []int{1}, Kind: kind}}))
							}
						}
						deleteEverything(t, age, opts...)
					})
				})
			}
		}
	}
}

func deleteEverything(t *testing.T, age time.Duration, opts ...emulator.Option) {
	c, e := newTenant(t, opts...)
	app, _, err := c.CreateApplication(t.Context(), directory.ApplicationSpec{DisplayName: "short-lived", SignInAudience: "AzureADMyOrg"}, directory.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	sp, _, err := c.CreateServicePrincipal(t.Context(), directory.ServicePrincipalSpec{ClientID: app.ClientID, AccountEnabled: true}, directory.ServicePrincipalFields{}, false)
	if err != nil {
		t.Fatal(err)
	}
	resource := e.Objects(tenant.ServicePrincipal)[0].String("id")
	grant, _, err := c.EnsureGrant(t.Context(), directory.GrantKey{ClientPrincipalID: sp.ID, ResourcePrincipalID: resource}, []string{"User.Read"})
	if err != nil {
		t.Fatal(err)
	}
	if age > 0 {
		time.Sleep(age) // virtual
		c = newClient(t, e)
	}
	steps := []struct {
		name   string
		remove func() error
		left   func() int
	}{
		{"grant", func() error { return c.DeleteGrant(t.Context(), grant.ID) }, func() int { return len(e.Objects(tenant.Grant)) }},
		{"service principal", func() error { return c.DeleteServicePrincipal(t.Context(), sp.ID) }, func() int {
			if _, lives := e.Object(sp.ID); lives {
				return 1
			}
			return 0
		}},
		{"application", func() error { return c.DeleteApplication(t.Context(), app.ID, true) }, func() int {
			return len(ours("short-lived", e.Objects)) + len(ours("short-lived", e.Deleted))
		}},
	}
	for _, step := range steps {
		start := time.Now()
		if err := step.remove(); err != nil {
			t.Errorf("%s: %v", step.name, err)
		}
		if took := time.Since(start); took > 3*time.Minute {
			t.Errorf("%s: took %v", step.name, took)
		}
		if n := step.left(); n != 0 {
			t.Errorf("%s: %d left", step.name, n)
		}
	}
}
