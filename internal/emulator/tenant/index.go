package tenant

import (
	"slices"
	"strings"
)

// Key names one object among those of a kind by its object id, its client id or its unique name: one of them is set.
type Key struct {
	ID, ClientID, UniqueName string
}

func (k Key) matches(d Doc) bool {
	switch {
	case k.ID != "":
		return d.String("id") == k.ID
	case k.ClientID != "":
		return d.String("appId") == k.ClientID
	}
	return k.UniqueName != "" && strings.EqualFold(d.String("uniqueName"), k.UniqueName)
}

// clientKey is what applications and service principals of all tenants are indexed by.
type clientKey struct {
	kind     Kind
	clientID string
}

// nameKey is a unique name in a tenant, in lower case: its case doesn't count.
type nameKey struct {
	tenantID, name string
}

func uniqueName(tenantID, name string) nameKey { return nameKey{tenantID, strings.ToLower(name)} }

// index notes by what an object can be found, and gives what takes the note back. It never forgets a name: who follows
// it looks whether the object still has it.
func (c *Cloud) index(o *object, doc Doc) (undo []func()) {
	if len(o.versions) == 0 && (o.key.kind == Application || o.key.kind == ServicePrincipal) {
		at := clientKey{o.key.kind, doc.String("appId")}
		c.clients[at] = append(c.clients[at], o)
		undo = append(undo, func() { c.clients[at] = c.clients[at][:len(c.clients[at])-1] })
	}
	at := uniqueName(o.key.tenantID, doc.String("uniqueName"))
	if o.key.kind == Application && at.name != "" && !slices.Contains(c.names[at], o) {
		c.names[at] = append(c.names[at], o)
		undo = append(undo, func() { c.names[at] = c.names[at][:len(c.names[at])-1] })
	}
	return undo
}

// candidates are the objects of a tenant that may have a key.
func (c *Cloud) candidates(tenantID string, k Kind, by Key) []*object {
	var found []*object
	switch {
	case by.ID != "":
		if o := c.objects[key{tenantID, k, by.ID}]; o != nil {
			found = []*object{o}
		}
	case by.ClientID != "":
		found = c.clients[clientKey{k, by.ClientID}]
	case k == Application:
		found = c.names[uniqueName(tenantID, by.UniqueName)]
	}
	return found
}

// Lookup gives a live object by a key. A service principal comes with what it inherits from its application.
func (v *View) Lookup(tenantID string, k Kind, by Key) (Doc, bool) {
	v.cloud.mu.RLock()
	defer v.cloud.mu.RUnlock()
	for _, o := range v.cloud.candidates(tenantID, k, by) {
		if o.key.tenantID != tenantID {
			continue
		}
		if doc := v.lookup(tenantID, k, o.key.id, false); doc != nil && by.matches(doc) {
			return doc.Clone(), true
		}
	}
	return nil, false
}

// Lookup gives a live object by a key, as stored.
func (tx *Tx) Lookup(tenantID string, k Kind, by Key) (Doc, bool) {
	for _, o := range tx.view.cloud.candidates(tenantID, k, by) {
		if doc := tx.view.current(o); o.key.tenantID == tenantID && doc != nil && !isDeleted(doc) && by.matches(doc) {
			return doc.Clone(), true
		}
	}
	return nil, false
}

// NameHolders gives the ids of a tenant's applications, live and soft-deleted, that have a unique name.
func (tx *Tx) NameHolders(tenantID, name string) []string {
	var ids []string
	by := Key{UniqueName: name}
	for _, o := range tx.view.cloud.candidates(tenantID, Application, by) {
		if doc := tx.view.current(o); doc != nil && by.matches(doc) {
			ids = append(ids, o.key.id)
		}
	}
	return ids
}
