package tenant

import (
	"slices"
	"strings"
)

// Key names an object among those of a kind by its object id, its client id, or what only applications have: a unique
// name or an identifier URI. One of them is set; the zero Key names none.
type Key struct {
	ID, ClientID, UniqueName, IdentifierURI string
}

func (k Key) matches(d Doc) bool {
	switch {
	case k.ID != "":
		return d.String("id") == k.ID
	case k.ClientID != "":
		return d.String("appId") == k.ClientID
	case k.UniqueName != "":
		return strings.EqualFold(d.String("uniqueName"), k.UniqueName)
	}
	return k.IdentifierURI != "" && slices.Contains(d.Strings("identifierUris"), k.IdentifierURI)
}

// indexKey is a value by which the objects of a kind are found, in all tenants.
type indexKey struct {
	kind            Kind
	property, value string
}

// indexed gives the place of a Key in the index. The case of a unique name doesn't count.
func indexed(k Kind, by Key) indexKey {
	switch {
	case by.ClientID != "":
		return indexKey{k, "appId", by.ClientID}
	case by.UniqueName != "":
		return indexKey{k, "uniqueName", strings.ToLower(by.UniqueName)}
	}
	return indexKey{k, "identifierUris", by.IdentifierURI}
}

// keysOf lists by what a document can be found, beside its id.
func keysOf(k Kind, doc Doc) []indexKey {
	if k != Application && k != ServicePrincipal || doc == nil {
		return nil
	}
	keys := []indexKey{indexed(k, Key{ClientID: doc.String("appId")})}
	if name := doc.String("uniqueName"); name != "" {
		keys = append(keys, indexed(k, Key{UniqueName: name}))
	}
	for _, uri := range doc.Strings("identifierUris") {
		keys = append(keys, indexed(k, Key{IdentifierURI: uri}))
	}
	return keys
}

// note keeps by what an object can be found. Who follows it looks whether the object still has the value: it is forgotten
// with the last version that has it.
func (c *Cloud) note(o *object, doc Doc) {
	for _, at := range keysOf(o.key.kind, doc) {
		c.index[at] = with(c.index[at], o)
	}
}

// candidates are the objects of all tenants that may have a key.
func (c *Cloud) candidates(tenantID string, k Kind, by Key) []*object {
	if by.ID == "" {
		return c.index[indexed(k, by)]
	}
	if o := c.objects[key{tenantID, k, by.ID}]; o != nil {
		return []*object{o}
	}
	return nil
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

// Holders gives the ids of a tenant's objects that have a key: the live ones and the soft-deleted ones.
func (tx *Tx) Holders(tenantID string, k Kind, by Key) (live, deleted []string) {
	for _, o := range tx.view.cloud.candidates(tenantID, k, by) {
		doc := tx.view.current(o)
		switch {
		case o.key.tenantID != tenantID || doc == nil || !by.matches(doc):
		case isDeleted(doc):
			deleted = append(deleted, o.key.id)
		default:
			live = append(live, o.key.id)
		}
	}
	return live, deleted
}
