package directory

import (
	"context"
	"strings"
	"time"

	"github.com/microsoftgraph/msgraph-sdk-go/models"
)

// revivePrincipal restores a deleted service principal that still holds the client id. Nil without error means that
// there is none, or that it can't be restored yet.
// Graph: GET /directory/deletedItems/microsoft.graph.servicePrincipal, POST /directory/deletedItems/{id}/restore.
func (c *Client) revivePrincipal(ctx context.Context, clientID string) (*ServicePrincipal, error) {
	deleted, err := c.deletedPrincipal(ctx, clientID)
	if err != nil {
		// It is not needed where a live one is about to show.
		c.log.InfoContext(ctx, "The deleted service principals could not be read", "error", err.Error())
		return nil, nil
	}
	if deleted == nil {
		return nil, nil
	}
	err = c.restoreItem(ctx, opCreatePrincipal, deleted.ID, func(ctx context.Context) error {
		return identified(c.principalsBuilder().ByServicePrincipalId(deleted.ID).Get(ctx, nil))
	})
	switch KindOf(err) {
	case KindConflict, KindInvalid, KindNotFound:
		return nil, nil // a live one holds the client id, or a replica does not know of the deletion
	}
	if err != nil {
		return nil, err
	}
	c.principals.restored(deleted.ID)
	return deleted, nil
}

// deletedPrincipal is the service principal with a client id that was deleted last, nil when there is none.
func (c *Client) deletedPrincipal(ctx context.Context, clientID string) (*ServicePrincipal, error) {
	var last models.ServicePrincipalable
	var lastAt time.Time
	err := eachDeleted(ctx, c, clientID, "servicePrincipal", "appId eq "+quoteOData(clientID),
		func(ctx context.Context, link string) (models.ServicePrincipalCollectionResponseable, error) {
			return c.deletedItems().GraphServicePrincipal().WithUrl(link).Get(ctx, nil)
		},
		func(page models.ServicePrincipalCollectionResponseable) {
			for _, m := range page.GetValue() {
				if at := instant(m.GetDeletedDateTime()); strings.EqualFold(text(m.GetAppId()), clientID) && !at.Before(lastAt) {
					last, lastAt = m, at
				}
			}
		})
	if err != nil || last == nil {
		return nil, err
	}
	return c.fromPrincipal(ctx, last), nil
}
