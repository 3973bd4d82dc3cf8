package directory

import (
	"context"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/transport"
	deleteditems "github.com/microsoftgraph/msgraph-sdk-go/directory"
)

// DeleteApplication deletes an application and waits until it is gone; with purge also from the deleted items.
// An absent application is success. Graph: DELETE /applications/{id}, DELETE /directory/deletedItems/{id}.
func (c *Client) DeleteApplication(ctx context.Context, id string, purge bool) error {
	unlock, err := c.locks.lock(ctx, id)
	if err != nil {
		return c.fail(opDeleteApplication, id, err)
	}
	defer unlock()
	found, err := c.deleteKnown(ctx, opDeleteApplication, id, c.applications.believes404, func(ctx context.Context) error {
		return c.applicationBuilder(id).Delete(ctx, nil)
	})
	if err != nil {
		return err
	}
	c.applications.removed(id)
	if !found {
		if !purge {
			return nil
		}
		return c.purge(ctx, id, false)
	}
	if err := c.untilGone(ctx, opDeleteApplication, id, func(ctx context.Context) error {
		_, err := c.applicationBuilder(id).Get(ctx, nil)
		return err
	}); err != nil || !purge {
		return err
	}
	return c.purge(ctx, id, true)
}

// deleteKnown sends a delete, again while a replica that lags does not know the object yet. found is false when there
// was nothing to delete. A 404 for an attempt after one whose reply was lost is what that one has done.
func (c *Client) deleteKnown(ctx context.Context, op operation, id string, believes404 func(string) bool, remove func(context.Context) error) (found bool, err error) {
	ctx, unclear := transport.WithUnclear(ctx)
	err = c.untilKnown(ctx, op, id, func(id string) bool { return unclear.Yes() || believes404(id) }, remove)
	if KindOf(err) == KindNotFound {
		return unclear.Yes(), nil
	}
	return err == nil, err
}

// untilGone reads until the directory says 404. A wait that runs out is KindUnsettled: the deletion itself was accepted.
func (c *Client) untilGone(ctx context.Context, op operation, id string, get func(context.Context) error) error {
	bounded, cancel := context.WithTimeout(ctx, c.bounds.Visible)
	defer cancel()
	_, err := await(bounded, c, wait{op, id, "the directory to show that it is gone"}, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, c.fail(op, id, get(ctx))
	}, func(_ struct{}, err error) bool { return err != nil })
	if KindOf(err) == KindNotFound {
		return nil
	}
	return c.unsettled(op, id, "the directory to show that it is gone", err)
}

// purge removes an application from the deleted items. One that was deleted a moment ago may not be listed there yet, by
// all replicas or by some, so a 404 is believed only when it has been listed and then either an attempt was lost that
// may have purged it, or it has not been listed again for Bounds.Missing.
func (c *Client) purge(ctx context.Context, id string, expected bool) error {
	item := c.deletedItems().ByDirectoryObjectId(id)
	bounded, cancel := context.WithTimeout(ctx, c.bounds.Visible)
	defer cancel()
	var listed time.Time
	_, err := await(bounded, c, wait{opDeleteApplication, id, "it to be listed among the deleted items, to be removed there"}, func(ctx context.Context) (struct{}, error) {
		ctx, unclear := transport.WithUnclear(ctx)
		err := c.fail(opDeleteApplication, id, item.Delete(ctx, nil))
		if KindOf(err) != KindNotFound || !expected {
			return struct{}{}, err
		}
		if !listed.IsZero() && (unclear.Yes() || !recently(listed, c.bounds.Missing)) {
			return struct{}{}, nil
		}
		if _, err := item.Get(ctx, nil); err == nil {
			listed = time.Now()
		}
		return struct{}{}, err
	}, func(_ struct{}, err error) bool { return KindOf(err) != KindNotFound || !expected })
	if KindOf(err) == KindNotFound && !expected {
		return nil
	}
	return err
}

func (c *Client) deletedItems() *deleteditems.DeletedItemsRequestBuilder {
	return deleteditems.NewDeletedItemsRequestBuilderInternal(c.pathParameters(), c.adapter)
}
