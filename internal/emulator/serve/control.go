package serve

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/emulator"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/fault"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/keyvault"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/portal"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// Clock is real time plus what it was advanced by. It is safe for concurrent use; the zero value is ready.
type Clock struct {
	mu     sync.Mutex
	offset time.Duration
}

// Now is the clock's time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.offset)
}

// Advance moves the clock forward.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset += d
}

// ahead is how far the clock was moved. A nil clock never is.
func (c *Clock) ahead() time.Duration {
	if c == nil {
		return 0
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.offset
}

// errControl is a control that was used wrongly.
type errControl struct{ error }

func misuse(format string, args ...any) error { return errControl{fmt.Errorf(format, args...)} }

// control is the handler of the test controls.
type control struct {
	emulator *emulator.Emulator
	clock    *Clock
	save     func() error // nil without a data file
	people   *sync.Mutex  // held while one is changed
}

func newControl(e *emulator.Emulator, clock *Clock, save func() error) control {
	return control{e, clock, save, &sync.Mutex{}}
}

// Control serves the test controls: what a person at the portal, a calendar or a bad day would do. All answers are JSON.
// The emulator's README lists them, each with the Go method that does the same.
//
// Beside them, for a browser, are the pages of package portal. clock may be nil, when it can't be moved.
func Control(e *emulator.Emulator, clock *Clock) http.Handler {
	return newControl(e, clock, nil).handler()
}

func (c control) handler() http.Handler {
	mux := http.NewServeMux()
	for pattern, f := range c.operations() {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { answer(w, r, f) })
	}
	pages := portal.New(c.emulator.Cloud())
	mux.HandleFunc(portal.Path, func(w http.ResponseWriter, r *http.Request) {
		if !byLoopbackName(r) {
			http.Error(w, "these pages are at a loopback address only", http.StatusBadRequest)
			return
		}
		pages.ServeHTTP(w, r)
	})
	return mux
}

func (c control) operations() map[string]func(*http.Request) (any, error) {
	return map[string]func(*http.Request) (any, error){
		"GET /requests":              c.requests,
		"DELETE /requests":           c.resetRequests,
		"GET /issued":                c.issued,
		"GET /objects":               c.objects,
		"POST /objects":              c.create,
		"GET /objects/{id}":          c.object,
		"PATCH /objects/{id}":        c.change,
		"POST /objects/{id}/delete":  c.onObject(c.emulator.Delete),
		"POST /objects/{id}/purge":   c.onObject(c.emulator.Purge),
		"POST /objects/{id}/restore": c.onObject(c.emulator.Restore),
		"POST /objects/{id}/secrets": c.addSecret,
		"PUT /objects/{id}/policy":   c.setPolicy,
		"PUT /policy":                c.setPolicy,
		"PUT /conditional-access":    c.setConditionalAccess,
		"PUT /roles/{clientID}":      c.setRoles,
		"GET /accounts":              c.accounts,
		"PATCH /accounts/{username}": c.changeAccount,
		"GET /readings":              c.readings,
		"POST /readings":             c.setReadings,
		"GET /faults":                c.faults,
		"POST /faults":               c.addFaults,
		"DELETE /faults":             c.clearFaults,
		"GET /clock":                 c.time,
		"POST /clock/advance":        c.advance,
		"POST /save":                 c.saveNow,
		"POST /keys/rotate":          c.rotateKeys,

		"GET /vault/access":                     c.vaultAccess,
		"PUT /vault/access":                     c.setVaultAccess,
		"GET /vault/secrets":                    c.vaultSecrets,
		"POST /vault/secrets/{name}":            c.addVaultVersion,
		"PATCH /vault/secrets/{name}/{version}": c.changeVaultVersion,
		"POST /vault/secrets/{name}/delete":     c.onVaultSecret(c.emulator.Vaults().Delete),
		"POST /vault/secrets/{name}/recover":    c.onVaultSecret(c.emulator.Vaults().Recover),
		"POST /vault/secrets/{name}/purge":      c.onVaultSecret(c.emulator.Vaults().Purge),
	}
}

// answer runs a control and renders what comes of it. A browser is refused: a page that somebody has open must not be
// able to reach the controls.
func answer(w http.ResponseWriter, r *http.Request, f func(*http.Request) (any, error)) {
	status, body := http.StatusOK, any(nil)
	err := notFromBrowser(r)
	if err == nil {
		body, err = f(r)
	}
	var wrong errControl
	switch {
	case err == nil:
	case errors.As(err, &wrong):
		status = http.StatusBadRequest
	case errors.Is(err, emulator.ErrNoObject), errors.Is(err, keyvault.ErrNoSecret):
		status = http.StatusNotFound
	default:
		status = http.StatusInternalServerError
	}
	if err != nil {
		body = map[string]string{"error": err.Error()}
	}
	text, err := json.Marshal(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// A client that has gone needs no answer.
	_, _ = w.Write(append(text, '\n'))
}

func notFromBrowser(r *http.Request) error {
	if r.Header.Get("Origin") != "" || r.Header.Get("Sec-Fetch-Mode") != "" || !byLoopbackName(r) {
		return misuse("the controls are not for browsers")
	}
	return nil
}

// byLoopbackName tells whether a request names this machine as such. A page of somebody else's whose name was made to
// point here names another.
func byLoopbackName(r *http.Request) bool {
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// request is one line of GET /requests.
type request struct {
	Method    string    `json:"method"`
	Path      string    `json:"path"`
	Route     string    `json:"route"`
	Query     string    `json:"query,omitempty"`
	Status    int       `json:"status"`
	RequestID string    `json:"request_id,omitempty"`
	ClientID  string    `json:"client_id,omitempty"`
	At        time.Time `json:"at"`
	Fault     string    `json:"fault,omitempty"`
}

func (c control) requests(*http.Request) (any, error) {
	out := []request{}
	for _, q := range c.emulator.Requests() {
		out = append(out, request{
			Method: q.Method, Path: q.Path, Route: q.Route, Query: q.Query, Status: q.Status, RequestID: q.RequestID, ClientID: q.ClientID,
			At: q.At, Fault: string(q.Fault),
		})
	}
	return out, nil
}

func (c control) resetRequests(*http.Request) (any, error) {
	c.emulator.ResetRequests()
	return struct{}{}, nil
}

func (c control) issued(*http.Request) (any, error) {
	issued := c.emulator.Issued()
	return map[string][]string{"secrets": append([]string{}, issued.Secrets...), "tokens": append([]string{}, issued.Tokens...)}, nil
}

func kindOf(r *http.Request) (tenant.Kind, error) {
	kind := tenant.Kind(r.URL.Query().Get("kind"))
	if !slices.Contains(emulator.Kinds(), kind) {
		return "", misuse("kind %q: give one of %v", kind, emulator.Kinds())
	}
	return kind, nil
}

func (c control) objects(r *http.Request) (any, error) {
	kind, err := kindOf(r)
	if err != nil {
		return nil, err
	}
	list := c.emulator.Objects
	if r.URL.Query().Get("deleted") == "true" {
		list = c.emulator.Deleted
	}
	return append([]tenant.Doc{}, list(kind)...), nil
}

func (c control) onObject(f func(id string) error) func(*http.Request) (any, error) {
	return func(r *http.Request) (any, error) { return struct{}{}, understood(f(r.PathValue("id"))) }
}

func (c control) addFaults(r *http.Request) (any, error) {
	rules, err := fault.Parse(r.Body)
	if err != nil {
		return nil, errControl{err}
	}
	return struct{}{}, understood(c.emulator.AddFaults(rules...))
}

func (c control) faults(*http.Request) (any, error) {
	return append([]fault.Rule{}, c.emulator.Faults()...), nil
}

func (c control) clearFaults(*http.Request) (any, error) {
	c.emulator.ClearFaults()
	return struct{}{}, nil
}

func (c control) rotateKeys(*http.Request) (any, error) {
	c.emulator.RotateKeys()
	return struct{}{}, nil
}

func (c control) advance(r *http.Request) (any, error) {
	by, err := time.ParseDuration(r.URL.Query().Get("by"))
	if err != nil || by < 0 {
		return nil, misuse("by must be a duration that isn't negative, as in 24h")
	}
	if c.clock == nil {
		return nil, misuse("this emulator's clock can't be moved")
	}
	if by > math.MaxInt64-c.clock.ahead() {
		return nil, misuse("the clock can't be moved that far")
	}
	c.clock.Advance(by)
	return c.time(r)
}

func (c control) time(*http.Request) (any, error) {
	return map[string]time.Time{"now": c.emulator.Cloud().Now()}, nil
}
