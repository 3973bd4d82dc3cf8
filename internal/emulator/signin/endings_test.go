package signin_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
	"github.com/appreg/terraform-provider-appreg/internal/webuser"
)

// TestRefreshOfSinglePageApplication is section 8: its refresh tokens end a day after the sign-in, used or not.
func TestRefreshOfSinglePageApplication(t *testing.T) {
	t.Parallel()
	const verifier = "a-verifier-that-is-long-enough-for-the-standard-0123456789"
	p := newPlatform(t)
	a := p.register("single page", redirects("AzureADMyOrg", "spa", callback), true)
	p.allow(a, "User.Read")
	end, err := p.signIn(p.page(p.seeded.TenantID, a, callback, "offline_access User.Read", "code_challenge", verifier), p.member(), webuser.Accept)
	check(t, err)
	post := func(pairs ...string) answer {
		body := form(append(pairs, "client_id", a.clientID)...)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.server.URL+"/"+p.seeded.TenantID+"/oauth2/v2.0/token", strings.NewReader(body.Encode()))
		check(t, err)
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Origin", "https://mail.example")
		return p.do(req)
	}
	first := post("grant_type", "authorization_code", "code", end.Query().Get("code"), "redirect_uri", callback, "code_verifier", verifier)
	p.clock.advance(23 * time.Hour)
	second := post("grant_type", "refresh_token", "refresh_token", first.text("refresh_token"))
	if second.status != 200 {
		t.Fatalf("within a day: %v", second.body)
	}
	p.clock.advance(2 * time.Hour)
	if got := post("grant_type", "refresh_token", "refresh_token", second.text("refresh_token")); got.status != 400 || got.number() != 700084 || got.text("error") != "invalid_grant" {
		t.Errorf("after a day: %d %v", got.status, got.body)
	}
}

// TestTwoClientsInOneRequest names one client in the header and another in the form.
func TestTwoClientsInOneRequest(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	a := p.register("basic", nil, true)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.server.URL+"/"+p.seeded.TenantID+"/oauth2/v2.0/token",
		strings.NewReader(clientCredentials(a).Encode()))
	check(t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(p.seeded.ClientID, "x")
	if got := p.do(req); got.status != 400 || got.number() != 9002313 || got.text("error") != "invalid_request" {
		t.Errorf("%d %v", got.status, got.body)
	}
}

// TestFailureOfThePlatform meets what must not happen, a service principal that no grant can name: the person is told, and
// nothing is granted.
func TestFailureOfThePlatform(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	a := p.register("web", redirects("AzureADMyOrg", "web", callback), false)
	check(t, p.cloud.Update(func(tx *tenant.Tx) error {
		_, app, _ := tx.ApplicationByClientID(a.clientID)
		tx.Put(p.seeded.TenantID, tenant.ServicePrincipal, tenant.NewServicePrincipal("no id at all", app, p.seeded.TenantID, "", tx.Now()))
		return nil
	}))
	_, err := p.signIn(p.page(p.seeded.TenantID, a, callback, "User.Read"), p.member(), webuser.Accept)
	refusedWith(t, err, 90033)
	var shown *webuser.Error
	if errors.As(err, &shown) && shown.Status != http.StatusServiceUnavailable {
		t.Errorf("status %d", shown.Status)
	}
	if got := p.grants(p.seeded.TenantID, a); got != nil {
		t.Errorf("grants %v", got)
	}
}
