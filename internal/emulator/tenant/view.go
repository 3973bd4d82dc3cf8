package tenant

import "time"

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
	return nil
}

// effective adds to a stored service principal what it inherits from its application. The result shares its values with
// the store.
func (v *View) effective(k Kind, doc Doc) Doc {
	if k != ServicePrincipal || doc == nil {
		return doc
	}
	for _, o := range v.cloud.clients[clientKey{Application, doc.String("appId")}] {
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
	v.cloud.mu.RLock()
	defer v.cloud.mu.RUnlock()
	var out []Doc
	for _, o := range v.cloud.order[tenantKind{tenantID, k}] {
		doc := v.lookup(tenantID, k, o.key.id, deleted)
		if doc != nil && (match == nil || match(doc)) {
			out = append(out, doc.Clone())
		}
	}
	return out
}

// Page gives up to limit objects of a kind that match (soft-deleted ones instead of live ones with deleted), from a
// position on, which is 0 at first. next is where to go on, 0 when there are no more. What cut leaves of an object is
// copied; a nil cut leaves all.
func (v *View) Page(tenantID string, k Kind, deleted bool, from, limit int, match func(Doc) bool, cut func(Doc) Doc) (docs []Doc, next int) {
	v.cloud.mu.RLock()
	defer v.cloud.mu.RUnlock()
	order := v.cloud.order[tenantKind{tenantID, k}]
	for i := from; i < len(order); i++ {
		doc := v.lookup(tenantID, k, order[i].key.id, deleted)
		if doc == nil || match != nil && !match(doc) {
			continue
		}
		if len(docs) == limit {
			return docs, i
		}
		if cut != nil {
			doc = cut(doc)
		}
		docs = append(docs, doc.Clone())
	}
	return docs, 0
}

// Count tells how many objects of a kind match; a nil match is true for all.
func (v *View) Count(tenantID string, k Kind, deleted bool, match func(Doc) bool) int {
	v.cloud.mu.RLock()
	defer v.cloud.mu.RUnlock()
	n := 0
	for _, o := range v.cloud.order[tenantKind{tenantID, k}] {
		if doc := v.lookup(tenantID, k, o.key.id, deleted); doc != nil && (match == nil || match(doc)) {
			n++
		}
	}
	return n
}

// ApplicationByClientID finds a live application by its client id in whatever tenant it lives.
func (v *View) ApplicationByClientID(clientID string) (tenantID string, app Doc, ok bool) {
	v.cloud.mu.RLock()
	defer v.cloud.mu.RUnlock()
	for _, o := range v.cloud.clients[clientKey{Application, clientID}] {
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
