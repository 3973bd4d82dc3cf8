package tenant

import (
	"math"
	"slices"
	"time"
)

// View is the state of the cloud as of one instant: what a replica shows that has caught up to there. Callbacks given
// to its methods must not call the Cloud, and must not change or keep the documents they are shown.
type View struct {
	cloud  *Cloud
	asOf   time.Time
	commit uint64
}

// View shows the state as of an instant, without what was committed after the call.
func (c *Cloud) View(asOf time.Time) *View {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return &View{cloud: c, asOf: asOf, commit: c.commit}
}

// Latest shows the latest state.
func (c *Cloud) Latest() *View { return c.View(time.Unix(1<<40, 0)) }

func (v *View) current(o *object) Doc {
	for i := len(o.versions) - 1; i >= 0; i-- {
		if ver := o.versions[i]; ver.commit <= v.commit && !ver.at.After(v.asOf) {
			return ver.doc
		}
	}
	if o.trimmed {
		return o.versions[0].doc
	}
	return nil
}

// effective adds to a stored service principal what it inherits from its application. The result shares its values with
// the store.
func (v *View) effective(k Kind, doc Doc) Doc {
	if k != ServicePrincipal || doc == nil {
		return doc
	}
	for _, o := range v.cloud.index[indexed(Application, Key{ClientID: doc.String("appId")})] {
		app := v.current(o)
		if app != nil && app["deletedDateTime"] == nil {
			return inherit(doc, app)
		}
	}
	return doc
}

func isDeleted(d Doc) bool { return d["deletedDateTime"] != nil }

// Inspect shows a live object to f without copying it. It reports whether there is one.
func (v *View) Inspect(tenantID string, k Kind, id string, f func(Doc)) bool {
	v.cloud.mu.RLock()
	defer v.cloud.mu.RUnlock()
	doc := v.lookup(tenantID, k, id, false)
	if doc == nil {
		return false
	}
	f(doc)
	return true
}

func (v *View) lookup(tenantID string, k Kind, id string, deleted bool) Doc {
	o := v.cloud.objects[key{tenantID, k, id}]
	if o == nil {
		return nil
	}
	doc := v.current(o)
	if doc == nil || isDeleted(doc) != deleted {
		return nil
	}
	return v.effective(k, doc)
}

// Get gives a live object by id. A service principal comes with what it inherits from its application.
func (v *View) Get(tenantID string, k Kind, id string) (Doc, bool) {
	return v.get(tenantID, k, id, false)
}

// GetDeleted gives a soft-deleted object by id.
func (v *View) GetDeleted(tenantID string, k Kind, id string) (Doc, bool) {
	return v.get(tenantID, k, id, true)
}

func (v *View) get(tenantID string, k Kind, id string, deleted bool) (Doc, bool) {
	v.cloud.mu.RLock()
	defer v.cloud.mu.RUnlock()
	doc := v.lookup(tenantID, k, id, deleted)
	return doc.Clone(), doc != nil
}

// List gives the live objects of a kind in creation order.
func (v *View) List(tenantID string, k Kind) []Doc { return v.Find(tenantID, k, nil) }

// ListDeleted gives the soft-deleted objects of a kind in creation order.
func (v *View) ListDeleted(tenantID string, k Kind) []Doc {
	return v.find(tenantID, k, true, nil)
}

// Find gives the live objects of a kind that match, in creation order; a nil match is true for all.
func (v *View) Find(tenantID string, k Kind, match func(Doc) bool) []Doc {
	return v.find(tenantID, k, false, match)
}

func (v *View) find(tenantID string, k Kind, deleted bool, match func(Doc) bool) []Doc {
	docs, _ := v.Page(Query{TenantID: tenantID, Kind: k, Deleted: deleted, Match: match}, 0, math.MaxInt, nil)
	return docs
}

// Query is a choice among the objects of a tenant and kind.
type Query struct {
	TenantID string
	Kind     Kind
	Deleted  bool // soft-deleted objects instead of live ones
	// By leaves only objects that have this key, without looking at the others; the zero Key leaves all.
	By Key
	// Match leaves what it is true for; nil leaves all.
	Match func(Doc) bool
}

// Page gives up to limit objects that a query leaves, in creation order, from a position on, which is 0 at first. next
// is where to go on, 0 when there are no more; it holds good whatever is made or removed meanwhile. What cut leaves of an object is copied; a nil cut leaves all.
func (v *View) Page(q Query, from, limit int, cut func(Doc) Doc) (docs []Doc, next int) {
	v.walk(q, from, func(at int, doc Doc) bool {
		if len(docs) == limit {
			next = at
			return false
		}
		if cut != nil {
			doc = cut(doc)
		}
		docs = append(docs, doc.Clone())
		return true
	})
	return docs, next
}

// Count tells how many objects a query leaves.
func (v *View) Count(q Query) int {
	n := 0
	v.walk(q, 0, func(int, Doc) bool {
		n++
		return true
	})
	return n
}

// walk shows f what a query leaves, with its position, until f returns false.
func (v *View) walk(q Query, from int, f func(at int, doc Doc) bool) {
	v.cloud.mu.RLock()
	defer v.cloud.mu.RUnlock()
	objects := v.cloud.order[tenantKind{q.TenantID, q.Kind}]
	if q.By != (Key{}) {
		objects = v.cloud.candidates(q.TenantID, q.Kind, q.By)
	}
	start, _ := slices.BinarySearchFunc(objects, from, bySequence)
	for _, o := range objects[start:] {
		if o.key.tenantID != q.TenantID {
			continue
		}
		doc := v.lookup(q.TenantID, q.Kind, o.key.id, q.Deleted)
		if doc == nil || q.By != (Key{}) && !q.By.matches(doc) || q.Match != nil && !q.Match(doc) {
			continue
		}
		if !f(o.sequence, doc) {
			return
		}
	}
}

// ApplicationByClientID finds a live application by its client id in whatever tenant it lives.
func (v *View) ApplicationByClientID(clientID string) (tenantID string, app Doc, ok bool) {
	v.cloud.mu.RLock()
	defer v.cloud.mu.RUnlock()
	for _, o := range v.cloud.index[indexed(Application, Key{ClientID: clientID})] {
		if doc := v.current(o); doc != nil && !isDeleted(doc) {
			return o.key.tenantID, doc.Clone(), true
		}
	}
	return "", nil, false
}

// ServicePrincipalByClientID finds a tenant's live service principal by its client id.
func (v *View) ServicePrincipalByClientID(tenantID, clientID string) (Doc, bool) {
	return v.Lookup(tenantID, ServicePrincipal, Key{ClientID: clientID})
}

// Grants gives the live delegated permission grants of a client to a resource (service principal object ids) that hold
// for a user: the one for all users, and the user's own when userID is not "".
func (v *View) Grants(tenantID, clientPrincipalID, resourcePrincipalID, userID string) []Doc {
	return v.Find(tenantID, Grant, func(d Doc) bool {
		return d.String("clientId") == clientPrincipalID && d.String("resourceId") == resourcePrincipalID &&
			(d["principalId"] == nil || userID != "" && d.String("principalId") == userID)
	})
}
