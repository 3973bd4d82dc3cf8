package transport

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"golang.org/x/sync/singleflight"
)

const (
	// refreshBefore is how long before its expiry a token is replaced. Graph's tokens live for an hour or more.
	refreshBefore = 5 * time.Minute
	// fetchTimeout bounds a token request, which no caller's context bounds because callers share it.
	fetchTimeout = 2 * time.Minute
)

// Tokens keeps one token for everybody and replaces it in time. It is safe for concurrent use.
type Tokens struct {
	credential azcore.TokenCredential
	scope      string
	now        func() time.Time
	group      singleflight.Group

	mu    sync.Mutex
	token azcore.AccessToken
}

// NewTokens makes the tokens of an endpoint; their scope is "<endpoint>/.default". It performs no I/O.
func NewTokens(credential azcore.TokenCredential, endpoint string, now func() time.Time) (*Tokens, error) {
	u, err := ParseOrigin(endpoint)
	if err != nil {
		return nil, err
	}
	return &Tokens{credential: credential, scope: scope(u), now: now}, nil
}

// Get returns a token that is valid now. A failure to get one is a *SignInError, the end of ctx is ctx's error.
func (t *Tokens) Get(ctx context.Context) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	if token, fresh := t.current(); fresh {
		return token, nil
	}
	// The request is everybody's: the context of the caller who happened to come first must not end it for the others.
	shared := context.WithoutCancel(ctx)
	flight := t.group.DoChan("", func() (any, error) {
		// Looked at again: a flight that ended since the look above may have brought a fresh token.
		if token, fresh := t.current(); fresh {
			return token, nil
		}
		return t.fetch(shared)
	})
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case r := <-flight:
		if r.Err != nil {
			return "", &SignInError{Err: r.Err}
		}
		token, ok := r.Val.(string)
		if !ok {
			return "", &SignInError{Err: errors.New("no token was returned")}
		}
		return token, nil
	}
}

func (t *Tokens) current() (token string, fresh bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	due := t.token.ExpiresOn.Add(-refreshBefore)
	if !t.token.RefreshOn.IsZero() && t.token.RefreshOn.Before(due) {
		due = t.token.RefreshOn
	}
	return t.token.Token, t.token.Token != "" && now.Before(due)
}

func (t *Tokens) fetch(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	token, err := t.credential.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{t.scope}})
	t.mu.Lock()
	defer t.mu.Unlock()
	if err != nil {
		// An old token that is still good is better than a failure: the next request tries again.
		if t.token.Token != "" && t.now().Before(t.token.ExpiresOn.Add(-time.Minute)) {
			return t.token.Token, nil
		}
		return "", err
	}
	t.token = token
	return token.Token, nil
}

// authorize adds the token, to requests for the endpoint only.
type authorize struct {
	next     http.RoundTripper
	endpoint *url.URL
	tokens   *Tokens
}

// RoundTrip implements http.RoundTripper.
func (a *authorize) RoundTrip(req *http.Request) (*http.Response, error) {
	if !sameOrigin(a.endpoint, req.URL) {
		return nil, unsentError{&ForeignOriginError{Origin: originOf(req.URL), Endpoint: originOf(a.endpoint)}}
	}
	token, err := a.tokens.Get(req.Context())
	if err != nil {
		return nil, unsentError{err}
	}
	req = req.Clone(req.Context())
	req.Header.Set("Authorization", "Bearer "+token)
	return a.next.RoundTrip(req)
}
