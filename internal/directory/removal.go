package directory

import (
	"context"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/transport"
)

// removal is the deletion of one object.
type removal struct {
	op          operation
	id          string
	believes404 func(string, error) bool
	// everywhere says that the object is so old that every replica knows it: where one does not show it, it is gone.
	everywhere bool
	send, look func(context.Context) error
}

// remove sends a deletion, again while a replica that lags does not know the object yet. When the reply of an attempt
// was lost, a 404 for the next one can mean either that the first was applied or that a replica lags; then the object
// must have stayed away for a while, and is deleted again where it shows. found is false when there was nothing to delete.
func (c *Client) remove(ctx context.Context, r removal) (found bool, err error) {
	lost, absentSince := false, time.Time{}
	_, err = await(ctx, c, wait{r.op, r.id, "replicas to know the object, or to agree that it is gone"}, func(ctx context.Context) (struct{}, error) {
		ctx, unclear := transport.WithUnclear(ctx)
		asked := time.Now()
		err := askedAt(c.fail(r.op, r.id, r.send(ctx)), asked)
		lost = lost || unclear.Yes()
		if KindOf(err) != KindNotFound || !lost && !r.believes404(r.id, err) {
			found = err == nil
			return struct{}{}, err
		}
		asked = time.Now()
		switch lookErr := c.fail(r.op, r.id, r.look(ctx)); {
		case KindOf(lookErr) == KindForbidden:
			found = lost
			return struct{}{}, nil // the directory won't tell more
		case permanent(lookErr):
			return struct{}{}, lookErr
		case KindOf(lookErr) != KindNotFound:
			absentSince = time.Time{}
			return struct{}{}, err
		case absentSince.IsZero():
			absentSince = time.Now()
		}
		if lost && !r.everywhere && within(asked, absentSince, c.agreement()) {
			return struct{}{}, err
		}
		found = lost
		return struct{}{}, nil
	}, func(_ struct{}, err error) bool { return KindOf(err) != KindNotFound })
	return found, err
}

// untilGone reads until the directory says 404. A wait that runs out is KindUnsettled: the deletion itself was accepted.
func (c *Client) untilGone(ctx context.Context, r removal) error {
	bounded, cancel := context.WithTimeout(ctx, c.bounds.Visible)
	defer cancel()
	_, err := await(bounded, c, wait{r.op, r.id, "the directory to show that it is gone"}, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, c.fail(r.op, r.id, r.look(ctx))
	}, func(_ struct{}, err error) bool { return err != nil })
	switch KindOf(err) {
	case KindNotFound:
		return nil
	case KindNotGraph:
		return err // nor was it Graph who accepted the deletion
	}
	return c.unsettled(r.op, r.id, "the directory to show that it is gone", err)
}

// agreement is how long replicas must have shown the same before it counts, where nothing else tells whether a request
// without reply was applied.
func (c *Client) agreement() time.Duration { return min(lateFilter, c.bounds.Missing/2) }

// byGraph is the earliest that Graph's clock, which replies have told since then, can have shown at an instant of ours.
func (c *Client) byGraph(began time.Time) time.Time {
	return c.clock.Now().Add(-time.Since(began) - clockSkew)
}

// everywhere tells whether what was created then, by the directory's clock, has reached every replica.
func (c *Client) everywhere(created time.Time) bool {
	return !created.IsZero() && c.clock.Now().Sub(created) > lateFilter+clockSkew
}
