package credential

import (
	"context"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// explained is a credential whose failures are told in plain words.
type explained struct {
	config Config
	method Method
	inner  azcore.TokenCredential
}

// GetToken implements azcore.TokenCredential.
func (c explained) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	ctx, seen := observe(ctx)
	seen.scopes = o.Scopes
	token, err := c.inner.GetToken(ctx, o)
	if err != nil {
		return azcore.AccessToken{}, c.explain(ctx, seen, err)
	}
	return token, nil
}
