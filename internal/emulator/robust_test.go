package emulator_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/appreg/terraform-provider-appreg/internal/emulator"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/fault"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/graph"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// FuzzHandler proves that no request makes the emulator panic, fail with a 500, or answer with something that isn't JSON
// where JSON is announced.
func FuzzHandler(f *testing.F) {
	for _, seed := range [][3]string{
		{"GET", "/v1.0/applications?$filter=displayName eq 'x'&$count=true&$orderby=displayName&$top=3&$select=id", ""},
		{"GET", "/v1.0/applications?$expand=owners($select=id)&$skiptoken=MTA6YWJj", ""},
		{"GET", `/beta/applications?$search="displayName:x" OR "description:y"&$count=true`, ""},
		{"GET", "/v1.0/servicePrincipals(appId='00000003-0000-0000-c000-000000000000')/oauth2PermissionScopes", ""},
		{"POST", "/v1.0/applications", `{"displayName":"x","web":{"redirectUris":["https://a.example"]},"requiredResourceAccess":[{"resourceAppId":"00000003-0000-0000-c000-000000000000","resourceAccess":[]}]}`},
		{"PATCH", "/v1.0/applications(uniqueName='x')", `{"displayName":"x","keyCredentials":[{"key":"AAAA"}]}`},
		{"POST", "/v1.0/$batch", `{"requests":[{"id":"1","method":"GET","url":"/applications/$count","headers":{"ConsistencyLevel":"eventual"}}]}`},
		{"POST", "/v1.0/directoryObjects/getByIds", `{"ids":["x"],"types":["user"]}`},
		{"POST", "/v1.0/oauth2PermissionGrants", `{"clientId":"x","consentType":"AllPrincipals","resourceId":"y","scope":"a b"}`},
		{"POST", "/common/oauth2/v2.0/token", "grant_type=client_credentials&client_id=x&client_assertion=a.b.c"},
		{"GET", "/organizations/oauth2/v2.0/authorize?client_id=x&response_type=code&redirect_uri=y", ""},
		{"GET", "/devicelogin?x=%zz", ""},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	c := start(f)
	f.Fuzz(func(t *testing.T, method, target, body string) {
		u, err := url.Parse("https://graph.test/" + strings.TrimLeft(target, "/"))
		if err != nil {
			return
		}
		r, err := http.NewRequestWithContext(t.Context(), method, u.String(), strings.NewReader(body))
		if err != nil {
			return
		}
		r.RequestURI, r.RemoteAddr = u.RequestURI(), "127.0.0.1:1"
		r.Header.Set("Authorization", "Bearer "+c.token)
		r.Header.Set("ConsistencyLevel", "eventual")
		r.Header.Set("Content-Type", "application/json")
		if !strings.HasPrefix(u.Path, "/v1.0/") && !strings.HasPrefix(u.Path, "/beta/") {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		w := httptest.NewRecorder()
		c.e.ServeHTTP(w, r)
		if w.Code == http.StatusInternalServerError {
			t.Errorf("%s %s %q: %s", method, target, body, w.Body)
		}
		if strings.HasPrefix(w.Header().Get("Content-Type"), "application/json") && !json.Valid(w.Body.Bytes()) {
			t.Errorf("%s %s %q: not JSON: %s", method, target, body, w.Body)
		}
	})
}

// TestHostileBodies sends what a careless or hostile client may.
func TestHostileBodies(t *testing.T) {
	t.Parallel()
	c := start(t)
	for name, tt := range map[string]struct {
		body   string
		status int
	}{
		"more than 4 MB":     {`{"displayName":"` + strings.Repeat("x", 4<<20) + `"}`, http.StatusRequestEntityTooLarge},
		"deep lists":         {strings.Repeat("[", 1<<20), http.StatusBadRequest},
		"deep objects":       {strings.Repeat(`{"web":`, 1<<18) + "1" + strings.Repeat("}", 1<<18), http.StatusBadRequest},
		"deep inside":        {`{"displayName":"x","web":{"redirectUris":` + strings.Repeat("[", 9_000) + strings.Repeat("]", 9_000) + `}}`, http.StatusBadRequest},
		"many members":       {`{` + strings.Repeat(`"displayName":"x",`, 100_000) + `"displayName":"y"}`, http.StatusCreated},
		"not UTF-8":          {"\xff\xfe\x00", http.StatusBadRequest},
		"two values":         {`{"displayName":"x"}{}`, http.StatusBadRequest},
		"a number too large": {`{"displayName":"x","api":{"requestedAccessTokenVersion":1e999}}`, http.StatusBadRequest},
	} {
		if w, aborted := c.do(t.Context(), "POST", "/applications", tt.body); aborted || w.Code != tt.status {
			t.Errorf("%s: %d, want %d", name, w.Code, tt.status)
		}
	}
	if w, _ := c.do(t.Context(), "GET", "/applications?$filter="+strings.Repeat("(", 100_000), ""); w.Code != http.StatusBadRequest {
		t.Errorf("deep filter: %d", w.Code)
	}
}

// TestManyWriters is for the race detector, and counts that nothing is lost. Meanwhile a test looks in by the second door.
func TestManyWriters(t *testing.T) {
	t.Parallel()
	const clients, each = 16, 8
	c := start(t, emulator.WithBudget(1))
	ctx, stop := context.WithCancel(t.Context())
	var all, door sync.WaitGroup
	door.Go(func() {
		for c.e.RotateKeys(); ctx.Err() == nil; {
			c.lookIn(t)
		}
	})
	for n := range clients {
		all.Go(func() {
			for i := range each {
				if w, _ := c.serve(c.tokenRequest(t.Context())); w.Code != http.StatusOK {
					t.Errorf("sign in: %d %s", w.Code, w.Body)
				}
				app := c.create(t, fmt.Sprintf("Client %d, application %d", n, i))
				for _, request := range [][3]string{
					{"PATCH", "/applications/" + app, `{"notes":"changed"}`},
					{"POST", "/applications/" + app + "/addPassword", `{}`},
					{"GET", "/applications/" + app, ""},
					{"GET", "/applications?$top=5", ""},
					{"GET", "/applications?$filter=startsWith(displayName,'Client+1')&$select=id", ""},
				} {
					if w, _ := c.do(t.Context(), request[0], request[1], request[2]); w.Code >= 300 {
						t.Errorf("%s %s: %d %s", request[0], request[1], w.Code, w.Body)
					}
				}
				if i%2 == 1 {
					if w, _ := c.do(t.Context(), "DELETE", "/applications/"+app, ""); w.Code != http.StatusNoContent {
						t.Errorf("delete: %d", w.Code)
					}
				}
			}
		})
	}
	all.Wait()
	stop()
	door.Wait()
	live, deleted := len(c.e.Objects(tenant.Application)), len(c.e.Deleted(tenant.Application))
	if live != 1+clients*each/2 || deleted != clients*each/2 {
		t.Errorf("%d live, %d deleted", live, deleted)
	}
}

// lookIn reads all that the second door shows, and changes what doesn't matter to a client.
func (c *client) lookIn(t *testing.T) {
	t.Helper()
	if _, err := json.Marshal(c.e.Snapshot()); err != nil {
		t.Error(err)
	}
	err := errors.Join(c.e.SetReadings(graph.Readings{graph.OverlongSecret: "accepted"}), c.e.AddFaults(fault.Rule{Kind: fault.Latency, Route: "/domains/{id}"}))
	if now := c.e.CurrentReadings(); err != nil || len(c.e.Facts().Users) != len(c.e.Accounts()) || now[graph.OverlongSecret] != "accepted" {
		t.Errorf("%v %v", err, now)
	}
	if c.e.Connections() != 1 || len(c.e.Issued().Tokens) == 0 || len(c.e.Faults()) == 0 {
		t.Error("what the door shows isn't what was done")
	}
	c.e.Requests()
	c.e.ResetRequests()
	c.e.ClearFaults()
}

func (c *client) create(t *testing.T, name string) (id string) {
	t.Helper()
	w, _ := c.do(t.Context(), "POST", "/applications", `{"displayName":"`+name+`"}`)
	var app struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &app); err != nil || w.Code != http.StatusCreated {
		t.Errorf("create: %d %s", w.Code, w.Body)
	}
	return app.ID
}
