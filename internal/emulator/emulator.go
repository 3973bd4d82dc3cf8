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
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/fault"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/graph"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/signin"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// Emulator is a cloud with several tenants. It is safe for concurrent use.
type Emulator struct {
	cloud   *tenant.Cloud
	seeded  tenant.Seeded
	graph   *graph.Server
	signin  *signin.Handler
	faults  *fault.Injector
	latency time.Duration
	log     *slog.Logger

	mu          sync.Mutex
	requests    []Request
	connections map[string]bool
	readings    graph.Readings // of both sides
}

// Request is a request as it was answered. It is recorded once its effect has happened, before the answer leaves.
type Request struct {
	Method, Path string
	Route        string // as in "/applications/{id}", "/{tenant}/oauth2/v2.0/token"; "" when there is none
	Query        string // raw; Graph only
	Status       int
	RequestID    string
	ClientID     string     // of the caller; Graph only
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

// New makes an emulator, with freshly seeded tenants unless WithData brings others.
func New(opts ...Option) (*Emulator, error) {
	o := &options{seed: 1, now: time.Now, readings: graph.Readings{}, log: slog.New(slog.DiscardHandler)}
	for _, opt := range opts {
		opt(o)
	}
	if o.hostile {
		o.makeHostile()
	}
	for _, r := range o.rules {
		if err := r.Validate(); err != nil {
			return nil, fmt.Errorf("fault rule: %w", err)
		}
	}
	cloud, err := o.cloud()
	if err != nil {
		return nil, err
	}
	if err := validate(o.readings); err != nil {
		return nil, err
	}
	ofGraph, ofSignIn := part(o.readings)
	platform := signin.New(signin.Config{Cloud: cloud, Now: o.now, Seed: o.seed, Lag: o.lag, Hosts: o.hosts, Readings: ofSignIn, Client: o.issuers})
	server, err := graph.New(graph.Config{Cloud: cloud, Authority: platform, Seed: o.seed, Lag: o.lag,
		PageSize: o.pageSize, Budget: o.budget, Hosts: o.hosts, Readings: ofGraph})
	if err != nil {
		return nil, err
	}
	return &Emulator{cloud: cloud, seeded: cloud.Seeded(), graph: server, signin: platform, latency: o.latency, log: o.log,
		faults: fault.NewInjector(o.seed, o.rules), connections: map[string]bool{}, readings: o.readings}, nil
}

// Facts tells what was seeded.
func (e *Emulator) Facts() Facts {
	return Facts{TenantID: e.seeded.TenantID, Domain: e.seeded.Domain, ClientID: e.seeded.ClientID,
		ClientSecret: e.seeded.ClientSecret, Users: e.cloud.Accounts(), Tenants: e.cloud.Tenants(), Seed: e.seeded.Seed}
}

// ServeHTTP answers Graph under /v1.0 and /beta, and the sign-in endpoints everywhere else. A fault that drops the
// connection panics with http.ErrAbortHandler, as handlers do for that.
func (e *Emulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	e.connections[r.RemoteAddr] = true
	e.mu.Unlock()
	// The clock may have been moved; a client that reckons with dates must see which time it is here.
	w.Header().Set("Date", e.cloud.Now().UTC().Format(http.TimeFormat))
	x := &exchange{Emulator: e, w: w, r: r, seen: Request{Method: r.Method, Path: r.URL.Path, At: e.cloud.Now()}}
	if graph.Owns(r.URL.Path) {
		x.graphRequest() //nolint:contextcheck // It travels in the request.
		return
	}
	x.signInRequest() //nolint:contextcheck // It travels in the request.
}

// exchange is one request on its way.
type exchange struct {
	*Emulator
	w    http.ResponseWriter
	r    *http.Request
	seen Request
}

func (x *exchange) graphRequest() {
	x.seen.Query = x.r.URL.RawQuery
	body, err := graph.ReadBody(x.r)
	var refusal *graph.Error
	switch {
	case errors.As(err, &refusal):
		x.answer(x.graph.Refuse(x.r, refusal))
		return
	case err != nil:
		return // The client has gone.
	}
	var object string
	x.seen.Route, object = x.graph.Match(x.r, body)
	rule, hit := x.faults.Decide(x.r.Method, x.seen.Route, object)
	if hit {
		x.seen.Fault = rule.Kind
	}
	wait := x.latency
	if rule.Kind == fault.Latency {
		wait += time.Duration(rule.Delay)
	}
	if !pause(x.r.Context(), wait) {
		return
	}
	x.misbehave(rule, body)
}

// misbehave does the work of a Graph request, or doesn't, and answers, or doesn't.
func (x *exchange) misbehave(rule fault.Rule, body []byte) {
	retryAfter := rule.RetryAfterHeader(x.cloud.Now())
	status := rule.Status
	if status == 0 {
		status = http.StatusServiceUnavailable
	}
	switch rule.Kind {
	case fault.Throttle:
		x.answer(x.graph.Refuse(x.r, graph.Throttled(retryAfter)))
		return
	case fault.ErrorBefore:
		x.answer(x.graph.Refuse(x.r, graph.ServerError(status, retryAfter)))
		return
	case fault.Conflict:
		x.answer(x.graph.Refuse(x.r, graph.ConcurrentWrites()))
		return
	case fault.NoMSAApplication:
		x.answer(x.graph.Refuse(x.r, graph.MissingMSAApplication()))
		return
	case fault.ResetBefore:
		x.record(0, "", "")
		panic(http.ErrAbortHandler)
	}
	reply := x.graph.Serve(x.r, body)
	switch rule.Kind {
	case fault.ErrorAfter:
		x.answer(x.graph.Refuse(x.r, graph.ServerError(status, retryAfter)))
	case fault.DropAfter:
		x.record(reply.Status, reply.RequestID, reply.ClientID)
		panic(http.ErrAbortHandler)
	case fault.SlowAfter:
		x.record(reply.Status, reply.RequestID, reply.ClientID)
		if pause(x.r.Context(), time.Duration(rule.Delay)) {
			x.write(reply)
		}
	default:
		x.answer(reply)
	}
}

func (x *exchange) answer(reply *graph.Reply) {
	x.record(reply.Status, reply.RequestID, reply.ClientID)
	x.write(reply)
}

func (x *exchange) write(reply *graph.Reply) {
	maps.Copy(x.w.Header(), reply.Header)
	x.w.WriteHeader(reply.Status)
	if _, err := x.w.Write(reply.Body); err != nil {
		x.log.Debug("the client has gone", "error", err)
	}
}

// signInRequest leaves sign-in to its handler, unless a fault names its route.
func (x *exchange) signInRequest() {
	_, rest, _ := strings.Cut(strings.TrimPrefix(x.r.URL.Path, "/"), "/")
	x.seen.Route = fault.SignInPrefix + "/" + rest
	rule, hit := x.faults.Decide(x.r.Method, x.seen.Route, "")
	if hit {
		x.seen.Fault = rule.Kind
	}
	w := &statusWriter{ResponseWriter: x.w, status: http.StatusOK}
	switch rule.Kind {
	case fault.Latency, fault.SlowAfter:
		if !pause(x.r.Context(), time.Duration(rule.Delay)) {
			return
		}
		x.signin.ServeHTTP(w, x.r)
	case fault.Throttle, fault.ErrorBefore, fault.ErrorAfter, fault.Conflict, fault.NoMSAApplication:
		x.signInFailure(w, rule)
	case fault.DropAfter, fault.ResetBefore:
		x.record(0, "", "")
		panic(http.ErrAbortHandler)
	default:
		x.signin.ServeHTTP(w, x.r)
	}
	x.record(w.status, w.Header().Get("x-ms-request-id"), "")
}

// signInFailure answers as the front end of the sign-in endpoints does when it is in trouble.
func (x *exchange) signInFailure(w http.ResponseWriter, rule fault.Rule) {
	status := rule.Status
	switch {
	case rule.Kind == fault.Throttle:
		status = http.StatusTooManyRequests
	case status == 0:
		status = http.StatusServiceUnavailable
	}
	if after := rule.RetryAfterHeader(x.cloud.Now()); after != "" {
		w.Header().Set("Retry-After", after)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	if _, err := w.Write([]byte(`{"error":"temporarily_unavailable","error_description":"AADSTS90033: A transient error has occurred. Please try again.","error_codes":[90033]}`)); err != nil {
		x.log.Debug("the client has gone", "error", err)
	}
}

// statusWriter remembers the status.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// record keeps what was answered and writes the log line. Status 0 means that there was no answer.
func (x *exchange) record(status int, requestID, clientID string) {
	x.seen.Status, x.seen.RequestID, x.seen.ClientID = status, requestID, clientID
	x.mu.Lock()
	x.requests = append(x.requests, x.seen)
	x.mu.Unlock()
	x.log.Info("request", "method", x.seen.Method, "path", x.seen.Path, "route", x.seen.Route, "query", x.seen.Query,
		"status", status, "request_id", requestID, "client_id", clientID, "fault", string(x.seen.Fault))
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
