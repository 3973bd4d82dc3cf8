package directory

import (
	"context"

	"github.com/microsoftgraph/msgraph-sdk-go/models"
)

// part is what one caller owns of a collection that Graph replaces whole.
type part struct {
	op   operation
	what string // as in: waiting for the permissions to show in the application
	// holds tells whether the application has the part as it shall be.
	holds func(*Application) bool
	// merge puts the part into what others have written, and leaves that alone.
	merge func(before *Application) (after *Application, body models.Applicationable, err error)
	// always says that it is written where a read shows it, too: a replica that lags may show what a run that was killed
	// has just taken away.
	always bool
	// removal says that the part is an absence: nothing of it can be missing after the write.
	removal bool
	// missing, if set, tells whether a read lacks what the process has seen: then a replica may be late, and what was
	// merged into its answer would remove the rest.
	missing func(seen, read *Application) bool
	// overwritten, if set, tells a read that shows somebody else's later write from one that does not show ours yet.
	overwritten func(after, seen *Application) bool
	// outdated, if set, tells whether Graph refuses a write because what it was merged into is no more.
	outdated func(before, now *Application) bool
}

// writePart writes a part of a collection. Graph has no compare-and-swap for it: it is read right before and read back
// after the write, and merged again when our part is missing. The caller holds the application's lock. The result is
// non-nil from the moment that the part is written. Graph: PATCH /applications/{id}.
func (c *Client) writePart(ctx context.Context, id string, p part) (*Application, error) {
	before, err := c.beforePart(ctx, id, p)
	if err != nil {
		return nil, err
	}
	for attempt := 1; ; attempt++ {
		if p.holds(before) && (attempt > 1 || !p.always) {
			return before, nil
		}
		after, body, err := p.merge(before)
		if err != nil {
			return nil, err
		}
		if err := c.patchApplication(ctx, p.op, before, after, body); err != nil {
			if before = c.newer(ctx, p, before, err); before == nil || attempt == maxAttempts {
				return nil, err
			}
			continue
		}
		if p.removal {
			return after, nil
		}
		got, err := c.applicationShowing(ctx, id, func(app *Application) bool {
			return p.holds(app) || p.overwritten != nil && p.overwritten(after, app)
		})
		switch {
		case err != nil:
			return after, c.unsettled(p.op, id, p.what+" to show in the application", err)
		case p.holds(got):
			return after, nil
		case attempt == maxAttempts:
			return nil, &Error{
				Kind: KindConflict, Op: p.op.name, Object: id, Endpoint: c.endpoint,
				Message: "somebody else keeps writing " + p.what + " of this application at the same time",
			}
		}
		before = got
	}
}

// beforePart is the application that a part is merged into.
func (c *Client) beforePart(ctx context.Context, id string, p part) (*Application, error) {
	seen := c.applications.known(id, anyAge)
	before, err := c.knownApplication(ctx, id, freshFor)
	if err != nil || p.missing == nil || seen == nil || !p.missing(seen, before) {
		return before, err
	}
	look, cancel := context.WithTimeout(ctx, c.agreement())
	defer cancel()
	again, err := await(look, c, wait{p.op, id, "replicas to agree on " + p.what}, func(ctx context.Context) (*Application, error) {
		return c.Application(ctx, id)
	}, func(again *Application, err error) bool {
		return permanent(err) || err == nil && !p.missing(seen, again)
	})
	if again == nil {
		return nil, err
	}
	return again, nil // what is still missing after that was removed by somebody else
}

// newer reads the application after a refusal until it shows what the refused write was not merged into; nil when that
// was not what the refusal was about. The replica that was read before may have been late, and may still be.
func (c *Client) newer(ctx context.Context, p part, before *Application, refusal error) *Application {
	if p.outdated == nil || KindOf(refusal) != KindInvalid {
		return nil
	}
	look, cancel := context.WithTimeout(ctx, min(firstLook, c.bounds.Missing))
	defer cancel()
	now, err := await(look, c, wait{p.op, before.ID, "replicas to show what was written meanwhile"}, func(ctx context.Context) (*Application, error) {
		return c.Application(ctx, before.ID)
	}, func(now *Application, err error) bool { return permanent(err) || err == nil && p.outdated(before, now) })
	if err != nil {
		return nil
	}
	return now
}
