package signin_test

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/signin"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// refusal is a row: what is posted to the token endpoint, and what comes back. source names the section of the fact page
// on sign-in that says so.
type refusal struct {
	name, source  string
	segment, path string // the main tenant and the v2.0 token endpoint unless given
	form          url.Values
	status        int
	number        int
	code          string
	suberror      string
}

// cast are the applications that the table needs.
type cast struct{ private, public, foreign, expired, disabled, unknown app }

func newCast(p *platform) cast {
	c := cast{
		private: p.register("confidential", nil, true),
		public:  p.register("public", func(d tenant.Doc) { d["isFallbackPublicClient"] = true }, true),
		foreign: p.register("multi-tenant", func(d tenant.Doc) { d["signInAudience"] = "AzureADMultipleOrgs" }, true),
		expired: p.register("expired", nil, true), disabled: p.register("disabled", nil, true),
		unknown: app{clientID: "11111111-2222-4333-8444-555555555555", secret: "x"},
	}
	p.edit(tenant.Application, c.expired.id, func(d tenant.Doc) {
		d.Docs("passwordCredentials")[0]["endDateTime"] = p.clock.now().Add(-time.Second)
	})
	p.edit(tenant.ServicePrincipal, c.disabled.principalID, func(d tenant.Doc) { d["accountEnabled"] = false })
	return c
}

func clientCredentials(a app, more ...string) url.Values {
	params := []string{"grant_type", "client_credentials", "client_id", a.clientID, "client_secret", a.secret, "scope", graphDefault}
	return form(append(params, more...)...)
}

func without(f url.Values, name string) url.Values { f.Del(name); return f }

func (p *platform) password(a app, u tenant.Account, more ...string) url.Values {
	params := []string{"grant_type", "password", "client_id", a.clientID, "username", u.UserName, "password", u.Password, "scope", "User.Read"}
	return form(append(params, more...)...)
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	c := newCast(p)
	second := p.stranger().TenantID
	rows := []refusal{
		{name: "no grant type", source: "3", form: form("client_id", c.private.clientID), status: 400, number: 900144, code: "invalid_request"},
		{name: "no client id", source: "3, 12", form: form("grant_type", "client_credentials"), status: 400, number: 900144, code: "invalid_request"},
		{name: "no scope", source: "12", form: without(clientCredentials(c.private), "scope"), status: 400, number: 900144, code: "invalid_request"},
		{name: "empty scope", source: "12", form: clientCredentials(c.private, "scope", ""), status: 400, number: 28003, code: "invalid_scope"},
		{name: "wrong secret", source: "12", form: clientCredentials(c.private, "client_secret", c.private.secretKey), status: 401, number: 7000215, code: "invalid_client"},
		{name: "expired secret", source: "12, 14", form: clientCredentials(c.expired), status: 401, number: 7000222, code: "invalid_client"},
		{name: "no secret", source: "9", form: without(clientCredentials(c.private), "client_secret"), status: 401, number: 7000216, code: "invalid_client"},
		{name: "empty secret is none", source: "clients, tokens", form: clientCredentials(c.private, "client_secret", ""), status: 401, number: 7000216, code: "invalid_client"},
		{name: "public flag does not spare the secret", source: "4", form: without(clientCredentials(c.public), "client_secret"), status: 401, number: 7000216, code: "invalid_client"},
		{name: "unknown application", source: "12", form: clientCredentials(c.unknown), status: 400, number: 700016, code: "unauthorized_client"},
		{name: "single tenant elsewhere", source: "12", segment: second, form: clientCredentials(c.private), status: 400, number: 700016, code: "unauthorized_client"},
		{name: "multi-tenant, not installed", source: "12", segment: second, form: clientCredentials(c.foreign), status: 400, number: 700016, code: "unauthorized_client"},
		{name: "single tenant on common", source: "4, 12", segment: "common", form: clientCredentials(c.private), status: 400, number: 50194, code: "invalid_request"},
		{name: "single tenant on organizations", source: "4, 12", segment: "organizations", form: clientCredentials(c.private), status: 400, number: 50194, code: "invalid_request"},
		{name: "work accounts at consumers", source: "12", segment: "consumers", form: clientCredentials(c.foreign), status: 400, number: 9002332, code: "invalid_request"},
		{name: "no tenant for an app token", source: "4", segment: "common", form: clientCredentials(c.foreign), status: 400, number: 9001023, code: "invalid_request"},
		{name: "unknown tenant id", source: "12", segment: "11111111-2222-4333-8444-555555555555", form: clientCredentials(c.private), status: 400, number: 90002, code: "invalid_request"},
		{name: "unknown domain", source: "12", segment: "nobody.example", form: clientCredentials(c.private), status: 400, number: 90002, code: "invalid_request"},
		{name: "malformed tenant", source: "12", segment: "nobody", form: clientCredentials(c.private), status: 400, number: 900023, code: "invalid_request"},
		{name: "app token for a scope", source: "4", form: clientCredentials(c.private, "scope", "https://graph.microsoft.com/User.Read"), status: 400, number: 1002012, code: "invalid_scope"},
		{name: "app token for a bare word", source: "4", form: clientCredentials(c.private, "scope", "User.Read"), status: 400, number: 1002012, code: "invalid_scope"},
		{name: "unknown API", source: "12", form: clientCredentials(c.private, "scope", "https://nobody.example/.default"), status: 400, number: 500011, code: "invalid_resource"},
		{name: "two APIs", source: "3, 12", form: clientCredentials(c.private, "scope", graphDefault+" https://outlook.office.com/.default"), status: 400, number: 700022, code: "invalid_scope"},
		{name: ".default beside a scope", source: "3", form: p.password(c.public, p.member(), "scope", "https://graph.microsoft.com/.default https://graph.microsoft.com/User.Read"), status: 400, number: 70011, code: "invalid_scope"},
		{name: "unknown scope", source: "12", form: p.password(c.public, p.member(), "scope", "Mail.Raed"), status: 400, number: 70011, code: "invalid_scope"},
		{name: "disabled principal", source: "12", form: clientCredentials(c.disabled), status: 400, number: 7000112, code: "unauthorized_client"},
		{name: "v1 without resource", source: "1", path: "/oauth2/token", form: clientCredentials(c.private), status: 400, number: 900144, code: "invalid_request"},
		{name: "unsupported grant", source: "3", form: clientCredentials(c.private, "grant_type", "magic"), status: 400, number: 70003, code: "unsupported_grant_type"},

		{name: "password, confidential, no secret", source: "9", form: p.password(c.private, p.member()), status: 401, number: 7000218, code: "invalid_client"},
		{name: "password, public, with secret", source: "5, 12", form: p.password(c.public, p.member(), "client_secret", c.public.secret), status: 401, number: 700025, code: "invalid_client"},
		{name: "password, no consent", source: "12", form: p.password(c.public, p.member()), status: 400, number: 65001, code: "invalid_grant", suberror: "consent_required"},
		{name: "password, unknown user", source: "12", form: p.password(c.public, p.member(), "username", "nobody@"+p.seeded.Domain), status: 400, number: 50034, code: "invalid_grant"},
		{name: "password, user of another tenant", source: "12", form: p.password(c.public, p.stranger()), status: 400, number: 50034, code: "invalid_grant"},
		{name: "password, personal account", source: "7", form: p.password(c.public, p.personal()), status: 400, number: 50034, code: "invalid_grant"},
		{name: "wrong password", source: "12", form: p.password(c.public, p.member(), "password", "x"), status: 400, number: 50126, code: "invalid_grant"},
		{name: "password with a second factor", source: "7, 12", form: p.password(c.public, p.factorMember()), status: 400, number: 50076, code: "invalid_grant", suberror: "basic_action"},
		{name: "password on common", source: "7", segment: "common", form: p.password(c.public, p.member()), status: 400, number: 9001023, code: "invalid_request"},
		{name: "password on consumers", source: "7", segment: "consumers", form: p.password(c.public, p.member()), status: 400, number: 9001023, code: "invalid_request"},

		{name: "API not configured", source: "12", form: p.password(c.public, p.member(), "scope", "https://outlook.office.com/.default"), status: 400, number: 650057, code: "invalid_resource"},
		{name: "unknown code", source: "12", form: form("grant_type", "authorization_code", "client_id", c.public.clientID, "code", "x", "redirect_uri", "https://x.example"), status: 400, number: 70000, code: "invalid_grant"},
		{name: "no code", source: "12", form: form("grant_type", "authorization_code", "client_id", c.public.clientID), status: 400, number: 900144, code: "invalid_request"},
		{name: "unknown refresh token", source: "12", form: form("grant_type", "refresh_token", "client_id", c.public.clientID, "refresh_token", "x"), status: 400, number: 70000, code: "invalid_grant"},
		{name: "unknown device code", source: "6", form: form("grant_type", "device_code", "client_id", c.public.clientID, "device_code", "x"), status: 400, number: 70002, code: "bad_verification_code"},
		{name: "device code without scope", source: "12", path: "/oauth2/v2.0/devicecode", form: form("client_id", c.public.clientID), status: 400, number: 900144, code: "invalid_request"},
		{name: "assertion of a stranger", source: "12", form: form("grant_type", "client_credentials", "client_id", c.private.clientID, "scope", graphDefault,
			"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", "client_assertion", "nonsense"), status: 401, number: 700027, code: "invalid_client"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			row.check(t, p)
		})
	}
}

func (r refusal) check(t *testing.T, p *platform) {
	t.Helper()
	q := *p
	q.t = t
	if r.segment == "" {
		r.segment = p.seeded.TenantID
	}
	if r.path == "" {
		r.path = "/oauth2/v2.0/token"
	}
	got := q.post(r.segment, r.path, r.form)
	if got.status != r.status || got.number() != r.number || got.text("error") != r.code || got.text("suberror") != r.suberror {
		t.Errorf("section %s says %d %d %s %q; got %d %v", r.source, r.status, r.number, r.code, r.suberror, got.status, got.body)
	}
}

// TestRefusalShape is section 11: the members of a refusal, and the headers around it.
func TestRefusalShape(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	got := p.token(p.seeded.TenantID, form("grant_type", "client_credentials", "client_id", p.seeded.ClientID, "client_secret", "x", "scope", graphDefault))
	want := regexp.MustCompile(`^AADSTS7000215: Invalid client secret provided\. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '` +
		p.seeded.ClientID + `'\. Trace ID: ` + got.text("trace_id") + ` Correlation ID: ` + got.text("correlation_id") + ` Timestamp: ` + got.text("timestamp") + `$`)
	if !want.MatchString(got.text("error_description")) {
		t.Errorf("error_description %q", got.text("error_description"))
	}
	if _, err := time.Parse("2006-01-02 15:04:05Z", got.text("timestamp")); err != nil {
		t.Error(err)
	}
	if got.header.Get("x-ms-request-id") != got.text("trace_id") || got.text("trace_id") == "" {
		t.Errorf("x-ms-request-id %q, trace_id %q", got.header.Get("x-ms-request-id"), got.text("trace_id"))
	}
	if !strings.HasSuffix(got.text("error_uri"), "/error?code=7000215") {
		t.Errorf("error_uri %q", got.text("error_uri"))
	}
	for name, value := range map[string]string{"Cache-Control": "no-store, no-cache", "Pragma": "no-cache", "X-Content-Type-Options": "nosniff"} {
		if got.header.Get(name) != value {
			t.Errorf("%s: %q, want %q", name, got.header.Get(name), value)
		}
	}
}

func TestRemovedSecretIsWrong(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	a := p.register("rotated", nil, true)
	if got := p.token(p.seeded.TenantID, clientCredentials(a)); got.status != http.StatusOK {
		t.Fatalf("before: %v", got.body)
	}
	p.edit(tenant.Application, a.id, func(d tenant.Doc) { d["passwordCredentials"] = []any{} })
	if got := p.token(p.seeded.TenantID, clientCredentials(a)); got.number() != 7000215 {
		t.Errorf("after: %v", got.body)
	}
}

func TestSecretExpires(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	a := p.register("short-lived", nil, true)
	if got := p.token(p.seeded.TenantID, clientCredentials(a)); got.status != http.StatusOK {
		t.Fatalf("before: %v", got.body)
	}
	p.clock.advance(200 * 24 * time.Hour)
	if got := p.token(p.seeded.TenantID, clientCredentials(a)); got.number() != 7000222 {
		t.Errorf("after: %v", got.body)
	}
}

func TestGetOnToken(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	if got := p.get("/" + p.seeded.TenantID + "/oauth2/v2.0/token"); got.status != 400 || got.number() != 900561 {
		t.Errorf("%d %v", got.status, got.body)
	}
}

func TestBasicHeaderAndV1(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	a := p.register("basic", nil, true)
	body := form("grant_type", "client_credentials", "resource", tenant.MicrosoftGraphClientID)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.server.URL+"/"+p.seeded.Domain+"/oauth2/token", strings.NewReader(body.Encode()))
	check(t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(url.QueryEscape(a.clientID), url.QueryEscape(a.secret))
	got := p.do(req)
	if got.status != 200 || got.text("expires_in") != "3599" || got.text("resource") != tenant.MicrosoftGraphClientID {
		t.Fatalf("%d %v", got.status, got.body)
	}
	claims := got.claims(t, "access_token")
	if claims["aud"] != tenant.MicrosoftGraphClientID || claims["ver"] != "1.0" || claims["iss"] != "https://sts.windows.net/"+p.seeded.TenantID+"/" {
		t.Errorf("claims %v", claims)
	}
	if _, ok := claims["roles"]; ok {
		t.Errorf("an application without roles has a roles claim: %v", claims["roles"])
	}
}

// TestReadings plays what no source decides both ways.
func TestReadings(t *testing.T) {
	t.Parallel()
	for _, strict := range []bool{false, true} {
		p := newPlatform(t, func(c *signin.Config) {
			c.Readings = signin.Readings{AppTokenNeedsPrincipal: strict, MissingCredentialIs400: strict, OIDCScopesNeedGrant: strict}
		})
		bare := p.register("without principal", nil, false)
		public := p.register("public", func(d tenant.Doc) { d["isFallbackPublicClient"] = true }, true)
		p.allow(public, "User.Read")
		app := p.token(p.seeded.TenantID, clientCredentials(bare))
		missing := p.token(p.seeded.TenantID, without(clientCredentials(bare), "client_secret"))
		oidc := p.token(p.seeded.TenantID, p.password(public, p.member(), "scope", "openid offline_access User.Read"))
		if strict {
			if app.number() != 700016 || missing.status != 400 || oidc.number() != 65001 {
				t.Errorf("strict: %v, %d, %v", app.body, missing.status, oidc.body)
			}
			continue
		}
		if app.status != 200 || missing.status != 401 || oidc.status != 200 || oidc.text("refresh_token") == "" {
			t.Errorf("lenient: %v, %d, %v", app.body, missing.status, oidc.body)
		}
	}
}

// TestLag plays a replica that hasn't seen a new application, then a new secret: some requests are refused until the lag
// is over, the same ones for the same seed.
func TestLag(t *testing.T) {
	t.Parallel()
	run := func() []int {
		p := newPlatform(t, func(c *signin.Config) { c.Lag = time.Minute })
		p.clock.advance(time.Hour)
		a := p.register("new", nil, true)
		var out []int
		for _, wait := range []time.Duration{0, 20 * time.Second, 20 * time.Second} {
			p.clock.advance(wait)
			for range 8 {
				out = append(out, p.token(p.seeded.TenantID, clientCredentials(a)).number())
			}
		}
		p.clock.advance(21 * time.Second)
		for range 8 {
			if got := p.token(p.seeded.TenantID, clientCredentials(a)); got.status != http.StatusOK {
				t.Errorf("after the lag: %v", got.body)
			}
		}
		return out
	}
	first, again := run(), run()
	refused := 0
	for i, number := range first {
		if number != again[i] {
			t.Errorf("request %d: %d, then %d with the same seed", i, number, again[i])
		}
		if number == 700016 {
			refused++
		}
	}
	if refused < 8 || refused == len(first) {
		t.Errorf("%d of %d requests refused: %v", refused, len(first), first)
	}
}

// TestAssertions presents assertions that are almost right.
func TestAssertions(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	cert, key := certificate(t)
	a := p.register("certificate", withCertificate(cert, cert.NotAfter), true)
	other, otherKey := certificate(t)
	early := p.register("early certificate", withCertificate(cert, cert.NotAfter), true)
	p.edit(tenant.Application, early.id, func(d tenant.Doc) { d.Docs("keyCredentials")[0]["startDateTime"] = time.Now().Add(time.Minute) })
	outdated := p.register("outdated certificate", withCertificate(cert, time.Now().Add(-time.Minute)), true)
	own := func(n string) string { return thumbprint(cert, n) }
	base := func() jwt.MapClaims {
		return jwt.MapClaims{"iss": a.clientID, "sub": a.clientID, "jti": "1", "aud": p.server.URL + "/" + p.seeded.TenantID + "/oauth2/v2.0/token",
			"nbf": time.Now().Add(-time.Minute).Unix(), "exp": time.Now().Add(time.Minute).Unix()}
	}
	with := func(name string, value any) jwt.MapClaims { c := base(); c[name] = value; return c }
	rows := []struct {
		name   string
		app    app
		method jwt.SigningMethod
		header map[string]any
		key    any
		claims jwt.MapClaims
		number int // 0 is a token
	}{
		{"PS256 by SHA-256 thumbprint", a, jwt.SigningMethodPS256, map[string]any{"x5t#S256": own("x5t#S256")}, key, base(), 0},
		{"RS256 by SHA-1 thumbprint", a, jwt.SigningMethodRS256, map[string]any{"x5t": own("x5t")}, key, base(), 0},
		{"issuer as audience", a, jwt.SigningMethodRS256, map[string]any{"x5t": own("x5t")}, key, with("aud", p.server.URL+"/"+p.seeded.TenantID+"/v2.0"), 0},
		{"from the next second on", a, jwt.SigningMethodRS256, map[string]any{"x5t": own("x5t")}, key, with("nbf", time.Now().Add(time.Second).Unix()), 0},
		{"unregistered certificate", a, jwt.SigningMethodRS256, map[string]any{"x5t": thumbprint(other, "x5t")}, otherKey, base(), 700027},
		{"registered thumbprint, other key", a, jwt.SigningMethodRS256, map[string]any{"x5t": own("x5t")}, otherKey, base(), 700027},
		{"expired certificate", outdated, jwt.SigningMethodRS256, map[string]any{"x5t": own("x5t")}, key, with("sub", outdated.clientID), 700027},
		{"certificate before its start", early, jwt.SigningMethodRS256, map[string]any{"x5t": own("x5t")}, key, with("sub", early.clientID), 700027},
		{"shared secret instead of a signature", a, jwt.SigningMethodHS256, map[string]any{"x5t": own("x5t")}, []byte("x"), base(), 700027},
		{"expired", a, jwt.SigningMethodRS256, map[string]any{"x5t": own("x5t")}, key, with("exp", time.Now().Add(-time.Second).Unix()), 700024},
		{"not valid yet", a, jwt.SigningMethodRS256, map[string]any{"x5t": own("x5t")}, key, with("nbf", time.Now().Add(time.Minute).Unix()), 700024},
		{"without an end", a, jwt.SigningMethodRS256, map[string]any{"x5t": own("x5t")}, key, with("exp", nil), 700024},
		{"somebody else's", a, jwt.SigningMethodRS256, map[string]any{"x5t": own("x5t")}, key, with("iss", "x"), 700021},
		{"for another platform", a, jwt.SigningMethodRS256, map[string]any{"x5t": own("x5t")}, key, with("aud", "https://login.example.com/x"), 700021},
		{"without a thumbprint", a, jwt.SigningMethodRS256, nil, key, base(), 700027},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			q := *p
			q.t = t
			token := jwt.NewWithClaims(row.method, row.claims)
			for name, value := range row.header {
				token.Header[name] = value
			}
			text, err := token.SignedString(row.key)
			check(t, err)
			got := q.token(p.seeded.TenantID, form("grant_type", "client_credentials", "client_id", row.app.clientID, "scope", graphDefault,
				"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", "client_assertion", text))
			if got.number() != row.number || (row.number == 0) != (got.status == 200) {
				t.Fatalf("%d %v, want %d", got.status, got.body, row.number)
			}
			if row.number == 0 && got.claims(t, "access_token")["appidacr"] != "2" {
				t.Errorf("appidacr %v", got.claims(t, "access_token")["appidacr"])
			}
		})
	}
}

// TestVerify has the platform judge tokens that aren't access tokens of its own.
func TestVerify(t *testing.T) {
	t.Parallel()
	p, stranger := newPlatform(t), newPlatform(t)
	a := p.register("public", func(d tenant.Doc) { d["isFallbackPublicClient"] = true }, true)
	p.allow(a, "User.Read")
	good := p.token(p.seeded.TenantID, p.password(a, p.member(), "scope", "openid User.Read"))
	caller, err := p.handler.Verify(good.text("access_token"))
	check(t, err)
	if caller.UserID != p.member().ObjectID || caller.ServicePrincipalID != a.principalID || caller.TenantID != p.seeded.TenantID {
		t.Errorf("caller %+v", caller)
	}
	foreign := stranger.token(stranger.seeded.TenantID, form("grant_type", "client_credentials", "client_id", stranger.seeded.ClientID,
		"client_secret", stranger.seeded.ClientSecret, "scope", graphDefault))
	parts := strings.Split(good.text("access_token"), ".")
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	check(t, err)
	forged := parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(string(payload), "User.Read", "User.Xead", 1))) + "." + parts[2]
	for name, token := range map[string]string{
		"id token": good.text("id_token"), "another platform's": foreign.text("access_token"), "forged": forged, "no JWT": "x", "empty": "",
	} {
		if token == "" && name != "empty" {
			t.Errorf("%s: the test has no token", name)
		}
		if caller, err := p.handler.Verify(token); err == nil {
			t.Errorf("%s: accepted as %+v", name, caller)
		}
	}
}

// TestLagOfNewSecret is section 14: for a while a new secret of a known application may be refused as wrong, while the
// old one works.
func TestLagOfNewSecret(t *testing.T) {
	t.Parallel()
	p := newPlatform(t, func(c *signin.Config) { c.Lag = time.Minute })
	a := p.register("rotating", nil, true)
	p.clock.advance(time.Hour)
	fresh := a
	check(t, p.cloud.Update(func(tx *tenant.Tx) error {
		doc, _ := tx.Get(p.seeded.TenantID, tenant.Application, a.id)
		fresh.secret = tx.AddPassword(doc, "new", tx.Now(), tx.Now().AddDate(0, 1, 0)).String("secretText")
		tx.Put(p.seeded.TenantID, tenant.Application, doc)
		return nil
	}))
	p.clock.advance(30 * time.Second)
	seen := map[int]int{}
	for range 20 {
		seen[p.token(p.seeded.TenantID, clientCredentials(fresh)).number()]++
		if old := p.token(p.seeded.TenantID, clientCredentials(a)); old.status != http.StatusOK {
			t.Errorf("the old secret: %v", old.body)
		}
	}
	if seen[7000215] == 0 || seen[0] == 0 || len(seen) != 2 {
		t.Errorf("half a minute after a new secret, by number: %v; want some 7000215 and some tokens", seen)
	}
}

// TestIssued is what a search for leaks goes by.
func TestIssued(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	a := p.register("public", func(d tenant.Doc) { d["isFallbackPublicClient"] = true }, true)
	p.allow(a, "User.Read")
	got := p.token(p.seeded.TenantID, p.password(a, p.member(), "scope", "openid offline_access User.Read"))
	device := p.post(p.seeded.TenantID, "/oauth2/v2.0/devicecode", form("client_id", a.clientID, "scope", "User.Read"))
	issued := p.handler.Issued()
	for name, text := range map[string]string{"access token": got.text("access_token"), "id token": got.text("id_token"),
		"refresh token": got.text("refresh_token"), "device code": device.text("device_code")} {
		if text == "" || !slices.Contains(issued, text) {
			t.Errorf("%s %q is not among what was issued", name, text)
		}
	}
}
