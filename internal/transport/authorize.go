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
	// youngFor is how old a token must be for a new one to make a difference where it is refused.
	youngFor = time.Minute
)

// Tokens keeps one token for everybody and replaces it in time. It is safe for concurrent use.
type Tokens struct {
	credential azcore.TokenCredential
	scope      string
	now        func() time.Time
	group      singleflight.Group

	mu       sync.Mutex
	token    azcore.AccessToken
	obtained time.Time
}

// forgetter is a credential that keeps tokens of its own, which it can be told to give up.
type forgetter interface{ Forget() }

// NewTokens makes the tokens of an endpoint, or of any API by its address; their scope is "<endpoint>/.default". It performs no I/O. A credential that
// keeps tokens should have a method Forget(), by which it is told that they are not accepted any more.
func NewTokens(credential azcore.TokenCredential, endpoint string, now func() time.Time) (*Tokens, error) {
	u, err := ParseOrigin(endpoint)
	if err != nil {
		return nil, err
	}
	return &Tokens{credential: credential, scope: scope(u), now: now}, nil
}

// Scope is what the tokens are asked for.
func (t *Tokens) Scope() string { return t.scope }

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

// replace returns another token than the one that was refused; the same one when there is nothing better to be had.
func (t *Tokens) replace(ctx context.Context, refused string) (string, error) {
	t.mu.Lock()
	// A token that was fetched a moment ago was not refused for its age.
	if t.token.Token == refused && t.now().Sub(t.obtained).Abs() >= youngFor {
		t.token = azcore.AccessToken{}
		if f, ok := t.credential.(forgetter); ok {
			f.Forget()
		}
	}
	young := t.token.Token == refused
	t.mu.Unlock()
	if young {
		return refused, nil
	}
	return t.Get(ctx)
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
	t.token, t.obtained = token, t.now()
	return token.Token, nil
}

// authorize adds the token, to requests for the endpoint only. A token can end before its time, because it was revoked or
// because this machine was suspended meanwhile: a request that is refused for its token was not looked at, whatever its
// method, and is sent once more with a new one. No request passes to another origin, whoever has authorized it.
type authorize struct {
	next     http.RoundTripper
	endpoint *url.URL
	tokens   *Tokens // nil where requests come authorized
}

// RoundTrip implements http.RoundTripper.
func (a *authorize) RoundTrip(req *http.Request) (*http.Response, error) {
	if !sameOrigin(a.endpoint, req.URL) {
		return nil, unsentError{&ForeignOriginError{Origin: originOf(req.URL), Endpoint: originOf(a.endpoint)}}
	}
	if a.tokens == nil {
		return a.next.RoundTrip(req)
	}
	token, err := a.tokens.Get(req.Context())
	if err != nil {
		return nil, unsentError{err}
	}
	resp, err := a.send(req, token)
	if err != nil || resp.StatusCode != http.StatusUnauthorized {
		return resp, err
	}
	fresh, err := a.tokens.replace(req.Context(), token)
	switch {
	case err != nil:
		return nil, unsentError{err}
	case fresh == token:
		return resp, nil
	}
	return a.send(req, fresh)
}

func (a *authorize) send(req *http.Request, token string) (*http.Response, error) {
	again := req.Clone(req.Context())
	if req.GetBody != nil {
		body, err := req.GetBody()
		if err != nil {
			return nil, unsentError{err}
		}
		again.Body = body
	}
	again.Header.Set("Authorization", "Bearer "+token)
	return a.next.RoundTrip(again)
}
