package signin_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// TestDiscovery is section 2: the documents for each kind of tenant segment.
func TestDiscovery(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	rows := []struct{ segment, issuer, endpoints string }{
		{p.seeded.TenantID, p.seeded.TenantID, p.seeded.TenantID},
		{p.seeded.Domain, p.seeded.TenantID, p.seeded.TenantID},
		{strings.ToUpper(p.seeded.Domain), p.seeded.TenantID, p.seeded.TenantID},
		{"common", "{tenantid}", "common"},
		{"organizations", "{tenantid}", "organizations"},
		{"consumers", tenant.ConsumersTenantID, tenant.ConsumersTenantID},
	}
	for _, row := range rows {
		got := p.get("/" + row.segment + "/v2.0/.well-known/openid-configuration")
		for member, want := range map[string]string{
			"issuer":                        "/" + row.issuer + "/v2.0",
			"token_endpoint":                "/" + row.endpoints + "/oauth2/v2.0/token",
			"authorization_endpoint":        "/" + row.endpoints + "/oauth2/v2.0/authorize",
			"device_authorization_endpoint": "/" + row.endpoints + "/oauth2/v2.0/devicecode",
			"jwks_uri":                      "/" + row.endpoints + "/discovery/v2.0/keys",
		} {
			if got.text(member) != p.server.URL+want {
				t.Errorf("%s: %s is %q, want %q", row.segment, member, got.text(member), p.server.URL+want)
			}
		}
		keys, ok := p.get("/" + row.segment + "/discovery/v2.0/keys").body["keys"].([]any)
		if !ok || len(keys) < 2 {
			t.Errorf("%s: keys %v", row.segment, keys)
		}
	}
	for segment, number := range map[string]int{"11111111-2222-4333-8444-555555555555": 90002, "nobody.example": 90002, "nobody": 900023} {
		got := p.get("/" + segment + "/v2.0/.well-known/openid-configuration")
		if got.status != http.StatusBadRequest || got.number() != number || got.text("error") != "invalid_tenant" {
			t.Errorf("%s: %d %v", segment, got.status, got.body)
		}
	}
}

// TestDocumentsFollowHost asks by another name.
func TestDocumentsFollowHost(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.server.URL+"/common/v2.0/.well-known/openid-configuration", nil)
	check(t, err)
	req.Host = "login.example:8443"
	if got := p.do(req); got.text("token_endpoint") != "https://login.example:8443/common/oauth2/v2.0/token" {
		t.Errorf("%v", got.body)
	}
}

func TestRealmAndMetadata(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	for path, kind := range map[string]string{
		"/common/userrealm/mara@" + p.seeded.Domain + "?api-version=1.0": "Managed",
		"/common/UserRealm/mara@" + p.seeded.Domain + "?api-version=1.0": "Managed",
		"/common/userrealm/mara@nowhere.example?api-version=1.0":         "Unknown",
	} {
		if got := p.get(path); got.text("account_type") != kind || got.text("cloud_audience_urn") == "" {
			t.Errorf("%s: %v", path, got.body)
		}
	}
	got := p.get("/metadata/endpoints?api-version=2022-09-01")
	authentication, ok := got.body["authentication"].(map[string]any)
	if !ok || authentication["loginEndpoint"] != p.server.URL || got.text("microsoftGraphResourceId") != p.server.URL {
		t.Errorf("%v", got.body)
	}
}

// TestInstanceDiscovery asks whether an authority can be trusted.
func TestInstanceDiscovery(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	answer := p.get("/common/discovery/instance?api-version=1.1&authorization_endpoint=" + url.QueryEscape(p.server.URL+"/"+p.seeded.TenantID+"/oauth2/v2.0/authorize"))
	want := p.server.URL + "/" + p.seeded.TenantID + "/v2.0/.well-known/openid-configuration"
	if answer.status != 200 || answer.text("tenant_discovery_endpoint") != want {
		t.Errorf("%d %v", answer.status, answer.body)
	}
	refused := p.get("/common/discovery/instance?api-version=1.1&authorization_endpoint=" + url.QueryEscape("https://login.example.com/x/oauth2/v2.0/authorize"))
	if refused.status != 400 || refused.text("error") != "invalid_instance" || refused.number() != 50049 {
		t.Errorf("%d %v", refused.status, refused.body)
	}
}
