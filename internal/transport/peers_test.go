package transport_test

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/transport"
)

// outcome is what becomes of a request.
type outcome struct {
	attempts  int
	status    int    // of what was delivered, 0 where it is an error
	flaw      string // of an *UnexpectedReplyError, "" where there is none
	ambiguous bool
}

// TestPeersThatAreNotGraph is the table of what proxies, portals and wrong endpoints answer: never a success, never the
// 404 of an object that is gone; a create that may have been applied is left to its caller's search.
func TestPeersThatAreNotGraph(t *testing.T) {
	t.Parallel()
	page := map[string]string{"Content-Type": "text/html", "Request-Id": ""}
	foreign := map[string]string{"Request-Id": ""}
	to := func(address string) map[string]string { return map[string]string{"Location": address} }
	once := func(flaw string) [3]outcome {
		o := outcome{1, 0, flaw, false}
		return [3]outcome{o, o, o}
	}
	success := func(flaw string) [3]outcome {
		return [3]outcome{{5, 0, flaw, false}, {5, 0, flaw, false}, {1, 0, flaw, true}}
	}
	tests := map[string]struct {
		reply reply
		want  [3]outcome // of GET, PATCH, POST
	}{
		"200, truncated":             {reply{status: 200, body: `{"id":"x","displayName":"Ma`}, success("its JSON is broken")},
		"200, a page":                {reply{status: 200, body: "<html>", header: page}, success("it is not JSON")},
		"200, a page called JSON":    {reply{status: 200, body: "<html>"}, success("its JSON is broken")},
		"200, another type":          {reply{status: 200, body: ok, header: map[string]string{"Content-Type": "text/plain"}}, success("it is not JSON")},
		"200, a list without object": {reply{status: 200, body: `[1]`}, success("its JSON is broken")},
		"200, null in a list":        {reply{status: 200, body: `{"value":[{"a":null}, null]}`}, success("a list in it holds null")},
		"200, a text like null":      {reply{status: 200, body: `{"value":["x,null", ", null]"]}`}, [3]outcome{{1, 200, "", false}, {1, 200, "", false}, {1, 200, "", false}}},
		"200, null":                  {reply{status: 200, body: `null`}, success("its JSON is broken")},
		"200, empty":                 {reply{status: 200, header: foreign}, success("it is empty")},
		"200, empty, from Graph":     {reply{status: 200}, [3]outcome{{5, 0, "it is empty", false}, {1, 200, "", false}, {1, 200, "", false}}},
		"204":                        {reply{status: 204}, [3]outcome{{5, 0, "it is empty", false}, {1, 204, "", false}, {1, 204, "", false}}},
		"400, truncated":             {reply{status: 400, body: `{"error":{"code":"Requ`}, once("its JSON is broken")},
		"403, a page":                {reply{status: 403, body: "<html>", header: page}, once("it is not JSON")},
		"404, a page":                {reply{status: 404, body: "<html>", header: page}, once("it is not JSON")},
		"404, empty":                 {reply{status: 404}, once("it is empty")},
		"404, of another API":        {reply{status: 404, body: `{"detail":"Not Found"}`}, once("it holds no error")},
		"404, of Graph":              {reply{status: 404, body: graphError("Request_ResourceNotFound")}, [3]outcome{{1, 404, "", false}, {1, 404, "", false}, {1, 404, "", false}}},
		"409, without code":          {reply{status: 409, body: `{"error":{"code":"","message":""}}`}, [3]outcome{{1, 409, "", false}, {1, 409, "", false}, {1, 409, "", false}}},
		"407, a page":                {reply{status: 407, body: "<html>", header: page}, once("it is not JSON")},
		"401, empty":                 {reply{status: 401}, [3]outcome{{1, 401, "", false}, {1, 401, "", false}, {1, 401, "", false}}},
		"502, a page":                {reply{status: 502, body: "<html>", header: page}, [3]outcome{{12, 0, "it is not JSON", false}, {12, 0, "it is not JSON", false}, {1, 0, "it is not JSON", true}}},
		"302, here":                  {reply{status: 302, header: to("/login")}, [3]outcome{{5, 0, "it redirects again and again", false}, {1, 0, "it redirects a write to " + endpoint, false}, {1, 0, "it redirects a write to " + endpoint, false}}},
		"307, elsewhere":             {reply{status: 307, header: to("https://evil.example/x")}, [3]outcome{{1, 0, "", false}, {1, 0, "it redirects a write to https://evil.example", false}, {1, 0, "it redirects a write to https://evil.example", false}}},
		"302, to nowhere":            {reply{status: 302}, once("it redirects to nowhere")},
		"304":                        {reply{status: 304}, once("it redirects to nowhere")},
	}
	for name, tt := range tests {
		for i, method := range []string{http.MethodGet, http.MethodPatch, http.MethodPost} {
			t.Run(name+" to "+method, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) { tt.want[i].check(t, method, tt.reply) })
			})
		}
	}
}

func (want outcome) check(t *testing.T, method string, answer reply) {
	s := newSetup(t, answer)
	body := "{}"
	if method == http.MethodGet {
		body = ""
	}
	status, err := s.do(t.Context(), method, endpoint+"/v1.0/x", body, nil)
	var unexpected *transport.UnexpectedReplyError
	var ambiguous *transport.AmbiguousError
	got := outcome{attempts: s.script.attempts(), status: status, ambiguous: errors.As(err, &ambiguous)}
	if errors.As(err, &unexpected) {
		got.flaw = unexpected.Flaw
		if unexpected.Status != answer.status {
			t.Errorf("the error tells status %d, want %d", unexpected.Status, answer.status)
		}
	}
	if got != want || (err == nil) != (want.status != 0) {
		t.Errorf("got %+v (%v), want %+v", got, err, want)
	}
}

// A redirect of a read is followed on the endpoint itself alone, and not for ever.
func TestRedirects(t *testing.T) {
	t.Parallel()
	for location, attempts := range map[string]int{
		"/v1.0/y": 2, endpoint + "/v1.0/y": 2, "https://evil.example/": 1, "http://graph.example.com/v1.0/y": 1, "//graph.example.com:8443/": 1,
	} {
		s := newSetup(t, reply{status: 302, header: map[string]string{"Location": location}}, reply{status: 200, body: ok})
		status, err := s.do(t.Context(), http.MethodGet, endpoint+"/v1.0/x", "", nil)
		var foreign *transport.ForeignOriginError
		if s.script.attempts() != attempts || errors.As(err, &foreign) != (attempts == 1) || (status == 200) != (attempts == 2) {
			t.Errorf("%s: %d, %v after %d requests", location, status, err, s.script.attempts())
		}
	}
}

// endless is a body that never ends: it goes on for ever, or with silent it stays open.
type endless struct {
	ctx    context.Context
	silent bool
}

func (e endless) Read(p []byte) (int, error) {
	if e.silent {
		<-e.ctx.Done()
		return 0, e.ctx.Err()
	}
	return len(p), nil
}
func (endless) Close() error { return nil }

func TestBodiesThatNeverEnd(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		method    string
		silent    bool
		attempts  int32
		takes     time.Duration
		ambiguous bool
	}{
		"a read, huge":      {http.MethodGet, false, 1, 0, false},
		"a write, huge":     {http.MethodPatch, false, 1, 0, false},
		"a create, huge":    {http.MethodPost, false, 1, 0, true},
		"a read, stalled":   {http.MethodGet, true, 5, 10 * time.Minute, false},
		"a create, stalled": {http.MethodPost, true, 1, 2 * time.Minute, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var attempts atomic.Int32
				s := newSetupOver(t, roundTripFunc(func(r *http.Request) (*http.Response, error) {
					attempts.Add(1)
					return &http.Response{StatusCode: 200, Header: http.Header{}, Request: r, ContentLength: -1, Body: endless{r.Context(), tt.silent}}, nil
				}))
				start := time.Now()
				_, err := s.do(t.Context(), tt.method, endpoint+"/v1.0/x", "", nil)
				var ambiguous *transport.AmbiguousError
				if err == nil || attempts.Load() != tt.attempts || errors.As(err, &ambiguous) != tt.ambiguous {
					t.Errorf("%v after %d attempts", err, attempts.Load())
				}
				if took := time.Since(start); took < tt.takes || took > tt.takes+10*time.Second {
					t.Errorf("took %v, want %v", took, tt.takes)
				}
			})
		})
	}
}

// TestATokenThatEndsEarly: one new token for all, whatever the method; what refuses that one, too, is heard.
func TestATokenThatEndsEarly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		refusing := map[string]bool{"Bearer token-1": true}
		attempts := 0
		s := newSetupOver(t, roundTripFunc(func(r *http.Request) (*http.Response, error) {
			body, err := io.ReadAll(r.Body)
			if err != nil || string(body) != `{"displayName":"x"}` {
				t.Errorf("sent %q, %v", body, err)
			}
			time.Sleep(time.Second) // all are under way before the first is refused
			mu.Lock()
			defer mu.Unlock()
			attempts++
			resp := &http.Response{StatusCode: 204, Header: http.Header{}, Request: r, Body: http.NoBody}
			if refusing[r.Header.Get("Authorization")] {
				resp.StatusCode = http.StatusUnauthorized
			}
			return resp, nil
		}))
		post := func() int {
			status, err := s.do(t.Context(), http.MethodPost, endpoint+"/v1.0/x", `{"displayName":"x"}`, nil)
			if err != nil {
				t.Error(err)
			}
			return status
		}
		if status := post(); status != 401 || s.cred.forgot != 0 || attempts != 1 {
			t.Errorf("a token of this minute: %d, %d attempts", status, attempts)
		}
		time.Sleep(30 * time.Minute)
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				if status := post(); status != 204 {
					t.Errorf("status %d", status)
				}
			})
		}
		all.Wait()
		if s.cred.asked != 2 || s.cred.forgot != 1 || attempts != 21 {
			t.Errorf("%d tokens were asked for, %d given up, in %d attempts", s.cred.asked, s.cred.forgot, attempts)
		}
		time.Sleep(30 * time.Minute)
		refusing["Bearer token-2"], refusing["Bearer token-3"] = true, true
		for range 3 {
			if status := post(); status != 401 {
				t.Errorf("status %d", status)
			}
		}
		if s.cred.asked != 3 || attempts != 25 {
			t.Errorf("%d tokens in %d attempts, though none was accepted", s.cred.asked, attempts)
		}
	})
}

// tlsServer is a server whose certificate can change. It counts what reaches its handler.
type tlsServer struct {
	*httptest.Server
	served  atomic.Int32
	changed atomic.Bool
}

func newTLSServer(t *testing.T) *tlsServer {
	t.Helper()
	s := &tlsServer{}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		s.served.Add(1)
		w.WriteHeader(http.StatusNoContent)
	}))
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	other := selfSigned(t)
	s.TLS = &tls.Config{MinVersion: tls.VersionTLS12, GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
		if s.changed.Load() {
			return &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{other}}, nil
		}
		return nil, nil
	}}
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

func (s *tlsServer) trusting(t *testing.T) *http.Transport {
	t.Helper()
	base, err := transport.Base(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(base.CloseIdleConnections)
	return base
}

// A certificate that is another one on the next connection is not trusted for what the first one was.
func TestACertificateThatChanges(t *testing.T) {
	t.Parallel()
	server := newTLSServer(t)
	base := server.trusting(t)
	client := newSetupAt(t, server.URL, base)
	if status, err := client.do(t.Context(), http.MethodPost, server.URL+"/x", "{}", nil); status != 204 {
		t.Fatalf("%d, %v", status, err)
	}
	server.changed.Store(true)
	base.CloseIdleConnections()
	for _, method := range []string{http.MethodGet, http.MethodPatch, http.MethodPost} {
		_, err := client.do(t.Context(), method, server.URL+"/x", "", nil)
		var untrusted *tls.CertificateVerificationError
		var ambiguous *transport.AmbiguousError
		if !errors.As(err, &untrusted) || errors.As(err, &ambiguous) {
			t.Errorf("%s: %v", method, err)
		}
	}
	if n := server.served.Load(); n != 1 {
		t.Errorf("%d requests were served, want the first alone", n)
	}
}

// A proxy that refuses the tunnel has kept everything from being sent, and says why.
func TestAProxyThatRefusesTheTunnel(t *testing.T) {
	t.Parallel()
	server := newTLSServer(t)
	var asked atomic.Int32
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.WriteHeader(http.StatusProxyAuthRequired)
	}))
	t.Cleanup(proxy.Close)
	base := server.trusting(t)
	base.Proxy = func(*http.Request) (*url.URL, error) { return url.Parse(proxy.URL) }
	client := newSetupAt(t, server.URL, base)
	_, err := client.do(t.Context(), http.MethodPost, server.URL+"/x", "{}", nil)
	var ambiguous *transport.AmbiguousError
	if err == nil || errors.As(err, &ambiguous) || !strings.Contains(err.Error(), "407 Proxy Authentication Required") {
		t.Errorf("err = %v", err)
	}
	if asked.Load() != 5 || server.served.Load() != 0 {
		t.Errorf("the proxy was asked %d times, the server %d", asked.Load(), server.served.Load())
	}
}
