package tenant

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Snapshot is the latest state of a cloud, in a form that JSON carries: what it knows without showing it included, what
// it knew earlier left out. It shares its documents with the cloud and must not be changed.
type Snapshot struct {
	Seeded   Seeded            `json:"seeded"`
	Tenants  []TenantInfo      `json:"tenants"`
	Accounts []Account         `json:"accounts"`
	Secrets  map[string]string `json:"secrets"` // texts by key id
	// Counters are how often each id was asked for, so that none is given twice.
	Counters map[string]uint64 `json:"counters"`
	// Objects are live and soft-deleted ones, those of one tenant and kind in creation order.
	Objects []SavedObject `json:"objects"`
}

// SavedObject is an object in a Snapshot.
type SavedObject struct {
	TenantID string `json:"tenant_id"`
	Kind     Kind   `json:"kind"`
	Doc      Doc    `json:"doc"`
}

// Snapshot takes the latest state.
func (c *Cloud) Snapshot() Snapshot {
	c.mu.RLock()
	defer c.mu.RUnlock()
	s := Snapshot{Seeded: c.seeded, Tenants: slices.Clone(c.tenants), Accounts: slices.Clone(c.accounts),
		Secrets: maps.Clone(c.secrets), Counters: maps.Clone(c.ids)}
	groups := slices.SortedFunc(maps.Keys(c.order), func(a, b tenantKind) int {
		return cmp.Or(cmp.Compare(a.tenantID, b.tenantID), cmp.Compare(a.kind, b.kind))
	})
	for _, group := range groups {
		for _, o := range c.order[group] {
			if doc := o.versions[len(o.versions)-1].doc; doc != nil {
				s.Objects = append(s.Objects, SavedObject{TenantID: group.tenantID, Kind: group.kind, Doc: doc})
			}
		}
	}
	return s
}

// Load makes a cloud of a snapshot, which every replica knows all of. now stamps commits.
func Load(s Snapshot, now func() time.Time) (*Cloud, error) {
	c := New(now)
	c.seeded, c.tenants, c.accounts = s.Seeded, slices.Clone(s.Tenants), slices.Clone(s.Accounts)
	maps.Copy(c.secrets, s.Secrets)
	maps.Copy(c.ids, s.Counters)
	if _, ok := c.Tenant(s.Seeded.TenantID); !ok {
		return nil, errors.New("the main tenant is missing")
	}
	return c, c.UpdateEverywhere(func(tx *Tx) error {
		for i, o := range s.Objects {
			at := key{o.TenantID, o.Kind, o.Doc.String("id")}
			if at.id == "" || c.objects[at] != nil {
				return fmt.Errorf("object %d: no id, or that of an earlier one", i)
			}
			tx.write(at, o.Doc.Clone())
		}
		for _, t := range c.tenants { // An older snapshot knows no such policy and no vaults.
			if _, ok := tx.ServicePrincipalByClientID(t.ID, KeyVaultClientID); !ok {
				tx.Put(t.ID, ServicePrincipal, newKeyVault(ID(s.Seeded.Seed, "key vault", t.ID), tx.Now()))
			}
			if _, ok := tx.Get(t.ID, AuthorizationPolicy, AuthorizationPolicyID); !ok {
				tx.Put(t.ID, AuthorizationPolicy, NewAuthorizationPolicy())
			}
		}
		return nil
	})
}
