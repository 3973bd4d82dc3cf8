package tenant

import (
	"cmp"
	"slices"
	"time"
)

// replacement is an object of which a version was replaced, or which was removed.
type replacement struct {
	object *object
	at     time.Time
}

// KeepHistory lets the cloud forget versions that were replaced, and objects that were removed, longer ago than d. No
// View may be as of an earlier instant; one that a caller holds for as long sees of such an object the oldest state that
// is kept. Without a call everything is kept.
func (c *Cloud) KeepHistory(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.keep, c.forgets = d, true
}

// forget takes away what was replaced long enough ago. Replacements come in the order of their commits, so that this
// looks at each of them once.
func (c *Cloud) forget(now time.Time) {
	horizon := now.Add(-c.keep)
	due := 0
	for due < len(c.replaced) && c.replaced[due].at.Before(horizon) {
		c.trim(c.replaced[due].object, horizon)
		due++
	}
	clear(c.replaced[:due]) // The array behind it lives on.
	c.replaced = c.replaced[due:]
}

// trim takes away the versions of an object that no view as of horizon or later shows.
func (c *Cloud) trim(o *object, horizon time.Time) {
	oldest := len(o.versions) - 1
	for oldest > 0 && o.versions[oldest].at.After(horizon) {
		oldest--
	}
	gone := o.versions[:oldest]
	o.versions, o.trimmed = slices.Clone(o.versions[oldest:]), o.trimmed || oldest > 0
	for _, v := range gone {
		c.unnote(o, v.doc)
	}
	if len(o.versions) == 1 && o.versions[0].doc == nil && c.objects[o.key] == o {
		delete(c.objects, o.key)
		group := tenantKind{o.key.tenantID, o.key.kind}
		c.order[group] = without(c.order[group], o)
	}
}

// unnote forgets those keys of a document that no version of its object has.
func (c *Cloud) unnote(o *object, doc Doc) {
	for _, at := range keysOf(o.key.kind, doc) {
		if slices.ContainsFunc(o.versions, func(v version) bool { return slices.Contains(keysOf(o.key.kind, v.doc), at) }) {
			continue
		}
		c.index[at] = without(c.index[at], o)
		if len(c.index[at]) == 0 {
			delete(c.index, at)
		}
	}
}

// bySequence compares an object with a place in the order of creation.
func bySequence(o *object, sequence int) int { return cmp.Compare(o.sequence, sequence) }

// with puts an object into a list in creation order, unless it is there.
func with(list []*object, o *object) []*object {
	at, held := slices.BinarySearchFunc(list, o.sequence, bySequence)
	if held {
		return list
	}
	return slices.Insert(list, at, o)
}

// without takes an object out of a list in creation order.
func without(list []*object, o *object) []*object {
	at, held := slices.BinarySearchFunc(list, o.sequence, bySequence)
	if !held {
		return list
	}
	return slices.Delete(list, at, at+1)
}
