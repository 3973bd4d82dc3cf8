package graph_test

import (
	"strings"
	"testing"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/graph"
)

// TestLeastPermissions is the table of the documentation's least permissions for applications on their own: what is
// named suffices, what isn't doesn't.
func TestLeastPermissions(t *testing.T) {
	t.Parallel()
	const (
		readAll, writeAll, owned = "Application.Read.All", "Application.ReadWrite.All", "Application.ReadWrite.OwnedBy"
		create, directory        = "AppRegistration.Create", "Directory.Read.All"
		directoryAll, grants     = "Directory.ReadWrite.All", "DelegatedPermissionGrant.ReadWrite.All"
		organization, policies   = "Organization.Read.All", "Policy.Read.All"
		assign, domains, users   = "AppRoleAssignment.ReadWrite.All", "Domain.Read.All", "User.Read.All"
	)
	every := []string{readAll, writeAll, owned, create, directory, directoryAll, grants, organization, policies,
		assign, domains, users}
	tests := []struct {
		method, path, body string
		suffices           string
	}{
		{"POST", "/applications", `{"displayName":"x"}`, create + " " + writeAll + " " + owned},
		{"GET", "/applications", "", readAll + " " + writeAll + " " + owned + " " + directory + " " + directoryAll},
		{"PATCH", "/applications/{id}", `{}`, writeAll},
		{"DELETE", "/applications/{id}", "", writeAll},
		{"POST", "/applications/{id}/addPassword", `{}`, writeAll + " " + directoryAll},
		{"GET", "/applications/{id}/owners", "", readAll + " " + writeAll + " " + owned + " " + directory + " " + directoryAll},
		{"GET", "/directory/deletedItems/microsoft.graph.application", "", writeAll + " " + owned},
		{"GET", "/servicePrincipals", "", readAll + " " + writeAll + " " + owned + " " + directory + " " + directoryAll},
		{"POST", "/servicePrincipals", `{"appId":"{appId}"}`, writeAll + " " + owned},
		{"GET", "/oauth2PermissionGrants", "", directory + " " + directoryAll + " " + grants},
		{"POST", "/oauth2PermissionGrants", `{}`, directoryAll + " " + grants},
		{"POST", "/servicePrincipals/{spId}/addPassword", `{}`, writeAll + " " + directoryAll},
		{"POST", "/servicePrincipals/{spId}/appRoleAssignments", `{}`, ""}, // It takes two.
		{"DELETE", "/servicePrincipals/{spId}/appRoleAssignments/x", "", assign},
		{"GET", "/servicePrincipals/{spId}/appRoleAssignedTo", "", readAll + " " + writeAll + " " + owned + " " + directory + " " + directoryAll},
		{"GET", "/domains", "", domains + " " + directory + " " + directoryAll},
		{"GET", "/users", "", users + " " + directory + " " + directoryAll},
		{"GET", "/organization", "", organization + " " + directory + " " + directoryAll},
		{"GET", "/policies/defaultAppManagementPolicy", "", policies},
	}
	for _, tt := range tests {
		for _, role := range every {
			t.Run(tt.method+" "+tt.path+" with "+role, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, func(c *graph.Config) {
					known, ok := c.Authority.(callers)
					if !ok {
						t.Fatal("another authority")
					}
					caller := known["automation"]
					caller.Roles = []string{role}
					known["one role"] = caller
				})
				id, appID := w.app("Judged")
				w.as = "one role"
				fill := strings.NewReplacer("{id}", id, "{appId}", appID, "{spId}", w.facts.ServicePrincipalID)
				got := w.do(tt.method, fill.Replace(tt.path), fill.Replace(tt.body))
				want := strings.Contains(" "+tt.suffices+" ", " "+role+" ")
				if (got.Status != 403) != want {
					t.Errorf("%d %s", got.Status, got.Body)
				}
			})
		}
	}
}
