package directory

import "context"

// TenantID is the GUID of the tenant that our tokens are for (the token's tid claim). It costs no Graph request.
func (c *Client) TenantID(ctx context.Context) (string, error) { panic("stub") }

// CallerID is the object id of the caller (the token's oid claim).
func (c *Client) CallerID(ctx context.Context) (string, error) { panic("stub") }
