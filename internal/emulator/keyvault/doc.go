// Package keyvault answers for the secrets of Azure Key Vault: the part of the data plane by which a secret is handed to
// its consumers. Secrets have versions, deletion is soft, lists come in pages, and tokens and permissions are checked as
// the real vault does. Keys, certificates, backups and the vaults themselves (Azure Resource Manager) are not played.
//
// Its state lives in the tenants' store, so that it is saved and loaded with them. A vault is known by its name, belongs
// to the main tenant, and is there as soon as somebody asks for it.
package keyvault

import (
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/graph"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// MainVault is the vault that is served by itself.
const MainVault = "bergsee-secrets"

// HostSuffix ends the host names of vaults in the public cloud.
const HostSuffix = ".vault.azure.net"

// VersionsOfAbsent is the reading of a list of versions of a secret that isn't there.
const VersionsOfAbsent = "vault-versions-of-absent"

// AllReadings lists the behaviours of a vault that no source settles.
func AllReadings() []graph.Reading {
	return []graph.Reading{{Name: VersionsOfAbsent, Choices: []string{"empty", "404"},
		Why: "the versions of a secret that isn't there: the reference names no error, and an empty list is as plausible as SecretNotFound"}}
}

// Readings are the choices among them.
type Readings struct {
	// AbsentIsNotFound answers 404 where the versions of a secret are listed that isn't there, instead of an empty list.
	AbsentIsNotFound bool
}

// Config is what a Server is made of.
type Config struct {
	Cloud     *tenant.Cloud
	Authority graph.Authority
	// PageSize bounds pages from above; 0 leaves the vault's own bound of 25.
	PageSize int
	Readings Readings
}

// Server answers requests to the vaults of a cloud. It is safe for concurrent use.
type Server struct {
	cloud     *tenant.Cloud
	authority graph.Authority
	pageSize  int

	mu       sync.Mutex
	readings Readings
}

// New makes a Server over a seeded cloud.
func New(c Config) *Server {
	return &Server{cloud: c.Cloud, authority: c.Authority, pageSize: c.PageSize, readings: c.Readings}
}

// SetReadings replaces the readings, for the requests that come in from now on.
func (s *Server) SetReadings(r Readings) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.readings = r
}

func (s *Server) reading() Readings {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.readings
}

// VaultOf gives the vault that a request's host names, false when it names none.
func VaultOf(r *http.Request) (name string, ok bool) {
	host, _, _ := strings.Cut(r.Host, ":")
	name, ok = strings.CutSuffix(strings.ToLower(host), HostSuffix)
	return name, ok && name != "" && !strings.Contains(name, ".")
}

// Operation is one kind of request.
type Operation struct{ Method, Path, Permission string }

// Operations lists what is played.
func Operations() []Operation {
	out := make([]Operation, 0, len(routes()))
	for _, r := range routes() {
		out = append(out, Operation{r.method, r.pattern, r.permission})
	}
	return out
}

// Permissions are the secret permissions of access policies that the emulator knows.
func Permissions() []string {
	out := []string{}
	for _, r := range routes() {
		if !slices.Contains(out, r.permission) {
			out = append(out, r.permission)
		}
	}
	return out
}
