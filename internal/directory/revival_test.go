package directory_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/directory"
	"github.com/appreg/terraform-provider-appreg/internal/emulator"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/graph"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// TestADeletedServicePrincipalComesBack: where a deleted service principal still holds its client id, a create brings
// it back, with nothing of its old values.
func TestADeletedServicePrincipalComesBack(t *testing.T) {
	t.Parallel()
	for _, filter := range []string{"supported", "refused"} {
		for _, behind := range []bool{false, true} {
			for seed := range uint64(2) {
				t.Run(fmt.Sprintf("filter %s, behind our back %v, seed %d", filter, behind, seed), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						revive(t, behind, emulator.WithSeed(seed+1), emulator.WithHostile(), emulator.WithLag(3*time.Second),
							emulator.WithReading(graph.DeletedItemsFilter, filter), emulator.WithReading(graph.PrincipalAfterDelete, "refused"))
					})
				})
			}
		}
	}
}

func revive(t *testing.T, behind bool, opts ...emulator.Option) {
	c, e := newTenant(t, opts...)
	app, _, err := c.CreateApplication(t.Context(), directory.ApplicationSpec{DisplayName: "x", SignInAudience: "AzureADMyOrg"}, directory.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	create := func(spec directory.ServicePrincipalSpec) *directory.ServicePrincipal {
		t.Helper()
		sp, adopted, err := c.CreateServicePrincipal(t.Context(), spec, directory.ServicePrincipalFields{}, false)
		if err != nil || adopted {
			t.Fatal(sp, adopted, err)
		}
		return sp
	}
	first := create(directory.ServicePrincipalSpec{ClientID: app.ClientID, AccountEnabled: false, Notes: "old", Tags: []string{"old"}})
	if behind {
		if err := e.Delete(first.ID); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second) // virtual: until the deletion shows, as the plan before has seen it
	} else if err := c.DeleteServicePrincipal(t.Context(), first.ID); err != nil {
		t.Fatal(err)
	}
	want := directory.ServicePrincipalSpec{ClientID: app.ClientID, AccountEnabled: true, AppRoleAssignmentRequired: true, Tags: []string{"new"}}
	start := time.Now()
	sp := create(want)
	if took := time.Since(start); took > time.Minute {
		t.Errorf("took %v", took)
	}
	if sp.ID != first.ID || !sp.AccountEnabled || !sp.AppRoleAssignmentRequired || sp.Notes != "" || !slices.Equal(sp.Tags, want.Tags) {
		t.Errorf("came back as %+v", sp)
	}
	raw, live := e.Object(first.ID)
	if tags := raw.Strings("tags"); !live || raw["accountEnabled"] != true || raw["notes"] != nil || slices.Contains(tags, "old") || !slices.Contains(tags, "new") {
		t.Errorf("the tenant holds %v", raw)
	}
	if got, err := c.ServicePrincipal(t.Context(), sp.ID); err != nil || got.Notes != "" || !got.AccountEnabled {
		t.Errorf("reads as %+v, %v", got, err)
	}
	if left := e.Deleted(tenant.ServicePrincipal); len(left) != 0 {
		t.Errorf("deleted items: %v", left)
	}
}
