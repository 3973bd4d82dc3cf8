package vault_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/appreg/terraform-provider-appreg/internal/emulator"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/fault"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/keyvault"
	"github.com/appreg/terraform-provider-appreg/internal/transport"
	"github.com/appreg/terraform-provider-appreg/internal/vault"
)

const (
	keyID    = "11111111-0000-4000-8000-000000000001"
	otherKey = "22222222-0000-4000-8000-000000000002"
)

// TestWriteListDisable follows two secrets into a vault that lets nobody read them.
func TestWriteListDisable(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		first := ours(keyID)
		made, err := w.client.Write(t.Context(), first)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(made.ID, strings.TrimSuffix(uri, "/")+"/secrets/"+name+"/") || made.Versionless() != uri+"secrets/"+name || !made.Ours(first.ApplicationID, keyID) {
			t.Errorf("made %+v", made)
		}
		if held := w.held(); len(held) != 1 || held[0].Value != value || held[0].ID != made.Name() || !held[0].Expires.Equal(first.End) || !held[0].NotBefore.Equal(first.Start) ||
			held[0].ContentType != vault.ContentType {
			t.Errorf("the vault holds %+v", held)
		}
		time.Sleep(time.Minute)
		second, err := w.client.Write(t.Context(), ours(otherKey))
		if err != nil {
			t.Fatal(err)
		}
		versions, err := w.client.Versions(t.Context(), name)
		if err != nil || len(versions) != 2 || versions[0].ID != second.ID || versions[1].ID != made.ID || versions[0].Ours(first.ApplicationID, keyID) {
			t.Errorf("listed %+v, %v", versions, err)
		}
		// The challenge comes once; then one request does one thing.
		if got, want := w.asked(), []string{"PUT 401", "PUT 200", "PUT 200", "GET 200"}; !slices.Equal(got, want) {
			t.Errorf("asked %q, want %q", got, want)
		}
		if err := w.client.Disable(t.Context(), name, made.Name()); err != nil {
			t.Fatal(err)
		}
		if held := w.held(); held[0].Enabled || !held[1].Enabled || held[0].Tags["key-id"] != keyID {
			t.Errorf("the vault holds %+v", held)
		}
		if err := w.client.Disable(t.Context(), name, "0123456789abcdef0123456789abcdef"); vault.KindOf(err) != vault.KindNotFound {
			t.Errorf("disable what isn't there: %v", err)
		}
		for _, hidden := range []string{value, "Bearer"} {
			if strings.Contains(w.log.String(), hidden) {
				t.Errorf("the log shows %q", hidden)
			}
		}
		if !strings.Contains(w.log.String(), "Key Vault request") {
			t.Errorf("the log has no requests: %s", w.log)
		}
	})
}

func TestVersionsOfWhatIsNotThereAreNone(t *testing.T) {
	t.Parallel()
	for _, choice := range []string{"empty", "404"} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, emulator.WithReading(keyvault.VersionsOfAbsent, choice))
			if versions, err := w.client.Versions(t.Context(), name); err != nil || len(versions) != 0 {
				t.Errorf("%s: %v, %v", choice, versions, err)
			}
		})
	}
}

func TestVersionsComeFromAllPages(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		for i := range 60 {
			if _, err := w.Vaults().Add(keyvault.MainVault, name, fmt.Sprint(i), nil); err != nil {
				t.Fatal(err)
			}
		}
		versions, err := w.client.Versions(t.Context(), name)
		if err != nil || len(versions) != 60 || len(w.asked()) != 4 {
			t.Errorf("%d versions, %v, asked %q", len(versions), err, w.asked())
		}
	})
}

// TestRefusalsHaveKinds holds each refusal of the vault to its kind, and to naming what is missing.
func TestRefusalsHaveKinds(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		prepare          func(*testing.T, *world)
		want             vault.Kind
		code             string
		permission, role string
	}{
		"access policy": {func(t *testing.T, w *world) { w.permit(t, false, "list") }, vault.KindForbidden, "AccessDenied", "Set", "Key Vault Secrets Officer"},
		"role":          {func(t *testing.T, w *world) { w.permit(t, true, "list") }, vault.KindForbidden, "ForbiddenByRbac", "Set", "Key Vault Secrets Officer"},
		"deleted": {func(t *testing.T, w *world) {
			if _, err := w.Vaults().Add(keyvault.MainVault, name, "theirs", nil); err != nil {
				t.Fatal(err)
			}
			if err := w.Vaults().Delete(keyvault.MainVault, name); err != nil {
				t.Fatal(err)
			}
		}, vault.KindDeleted, "ObjectIsDeletedButRecoverable", "", ""},
		"busy": {func(t *testing.T, w *world) {
			if err := w.AddFaults(fault.Rule{Kind: fault.Throttle, Route: "vault:*", RetryAfter: "3600"}); err != nil {
				t.Fatal(err)
			}
		}, vault.KindThrottled, "VaultRequestTypeLimitReached", "", ""},
	}
	for what, tt := range tests {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				tt.prepare(t, w)
				before := len(w.held())
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				_, err := w.client.Write(ctx, ours(keyID))
				var e *vault.Error
				if !errors.As(err, &e) || e.Kind != tt.want || e.Code != tt.code || e.Permission != tt.permission || e.Role != tt.role || e.RequestID == "" {
					t.Errorf("%+v", e)
				}
				if len(w.held()) != before {
					t.Error("it was written")
				}
			})
		})
	}
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.permit(t, false, "set")
		_, err := w.client.Versions(t.Context(), name)
		var e *vault.Error
		if !errors.As(err, &e) || e.Kind != vault.KindForbidden || e.Permission != "List" || e.Role != "Key Vault Reader" {
			t.Errorf("list: %v", err)
		}
	})
}

// scripted answers every request the same way.
type scripted func(*http.Request) (*http.Response, error)

// RoundTrip implements http.RoundTripper.
func (f scripted) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func answer(status int, contentType, body string, header ...string) scripted {
	return func(r *http.Request) (*http.Response, error) {
		h := http.Header{"Content-Type": {contentType}}
		for i := 0; i < len(header); i += 2 {
			h.Set(header[i], header[i+1])
		}
		return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)), Request: r}, nil
	}
}

func failing(err error) scripted {
	return func(*http.Request) (*http.Response, error) { return nil, err }
}

func TestFailuresOnTheWayHaveKinds(t *testing.T) {
	t.Parallel()
	challenge := func(resource string) scripted {
		return answer(401, "application/json", `{"error":{"code":"Unauthorized"}}`, "WWW-Authenticate", `Bearer authorization="https://login.windows.net/x", resource="`+resource+`"`)
	}
	tests := map[string]struct {
		base scripted
		want vault.Kind
	}{
		"no such host":      {failing(&net.OpError{Op: "dial", Err: &net.DNSError{IsNotFound: true}}), vault.KindNoVault},
		"no connection":     {failing(&net.OpError{Op: "dial", Err: errors.New("refused")}), vault.KindUnreachable},
		"certificate":       {failing(x509.UnknownAuthorityError{}), vault.KindUntrusted},
		"a proxy's page":    {answer(403, "text/html", "<html>"), vault.KindUnreachable},
		"redirect":          {answer(302, "text/plain", "", "Location", "https://evil.example/"), vault.KindForeign},
		"token of another":  {challenge("https://graph.microsoft.com"), vault.KindForeign},
		"another cloud":     {challenge("https://vault.azure.cn"), vault.KindForeign},
		"refuses the token": {challenge("https://vault.azure.net"), vault.KindUnauthorized},
		"firewall":          {answer(403, "application/json", `{"error":{"code":"Forbidden","innererror":{"code":"ForbiddenByFirewall"}}}`), vault.KindFirewall},
		"not a vault":       {answer(200, "application/json", `[]`), vault.KindUnreachable},
		"down":              {answer(503, "application/json", `{}`), vault.KindUnreachable},
	}
	for what, tt := range tests {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := &world{log: &bytes.Buffer{}}
				_, err := w.open(t, tt.base, constant("token")).Versions(t.Context(), name)
				if got := vault.KindOf(err); got != tt.want || err == nil {
					t.Errorf("kind %d, want %d: %v", got, tt.want, err)
				}
			})
		})
	}
}

// constant is a credential with one token.
type constant string

// GetToken implements azcore.TokenCredential.
func (c constant) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: string(c), ExpiresOn: time.Now().Add(time.Hour)}, nil
}

// refusing is one without.
type refusing struct{ err error }

// GetToken implements azcore.TokenCredential.
func (r refusing) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{}, r.err
}

func TestWithoutATokenNothingIsWritten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		refused := errors.New("refused")
		_, err := w.open(t, inProcess{w}, refusing{refused}).Write(t.Context(), ours(keyID))
		var signIn *transport.SignInError
		if vault.KindOf(err) != vault.KindSignIn || !errors.As(err, &signIn) || !errors.Is(err, refused) || len(w.held()) != 0 {
			t.Errorf("%v", err)
		}
	})
}

// TestAVaultOfAnotherTenant signs in to the second tenant, whatever the challenge names.
func TestAVaultOfAnotherTenant(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		foreign := scripted(func(r *http.Request) (*http.Response, error) {
			if r.URL.Host != "login.test" && r.Header.Get("Authorization") != "" {
				return answer(401, "application/json", `{"error":{"code":"Unauthorized","message":"AKV10032: Invalid issuer."}}`)(r)
			}
			return inProcess{w}.RoundTrip(r)
		})
		_, err := w.open(t, foreign, automation{inProcess{w}, w.Facts(), w.Facts().TenantID}).Write(t.Context(), ours(keyID))
		if vault.KindOf(err) != vault.KindUnauthorized || len(w.held()) != 0 {
			t.Errorf("%v", err)
		}
	})
}

// TestLostWrites breaks the connection around a write.
func TestLostWrites(t *testing.T) {
	t.Parallel()
	const set = "vault:/secrets/{name}"
	tests := map[string]struct {
		rules    []fault.Rule
		prepare  func(*testing.T, *world)
		versions int
		want     vault.Kind
		failed   bool
	}{
		"after the commit":          {rules: []fault.Rule{{Kind: fault.DropAfter, Method: "PUT", Route: set, Nth: []int{1}}}, versions: 1},
		"503 after the commit":      {rules: []fault.Rule{{Kind: fault.ErrorAfter, Method: "PUT", Route: set, Nth: []int{1}}}, versions: 1},
		"before it":                 {rules: []fault.Rule{{Kind: fault.ResetBefore, Method: "PUT", Route: set, Nth: []int{1}}}, versions: 1},
		"before it, and then after": {rules: []fault.Rule{{Kind: fault.ErrorBefore, Method: "PUT", Route: set, Nth: []int{1}}, {Kind: fault.DropAfter, Method: "PUT", Route: set, Nth: []int{2}}}, versions: 1},
		"each time":                 {rules: []fault.Rule{{Kind: fault.ResetBefore, Method: "PUT", Route: set}}, want: vault.KindUnreachable, failed: true},
		"and nobody may look": {rules: []fault.Rule{{Kind: fault.DropAfter, Method: "PUT", Route: set, Nth: []int{1}}},
			prepare: func(t *testing.T, w *world) { w.permit(t, false, "set") }, versions: 1, want: vault.KindAmbiguous, failed: true},
		"throttled": {rules: []fault.Rule{{Kind: fault.Throttle, Method: "PUT", Route: set, Nth: []int{1, 2}}}, versions: 1},
	}
	for what, tt := range tests {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				// The challenge is over before the fault.
				if _, err := w.client.Versions(t.Context(), name); err != nil {
					t.Fatal(err)
				}
				if tt.prepare != nil {
					tt.prepare(t, w)
				}
				if err := w.AddFaults(tt.rules...); err != nil {
					t.Fatal(err)
				}
				made, err := w.client.Write(t.Context(), ours(keyID))
				held := w.held()
				if len(held) != tt.versions || (err != nil) != tt.failed || vault.KindOf(err) != tt.want {
					t.Errorf("%d versions, kind %d, %v", len(held), vault.KindOf(err), err)
				}
				if err == nil && made.Name() != held[0].ID {
					t.Errorf("made %+v, the vault holds %+v", made, held)
				}
			})
		})
	}
}

// TestAnInterruptedWriteIsFinished cancels while the vault is at work.
func TestAnInterruptedWriteIsFinished(t *testing.T) {
	t.Parallel()
	for _, delay := range []time.Duration{10 * time.Second, time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			if _, err := w.client.Versions(t.Context(), name); err != nil {
				t.Fatal(err)
			}
			if err := w.AddFaults(fault.Rule{Kind: fault.SlowAfter, Method: "PUT", Route: "vault:*", Delay: fault.Duration(delay)}); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Second, cancel)
			begun := time.Now()
			made, err := w.client.Write(ctx, ours(keyID))
			if err != nil || made.Name() != w.held()[0].ID {
				t.Errorf("after %v: %+v, %v", delay, made, err)
			}
			if took := time.Since(begun); took > 17*time.Second {
				t.Errorf("it took %v", took)
			}
			time.Sleep(delay) // until the vault is done, too
		})
	}
}

func TestACancelledWriteIsNotSent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := w.client.Write(ctx, ours(keyID)); vault.KindOf(err) != vault.KindCanceled || len(w.asked()) != 0 {
			t.Errorf("%v, asked %q", err, w.asked())
		}
	})
}

func TestAddressesOfVaults(t *testing.T) {
	t.Parallel()
	options := vault.Options{Suffix: suffix, Credential: constant(""), Base: failing(errors.New("asked")), Logger: discard(), Now: time.Now}
	elsewhere, none := options, options
	elsewhere.AnyHost, none.Suffix = true, ""
	for _, tt := range []struct {
		options vault.Options
		uri     string
		want    vault.Kind
	}{
		{options, "https://mine.vault.azure.net/", vault.KindUnknown},
		{options, "https://Mine.Vault.azure.net:443", vault.KindUnknown},
		{options, "https://mine.vault.azure.cn/", vault.KindWrongCloud},
		{options, "https://vault.azure.net/", vault.KindWrongCloud},
		{options, "https://evilvault.azure.net/", vault.KindWrongCloud},
		{options, "https://mine.vault.azure.net.evil.example/", vault.KindWrongCloud},
		{options, "https://mine.vault.azure.net:8443/", vault.KindWrongCloud},
		{options, "https://127.0.0.1:8443/", vault.KindWrongCloud},
		{options, "http://mine.vault.azure.net/", vault.KindAddress},
		{options, "https://mine.vault.azure.net/secrets/x", vault.KindAddress},
		{options, "mine", vault.KindAddress},
		{elsewhere, "https://127.0.0.1:8443/", vault.KindUnknown},
		{elsewhere, "http://127.0.0.1:8443/", vault.KindAddress},
		{none, "https://mine.vault.azure.net/", vault.KindNoKeyVault},
	} {
		vaults, err := vault.New(tt.options)
		if err != nil {
			t.Fatal(err)
		}
		checked := vaults.Check(tt.uri)
		if _, opened := vaults.At(tt.uri); vault.KindOf(checked) != tt.want || (checked == nil) != (tt.want == vault.KindUnknown) || (opened == nil) != (checked == nil) {
			t.Errorf("%s: %v, %v", tt.uri, checked, opened)
		}
	}
	for text, want := range map[string]bool{"mail-import": true, "A1": true, "": false, "mail_import": false, strings.Repeat("x", 128): false, "ä": false} {
		if vault.ValidName(text) != want {
			t.Errorf("name %q", text)
		}
	}
}
