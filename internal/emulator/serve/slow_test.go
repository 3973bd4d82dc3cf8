package serve

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/emulator"
)

// pipes is a network inside a bubble of synctest, where time costs nothing.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (p *pipes) Addr() net.Addr { return caller("here") }

// caller is the address of a connection's far end.
type caller string

func (c caller) Network() string { return "pipe" }
func (c caller) String() string  { return string(c) }

type namedConn struct {
	net.Conn
	from caller
}

func (c namedConn) RemoteAddr() net.Addr { return c.from }

func (p *pipes) dial(from string) net.Conn {
	near, far := net.Pipe()
	p.conns <- namedConn{far, caller(from)}
	return near
}

// cloud is the emulated cloud's server, as Start makes it, in a bubble.
type cloud struct {
	*pipes
	trust *tls.Config
	ended chan time.Duration // when the server was done with the connection of "slow"
}

func serveInBubble(t *testing.T) *cloud {
	t.Helper()
	e, err := emulator.New()
	if err != nil {
		t.Fatal(err)
	}
	id, err := newIdentity(nil, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(id.ca)
	c := &cloud{pipes: &pipes{conns: make(chan net.Conn), closed: make(chan struct{})}, ended: make(chan time.Duration, 1),
		trust: &tls.Config{RootCAs: roots, ServerName: "localhost", MinVersion: tls.VersionTLS12}}
	begin := time.Now()
	s := newCloudServer(t.Context(), Config{Emulator: e, Log: slog.New(slog.DiscardHandler)}, e, id)
	s.ConnState = func(conn net.Conn, state http.ConnState) {
		if state == http.StateClosed && conn.RemoteAddr().String() == "slow" {
			c.ended <- time.Since(begin)
		}
	}
	stopped := make(chan error, 1)
	go func() { stopped <- s.ServeTLS(c, "", "") }()
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if err := <-stopped; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	return c
}

// client sends requests over connections that come from a name.
func (c *cloud) client(from string) *http.Client {
	return &http.Client{Transport: &http.Transport{TLSClientConfig: c.trust.Clone(), ForceAttemptHTTP2: true,
		DialContext: func(context.Context, string, string) (net.Conn, error) { return c.dial(from), nil }}}
}

// keys asks for the signing keys as a client without fault, and tells how long that took.
func (c *cloud) keys(t *testing.T) time.Duration {
	t.Helper()
	begin, client := time.Now(), c.client("quick")
	defer client.CloseIdleConnections()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://localhost/common/discovery/v2.0/keys", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.Body.Close() != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("%d %v", resp.StatusCode, err)
	}
	return time.Since(begin)
}

// trickle sends a byte each second until the connection ends.
func trickle(conn io.Writer, text string) {
	second := time.NewTicker(time.Second)
	defer second.Stop()
	for i := range len(text) {
		if _, err := io.WriteString(conn, text[i:i+1]); err != nil {
			return
		}
		<-second.C
	}
}

const post = "POST /v1.0/applications HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n"

// TestSlowClientsAreCutOff has clients of all bad manners come, beside one that doesn't notice any of them.
func TestSlowClientsAreCutOff(t *testing.T) {
	t.Parallel()
	const get = "GET /common/discovery/v2.0/keys HTTP/1.1\r\nHost: localhost\r\n\r\n"
	say := func(text string) func(net.Conn) {
		return func(conn net.Conn) { _, _ = io.WriteString(conn, text) } // Whether it is heard is the server's business.
	}
	for name, tt := range map[string]struct {
		plain bool // before there is TLS
		deaf  bool // doesn't read what is answered
		talk  func(net.Conn)
		ends  time.Duration
	}{
		"never greets":        {plain: true, talk: say(""), ends: headerTimeout},
		"greets slowly":       {plain: true, talk: func(conn net.Conn) { trickle(conn, "\x16\x03\x01\x02\x00"+strings.Repeat("\x01", 512)) }, ends: headerTimeout},
		"talks plain http":    {plain: true, talk: say(get)},
		"talks nonsense":      {talk: say("\x00\xff{}\r\n\r\n\r\n")},
		"says nothing":        {talk: say(""), ends: headerTimeout},
		"has a slow header":   {talk: func(conn net.Conn) { trickle(conn, "GET / HTTP/1.1\r\n"+strings.Repeat("X: y\r\n", 100)) }, ends: headerTimeout},
		"has a huge header":   {talk: say("GET / HTTP/1.1\r\nX: " + strings.Repeat("x", 1<<20))},
		"has a slow body":     {talk: func(conn net.Conn) { say(post)(conn); trickle(conn, strings.Repeat(" ", 1000)) }, ends: readTimeout},
		"stops in its body":   {talk: say(post + `{"displayName":"`), ends: readTimeout},
		"doesn't read":        {deaf: true, talk: say(get), ends: writeTimeout},
		"stays for no reason": {talk: say(get), ends: idleTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := serveInBubble(t)
				conn := c.dial("slow")
				if !tt.plain {
					conn = tls.Client(conn, c.trust)
				}
				var heard []byte
				var both sync.WaitGroup
				both.Go(func() { tt.talk(conn) })
				both.Go(func() {
					if !tt.deaf {
						heard, _ = io.ReadAll(conn) // Until it is cut off.
					}
				})
				synctest.Wait()
				if took := c.keys(t); took != 0 {
					t.Errorf("another client waits for %s", took)
				}
				// Refusing takes a moment, lest the refusal be lost, and TLS tries to say goodbye.
				if got := <-c.ended; got < tt.ends || got > tt.ends+5*time.Second {
					t.Errorf("cut off after %s, want %s", got, tt.ends)
				}
				if both.Wait(); tt.ends == readTimeout && len(heard) > 0 {
					t.Errorf("half a request is answered: %s", heard)
				}
				if took := c.keys(t); took != 0 {
					t.Errorf("afterwards another client waits for %s", took)
				}
				_ = conn.Close()
			})
		})
	}
}

// TestSlowStreamIsCutOff stops in the body of one request of a connection that carries several.
func TestSlowStreamIsCutOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := serveInBubble(t)
		client := c.client("slow")
		defer client.CloseIdleConnections()
		body, in := io.Pipe()
		defer func() { _ = in.Close() }()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://localhost/v1.0/applications", body)
		if err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		resp, err := client.Do(req)
		if err == nil {
			t.Errorf("half a request is answered: %s", resp.Status)
			_ = resp.Body.Close()
		}
		if took := time.Since(begin); took != readTimeout {
			t.Errorf("cut off after %s: %v", took, err)
		}
	})
}

// TestPanicIsAnswered has a handler make a mistake, and another drop its connection.
func TestPanicIsAnswered(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	logger := slog.New(slog.NewTextHandler(&log, nil))
	serve := func(p any) (w *httptest.ResponseRecorder, out error) {
		w = httptest.NewRecorder()
		defer func() { out, _ = recover().(error) }()
		survive(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(p) }), logger).
			ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
		return w, nil
	}
	if _, out := serve(http.ErrAbortHandler); !errors.Is(out, http.ErrAbortHandler) || log.Len() > 0 {
		t.Errorf("dropping a connection: %v, %s", out, log.String())
	}
	if w, out := serve("oops"); out != nil || w.Code != http.StatusInternalServerError || !strings.Contains(log.String(), "oops") {
		t.Errorf("a mistake: %v %d, %s", out, w.Code, log.String())
	}
}

// TestClosedConnectionsAreTold has a client's port come back for a second connection.
func TestClosedConnectionsAreTold(t *testing.T) {
	t.Parallel()
	e, err := emulator.New()
	if err != nil {
		t.Fatal(err)
	}
	conn, far := net.Pipe()
	t.Cleanup(func() {
		if err := errors.Join(conn.Close(), far.Close()); err != nil {
			t.Error(err)
		}
	})
	s := newServer(t.Context(), Config{Emulator: e, Log: slog.New(slog.DiscardHandler)}, e)
	for range 2 {
		ctx := context.WithValue(t.Context(), http.LocalAddrContextKey, conn.LocalAddr())
		r := httptest.NewRequestWithContext(ctx, http.MethodGet, "https://localhost/common/discovery/v2.0/keys", nil)
		r.RemoteAddr = conn.RemoteAddr().String()
		s.Handler.ServeHTTP(httptest.NewRecorder(), r)
		s.ConnState(conn, http.StateClosed)
	}
	if n := e.Connections(); n != 2 {
		t.Errorf("%d connections, want 2", n)
	}
}
