package directory

import (
	"context"
	"net/url"
	"time"

	deleteditems "github.com/microsoftgraph/msgraph-sdk-go/directory"
)

func (c *Client) deletedItems() *deleteditems.DeletedItemsRequestBuilder {
	return deleteditems.NewDeletedItemsRequestBuilderInternal(c.pathParameters(), c.adapter)
}

// eachDeleted shows the deleted items of a type that a filter chooses, page by page; where Graph has no such filter for
// deleted items, all of the type. Graph: GET /directory/deletedItems/microsoft.graph.{type}.
func eachDeleted[P page](ctx context.Context, c *Client, object, kind, filter string, get func(context.Context, string) (P, error), each func(P)) error {
	// The SDK abbreviates the type in this address; this is the documented form.
	all := c.base + "/directory/deletedItems/microsoft.graph." + kind
	list := func(address string) error {
		err := pages(ctx, c, func(ctx context.Context) (P, error) { return get(ctx, address) }, get, each)
		return c.fail(opReadDeleted, object, err)
	}
	err := list(all + "?$filter=" + url.QueryEscape(filter))
	if KindOf(err) == KindInvalid {
		err = list(all)
	}
	return err
}

// restoreItem brings a deleted object back. A 404 is answered by a replica that does not know of the deletion yet, or,
// after an attempt whose reply was lost, because that one was applied: then the object lives. Both are believed when they
// have lasted. Graph: POST /directory/deletedItems/{id}/restore.
func (c *Client) restoreItem(ctx context.Context, op operation, id string, look func(context.Context) error) error {
	lost, since, odd := false, time.Time{}, strangers(0)
	_, err := await(ctx, c, wait{op, id, "replicas to know that it was deleted"}, func(ctx context.Context) (struct{}, error) {
		_, err := c.deletedItems().ByDirectoryObjectId(id).Restore().Post(ctx, nil)
		failure := c.fail(op, id, err)
		lost = lost || KindOf(failure) == KindAmbiguous
		if KindOf(failure) != KindNotFound {
			return struct{}{}, failure
		}
		if since.IsZero() {
			since = time.Now()
		}
		if lost && !recently(since, c.agreement()) && look(ctx) == nil {
			return struct{}{}, nil
		}
		return struct{}{}, failure
	}, func(_ struct{}, err error) bool {
		switch KindOf(err) {
		case KindAmbiguous:
			return odd.enough(err)
		case KindNotFound:
			return !recently(since, 2*c.agreement())
		}
		return true
	})
	return err
}
