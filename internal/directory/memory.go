package directory

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/settle"
)

// Properties are an object's values by property, in a canonical text; a Memory keeps only hashes of them.
type Properties map[string]string

// Memory is what a resource remembers of its last write, so that the next process (a plan right after an apply) does
// not take a lagging replica for drift. It is kept as JSON in Terraform's private state.
type Memory struct {
	At      time.Time           `json:"at"`
	Changed map[string][]string `json:"changed,omitempty"` // property to hashes: of the values before, oldest first, and of the one after
	Created bool                `json:"created,omitempty"` // the write created the object: a 404 is not believed at once
}

// Remember makes the Memory of a write. before is nil for a create.
func (c *Client) Remember(before, after Properties) Memory {
	m := Memory{At: c.now().UTC(), Created: before == nil}
	for name, change := range changes(before, after) {
		if m.Changed == nil {
			m.Changed = make(map[string][]string)
		}
		m.Changed[name] = []string{hash(change[0]), hash(change[1])}
	}
	return m
}

// Following is m with what an earlier memory of the same object still has to tell: when one write follows another within
// Bounds.Recent, a replica that lags may show the values before either.
func (c *Client) Following(earlier, m Memory) Memory {
	if earlier.At.IsZero() || m.At.Sub(earlier.At) >= c.bounds.Recent {
		return m
	}
	changed := maps.Clone(earlier.Changed)
	if changed == nil {
		changed = make(map[string][]string)
	}
	for name, values := range m.Changed {
		now := values[len(values)-1]
		before := slices.Concat(changed[name], values[:len(values)-1])
		before = slices.DeleteFunc(before, func(value string) bool { return value == now })
		slices.Reverse(before) // of a value that was there twice, the later time counts
		kept := []string{now}
		for _, value := range before {
			if !slices.Contains(kept, value) {
				kept = append(kept, value)
			}
		}
		slices.Reverse(kept)
		changed[name] = kept
	}
	m.Changed = changed
	return m
}

// RecallApplication takes over what the process before remembers of an application or of a part of it, as in
// "secret/<key id>" or "scopes/<client id of an API>". An update or a deletion needs it: for Bounds.Missing after the write
// of m, a replica that knows nothing of the application, or nothing of the parts that m created, lags.
func (c *Client) RecallApplication(id string, m Memory, created ...string) {
	if m.At.IsZero() {
		return
	}
	if !m.Created {
		created = nil
	}
	c.applications.recall(id, c.age(m), created...)
}

// RecallServicePrincipal is RecallApplication for a service principal.
func (c *Client) RecallServicePrincipal(id string, m Memory) {
	if !m.At.IsZero() {
		c.principals.recall(id, c.age(m))
	}
}

// RecallGrant is RecallApplication for a grant and for the service principal that holds it, which was there at the write.
func (c *Client) RecallGrant(id, clientPrincipalID string, m Memory) {
	if !m.At.IsZero() {
		c.grants.recall(id, c.age(m))
		c.RecallServicePrincipal(clientPrincipalID, m)
	}
}

// RecallFederatedCredential is RecallApplication for a federated credential of an application.
func (c *Client) RecallFederatedCredential(applicationID, id string, m Memory) {
	if m.At.IsZero() {
		return
	}
	c.applications.recall(applicationID, c.age(m))
	if m.Created {
		c.federated.recall(applicationID, c.age(m), id)
	} else {
		c.federated.recall(applicationID, c.age(m))
	}
}

// ListsLag tells whether the write of m is so recent that lists may not show yet what was there then.
func (c *Client) ListsLag(m Memory) bool { return !m.At.IsZero() && c.age(m) < c.bounds.Visible }

// age is how long ago a remembered write was, by the clock for dates.
func (c *Client) age(m Memory) time.Duration { return max(c.now().Sub(m.At), 0) }

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

// contradicts tells whether a read shows a property as it was before.
func (m Memory) contradicts(read Properties) bool {
	for name, values := range m.Changed {
		if slices.Contains(values[:len(values)-1], hash(read[name])) {
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
	// What Graph says is as old as the request, not as its reply.
	start, asked, age := time.Now(), time.Now(), c.age(m)
	first := true
	v, err := await(ctx, c, wait{opReadAgain, "", "replicas to show the last write"}, func(ctx context.Context) (*T, error) {
		if asked = time.Now(); first {
			ctx, first = forRefresh(ctx), false
		}
		return read(ctx)
	}, func(v *T, err error) bool {
		waited := asked.Sub(start)
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
