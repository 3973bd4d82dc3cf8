package credential

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

func TestConcurrentCallersShareOneTokenAndItIsReplacedInTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newAuthority()
		cred := mustNew(t, config(a), clientSecret())
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				if token, err := get(t, cred); err != nil || token != "token 1" {
					t.Errorf("got %q, %v", token, err)
				}
			})
		}
		wg.Wait()
		time.Sleep(54 * time.Minute)
		if token := mustGet(t, cred); token != "token 1" || a.asked() != 1 {
			t.Fatalf("six minutes before its end the token was asked for %d times, and is %q", a.asked(), token)
		}
		time.Sleep(2 * time.Minute)
		if token := mustGet(t, cred); token != "token 2" || a.asked() != 2 {
			t.Fatalf("four minutes before its end the token was asked for %d times, and is %q", a.asked(), token)
		}
	})
}

func TestClientSecretOnTheWire(t *testing.T) {
	t.Parallel()
	a := newAuthority()
	mustGet(t, mustNew(t, config(a), clientSecret()))
	want := map[string]string{
		"grant_type": "client_credentials", "client_id": testClient, "client_secret": testSecret,
	}
	for name, value := range want {
		if got := a.forms[0].Get(name); got != value {
			t.Errorf("%s is %q, want %q", name, got, value)
		}
	}
}

func TestCertificateAssertionVerifies(t *testing.T) {
	t.Parallel()
	a := newAuthority()
	key, certificate := newCertificate(t)
	mustGet(t, mustNew(t, config(a), ClientCertificate{Chain: []*x509.Certificate{certificate}, Key: key}))
	token, err := jwt.Parse(a.forms[0].Get("client_assertion"), func(*jwt.Token) (any, error) { return &key.PublicKey, nil },
		jwt.WithIssuer(testClient), jwt.WithSubject(testClient), jwt.WithExpirationRequired())
	if err != nil {
		t.Fatalf("the assertion does not verify: %v", err)
	}
	if token.Header["x5t#S256"] == nil && token.Header["x5t"] == nil {
		t.Error("the assertion does not say which certificate signed it")
	}
}

func TestOIDCTokenIsObtainedAnewEachTime(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "token")
	counting := func(member string) http.HandlerFunc {
		n := 0
		return func(w http.ResponseWriter, _ *http.Request) {
			n++
			reply(w, map[string]string{member: []string{"first", "second"}[n-1]})
		}
	}
	cases := map[string]struct {
		source Assertion
		other  http.HandlerFunc
		method string
		query  url.Values
	}{
		"file": {source: AssertionFile(file)},
		"GitHub": {
			source: AssertionRequest{URL: "https://oidc.test/x?a=b", Token: func() string { return "request token" }},
			other:  counting("value"), method: http.MethodGet,
			query: url.Values{"a": {"b"}, "audience": {"api://AzureADTokenExchange"}},
		},
		"Azure DevOps": {
			source: AssertionRequest{URL: "https://oidc.test/x", Token: func() string { return "request token" }, ServiceConnectionID: "sc"},
			other:  counting("oidcToken"), method: http.MethodPost,
			query: url.Values{"api-version": {"7.1"}, "serviceConnectionId": {"sc"}},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a := newAuthority()
				a.other = c.other
				cred := mustNew(t, config(a), Federated{c.source})
				for i, want := range []string{"first", "second"} {
					if c.other == nil {
						writeFile(t, file, want+"\n")
					}
					mustGet(t, cred)
					if got := a.forms[i].Get("client_assertion"); got != want {
						t.Errorf("assertion %d is %q, want %q", i, got, want)
					}
					time.Sleep(time.Hour)
				}
				if c.other == nil {
					return
				}
				req := a.others[len(a.others)-1]
				if req.Method != c.method || req.URL.RawQuery != c.query.Encode() || req.Header.Get("Authorization") != "Bearer request token" {
					t.Errorf("asked with %s %s and Authorization %q", req.Method, req.URL, req.Header.Get("Authorization"))
				}
			})
		})
	}
}

func TestStaticOIDCToken(t *testing.T) {
	t.Parallel()
	a := newAuthority()
	mustGet(t, mustNew(t, config(a), Federated{AssertionText(func() string { return "static" })}))
	if got := a.forms[0].Get("client_assertion"); got != "static" {
		t.Errorf("the assertion is %q", got)
	}
}

func TestManagedIdentityAsksTheMachine(t *testing.T) {
	t.Parallel()
	a := newAuthority()
	a.other = func(w http.ResponseWriter, req *http.Request) {
		if req.URL.Host != "169.254.169.254" || req.URL.Query().Get("client_id") != testClient ||
			req.URL.Query().Get("resource") != "https://graph.test" || req.Header.Get("Metadata") != "true" {
			t.Errorf("unexpected request %s", req.URL)
		}
		reply(w, map[string]string{
			"access_token": "machine", "token_type": "Bearer", "resource": "https://graph.test",
			"expires_on": "4102444800", "expires_in": "3600",
		})
	}
	if got := mustGet(t, mustNew(t, config(a), ManagedIdentity{})); got != "machine" {
		t.Errorf("the token is %q", got)
	}
}

func writeFile(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func newCertificate(t *testing.T) (*rsa.PrivateKey, *x509.Certificate) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "automation"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return key, certificate
}
