package tenant_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// throughJSON is what a data file does to a snapshot.
func throughJSON(t *testing.T, s tenant.Snapshot) (out tenant.Snapshot) {
	t.Helper()
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestSnapshotHoldsEverything changes a cloud in every way, and compares all of it with what a snapshot brings back.
func TestSnapshotHoldsEverything(t *testing.T) {
	t.Parallel()
	cloud, facts, clk := seeded(t, 7)
	if err := cloud.Update(func(tx *tenant.Tx) error {
		for _, name := range []string{"kept", "deleted", "gone"} {
			app := tenant.NewApplication(tx.NewID("application", name), tx.NewID("client", name), facts.Domain, facts.ClientID, tx.Now())
			tx.AddPassword(app, name, tx.Now(), tx.Now().AddDate(0, 6, 0))
			tx.Put(facts.TenantID, tenant.Application, app)
			switch name {
			case "deleted":
				tx.SoftDelete(facts.TenantID, tenant.Application, app.String("id"))
			case "gone":
				tx.Remove(facts.TenantID, tenant.Application, app.String("id"))
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	mara := cloud.Accounts()[1]
	mara.Password, mara.SecondFactor, mara.Administrator = "another", "123456", true
	cloud.SetAccount(mara)

	loaded, err := tenant.Load(throughJSON(t, cloud.Snapshot()), clk.now)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(loaded.Accounts(), cloud.Accounts()) || !slices.Equal(loaded.Tenants(), cloud.Tenants()) ||
		!reflect.DeepEqual(loaded.Secrets(), cloud.Secrets()) || loaded.Seeded() != cloud.Seeded() {
		t.Error("people, tenants, secrets or what was seeded differ")
	}
	// An hour ago nothing of this was there, but every replica knows what was loaded.
	before, after := cloud.Latest(), loaded.View(clk.at.Add(-time.Hour))
	for _, in := range cloud.Tenants() {
		for _, kind := range []tenant.Kind{tenant.Application, tenant.ServicePrincipal, tenant.Grant, tenant.AppRoleAssignment,
			tenant.User, tenant.Organization, tenant.AppPolicy, tenant.AssignedAppPolicy, tenant.AuthorizationPolicy} {
			if !reflect.DeepEqual(before.List(in.ID, kind), after.List(in.ID, kind)) ||
				!reflect.DeepEqual(before.ListDeleted(in.ID, kind), after.ListDeleted(in.ID, kind)) {
				t.Errorf("%s: every %s isn't as it was", in.DisplayName, kind)
			}
		}
	}
	next := func(c *tenant.Cloud) (id string) {
		if err := c.Update(func(tx *tenant.Tx) error { id = tx.NewID("application", "kept"); return nil }); err != nil {
			t.Fatal(err)
		}
		return id
	}
	if got, want := next(loaded), next(cloud); got != want {
		t.Errorf("the next id is %s, and would have been %s", got, want)
	}
}

func TestLoadRefusesWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	cloud, _, clk := seeded(t, 7)
	for name, spoil := range map[string]func(*tenant.Snapshot){
		"nothing":        func(s *tenant.Snapshot) { *s = tenant.Snapshot{} },
		"no main tenant": func(s *tenant.Snapshot) { s.Tenants = s.Tenants[1:] },
		"no id":          func(s *tenant.Snapshot) { s.Objects[0].Doc = tenant.Doc{} },
		"an id twice":    func(s *tenant.Snapshot) { s.Objects = append(s.Objects, s.Objects[0]) },
	} {
		s := cloud.Snapshot()
		spoil(&s)
		if _, err := tenant.Load(s, clk.now); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestLoadAddsThePolicyThatOlderSnapshotsLack(t *testing.T) {
	t.Parallel()
	cloud, facts, clk := seeded(t, 7)
	s := cloud.Snapshot()
	s.Objects = slices.DeleteFunc(s.Objects, func(o tenant.SavedObject) bool { return o.Kind == tenant.AuthorizationPolicy })
	loaded, err := tenant.Load(s, clk.now)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := loaded.Latest().Get(facts.TenantID, tenant.AuthorizationPolicy, tenant.AuthorizationPolicyID); !ok {
		t.Error("no authorization policy")
	}
}
