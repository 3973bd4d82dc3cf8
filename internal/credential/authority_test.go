package credential

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

const (
	testTenant = "11111111-2222-3333-4444-555555555555"
	testClient = "66666666-7777-8888-9999-000000000000"
	testSecret = "s3cr3t~value"
	testScope  = "https://graph.test/.default"
)

// authority is an identity platform in a few lines, plugged in below azidentity.
type authority struct {
	mu     sync.Mutex
	forms  []url.Values // of the token requests
	others []*http.Request
	// token answers token requests; nil means with a token that lives for an hour.
	token http.HandlerFunc
	// other answers requests to other hosts than the authority.
	other http.HandlerFunc
	// tenants that exist, by name in the address.
	tenants map[string]string
}

func newAuthority() *authority {
	return &authority{tenants: map[string]string{testTenant: testTenant, "contoso.test": testTenant}}
}

// RoundTrip implements http.RoundTripper.
func (a *authority) RoundTrip(req *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	a.serve(w, req)
	resp := w.Result()
	resp.Request = req
	return resp, nil
}

func (a *authority) serve(w http.ResponseWriter, req *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if req.URL.Host != "login.test" {
		a.others = append(a.others, req)
		a.other(w, req)
		return
	}
	name, rest, _ := strings.Cut(strings.TrimPrefix(req.URL.Path, "/"), "/")
	tenant, ok := a.tenants[name]
	if !ok {
		refuse(90002, http.StatusBadRequest)(w, req)
		return
	}
	base := "https://login.test/" + tenant
	switch rest {
	case "v2.0/.well-known/openid-configuration":
		a.others = append(a.others, req)
		reply(w, map[string]any{
			"issuer": base + "/v2.0", "token_endpoint": base + "/oauth2/v2.0/token",
			"authorization_endpoint": base + "/oauth2/v2.0/authorize",
		})
	case "oauth2/v2.0/token":
		if err := req.ParseForm(); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		a.forms = append(a.forms, req.PostForm)
		if a.token != nil {
			a.token(w, req)
			return
		}
		reply(w, map[string]any{"access_token": fmt.Sprintf("token %d", len(a.forms)), "token_type": "Bearer", "expires_in": 3600})
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

// asked is how often a token was requested.
func (a *authority) asked() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.forms)
}

func reply(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(body); err != nil {
		panic(err)
	}
}

// refuse answers as the identity platform does.
func refuse(number, status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		reply(w, map[string]any{
			"error":             "invalid_client",
			"error_description": fmt.Sprintf("AADSTS%d: Something: was not right. Trace ID: t-1 Correlation ID: c-1 Timestamp: 2026-11-20 09:20:14Z", number),
			"error_codes":       []int{number},
			"trace_id":          "t-1",
			"correlation_id":    "c-1",
		})
	}
}

func config(rt http.RoundTripper) Config {
	return Config{
		AuthorityHost: "https://login.test", TenantID: testTenant, ClientID: testClient,
		DisableInstanceDiscovery: true, Transport: rt,
	}
}

func clientSecret() ClientSecret { return func() string { return testSecret } }

func mustNew(t *testing.T, c Config, m Method) azcore.TokenCredential {
	t.Helper()
	cred, err := New(c, m)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	return cred
}

func get(t *testing.T, cred azcore.TokenCredential) (string, error) {
	t.Helper()
	token, err := cred.GetToken(t.Context(), tokenRequest())
	return token.Token, err
}

func mustGet(t *testing.T, cred azcore.TokenCredential) string {
	t.Helper()
	token, err := get(t, cred)
	if err != nil {
		t.Fatalf("GetToken: %v", err)
	}
	return token
}

func tokenRequest() policy.TokenRequestOptions {
	return policy.TokenRequestOptions{Scopes: []string{testScope}}
}
