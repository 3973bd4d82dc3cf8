// Package bounded remembers what an emulator was asked without growing for ever.
package bounded

import (
	"slices"
	"sync"
)

// Recent keeps the newest items of a list. It is safe for concurrent use; the zero value keeps all.
type Recent[T any] struct {
	// Most is how many are kept, 0 for all. It is set before the first Add.
	Most int

	mu    sync.Mutex
	items []T
	first int // the oldest, once there are Most
}

// Add adds an item, in the place of the oldest when there is no other.
func (r *Recent[T]) Add(item T) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.Most == 0 || len(r.items) < r.Most {
		r.items = append(r.items, item)
		return
	}
	r.items[r.first] = item
	r.first = (r.first + 1) % r.Most
}

// All lists what is kept, the oldest first.
func (r *Recent[T]) All() []T {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Concat(r.items[r.first:], r.items[:r.first])
}

// Reset forgets everything.
func (r *Recent[T]) Reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.items, r.first = nil, 0
}

// keys is how many keys a Counter knows at least: more than anybody asks about in turn.
const keys = 50_000

// Counter counts how often each key came. A key that didn't come while 50,000 others did may begin anew. It is safe for
// concurrent use; the zero value is ready.
type Counter[K comparable] struct {
	mu         sync.Mutex
	young, old map[K]int
}

// Next tells how often a key came before, and counts it.
func (c *Counter[K]) Next(key K) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n, known := c.young[key]
	if !known {
		if c.young == nil || len(c.young) == keys {
			c.young, c.old = map[K]int{}, c.young
		}
		n = c.old[key]
	}
	c.young[key] = n + 1
	return n
}

// Reset begins anew with all keys.
func (c *Counter[K]) Reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.young, c.old = nil, nil
}
