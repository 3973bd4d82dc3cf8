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
		if live, ids := tx.Holders("t", tenant.Application, tenant.Key{UniqueName: "NAME"}); len(live) != 0 || len(ids) != 1 || ids[0] != "1" {
			t.Errorf("holders of the name: %v %v", live, ids)
		}
		if _, ok := tx.Lookup("t", tenant.Application, tenant.Key{UniqueName: "Name"}); ok {
			t.Error("a deleted object is taken for a live one")
		}
		tx.Remove("t", tenant.Application, "1")
		if live, ids := tx.Holders("t", tenant.Application, tenant.Key{UniqueName: "Name"}); len(live)+len(ids) != 0 {
			t.Errorf("holders after a purge: %v %v", live, ids)
		}
	})
}

func update(t *testing.T, c *tenant.Cloud, f func(tx *tenant.Tx)) {
	t.Helper()
	if err := c.Update(func(tx *tenant.Tx) error {
		f(tx)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

func TestListsAreCutByKey(t *testing.T) {
	t.Parallel()
	c := tenant.New(time.Now)
	update(t, c, func(tx *tenant.Tx) {
		tx.Put("t", tenant.Application, tenant.Doc{"id": "1", "appId": "a", "uniqueName": "Name", "identifierUris": []any{"api://x"}})
		tx.Put("u", tenant.Application, tenant.Doc{"id": "2", "appId": "b", "uniqueName": "Name"})
	})
	listed := func(q tenant.Query) (ids string) {
		q.TenantID, q.Kind = "t", tenant.Application
		docs, _ := c.Latest().Page(q, 0, 9, nil)
		if n := c.Latest().Count(q); n != len(docs) {
			t.Errorf("%+v: %d counted, %d listed", q.By, n, len(docs))
		}
		for _, doc := range docs {
			ids += doc.String("id")
		}
		return ids
	}
	for by, want := range map[tenant.Key]string{{}: "1", {ID: "1"}: "1", {ClientID: "a"}: "1", {UniqueName: "NAME"}: "1",
		{ID: "2"}: "", {ClientID: "b"}: "", {UniqueName: "other"}: ""} {
		if got := listed(tenant.Query{By: by}); got != want {
			t.Errorf("list by %+v: %q, want %q", by, got, want)
		}
		if got := listed(tenant.Query{By: by, Deleted: true}) + listed(tenant.Query{By: by, Match: func(tenant.Doc) bool { return false }}); got != "" {
			t.Errorf("list by %+v of what isn't there: %q", by, got)
		}
	}

	// A value that is given away is another's.
	update(t, c, func(tx *tenant.Tx) {
		tx.Put("t", tenant.Application, tenant.Doc{"id": "1", "appId": "a", "uniqueName": "Name"})
		tx.Put("t", tenant.Application, tenant.Doc{"id": "4", "appId": "d", "identifierUris": []any{"api://x"}})
		if live, deleted := tx.Holders("t", tenant.Application, tenant.Key{IdentifierURI: "api://x"}); len(live) != 1 || live[0] != "4" || len(deleted) > 0 {
			t.Errorf("holders of the URI: %v %v", live, deleted)
		}
	})
	if got := listed(tenant.Query{By: tenant.Key{IdentifierURI: "api://x"}}); got != "4" {
		t.Errorf("list by the URI: %q", got)
	}
}
