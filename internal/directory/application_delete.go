package directory

import (
	"context"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/transport"
)

// DeleteApplication deletes an application and waits until it is gone; with purge also from the deleted items.
// An absent application is success. Graph: DELETE /applications/{id}, DELETE /directory/deletedItems/{id}.
func (c *Client) DeleteApplication(ctx context.Context, id string, purge bool) error {
	unlock, err := c.locks.lock(ctx, id)
	if err != nil {
		return c.fail(opDeleteApplication, id, err)
	}
	defer unlock()
	item := c.applicationBuilder(id)
	known := c.applications.known(id, anyAge)
	deletion := removal{
		op: opDeleteApplication, id: id, believes404: c.applications.believes404, everywhere: known != nil && c.everywhere(known.CreatedAt),
		send: func(ctx context.Context) error { return item.Delete(ctx, nil) },
		look: func(ctx context.Context) error { return identified(item.Get(ctx, nil)) },
	}
	found, err := c.remove(ctx, deletion)
	if err != nil {
		return err
	}
	c.applications.removed(id)
	if found {
		err = c.untilGone(ctx, deletion)
	}
	if err != nil || !purge {
		return err
	}
	return c.purge(ctx, id, found)
}

// purge removes an application from the deleted items. One that was deleted a moment ago (expected) may not be listed
// there yet, by all replicas or by some, so a 404 is believed only of what was listed before or may have been purged by
// an attempt whose reply was lost, and only when no read has shown it for a while.
func (c *Client) purge(ctx context.Context, id string, expected bool) error {
	item := c.deletedItems().ByDirectoryObjectId(id)
	bounded, cancel := context.WithTimeout(ctx, c.bounds.Visible)
	defer cancel()
	listed, lost, absentSince := false, false, time.Time{}
	_, err := await(bounded, c, wait{opDeleteApplication, id, "it to be listed among the deleted items, to be removed there"}, func(ctx context.Context) (struct{}, error) {
		ctx, unclear := transport.WithUnclear(ctx)
		err := c.fail(opDeleteApplication, id, item.Delete(ctx, nil))
		lost = lost || unclear.Yes()
		switch {
		case KindOf(err) != KindNotFound:
			return struct{}{}, err
		case !expected && !lost:
			return struct{}{}, nil
		}
		switch lookErr := c.fail(opReadDeleted, id, identified(item.Get(ctx, nil))); {
		case KindOf(lookErr) == KindNotGraph:
			return struct{}{}, lookErr
		case KindOf(lookErr) != KindNotFound:
			listed, absentSince = listed || lookErr == nil, time.Time{}
			return struct{}{}, err
		case absentSince.IsZero():
			absentSince = time.Now()
		}
		patience := c.bounds.Missing
		if lost {
			patience = c.agreement()
		}
		if (listed || lost) && !recently(absentSince, patience) {
			return struct{}{}, nil
		}
		return struct{}{}, err
	}, func(_ struct{}, err error) bool { return KindOf(err) != KindNotFound })
	return err
}
