package graph_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/graph"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// clock is a clock that tests move by hand.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// callers is an Authority whose tokens are names.
type callers map[string]graph.Caller

func (c callers) Verify(token string) (graph.Caller, error) {
	caller, ok := c[token]
	if !ok {
		return graph.Caller{}, errors.New("unknown token")
	}
	return caller, nil
}

// world is a server over a seeded cloud, and what tests say to it.
type world struct {
	t     testing.TB
	srv   *graph.Server
	cloud *tenant.Cloud
	facts tenant.Seeded
	clock *clock
	as    string // the token of the next requests
}

func newWorld(t testing.TB, change ...func(*graph.Config)) *world {
	t.Helper()
	clk := &clock{at: time.Date(2026, 11, 20, 9, 2, 39, 723888400, time.UTC)}
	cloud := tenant.New(clk.now)
	facts, err := tenant.Seed(cloud, 1)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, cloud: cloud, facts: facts, clock: clk, as: "automation"}
	app := graph.Caller{TenantID: facts.TenantID, ClientID: facts.ClientID, ServicePrincipalID: facts.ServicePrincipalID,
		Audience: "https://graph.test", Expires: clk.at.AddDate(1, 0, 0), Roles: tenant.AutomationRoles()}
	with := func(change func(*graph.Caller)) graph.Caller {
		c := app
		change(&c)
		return c
	}
	cfg := graph.Config{Cloud: cloud, Seed: 1, Authority: callers{
		"automation": app,
		"nobody":     with(func(c *graph.Caller) { c.Roles = nil }),
		"reader":     with(func(c *graph.Caller) { c.Roles = []string{"Application.Read.All"} }),
		"owner":      with(func(c *graph.Caller) { c.Roles = []string{"Application.ReadWrite.OwnedBy"} }),
		"expired":    with(func(c *graph.Caller) { c.Expires = clk.at }),
		"elsewhere":  with(func(c *graph.Caller) { c.Audience = "https://vault.azure.net" }),
		"stranger":   with(func(c *graph.Caller) { c.TenantID = "11111111-1111-4111-8111-111111111111" }),
		"canonical":  with(func(c *graph.Caller) { c.Audience = "https://graph.microsoft.com/" }),
		"member": with(func(c *graph.Caller) {
			c.Roles, c.Scopes, c.UserID = nil, []string{"Application.ReadWrite.All", "User.Read"}, w.person("mara").ObjectID
		}),
		"admin": with(func(c *graph.Caller) {
			c.Roles, c.Scopes, c.UserID = nil, []string{"Application.ReadWrite.All", "Directory.ReadWrite.All"}, w.person("admin").ObjectID
		}),
	}}
	for _, f := range change {
		f(&cfg)
	}
	if w.srv, err = graph.New(cfg); err != nil {
		t.Fatal(err)
	}
	return w
}

// reading sets one reading.
func reading(name, choice string) func(*graph.Config) {
	return func(c *graph.Config) { c.Readings = graph.Readings{name: choice} }
}

func (w *world) person(name string) tenant.Account {
	for _, a := range w.cloud.Accounts() {
		if strings.HasPrefix(a.UserName, name+"@") {
			return a
		}
	}
	w.t.Fatalf("nobody is called %s", name)
	return tenant.Account{}
}

// answer is a reply with its body decoded.
type answer struct {
	*graph.Reply
	body map[string]any
}

// do sends a request as w.as. Headers come as "Name: value".
func (w *world) do(method, path, body string, headers ...string) answer {
	w.t.Helper()
	r := w.request(method, path, body, headers...)
	raw, err := graph.ReadBody(r)
	if err != nil {
		return w.decode(w.srv.Refuse(r, err))
	}
	return w.decode(w.srv.Serve(r, raw))
}

func (w *world) request(method, path, body string, headers ...string) *http.Request {
	w.t.Helper()
	r := httptest.NewRequestWithContext(w.t.Context(), method, "https://graph.test/v1.0"+path, strings.NewReader(body))
	if w.as != "" {
		r.Header.Set("Authorization", "Bearer "+w.as)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	return r
}

func (w *world) decode(reply *graph.Reply) answer {
	w.t.Helper()
	a := answer{Reply: reply}
	if len(reply.Body) > 0 {
		if err := json.NewDecoder(bytes.NewReader(reply.Body)).Decode(&a.body); err != nil {
			w.t.Fatalf("the body isn't JSON: %s", reply.Body)
		}
	}
	return a
}

// must is do for a request that has to succeed with a status.
func (w *world) must(status int, method, path, body string, headers ...string) answer {
	w.t.Helper()
	a := w.do(method, path, body, headers...)
	if a.Status != status {
		w.t.Fatalf("%s %s %s: %d %s, want %d", method, path, body, a.Status, a.Body, status)
	}
	return a
}

func (a answer) str(name string) string { s, _ := a.body[name].(string); return s }

func (a answer) code() string {
	e, _ := a.body["error"].(map[string]any)
	s, _ := e["code"].(string)
	return s
}

func (a answer) message() string {
	e, _ := a.body["error"].(map[string]any)
	s, _ := e["message"].(string)
	return s
}

func (a answer) keys() []string { return keysOf(a.body) }

func keysOf(m map[string]any) []string {
	var out []string
	for k := range m {
		if !strings.HasPrefix(k, "@odata.") {
			out = append(out, k)
		}
	}
	slices.Sort(out)
	return out
}

func (a answer) values() []map[string]any {
	var out []map[string]any
	items, _ := a.body["value"].([]any)
	for _, v := range items {
		m, _ := v.(map[string]any)
		out = append(out, m)
	}
	return out
}

// app makes an application and gives its object id and client id.
func (w *world) app(name string) (id, appID string) {
	w.t.Helper()
	a := w.must(http.StatusCreated, "POST", "/applications", `{"displayName":"`+name+`"}`)
	return a.str("id"), a.str("appId")
}
