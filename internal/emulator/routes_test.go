package emulator_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/appreg/terraform-provider-appreg/internal/emulator"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/fault"
)

// TestFaultsNeedARoute has rules that a request can meet, and some that none can.
func TestFaultsNeedARoute(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		method, route string
		told          string // "" when the rule is accepted
	}{
		{"", "", ""},
		{"GET", "", ""},
		{"", "*", ""},
		{"POST", "/applications", ""},
		{"", "/applications*", ""},
		{"DELETE", "/oauth2PermissionGrants*", ""},
		{"POST", "/applications(uniqueName='{uniqueName}')/addPassword", ""},
		{"GET", "/applications/{id}/federatedIdentityCredentials(name='{name}')", ""},
		{"GET", "/applications/delta", ""}, // Answered with 501, or with the fault.
		{"POST", "/{tenant}/oauth2/v2.0/token", ""},
		{"", "/{tenant}*", ""},
		{"", "/{tenant}/", ""}, // /devicelogin and the like.
		{"GET", "/{tenant}/userrealm/ada@example.com", ""},
		{"GET", "/{tenant}/userrealm/*", ""},
		{"PUT", "vault:/secrets/{name}", ""},
		{"", "vault:*", ""},
		{"", "vault:", ""},

		{"", "/applcations", `"/applications"`},
		{"", "/applcation*", `"/applications"`},
		{"POST", "/v1.0/applications/{id}/addPasword", `"/applications/{id}/addPassword"`},
		{"", "/applications/6f1d4e0e-14a3-4f7e-9dd4-3a2c3f0f6f11/owners/$ref", `"/applications/{id}/owners/$ref"`},
		{"", "/applications(appId='6f1d')", `"/applications(appId='{appId}')"`},
		{"", "/applcations/{id}/addP*", `"/applications/{id}/addPassword"`},
		{"", "/common/oauth2/v2.0/token", `"/{tenant}/oauth2/v2.0/token"`},
		{"", "/oidc/userinfo", `"/{tenant}/userinfo"`},
		{"", "/{tenant}/oauth2/v2.0/tokens", `"/{tenant}/oauth2/v2.0/token"`},
		{"", "/secrets/{name}", `"vault:/secrets/{name}"`},
		{"", "vault:/secret*", ""},
		{"", "vault:/secreds*", `"vault:/secrets"`},
		{"POST", "/applications/{id}", "DELETE, GET, PATCH"},
		{"post", "/applications", "GET, POST"},
		{"PUT", "/applications*", ""}, // The logo.
		{"PUT", "/oauth2PermissionGrants*", "DELETE, GET, PATCH, POST"},
	} {
		rule := fault.Rule{Method: row.method, Route: row.route, Kind: fault.Throttle}
		_, err := emulator.New(emulator.WithFaults([]fault.Rule{rule}))
		switch {
		case row.told == "" && err != nil:
			t.Errorf("%s %q: %v", row.method, row.route, err)
		case row.told != "" && (err == nil || !strings.HasSuffix(err.Error(), row.told)):
			t.Errorf("%s %q: %v, want a word about %s", row.method, row.route, err, row.told)
		}
	}
	// All or none, and by the other way in, too.
	e := start(t).e
	if err := e.AddFaults(fault.Rule{Kind: fault.Throttle}, fault.Rule{Kind: fault.Throttle, Route: "/nowhere"}); err == nil || len(e.Faults()) > 0 {
		t.Errorf("%v, and %d rules", err, len(e.Faults()))
	}
}

// TestEachPlaceIsARoute meets the routes of sign-in that are not as their addresses: a rule that is accepted fires.
func TestEachPlaceIsARoute(t *testing.T) {
	t.Parallel()
	for path, route := range map[string]string{"/devicelogin": "/{tenant}/", "/oidc/userinfo": "/{tenant}/userinfo",
		"/common/userrealm/ada@example.com": "/{tenant}/userrealm/*", "/metadata/endpoints": "/{tenant}/endpoints"} {
		c := start(t)
		if err := c.e.AddFaults(fault.Rule{Kind: fault.Throttle, Route: route}); err != nil {
			t.Error(err)
		}
		if w, _ := c.serve(httptest.NewRequestWithContext(t.Context(), "GET", origin+path, nil)); w.Code != 429 {
			t.Errorf("%s under a fault at %s: %d", path, route, w.Code)
		}
	}
}
