package directory

import (
	"context"

	"github.com/appreg/terraform-provider-appreg/internal/settle"
	deleteditems "github.com/microsoftgraph/msgraph-sdk-go/directory"
	"github.com/microsoftgraph/msgraph-sdk-go/models"
)

// DeleteApplication deletes an application and waits until it is gone; with purge also from the deleted items.
// An absent application is success. Graph: DELETE /applications/{id}, DELETE /directory/deletedItems/{id}.
func (c *Client) DeleteApplication(ctx context.Context, id string, purge bool) error {
	unlock, err := c.locks.lock(ctx, id)
	if err != nil {
		return c.fail(opDeleteApplication, id, err)
	}
	defer unlock()
	err = c.untilKnown(ctx, opDeleteApplication, id, c.applications.believes404, func(ctx context.Context) error {
		return c.applicationBuilder(id).Delete(ctx, nil)
	})
	found := err == nil
	if err != nil && KindOf(err) != KindNotFound {
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

// untilGone reads until the directory says 404. A wait that runs out is KindUnsettled: the deletion itself was accepted.
func (c *Client) untilGone(ctx context.Context, op operation, id string, get func(context.Context) error) error {
	bounded, cancel := context.WithTimeout(ctx, c.bounds.Visible)
	defer cancel()
	_, err := settle.Until(bounded, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, c.fail(op, id, get(ctx))
	}, func(_ struct{}, err error) bool { return err != nil })
	if KindOf(err) == KindNotFound {
		return nil
	}
	return c.unsettled(op, id, "the directory to show that it is gone", err)
}

// purge removes an application from the deleted items. One that was deleted a moment ago may not be listed there yet,
// and a 404 would look like success: then it is first read until it is there.
func (c *Client) purge(ctx context.Context, id string, expected bool) error {
	item := c.deletedItems().ByDirectoryObjectId(id)
	if expected {
		bounded, cancel := context.WithTimeout(ctx, c.bounds.Missing)
		defer cancel()
		_, err := settle.Until(bounded, func(ctx context.Context) (models.DirectoryObjectable, error) {
			m, err := item.Get(ctx, nil)
			return m, c.fail(opDeleteApplication, id, err)
		}, func(_ models.DirectoryObjectable, err error) bool { return KindOf(err) != KindNotFound })
		if err != nil {
			return c.waitFailed(opDeleteApplication, id, "it to be listed among the deleted items, to be removed there", err)
		}
	}
	err := c.fail(opDeleteApplication, id, item.Delete(ctx, nil))
	if KindOf(err) == KindNotFound {
		return nil
	}
	return err
}

func (c *Client) deletedItems() *deleteditems.DeletedItemsRequestBuilder {
	return deleteditems.NewDeletedItemsRequestBuilderInternal(c.pathParameters(), c.adapter)
}
