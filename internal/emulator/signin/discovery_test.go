package signin_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/public"
	"github.com/golang-jwt/jwt/v5"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
	"github.com/appreg/terraform-provider-appreg/internal/webuser"
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

// kids lists the published keys, and the one that a new token is signed with.
func (p *platform) kids(t *testing.T) (published []string, signer string) {
	t.Helper()
	keys, ok := p.get("/common/discovery/v2.0/keys").body["keys"].([]any)
	if !ok {
		t.Fatal("no keys")
	}
	for _, k := range keys {
		key, ok := k.(map[string]any)
		if !ok {
			t.Fatalf("%v", k)
		}
		published = append(published, fmt.Sprint(key["kid"]))
	}
	token := p.token(p.seeded.TenantID, clientCredentials(app{clientID: p.seeded.ClientID, secret: p.seeded.ClientSecret})).text("access_token")
	parsed, _, err := jwt.NewParser().ParseUnverified(token, jwt.MapClaims{})
	check(t, err)
	return published, fmt.Sprint(parsed.Header["kid"])
}

// TestRotateKeys rolls the signing keys: the next one was published before, and what the old one signed stays good.
func TestRotateKeys(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	before, signer := p.kids(t)
	old := p.token(p.seeded.TenantID, clientCredentials(app{clientID: p.seeded.ClientID, secret: p.seeded.ClientSecret})).text("access_token")
	p.handler.RotateKeys()
	after, next := p.kids(t)
	if next == signer || !slices.Contains(before, next) {
		t.Errorf("signed with %s, then with %s; published were %v", signer, next, before)
	}
	if len(after) != len(before)+1 || !slices.Equal(after[:len(before)], before) || slices.Contains(before, after[len(before)]) {
		t.Errorf("published %v, then %v", before, after)
	}
	if _, err := p.handler.Verify(old); err != nil {
		t.Errorf("a token from before: %v", err)
	}
}

// TestFederationServer has a client sign in that takes the platform for a federation server, which spares it the question
// whether the authority is a known one.
func TestFederationServer(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	a := p.register("command line", func(d tenant.Doc) { d["isFallbackPublicClient"] = true }, true)
	p.allow(a, "User.Read")
	client, err := public.New(a.clientID, public.WithAuthority(p.server.URL+"/adfs"), public.WithHTTPClient(p.server.Client()))
	check(t, err)
	scopes := []string{"https://graph.microsoft.com/User.Read"}
	device, err := client.AcquireTokenByDeviceCode(t.Context(), scopes)
	check(t, err)
	check(t, webuser.ApproveDeviceCode(t.Context(), p.server.Client(), device.Result.VerificationURL, device.Result.UserCode, person(p.member()), webuser.Decline))
	result, err := device.AuthenticationResult(t.Context())
	check(t, err)
	caller, err := p.handler.Verify(result.AccessToken)
	check(t, err)
	if caller.UserID != p.member().ObjectID || caller.TenantID != p.seeded.TenantID {
		t.Errorf("caller %+v", caller)
	}
	secret := app{clientID: p.seeded.ClientID, secret: p.seeded.ClientSecret}
	if got := p.post("adfs", "/oauth2/token", clientCredentials(secret)); got.status != 200 {
		t.Errorf("client credentials: %v", got.body)
	}
	if got := p.get("/adfs/oauth2/token"); got.status != 400 || got.number() != 900561 {
		t.Errorf("GET: %v", got.body)
	}
}
