package tenant_test

import (
	"errors"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func seeded(t *testing.T, seed uint64) (*tenant.Cloud, tenant.Seeded, *clock) {
	t.Helper()
	clk := &clock{time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)}
	cloud := tenant.New(clk.now)
	facts, err := tenant.Seed(cloud, seed)
	if err != nil {
		t.Fatal(err)
	}
	return cloud, facts, clk
}

func TestSeedIsDeterministic(t *testing.T) {
	t.Parallel()
	_, a, _ := seeded(t, 7)
	_, b, _ := seeded(t, 7)
	_, other, _ := seeded(t, 8)
	if a != b {
		t.Errorf("same seed, different facts: %+v and %+v", a, b)
	}
	if a.TenantID == other.TenantID || a.ClientSecret == other.ClientSecret {
		t.Errorf("different seeds, same facts: %+v", a)
	}
	if len(a.ClientSecret) != 40 {
		t.Errorf("a secret has %d characters, want 40", len(a.ClientSecret))
	}
}

// TestIdsFollowFromSeedAndOrder makes the same secrets at other times, with other ends and after a write that failed.
func TestIdsFollowFromSeedAndOrder(t *testing.T) {
	t.Parallel()
	work := func(at time.Time, disturbed bool) (made []string) {
		cloud := tenant.New(func() time.Time { return at })
		facts, err := tenant.Seed(cloud, 7)
		if err != nil {
			t.Fatal(err)
		}
		made = append(made, facts.ClientSecret)
		add := func(failure error) error {
			return cloud.Update(func(tx *tenant.Tx) error {
				app, ok := tx.Get(facts.TenantID, tenant.Application, facts.ApplicationID)
				if !ok {
					return errors.New("no automation application")
				}
				for _, name := range []any{"first", nil, "first"} {
					secret := tx.AddPassword(app, name, tx.Now(), tx.Now().AddDate(0, 6, 0))
					made = append(made, secret.String("keyId"), secret.String("secretText"))
				}
				return failure
			})
		}
		if disturbed {
			before := slices.Clone(made)
			if err := add(io.EOF); !errors.Is(err, io.EOF) {
				t.Fatal(err)
			}
			made = before
		}
		if err := add(nil); err != nil {
			t.Fatal(err)
		}
		return made
	}
	first := work(time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC), false)
	if again := work(time.Date(2027, 1, 2, 3, 4, 5, 6, time.UTC), true); !slices.Equal(again, first) {
		t.Errorf("the same seed and order:\n%v\n%v", first, again)
	}
	slices.Sort(first)
	if n := len(slices.Compact(first)); n != 7 {
		t.Errorf("%d ids and texts of 7 are their own: %v", n, first)
	}
}

func TestSeedServesTheWholeCatalogue(t *testing.T) {
	t.Parallel()
	cloud, facts, _ := seeded(t, 1)
	graph, ok := cloud.Latest().ServicePrincipalByClientID(facts.TenantID, tenant.MicrosoftGraphClientID)
	if !ok {
		t.Fatal("no service principal of Microsoft Graph")
	}
	scopes, roles := graph.Docs("oauth2PermissionScopes"), graph.Docs("appRoles")
	if len(scopes) != 975 || len(roles) != 882 {
		t.Errorf("%d scopes and %d roles, want 975 and 882", len(scopes), len(roles))
	}
	byName := map[string]tenant.Doc{}
	disabled := 0
	for _, s := range scopes {
		byName[s.String("value")] = s
		if !s.Bool("isEnabled") {
			disabled++
		}
	}
	if got := byName["User.Read"]; got.String("id") != "e1fe6dd8-ba31-4d61-89e7-88639da4683d" || got.String("type") != "User" {
		t.Errorf("User.Read = %v", got)
	}
	if got := byName["Application.ReadWrite.All"]; got.String("type") != "Admin" {
		t.Errorf("Application.ReadWrite.All = %v", got)
	}
	if disabled != 5 {
		t.Errorf("%d disabled scopes, want 5", disabled)
	}
}

func TestGrantID(t *testing.T) {
	t.Parallel()
	got, err := tenant.GrantID("ef969797-201d-4f6b-960c-e9ed5f31dab5", "943603e4-e787-4fe9-93d1-e30f749aae39", "")
	if err != nil || got != "l5eW7x0ga0-WDOntXzHateQDNpSH5-lPk9HjD3Sarjk" {
		t.Errorf("GrantID = %q, %v; want the documented sample", got, err)
	}
}

func TestViewShowsThePast(t *testing.T) {
	t.Parallel()
	cloud, facts, clk := seeded(t, 1)
	before := clk.at
	clk.at = clk.at.Add(time.Minute)
	if _, ok := cloud.View(time.Time{}.Add(time.Second)).Get(facts.TenantID, tenant.Application, facts.ApplicationID); !ok {
		t.Error("what is seeded must be known to every replica")
	}
	rename := func(name string) error {
		return cloud.Update(func(tx *tenant.Tx) error {
			doc, _ := tx.Get(facts.TenantID, tenant.Application, facts.ApplicationID)
			doc["displayName"] = name
			tx.Put(facts.TenantID, tenant.Application, doc)
			return nil
		})
	}
	if err := rename("Renamed"); err != nil {
		t.Fatal(err)
	}
	name := func(v *tenant.View) string {
		doc, ok := v.Get(facts.TenantID, tenant.ServicePrincipal, facts.ServicePrincipalID)
		if !ok {
			t.Fatal("no service principal")
		}
		return doc.String("displayName")
	}
	if got := name(cloud.View(before)); got != "Terraform automation" {
		t.Errorf("as of before: %q", got)
	}
	if got := name(cloud.View(clk.at)); got != "Renamed" {
		t.Errorf("as of now: %q", got)
	}
}

func TestUpdateIsAtomic(t *testing.T) {
	t.Parallel()
	cloud, facts, _ := seeded(t, 1)
	want := errors.New("refused")
	err := cloud.Update(func(tx *tenant.Tx) error {
		doc, _ := tx.Get(facts.TenantID, tenant.Application, facts.ApplicationID)
		tx.AddPassword(doc, "second", tx.Now(), tx.Now())
		doc["notes"] = "changed"
		tx.Put(facts.TenantID, tenant.Application, doc)
		tx.Put(facts.TenantID, tenant.Application, tenant.Doc{"id": "new", "appId": "new client"})
		tx.Remove(facts.TenantID, tenant.ServicePrincipal, facts.ServicePrincipalID)
		return want
	})
	if !errors.Is(err, want) {
		t.Fatalf("Update = %v", err)
	}
	v := cloud.Latest()
	if doc, _ := v.Get(facts.TenantID, tenant.Application, facts.ApplicationID); doc["notes"] != nil {
		t.Error("a change survived the refusal")
	}
	if _, ok := v.Get(facts.TenantID, tenant.Application, "new"); ok {
		t.Error("a new object survived the refusal")
	}
	if _, _, ok := v.ApplicationByClientID("new client"); ok {
		t.Error("the index kept a refused object")
	}
	if _, ok := v.Get(facts.TenantID, tenant.ServicePrincipal, facts.ServicePrincipalID); !ok {
		t.Error("a removal survived the refusal")
	}
	if n := len(cloud.Secrets()); n != 1 {
		t.Errorf("%d secret texts, want the automation application's only", n)
	}
}

func TestDocumentsAreCopied(t *testing.T) {
	t.Parallel()
	cloud, facts, _ := seeded(t, 1)
	doc, _ := cloud.Latest().Get(facts.TenantID, tenant.Application, facts.ApplicationID)
	doc.Doc("web")["homePageUrl"] = "https://changed.example"
	again, _ := cloud.Latest().Get(facts.TenantID, tenant.Application, facts.ApplicationID)
	if again.Doc("web")["homePageUrl"] != nil {
		t.Error("a caller changed the store through a document that it was given")
	}
}

func TestServicePrincipalTagsAreAUnion(t *testing.T) {
	t.Parallel()
	cloud, facts, _ := seeded(t, 1)
	err := cloud.Update(func(tx *tenant.Tx) error {
		app, _ := tx.Get(facts.TenantID, tenant.Application, facts.ApplicationID)
		app["tags"] = []string{"a", "both"}
		tx.Put(facts.TenantID, tenant.Application, app)
		sp, _ := tx.Get(facts.TenantID, tenant.ServicePrincipal, facts.ServicePrincipalID)
		sp["tags"] = []string{"both", "b"}
		tx.Put(facts.TenantID, tenant.ServicePrincipal, sp)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	sp, _ := cloud.Latest().Get(facts.TenantID, tenant.ServicePrincipal, facts.ServicePrincipalID)
	if got := sp.Strings("tags"); !slices.Equal(got, []string{"a", "both", "b"}) {
		t.Errorf("tags = %v", got)
	}
}

// TestPanicLeavesNothingBehind breaks off a write in the middle; the handler's caller goes on after a panic.
func TestPanicLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	cloud, facts, _ := seeded(t, 7)
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic is swallowed")
			}
		}()
		err := cloud.Update(func(tx *tenant.Tx) error {
			tx.SoftDelete(facts.TenantID, tenant.Application, facts.ApplicationID)
			panic("a mistake")
		})
		t.Error(err)
	}()
	if _, ok := cloud.Latest().Get(facts.TenantID, tenant.Application, facts.ApplicationID); !ok {
		t.Error("half of a write has stayed")
	}
}
