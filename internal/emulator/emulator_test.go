package emulator_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/emulator"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/fault"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/graph"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

const origin = "https://graph.test"

// client talks to an emulator in process, as the automation application.
type client struct {
	t     testing.TB
	e     *emulator.Emulator
	token string
}

func start(t testing.TB, opts ...emulator.Option) *client {
	t.Helper()
	e, err := emulator.New(opts...)
	if err != nil {
		t.Fatal(err)
	}
	c := &client{t: t, e: e}
	c.signIn()
	return c
}

func (c *client) tokenRequest(ctx context.Context) *http.Request {
	f := c.e.Facts()
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {f.ClientID}, "client_secret": {f.ClientSecret},
		"scope": {origin + "/.default"}}
	r := httptest.NewRequestWithContext(ctx, "POST", origin+"/"+f.TenantID+"/oauth2/v2.0/token", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

func (c *client) signIn() {
	c.t.Helper()
	w, _ := c.serve(c.tokenRequest(c.t.Context()))
	var reply struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &reply); err != nil || reply.AccessToken == "" {
		c.t.Fatalf("no token: %d %s", w.Code, w.Body)
	}
	c.token = reply.AccessToken
}

// do sends a request; aborted tells that the connection was dropped.
func (c *client) do(ctx context.Context, method, path, body string) (w *httptest.ResponseRecorder, aborted bool) {
	r := httptest.NewRequestWithContext(ctx, method, origin+"/v1.0"+path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+c.token)
	r.Header.Set("Content-Type", "application/json")
	return c.serve(r)
}

func (c *client) serve(r *http.Request) (w *httptest.ResponseRecorder, aborted bool) {
	w = httptest.NewRecorder()
	defer func() {
		if p := recover(); p != nil {
			if err, ok := p.(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
				panic(p)
			}
			aborted = true
		}
	}()
	c.e.ServeHTTP(w, r)
	return w, false
}

func (c *client) must(status int, method, path, body string) map[string]any {
	c.t.Helper()
	w, aborted := c.do(c.t.Context(), method, path, body)
	if aborted || w.Code != status {
		c.t.Fatalf("%s %s: %d %s, want %d", method, path, w.Code, w.Body, status)
	}
	out := map[string]any{}
	if w.Body.Len() > 0 {
		if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
			c.t.Fatal(err)
		}
	}
	return out
}

func TestSignInThenGraph(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	c := start(t, emulator.WithLog(&log))
	app := c.must(201, "POST", "/applications", `{"displayName":"Wire"}`)
	secret := c.must(200, "POST", fmt.Sprintf("/applications/%s/addPassword", app["id"]), `{}`)
	requests := c.e.Requests()
	last := requests[len(requests)-1]
	if last.Route != "/applications/{id}/addPassword" || last.Status != 200 || last.ClientID != c.e.Facts().ClientID || last.RequestID == "" {
		t.Errorf("recorded: %+v", last)
	}
	if requests[0].Route != "/{tenant}/oauth2/v2.0/token" || requests[0].Status != 200 {
		t.Errorf("recorded: %+v", requests[0])
	}
	issued := c.e.Issued()
	text, _ := secret["secretText"].(string)
	if !slices.Contains(issued.Secrets, text) || !slices.Contains(issued.Tokens, c.token) {
		t.Error("what was issued isn't listed")
	}
	for _, s := range slices.Concat(issued.Secrets, issued.Tokens) {
		if strings.Contains(log.String(), s) {
			t.Error("the log holds a secret")
		}
	}
	if n := strings.Count(log.String(), "\n"); n != len(requests) {
		t.Errorf("%d log lines for %d requests", n, len(requests))
	}
	c.e.ResetRequests()
	if len(c.e.Requests()) != 0 {
		t.Error("requests survive a reset")
	}
}

func TestTheDoor(t *testing.T) {
	t.Parallel()
	c := start(t, emulator.WithLag(time.Hour))
	id, err := c.e.Create(tenant.Application, tenant.Doc{"displayName": "Somebody else's",
		"web": tenant.Doc{"homePageUrl": "https://a.example"}})
	if err != nil {
		t.Fatal(err)
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	// What is done through the door is known everywhere at once, however far replicas are behind.
	app := c.must(200, "GET", "/applications/"+id, "")
	if web, _ := app["web"].(map[string]any); web["homePageUrl"] != "https://a.example" || web["redirectUris"] == nil {
		t.Errorf("web = %v", app["web"])
	}
	must(c.e.Change(id, func(d tenant.Doc) { d["notes"] = "edited" }))
	if got := c.must(200, "GET", "/applications/"+id, ""); got["notes"] != "edited" {
		t.Errorf("notes = %v", got["notes"])
	}
	sp, err := c.e.Create(tenant.ServicePrincipal, tenant.Doc{"appId": app["appId"]})
	must(err)
	c.must(200, "GET", "/servicePrincipals/"+sp, "")
	must(c.e.Delete(id))
	c.must(404, "GET", "/applications/"+id, "")
	if got := c.e.Deleted(tenant.Application); len(got) != 1 || got[0].String("id") != id {
		t.Errorf("deleted: %v", got)
	}
	must(c.e.Restore(id))
	c.must(200, "GET", "/servicePrincipals/"+sp, "")
	must(c.e.Delete(id))
	must(c.e.Purge(id))
	c.must(404, "GET", "/directory/deletedItems/"+id, "")
	if err := c.e.Delete(id); !errors.Is(err, emulator.ErrNoObject) {
		t.Errorf("deleting nothing: %v", err)
	}
	if _, ok := c.e.Object(sp); ok {
		t.Error("the service principal outlived its application")
	}
}

func TestRolesAreWhatTheTokenSays(t *testing.T) {
	t.Parallel()
	c := start(t)
	if err := c.e.SetRoles(c.e.Facts().ClientID, "Application.Read.All"); err != nil {
		t.Fatal(err)
	}
	c.must(201, "POST", "/applications", `{"displayName":"With the old token"}`)
	c.signIn()
	c.must(403, "POST", "/applications", `{"displayName":"With the new token"}`)
	if err := c.e.SetRoles(c.e.Facts().ClientID, "No.Such"); err == nil {
		t.Error("an unknown permission is granted")
	}
}

func TestPolicy(t *testing.T) {
	t.Parallel()
	c := start(t)
	id, err := c.e.Create(tenant.Application, tenant.Doc{"displayName": "Judged"})
	if err != nil {
		t.Fatal(err)
	}
	add := func(end time.Time) (int, string) {
		w, _ := c.do(t.Context(), "POST", "/applications/"+id+"/addPassword",
			fmt.Sprintf(`{"passwordCredential":{"endDateTime":%q}}`, end.UTC().Format(time.RFC3339)))
		return w.Code, w.Body.String()
	}
	set := func(p emulator.Policy) {
		t.Helper()
		if err := c.e.SetPolicy(p); err != nil {
			t.Fatal(err)
		}
	}
	set(emulator.Policy{LongestSecret: "P90D"})
	policy := c.must(200, "GET", "/policies/defaultAppManagementPolicy", "")
	if policy["isEnabled"] != true || !strings.Contains(fmt.Sprint(policy["applicationRestrictions"]), "maxLifetime:P90D") {
		t.Errorf("policy: %v", policy)
	}
	if code, body := add(time.Now().AddDate(0, 0, 91)); code != 400 || !strings.Contains(body, "CredentialInvalidLifetimeAsPerAppPolicy") {
		t.Errorf("91 days: %d %s", code, body)
	}
	if code, body := add(time.Now().AddDate(0, 0, 90)); code != 200 {
		t.Errorf("90 days: %d %s", code, body)
	}
	set(emulator.Policy{LongestSecret: "P90D", CreatedAfter: time.Now().Add(time.Hour)})
	if code, body := add(time.Now().AddDate(0, 0, 91)); code != 200 {
		t.Errorf("an older application: %d %s", code, body)
	}
	set(emulator.Policy{ForbidSecrets: true, ForbidMultipleOrgs: true})
	if code, body := add(time.Now().AddDate(0, 0, 1)); code != 400 || !strings.Contains(body, "CredentialTypeNotAllowedAsPerAppPolicy") {
		t.Errorf("forbidden: %d %s", code, body)
	}
	w, _ := c.do(t.Context(), "PATCH", "/applications/"+id, `{"signInAudience":"AzureADMultipleOrgs"}`)
	if !strings.Contains(w.Body.String(), "SignInAudienceNotAllowedAsPerAppPolicy") {
		t.Errorf("audience: %s", w.Body)
	}
	set(emulator.Policy{})
	if code, body := add(time.Now().AddDate(1, 0, 0)); code != 200 {
		t.Errorf("without a policy: %d %s", code, body)
	}
}

// TestAssignedPolicy gives one application a policy of its own, which holds instead of the tenant's.
func TestAssignedPolicy(t *testing.T) {
	t.Parallel()
	c := start(t)
	id, err := c.e.Create(tenant.Application, tenant.Doc{"displayName": "Judged on its own"})
	if err != nil {
		t.Fatal(err)
	}
	list := "/applications/" + id + "/appManagementPolicies"
	if none := c.must(200, "GET", list, ""); fmt.Sprint(none["value"]) != "[]" {
		t.Errorf("without a policy: %v", none)
	}
	if err := errors.Join(c.e.SetPolicy(emulator.Policy{ForbidSecrets: true}), c.e.AssignPolicy(id, emulator.Policy{LongestSecret: "P30D"})); err != nil {
		t.Fatal(err)
	}
	held := fmt.Sprint(c.must(200, "GET", list, "")["value"])
	if !strings.Contains(held, "maxLifetime:P30D") || !strings.Contains(held, "isEnabled:true") {
		t.Errorf("assigned: %s", held)
	}
	for days, want := range map[int]int{30: 200, 31: 400} {
		end := time.Now().AddDate(0, 0, days).UTC().Format(time.RFC3339)
		got := c.must(want, "POST", "/applications/"+id+"/addPassword", fmt.Sprintf(`{"passwordCredential":{"endDateTime":%q}}`, end))
		if text := fmt.Sprint(got); want == 400 && (!strings.Contains(text, "CredentialInvalidLifetimeAsPerAppPolicy") || strings.Contains(text, tenant.DefaultAppPolicyID)) {
			t.Errorf("%d days: %s", days, text)
		}
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	tests := []struct {
		rule            fault.Rule
		status          int
		aborted, commit bool
	}{
		{fault.Rule{Kind: fault.Throttle, RetryAfter: "2.128"}, 429, false, false},
		{fault.Rule{Kind: fault.ErrorBefore}, 503, false, false},
		{fault.Rule{Kind: fault.ErrorAfter, Status: 504}, 504, false, true},
		{fault.Rule{Kind: fault.Conflict}, 409, false, false},
		{fault.Rule{Kind: fault.NoMSAApplication}, 409, false, false},
		{fault.Rule{Kind: fault.DropAfter}, 0, true, true},
		{fault.Rule{Kind: fault.ResetBefore}, 0, true, false},
		{fault.Rule{Kind: fault.Latency, Delay: fault.Duration(time.Millisecond)}, 201, false, true},
		{fault.Rule{Kind: fault.SlowAfter, Delay: fault.Duration(time.Millisecond)}, 201, false, true},
	}
	for _, tt := range tests {
		t.Run(string(tt.rule.Kind), func(t *testing.T) {
			t.Parallel()
			tt.rule.Method, tt.rule.Route, tt.rule.Nth = "POST", "/applications", []int{1}
			c := start(t, emulator.WithFaults([]fault.Rule{tt.rule}))
			before := len(c.e.Objects(tenant.Application))
			w, aborted := c.do(t.Context(), "POST", "/applications", `{"displayName":"Fault"}`)
			if aborted != tt.aborted || !aborted && w.Code != tt.status {
				t.Errorf("aborted %v, %d %s", aborted, w.Code, w.Body)
			}
			if got := len(c.e.Objects(tenant.Application)) - before; (got == 1) != tt.commit {
				t.Errorf("%d applications were made", got)
			}
			if got := w.Header().Get("Retry-After"); got != tt.rule.RetryAfter {
				t.Errorf("Retry-After = %q", got)
			}
			last := c.e.Requests()[len(c.e.Requests())-1]
			if last.Fault != tt.rule.Kind {
				t.Errorf("recorded: %+v", last)
			}
			c.must(201, "POST", "/applications", `{"displayName":"Fault"}`)
		})
	}
}

// TestSignInFaults asks for a token in all sorts of trouble, and looks whether one was made.
func TestSignInFaults(t *testing.T) {
	t.Parallel()
	for kind, want := range map[fault.Kind]struct {
		status          int
		aborted, issued bool
	}{
		fault.Throttle: {429, false, false}, fault.ErrorBefore: {503, false, false}, fault.Conflict: {503, false, false},
		fault.NoMSAApplication: {503, false, false}, fault.ResetBefore: {0, true, false}, fault.Latency: {200, false, true},
		fault.ErrorAfter: {503, false, true}, fault.DropAfter: {0, true, true}, fault.SlowAfter: {200, false, true},
	} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			c := start(t)
			before := len(c.e.Issued().Tokens)
			if err := c.e.AddFaults(fault.Rule{Route: "/{tenant}/oauth2/v2.0/token", Kind: kind, Delay: fault.Duration(time.Millisecond)}); err != nil {
				t.Fatal(err)
			}
			w, aborted := c.serve(c.tokenRequest(t.Context()))
			if issued := len(c.e.Issued().Tokens) > before; aborted != want.aborted || !aborted && w.Code != want.status || issued != want.issued {
				t.Errorf("aborted %v, issued %v, %d %s", aborted, issued, w.Code, w.Body)
			}
			if last := c.e.Requests()[len(c.e.Requests())-1]; last.Fault != kind || !aborted && last.Status != want.status {
				t.Errorf("recorded: %+v", last)
			}
			c.e.ClearFaults()
			c.signIn()
		})
	}
	if err := start(t).e.AddFaults(fault.Rule{Kind: "odd"}); err == nil {
		t.Error("an odd fault is accepted")
	}
}

// TestHalfARequestIsNotAnswered breaks bodies off: what was not read to its end must not look done.
func TestHalfARequestIsNotAnswered(t *testing.T) {
	t.Parallel()
	c := start(t)
	broken := io.MultiReader(strings.NewReader(`{"displayName":"Half"`), iotest.ErrReader(io.ErrUnexpectedEOF))
	r := httptest.NewRequestWithContext(t.Context(), "POST", origin+"/v1.0/applications", broken)
	r.Header = http.Header{"Authorization": {"Bearer " + c.token}, "Content-Type": {"application/json"}}
	if w, aborted := c.serve(r); !aborted {
		t.Errorf("answered with %d %s", w.Code, w.Body)
	}
	if last := c.e.Requests()[len(c.e.Requests())-1]; last.Method != "POST" || last.Status != 0 {
		t.Errorf("recorded: %+v", last)
	}
}

// TestSlowAfterCommitCanBeInterrupted proves that the request shows up as done while its answer is held back, and that
// a client that leaves meanwhile isn't waited for.
func TestSlowAfterCommitCanBeInterrupted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := start(t, emulator.WithFaults([]fault.Rule{{Method: "POST", Kind: fault.SlowAfter, Delay: fault.Duration(time.Hour)}}))
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			c.do(ctx, "POST", "/applications", `{"displayName":"Held"}`)
		}()
		synctest.Wait()
		last := c.e.Requests()[len(c.e.Requests())-1]
		if last.Route != "/applications" || last.Status != 201 {
			t.Errorf("recorded: %+v", last)
		}
		cancel()
		<-done
	})
}

func TestHostilityFollowsFromTheSeed(t *testing.T) {
	t.Parallel()
	outcome := func(seed uint64) string {
		var out strings.Builder
		synctest.Test(t, func(t *testing.T) {
			c := start(t, emulator.WithSeed(seed), emulator.WithHostile())
			for i := range 150 {
				w, _ := c.do(t.Context(), "POST", "/applications", fmt.Sprintf(`{"displayName":"App %d"}`, i))
				var app struct{ ID string }
				if err := json.Unmarshal(w.Body.Bytes(), &app); err != nil {
					t.Fatal(err)
				}
				r, _ := c.do(t.Context(), "GET", "/applications/"+app.ID, "")
				fmt.Fprintf(&out, "%d/%d ", w.Code, r.Code)
			}
		})
		return out.String()
	}
	first := outcome(4)
	if again := outcome(4); again != first {
		t.Errorf("the same seed, twice:\n%s\n%s", first, again)
	}
	for _, answer := range []string{"429/", "409/", "/429", "/404"} {
		if !strings.Contains(first, answer) {
			t.Errorf("never %s: %s", answer, first)
		}
	}
	if strings.Contains(first, "/409") {
		t.Errorf("reads meet concurrent writes: %s", first)
	}
	if other := outcome(8); other == first {
		t.Error("another seed makes no difference")
	}
}

func TestReadingsAreNamed(t *testing.T) {
	t.Parallel()
	for _, r := range emulator.Readings() {
		if len(r.Choices) < 2 || r.Why == "" {
			t.Errorf("%+v", r)
		}
		for _, choice := range r.Choices {
			if _, err := emulator.New(emulator.WithReading(r.Name, choice)); err != nil {
				t.Error(err)
			}
		}
	}
	if _, err := emulator.New(emulator.WithReading(graph.MalformedID, "teapot")); err == nil {
		t.Error("an unknown choice is accepted")
	}
}

// TestParallelClients lets many clients write to one application and each to one of its own; the race detector watches.
func TestParallelClients(t *testing.T) {
	t.Parallel()
	c := start(t, emulator.WithLog(io.Discard))
	shared, err := c.e.Create(tenant.Application, tenant.Doc{"displayName": "Shared"})
	if err != nil {
		t.Fatal(err)
	}
	const clients = 16
	var wg sync.WaitGroup
	for i := range clients {
		wg.Go(func() {
			w, _ := c.do(t.Context(), "POST", "/applications", fmt.Sprintf(`{"displayName":"Parallel %d"}`, i))
			if w.Code != 201 {
				t.Errorf("%d %s", w.Code, w.Body)
			}
			for _, path := range []string{"/addPassword", "/addPassword"} {
				if w, _ := c.do(t.Context(), "POST", "/applications/"+shared+path, `{}`); w.Code != 200 {
					t.Errorf("%d %s", w.Code, w.Body)
				}
			}
			c.do(t.Context(), "GET", "/applications?$filter=startsWith(displayName,%27Parallel%27)", "")
		})
	}
	wg.Wait()
	app, _ := c.e.Object(shared)
	ids := map[string]bool{}
	for _, s := range app.Docs("passwordCredentials") {
		ids[s.String("keyId")] = true
	}
	if len(ids) != 2*clients {
		t.Errorf("%d secrets with ids of their own, want %d", len(ids), 2*clients)
	}
}
