package tenant_test

import (
	"errors"
	"testing"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

func TestObjectsAreFoundByEachKey(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	c := tenant.New(func() time.Time { return now })
	write := func(want error, f func(tx *tenant.Tx)) {
		t.Helper()
		if err := c.Update(func(tx *tenant.Tx) error {
			f(tx)
			return want
		}); !errors.Is(err, want) {
			t.Fatal(err)
		}
	}
	found := func(by tenant.Key) string {
		doc, _ := c.Latest().Lookup("t", tenant.Application, by)
		return doc.String("id")
	}
	write(nil, func(tx *tenant.Tx) {
		tx.Put("t", tenant.Application, tenant.Doc{"id": "1", "appId": "a"})
		tx.Put("u", tenant.Application, tenant.Doc{"id": "2", "appId": "b", "uniqueName": "Name"})
	})
	early := c.View(now)
	now = now.Add(time.Minute)
	write(nil, func(tx *tenant.Tx) {
		tx.Put("t", tenant.Application, tenant.Doc{"id": "1", "appId": "a", "uniqueName": "Name"})
	})
	for by, want := range map[tenant.Key]string{{ID: "1"}: "1", {ID: "2"}: "", {ClientID: "a"}: "1", {ClientID: "b"}: "",
		{UniqueName: "nAME"}: "1", {UniqueName: "other"}: "", {}: ""} {
		if got := found(by); got != want {
			t.Errorf("%+v: %q, want %q", by, got, want)
		}
	}
	if _, ok := early.Lookup("t", tenant.Application, tenant.Key{UniqueName: "Name"}); ok {
		t.Error("an earlier view knows the name")
	}

	// What is undone is not found, and leaves nothing in the way.
	write(errors.New("no"), func(tx *tenant.Tx) {
		tx.Put("t", tenant.Application, tenant.Doc{"id": "3", "appId": "c", "uniqueName": "three"})
		if _, ok := tx.Lookup("t", tenant.Application, tenant.Key{UniqueName: "Three"}); !ok {
			t.Error("a write doesn't see itself")
		}
	})
	if found(tenant.Key{ClientID: "c"})+found(tenant.Key{UniqueName: "three"}) != "" {
		t.Error("found what was undone")
	}

	// Deleted items hold their name until they are purged.
	write(nil, func(tx *tenant.Tx) {
		tx.SoftDelete("t", tenant.Application, "1")
		if ids := tx.NameHolders("t", "NAME"); len(ids) != 1 || ids[0] != "1" {
			t.Errorf("holders of the name: %v", ids)
		}
		if _, ok := tx.Lookup("t", tenant.Application, tenant.Key{UniqueName: "Name"}); ok {
			t.Error("a deleted object is taken for a live one")
		}
		tx.Remove("t", tenant.Application, "1")
		if ids := tx.NameHolders("t", "Name"); len(ids) != 0 {
			t.Errorf("holders after a purge: %v", ids)
		}
	})
}
