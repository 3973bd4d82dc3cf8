package directory

import (
	"context"
	"time"
)

// Properties are an object's values by property, in a canonical text; a Memory keeps only hashes of them.
type Properties map[string]string

// Memory is what a resource remembers of its last write, so that the next process (a plan right after an apply) does
// not take a lagging replica for drift. It is kept as JSON in Terraform's private state.
type Memory struct {
	At      time.Time            `json:"at"`
	Changed map[string][2]string `json:"changed,omitempty"` // property to hash before, hash after
	Created bool                 `json:"created,omitempty"` // the write created the object: a 404 is not believed at once
}

// Remember makes the Memory of a write. before is nil for a create.
func (c *Client) Remember(before, after Properties) Memory { panic("stub") }

// ReadSettled reads until the result does not contradict m: within Bounds.Recent of the write a property that equals
// its value before the write is read again, and a KindNotFound is read again for up to Bounds.Missing. Anything else is
// believed at once, and so is everything when the bounds have passed. With a zero Memory it reads once.
func ReadSettled[T any](ctx context.Context, c *Client, m Memory, read func(context.Context) (*T, error), props func(*T) Properties) (*T, error) {
	panic("stub")
}
