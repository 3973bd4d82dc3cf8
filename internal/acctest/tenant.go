// Package acctest joins the provider and the emulator for tests: a tenant per test, served over TLS on loopback and
// hostile by default, and a workspace in which the real terraform runs. Only tests import it.
package acctest

import (
	"encoding/pem"
	"flag"
	"hash/fnv"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/appreg/terraform-provider-appreg/internal/emulator"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/keyvault"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/serve"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
	"github.com/appreg/terraform-provider-appreg/internal/provider"
)

var seedFlag = flag.Uint64("emulator.seed", 0, "seed of every emulated tenant; 0 derives one from the test's name")

// Tenant is an emulated cloud of one test. Its second door is the embedded Emulator.
type Tenant struct {
	*emulator.Emulator
	Clock    *serve.Clock // that emulator and provider share
	URL      string       // https origin of Graph and of sign-in
	VaultURI string       // of the key vault [keyvault.MainVault], with a slash at the end
	CAFile   string
	seeded   map[string]bool // ids of the objects that were there from the start
	gate     *gate
}

// Hostile starts a tenant that lags, throttles and pages as its seed decides.
func Hostile(t testing.TB, opts ...emulator.Option) *Tenant {
	t.Helper()
	return start(t, append([]emulator.Option{emulator.WithHostile()}, opts...))
}

// Calm starts a consistent tenant without faults, for tests that count requests or inject one fault of their own.
func Calm(t testing.TB, opts ...emulator.Option) *Tenant {
	t.Helper()
	return start(t, opts)
}

func start(t testing.TB, opts []emulator.Option) *Tenant {
	t.Helper()
	seed := *seedFlag
	if seed == 0 {
		h := fnv.New64a()
		_, _ = h.Write([]byte(t.Name()))
		seed = h.Sum64()
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("again with the same faults: go test -run '^%s$' -emulator.seed=%d", t.Name(), seed)
		}
	})
	clock := &serve.Clock{}
	all := append([]emulator.Option{emulator.WithSeed(seed), emulator.WithClock(clock.Now)}, opts...)
	e, err := emulator.New(all...)
	if err != nil {
		t.Fatalf("start the emulator: %v", err)
	}
	g := &gate{next: e}
	server, vault := listen(t, g), listen(t, e.VaultHandler(keyvault.MainVault))
	ca := filepath.Join(t.TempDir(), "ca.pem")
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(ca, certificate, 0o600); err != nil {
		t.Fatal(err)
	}
	x := &Tenant{Emulator: e, Clock: clock, URL: server.URL, VaultURI: vault.URL + "/", CAFile: ca, seeded: map[string]bool{}, gate: g}
	for _, kind := range []tenant.Kind{tenant.Application, tenant.ServicePrincipal, tenant.Grant} {
		for _, d := range x.Objects(kind) {
			x.seeded[d.String("id")] = true
		}
	}
	return x
}

// listen serves over TLS on loopback, with a certificate that all servers of the process share.
func listen(t testing.TB, h http.Handler) *httptest.Server {
	server := httptest.NewUnstartedServer(h)
	server.EnableHTTP2 = true
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // dropped connections are what the tests ask for
	server.StartTLS()
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return server
}

// Environment is what the automation that runs Terraform would export.
func (x *Tenant) Environment() map[string]string {
	f := x.Facts()
	return map[string]string{
		"ARM_TENANT_ID":                     f.TenantID,
		"ARM_CLIENT_ID":                     f.ClientID,
		"ARM_CLIENT_SECRET":                 f.ClientSecret,
		"APPREG_GRAPH_ENDPOINT":             x.URL,
		"APPREG_AUTHORITY_HOST":             x.URL,
		"APPREG_CA_FILE":                    x.CAFile,
		"APPREG_DISABLE_INSTANCE_DISCOVERY": "true",
	}
}

// Server makes a provider that talks to this tenant, as a new process would: with nothing remembered. changes are laid
// over Environment; an empty value removes a variable.
func (x *Tenant) Server(changes map[string]string) (tfprotov6.ProviderServer, error) {
	env := x.Environment()
	for k, v := range changes {
		env[k] = v
	}
	newProvider := provider.New("test", provider.WithClock(x.Clock.Now), provider.WithEnvironment(func(name string) string { return env[name] }))
	return providerserver.NewProtocol6WithError(newProvider())()
}

// Factories is for terraform-plugin-testing's ProtoV6ProviderFactories.
func (x *Tenant) Factories() map[string]func() (tfprotov6.ProviderServer, error) {
	return map[string]func() (tfprotov6.ProviderServer, error){
		"appreg": func() (tfprotov6.ProviderServer, error) { return x.Server(nil) },
	}
}
