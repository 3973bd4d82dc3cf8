package credential

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// failure gets the *Error of a sign-in that must fail, and checks what holds for all of them.
func failure(t *testing.T, c Config, m Method) *Error {
	t.Helper()
	_, err := get(t, mustNew(t, c, m))
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, which is no *Error", err)
	}
	if strings.Contains(err.Error(), testSecret) {
		t.Errorf("the message holds the secret: %s", err)
	}
	if e.Advice == "" {
		t.Errorf("no advice in %q", err)
	}
	return e
}

func wants(t *testing.T, e *Error, kind Kind, parts ...string) {
	t.Helper()
	if e.Kind != kind {
		t.Errorf("kind %d, want %d: %s", e.Kind, kind, e)
	}
	for _, part := range parts {
		if !strings.Contains(e.Error(), part) {
			t.Errorf("%q is missing in %q", part, e)
		}
	}
}

func TestRefusalsAreToldInPlainWords(t *testing.T) {
	t.Parallel()
	for number, says := range map[int]string{
		500011:  "asked for " + testScope,
		1002012: "asked for " + testScope,
		7000215: "secret of application " + testClient + " is wrong",
		7000222: "has expired",
		700016:  "not known in tenant " + testTenant,
		900023:  "neither a tenant id nor the domain",
		50194:   "belongs to one tenant",
		7000112: "is disabled",
		700027:  "client_certificate_path",
		700024:  "oidc_token_file_path",
		70021:   "federated credential",
		700213:  "subject",
		1234567: "Something: was not right (AADSTS1234567)",
	} {
		t.Run(fmt.Sprint(number), func(t *testing.T) {
			t.Parallel()
			a := newAuthority()
			a.token = refuse(number, http.StatusUnauthorized)
			e := failure(t, config(a), clientSecret())
			wants(t, e, KindRefused, says, fmt.Sprintf("AADSTS%d", number))
			if e.Number != number || e.CorrelationID != "c-1" || e.TraceID != "t-1" {
				t.Errorf("got %+v", e)
			}
		})
	}
}

func TestUnknownTenantIsToldFromTheMetadata(t *testing.T) {
	t.Parallel()
	a := newAuthority()
	c := config(a)
	c.TenantID = "nobody.test"
	wants(t, failure(t, c, clientSecret()), KindRefused, "Tenant nobody.test does not exist at https://login.test", "ARM_TENANT_ID")
}

func TestEveryRefusalIsFilledIn(t *testing.T) {
	t.Parallel()
	c := config(nil)
	for number, text := range refusals {
		e := c.refused(&observation{refusal: refusal{Error: "x", Codes: []int{number}}})
		if text.title == "" || text.advice == "" || strings.ContainsAny(e.Error(), "{}") {
			t.Errorf("AADSTS%d: %s", number, e)
		}
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

// RoundTrip implements http.RoundTripper.
func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

func TestUnreachableAuthority(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		attempts := 0
		c := config(roundTripper(func(*http.Request) (*http.Response, error) {
			attempts++
			return nil, &net.OpError{Op: "dial", Err: errors.New("connection refused")}
		}))
		wants(t, failure(t, c, clientSecret()), KindUnreachable, "https://login.test can't be reached", "connection refused", "authority_host (APPREG_AUTHORITY_HOST)")
		if attempts < 2 {
			t.Error("a refused connection was not tried again")
		}
	})
}

func TestUnreachableInstanceDiscoveryNamesItsSwitch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := config(roundTripper(func(*http.Request) (*http.Response, error) {
			return nil, &net.DNSError{Err: "no such host", IsNotFound: true}
		}))
		c.DisableInstanceDiscovery = false
		wants(t, failure(t, c, clientSecret()), KindUnreachable, "https://login.microsoftonline.com can't be reached", "disable_instance_discovery (APPREG_DISABLE_INSTANCE_DISCOVERY)")
	})
}

func TestUnknownHostIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		attempts := 0
		c := config(roundTripper(func(*http.Request) (*http.Response, error) {
			attempts++
			return nil, &net.DNSError{Err: "no such host", Name: "login.test", IsNotFound: true}
		}))
		e := failure(t, c, clientSecret())
		var dns *net.DNSError
		if wants(t, e, KindUnreachable, "no such host"); attempts != 1 || !errors.As(e, &dns) {
			t.Errorf("%d attempts, %v", attempts, e)
		}
	})
}

func TestUntrustedCertificateNamesTheArgument(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.StartTLS()
	t.Cleanup(server.Close)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	c := config(transport)
	c.AuthorityHost = server.URL
	wants(t, failure(t, c, clientSecret()), KindUntrusted, server.URL, "ca_file (APPREG_CA_FILE)")
}

func TestAnswersThatAreNotTheIdentityPlatforms(t *testing.T) {
	t.Parallel()
	page := func(status int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			w.Header().Set("Location", "https://elsewhere.test/")
			w.WriteHeader(status)
			if _, err := w.Write([]byte("<p>" + testSecret)); err != nil {
				panic(err)
			}
		}
	}
	for status, says := range map[int]string{
		http.StatusOK:                "did not answer as a Microsoft sign-in endpoint",
		http.StatusForbidden:         "HTTP status 403",
		http.StatusTemporaryRedirect: "HTTP status 307",
		http.StatusBadGateway:        "not available for the moment (HTTP status 502)",
	} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a := newAuthority()
				a.token, a.other = page(status), page(http.StatusOK)
				e := failure(t, config(a), clientSecret())
				wants(t, e, KindUnreachable, says)
				for _, req := range a.others {
					if req.URL.Host == "elsewhere.test" {
						t.Error("the redirect was followed, which could carry the secret")
					}
				}
			})
		})
	}
}

func TestOIDCTokenThatCannotBeHad(t *testing.T) {
	t.Parallel()
	missing := filepath.Join(t.TempDir(), "missing")
	empty := filepath.Join(t.TempDir(), "empty")
	writeFile(t, empty, " \n")
	request := AssertionRequest{URL: "https://oidc.test/x", Token: func() string { return testSecret }}
	devOps := request
	devOps.ServiceConnectionID = "sc"
	status := func(n int) http.HandlerFunc { return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(n) } }
	cases := map[string]struct {
		source Assertion
		other  http.HandlerFunc
		says   []string
	}{
		"no file":    {source: AssertionFile(missing), says: []string{missing, "oidc_token_file_path", "AZURE_FEDERATED_TOKEN_FILE"}},
		"empty file": {source: AssertionFile(empty), says: []string{"is empty"}},
		"GitHub refuses": {
			source: request, other: status(http.StatusForbidden),
			says: []string{"HTTP status 403", "id-token: write", "ARM_OIDC_REQUEST_URL"},
		},
		"Azure DevOps refuses": {
			source: devOps, other: status(http.StatusUnauthorized),
			says: []string{"HTTP status 401", "SYSTEM_ACCESSTOKEN", "ado_pipeline_service_connection_id"},
		},
		"no token in the reply": {
			source: request, other: func(w http.ResponseWriter, _ *http.Request) { reply(w, map[string]string{}) },
			says: []string{"holds no token"},
		},
		"no JSON": {
			source: request, other: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) },
			says: []string{"not the expected JSON"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a := newAuthority()
				a.other = c.other
				wants(t, failure(t, config(a), Federated{c.source}), KindAssertion, c.says...)
				if a.asked() != 0 {
					t.Error("a token was asked for without an assertion")
				}
			})
		})
	}
}

func TestManagedIdentityThatIsNotThere(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newAuthority()
		a.other = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadRequest) }
		wants(t, failure(t, config(a), ManagedIdentity{}), KindUnavailable, "managed identity", "use_msi (ARM_USE_MSI)")
	})
}

func TestAzureCLIThatGivesNoToken(t *testing.T) {
	t.Parallel()
	missing := &exec.Error{Name: "az", Err: exec.ErrNotFound}
	c := config(nil)
	wants(t, cliError(t.Context(), c, errors.New("x"), missing), KindUnavailable,
		"No credential is configured", "not installed", "ARM_CLIENT_SECRET", "az login --tenant "+testTenant)
	c.TenantID = ""
	wants(t, cliError(t.Context(), c, errors.New("please run az login"), nil), KindUnavailable,
		"gave no token", "please run az login", `"az login"`)
	late, cancel := context.WithTimeout(t.Context(), -time.Second)
	defer cancel()
	if e := cliError(late, c, errors.New("killed"), nil); !errors.Is(e, context.DeadlineExceeded) {
		t.Errorf("the cause is lost in %v", e)
	}
}

func TestCancelledCallerReturnsAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := config(roundTripper(func(req *http.Request) (*http.Response, error) {
			<-req.Context().Done()
			return nil, req.Context().Err()
		}))
		cred := mustNew(t, c, clientSecret())
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		_, err := cred.GetToken(ctx, tokenRequest())
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > 2*time.Second {
			t.Errorf("after %s: %v", time.Since(start), err)
		}
	})
}
