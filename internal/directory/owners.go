package directory

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/microsoftgraph/msgraph-sdk-go/applications"
	"github.com/microsoftgraph/msgraph-sdk-go/models"
)

// Owners lists the object ids of an application's owners. Graph: GET /applications/{id}/owners.
func (c *Client) Owners(ctx context.Context, id string) ([]string, error) {
	owners, err := await(ctx, c, wait{opReadOwners, id, "replicas to know the application"}, func(ctx context.Context) ([]string, error) {
		return c.listOwners(ctx, id)
	}, func(_ []string, err error) bool {
		return KindOf(err) != KindNotFound || c.applications.believes404(id, err)
	})
	if err != nil {
		return nil, err
	}
	slices.Sort(owners)
	return owners, nil
}

// listOwners asks once.
func (c *Client) listOwners(ctx context.Context, id string) (ids []string, err error) {
	builder := c.applicationBuilder(id).Owners()
	config := &applications.ItemOwnersRequestBuilderGetRequestConfiguration{
		QueryParameters: &applications.ItemOwnersRequestBuilderGetQueryParameters{Select: []string{"id"}},
	}
	err = pages(ctx, c,
		func(ctx context.Context) (models.DirectoryObjectCollectionResponseable, error) {
			return builder.Get(ctx, config)
		},
		func(ctx context.Context, link string) (models.DirectoryObjectCollectionResponseable, error) {
			return builder.WithUrl(link).Get(ctx, nil)
		},
		func(page models.DirectoryObjectCollectionResponseable) {
			for _, o := range page.GetValue() {
				ids = append(ids, text(o.GetId()))
			}
		})
	return ids, c.fail(opReadOwners, id, err)
}

// changeOwners adds what updated has and old has not, and removes what old has and updated has not, never the caller.
// The caller of changeOwners holds the application's lock.
func (c *Client) changeOwners(ctx context.Context, id string, old, updated []string) error {
	added, dropped := without(updated, old), without(old, updated)
	if len(dropped) > 0 {
		caller, err := c.CallerID(ctx)
		if err != nil {
			return err
		}
		dropped = without(dropped, []string{caller})
	}
	for _, owner := range added {
		if err := c.changeOwner(ctx, id, owner, true); err != nil {
			return err
		}
	}
	for _, owner := range dropped {
		if err := c.changeOwner(ctx, id, owner, false); err != nil {
			return err
		}
	}
	return nil
}

// changeOwner adds or removes one reference. Both may be sent twice: a refusal or a lost reply is judged by the list. A
// refusal after a lost reply may be of what that request has done, and then the list shows it in time.
func (c *Client) changeOwner(ctx context.Context, id, owner string, present bool) error {
	send := func(ctx context.Context) error {
		if !present {
			return c.applicationBuilder(id).Owners().ByDirectoryObjectId(owner).Ref().Delete(ctx, nil)
		}
		body := models.NewReferenceCreate()
		reference := c.ownerReference(owner)
		body.SetOdataId(&reference)
		return c.applicationBuilder(id).Owners().Ref().Post(ctx, body, nil)
	}
	var odd strangers
	unread, lost := false, time.Time{}
	_, err := await(ctx, c, wait{opUpdateApplication, id, "the owner to be written"}, func(ctx context.Context) (struct{}, error) {
		err := c.fail(opUpdateApplication, id, send(ctx))
		if KindOf(err) == KindAmbiguous {
			lost = time.Now()
		}
		switch KindOf(err) {
		case KindInvalid, KindNotFound, KindConflict, KindAmbiguous:
			owners, listErr := c.listOwners(ctx, id) // without a wait, which would take its time from that of the write
			if KindOf(listErr) == KindNotGraph {
				return struct{}{}, listErr
			}
			unread = KindOf(listErr) == KindNotFound
			if listErr == nil && slices.ContainsFunc(owners, func(o string) bool { return strings.EqualFold(o, owner) }) == present {
				return struct{}{}, nil
			}
		}
		return struct{}{}, err
	}, func(_ struct{}, err error) bool {
		switch KindOf(err) {
		case KindAmbiguous:
			return odd.enough(err)
		case KindNotFound:
			return c.applications.believes404(id, err)
		case KindInvalid:
			if unread && !c.applications.believes404(id, err) {
				return false
			}
			return !within(errorOf(err).asked, lost, c.bounds.Missing)
		}
		return true
	})
	return err
}

func (c *Client) ownerReference(owner string) string { return c.base + "/directoryObjects/" + owner }

// without lists the elements of all that are not in some; GUIDs compare without case.
func without(all, some []string) []string {
	var out []string
	for _, v := range all {
		if !slices.ContainsFunc(some, func(s string) bool { return strings.EqualFold(s, v) }) {
			out = append(out, v)
		}
	}
	return out
}
