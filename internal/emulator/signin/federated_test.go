package signin_test

import (
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/signin"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

const (
	assertionType  = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	tokenExchange  = "api://AzureADTokenExchange"
	workloadBranch = "repo:bergsee/shop:ref:refs/heads/main"
)

// issuer is another identity provider: its discovery document and its keys, over TLS.
type issuer struct {
	server *httptest.Server
	key    *rsa.PrivateKey
}

// newIssuer starts one; change may spoil what it says about itself.
func newIssuer(t *testing.T, change ...func(document map[string]any)) *issuer {
	t.Helper()
	_, key := certificate(t)
	i := &issuer{key: key}
	mux := http.NewServeMux()
	reply := func(w http.ResponseWriter, body any) {
		if err := json.NewEncoder(w).Encode(body); err != nil {
			t.Error(err)
		}
	}
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		document := map[string]any{"issuer": i.server.URL, "jwks_uri": i.server.URL + "/keys"}
		for _, f := range change {
			f(document)
		}
		reply(w, document)
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, map[string]any{"keys": []any{
			map[string]any{"kty": "EC", "kid": "other", "crv": "P-256", "x": "", "y": ""},
			map[string]any{"kty": "RSA", "kid": "one", "n": base64.RawURLEncoding.EncodeToString(key.N.Bytes()),
				"e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(key.E)).Bytes())},
		}})
	})
	i.server = httptest.NewTLSServer(mux)
	t.Cleanup(i.server.Close)
	return i
}

// claims are those of a token for the workload.
func (i *issuer) claims() jwt.MapClaims {
	return jwt.MapClaims{"iss": i.server.URL, "sub": workloadBranch, "aud": tokenExchange, "jti": "1",
		"nbf": time.Now().Add(-time.Minute).Unix(), "exp": time.Now().Add(time.Minute).Unix()}
}

// with are the same with one other.
func (i *issuer) with(name string, value any) jwt.MapClaims {
	out := i.claims()
	out[name] = value
	return out
}

func (i *issuer) sign(t *testing.T, kid string, key *rsa.PrivateKey, claims jwt.MapClaims) string {
	t.Helper()
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, claims)
	// As real issuers do; a thumbprint is no sign of a certificate of the client's.
	token.Header["kid"], token.Header["x5t"] = kid, "c29tZXRoaW5n"
	text, err := token.SignedString(key)
	check(t, err)
	return text
}

// trust adds a federated identity credential, as Graph stores it.
func trust(issuer string) func(tenant.Doc) {
	return func(d tenant.Doc) {
		d["federatedIdentityCredentials"] = []tenant.Doc{{"id": "0b9f1851-3e52-4d69-b5cf-e1f0b1f0c0de", "name": "main", "issuer": issuer,
			"subject": workloadBranch, "audiences": []string{tokenExchange}, "description": nil}}
	}
}

// exchange presents an assertion for a token of the application by itself.
func (p *platform) exchange(a app, text string) answer {
	p.t.Helper()
	return p.token(p.seeded.TenantID, form("grant_type", "client_credentials", "client_id", a.clientID, "scope", graphDefault,
		"client_assertion_type", assertionType, "client_assertion", text))
}

// TestFederated presents tokens of another identity provider that are right and almost right.
func TestFederated(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	p := newPlatform(t, func(c *signin.Config) { c.Client = i.server.Client() })
	a := p.register("workload", trust(i.server.URL), true)
	none := p.register("without trust", nil, true)
	_, otherKey := certificate(t)
	rows := []struct {
		name, source string
		app          app
		text         string
		status       int
		number       int // 0 is a token
	}{
		{"as trusted", "3", a, i.sign(t, "one", i.key, i.claims()), 200, 0},
		{"no trust", "12", none, i.sign(t, "one", i.key, i.claims()), 401, 700211},
		{"other issuer", "12", a, i.sign(t, "one", i.key, i.with("iss", "https://other.example")), 401, 700211},
		{"issuer with a slash", "3", a, i.sign(t, "one", i.key, i.with("iss", i.server.URL+"/")), 401, 700211},
		{"other subject", "12", a, i.sign(t, "one", i.key, i.with("sub", "repo:bergsee@1/shop@2:ref:refs/heads/main")), 401, 700213},
		{"subject in other letters", "3", a, i.sign(t, "one", i.key, i.with("sub", "repo:Bergsee/shop:ref:refs/heads/main")), 401, 700213},
		{"other audience", "12", a, i.sign(t, "one", i.key, i.with("aud", "https://github.com/bergsee")), 401, 700212},
		{"several audiences", "3", a, i.sign(t, "one", i.key, i.with("aud", []string{tokenExchange, "x"})), 401, 700212},
		{"expired", "12", a, i.sign(t, "one", i.key, i.with("exp", time.Now().Add(-time.Second).Unix())), 401, 700024},
		{"not valid yet", "12", a, i.sign(t, "one", i.key, i.with("nbf", time.Now().Add(time.Minute).Unix())), 401, 700024},
		{"without an end", "12", a, i.sign(t, "one", i.key, i.with("exp", nil)), 401, 700024},
		{"signed by somebody else", "12", a, i.sign(t, "one", otherKey, i.claims()), 401, 700027},
		{"key of another kind", "12", a, i.sign(t, "other", i.key, i.claims()), 401, 700027},
		{"unknown key", "12", a, i.sign(t, "two", i.key, i.claims()), 401, 700027},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			q := *p
			q.t = t
			got := q.exchange(row.app, row.text)
			if got.status != row.status || got.number() != row.number {
				t.Fatalf("section %s: %d %v, want %d %d", row.source, got.status, got.body, row.status, row.number)
			}
			if row.number == 0 && got.claims(t, "access_token")["appidacr"] != "2" {
				t.Errorf("appidacr %v", got.claims(t, "access_token")["appidacr"])
			}
		})
	}
}

// TestFederatedMismatchReadings plays the three ways to refuse a token that isn't trusted.
func TestFederatedMismatchReadings(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	for reading, want := range map[signin.FederatedMismatch][3]int{
		signin.MismatchNamed: {401, 700211, 700212}, signin.MismatchBadRequest: {400, 700211, 700212}, signin.MismatchUnnamed: {401, 70021, 70021},
	} {
		p := newPlatform(t, func(c *signin.Config) { c.Readings.FederatedMismatch = reading })
		a := p.register("workload", trust(i.server.URL), true)
		byIssuer := p.exchange(a, i.sign(t, "one", i.key, i.with("iss", "https://other.example")))
		byAudience := p.exchange(a, i.sign(t, "one", i.key, i.with("aud", "x")))
		if byIssuer.status != want[0] || byIssuer.number() != want[1] || byAudience.status != want[0] || byAudience.number() != want[2] {
			t.Errorf("reading %d: %v, %v, want %v", reading, byIssuer.body, byAudience.body, want)
		}
	}
}

// TestFederatedIssuerFails asks issuers that can't be believed.
func TestFederatedIssuerFails(t *testing.T) {
	t.Parallel()
	liar := newIssuer(t, func(d map[string]any) { d["issuer"] = "https://other.example" })
	plain := newIssuer(t, func(d map[string]any) { d["jwks_uri"] = "http://keys.example" })
	lost := newIssuer(t, func(d map[string]any) { d["jwks_uri"] = fmt.Sprint(d["issuer"], "/nowhere") })
	for name, i := range map[string]*issuer{"names another": liar, "keys without TLS": plain, "no keys": lost} {
		p := newPlatform(t, func(c *signin.Config) { c.Client = i.server.Client() })
		a := p.register("workload", trust(i.server.URL), true)
		if got := p.exchange(a, i.sign(t, "one", i.key, i.claims())); got.status != 400 || got.number() != 50166 {
			t.Errorf("%s: %d %v", name, got.status, got.body)
		}
	}
}

// TestFederatedByOwnTokens has an application of the platform vouch for another: good for an application's token, refused
// for a user's.
func TestFederatedByOwnTokens(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	version2 := func(d tenant.Doc) {
		d.Doc("api")["requestedAccessTokenVersion"] = float64(2)
		d["isFallbackPublicClient"] = true
		d["identifierUris"] = []string{"api://" + d.String("appId")}
		d.Doc("api")["oauth2PermissionScopes"] = []tenant.Doc{{"id": "e1fe6dd8-ba31-4d61-89e7-88639da46832", "value": "act", "type": "User", "isEnabled": true}}
	}
	api := p.register("api", version2, true)
	agent := p.register("agent", func(d tenant.Doc) {
		d["federatedIdentityCredentials"] = []tenant.Doc{{"id": "0b9f1851-3e52-4d69-b5cf-e1f0b1f0c0de", "name": "own",
			"issuer": p.server.URL + "/" + p.seeded.TenantID + "/v2.0", "subject": api.principalID, "audiences": []string{api.clientID}}}
	}, true)
	own := p.token(p.seeded.TenantID, clientCredentials(api, "scope", "api://"+api.clientID+"/.default"))
	if own.status != http.StatusOK {
		t.Fatalf("the agent's own token: %v", own.body)
	}
	if got := p.exchange(agent, own.text("access_token")); got.status != http.StatusOK {
		t.Errorf("an application's token: %v", got.body)
	}
	p.grantAt(api, api, "act")
	user := p.token(p.seeded.TenantID, p.password(api, p.member(), "scope", "api://"+api.clientID+"/act"))
	if user.status != http.StatusOK {
		t.Fatalf("the user's token: %v", user.body)
	}
	if got := p.exchange(agent, user.text("access_token")); got.status != 401 || got.number() != 700229 {
		t.Errorf("a user's token: %d %v", got.status, got.body)
	}
}
