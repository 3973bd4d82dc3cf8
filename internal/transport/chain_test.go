package transport_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/transport"
)

func TestAForeignOriginGetsNothing(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"https://graph.example.com.evil.example/v1.0/x", "http://graph.example.com/v1.0/x", "https://graph.example.com:8443/v1.0/x",
	} {
		s := newSetup(t, reply{status: 200, body: ok})
		_, err := s.do(t.Context(), http.MethodGet, url, "", nil)
		var foreign *transport.ForeignOriginError
		if !errors.As(err, &foreign) {
			t.Errorf("%s: err = %v", url, err)
		}
		if s.cred.asked != 0 || s.script.attempts() != 0 {
			t.Errorf("%s: %d tokens, %d requests", url, s.cred.asked, s.script.attempts())
		}
	}
}

func TestARedirectToAForeignOriginIsNotFollowed(t *testing.T) {
	t.Parallel()
	s := newSetup(t, reply{status: 302, header: map[string]string{"Location": "https://evil.example/"}})
	_, err := s.do(t.Context(), http.MethodGet, endpoint+"/v1.0/x", "", nil)
	var foreign *transport.ForeignOriginError
	if !errors.As(err, &foreign) || foreign.Origin != "https://evil.example" || s.script.attempts() != 1 {
		t.Errorf("err = %v after %d requests", err, s.script.attempts())
	}
}

func TestEachAttemptIsIdentifiedAndAuthorized(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSetup(t, reply{status: 503}, reply{status: 200, body: ok})
		s.cred.life = 5*time.Minute + 50*time.Millisecond // due for a refresh during the backoff
		if _, err := s.do(t.Context(), http.MethodGet, endpoint+"/v1.0/x", "", nil); err != nil {
			t.Fatal(err)
		}
		first, second := s.script.seen[0].header, s.script.seen[1].header
		if first.Get("Authorization") != "Bearer token-1" || second.Get("Authorization") != "Bearer token-2" {
			t.Errorf("tokens: %q, %q", first.Get("Authorization"), second.Get("Authorization"))
		}
		if id := first.Get("client-request-id"); id == "" || id == second.Get("client-request-id") {
			t.Errorf("client-request-ids: %q, %q", id, second.Get("client-request-id"))
		}
		if first.Get("User-Agent") != "appreg/test" {
			t.Errorf("User-Agent: %q", first.Get("User-Agent"))
		}
		if len(s.cred.scopes) != 1 || s.cred.scopes[0] != endpoint+"/.default" {
			t.Errorf("scopes: %q", s.cred.scopes)
		}
	})
}

func TestTokensAreSharedAndRefreshedInTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cred := &credential{after: time.Second}
		tokens, err := transport.NewTokens(cred, endpoint, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				if _, err := tokens.Get(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if cred.asked != 1 {
			t.Fatalf("%d requests for one token", cred.asked)
		}
		time.Sleep(56 * time.Minute)
		if token, err := tokens.Get(t.Context()); token != "token-2" || err != nil {
			t.Errorf("%q, %v", token, err)
		}
		// A failing refresh does not take away a token that is still good.
		time.Sleep(56 * time.Minute)
		cred.err = errors.New("down")
		if token, err := tokens.Get(t.Context()); token != "token-2" || err != nil {
			t.Errorf("%q, %v", token, err)
		}
		time.Sleep(10 * time.Minute)
		_, err = tokens.Get(t.Context())
		var signIn *transport.SignInError
		if !errors.As(err, &signIn) || !errors.Is(err, cred.err) {
			t.Errorf("err = %v", err)
		}
	})
}

func TestAWaiterForATokenMayLeaveAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cred := &credential{after: 10 * time.Second}
		tokens, err := transport.NewTokens(cred, endpoint, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		first, cancel := context.WithCancel(t.Context())
		var both sync.WaitGroup
		both.Go(func() {
			if _, err := tokens.Get(first); !errors.Is(err, context.Canceled) {
				t.Errorf("the first: %v", err)
			}
		})
		synctest.Wait()
		both.Go(func() {
			if token, err := tokens.Get(t.Context()); token != "token-1" || err != nil {
				t.Errorf("the second: %q, %v", token, err)
			}
		})
		synctest.Wait()
		cancel()
		both.Wait()
	})
}

func TestTheLogHoldsNoSecret(t *testing.T) {
	t.Parallel()
	s := newSetup(t, reply{status: 200, body: `{"secretText":"abc8Q~secret"}`})
	if _, err := s.do(t.Context(), http.MethodPost, endpoint+"/v1.0/applications?$filter=displayName eq 'Payroll'", `{"displayName":"Payroll"}`, nil); err != nil {
		t.Fatal(err)
	}
	log := s.log.String()
	for _, hidden := range []string{"Payroll", "abc8Q", "token-1", "Bearer"} {
		if strings.Contains(log, hidden) {
			t.Errorf("the log shows %q: %s", hidden, log)
		}
	}
	for _, shown := range []string{"method=POST", "/v1.0/applications?$filter", "status=200", "request_id=id-of-graph", "client_request_id="} {
		if !strings.Contains(log, shown) {
			t.Errorf("the log lacks %q: %s", shown, log)
		}
	}
}

func TestCancellation(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		method  string
		replies []reply
		ends    time.Duration // after the cancellation, which comes after 1 s
		status  int
		lost    bool
	}{
		"a read ends at once":                    {http.MethodGet, []reply{{status: 200, body: ok, after: time.Minute}}, 0, 0, false},
		"a write that was sent gets its reply":   {http.MethodPost, []reply{{status: 201, body: ok, after: 6 * time.Second}}, 5 * time.Second, 201, false},
		"a write without reply is given up":      {http.MethodPost, []reply{{status: 201, body: ok, after: time.Minute}}, 15 * time.Second, 0, true},
		"a wait for throttling ends at once":     {http.MethodPost, []reply{{status: 429, body: graphError("x"), header: map[string]string{"Retry-After": "60"}}}, 0, 0, false},
		"a wait for a second try ends at once":   {http.MethodPatch, []reply{{status: 503, header: map[string]string{"Retry-After": "60"}}}, 0, 0, false},
		"an update that was sent gets its reply": {http.MethodPatch, []reply{{status: 204, after: 3 * time.Second}}, 2 * time.Second, 204, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newSetup(t, tt.replies...)
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(time.Second, cancel)
				status, err := s.do(ctx, tt.method, endpoint+"/v1.0/x", "{}", nil)
				if took := time.Since(s.script.started) - time.Second; took < tt.ends || took > tt.ends+time.Second/10 {
					t.Errorf("ended %v after the cancellation", took)
				}
				if status != tt.status || (err == nil) != (tt.status != 0) {
					t.Errorf("got %d, %v", status, err)
				}
				if err != nil && !errors.Is(err, context.Canceled) {
					t.Errorf("err = %v", err)
				}
				var ambiguous *transport.AmbiguousError
				if errors.As(err, &ambiguous) != tt.lost {
					t.Errorf("err = %v", err)
				}
				if s.script.attempts() != 1 {
					t.Errorf("%d attempts", s.script.attempts())
				}
			})
		})
	}
}

// breaking is a body that breaks off.
type breaking struct{ io.Reader }

func (b breaking) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}
func (breaking) Close() error { return nil }

type roundTripFunc func(*http.Request) (*http.Response, error)

func (f roundTripFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestAReplyThatBreaksOffIsALostReply(t *testing.T) {
	t.Parallel()
	s := newSetupOver(t, roundTripFunc(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 201, Header: http.Header{}, Request: r, Body: breaking{strings.NewReader(`{"id":`)}}, nil
	}))
	_, err := s.do(t.Context(), http.MethodPost, endpoint+"/v1.0/applications", "{}", nil)
	var ambiguous *transport.AmbiguousError
	if !errors.As(err, &ambiguous) || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("err = %v", err)
	}
}

func TestBaseTrustsTheGivenRootsAndReusesConnections(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	remotes := make(map[string]bool)
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		remotes[r.RemoteAddr] = true
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(server.Close)
	get := func(base *http.Transport) error {
		t.Cleanup(base.CloseIdleConnections)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
		if err != nil {
			return err
		}
		resp, err := base.RoundTrip(req)
		if err != nil {
			return err
		}
		return resp.Body.Close()
	}

	strict, err := transport.Base()
	if err != nil {
		t.Fatal(err)
	}
	var untrusted *tls.CertificateVerificationError
	if err := get(strict); !errors.As(err, &untrusted) {
		t.Errorf("without the root: %v", err)
	}
	root := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	trusting, err := transport.Base(root)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := get(trusting); err != nil {
			t.Fatal(err)
		}
	}
	if len(remotes) != 1 {
		t.Errorf("%d connections for three requests", len(remotes))
	}
	if _, err := transport.Base([]byte("no certificate")); err == nil {
		t.Error("a bundle without certificate must be refused")
	}
}

func TestParseOrigin(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "graph.microsoft.com", "http://graph.microsoft.com", "https://graph.microsoft.com/v1.0", "https://u@graph.microsoft.com", "https://graph.microsoft.com?x"} {
		if _, err := transport.ParseOrigin(bad); err == nil {
			t.Errorf("%q must be refused", bad)
		}
	}
	if !transport.SameOrigin("https://Graph.Microsoft.com", "https://graph.microsoft.com:443/v1.0/x") {
		t.Error("case and the default port make no other origin")
	}
}

// selfSigned makes a certificate for loopback that nobody trusts.
func selfSigned(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}
