package signin_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestUserInfo asks who a token was issued for.
func TestUserInfo(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	a := p.publicApp()
	user := p.member()
	ask := func(token string) answer {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.server.URL+"/oidc/userinfo", nil)
		check(t, err)
		if token != "" {
			req.Header.Set("Authorization", "Bearer "+token)
		}
		return p.do(req)
	}
	full := p.token(p.seeded.TenantID, p.password(a, user, "scope", "openid profile email User.Read"))
	got := ask(full.text("access_token"))
	want := map[string]any{"sub": full.claims(t, "id_token")["sub"], "name": "Mara Meise", "given_name": "Mara", "family_name": "Meise", "email": user.UserName}
	if got.status != 200 || !maps.Equal(got.body, want) {
		t.Errorf("%d %v, want %v", got.status, got.body, want)
	}
	little := ask(p.token(p.seeded.TenantID, p.password(a, user, "scope", "openid User.Read")).text("access_token"))
	if keys := slices.Sorted(maps.Keys(little.body)); little.status != 200 || fmt.Sprint(keys) != "[sub]" {
		t.Errorf("openid alone: %d %v", little.status, little.body)
	}
	refused := map[string]string{
		"no token": "", "no JWT": "x", "id token": full.text("id_token"),
		"without openid": p.token(p.seeded.TenantID, p.password(a, user, "scope", "User.Read")).text("access_token"),
		"an application": p.token(p.seeded.TenantID, clientCredentials(a)).text("access_token"),
	}
	check401 := func(name, token string) {
		t.Helper()
		if got := ask(token); got.status != 401 || got.header.Get("WWW-Authenticate") != "Bearer" || !strings.Contains(fmt.Sprint(got.body), "InvalidAuthenticationToken") {
			t.Errorf("%s: %d %v", name, got.status, got.body)
		}
	}
	for name, token := range refused {
		check401(name, token)
	}
	p.clock.advance(2 * time.Hour)
	check401("expired", full.text("access_token"))
}

// TestAdvertisedAddresses follows every address of the emulator's own in the discovery documents: each is played, or is
// said not to be.
func TestAdvertisedAddresses(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	for _, document := range []string{"/" + p.seeded.TenantID + "/v2.0/.well-known/openid-configuration", "/common/v2.0/.well-known/openid-configuration",
		"/" + p.seeded.TenantID + "/.well-known/openid-configuration", "/adfs/.well-known/openid-configuration"} {
		got := p.get(document)
		for name, value := range got.body {
			path, own := strings.CutPrefix(fmt.Sprint(value), p.server.URL)
			if !own || strings.Contains(name, "issuer") {
				continue
			}
			status := p.get(path).status
			if status == http.StatusNotFound || (name == "kerberos_endpoint") != (status == http.StatusNotImplemented) {
				t.Errorf("%s of %s: %d", name, document, status)
			}
		}
	}
	for _, lacking := range []string{"saml2", "wsfed", "oauth2/authorize", "oauth2/devicecode", "oauth2/logout"} {
		if got := p.get("/common/" + lacking); got.status != http.StatusNotImplemented {
			t.Errorf("%s: %d", lacking, got.status)
		}
	}
	refused := p.token(p.seeded.TenantID, form("grant_type", "password", "client_id", p.seeded.ClientID, "client_secret", "x", "username", "x", "password", "x", "scope", "openid"))
	path, _ := strings.CutPrefix(refused.text("error_uri"), p.server.URL)
	if got := p.get(path); path == "" || got.status != 200 {
		t.Errorf("error_uri %q: %d", path, got.status)
	}
}

// TestPagesOfOtherOriginsMayRead is what single-page applications need: the documents, and refusals as well as tokens.
func TestPagesOfOtherOriginsMayRead(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	for _, path := range []string{"/common/v2.0/.well-known/openid-configuration", "/common/discovery/v2.0/keys",
		"/common/discovery/instance?authorization_endpoint=https://login.microsoftonline.com/common/oauth2/v2.0/authorize"} {
		if got := p.get(path); got.status != 200 || got.header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s: %d, %q", path, got.status, got.header.Get("Access-Control-Allow-Origin"))
		}
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.server.URL+"/nobody.example/oauth2/v2.0/token", strings.NewReader("grant_type=password"))
	check(t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", "https://mail.example")
	if got := p.do(req); got.number() != 90002 || got.header.Get("Access-Control-Allow-Origin") != "https://mail.example" {
		t.Errorf("%v, %q", got.body, got.header.Get("Access-Control-Allow-Origin"))
	}
}
