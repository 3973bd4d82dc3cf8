package directory

import (
	"context"
	"slices"

	"github.com/golang-jwt/jwt/v5"
)

// claims are what our own access token says of us. It is read, not verified: it came straight from the authority, and
// nothing is decided by it that Graph does not decide again.
type claims struct {
	jwt.RegisteredClaims
	TenantID string   `json:"tid"`
	ObjectID string   `json:"oid"`
	ClientID string   `json:"appid"`
	Roles    []string `json:"roles"`
}

// TenantID is the GUID of the tenant that our tokens are for (the token's tid claim). It costs no Graph request.
func (c *Client) TenantID(ctx context.Context) (string, error) {
	own, err := c.claims(ctx)
	return own.TenantID, err
}

// CallerID is the object id of the caller (the token's oid claim).
func (c *Client) CallerID(ctx context.Context) (string, error) {
	own, err := c.claims(ctx)
	return own.ObjectID, err
}

func (c *Client) claims(ctx context.Context) (claims, error) {
	token, err := c.tokens.Get(ctx)
	if err != nil {
		return claims{}, c.fail(opSignIn, "", err)
	}
	var own claims
	if _, _, err := jwt.NewParser().ParseUnverified(token, &own); err != nil {
		return claims{}, &Error{Kind: KindSignIn, Op: opSignIn.name, Endpoint: c.endpoint, Message: "the access token can't be read", Err: err}
	}
	return own, nil
}

// mayWriteAll tells whether the caller's writes do not depend on ownership. Without it an application-only caller works
// by Application.ReadWrite.OwnedBy, and a user by ownership or directory role.
func (own claims) mayWriteAll() bool { return slices.Contains(own.Roles, "Application.ReadWrite.All") }

// onlyOwned tells whether the caller is an application that may write what it owns and nothing else.
func (own claims) onlyOwned() bool {
	return slices.Contains(own.Roles, "Application.ReadWrite.OwnedBy") && !own.mayWriteAll()
}
