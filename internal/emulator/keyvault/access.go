package keyvault

import (
	"fmt"
	"slices"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// Access is who may do what in a vault.
type Access struct {
	// RBAC says that the vault follows Azure roles and not access policies: refusals then read differently.
	RBAC bool `json:"rbac"`
	// Secrets are the secret permissions by the principal's object id: get, list, set, delete, recover, purge.
	Secrets map[string][]string `json:"secrets"`
}

// Access tells who may do what. A vault that nobody has touched lets the automation application set and list.
func (s *Server) Access(vault string) Access {
	doc, ok := s.cloud.Latest().Get(s.cloud.Seeded().TenantID, tenant.VaultAccess, vault)
	if !ok {
		return Access{Secrets: map[string][]string{s.cloud.Seeded().ServicePrincipalID: {permitSet, permitList}}}
	}
	access := Access{RBAC: doc.Bool("rbac"), Secrets: map[string][]string{}}
	for principal := range doc.Doc("secrets") {
		access.Secrets[principal] = doc.Doc("secrets").Strings(principal)
	}
	return access
}

// SetAccess replaces it.
func (s *Server) SetAccess(vault string, a Access) error {
	secrets := tenant.Doc{}
	for principal, permissions := range a.Secrets {
		for _, p := range permissions {
			if !slices.Contains(Permissions(), p) {
				return fmt.Errorf("no secret permission %q, only %q", p, Permissions())
			}
		}
		secrets[principal] = permissions
	}
	return s.cloud.UpdateEverywhere(func(tx *tenant.Tx) error {
		tx.Put(tx.Tenants()[0].ID, tenant.VaultAccess, tenant.Doc{"id": vault, "rbac": a.RBAC, "secrets": secrets})
		return nil
	})
}

func (s *Server) rbac(vault string) bool { return s.Access(vault).RBAC }

// authorize checks the caller's permission.
func (c *call) authorize(r *route) error {
	if !slices.Contains(c.Access(c.vault).Secrets[c.principal()], r.permission) {
		return c.errForbidden(r)
	}
	return nil
}
