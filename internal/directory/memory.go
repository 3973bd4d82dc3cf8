package directory

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/settle"
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
func (c *Client) Remember(before, after Properties) Memory {
	m := Memory{At: c.now().UTC(), Created: before == nil}
	for name, change := range changes(before, after) {
		if m.Changed == nil {
			m.Changed = make(map[string][2]string)
		}
		m.Changed[name] = [2]string{hash(change[0]), hash(change[1])}
	}
	return m
}

// changes lists the properties that differ, with both values; an absent property has the value "".
func changes(before, after Properties) map[string][2]string {
	out := make(map[string][2]string)
	if before == nil {
		return out // a create has no earlier value that a replica could still show
	}
	for name, value := range after {
		if before[name] != value {
			out[name] = [2]string{before[name], value}
		}
	}
	for name, value := range before {
		if _, kept := after[name]; !kept && value != "" {
			out[name] = [2]string{value, ""}
		}
	}
	return out
}

func hash(value string) string {
	sum := sha256.Sum256([]byte(value))
	return base64.RawURLEncoding.EncodeToString(sum[:12])
}

// contradicts tells whether a read shows a property as it was before the write.
func (m Memory) contradicts(read Properties) bool {
	for name, change := range m.Changed {
		if hash(read[name]) == change[0] {
			return true
		}
	}
	return false
}

// ReadSettled reads until the result does not contradict m: within Bounds.Recent of the write a property that equals
// its value before the write is read again, for up to Bounds.Missing, because somebody may have set it back; and a
// KindNotFound is read again until Bounds.Missing after the write. Anything else is believed at once, and so is what was
// seen last when ctx's deadline passes. With a zero Memory it reads once. The first read takes what Graph has shown this
// process a moment ago; each further one goes to Graph.
func ReadSettled[T any](ctx context.Context, c *Client, m Memory, read func(context.Context) (*T, error), props func(*T) Properties) (*T, error) {
	if m.At.IsZero() {
		return read(forRefresh(ctx))
	}
	// The age of the write comes from the clock for dates, the time that passes here from the timer.
	start, age := time.Now(), max(c.now().Sub(m.At), 0)
	first := true
	v, err := await(ctx, c, wait{opReadAgain, "", "replicas to show the last write"}, func(ctx context.Context) (*T, error) {
		if first {
			ctx, first = forRefresh(ctx), false
		}
		return read(ctx)
	}, func(v *T, err error) bool {
		waited := time.Since(start)
		switch {
		case KindOf(err) == KindNotFound && err != nil:
			return age+waited >= c.bounds.Missing
		case err != nil:
			return true
		}
		return age+waited >= c.bounds.Recent || waited >= c.bounds.Missing || !m.contradicts(props(v))
	})
	var ended *settle.TimeoutError
	if errors.As(err, &ended) && errors.Is(ended.Cause, context.DeadlineExceeded) && (v != nil || ended.Last != nil) {
		return v, ended.Last
	}
	if err != nil {
		return nil, err
	}
	return v, nil
}
