package directory

import (
	"context"
	"encoding/base64"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/microsoftgraph/msgraph-sdk-go/models"
	"github.com/microsoftgraph/msgraph-sdk-go/oauth2permissiongrants"
)

// GrantKey identifies a delegated permission grant: at most one exists per key.
type GrantKey struct {
	ClientPrincipalID   string // service principal object id of the client
	ResourcePrincipalID string // service principal object id of the API
	UserID              string // "" means every user of the tenant (AllPrincipals)
}

// Grant is an oauth2PermissionGrant.
type Grant struct {
	GrantKey
	ID     string
	Scopes []string // names, sorted
}

// ID computes the grant's id: base64url of the GUIDs' bytes in .NET order. It is "" when one of them is not a GUID.
func (k GrantKey) ID() string {
	ids := []string{k.ClientPrincipalID, k.ResourcePrincipalID}
	if k.UserID != "" {
		ids = append(ids, k.UserID)
	}
	var bytes []byte
	for _, id := range ids {
		u, err := uuid.Parse(id)
		if err != nil {
			return ""
		}
		// .NET keeps the first three fields little-endian.
		slices.Reverse(u[0:4])
		slices.Reverse(u[4:6])
		slices.Reverse(u[6:8])
		bytes = append(bytes, u[:]...)
	}
	return base64.RawURLEncoding.EncodeToString(bytes)
}

// EnsureGrant makes or takes over the one grant of a key and sets its scopes. previous is what a grant that was taken
// over held, nil when it was created. With an error both are nil. Graph: POST, or PATCH, /oauth2PermissionGrants.
func (c *Client) EnsureGrant(ctx context.Context, key GrantKey, scopes []string) (grant, previous *Grant, err error) {
	id := key.ID()
	if id == "" {
		return nil, nil, &Error{Kind: KindInvalid, Op: opEnsureGrant.name, Object: key.ClientPrincipalID, Message: "the ids of service principals and users are GUIDs"}
	}
	unlock, err := c.locks.lock(ctx, key.ClientPrincipalID)
	if err != nil {
		return nil, nil, c.fail(opEnsureGrant, key.ClientPrincipalID, err)
	}
	defer unlock()
	want := &Grant{GrantKey: key, ID: id, Scopes: sortedSet(scopes)}
	made, held, err := c.postGrant(ctx, want)
	if err != nil {
		return nil, nil, err
	}
	if made != nil {
		c.grants.created(made.ID, made)
		return made, nil, nil
	}
	if sameSet(held.Scopes, want.Scopes) {
		return held, held, nil
	}
	if err := c.patchGrant(ctx, held, want); err != nil {
		return nil, nil, err
	}
	return want, held, nil
}

// postGrant creates the grant, or finds the one that holds its key. The key is natural, so the request may be sent
// again when its reply was lost: at worst it finds what it has made itself, which then holds the scopes already.
func (c *Client) postGrant(ctx context.Context, want *Grant) (made, held *Grant, err error) {
	body := models.NewOAuth2PermissionGrant()
	body.SetClientId(&want.ClientPrincipalID)
	body.SetResourceId(&want.ResourcePrincipalID)
	scope, consent := strings.Join(want.Scopes, " "), "AllPrincipals"
	if want.UserID != "" {
		consent = "Principal"
		body.SetPrincipalId(&want.UserID)
	}
	body.SetConsentType(&consent)
	body.SetScope(&scope)
	bounded, cancel := context.WithTimeout(ctx, c.bounds.Visible)
	defer cancel()
	lost, odd := false, strangers(0)
	_, err = await(bounded, c, wait{opEnsureGrant, want.ClientPrincipalID, "replicas to know the service principals"}, func(ctx context.Context) (struct{}, error) {
		m, err := c.grantsBuilder().Post(ctx, body, nil)
		if err = created(identified(m, err)); err == nil {
			made = fromGrant(m)
			return struct{}{}, nil
		}
		failure := c.fail(opEnsureGrant, want.ClientPrincipalID, err)
		lost = lost || KindOf(failure) == KindAmbiguous
		if kind := KindOf(failure); kind == KindConflict || kind == KindInvalid {
			// Both codes are in use for a key that is taken.
			asked := time.Now()
			got, err := c.getGrant(ctx, want.ID)
			if err = c.fail(opEnsureGrant, want.ClientPrincipalID, err); err == nil && c.grants.accept(got.ID, got, asked) {
				held = got // from now on a 404 for it is a replica that lags
				return struct{}{}, nil
			}
			if KindOf(err) == KindNotGraph {
				return struct{}{}, err
			}
		}
		return struct{}{}, failure
	}, func(_ struct{}, err error) bool {
		switch KindOf(err) {
		case KindAmbiguous, KindConflict:
			return odd.enough(err) // sent again; a conflicting grant will be readable in a while
		case KindInvalid, KindNotFound:
			// A replica may not know a service principal yet that this process made.
			return c.principals.believes404(want.ClientPrincipalID, err)
		}
		return true
	})
	if err != nil {
		return nil, nil, refused(err)
	}
	if lost && held != nil && sameSet(held.Scopes, want.Scopes) {
		return held, nil, nil
	}
	return made, held, nil
}

func (c *Client) patchGrant(ctx context.Context, held, want *Grant) error {
	scope := strings.Join(want.Scopes, " ")
	body := models.NewOAuth2PermissionGrant()
	body.SetScope(&scope)
	err := c.untilKnown(ctx, opEnsureGrant, want.ID, c.grants.believes404, func(ctx context.Context) error {
		_, err := c.grantsBuilder().ByOAuth2PermissionGrantId(want.ID).Patch(ctx, body, nil)
		return err
	})
	if err != nil {
		return err
	}
	c.grants.wrote(want.ID, held, want)
	return nil
}

// Grant reads one by id. Graph: GET /oauth2PermissionGrants/{id}.
func (c *Client) Grant(ctx context.Context, id string) (*Grant, error) {
	return read(ctx, c, &c.grants, opReadGrant, id, func(ctx context.Context) (*Grant, error) { return c.getGrant(ctx, id) })
}

func (c *Client) getGrant(ctx context.Context, id string) (*Grant, error) {
	m, err := c.grantsBuilder().ByOAuth2PermissionGrantId(id).Get(ctx, nil)
	if err := identified(m, err); err != nil {
		return nil, err
	}
	return fromGrant(m), nil
}

// DeleteGrant revokes a grant; an absent one is success. Graph: DELETE /oauth2PermissionGrants/{id}.
func (c *Client) DeleteGrant(ctx context.Context, id string) error {
	item := c.grantsBuilder().ByOAuth2PermissionGrantId(id)
	_, err := c.remove(ctx, removal{
		op: opDeleteGrant, id: id, believes404: c.grants.believes404,
		send: func(ctx context.Context) error { return item.Delete(ctx, nil) },
		look: func(ctx context.Context) error { return identified(item.Get(ctx, nil)) },
	})
	if err != nil {
		return err
	}
	c.grants.removed(id)
	return nil
}

func (c *Client) grantsBuilder() *oauth2permissiongrants.Oauth2PermissionGrantsRequestBuilder {
	return oauth2permissiongrants.NewOauth2PermissionGrantsRequestBuilderInternal(c.pathParameters(), c.adapter)
}

func fromGrant(m models.OAuth2PermissionGrantable) *Grant {
	return &Grant{
		GrantKey: GrantKey{ClientPrincipalID: text(m.GetClientId()), ResourcePrincipalID: text(m.GetResourceId()), UserID: text(m.GetPrincipalId())},
		ID:       text(m.GetId()),
		Scopes:   sortedSet(strings.Fields(text(m.GetScope()))),
	}
}

func sortedSet(values []string) []string {
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	return slices.Compact(sorted)
}
