package acctest

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// GitHub is the issuer of GitHub Actions, which tests play.
const GitHub = "https://token.actions.githubusercontent.com"

// Issuer is an OpenID Connect issuer that a test plays under any address, without a network. Its client is for
// emulator.WithIssuers.
type Issuer struct {
	URL string
	key *rsa.PrivateKey
}

// NewIssuer makes an issuer with a key of its own.
func NewIssuer(t testing.TB, url string) *Issuer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return &Issuer{URL: url, key: key}
}

// Client reaches this issuer and nothing else.
func (i *Issuer) Client() *http.Client { return &http.Client{Transport: i} }

// RoundTrip serves the discovery document and the keys.
func (i *Issuer) RoundTrip(r *http.Request) (*http.Response, error) {
	var body any
	switch r.URL.String() {
	case strings.TrimSuffix(i.URL, "/") + "/.well-known/openid-configuration":
		body = map[string]any{"issuer": i.URL, "jwks_uri": i.URL + "/keys"}
	case i.URL + "/keys":
		body = map[string]any{"keys": []any{map[string]any{"kty": "RSA", "kid": "one", "e": "AQAB", "n": base64.RawURLEncoding.EncodeToString(i.key.N.Bytes())}}}
	}
	status := http.StatusOK
	if body == nil {
		status = http.StatusNotFound
	}
	text, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: status, Request: r, Body: io.NopCloser(strings.NewReader(string(text))),
		Header: http.Header{"Content-Type": {"application/json"}}}, nil
}

// Token is what the issuer gives a workload: good for ten minutes from now.
func (i *Issuer) Token(t testing.TB, now time.Time, subject, audience string) string {
	t.Helper()
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims{
		"iss": i.URL, "sub": subject, "aud": audience, "iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(10 * time.Minute).Unix(),
	})
	token.Header["kid"] = "one"
	signed, err := token.SignedString(i.key)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}
