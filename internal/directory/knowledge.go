package directory

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"
)

// memory is what this process knows of the objects of one kind: what it last read, with its own writes applied, and
// which values those writes have made obsolete. Times here are the timer's, not those of the clock for dates.
type memory[T any] struct {
	bounds Bounds
	props  func(*T) Properties
	clone  func(*T) *T

	mu      *sync.Mutex
	objects map[string]*knowledge[T]
}

type knowledge[T any] struct {
	snapshot *T
	seen     time.Time // when Graph was last asked and showed the snapshot, or confirmed a write to it
	shown    time.Time // when Graph was last asked and showed the snapshot; zero after a write
	alive    time.Time // the last proof that the object exists
	made     time.Time // when this process created it; zero when it did not
	deleted  time.Time // when this process deleted it; zero while it did not
	writes   int
	obsolete map[string]obsolescence
}

// obsolescence is what a replica may still show of a property that this process has written.
type obsolescence struct {
	at     time.Time
	now    string
	open   bool                 // now is not known: an earlier process has written it, and the first read that is not stale tells
	before map[string]time.Time // earlier values, and when this process wrote over each; zero where an earlier one did
}

func newMemory[T any](b Bounds, props func(*T) Properties, clone func(*T) *T) memory[T] {
	return memory[T]{bounds: b, props: props, clone: clone, mu: &sync.Mutex{}, objects: make(map[string]*knowledge[T])}
}

// with runs f on what is known of an object, under the lock. GUIDs mean the same in either case, and the ids of two grants
// differ in more than that.
func (m *memory[T]) with(id string, f func(*knowledge[T])) {
	id = strings.ToLower(id)
	m.mu.Lock()
	defer m.mu.Unlock()
	k := m.objects[id]
	if k == nil {
		k = &knowledge[T]{obsolete: make(map[string]obsolescence)}
		m.objects[id] = k
	}
	f(k)
}

// created remembers an object that this process has just made.
func (m *memory[T]) created(id string, v *T) {
	m.with(id, func(k *knowledge[T]) {
		now := time.Now()
		*k = knowledge[T]{snapshot: m.clone(v), seen: now, alive: now, made: now, writes: k.writes + 1, obsolete: make(map[string]obsolescence)}
	})
}

// wrote remembers a write that Graph has confirmed.
func (m *memory[T]) wrote(id string, before, after *T) {
	m.with(id, func(k *knowledge[T]) {
		now := time.Now()
		k.snapshot, k.seen, k.shown, k.alive, k.deleted = m.clone(after), now, time.Time{}, now, time.Time{}
		k.writes++
		for name, change := range changes(m.props(before), m.props(after)) {
			o := k.obsolete[name]
			if o.before == nil {
				o.before = make(map[string]time.Time)
			}
			o.before[change[0]] = now
			delete(o.before, change[1])
			o.at, o.now, o.open = now, change[1], false
			k.obsolete[name] = o
		}
	})
}

// unsure forgets what a property was written to be: a write to it was sent, and it is not known whether it was applied.
func (m *memory[T]) unsure(id, property string) {
	m.with(id, func(k *knowledge[T]) { delete(k.obsolete, property) })
}

// removed remembers that this process has deleted an object.
func (m *memory[T]) removed(id string) {
	m.with(id, func(k *knowledge[T]) {
		*k = knowledge[T]{deleted: time.Now(), writes: k.writes + 1, obsolete: make(map[string]obsolescence)}
	})
}

// restored forgets a deletion.
func (m *memory[T]) restored(id string) {
	m.with(id, func(k *knowledge[T]) { k.deleted, k.alive = time.Time{}, time.Now(); k.writes++ })
}

// recall takes over what an earlier process wrote that long ago: the object was there then, and what the write added to it
// (properties) shows on every replica that has caught up.
func (m *memory[T]) recall(id string, age time.Duration, properties ...string) {
	if age >= m.bounds.Missing {
		return
	}
	m.with(id, func(k *knowledge[T]) {
		then := time.Now().Add(-age)
		if !k.deleted.IsZero() {
			return
		}
		if then.After(k.alive) {
			k.alive = then
		}
		for _, name := range properties {
			if _, known := k.obsolete[name]; known {
				continue
			}
			if k.snapshot != nil && m.props(k.snapshot)[name] == "" {
				k.snapshot = nil // what was read before this was known is as late
			}
			// Kept for Bounds.Missing and no longer: somebody may have taken it away since.
			k.obsolete[name] = obsolescence{at: then.Add(m.bounds.Missing - m.bounds.Recent), open: true, before: map[string]time.Time{"": {}}}
		}
	})
}

// accept judges a read whose request set out at asked. One that shows what this process had made obsolete by then is
// stale, and is not accepted. One that lacks only what was written since was true when it was asked for: it will do, but
// tells nothing new. Any other becomes the snapshot, because a value that was never ours is somebody else's change.
func (m *memory[T]) accept(id string, v *T, asked time.Time) (ok bool) {
	m.with(id, func(k *knowledge[T]) {
		if recently(k.deleted, m.bounds.Recent) {
			return
		}
		overtaken, props := false, m.props(v)
		for name, o := range k.obsolete {
			over, earlier := o.before[props[name]]
			switch {
			case !recently(o.at, m.bounds.Recent):
				delete(k.obsolete, name)
			case earlier && !over.After(asked):
				return
			case earlier:
				overtaken = true
			}
		}
		ok, k.alive = true, time.Now()
		if overtaken {
			return
		}
		for name, o := range k.obsolete {
			switch {
			case o.open:
				o.now, o.open = props[name], false
				k.obsolete[name] = o
			case props[name] != o.now:
				delete(k.obsolete, name) // changed by somebody else, who may change it back
			}
		}
		k.snapshot, k.seen, k.shown, k.deleted = m.clone(v), asked, asked, time.Time{}
	})
	return ok
}

// believes404 tells whether a failure with 404 is to be believed: its request did not set out within Bounds.Missing of a
// proof that the object exists. When the reply came says nothing, it may have taken its time.
func (m *memory[T]) believes404(id string, failure error) (ok bool) {
	asked := errorOf(failure).asked
	if asked.IsZero() {
		asked = time.Now()
	}
	m.with(id, func(k *knowledge[T]) { ok = !within(asked, k.alive, m.bounds.Missing) })
	return ok
}

// deletedByUs tells whether this process has deleted the object.
func (m *memory[T]) deletedByUs(id string) (yes bool) {
	m.with(id, func(k *knowledge[T]) { yes = !k.deleted.IsZero() })
	return yes
}

// madeByUs tells whether this process has created the object.
func (m *memory[T]) madeByUs(id string) (yes bool) {
	m.with(id, func(k *knowledge[T]) { yes = !k.made.IsZero() })
	return yes
}

// written lists the ids of the objects that this process has written recently, deletions included: lists may not show it.
func (m *memory[T]) written() (ids []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for id, k := range m.objects {
		written := recently(k.made, m.bounds.Recent) || recently(k.deleted, m.bounds.Recent)
		for _, o := range k.obsolete {
			written = written || recently(o.at, m.bounds.Recent)
		}
		if written {
			ids = append(ids, id)
		}
	}
	return ids
}

// known is a copy of the snapshot, nil when there is none that is at most maxAge old. An object that this process
// made counts as fresh for ownFor after it was made.
func (m *memory[T]) known(id string, maxAge time.Duration) (v *T) {
	m.with(id, func(k *knowledge[T]) {
		if k.snapshot != nil && (recently(k.seen, maxAge) || recently(k.made, ownFor)) {
			v = m.clone(k.snapshot)
		}
	})
	return v
}

// recent is a copy of what Graph has shown a moment ago, for a refresh; nil when there is nothing or ctx is of no refresh.
func (m *memory[T]) recent(ctx context.Context, id string) (v *T) {
	if ctx.Value(refreshKey{}) == nil {
		return nil
	}
	m.with(id, func(k *knowledge[T]) {
		if recently(k.shown, refreshFor) {
			v = m.clone(k.snapshot)
		}
	})
	return v
}

type refreshKey struct{}

// forRefresh gives a context whose reads need not reach Graph for what it has shown a moment ago.
func forRefresh(ctx context.Context) context.Context {
	return context.WithValue(ctx, refreshKey{}, true)
}

// generation changes with each write, so that a reader never joins a request that set out before it.
func (m *memory[T]) generation(id string) (n int) {
	m.with(id, func(k *knowledge[T]) { n = k.writes })
	return n
}

func recently(t time.Time, d time.Duration) bool { return within(time.Now(), t, d) }

// within tells whether something happened less than d before then.
func within(then, t time.Time, d time.Duration) bool { return !t.IsZero() && then.Sub(t) < d }

// anyAge accepts whatever the process knows.
const anyAge = 365 * 24 * time.Hour

// sight is one read. It is stale when it contradicts what this process knows.
type sight[T any] struct {
	value *T
	stale bool
}

// glance reads an object once, sharing the request with concurrent readers, and remembers what is not stale.
func glance[T any](ctx context.Context, c *Client, m *memory[T], op operation, id string, get func(context.Context) (*T, error)) (sight[T], error) {
	key := fmt.Sprintf("%T %s %d", *new(T), id, m.generation(id))
	v, asked, err := share(ctx, &c.reads, key, refreshFor, func(ctx context.Context) (*T, error) {
		v, err := get(ctx)
		return v, c.fail(op, id, err)
	})
	if err != nil {
		return sight[T]{}, askedAt(err, asked)
	}
	// A deletion of ours makes a 200 as stale as it makes a 404 right.
	return sight[T]{value: m.clone(v), stale: !m.accept(id, v, asked)}, nil
}

// read gets an object from Graph, and again while what comes contradicts what this process knows.
func read[T any](ctx context.Context, c *Client, m *memory[T], op operation, id string, get func(context.Context) (*T, error)) (*T, error) {
	if v := m.recent(ctx, id); v != nil {
		return v, nil
	}
	seen, err := await(ctx, c, wait{op, id, "replicas to agree with what was written"}, func(ctx context.Context) (sight[T], error) {
		return glance(ctx, c, m, op, id, get)
	}, func(seen sight[T], err error) bool {
		if err != nil {
			return KindOf(err) != KindNotFound || m.believes404(id, err)
		}
		return !seen.stale
	})
	if err != nil {
		return nil, err
	}
	return seen.value, nil
}

// having lists copies of what this process has made or read, as it knows it now.
func (m *memory[T]) having(fits func(*T) bool) (known []*T) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, k := range m.objects {
		if k.snapshot != nil && fits(k.snapshot) {
			known = append(known, m.clone(k.snapshot))
		}
	}
	return known
}

// find is the id of a known object that fits, "" when there is none.
func (m *memory[T]) find(fits func(*T) bool) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	for id, k := range m.objects {
		if k.snapshot != nil && fits(k.snapshot) {
			return id
		}
	}
	return ""
}
