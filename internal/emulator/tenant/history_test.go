package tenant_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// kept is how long the clouds of these tests remember.
const kept = 10 * time.Second

func remembering() (*tenant.Cloud, *clock) {
	clk := &clock{time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)}
	c := tenant.New(clk.now)
	c.KeepHistory(kept)
	return c, clk
}

func numbered(id string, n int) tenant.Doc {
	return tenant.Doc{"id": id, "appId": "client " + id, "notes": fmt.Sprint(n), "identifierUris": []any{fmt.Sprintf("api://%s/%d", id, n)}}
}

// TestHistoryEnds changes an object for much longer than history is kept: every replica within the bound is still shown
// what it would know, and nothing else is remembered.
func TestHistoryEnds(t *testing.T) {
	t.Parallel()
	c, clk := remembering()
	update(t, c, func(tx *tenant.Tx) { tx.Put("t", tenant.Application, numbered("still", 0)) })
	const changes = 500
	for i := range changes {
		clk.at = clk.at.Add(time.Second)
		update(t, c, func(tx *tenant.Tx) { tx.Put("t", tenant.Application, numbered("busy", i)) })
		for behind := range int(kept/time.Second) + 1 {
			doc, ok := c.View(clk.at.Add(-time.Duration(behind)*time.Second)).Get("t", tenant.Application, "busy")
			if want := i - behind; ok != (want >= 0) || ok && doc.String("notes") != fmt.Sprint(want) {
				t.Fatalf("change %d, %d s behind: %q, %t", i, behind, doc.String("notes"), ok)
			}
		}
	}
	// One per second that is kept, the one that was replaced before, and the object that nobody touched.
	versions, keys := c.Remembered()
	if most := int(kept/time.Second) + 4; versions > most || keys > most+2 {
		t.Errorf("%d versions and %d keys are remembered, want no more than %d and %d", versions, keys, most, most+2)
	}
	if got, _ := c.Latest().Get("t", tenant.Application, "still"); got.String("notes") != "0" {
		t.Errorf("the object that nobody touched: %v", got)
	}
	for uri, want := range map[string]int{fmt.Sprintf("api://busy/%d", changes-1): 1, "api://busy/0": 0} {
		if got := c.Latest().Count(tenant.Query{TenantID: "t", Kind: tenant.Application, By: tenant.Key{IdentifierURI: uri}}); got != want {
			t.Errorf("%s is found %d times, want %d", uri, got, want)
		}
	}
}

// TestWhatIsRemovedIsForgotten removes objects, makes one of them again, and undoes a removal.
func TestWhatIsRemovedIsForgotten(t *testing.T) {
	t.Parallel()
	c, clk := remembering()
	const objects = 100
	id := func(i int) string { return fmt.Sprintf("%03d", i) }
	update(t, c, func(tx *tenant.Tx) {
		for i := range objects {
			tx.Put("t", tenant.Application, numbered(id(i), 0))
		}
	})
	first, next := c.Latest().Page(tenant.Query{TenantID: "t", Kind: tenant.Application}, 0, 50, nil)
	clk.at = clk.at.Add(time.Second)
	update(t, c, func(tx *tenant.Tx) {
		for i := range objects / 2 {
			tx.Remove("t", tenant.Application, id(i))
		}
	})
	if err := c.Update(func(tx *tenant.Tx) error {
		tx.Remove("t", tenant.Application, id(99))
		return errors.New("no")
	}); err == nil {
		t.Fatal("the undone removal went through")
	}
	early := c.View(clk.at.Add(-time.Second))
	if n := early.Count(tenant.Query{TenantID: "t", Kind: tenant.Application}); n != objects {
		t.Errorf("a replica that is behind knows %d objects, want %d", n, objects)
	}
	clk.at = clk.at.Add(2 * kept)
	update(t, c, func(*tenant.Tx) {}) // Any commit forgets what is due.
	update(t, c, func(tx *tenant.Tx) { tx.Put("t", tenant.Application, numbered(id(7), 1)) })
	if versions, keys := c.Remembered(); versions != objects/2+1 || keys != 2*versions {
		t.Errorf("%d versions and %d keys are remembered, want %d and two each", versions, keys, objects/2+1)
	}
	// A position holds good though everything before it has gone.
	rest, _ := c.Latest().Page(tenant.Query{TenantID: "t", Kind: tenant.Application}, next, 1000, nil)
	if len(first) != 50 || len(rest) != objects/2+1 || rest[0].String("id") != id(50) || rest[50].String("id") != id(7) {
		t.Errorf("pages of %d and %d objects, the second from %v on", len(first), len(rest), rest[0]["id"])
	}
	for key, want := range map[tenant.Key]string{{ClientID: "client 007"}: id(7), {ClientID: "client 008"}: "", {ClientID: "client 099"}: id(99)} {
		if doc, _ := c.Latest().Lookup("t", tenant.Application, key); doc.String("id") != want {
			t.Errorf("%v is %q, want %q", key, doc["id"], want)
		}
	}
}

// TestViewOutlivesHistory holds a view for longer than history is kept, as a request does whose clock was moved
// meanwhile: what was there doesn't vanish under it.
func TestViewOutlivesHistory(t *testing.T) {
	t.Parallel()
	c, clk := remembering()
	update(t, c, func(tx *tenant.Tx) { tx.Put("t", tenant.Application, numbered("it", 0)) })
	held := c.Latest()
	for i := range 3 {
		clk.at = clk.at.Add(24 * time.Hour)
		update(t, c, func(tx *tenant.Tx) { tx.Put("t", tenant.Application, numbered("it", i+1)) })
		update(t, c, func(tx *tenant.Tx) { tx.Put("t", tenant.Application, numbered(fmt.Sprint("later ", i), 0)) })
	}
	if got := held.List("t", tenant.Application); len(got) != 1 || got[0].String("id") != "it" {
		t.Errorf("the held view lists %v", got)
	}
}
