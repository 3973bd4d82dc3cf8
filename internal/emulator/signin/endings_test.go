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
		return p.tokenFrom("https://mail.example", form(append(pairs, "client_id", a.clientID)...))
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

// TestRefreshKeepsToItsOrigin is section 5 for refresh tokens: those of single-page applications are for pages, those of
// others are not.
func TestRefreshKeepsToItsOrigin(t *testing.T) {
	t.Parallel()
	const verifier = "a-verifier-that-is-long-enough-for-the-standard-0123456789"
	p := newPlatform(t)
	page := p.register("single page", redirects("AzureADMyOrg", "spa", callback), true)
	p.allow(page, "User.Read")
	end, err := p.signIn(p.page(p.seeded.TenantID, page, callback, "offline_access User.Read", "code_challenge", verifier), p.member(), webuser.Accept)
	check(t, err)
	const origin = "https://mail.example"
	ofPage := p.tokenFrom(origin, form("grant_type", "authorization_code", "client_id", page.clientID, "code", end.Query().Get("code"), "redirect_uri", callback, "code_verifier", verifier))
	public := p.publicApp()
	ofProgram := p.token(p.seeded.TenantID, p.password(public, p.member(), "scope", "offline_access User.Read"))
	for _, row := range []struct {
		app    app
		tokens answer
		origin string
		number int
	}{{page, ofPage, origin, 0}, {page, ofPage, "", 9002327}, {public, ofProgram, "", 0}, {public, ofProgram, origin, 9002326}} {
		got := p.tokenFrom(row.origin, form("grant_type", "refresh_token", "client_id", row.app.clientID, "refresh_token", row.tokens.text("refresh_token")))
		if got.number() != row.number || row.number == 0 && got.status != 200 {
			t.Errorf("%+v: %v", row, got.body)
		}
	}
}

// TestClientIDInAnyCase spells the client's id in capitals, as some tools do, where it is compared with an earlier request.
func TestClientIDInAnyCase(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	a := p.publicApp()
	loud := a
	loud.clientID = strings.ToUpper(a.clientID)
	end, err := p.signIn(p.page(p.seeded.TenantID, a, callback, "offline_access User.Read"), p.member(), webuser.Accept)
	check(t, err)
	code := p.token(p.seeded.TenantID, form("grant_type", "authorization_code", "client_id", loud.clientID, "code", end.Query().Get("code"), "redirect_uri", callback))
	refresh := p.token(p.seeded.TenantID, form("grant_type", "refresh_token", "client_id", loud.clientID, "refresh_token", code.text("refresh_token")))
	device := p.post(p.seeded.TenantID, "/oauth2/v2.0/devicecode", form("client_id", a.clientID, "scope", "User.Read"))
	poll := p.token(p.seeded.TenantID, form("grant_type", "device_code", "client_id", loud.clientID, "device_code", device.text("device_code")))
	if code.status != 200 || refresh.status != 200 || poll.number() != 70016 {
		t.Errorf("code %v, refresh %v, device %v", code.body, refresh.body, poll.body)
	}
}

// TestChallengeMethodAlone names a method and brings no challenge: there is nothing to prove.
func TestChallengeMethodAlone(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	a := p.register("web", redirects("AzureADMyOrg", "web", callback), true)
	p.allow(a, "User.Read")
	end, err := p.signIn(p.page(p.seeded.TenantID, a, callback, "User.Read", "code_challenge_method", "S256"), p.member(), webuser.Accept)
	check(t, err)
	if got := p.redeem(p.seeded.TenantID, a, end); got.status != 200 {
		t.Errorf("%v", got.body)
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
