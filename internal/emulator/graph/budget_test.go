package graph_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/graph"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

func share(of float64) func(*graph.Config) { return func(c *graph.Config) { c.Budget = of } }

// TestResourceUnits holds the costs of the documentation (E6).
func TestResourceUnits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, appID := w.app("Costs")
	for _, tt := range []struct {
		method, path, body string
		units              int
	}{
		{"GET", "/applications", "", 2},
		{"GET", "/applications?$select=id", "", 1},
		{"GET", "/applications?$top=20", "", 2},
		{"GET", "/applications?$top=19", "", 1},
		{"GET", "/applications?$expand=owners", "", 3},
		{"GET", "/applications?$expand=owners&$select=id&$top=5", "", 1},
		{"GET", "/applications/" + id, "", 1},
		{"GET", "/applications(appId='" + appID + "')?$select=id", "", 1},
		{"GET", "/servicePrincipals", "", 1},
		{"GET", "/servicePrincipals/" + w.facts.ServicePrincipalID + "/appRoleAssignments", "", 2},
		{"GET", "/servicePrincipals(appId='" + w.facts.ClientID + "')/appRoleAssignments", "", 2},
		{"GET", "/oauth2PermissionGrants", "", 2},
		{"POST", "/directoryObjects/getByIds", `{"ids":["` + id + `"]}`, 5},
		{"POST", "/directoryObjects/getByIds?$select=id", `{"ids":["` + id + `"]}`, 2},
		{"PATCH", "/applications/" + id, `{}`, 1},
	} {
		got := w.do(tt.method, tt.path, tt.body)
		if units := got.Header.Get("x-ms-resource-unit"); units != strconv.Itoa(tt.units) {
			t.Errorf("%s %s: %d, %s units, want %d", tt.method, tt.path, got.Status, units, tt.units)
		}
	}
}

func TestReadsAreThrottled(t *testing.T) {
	t.Parallel()
	w := newWorld(t, share(0.01)) // 35 units in ten seconds.
	for i := range 17 {
		got := w.must(200, "GET", "/applications", "")
		if told := got.Header.Get("x-ms-throttle-limit-percentage"); (told != "") != (i >= 14) {
			t.Errorf("after %d: %q", i+1, told)
		}
	}
	w.clock.advance(2500 * time.Millisecond)
	refused := w.must(429, "GET", "/applications", "")
	for name, want := range map[string]string{"Retry-After": "8", "x-ms-throttle-information": "ResourceUnitLimitExceeded",
		"x-ms-throttle-scope": "Tenant_Application/ReadWrite/" + w.facts.ClientID + "/" + w.facts.TenantID, "x-ms-throttle-limit-percentage": "1.03"} {
		if got := refused.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if refused.code() != "TooManyRequests" {
		t.Error(refused.code())
	}
	for range 20 { // What is refused counts, too, and is told up to a bound.
		refused = w.must(429, "GET", "/applications", "")
	}
	if told := refused.Header.Get("x-ms-throttle-limit-percentage"); told != "1.80" {
		t.Error(told)
	}
	w.clock.advance(7500 * time.Millisecond)
	w.must(200, "GET", "/applications", "")
}

func TestWritesAreThrottled(t *testing.T) {
	t.Parallel()
	w := newWorld(t, share(0.001)) // Three writes in 150 seconds.
	for range 3 {
		w.app("Writes")
	}
	refused := w.must(429, "POST", "/applications", `{"displayName":"x"}`)
	if refused.Header.Get("Retry-After") != "150" || refused.Header.Get("x-ms-throttle-information") != "WriteLimitExceeded" {
		t.Errorf("%v", refused.Header)
	}
	if found := w.cloud.Latest().Find(w.facts.TenantID, tenant.Application, func(d tenant.Doc) bool { return d.String("displayName") == "x" }); len(found) > 0 {
		t.Error("what was refused was done")
	}
	w.clock.advance(150 * time.Second)
	w.app("Writes")
}

func TestPersonalApplicationsAreWrittenSlowly(t *testing.T) {
	t.Parallel()
	w := newWorld(t, share(0.05)) // Three writes in a minute, against 150 in 150 seconds.
	w.app("Work")
	a := w.must(201, "POST", "/applications", `{"displayName":"x",`+personalAudience+`}`)
	w.must(204, "PATCH", "/applications/"+a.str("id"), `{"notes":"y"}`)
	w.must(200, "POST", "/applications(appId='"+a.str("appId")+"')/addPassword", `{}`)
	if got := w.must(429, "PATCH", "/applications/"+a.str("id"), `{"notes":"z"}`); got.Header.Get("Retry-After") != "60" {
		t.Errorf("%v", got.Header)
	}
	w.app("Work goes on")
}

func TestKeyCredentialsAreReadSlowly(t *testing.T) {
	t.Parallel()
	w := newWorld(t, share(0.02)) // Three in a minute, against 70 units in ten seconds.
	for range 3 {
		w.must(200, "GET", "/applications?$select=keyCredentials", "")
	}
	w.must(429, "GET", "/applications?$select=keyCredentials", "")
	w.must(200, "GET", "/applications?$select=id", "")
}
