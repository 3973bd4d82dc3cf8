// Package emulator is Microsoft Graph's application slice and the sign-in endpoints beside it, as an http.Handler with
// state of its own: strict, and hostile on request. It shares nothing with the provider but the facts that both read in
// Microsoft's documentation.
//
// There are two doors. The wire is for the code under test. The methods of Emulator are for the test: they show what
// was asked and issued, and play what other people do in a portal meanwhile.
//
// Limits: no delta queries. What Graph has and the emulator lacks is answered with 501.
package emulator

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/bounded"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/fault"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/graph"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/keyvault"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/signin"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// Emulator is a cloud with several tenants. It is safe for concurrent use.
type Emulator struct {
	cloud   *tenant.Cloud
	seeded  tenant.Seeded
	graph   *graph.Server
	signin  *signin.Handler
	vaults  *keyvault.Server
	faults  *fault.Injector
	latency time.Duration
	log     *slog.Logger

	requests bounded.Recent[Request]

	mu          sync.Mutex
	connections map[[2]string]bool // that are open, by the addresses of both sides
	connected   int                // connections so far
	readings    graph.Readings     // of all sides
}

// Request is a request as it was answered. It is recorded once its effect has happened, before the answer leaves.
type Request struct {
	Method, Path string
	Route        string // as in "/applications/{id}", "/{tenant}/oauth2/v2.0/token", "vault:/secrets/{name}"; "" when there is none
	Query        string // raw; not of the sign-in side
	Status       int
	RequestID    string
	ClientID     string     // of the caller; not of the sign-in side
	At           time.Time  // when it came in
	Fault        fault.Kind // "" for none
}

// User is a person that can sign in.
type User = tenant.Account

// Facts are what a test or a person needs to use an emulator.
type Facts struct {
	TenantID, Domain string
	// ClientID and ClientSecret are the automation application's.
	ClientID, ClientSecret string
	Users                  []User
	Tenants                []tenant.TenantInfo
	Seed                   uint64
}

// underWay is how much longer than the longest lag, which is that of lists, history is kept: as long as a request may
// take from its first look at the state to its last.
const underWay = time.Second

// New makes an emulator, with freshly seeded tenants unless WithData brings others.
func New(opts ...Option) (*Emulator, error) {
	o := &options{seed: 1, now: time.Now, readings: graph.Readings{}, remembered: DefaultRemembered, log: slog.New(slog.DiscardHandler)}
	for _, opt := range opts {
		opt(o)
	}
	if o.hostile {
		o.makeHostile()
	}
	if o.remembered < 0 {
		return nil, fmt.Errorf("remembering %d requests", o.remembered)
	}
	if err := checkRules(o.rules); err != nil {
		return nil, err
	}
	cloud, err := o.cloud()
	if err != nil {
		return nil, err
	}
	cloud.KeepHistory(2*o.lag + underWay)
	if err := validate(o.readings); err != nil {
		return nil, err
	}
	ofGraph, ofSignIn, ofVaults := part(o.readings)
	platform := signin.New(signin.Config{Cloud: cloud, Now: o.now, Seed: o.seed, Lag: o.lag, Hosts: o.hosts, Readings: ofSignIn, Client: o.issuers, Remembered: o.remembered})
	server, err := graph.New(graph.Config{Cloud: cloud, Authority: platform, Seed: o.seed, Lag: o.lag,
		PageSize: o.pageSize, Budget: o.budget, Hosts: o.hosts, Readings: ofGraph})
	if err != nil {
		return nil, err
	}
	vaults := keyvault.New(keyvault.Config{Cloud: cloud, Authority: platform, PageSize: o.pageSize, Readings: ofVaults})
	return &Emulator{cloud: cloud, seeded: cloud.Seeded(), graph: server, signin: platform, vaults: vaults, latency: o.latency, log: o.log,
		faults: fault.NewInjector(o.seed, o.rules), requests: bounded.Recent[Request]{Most: o.remembered}, connections: map[[2]string]bool{}, readings: o.readings}, nil
}

// Facts tells what was seeded.
func (e *Emulator) Facts() Facts {
	return Facts{TenantID: e.seeded.TenantID, Domain: e.seeded.Domain, ClientID: e.seeded.ClientID,
		ClientSecret: e.seeded.ClientSecret, Users: e.cloud.Accounts(), Tenants: e.cloud.Tenants(), Seed: e.seeded.Seed}
}

// ServeHTTP answers as a vault where the request's host names one, Graph under /v1.0 and /beta, and the sign-in endpoints
// everywhere else. A fault that drops the connection, and a request that its client doesn't finish, panic with
// http.ErrAbortHandler, as handlers do for that.
func (e *Emulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := e.exchange(w, r)
	if vault, ok := keyvault.VaultOf(r); ok {
		x.serve(e.vaults.Vault(vault)) //nolint:contextcheck // It travels in the request.
		return
	}
	if graph.Owns(r.URL.Path) {
		x.serve(e.graph) //nolint:contextcheck // It travels in the request.
		return
	}
	x.signInRequest() //nolint:contextcheck // It travels in the request.
}

// VaultHandler answers as one vault, whatever the request's host.
func (e *Emulator) VaultHandler(name string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e.exchange(w, r).serve(e.vaults.Vault(name)) //nolint:contextcheck // It travels in the request.
	})
}

func (e *Emulator) exchange(w http.ResponseWriter, r *http.Request) *exchange {
	e.mu.Lock()
	if between := ends(r); !e.connections[between] {
		e.connections[between] = true
		e.connected++
	}
	e.mu.Unlock()
	// The clock may have been moved; a client that reckons with dates must see which time it is here.
	w.Header().Set("Date", e.cloud.Now().UTC().Format(http.TimeFormat))
	return &exchange{Emulator: e, w: w, r: r, seen: Request{Method: r.Method, Path: r.URL.Path, At: e.cloud.Now()}}
}

// ends are the addresses of both sides of a request's connection: a client may use a port of its own twice, for two
// listeners.
func ends(r *http.Request) [2]string {
	own, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if !ok {
		return [2]string{r.RemoteAddr}
	}
	return [2]string{r.RemoteAddr, own.String()}
}

// ConnState is for the field of that name of an http.Server that has an Emulator or a vault answer: a connection that is
// closed is no longer kept in mind, though Connections goes on counting it.
func (e *Emulator) ConnState(conn net.Conn, state http.ConnState) {
	if state == http.StateClosed {
		e.mu.Lock()
		defer e.mu.Unlock()
		delete(e.connections, [2]string{conn.RemoteAddr().String(), conn.LocalAddr().String()})
	}
}

// service is Graph or a vault.
type service interface {
	// Match names the route of a request and the object that it is about.
	Match(r *http.Request, body []byte) (route, object string)
	// Serve does the work.
	Serve(r *http.Request, body []byte) *graph.Reply
	// Fail answers with what a fault asks for, and does nothing.
	Fail(r *http.Request, kind fault.Kind, status int, retryAfter string) *graph.Reply
}

// exchange is one request on its way.
type exchange struct {
	*Emulator
	w    http.ResponseWriter
	r    *http.Request
	seen Request
}

func (x *exchange) serve(s service) {
	x.seen.Query = x.r.URL.RawQuery
	body, err := graph.ReadBody(x.r)
	var refusal *graph.Error
	switch {
	case errors.As(err, &refusal):
		x.answer(x.graph.Refuse(x.r, refusal))
		return
	case err != nil:
		x.cutOff(&graph.Reply{}) // The client has gone, or was too slow: half a request isn't answered.
	}
	var object string
	x.seen.Route, object = s.Match(x.r, body)
	x.play(object, x.latency, func(rule fault.Rule) *graph.Reply {
		return s.Fail(x.r, rule.Kind, cmp.Or(rule.Status, http.StatusServiceUnavailable), rule.RetryAfterHeader(x.cloud.Now()))
	}, func() *graph.Reply { return s.Serve(x.r, body) })
}

// signInRequest leaves sign-in to its handler, and sends on what that has answered.
func (x *exchange) signInRequest() {
	x.seen.Route = signInRoute(x.r.URL.Path)
	x.play("", 0, x.refuseSignIn, func() *graph.Reply {
		return hold(func(w http.ResponseWriter) { x.signin.ServeHTTP(w, x.r) })
	})
}

// hold keeps what answer writes.
func hold(answer func(http.ResponseWriter)) *graph.Reply {
	held := &heldReply{header: http.Header{}}
	answer(held)
	return &graph.Reply{Status: cmp.Or(held.status, http.StatusOK), Header: held.header, Body: held.body.Bytes(), RequestID: held.header.Get("x-ms-request-id")}
}

// play answers a request by what serve does, unless a fault has it otherwise; refuse answers for the fault.
func (x *exchange) play(object string, wait time.Duration, refuse func(fault.Rule) *graph.Reply, serve func() *graph.Reply) {
	rule, hit := x.faults.Decide(x.r.Method, x.seen.Route, object)
	if hit {
		x.seen.Fault = rule.Kind
	}
	if rule.Kind == fault.Latency {
		wait += time.Duration(rule.Delay)
	}
	if !pause(x.r.Context(), wait) {
		x.cutOff(&graph.Reply{})
	}
	switch rule.Kind {
	case fault.Throttle, fault.ErrorBefore, fault.Conflict, fault.NoMSAApplication:
		x.answer(refuse(rule))
		return
	case fault.ResetBefore:
		x.cutOff(&graph.Reply{})
	}
	reply := serve()
	switch rule.Kind {
	case fault.ErrorAfter:
		x.answer(refuse(rule))
	case fault.DropAfter:
		x.cutOff(reply)
	case fault.SlowAfter:
		x.record(reply)
		if pause(x.r.Context(), time.Duration(rule.Delay)) {
			x.write(reply)
		}
	default:
		x.answer(reply)
	}
}

// refuseSignIn answers as the sign-in endpoints do when they are in trouble.
func (x *exchange) refuseSignIn(rule fault.Rule) *graph.Reply {
	number := signin.TransientNumber
	if rule.Kind == fault.Throttle {
		number = signin.ThrottledNumber
	}
	return hold(func(w http.ResponseWriter) {
		if after := rule.RetryAfterHeader(x.cloud.Now()); after != "" {
			w.Header().Set("Retry-After", after)
		}
		x.signin.Fail(w, x.r, cmp.Or(rule.Number, number), rule.Status)
	})
}

func (x *exchange) answer(reply *graph.Reply) {
	x.record(reply)
	x.write(reply)
}

func (x *exchange) write(reply *graph.Reply) {
	maps.Copy(x.w.Header(), reply.Header)
	x.w.WriteHeader(reply.Status)
	if _, err := x.w.Write(reply.Body); err != nil {
		x.log.Debug("the client has gone", "error", err)
	}
}

// cutOff keeps the reply to itself and ends the connection. It doesn't return.
func (x *exchange) cutOff(reply *graph.Reply) {
	x.record(reply)
	panic(http.ErrAbortHandler)
}

// heldReply is a reply that is written, but not yet sent.
type heldReply struct {
	header http.Header
	status int // the first that was given, 0 for none
	body   bytes.Buffer
}

func (h *heldReply) Header() http.Header            { return h.header }
func (h *heldReply) WriteHeader(status int)         { h.status = cmp.Or(h.status, status) }
func (h *heldReply) Write(text []byte) (int, error) { return h.body.Write(text) }

// record keeps what was answered and writes the log line. Status 0 means that there was no answer, and nothing to answer.
func (x *exchange) record(reply *graph.Reply) {
	x.seen.Status, x.seen.RequestID, x.seen.ClientID = reply.Status, reply.RequestID, reply.ClientID
	x.requests.Add(x.seen)
	x.log.Info("request", "method", x.seen.Method, "path", x.seen.Path, "route", x.seen.Route, "query", x.seen.Query,
		"status", reply.Status, "request_id", reply.RequestID, "client_id", reply.ClientID, "fault", string(x.seen.Fault))
}

// pause waits, and tells whether the client is still there.
func pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
