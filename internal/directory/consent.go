package directory

import "context"

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

// ID computes the grant's id: base64url of the GUIDs' bytes in .NET order.
func (k GrantKey) ID() string { panic("stub") }

// EnsureGrant makes or takes over the one grant of a key and sets its scopes. previous is what a grant that was taken
// over held, nil when it was created. Graph: POST, or PATCH, /oauth2PermissionGrants.
func (c *Client) EnsureGrant(ctx context.Context, key GrantKey, scopes []string) (grant, previous *Grant, err error) {
	panic("stub")
}

// Grant reads one by id. Graph: GET /oauth2PermissionGrants/{id}.
func (c *Client) Grant(ctx context.Context, id string) (*Grant, error) { panic("stub") }

// DeleteGrant revokes a grant; an absent one is success.
func (c *Client) DeleteGrant(ctx context.Context, id string) error { panic("stub") }
