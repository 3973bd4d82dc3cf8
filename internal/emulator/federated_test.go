package emulator_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/appreg/terraform-provider-appreg/internal/emulator"
)

// TestFederatedCredentialSignsIn writes a federated identity credential through Graph and signs in with a token of its
// issuer: at first, after the credential's subject was changed, and after it was deleted.
func TestFederatedCredentialSignsIn(t *testing.T) {
	t.Parallel()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	var issuer *httptest.Server
	issuer = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := map[string]any{"issuer": issuer.URL, "jwks_uri": issuer.URL + "/keys"}
		if r.URL.Path == "/keys" {
			body = map[string]any{"keys": []any{map[string]any{"kty": "RSA", "kid": "one", "e": "AQAB",
				"n": base64.RawURLEncoding.EncodeToString(key.N.Bytes())}}}
		}
		if err := json.NewEncoder(w).Encode(body); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(issuer.Close)
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims{"iss": issuer.URL, "sub": "repo:bergsee/shop", "aud": "api://AzureADTokenExchange",
		"exp": time.Now().Add(time.Minute).Unix()})
	token.Header["kid"] = "one"
	assertion, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	c := start(t, emulator.WithIssuers(issuer.Client()), emulator.WithReading(emulator.FederatedMismatch, "named"))
	app := c.must(201, "POST", "/applications", `{"displayName":"Workload"}`)
	path := fmt.Sprintf("/applications/%s/federatedIdentityCredentials", app["id"])
	signIn := func(want string) {
		t.Helper()
		if got := c.exchange(fmt.Sprint(app["appId"]), assertion); !strings.HasPrefix(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	signIn("AADSTS700211:")
	c.must(201, "POST", path, fmt.Sprintf(`{"name":"shop","issuer":%q,"subject":"repo:bergsee/shop","audiences":["api://AzureADTokenExchange"]}`, issuer.URL))
	signIn("Bearer")
	c.must(204, "PATCH", path+"/shop", `{"subject":"repo:bergsee/Shop"}`)
	signIn("AADSTS700213:")
	c.must(204, "DELETE", path+"/shop", "")
	signIn("AADSTS700211:")
}

// exchange presents a foreign token and gives the type of the token that comes back, or the refusal.
func (c *client) exchange(clientID, assertion string) string {
	c.t.Helper()
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {clientID}, "scope": {origin + "/.default"},
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, "client_assertion": {assertion}}
	r := httptest.NewRequestWithContext(c.t.Context(), "POST", origin+"/"+c.e.Facts().TenantID+"/oauth2/v2.0/token", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	c.e.ServeHTTP(w, r)
	var reply struct {
		Type    string `json:"token_type"`
		Refusal string `json:"error_description"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &reply); err != nil {
		c.t.Fatal(err)
	}
	return reply.Type + reply.Refusal
}
