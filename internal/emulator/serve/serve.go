// Package serve puts an emulator on the loopback interface: https with a certificate of its own for everything that
// the real cloud answers, and plain http beside it for what only a test may do (see [Control]). Other interfaces have to
// be asked for, and never get the controls: they hand out the passwords and secrets of the emulated tenants.
package serve

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/emulator"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/keyvault"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/portal"
)

// What a client may send, and how long it may take. Writing is allowed as long as the slowest fault.
const (
	maxBody       = 4<<20 + 1<<10 // bytes; Graph's own limit of 4 MB answers first
	maxHeader     = 64 << 10
	headerTimeout = 10 * time.Second
	readTimeout   = time.Minute
	writeTimeout  = 10 * time.Minute
	idleTimeout   = 2 * time.Minute
	closeTimeout  = 5 * time.Second
)

// Config says what to serve, and where.
type Config struct {
	// Addr is a loopback address with a port, which may be 0; any other address needs AnyInterface.
	Addr string
	// AnyInterface lets others reach the emulated cloud, as containers have to. The controls stay on loopback.
	AnyInterface bool
	// Dir is where the files go that describe the running emulator; it is made when missing.
	Dir string
	// Data is the file that keeps the state, "" for none. It is written at the start and at the end; reading it is up to
	// [LoadData].
	Data string
	// Hosts are further names for the certificate.
	Hosts []string
	// Emulator is what is served.
	Emulator *emulator.Emulator
	// Clock is the clock that the emulator was made with, if it may be moved.
	Clock *Clock
	// Log takes what goes wrong below HTTP; nil discards it.
	Log *slog.Logger
}

// Running is an emulator that serves.
type Running struct {
	BaseURL    string // of the emulated cloud
	VaultURI   string // of the key vault, as Azure writes it: with a slash at the end
	ControlURL string // of the test controls
	PortalURL  string // of the pages that show the app registrations
	CAFile     string // PEM file with the certificate to trust

	servers []*http.Server
	save    func() error // nil without a data file
	ready   []byte       // emulator.json
	stop    context.CancelFunc
	done    chan struct{}
	err     error
}

// ErrNotLoopback is returned for an address that others could reach.
var ErrNotLoopback = errors.New("not a loopback address")

// Start serves until ctx ends or Close is called. When it returns, requests are answered and the files are written.
func Start(ctx context.Context, c Config) (_ *Running, err error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	host, err := c.host()
	if err != nil {
		return nil, err
	}
	identity, err := newIdentity(append([]string{host}, c.Hosts...), time.Now())
	if err != nil {
		return nil, err
	}
	save := c.saver()
	var opened []net.Listener
	defer func() {
		if err != nil {
			for _, l := range opened {
				err = errors.Join(err, l.Close())
			}
		}
	}()
	// A vault has an origin of its own, so it gets a listener of its own beside that of the cloud.
	listenHost, _, _ := net.SplitHostPort(c.Addr) // judged by c.host
	for _, addr := range []string{c.Addr, net.JoinHostPort(listenHost, "0"), "127.0.0.1:0"} {
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
		if err != nil {
			return nil, fmt.Errorf("listening on %s: %w", addr, err)
		}
		opened = append(opened, l)
	}
	// A file that can't be written is told now, not when there is something to lose.
	if save != nil {
		if err := errors.Join(removeSuccessors(c.Data), save()); err != nil {
			return nil, err
		}
	}
	var ports [2]string
	for i := range ports {
		if _, ports[i], err = net.SplitHostPort(opened[i].Addr().String()); err != nil {
			return nil, err
		}
	}
	r := &Running{BaseURL: "https://" + net.JoinHostPort(host, ports[0]), VaultURI: "https://" + net.JoinHostPort(host, ports[1]) + "/",
		ControlURL: "http://" + opened[2].Addr().String(), save: save, done: make(chan struct{})}
	r.PortalURL = r.ControlURL + portal.Path
	if r.CAFile, err = writeFiles(c, r, identity.ca); err != nil {
		return nil, err
	}
	// The kernel already takes connections, so whoever reads this can come at once.
	if err := writeReady(c, r); err != nil {
		return nil, err
	}
	ctx, r.stop = context.WithCancel(ctx)
	r.servers = []*http.Server{newCloudServer(ctx, c, c.Emulator, identity), newCloudServer(ctx, c, c.Emulator.VaultHandler(keyvault.MainVault), identity),
		newServer(ctx, c, newControl(c.Emulator, c.Clock, save).handler())}
	go r.serve(ctx, opened)
	return r, nil
}

// host gives the name by which the emulated cloud is reached. For all interfaces that is the first of Hosts.
func (c Config) host() (string, error) {
	host, _, err := net.SplitHostPort(c.Addr)
	if err != nil {
		return "", fmt.Errorf("address %q: %w", c.Addr, err)
	}
	ip := net.ParseIP(host)
	switch {
	case host == "localhost" || ip != nil && ip.IsLoopback():
		return host, nil
	case !c.AnyInterface:
		return "", fmt.Errorf("address %q: %w", c.Addr, ErrNotLoopback)
	case host != "" && (ip == nil || !ip.IsUnspecified()):
		return host, nil
	case len(c.Hosts) > 0:
		return c.Hosts[0], nil
	}
	return "127.0.0.1", nil
}

func newCloudServer(ctx context.Context, c Config, h http.Handler, id identity) *http.Server {
	s := newServer(ctx, c, h)
	s.TLSConfig = &tls.Config{Certificates: []tls.Certificate{id.leaf}, MinVersion: tls.VersionTLS12}
	return s
}

func newServer(ctx context.Context, c Config, h http.Handler) *http.Server {
	return &http.Server{
		Handler:        survive(limitBody(h), c.Log),
		MaxHeaderBytes: maxHeader, ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
		ErrorLog:    slog.NewLogLogger(c.Log.Handler(), slog.LevelDebug),
		ConnState:   c.Emulator.ConnState,
		BaseContext: func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
	}
}

// survive answers 500 for a handler that panics, and tells the log: that is a mistake in the emulator. A handler may
// still drop its connection.
func survive(h http.Handler, log *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			switch p := recover(); p {
			case nil:
			case http.ErrAbortHandler:
				panic(p)
			default:
				log.Error("a mistake in the emulator", "method", r.Method, "path", r.URL.Path, "panic", p, "stack", string(debug.Stack()))
				http.Error(w, "a mistake in the emulator; its log tells more", http.StatusInternalServerError)
			}
		}()
		h.ServeHTTP(w, r)
	})
}

// limitBody refuses what is announced as too long, and cuts off what turns out to be.
func limitBody(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength > maxBody {
			http.Error(w, "the body is too long", http.StatusRequestEntityTooLarge)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		h.ServeHTTP(w, r)
	})
}

// serve runs the servers until ctx ends or one of them fails.
func (r *Running) serve(ctx context.Context, listeners []net.Listener) {
	defer close(r.done)
	defer r.stop()
	ended := make(chan error, len(r.servers))
	for i, s := range r.servers {
		go func() {
			if s.TLSConfig != nil {
				ended <- s.ServeTLS(listeners[i], "", "")
			} else {
				ended <- s.Serve(listeners[i])
			}
		}()
	}
	var errs []error
	running := len(r.servers)
	select {
	case <-ctx.Done():
	case err := <-ended:
		errs, running = append(errs, err), running-1
	}
	// Requests under way get a moment, whatever ended ctx.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	for _, s := range r.servers {
		if err := s.Shutdown(ctx); err != nil {
			errs = append(errs, s.Close())
		}
	}
	for range running {
		errs = append(errs, <-ended)
	}
	r.err = r.removeReady()
	if r.save != nil {
		r.err = errors.Join(r.err, r.save())
	}
	for _, err := range errs {
		if !errors.Is(err, http.ErrServerClosed) {
			r.err = errors.Join(r.err, err)
		}
	}
}

// Wait returns when the emulator has stopped serving and its state is saved: nil when it was asked to.
func (r *Running) Wait() error {
	<-r.done
	return r.err
}

// Close stops serving and saves the state. Requests under way get five seconds. The files stay, but for emulator.json,
// which says that there is an emulator.
func (r *Running) Close() error {
	r.stop()
	return r.Wait()
}
