package signin_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
	"github.com/appreg/terraform-provider-appreg/internal/webuser"
)

func TestAdminConsentPages(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	graphScope := func(name string) string {
		sp, _ := p.cloud.Latest().ServicePrincipalByClientID(p.seeded.TenantID, tenant.MicrosoftGraphClientID)
		for _, s := range sp.Docs("oauth2PermissionScopes") {
			if s.String("value") == name {
				return s.String("id")
			}
		}
		t.Fatalf("no scope %s", name)
		return ""
	}
	userRead, mail := graphScope("User.Read"), graphScope("Mail.ReadWrite")
	a := p.register("configured", func(d tenant.Doc) {
		redirects("AzureADMultipleOrgs", "web", callback)(d)
		d["requiredResourceAccess"] = []tenant.Doc{{"resourceAppId": tenant.MicrosoftGraphClientID, "resourceAccess": []tenant.Doc{
			{"id": userRead, "type": "Scope"}, {"id": mail, "type": "Scope"},
			{"id": "e2a3a72e-5f79-4c64-b1b1-878b674786c9", "type": "Role"}}}}
	}, true)
	second := p.stranger().TenantID
	foreign := p.account(func(a tenant.Account) bool { return a.TenantID == second && a.Administrator })
	v2 := func(segment string) string {
		return p.server.URL + "/" + segment + "/v2.0/adminconsent?" + form("client_id", a.clientID, "redirect_uri", callback, "state", "s", "scope", graphDefault).Encode()
	}
	_, err := p.signIn(v2(p.seeded.TenantID), p.member(), webuser.Accept)
	refusedWith(t, err, 90094)

	end, err := p.signIn(v2(p.seeded.TenantID), p.administrator(), webuser.Decline)
	check(t, err)
	if q := end.Query(); q.Get("error") != "consent_required" || q.Get("admin_consent") != "True" || !strings.HasPrefix(q.Get("error_description"), "AADSTS65004") || q.Get("tenant") != p.seeded.TenantID {
		t.Errorf("declined: %s", end)
	}
	end, err = p.signIn(v2("organizations"), foreign, webuser.Accept)
	check(t, err)
	if q := end.Query(); q.Get("admin_consent") != "True" || q.Get("tenant") != second || q.Get("state") != "s" || !sameWords(q.Get("scope"), "https://graph.microsoft.com/Mail.ReadWrite https://graph.microsoft.com/User.Read") {
		t.Errorf("accepted: %s", end)
	}
	if want := []string{"AllPrincipals: Mail.ReadWrite User.Read"}; !slices.Equal(p.grants(second, a), want) || p.grants(p.seeded.TenantID, a) != nil {
		t.Errorf("grants %v, want %v", p.grants(second, a), want)
	}
	v1 := p.server.URL + "/" + p.seeded.TenantID + "/adminconsent?" + form("client_id", a.clientID, "redirect_uri", callback, "state", "s").Encode()
	end, err = p.signIn(v1, p.administrator(), webuser.Decline)
	check(t, err)
	if q := end.Query(); q.Get("error") != "permission_denied" || q.Get("error_description") != "The admin canceled the request" {
		t.Errorf("v1, declined: %s", end)
	}
	end, err = p.signIn(v1, p.administrator(), webuser.AcceptForOrganization)
	check(t, err)
	if q := end.Query(); q.Get("admin_consent") != "True" || q.Get("tenant") != p.seeded.TenantID || q.Has("scope") {
		t.Errorf("v1: %s", end)
	}
	got := p.token(p.seeded.TenantID, clientCredentials(a))
	if roles, ok := got.claims(t, "access_token")["roles"].([]any); !ok || !slices.Equal(roles, []any{"Mail.ReadWrite"}) {
		t.Errorf("roles %v", got.claims(t, "access_token")["roles"])
	}
}

// TestAssignedUsersOnly signs in to an application whose service principal asks for an assignment.
func TestAssignedUsersOnly(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	a := p.register("assigned only", redirects("AzureADMyOrg", "web", callback), true)
	p.edit(tenant.ServicePrincipal, a.principalID, func(d tenant.Doc) { d["appRoleAssignmentRequired"] = true })
	p.allow(a, "User.Read")
	page := p.page(p.seeded.TenantID, a, callback, "User.Read")
	_, err := p.signIn(page, p.member(), webuser.Accept)
	refusedWith(t, err, 50105)
	member := p.member().ObjectID
	check(t, p.cloud.Update(func(tx *tenant.Tx) error {
		tx.Put(p.seeded.TenantID, tenant.AppRoleAssignment, tenant.Doc{"id": "assignment", "principalId": member,
			"principalType": "User", "resourceId": a.principalID, "appRoleId": "00000000-0000-0000-0000-000000000000"})
		return nil
	}))
	end, err := p.signIn(page, p.member(), webuser.Accept)
	check(t, err)
	if got := p.redeem(p.seeded.TenantID, a, end); got.status != 200 {
		t.Errorf("an assigned user: %v", got.body)
	}
}
