package directory_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/directory"
	"github.com/appreg/terraform-provider-appreg/internal/emulator"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/fault"
)

// minuteLate runs a test in tenants whose replicas are up to a minute late, in several ways.
func minuteLate(t *testing.T, rules []fault.Rule, test func(*testing.T, *directory.Client, *emulator.Emulator)) {
	t.Helper()
	for seed := range uint64(8) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c, e := newTenant(t, emulator.WithSeed(seed+1), emulator.WithLag(time.Minute), emulator.WithFaults(rules))
				test(t, c, e)
			})
		})
	}
}

func create(t *testing.T, c *directory.Client, spec directory.ApplicationSpec) *directory.Application {
	t.Helper()
	app, _, err := c.CreateApplication(t.Context(), spec, directory.CreateOptions{})
	if settled(err) != nil {
		t.Fatal(err)
	}
	return app
}

// TestANewProcessRemovesWhatTheLastOneMade: a replica that knows nothing of it yet is no proof that it is gone.
func TestANewProcessRemovesWhatTheLastOneMade(t *testing.T) {
	t.Parallel()
	minuteLate(t, nil, func(t *testing.T, c *directory.Client, e *emulator.Emulator) {
		app := create(t, c, directory.ApplicationSpec{DisplayName: "x", SignInAudience: "AzureADMyOrg"})
		secret, err := c.AddSecret(t.Context(), app.ID, "s", time.Now().Add(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		sp, _, err := c.CreateServicePrincipal(t.Context(), directory.ServicePrincipalSpec{ClientID: app.ClientID, AccountEnabled: true}, directory.ServicePrincipalFields{}, false)
		if settled(err) != nil {
			t.Fatal(err)
		}
		made := c.Remember(nil, directory.Properties{})

		next := newClient(t, e)
		next.RecallApplication(app.ID, made, "secret/"+secret.KeyID)
		if err := next.RemoveSecret(t.Context(), app.ID, secret.KeyID); err != nil {
			t.Fatal(err)
		}
		if doc, _ := e.Object(app.ID); len(doc.Docs("passwordCredentials")) > 0 {
			t.Error("the secret is left")
		}
		next.RecallServicePrincipal(sp.ID, made)
		old, updated := sp.ServicePrincipalSpec, sp.ServicePrincipalSpec
		updated.Notes = "changed"
		if _, err := next.UpdateServicePrincipal(t.Context(), sp.ID, old, updated); err != nil {
			t.Error(err)
		}
		last := newClient(t, e)
		last.RecallServicePrincipal(sp.ID, made)
		last.RecallApplication(app.ID, made)
		if err := last.DeleteServicePrincipal(t.Context(), sp.ID); settled(err) != nil {
			t.Error(err)
		}
		if err := last.DeleteApplication(t.Context(), app.ID, false); settled(err) != nil {
			t.Error(err)
		}
		if left := len(ours("x", e.Objects)); left > 0 {
			t.Errorf("%d applications are left", left)
		}
	})
}

// TestANewProcessChangesAGrantThatWasJustMade: its service principal, which this run leaves alone, was there when it was made.
func TestANewProcessChangesAGrantThatWasJustMade(t *testing.T) {
	t.Parallel()
	minuteLate(t, nil, func(t *testing.T, c *directory.Client, e *emulator.Emulator) {
		w, err := build(t.Context(), c, directory.ApplicationSpec{DisplayName: "x", SignInAudience: "AzureADMyOrg"})
		if err != nil {
			t.Fatal(err)
		}
		next := newClient(t, e)
		next.RecallGrant(w.grant.ID, w.sp.ID, c.Remember(nil, directory.Properties{}))
		grant, _, err := next.EnsureGrant(t.Context(), w.grant.GrantKey, []string{"User.Read"})
		if err != nil {
			t.Fatal(err)
		}
		if doc, _ := e.Object(grant.ID); doc.String("scope") != "User.Read" {
			t.Errorf("the grant is %v", doc)
		}
	})
}

// TestAnOwnerIsAddedWhileReplicasLagAndGraphThrottles: a 404 from before a long wait says nothing after it.
func TestAnOwnerIsAddedWhileReplicasLagAndGraphThrottles(t *testing.T) {
	t.Parallel()
	rules := []fault.Rule{{Method: "GET", Route: "/applications/{id}/owners", Kind: fault.Throttle, RetryAfter: "60", Nth: []int{1, 3}}}
	minuteLate(t, rules, func(t *testing.T, c *directory.Client, e *emulator.Emulator) {
		owner := e.Accounts()[0].ObjectID
		app := create(t, c, directory.ApplicationSpec{DisplayName: "x", SignInAudience: "AzureADMyOrg", UniqueName: "x", Owners: []string{owner}})
		if doc, _ := e.Object(app.ID); !slices.Contains(doc.Strings("owners"), owner) {
			t.Errorf("the owners are %q", doc.Strings("owners"))
		}
	})
}

// TestALostSecretMakesRoom: an application that can hold two has one left by a request without reply, which shows late.
func TestALostSecretMakesRoom(t *testing.T) {
	t.Parallel()
	rules := []fault.Rule{{Method: "POST", Route: "/applications/{id}/addPassword", Kind: fault.ErrorAfter, Status: 503, Nth: []int{2}}}
	minuteLate(t, rules, func(t *testing.T, c *directory.Client, e *emulator.Emulator) {
		const name = "x"
		app := create(t, c, directory.ApplicationSpec{DisplayName: name, SignInAudience: "AzureADandPersonalMicrosoftAccount"})
		time.Sleep(5 * time.Minute)
		for range 2 {
			secret, err := c.AddSecret(t.Context(), app.ID, "s", time.Now().Add(time.Hour))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := c.SettleSecret(t.Context(), app.ID, secret.KeyID); settled(err) != nil {
				t.Fatal(err)
			}
		}
		if held := ours(name, e.Objects)[0].Docs("passwordCredentials"); len(held) != 2 {
			t.Errorf("%d secrets", len(held))
		}
	})
}
