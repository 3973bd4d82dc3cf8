package vault_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/appreg/terraform-provider-appreg/internal/emulator"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/keyvault"
	"github.com/appreg/terraform-provider-appreg/internal/secret"
	"github.com/appreg/terraform-provider-appreg/internal/vault"
)

const (
	suffix = "vault.azure.net"
	uri    = "https://" + keyvault.MainVault + "." + suffix + "/"
	value  = "abc8Q~the-value-of-the-secret"
	name   = "mail-import"
)

// inProcess carries requests to a handler without a network, so that they run in virtual time. The handler goes on
// when the client leaves, as a server does.
type inProcess struct{ handler http.Handler }

// RoundTrip implements http.RoundTripper.
func (p inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
	}
	in := httptest.NewRequestWithContext(context.WithoutCancel(r.Context()), r.Method, r.URL.String(), bytes.NewReader(body))
	in.Header = r.Header.Clone()
	answered, dropped := make(chan *http.Response, 1), make(chan error, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				if err, ok := p.(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
					panic(p)
				}
				dropped <- io.ErrUnexpectedEOF
			}
		}()
		w := httptest.NewRecorder()
		p.handler.ServeHTTP(w, in)
		answered <- w.Result()
	}()
	select {
	case <-r.Context().Done():
		return nil, r.Context().Err()
	case err := <-dropped:
		return nil, err
	case resp := <-answered:
		resp.Request = r
		return resp, nil
	}
}

// automation signs in as the emulator's automation application.
type automation struct {
	base     http.RoundTripper
	facts    emulator.Facts
	tenantID string
}

// GetToken implements azcore.TokenCredential.
func (a automation) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {a.facts.ClientID}, "client_secret": {a.facts.ClientSecret}, "scope": o.Scopes}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://login.test/"+a.tenantID+"/oauth2/v2.0/token", strings.NewReader(form.Encode()))
	if err != nil {
		return azcore.AccessToken{}, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := a.base.RoundTrip(req)
	if err != nil {
		return azcore.AccessToken{}, err
	}
	var token struct {
		AccessToken string `json:"access_token"`
	}
	err = errors.Join(json.NewDecoder(resp.Body).Decode(&token), resp.Body.Close())
	if err == nil && token.AccessToken == "" {
		err = fmt.Errorf("no token: status %d", resp.StatusCode)
	}
	return azcore.AccessToken{Token: token.AccessToken, ExpiresOn: time.Now().Add(time.Hour)}, err
}

// world is an emulated vault, and a client of it that compares hosts and challenges as in the public cloud.
type world struct {
	*emulator.Emulator
	client *vault.Client
	log    *bytes.Buffer
}

func newWorld(t *testing.T, options ...emulator.Option) *world {
	t.Helper()
	e, err := emulator.New(append([]emulator.Option{emulator.WithClock(time.Now)}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{Emulator: e, log: &bytes.Buffer{}}
	w.client = w.open(t, inProcess{e}, automation{inProcess{e}, e.Facts(), e.Facts().TenantID})
	return w
}

func (w *world) open(t *testing.T, base http.RoundTripper, credential azcore.TokenCredential) *vault.Client {
	t.Helper()
	vaults, err := vault.New(vault.Options{Suffix: suffix, Credential: credential, Base: base, UserAgent: "appreg/test", Now: time.Now,
		Logger: slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	if err != nil {
		t.Fatal(err)
	}
	client, err := vaults.At(uri)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// permit gives the automation application secret permissions.
func (w *world) permit(t *testing.T, rbac bool, permissions ...string) {
	t.Helper()
	access := keyvault.Access{RBAC: rbac, Secrets: map[string][]string{w.Cloud().Seeded().ServicePrincipalID: permissions}}
	if err := w.Vaults().SetAccess(keyvault.MainVault, access); err != nil {
		t.Fatal(err)
	}
}

// asked lists what the vault was asked, as "PUT 200".
func (w *world) asked() []string {
	var out []string
	for _, r := range w.Requests() {
		if strings.HasPrefix(r.Route, "vault:") {
			out = append(out, fmt.Sprint(r.Method, " ", r.Status))
		}
	}
	return out
}

// held are the versions in the vault, the oldest first.
func (w *world) held() []keyvault.Version {
	for _, s := range w.Vaults().Secrets() {
		if s.Name == name {
			return s.Versions
		}
	}
	return nil
}

func ours(keyID string) vault.Secret {
	start := time.Now().UTC().Truncate(time.Second)
	return vault.Secret{Name: name, ApplicationID: "5e0d6a4c-0000-4000-8000-000000000001", KeyID: keyID, Value: secret.New(value), Start: start, End: start.AddDate(0, 6, 0)}
}

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }
