package credential

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// unending is a body that goes on for ever, or with a context stays open until that ends.
type unending struct{ silent context.Context }

func (u unending) Read(p []byte) (int, error) {
	if u.silent != nil {
		<-u.silent.Done()
		return 0, u.silent.Err()
	}
	clear(p)
	return len(p), nil
}
func (unending) Close() error { return nil }

// What a token endpoint sends that is no token ends in an error that names it, soon, and quotes nothing of it.
func TestTokenRepliesThatAreNone(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]func(context.Context) io.ReadCloser{
		"truncated":      func(context.Context) io.ReadCloser { return text(`{"access_token":"` + testSecret + `","token_ty`) },
		"empty":          func(context.Context) io.ReadCloser { return text("") },
		"another object": func(context.Context) io.ReadCloser { return text(`{"status":"` + testSecret + `"}`) },
		"null":           func(context.Context) io.ReadCloser { return text("null") },
		"without end":    func(context.Context) io.ReadCloser { return unending{} },
		"stalled":        func(ctx context.Context) io.ReadCloser { return unending{ctx} },
		"no time of expiry": func(context.Context) io.ReadCloser {
			return text(`{"access_token":"x","token_type":"Bearer","expires_in":"soon"}`)
		},
		"a list":             func(context.Context) io.ReadCloser { return text("[]") },
		"a token that's one": nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a := newAuthority()
				c := config(roundTripper(func(req *http.Request) (*http.Response, error) {
					resp, err := a.RoundTrip(req)
					if err == nil && body != nil && strings.HasSuffix(req.URL.Path, "/token") {
						resp.Body, resp.ContentLength = body(req.Context()), -1
					}
					return resp, err
				}))
				ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute) // as the transport bounds it
				defer cancel()
				start := time.Now()
				token, err := mustNew(t, c, clientSecret()).GetToken(ctx, tokenRequest())
				if body == nil {
					if err != nil || token.Token == "" {
						t.Errorf("%v", err)
					}
					return
				}
				var e *Error
				if !errors.As(err, &e) || time.Since(start) > 3*time.Minute {
					t.Fatalf("%v after %v", err, time.Since(start))
				}
				wants(t, e, KindUnreachable, "https://login.test", "authority_host (APPREG_AUTHORITY_HOST)")
				if strings.Contains(err.Error(), testSecret) {
					t.Errorf("the reply is quoted: %v", err)
				}
			})
		})
	}
}

func text(s string) io.ReadCloser { return io.NopCloser(strings.NewReader(s)) }

// Told to forget, a credential asks for a new token, once.
func TestForget(t *testing.T) {
	t.Parallel()
	a := newAuthority()
	cred := mustNew(t, config(a), clientSecret())
	first := mustGet(t, cred)
	if again := mustGet(t, cred); again != first || a.asked() != 1 {
		t.Errorf("%q, then %q in %d requests", first, again, a.asked())
	}
	f, ok := cred.(interface{ Forget() })
	if !ok {
		t.Fatal("it can't be told to forget")
	}
	f.Forget()
	if second, err := cred.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{testScope}}); err != nil || second.Token == first || a.asked() != 2 {
		t.Errorf("%q again (%v) in %d requests", second.Token, err, a.asked())
	}
}
