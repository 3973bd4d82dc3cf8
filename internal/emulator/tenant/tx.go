package tenant

import (
	"encoding/hex"
	"slices"
	"strconv"
	"time"
)

// Tx is a write on the latest state. It is valid only inside the function given to Update. Its reads give what is
// stored: a service principal without what it inherits.
type Tx struct {
	view    *View
	at      time.Time
	visible time.Time // what the versions are stamped with
	undo    []func()
	// replaced are the objects that had a version before.
	replaced []*object
}

// Update runs f alone on the latest state. When f returns an error, or panics, nothing has happened.
func (c *Cloud) Update(f func(*Tx) error) error { return c.update(c.now(), f) }

// UpdateEverywhere is Update for a change that every replica knows at once, however far it lags: one that somebody made
// a good while ago.
func (c *Cloud) UpdateEverywhere(f func(*Tx) error) error { return c.update(time.Time{}, f) }

func (c *Cloud) update(visible time.Time, f func(*Tx) error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.commit++
	tx := &Tx{view: &View{cloud: c, asOf: time.Unix(1<<40, 0), commit: c.commit}, at: c.now(), visible: visible}
	kept := false
	defer func() { // Also when f panics.
		for i := len(tx.undo) - 1; i >= 0 && !kept; i-- {
			tx.undo[i]()
		}
	}()
	if err := f(tx); err != nil {
		return err
	}
	kept = true
	if c.forgets {
		for _, o := range tx.replaced {
			c.replaced = append(c.replaced, replacement{o, tx.at})
		}
		c.forget(tx.at)
	}
	return nil
}

// Tenants lists the tenants in the order they were added.
func (tx *Tx) Tenants() []TenantInfo { return slices.Clone(tx.view.cloud.tenants) }

// Now is the time of the commit.
func (tx *Tx) Now() time.Time { return tx.at }

// NewID makes a GUID that depends on the cloud's seed, the parts, and how often these parts were asked for: the same
// work gives the same ids, in whatever order parallel callers do it.
func (tx *Tx) NewID(parts ...string) string {
	return ID(tx.view.cloud.seeded.Seed, append(parts, tx.nth(parts))...)
}

// newSecret makes the text of a client secret and keeps it under its key id.
func (tx *Tx) newSecret(keyID string) string {
	c := tx.view.cloud
	text := SecretText(c.seeded.Seed, keyID)
	c.secrets[keyID] = text
	tx.undo = append(tx.undo, func() { delete(c.secrets, keyID) })
	return text
}

func (tx *Tx) nth(parts []string) string {
	ids, sum := tx.view.cloud.ids, Digest(0, parts...)
	counter := hex.EncodeToString(sum[:])
	n := ids[counter]
	ids[counter] = n + 1
	tx.undo = append(tx.undo, func() { ids[counter] = n })
	return strconv.FormatUint(n, 10)
}

// Get gives a live object as stored.
func (tx *Tx) Get(tenantID string, k Kind, id string) (Doc, bool) {
	return tx.get(tenantID, k, id, false)
}

// Effective gives a live object; a service principal comes with what it inherits from its application.
func (tx *Tx) Effective(tenantID string, k Kind, id string) (Doc, bool) {
	doc := tx.view.lookup(tenantID, k, id, false)
	return doc.Clone(), doc != nil
}

// GetDeleted gives a soft-deleted object as stored.
func (tx *Tx) GetDeleted(tenantID string, k Kind, id string) (Doc, bool) {
	return tx.get(tenantID, k, id, true)
}

func (tx *Tx) get(tenantID string, k Kind, id string, deleted bool) (Doc, bool) {
	o := tx.view.cloud.objects[key{tenantID, k, id}]
	if o == nil {
		return nil, false
	}
	doc := tx.view.current(o)
	if doc == nil || isDeleted(doc) != deleted {
		return nil, false
	}
	return doc.Clone(), true
}

// Find gives the live objects of a kind that match, as stored; FindDeleted the soft-deleted ones.
func (tx *Tx) Find(tenantID string, k Kind, match func(Doc) bool) []Doc {
	return tx.find(tenantID, k, false, match)
}

// FindDeleted gives the soft-deleted objects of a kind that match, as stored.
func (tx *Tx) FindDeleted(tenantID string, k Kind, match func(Doc) bool) []Doc {
	return tx.find(tenantID, k, true, match)
}

func (tx *Tx) find(tenantID string, k Kind, deleted bool, match func(Doc) bool) []Doc {
	var out []Doc
	for _, o := range tx.view.cloud.order[tenantKind{tenantID, k}] {
		doc := tx.view.current(o)
		if doc != nil && isDeleted(doc) == deleted && match(doc) {
			out = append(out, doc.Clone())
		}
	}
	return out
}

// Inspect shows the live objects of a kind, as stored and uncopied, to f until it returns true.
func (tx *Tx) Inspect(tenantID string, k Kind, f func(Doc) bool) {
	for _, o := range tx.view.cloud.order[tenantKind{tenantID, k}] {
		if doc := tx.view.current(o); doc != nil && !isDeleted(doc) && f(doc) {
			return
		}
	}
}

// ApplicationByClientID finds a live application by its client id in whatever tenant it lives.
func (tx *Tx) ApplicationByClientID(clientID string) (tenantID string, app Doc, ok bool) {
	for _, o := range tx.view.cloud.index[indexed(Application, Key{ClientID: clientID})] {
		if doc := tx.view.current(o); doc != nil && !isDeleted(doc) {
			return o.key.tenantID, doc.Clone(), true
		}
	}
	return "", nil, false
}

// ServicePrincipalByClientID finds a tenant's live service principal by its client id, as stored.
func (tx *Tx) ServicePrincipalByClientID(tenantID, clientID string) (Doc, bool) {
	return tx.Lookup(tenantID, ServicePrincipal, Key{ClientID: clientID})
}

// Put stores an object under its id, new or not. A non-null deletedDateTime makes it soft-deleted.
func (tx *Tx) Put(tenantID string, k Kind, doc Doc) {
	tx.write(key{tenantID, k, doc.String("id")}, doc.Clone())
}

// SoftDelete moves a live object to the deleted items.
func (tx *Tx) SoftDelete(tenantID string, k Kind, id string) bool {
	doc, ok := tx.Get(tenantID, k, id)
	if ok {
		doc["deletedDateTime"] = tx.at
		tx.Put(tenantID, k, doc)
	}
	return ok
}

// Remove takes an object away without a trace.
func (tx *Tx) Remove(tenantID string, k Kind, id string) {
	if o := tx.view.cloud.objects[key{tenantID, k, id}]; o != nil {
		tx.write(o.key, nil)
	}
}

func (tx *Tx) write(at key, doc Doc) {
	c := tx.view.cloud
	o := c.objects[at]
	if o == nil {
		c.sequence++
		o = &object{key: at, sequence: c.sequence}
		c.objects[at] = o
		group := tenantKind{at.tenantID, at.kind}
		c.order[group] = append(c.order[group], o)
		tx.undo = append(tx.undo, func() {
			delete(c.objects, at)
			c.order[group] = c.order[group][:len(c.order[group])-1]
		})
	}
	if len(o.versions) > 0 {
		tx.replaced = append(tx.replaced, o)
	}
	c.note(o, doc)
	o.versions = append(o.versions, version{commit: tx.view.commit, at: tx.visible, doc: doc})
	tx.undo = append(tx.undo, func() {
		o.versions = o.versions[:len(o.versions)-1]
		c.unnote(o, doc)
	})
}
