package signin_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/signin"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
	"github.com/appreg/terraform-provider-appreg/internal/webuser"
)

// Some credentials of the library take what they need from the process: a variable of the environment, a browser on the
// PATH. They are tested in a child process, which is this test's own program under a name or with a variable.
const (
	childVariable = "SIGNIN_TEST_CHILD"
	browserName   = "xdg-open"
	oidcVariable  = "SYSTEM_OIDCREQUESTURI"
)

// child is what a child process is told.
type child struct {
	Authority, Tenant, Client string
	Trusted                   string // certificates in PEM
	SystemAccessToken         string // of Azure Pipelines; without it the child opens a browser
	User                      webuser.User
}

func TestMain(m *testing.M) {
	told, isChild := os.LookupEnv(childVariable)
	if !isChild {
		os.Exit(m.Run())
	}
	if err := runChild(told); err != nil {
		_, _ = io.WriteString(os.Stderr, err.Error()) // The exit status tells, too.
		os.Exit(1)
	}
}

func runChild(told string) error {
	var c child
	if err := json.Unmarshal([]byte(told), &c); err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(c.Trusted))
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}}
	if filepath.Base(os.Args[0]) == browserName {
		_, err := webuser.SignIn(context.Background(), client, os.Args[1], c.User, webuser.Decline)
		return err
	}
	credential, scope, err := c.credential(azcore.ClientOptions{Transport: client, Retry: policy.RetryOptions{MaxRetries: -1},
		Cloud: cloud.Configuration{ActiveDirectoryAuthorityHost: c.Authority}})
	if err != nil {
		return err
	}
	token, err := credential.GetToken(context.Background(), policy.TokenRequestOptions{Scopes: []string{scope}})
	if err != nil {
		return err
	}
	_, err = io.WriteString(os.Stdout, token.Token)
	return err
}

func (c child) credential(options azcore.ClientOptions) (azcore.TokenCredential, string, error) {
	if c.SystemAccessToken != "" {
		credential, err := azidentity.NewAzurePipelinesCredential(c.Tenant, c.Client, "connection", c.SystemAccessToken,
			&azidentity.AzurePipelinesCredentialOptions{ClientOptions: options, DisableInstanceDiscovery: true})
		return credential, graphDefault, err
	}
	credential, err := azidentity.NewInteractiveBrowserCredential(&azidentity.InteractiveBrowserCredentialOptions{ClientOptions: options,
		TenantID: c.Tenant, ClientID: c.Client, DisableInstanceDiscovery: true, LoginHint: c.User.UserName})
	return credential, "https://graph.microsoft.com/User.Read", err
}

// runChild gives the token that a child process signs in for. The child trusts the platform and further servers.
func (p *platform) runChild(c child, environment []string, others ...*httptest.Server) string {
	p.t.Helper()
	program, err := os.Executable()
	check(p.t, err)
	c.Authority, c.Tenant = p.server.URL, p.seeded.TenantID
	for _, server := range append(others, p.server) {
		c.Trusted += string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
	}
	told, err := json.Marshal(c)
	check(p.t, err)
	cmd := exec.CommandContext(p.t.Context(), program)
	cmd.Env = slices.Concat(os.Environ(), environment, []string{childVariable + "=" + string(told)})
	out, err := cmd.Output()
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		p.t.Fatalf("the child failed: %s", failed.Stderr)
	}
	check(p.t, err)
	return string(out)
}

// TestInteractiveBrowserWithLibrary has the library open a browser: a stub on the PATH that signs in like a person.
func TestInteractiveBrowserWithLibrary(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	a := p.register("desktop", redirects("AzureADMyOrg", "publicClient", "http://localhost"), true)
	p.allow(a, "User.Read")
	program, err := os.Executable()
	check(t, err)
	path := t.TempDir()
	check(t, os.Symlink(program, filepath.Join(path, browserName)))
	token := p.runChild(child{Client: a.clientID, User: person(p.factorMember())}, []string{"PATH=" + path})
	caller, err := p.handler.Verify(token)
	check(t, err)
	if caller.UserID != p.factorMember().ObjectID || caller.ClientID != a.clientID || !slices.Contains(caller.Scopes, "User.Read") {
		t.Errorf("caller %+v", caller)
	}
}

// TestAzurePipelinesWithLibrary plays the service connection of a pipeline.
func TestAzurePipelinesWithLibrary(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	p := newPlatform(t, func(c *signin.Config) { c.Client = i.server.Client() })
	a := p.register("pipeline", func(d tenant.Doc) {
		d["federatedIdentityCredentials"] = []tenant.Doc{{"id": "0b9f1851-3e52-4d69-b5cf-e1f0b1f0c0de", "name": "pipeline",
			"issuer": i.server.URL, "subject": "sc://bergsee/shop/connection", "audiences": []string{tokenExchange}}}
	}, true)
	text := i.sign(t, "one", i.key, i.with("sub", "sc://bergsee/shop/connection"))
	pipelines := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.URL.Query().Get("serviceConnectionId") != "connection" || r.Header.Get("Authorization") != "Bearer of-the-run" {
			http.Error(w, "not a pipeline", http.StatusUnauthorized)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		if _, err := fmt.Fprintf(w, `{"oidcToken":%q}`, text); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(pipelines.Close)
	token := p.runChild(child{Client: a.clientID, SystemAccessToken: "of-the-run"}, []string{oidcVariable + "=" + pipelines.URL}, pipelines)
	caller, err := p.handler.Verify(token)
	check(t, err)
	if caller.ServicePrincipalID != a.principalID {
		t.Errorf("caller %+v, want principal %s", caller, a.principalID)
	}
}
