package signin_test

import (
	"testing"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/signin"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
	"github.com/appreg/terraform-provider-appreg/internal/webuser"
)

// consentBy assigns a tenant's policy on consent by users, "" for none.
func (p *platform) consentBy(policy string) {
	p.t.Helper()
	assigned := []string{}
	if policy != "" {
		assigned = []string{policy}
	}
	check(p.t, p.cloud.UpdateEverywhere(func(tx *tenant.Tx) error {
		tx.Put(p.seeded.TenantID, tenant.AuthorizationPolicy, tenant.Doc{"id": tenant.AuthorizationPolicyID,
			"defaultUserRolePermissions": tenant.Doc{"permissionGrantPoliciesAssigned": assigned}})
		return nil
	}))
}

// TestUserConsentPolicy lets a member of a tenant ask for permissions under each policy. What an
// administrator has granted for everybody needs nobody's consent any more.
func TestUserConsentPolicy(t *testing.T) {
	t.Parallel()
	const own = "ManagePermissionGrantsForSelf."
	const exchange = "https://outlook.office.com/"
	rows := []struct {
		policy, scope string
		spared        bool // the reading
		number        int  // 0 is a code
	}{
		{own + "microsoft-user-default-legacy", "openid Mail.Read", false, 0},
		{own + "microsoft-user-default-legacy", "User.Read.All", false, 90094},
		{own + "microsoft-user-default-recommended", "openid User.Read", false, 0},
		{own + "microsoft-user-default-recommended", "Mail.ReadWrite", false, 90094},
		{own + "microsoft-user-default-recommended", "User.Read MailboxSettings.Read", false, 90094},
		{own + "microsoft-user-default-recommended", "Calendars.Read", false, 90094},
		{own + "microsoft-user-default-recommended", "Chat.Read", false, 90094},
		{own + "microsoft-user-default-recommended", exchange + "IMAP.AccessAsUser.All", false, 90094},
		{own + "microsoft-user-default-recommended", "Mail.ReadWrite", true, 0},
		{own + "microsoft-user-default-recommended", "User.Read.All", true, 90094},
		{own + "bergsee-own-rule", "User.Read", false, 90094},
		{"", "User.Read", false, 90094},
		{"", "openid", false, 90094},
	}
	for _, row := range rows {
		t.Run(row.policy+" "+row.scope, func(t *testing.T) {
			t.Parallel()
			p := newPlatform(t, func(c *signin.Config) { c.Readings.RecommendedSparesOwn = row.spared })
			a := p.register("web", redirects("AzureADMyOrg", "web", callback), true)
			p.consentBy(row.policy)
			page := p.page(p.seeded.TenantID, a, callback, row.scope)
			end, err := p.signIn(page, p.member(), webuser.Accept)
			if row.number != 0 {
				refusedWith(t, err, row.number)
				_, err = p.signIn(page, p.administrator(), webuser.AcceptForOrganization)
				check(t, err)
				// What an administrator has granted to all, nobody is asked for.
				end, err = p.signIn(page, p.member(), webuser.Decline)
			}
			check(t, err)
			if got := p.redeem(p.seeded.TenantID, a, end); got.status != 200 {
				t.Errorf("%v", got.body)
			}
		})
	}
}

// TestUnassignedApplication asks for an application's own token at an API that demands assignment.
func TestUnassignedApplication(t *testing.T) {
	t.Parallel()
	for _, served := range []bool{false, true} {
		p := newPlatform(t, func(c *signin.Config) { c.Readings.UnassignedAppGetsToken = served })
		api := p.register("api", func(d tenant.Doc) { d["identifierUris"] = []string{"api://orders"} }, true)
		p.edit(tenant.ServicePrincipal, api.principalID, func(d tenant.Doc) { d["appRoleAssignmentRequired"] = true })
		a, bare := p.register("client", nil, true), p.register("without principal", nil, false)
		for _, unassigned := range []app{a, bare} {
			got := p.token(p.seeded.TenantID, clientCredentials(unassigned, "scope", "api://orders/.default"))
			if served && got.status != 200 || !served && (got.status != 400 || got.number() != 501051) {
				t.Errorf("served %t: %d %v", served, got.status, got.body)
			}
		}
		check(t, p.cloud.Update(func(tx *tenant.Tx) error {
			tx.Put(p.seeded.TenantID, tenant.AppRoleAssignment, tenant.Doc{"id": "assignment", "principalId": a.principalID,
				"principalType": "ServicePrincipal", "resourceId": api.principalID, "appRoleId": "00000000-0000-0000-0000-000000000000"})
			return nil
		}))
		if got := p.token(p.seeded.TenantID, clientCredentials(a, "scope", "api://orders/.default")); got.status != 200 {
			t.Errorf("assigned: %v", got.body)
		}
	}
}

// TestSecretOfServicePrincipal signs in with a secret that only the service principal has, in its own tenant only.
func TestSecretOfServicePrincipal(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	other := p.stranger().TenantID
	a := p.register("multi-tenant", func(d tenant.Doc) { d["signInAudience"] = "AzureADMultipleOrgs" }, true)
	atHome, abroad := a, a
	check(t, p.cloud.UpdateEverywhere(func(tx *tenant.Tx) error {
		_, doc, _ := tx.ApplicationByClientID(a.clientID)
		installed := tenant.NewServicePrincipal(tx.NewID("installed"), doc, p.seeded.TenantID, "", tx.Now())
		abroad.secret = tx.AddPassword(installed, "abroad", tx.Now().Add(-time.Hour), tx.Now().AddDate(0, 1, 0)).String("secretText")
		tx.Put(other, tenant.ServicePrincipal, installed)
		home, _ := tx.Get(p.seeded.TenantID, tenant.ServicePrincipal, a.principalID)
		atHome.secret = tx.AddPassword(home, "home", tx.Now().Add(-time.Hour), tx.Now().AddDate(0, 1, 0)).String("secretText")
		tx.Put(p.seeded.TenantID, tenant.ServicePrincipal, home)
		return nil
	}))
	for _, row := range []struct {
		tenant string
		app    app
		number int
	}{{p.seeded.TenantID, atHome, 0}, {other, abroad, 0}, {p.seeded.TenantID, abroad, 7000215}, {other, atHome, 7000215}, {other, a, 0}} {
		if got := p.token(row.tenant, clientCredentials(row.app)); got.number() != row.number {
			t.Errorf("tenant %s: %v, want %d", row.tenant, got.body, row.number)
		}
	}
}

// TestAccountsEnd disables an account and changes its password: what it signed in for before ends.
func TestAccountsEnd(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	a := p.register("public", func(d tenant.Doc) {
		d["isFallbackPublicClient"] = true
		d["publicClient"] = tenant.Doc{"redirectUris": []string{callback}}
	}, true)
	p.allow(a, "User.Read")
	user := p.member()
	before := p.token(p.seeded.TenantID, p.password(a, user, "scope", "offline_access User.Read")).text("refresh_token")
	redeem := func() answer {
		return p.token(p.seeded.TenantID, form("grant_type", "refresh_token", "client_id", a.clientID, "refresh_token", before, "scope", "User.Read"))
	}
	if got := redeem(); got.status != 200 {
		t.Fatalf("before: %v", got.body)
	}
	p.edit(tenant.User, user.ObjectID, func(d tenant.Doc) { d["accountEnabled"] = false })
	for name, got := range map[string]answer{"refresh": redeem(), "password": p.token(p.seeded.TenantID, p.password(a, user))} {
		if got.status != 400 || got.number() != 50057 || got.text("error") != "invalid_grant" {
			t.Errorf("disabled, %s: %d %v", name, got.status, got.body)
		}
	}
	_, err := p.signIn(p.page(p.seeded.TenantID, a, callback, "User.Read"), user, webuser.Accept)
	refusedWith(t, err, 50057)
	p.edit(tenant.User, user.ObjectID, func(d tenant.Doc) { d["accountEnabled"] = true })
	user.Password += "-new"
	p.cloud.SetAccount(user)
	if got := redeem(); got.status != 400 || got.number() != 50173 || got.text("error") != "invalid_grant" {
		t.Errorf("new password: %d %v", got.status, got.body)
	}
}
