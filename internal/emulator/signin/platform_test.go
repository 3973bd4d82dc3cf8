package signin_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // x5t is a SHA-1 thumbprint by definition.
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/signin"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
	"github.com/appreg/terraform-provider-appreg/internal/webuser"
)

// platform is an identity platform over real TLS on loopback, with a clock that a test moves.
type platform struct {
	t       *testing.T
	cloud   *tenant.Cloud
	handler *signin.Handler
	server  *httptest.Server
	seeded  tenant.Seeded
	clock   *clock
}

type clock struct {
	mu     sync.Mutex
	offset time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.offset)
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset += d
}

func newPlatform(t *testing.T, change ...func(*signin.Config)) *platform {
	t.Helper()
	p := &platform{t: t, clock: &clock{}}
	p.cloud = tenant.New(p.clock.now)
	seeded, err := tenant.Seed(p.cloud, 7)
	check(t, err)
	p.seeded = seeded
	config := signin.Config{Cloud: p.cloud, Now: p.clock.now, Seed: 7, Log: slog.New(slog.NewTextHandler(t.Output(), nil))}
	for _, f := range change {
		f(&config)
	}
	p.handler = signin.New(config)
	p.server = httptest.NewTLSServer(p.handler)
	t.Cleanup(p.server.Close)
	return p
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// app is an application made for a test.
type app struct{ id, clientID, principalID, secret, secretKey string }

// register makes an application in the main tenant, with a secret and, unless told otherwise, a service principal.
func (p *platform) register(name string, change func(tenant.Doc), principal bool) app {
	p.t.Helper()
	var out app
	check(p.t, p.cloud.Update(func(tx *tenant.Tx) error {
		out = app{id: tx.NewID("test app", name), clientID: tx.NewID("test client", name), principalID: tx.NewID("test principal", name)}
		doc := tenant.NewApplication(out.id, out.clientID, p.seeded.Domain, "", tx.Now())
		doc["displayName"] = name
		if change != nil {
			change(doc)
		}
		credential := tx.AddPassword(doc, "test", tx.Now().Add(-time.Hour), tx.Now().AddDate(0, 6, 0))
		out.secret, out.secretKey = credential.String("secretText"), credential.String("keyId")
		tx.Put(p.seeded.TenantID, tenant.Application, doc)
		if principal {
			tx.Put(p.seeded.TenantID, tenant.ServicePrincipal, tenant.NewServicePrincipal(out.principalID, doc, p.seeded.TenantID, "", tx.Now()))
		}
		return nil
	}))
	return out
}

// edit changes an object of the main tenant.
func (p *platform) edit(k tenant.Kind, id string, change func(tenant.Doc)) {
	p.t.Helper()
	check(p.t, p.cloud.Update(func(tx *tenant.Tx) error {
		doc, ok := tx.Get(p.seeded.TenantID, k, id)
		if !ok {
			p.t.Errorf("no %s %s", k, id)
			return nil
		}
		change(doc)
		tx.Put(p.seeded.TenantID, k, doc)
		return nil
	}))
}

// allow grants delegated permissions of Microsoft Graph to an application for everybody in the main tenant.
func (p *platform) allow(a app, scope string) {
	p.t.Helper()
	graph, _ := p.cloud.Latest().ServicePrincipalByClientID(p.seeded.TenantID, tenant.MicrosoftGraphClientID)
	p.grantAt(a, app{principalID: graph.String("id")}, scope)
}

// grantAt is the same at any API.
func (p *platform) grantAt(a, api app, scope string) {
	p.t.Helper()
	check(p.t, p.cloud.Update(func(tx *tenant.Tx) error {
		id, err := tenant.GrantID(a.principalID, api.principalID, "")
		if err != nil {
			return err
		}
		tx.Put(p.seeded.TenantID, tenant.Grant, tenant.Doc{"id": id, "clientId": a.principalID, "resourceId": api.principalID,
			"consentType": "AllPrincipals", "principalId": nil, "scope": scope})
		return nil
	}))
}

// grants lists the consents to an application in a tenant, as "AllPrincipals: a b" or "Principal: a b".
func (p *platform) grants(tenantID string, a app) []string {
	p.t.Helper()
	view := p.cloud.Latest()
	sp, ok := view.ServicePrincipalByClientID(tenantID, a.clientID)
	if !ok {
		return nil
	}
	var out []string
	for _, g := range view.List(tenantID, tenant.Grant) {
		if g.String("clientId") == sp.String("id") {
			words := strings.Fields(g.String("scope"))
			slices.Sort(words)
			out = append(out, g.String("consentType")+": "+strings.Join(words, " "))
		}
	}
	return out
}

// accounts of the seed.
func (p *platform) account(match func(tenant.Account) bool) tenant.Account {
	p.t.Helper()
	accounts := p.cloud.Accounts()
	i := slices.IndexFunc(accounts, match)
	if i < 0 {
		p.t.Fatal("no such account")
	}
	return accounts[i]
}

func (p *platform) member() tenant.Account {
	return p.account(func(a tenant.Account) bool {
		return a.TenantID == p.seeded.TenantID && !a.Administrator && a.SecondFactor == ""
	})
}

func (p *platform) administrator() tenant.Account {
	return p.account(func(a tenant.Account) bool { return a.TenantID == p.seeded.TenantID && a.Administrator })
}

func (p *platform) factorMember() tenant.Account {
	return p.account(func(a tenant.Account) bool { return a.SecondFactor != "" })
}

func (p *platform) stranger() tenant.Account {
	return p.account(func(a tenant.Account) bool {
		return a.TenantID != p.seeded.TenantID && !a.Personal && !a.Administrator
	})
}

func (p *platform) personal() tenant.Account {
	return p.account(func(a tenant.Account) bool { return a.Personal })
}

func person(a tenant.Account) webuser.User {
	return webuser.User{UserName: a.UserName, Password: a.Password, SecondFactor: a.SecondFactor}
}

// answer is a reply of the token endpoint.
type answer struct {
	status int
	header http.Header
	body   map[string]any
}

func (a answer) text(name string) string {
	s, ok := a.body[name].(string)
	if !ok {
		return ""
	}
	return s
}

func (a answer) number() int {
	codes, ok := a.body["error_codes"].([]any)
	if !ok || len(codes) != 1 {
		return 0
	}
	n, ok := codes[0].(float64)
	if !ok {
		return 0
	}
	return int(n)
}

// claims reads a token of the reply without checking it.
func (a answer) claims(t *testing.T, name string) map[string]any {
	t.Helper()
	parts := strings.Split(a.text(name), ".")
	if len(parts) != 3 {
		t.Fatalf("%s is no JWT: %v", name, a.body)
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	check(t, err)
	var out map[string]any
	check(t, json.Unmarshal(raw, &out))
	return out
}

// post sends a form to /segment/path.
func (p *platform) post(segment, path string, form url.Values) answer {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, p.server.URL+"/"+segment+path, strings.NewReader(form.Encode()))
	check(p.t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return p.do(req)
}

func (p *platform) token(segment string, form url.Values) answer {
	p.t.Helper()
	return p.post(segment, "/oauth2/v2.0/token", form)
}

// tokenFrom is a request for tokens by a page of an origin, "" for a program.
func (p *platform) tokenFrom(origin string, form url.Values) answer {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, p.server.URL+"/"+p.seeded.TenantID+"/oauth2/v2.0/token", strings.NewReader(form.Encode()))
	check(p.t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if origin != "" {
		req.Header.Set("Origin", origin)
	}
	return p.do(req)
}

func (p *platform) get(path string) answer {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, p.server.URL+path, nil)
	check(p.t, err)
	return p.do(req)
}

func (p *platform) do(req *http.Request) answer {
	p.t.Helper()
	resp, err := p.server.Client().Do(req)
	check(p.t, err)
	raw, err := io.ReadAll(resp.Body)
	check(p.t, err)
	check(p.t, resp.Body.Close())
	out := answer{status: resp.StatusCode, header: resp.Header}
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "application/json") {
		check(p.t, json.Unmarshal(raw, &out.body))
	}
	return out
}

// authorizeURL is the address of a sign-in page.
func (p *platform) authorizeURL(segment string, params url.Values) string {
	return p.server.URL + "/" + segment + "/oauth2/v2.0/authorize?" + params.Encode()
}

// form makes values of pairs; of two with one name the later counts.
func form(pairs ...string) url.Values {
	out := url.Values{}
	for pair := range slices.Chunk(pairs, 2) {
		out.Set(pair[0], pair[1])
	}
	return out
}

// certificate makes a self-signed certificate that is valid for an hour around now.
func certificate(t *testing.T) (*x509.Certificate, *rsa.PrivateKey) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	check(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	check(t, err)
	cert, err := x509.ParseCertificate(der)
	check(t, err)
	return cert, key
}

// withCertificate registers a certificate on an application.
func withCertificate(cert *x509.Certificate, end time.Time) func(tenant.Doc) {
	return func(d tenant.Doc) {
		d["keyCredentials"] = []tenant.Doc{{"keyId": "6f9619ff-8b86-4d01-b42d-00cf4fc964ff", "type": "AsymmetricX509Cert", "usage": "Verify",
			"key": base64.StdEncoding.EncodeToString(cert.Raw), "displayName": "CN=test",
			"startDateTime": cert.NotBefore, "endDateTime": end, "customKeyIdentifier": nil}}
	}
}

// thumbprint is the value of the header x5t or x5t#S256.
func thumbprint(cert *x509.Certificate, header string) string {
	if header == "x5t" {
		sum := sha1.Sum(cert.Raw) //nolint:gosec // x5t is a SHA-1 thumbprint by definition.
		return base64.RawURLEncoding.EncodeToString(sum[:])
	}
	sum := sha256.Sum256(cert.Raw)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
