package credential

import (
	"context"
	"sync"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// explained is a credential whose failures are told in plain words, and which can be told to forget its tokens.
type explained struct {
	config Config
	method Method

	mu    sync.Mutex
	inner azcore.TokenCredential
}

// GetToken implements azcore.TokenCredential.
func (c *explained) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	c.mu.Lock()
	inner := c.inner
	c.mu.Unlock()
	ctx, seen := observe(ctx)
	seen.scopes = o.Scopes
	token, err := inner.GetToken(ctx, o)
	if err != nil {
		return azcore.AccessToken{}, c.explain(ctx, seen, err)
	}
	return token, nil
}

// Forget gives up the tokens at hand, so that the next one is asked for anew. azidentity has no call for that; its tokens
// live as long as its credential does. Those of a managed identity are kept for the whole process, and stay.
func (c *explained) Forget() {
	fresh, err := c.method.build(c.config)
	if err != nil {
		return // can't happen, because it was built before; the old one then does
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.inner = fresh
}
