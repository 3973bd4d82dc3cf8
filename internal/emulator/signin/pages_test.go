package signin_test

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/signin"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
	"github.com/appreg/terraform-provider-appreg/internal/webuser"
)

const callback = "https://mail.example/callback"

func redirects(audience, platform string, uris ...string) func(tenant.Doc) {
	return func(d tenant.Doc) {
		d["signInAudience"] = audience
		d[platform] = tenant.Doc{"redirectUris": uris}
	}
}

// page is the address of a sign-in to an application.
func (p *platform) page(segment string, a app, redirect, scope string, more ...string) string {
	params := []string{"client_id", a.clientID, "response_type", "code", "redirect_uri", redirect, "scope", scope, "state", "s"}
	return p.authorizeURL(segment, form(append(params, more...)...))
}

func (p *platform) signIn(page string, u tenant.Account, consent webuser.Consent) (*url.URL, error) {
	p.t.Helper()
	return webuser.SignIn(p.t.Context(), p.server.Client(), page, person(u), consent)
}

// redeem turns the code in a redirect into tokens, as a confidential client.
func (p *platform) redeem(segment string, a app, end *url.URL) answer {
	p.t.Helper()
	return p.token(segment, form("grant_type", "authorization_code", "client_id", a.clientID, "code", end.Query().Get("code"),
		"redirect_uri", callback, "client_secret", a.secret))
}

// refusedWith checks that a page refused with a number.
func refusedWith(t *testing.T, err error, number int) {
	t.Helper()
	var shown *webuser.Error
	if !errors.As(err, &shown) || shown.Code != number {
		t.Errorf("got %v, want AADSTS%d on the page", err, number)
	}
}

func TestUserConsent(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	a := p.register("web", redirects("AzureADMyOrg", "web", callback), true)
	page := p.page(p.seeded.TenantID, a, callback, "openid offline_access User.Read mail.read", "nonce", "n")

	end, err := p.signIn(page, p.member(), webuser.Decline)
	check(t, err)
	if q := end.Query(); q.Get("error") != "access_denied" || q.Get("error_subcode") != "cancel" || q.Get("state") != "s" || !strings.HasPrefix(q.Get("error_description"), "AADSTS65004") {
		t.Errorf("declined: %s", end)
	}
	if got := p.grants(p.seeded.TenantID, a); got != nil {
		t.Errorf("declined, and yet %v", got)
	}

	end, err = p.signIn(page, p.member(), webuser.Accept)
	check(t, err)
	if want := []string{"Principal: Mail.Read User.Read offline_access openid"}; !slices.Equal(p.grants(p.seeded.TenantID, a), want) {
		t.Errorf("grants %v, want %v", p.grants(p.seeded.TenantID, a), want)
	}
	got := p.redeem(p.seeded.TenantID, a, end)
	if got.status != 200 || got.text("scope") != "User.Read mail.read openid" && got.text("scope") != "mail.read User.Read openid" {
		t.Fatalf("%d %v", got.status, got.body)
	}
	id := got.claims(t, "id_token")
	if id["nonce"] != "n" || id["aud"] != a.clientID || id["iss"] != p.server.URL+"/"+p.seeded.TenantID+"/v2.0" || id["oid"] != p.member().ObjectID {
		t.Errorf("id token %v", id)
	}
	access := got.claims(t, "access_token")
	if access["appidacr"] != "1" || access["upn"] != p.member().UserName || access["idtyp"] != "user" || access["ver"] != "1.0" {
		t.Errorf("access token %v", access)
	}
	// Consent is the member's own: another person is asked again.
	if _, err := p.signIn(page, p.administrator(), webuser.Decline); err != nil {
		t.Error(err)
	}
	// And the member isn't, although the person would decline.
	if end, err = p.signIn(page, p.member(), webuser.Decline); err != nil || end.Query().Get("code") == "" {
		t.Errorf("second sign-in: %v %v", end, err)
	}
	refreshed := p.token(p.seeded.TenantID, form("grant_type", "refresh_token", "client_id", a.clientID, "client_secret", a.secret, "refresh_token", got.text("refresh_token")))
	if refreshed.status != 200 || refreshed.text("refresh_token") == "" || refreshed.text("refresh_token") == got.text("refresh_token") {
		t.Errorf("refresh: %v", refreshed.body)
	}
	if secretless := p.token(p.seeded.TenantID, form("grant_type", "refresh_token", "client_id", a.clientID, "refresh_token", got.text("refresh_token"))); secretless.number() != 7000218 {
		t.Errorf("refresh without the secret: %v", secretless.body)
	}
	p.clock.advance(91 * 24 * time.Hour)
	if late := p.token(p.seeded.TenantID, form("grant_type", "refresh_token", "client_id", a.clientID, "client_secret", a.secret, "refresh_token", got.text("refresh_token"))); late.number() != 700082 {
		t.Errorf("refresh after 91 days: %v", late.body)
	}
}

func TestAdministratorConsentsForOrganization(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	a := p.register("web", redirects("AzureADMyOrg", "web", callback), true)
	page := p.page(p.seeded.TenantID, a, callback, "User.Read User.ReadWrite.All")

	_, err := p.signIn(page, p.member(), webuser.Accept)
	refusedWith(t, err, 90094)
	if !strings.Contains(err.Error(), "User.ReadWrite.All") || strings.Contains(err.Error(), "User.Read,") {
		t.Errorf("the page names the wrong permissions: %v", err)
	}
	if _, err := p.signIn(p.page(p.seeded.TenantID, a, callback, "User.Read"), p.member(), webuser.AcceptForOrganization); !errors.Is(err, webuser.ErrNotOffered) {
		t.Errorf("a member was offered to consent for the organisation: %v", err)
	}
	_, err = p.signIn(page, p.administrator(), webuser.AcceptForOrganization)
	check(t, err)
	if want := []string{"AllPrincipals: User.Read User.ReadWrite.All"}; !slices.Equal(p.grants(p.seeded.TenantID, a), want) {
		t.Errorf("grants %v, want %v", p.grants(p.seeded.TenantID, a), want)
	}
	end, err := p.signIn(page, p.member(), webuser.Decline)
	check(t, err)
	if got := p.redeem(p.seeded.TenantID, a, end); got.status != 200 {
		t.Errorf("%v", got.body)
	}
}

func TestSecondFactorAndPassword(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	a := p.register("web", redirects("AzureADMyOrg", "web", callback), true)
	p.allow(a, "User.Read")
	page := p.page(p.seeded.TenantID, a, callback, "User.Read")
	user := p.factorMember()
	end, err := p.signIn(page, user, webuser.Decline)
	check(t, err)
	if amr := p.redeem(p.seeded.TenantID, a, end).claims(t, "access_token")["amr"]; fmt.Sprint(amr) != "[pwd mfa]" {
		t.Errorf("amr %v", amr)
	}
	rows := []struct {
		user   webuser.User
		number int
	}{
		{webuser.User{UserName: user.UserName, Password: "x", SecondFactor: user.SecondFactor}, 50126},
		{webuser.User{UserName: user.UserName, Password: user.Password, SecondFactor: "x"}, 500121},
		{webuser.User{UserName: "nobody@" + p.seeded.Domain, Password: "x"}, 50034},
		{person(p.stranger()), 50020},
		{person(p.personal()), 50020},
	}
	for _, row := range rows {
		_, err := webuser.SignIn(t.Context(), p.server.Client(), page, row.user, webuser.Accept)
		refusedWith(t, err, row.number)
	}
	if _, err := webuser.SignIn(t.Context(), p.server.Client(), page, webuser.User{UserName: user.UserName, Password: user.Password}, webuser.Accept); !errors.Is(err, webuser.ErrNotOffered) {
		t.Errorf("without a second factor: %v", err)
	}
}

// TestOtherTenants signs in from elsewhere: a multi-tenant application is installed by consenting, a single-tenant one
// can't be reached.
func TestOtherTenants(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	single := p.register("single", redirects("AzureADMyOrg", "web", callback), true)
	multi := p.register("multi", redirects("AzureADMultipleOrgs", "web", callback), true)
	both := p.register("both", redirects("AzureADandPersonalMicrosoftAccount", "web", callback), true)
	personal := p.register("personal", redirects("PersonalMicrosoftAccount", "web", callback), true)
	second := p.stranger().TenantID

	rows := []struct {
		name    string
		app     app
		segment string
		user    tenant.Account
		number  int // 0 is a sign-in
	}{
		{"single at home", single, p.seeded.TenantID, p.member(), 0},
		{"single elsewhere", single, second, p.stranger(), 700016},
		{"single on organizations", single, "organizations", p.member(), 50194},
		{"single on common", single, "common", p.member(), 50194},
		{"single on consumers", single, "consumers", p.personal(), 9002332},
		{"multi elsewhere", multi, second, p.stranger(), 0},
		{"multi on organizations, stranger", multi, "organizations", p.stranger(), 0},
		{"multi on common, member", multi, "common", p.member(), 0},
		{"multi on common, personal", multi, "common", p.personal(), 50020},
		{"multi on consumers", multi, "consumers", p.personal(), 9002332},
		{"both on common, personal", both, "common", p.personal(), 0},
		{"both on common, stranger", both, "common", p.stranger(), 0},
		{"both on consumers", both, "consumers", p.personal(), 0},
		{"both on organizations, personal", both, "organizations", p.personal(), 50020},
		{"personal on consumers", personal, "consumers", p.personal(), 0},
		{"personal on organizations", personal, "organizations", p.member(), 9002331},
		{"personal on common, member", personal, "common", p.member(), 9002331},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			q := *p
			q.t = t
			end, err := q.signIn(q.page(row.segment, row.app, callback, "openid User.Read"), row.user, webuser.Accept)
			if row.number != 0 {
				refusedWith(t, err, row.number)
				return
			}
			check(t, err)
			got := q.redeem(row.segment, row.app, end)
			if got.status != 200 {
				t.Fatalf("%v", got.body)
			}
			if tid := got.claims(t, "access_token")["tid"]; tid != row.user.TenantID {
				t.Errorf("tid %v, want the user's %s", tid, row.user.TenantID)
			}
			if grants := q.grants(row.user.TenantID, row.app); !slices.Contains(grants, "Principal: User.Read openid") {
				t.Errorf("the user's tenant holds %v", grants)
			}
		})
	}
}

func TestRedirectURIs(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	a := p.register("desktop", func(d tenant.Doc) {
		d["publicClient"] = tenant.Doc{"redirectUris": []string{"http://localhost", "https://bare.example", "msal://auth", "http://127.0.0.1/numbered"}}
		d["web"] = tenant.Doc{"redirectUris": []string{callback}}
	}, true)
	none := p.register("without redirect", nil, true)
	p.allow(a, "User.Read")
	rows := []struct {
		name, requested, want string // want is where the sign-in ends; "" is AADSTS50011
	}{
		{"exact", callback, callback},
		{"any port of localhost", "http://localhost:54321", "http://localhost:54321/"},
		{"a port and a slash", "http://localhost:54321/", "http://localhost:54321/"},
		{"without a path", "https://bare.example", "https://bare.example/"},
		{"own scheme", "msal://auth", "msal://auth/"},
		{"another path", callback + "/x", ""},
		{"another letter case", "https://mail.example/Callback", ""},
		{"another port", "https://mail.example:444/callback", ""},
		{"registered by number", "http://127.0.0.1/numbered", "http://127.0.0.1/numbered"},
		{"by name instead of number", "http://localhost/numbered", ""},
		{"loopback by number", "http://127.0.0.1:54321", ""},
		{"a query", callback + "?x=1", ""},
		{"somebody in front of the host", "https://good@mail.example/callback", ""},
		{"a fragment", callback + "#x", ""},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			q := *p
			q.t = t
			end, err := q.signIn(q.page(q.seeded.TenantID, a, row.requested, "User.Read"), q.member(), webuser.Accept)
			if row.want == "" {
				refusedWith(t, err, 50011)
				return
			}
			check(t, err)
			if got, _, _ := strings.Cut(end.String(), "?"); got != row.want || end.Query().Get("code") == "" {
				t.Errorf("the sign-in ended at %s, want %s", end, row.want)
			}
		})
	}
	_, err := p.signIn(p.page(p.seeded.TenantID, none, callback, "User.Read"), p.member(), webuser.Accept)
	refusedWith(t, err, 500113)
}

// TestCodeRedemption is section 5's rules on codes, PKCE and who must prove what.
func TestCodeRedemption(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	a := p.register("all platforms", func(d tenant.Doc) {
		d["signInAudience"] = "AzureADMultipleOrgs"
		d["web"] = tenant.Doc{"redirectUris": []string{callback}}
		d["spa"] = tenant.Doc{"redirectUris": []string{"https://spa.example/"}}
		d["publicClient"] = tenant.Doc{"redirectUris": []string{"https://desktop.example/"}}
	}, true)
	p.allow(a, "User.Read")
	const verifier, challenge = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM" // RFC 7636, appendix B
	s256 := []string{"code_challenge", challenge, "code_challenge_method", "S256"}
	rows := []redemption{
		{name: "web with secret", redirect: callback},
		{name: "web with secret and PKCE", redirect: callback, page: s256, token: []string{"code_verifier", verifier}},
		{name: "web without secret", redirect: callback, token: []string{"client_secret", ""}, number: 7000218},
		{name: "web, wrong secret", redirect: callback, token: []string{"client_secret", "x"}, number: 7000215},
		{name: "web, wrong verifier", redirect: callback, page: s256, token: []string{"code_verifier", "x"}, number: 501481},
		{name: "web, no verifier", redirect: callback, page: s256, number: 9002325},
		{name: "web from another origin", redirect: callback, origin: "https://evil.example", number: 9002326},
		{name: "another redirect URI", redirect: callback, token: []string{"redirect_uri", "https://spa.example/"}, number: 500112},
		{name: "too late", redirect: callback, late: true, number: 70008},
		{name: "at another tenant", redirect: callback, segment: p.stranger().TenantID, number: 700005},
		{name: "desktop", redirect: "https://desktop.example/", token: []string{"client_secret", ""}},
		{name: "desktop with secret", redirect: "https://desktop.example/", number: 700025},
		{name: "page application", redirect: "https://spa.example/", page: s256, token: []string{"client_secret", "", "code_verifier", verifier}, origin: "https://spa.example"},
		{name: "page application without origin", redirect: "https://spa.example/", page: s256, token: []string{"client_secret", "", "code_verifier", verifier}, number: 9002327},
		{name: "page application without PKCE", redirect: "https://spa.example/", token: []string{"client_secret", ""}, origin: "https://spa.example", number: 9002325},
	}
	for _, row := range rows {
		// One after the other: a row moves the clock.
		end, err := p.signIn(p.page(p.seeded.TenantID, a, row.redirect, "User.Read", row.page...), p.member(), webuser.Accept)
		check(t, err)
		f := row.form(a, end.Query().Get("code"))
		if row.late {
			p.clock.advance(11 * time.Minute)
		}
		got := row.send(p, f)
		if got.number() != row.number || (row.number == 0) != (got.status == 200) {
			t.Errorf("%s: %d %v, want %d", row.name, got.status, got.body, row.number)
		}
		if row.number == 0 {
			if again := row.send(p, f); again.number() != 54005 {
				t.Errorf("%s, a second time: %v", row.name, again.body)
			}
		}
	}
}

// redemption is a way to redeem a code, and the refusal it meets, 0 for none.
type redemption struct {
	name, redirect string
	page           []string
	segment        string   // "" for the tenant's own
	token          []string // an empty value takes the parameter out
	origin         string
	late           bool
	number         int
}

func (r redemption) form(a app, code string) url.Values {
	f := form("grant_type", "authorization_code", "client_id", a.clientID, "code", code, "redirect_uri", r.redirect, "client_secret", a.secret)
	for pair := range slices.Chunk(r.token, 2) {
		f.Set(pair[0], pair[1])
		if pair[1] == "" {
			f.Del(pair[0])
		}
	}
	return f
}

func (r redemption) send(p *platform, f url.Values) answer {
	p.t.Helper()
	segment := cmp.Or(r.segment, p.seeded.TenantID)
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, p.server.URL+"/"+segment+"/oauth2/v2.0/token", strings.NewReader(f.Encode()))
	check(p.t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if r.origin != "" {
		req.Header.Set("Origin", r.origin)
	}
	return p.do(req)
}

func TestResponseModes(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	received := make(chan url.Values, 1)
	client := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		received <- r.PostForm
	}))
	t.Cleanup(client.Close)
	local := strings.Replace(client.URL, "127.0.0.1", "localhost", 1) + "/"
	a := p.register("desktop", redirects("AzureADMyOrg", "publicClient", "http://localhost/"), true)
	p.allow(a, "User.Read")

	_, err := p.signIn(p.page(p.seeded.TenantID, a, local, "User.Read", "response_mode", "form_post"), p.member(), webuser.Accept)
	check(t, err)
	if got := <-received; got.Get("code") == "" || got.Get("state") != "s" {
		t.Errorf("form_post delivered %v", got)
	}
	end, err := p.signIn(p.page(p.seeded.TenantID, a, local, "User.Read", "response_mode", "fragment"), p.member(), webuser.Accept)
	check(t, err)
	if fragment, err := url.ParseQuery(end.Fragment); err != nil || fragment.Get("code") == "" || end.RawQuery != "" {
		t.Errorf("fragment: %s", end)
	}
	for name, row := range map[string][2]string{"prompt": {"none", "login_required"}, "scope": {"", "invalid_scope"}, "code_challenge_method": {"S512", "invalid_request"}} {
		end, err := p.signIn(p.page(p.seeded.TenantID, a, local, "User.Read", name, row[0]), p.member(), webuser.Accept)
		check(t, err)
		if end.Query().Get("error") != row[1] {
			t.Errorf("%s=%s: %s", name, row[0], end)
		}
	}
}

// TestDeviceCode is section 6: the states of a device that waits, and who may redeem.
func TestDeviceCode(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	a := p.register("device", func(d tenant.Doc) { d["isFallbackPublicClient"] = true }, true)
	confidential := p.register("no flag", nil, true)
	start := func(a app) answer {
		got := p.post(p.seeded.TenantID, "/oauth2/v2.0/devicecode", form("client_id", a.clientID, "scope", "User.Read offline_access"))
		if got.status != 200 || len(got.text("user_code")) != 9 || got.body["interval"] != float64(5) || got.body["expires_in"] != float64(900) {
			t.Fatalf("%d %v", got.status, got.body)
		}
		return got
	}
	poll := func(a app, d answer) answer {
		return p.token(p.seeded.TenantID, form("grant_type", "urn:ietf:params:oauth:grant-type:device_code", "client_id", a.clientID, "device_code", d.text("device_code")))
	}
	approve := func(d answer, consent webuser.Consent) error {
		return webuser.ApproveDeviceCode(t.Context(), p.server.Client(), d.text("verification_uri"), d.text("user_code"), person(p.member()), consent)
	}
	d := start(a)
	if got := poll(a, d); got.number() != 70016 || got.text("error") != "authorization_pending" {
		t.Errorf("pending: %v", got.body)
	}
	check(t, approve(d, webuser.Accept))
	refusedWith(t, approve(d, webuser.Accept), 70018)
	if got := poll(a, d); got.status != 200 || got.text("refresh_token") == "" {
		t.Errorf("approved: %v", got.body)
	}
	if got := poll(a, d); got.text("error") != "bad_verification_code" {
		t.Errorf("redeemed: %v", got.body)
	}
	p.edit(tenant.Application, a.id, func(d tenant.Doc) { d["displayName"] = "device, renamed" })
	declined := start(confidential)
	check(t, approve(declined, webuser.Decline))
	if got := poll(confidential, declined); got.text("error") != "authorization_declined" {
		t.Errorf("declined: %v", got.body)
	}
	flagless := start(confidential)
	check(t, approve(flagless, webuser.Accept))
	if got := poll(confidential, flagless); got.number() != 7000218 || got.status != 401 {
		t.Errorf("without the flag: %v", got.body)
	}
	late := start(a)
	p.clock.advance(16 * time.Minute)
	if got := poll(a, late); got.number() != 70020 || got.text("error") != "expired_token" {
		t.Errorf("late: %v", got.body)
	}
	refusedWith(t, approve(late, webuser.Accept), 70018)
	p.clock.advance(24 * time.Hour)
	if got := poll(a, late); got.number() != 70002 {
		t.Errorf("a day later: %v", got.body)
	}
}

func sameWords(a, b string) bool {
	x, y := strings.Fields(a), strings.Fields(b)
	slices.Sort(x)
	slices.Sort(y)
	return slices.Equal(x, y)
}

// TestPagesAreServed looks at a page as a browser gets it.
func TestPagesAreServed(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	a := p.register(`<b>"Tricky" & name</b>`, redirects("AzureADMyOrg", "web", callback), true)
	rows := []struct {
		path   string
		status int
		want   string
	}{
		{"/common/oauth2/nativeclient?code=x", 200, "Copy it"},
		{"/devicelogin", 200, `autocomplete="off"`},
		{"/nowhere", 404, "no such page"},
		{strings.TrimPrefix(p.page(p.seeded.TenantID, a, callback, "User.Read"), p.server.URL), 200, "&lt;b&gt;"},
		{strings.TrimPrefix(p.page("nowhere", a, callback, "User.Read"), p.server.URL), 400, "AADSTS900023"},
	}
	for _, row := range rows {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.server.URL+row.path, nil)
		check(t, err)
		resp, err := p.server.Client().Do(req)
		check(t, err)
		body, err := io.ReadAll(resp.Body)
		check(t, errors.Join(err, resp.Body.Close()))
		if resp.StatusCode != row.status || !strings.Contains(string(body), row.want) || !strings.Contains(string(body), `<html lang="en">`) {
			t.Errorf("%s: %d, want %d with %q:\n%s", row.path, resp.StatusCode, row.status, row.want, body)
		}
	}
}

// TestLagNeverUndoesOwnSignIn signs in under a long lag: what the person has just consented to holds for the code that
// the sign-in gave.
func TestLagNeverUndoesOwnSignIn(t *testing.T) {
	t.Parallel()
	p := newPlatform(t, func(c *signin.Config) { c.Lag = time.Hour })
	a := p.register("web", redirects("AzureADMyOrg", "web", callback), true)
	p.clock.advance(time.Hour + time.Second)
	for range 10 {
		again := p.page(p.seeded.TenantID, a, callback, "openid User.Read", "prompt", "consent")
		end, err := p.signIn(again, p.member(), webuser.Accept)
		check(t, err)
		if got := p.redeem(p.seeded.TenantID, a, end); got.status != 200 {
			t.Errorf("%v", got.body)
		}
	}
}
