package graph_test

import (
	"net/http"
	"regexp"
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
		govern, authorize        = "Policy.ReadWrite.ApplicationConfiguration", "Policy.ReadWrite.Authorization"
	)
	every := []string{readAll, writeAll, owned, create, directory, directoryAll, grants, organization, policies,
		assign, domains, users, govern, authorize}
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
		{"GET", "/policies/defaultAppManagementPolicy", "", policies + " " + govern},
		{"PATCH", "/policies/defaultAppManagementPolicy", `{}`, govern},
		{"POST", "/policies/appManagementPolicies", `{}`, govern},
		{"POST", "/applications/{id}/appManagementPolicies/$ref", `{}`, ""}, // It takes two.
		{"GET", "/policies/authorizationPolicy", "", policies + " " + authorize},
		{"PATCH", "/policies/authorizationPolicy", `{}`, authorize},
		{"POST", "/$batch", `{}`, strings.Join(every, " ")},
	}
	for _, tt := range tests {
		t.Run(tt.method+" "+tt.path, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, oneRoleEach(every))
			for _, role := range every {
				w.as = "automation"
				id, appID := w.app("Judged")
				w.as = role
				fill := strings.NewReplacer("{id}", id, "{appId}", appID, "{spId}", w.facts.ServicePrincipalID)
				got := w.do(tt.method, fill.Replace(tt.path), fill.Replace(tt.body))
				want := strings.Contains(" "+tt.suffices+" ", " "+role+" ")
				if (got.Status != 403) != want {
					t.Errorf("with %s: %d %s", role, got.Status, got.Body)
				}
			}
		})
	}
}

// oneRoleEach adds for each role a caller of that name who has this role only.
func oneRoleEach(roles []string) func(*graph.Config) {
	return func(c *graph.Config) {
		known, _ := c.Authority.(callers)
		for _, role := range roles {
			caller := known["automation"]
			caller.Roles = []string{role}
			known[role] = caller
		}
	}
}

// TestDelegatedPermissions is the same for signed-in users: beside the scope, a write needs a directory role or ownership
// of what is written.
func TestDelegatedPermissions(t *testing.T) {
	t.Parallel()
	const app, sp = "/applications/{id}", "/servicePrincipals/{spId}"
	assignment := `{"principalId":"{spId}","resourceId":"{spId}","appRoleId":"00000000-0000-0000-0000-000000000000"}`
	tests := []struct {
		method, path, body, scope string
		owner, member             int // what an owner and a member without a role get; an administrator is let through
	}{
		{"GET", "/applications", "", "Application.Read.All", 200, 200},
		{"POST", "/applications", `{"displayName":"x"}`, "AppRegistration.Create", 201, 201},
		{"PATCH", app, `{"notes":"x"}`, "Application.ReadWrite.All", 204, 403},
		{"POST", app + "/addPassword", `{}`, "Application.ReadWrite.All", 200, 403},
		{"DELETE", app, "", "Application.ReadWrite.All", 204, 403},
		{"PATCH", sp, `{"notes":"x"}`, "Application.ReadWrite.All", 204, 403},
		{"POST", sp + "/addPassword", `{}`, "Application.ReadWrite.All", 200, 403},
		{"POST", sp + "/appRoleAssignedTo", assignment, "AppRoleAssignment.ReadWrite.All Application.Read.All", 403, 403},
		{"PATCH", "/policies/defaultAppManagementPolicy", `{}`, "Policy.ReadWrite.ApplicationConfiguration", 403, 403},
		{"PATCH", "/policies/authorizationPolicy", `{}`, "Policy.ReadWrite.Authorization", 403, 403},
		{"GET", "/me", "", "User.Read", 200, 200},
		{"GET", "/users", "", "User.ReadBasic.All", 200, 200},
		{"GET", "/oauth2PermissionGrants", "", "Directory.Read.All", 200, 200},
	}
	for _, tt := range tests {
		t.Run(tt.method+" "+tt.path, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(c *graph.Config) {
				known, _ := c.Authority.(callers)
				member := known["member"]
				owner, admin, none := member, known["admin"], member
				member.Scopes = strings.Fields(tt.scope)
				owner.Scopes, admin.Scopes, none.Scopes = member.Scopes, member.Scopes, []string{"openid"}
				for _, a := range c.Cloud.Accounts() {
					if strings.HasPrefix(a.UserName, "finn@") {
						owner.UserID = a.ObjectID
					}
				}
				known["member"], known["user owner"], known["admin"], known["no scope"] = member, owner, admin, none
			})
			id, appID := w.app("Judged")
			spID := w.must(201, "POST", "/servicePrincipals", `{"appId":"`+appID+`"}`).str("id")
			finn := `{"@odata.id":"https://graph.test/v1.0/directoryObjects/` + w.person("finn").ObjectID + `"}`
			w.must(204, "POST", "/applications/"+id+"/owners/$ref", finn)
			w.must(204, "POST", "/servicePrincipals/"+spID+"/owners/$ref", finn)
			fill := strings.NewReplacer("{id}", id, "{spId}", spID)
			call := func(as string) answer {
				w.as = as
				return w.do(tt.method, fill.Replace(tt.path), fill.Replace(tt.body))
			}
			if got := call("no scope"); got.Status != 403 {
				t.Errorf("without the scope: %d", got.Status)
			}
			if got := call("member"); got.Status != tt.member {
				t.Errorf("a member: %d %s, want %d", got.Status, got.Body, tt.member)
			}
			if got := call("user owner"); got.Status != tt.owner {
				t.Errorf("an owner: %d %s, want %d", got.Status, got.Body, tt.owner)
			}
			if got := call("admin"); tt.method != "DELETE" && got.Status >= 300 {
				t.Errorf("an administrator: %d %s", got.Status, got.Body)
			}
		})
	}
}

// TestEveryOperationNeedsAPermission: no route is forgotten, whatever it answers to those who may.
func TestEveryOperationNeedsAPermission(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	placeholder := regexp.MustCompile(`\{\w+\}`)
	for _, op := range graph.Operations() {
		path := placeholder.ReplaceAllString(op.Path, w.facts.TenantID)
		want := http.StatusForbidden
		switch {
		case !op.Played:
			want = http.StatusNotImplemented
		case op.Path == "/me": // Which application asks doesn't matter there.
			want = http.StatusBadRequest
		case op.Path == "/$batch": // Each request in it is judged by itself.
			continue
		}
		for as, status := range map[string]int{"nobody": want, "": http.StatusUnauthorized} {
			w.as = as
			if got := w.do(op.Method, path, ""); got.Status != status {
				t.Errorf("%s %s as %q: %d %s, want %d", op.Method, op.Path, as, got.Status, got.Body, status)
			}
		}
	}
}
