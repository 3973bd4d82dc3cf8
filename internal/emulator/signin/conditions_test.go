package signin_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/signin"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
	"github.com/appreg/terraform-provider-appreg/internal/webuser"
)

// demand sets what the main tenant asks of everybody who signs in.
func (p *platform) demand(control tenant.GrantControl) {
	p.t.Helper()
	check(p.t, p.cloud.UpdateEverywhere(func(tx *tenant.Tx) error {
		tx.SetConditionalAccess(p.seeded.TenantID, control)
		return nil
	}))
}

// publicApp is an application with the password grant, the device code and a redirect URI.
func (p *platform) publicApp() app {
	p.t.Helper()
	a := p.register("public", func(d tenant.Doc) {
		d["isFallbackPublicClient"] = true
		d["publicClient"] = tenant.Doc{"redirectUris": []string{callback}}
	}, true)
	p.allow(a, "User.Read")
	return a
}

// TestAccountsThatDoNotGetIn is sections 7 and 12: what is wrong with an account shows at the password, in a program as on
// the page, and only what ends a session ends one that began before.
func TestAccountsThatDoNotGetIn(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name     string
		change   func(*tenant.Account)
		number   int
		suberror string
		refresh  int // 0 is new tokens
	}{
		{"locked", func(a *tenant.Account) { a.Locked = true }, 50053, "", 0},
		{"expired password", func(a *tenant.Account) { a.PasswordExpired = true }, 50055, "user_password_expired", 0},
		{"must register", func(a *tenant.Account) { a.MustRegisterFactor = true }, 50079, "basic_action", 50079},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			p := newPlatform(t)
			a, user := p.publicApp(), p.member()
			before := p.token(p.seeded.TenantID, p.password(a, user, "scope", "offline_access User.Read"))
			page := p.page(p.seeded.TenantID, a, callback, "User.Read")
			end, err := p.signIn(page, user, webuser.Decline)
			check(t, err)
			code := form("grant_type", "authorization_code", "client_id", a.clientID, "code", end.Query().Get("code"), "redirect_uri", callback)
			row.change(&user)
			p.cloud.SetAccount(user)
			got := p.token(p.seeded.TenantID, p.password(a, user))
			if got.status != 400 || got.number() != row.number || got.text("error") != "invalid_grant" || got.text("suberror") != row.suberror {
				t.Errorf("password grant: %d %v", got.status, got.body)
			}
			_, err = p.signIn(page, user, webuser.Decline)
			refusedWith(t, err, row.number)
			for what, body := range map[string]answer{
				"refresh": p.token(p.seeded.TenantID, form("grant_type", "refresh_token", "client_id", a.clientID, "refresh_token", before.text("refresh_token"))),
				"code":    p.token(p.seeded.TenantID, code),
			} {
				if body.number() != row.refresh {
					t.Errorf("%s: %v", what, body.body)
				}
			}
		})
	}
}

// TestLockedAccountSaysNothingAboutPasswords presents a wrong one to a locked account.
func TestLockedAccountSaysNothingAboutPasswords(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	a, user := p.publicApp(), p.member()
	user.Locked = true
	p.cloud.SetAccount(user)
	if got := p.token(p.seeded.TenantID, p.password(a, user, "password", "wrong")); got.number() != 50053 {
		t.Errorf("%v", got.body)
	}
}

// TestConditionalAccess has the tenant ask more of everybody after some have signed in: programs are told at every grant,
// with the claims of the policy, people on the page, and applications by themselves not at all.
func TestConditionalAccess(t *testing.T) {
	t.Parallel()
	rows := []struct {
		control      tenant.GrantControl
		factor       bool // the person has a second factor
		number, page int
		suberror     string
	}{
		{tenant.GrantBlocked, false, 53003, 53003, ""},
		{tenant.GrantBlocked, true, 53003, 53003, ""},
		{tenant.GrantExternalFactor, false, 50158, 50158, "basic_action"},
		{tenant.GrantSecondFactor, false, 50079, 50079, "basic_action"},
		{tenant.GrantSecondFactor, true, 50076, 0, "basic_action"},
	}
	for _, row := range rows {
		t.Run(fmt.Sprintf("%s, factor %t", row.control, row.factor), func(t *testing.T) {
			t.Parallel()
			p := newPlatform(t)
			a, user := p.publicApp(), p.member()
			before := p.token(p.seeded.TenantID, p.password(a, user, "scope", "offline_access User.Read"))
			if row.factor {
				user.SecondFactor = "123456"
				p.cloud.SetAccount(user)
			}
			p.demand(row.control)
			policy, _ := p.cloud.Latest().ConditionalAccess(p.seeded.TenantID)
			claims := fmt.Sprintf(`{"access_token":{"capolids":{"essential":true,"values":["%s"]}}}`, policy)
			for what, got := range map[string]answer{
				"password": p.token(p.seeded.TenantID, p.password(a, user)),
				"refresh":  p.token(p.seeded.TenantID, form("grant_type", "refresh_token", "client_id", a.clientID, "refresh_token", before.text("refresh_token"))),
			} {
				if got.status != 400 || got.number() != row.number || got.text("error") != "invalid_grant" || got.text("suberror") != row.suberror ||
					policy == "" || got.text("claims") != claims {
					t.Errorf("%s: %d %v, want %d with %s", what, got.status, got.body, row.number, claims)
				}
			}
			end, err := p.signIn(p.page(p.seeded.TenantID, a, callback, "User.Read"), user, webuser.Decline)
			if row.page == 0 {
				check(t, err)
				if end.Query().Get("code") == "" {
					t.Errorf("the sign-in ends at %s", end)
				}
			} else {
				refusedWith(t, err, row.page)
			}
			if got := p.token(p.seeded.TenantID, clientCredentials(a)); got.status != 200 {
				t.Errorf("the application by itself: %v", got.body)
			}
			p.demand(tenant.GrantFreely)
			if got := p.token(p.seeded.TenantID, p.password(a, p.administrator())); got.status != 200 {
				t.Errorf("after the policy: %v", got.body)
			}
		})
	}
}

// TestWorkloadsAreBlocked keeps the tenant's own applications out, and neither people nor applications of other tenants.
func TestWorkloadsAreBlocked(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	a := p.publicApp()
	other := p.stranger().TenantID
	var guest app
	check(t, p.cloud.UpdateEverywhere(func(tx *tenant.Tx) error {
		guest = app{id: tx.NewID("guest"), clientID: tx.NewID("guest client")}
		doc := tenant.NewApplication(guest.id, guest.clientID, "", "", tx.Now())
		doc["signInAudience"] = "AzureADMultipleOrgs"
		guest.secret = tx.AddPassword(doc, "theirs", tx.Now().Add(-time.Hour), tx.Now().AddDate(0, 1, 0)).String("secretText")
		tx.Put(other, tenant.Application, doc)
		tx.Put(p.seeded.TenantID, tenant.ServicePrincipal, tenant.NewServicePrincipal(tx.NewID("guest principal"), doc, other, "", tx.Now()))
		return nil
	}))
	p.demand(tenant.GrantNoWorkload)
	got := p.token(p.seeded.TenantID, clientCredentials(a))
	if got.status != 400 || got.number() != 53003 || got.text("error") != "invalid_grant" || got.text("claims") == "" {
		t.Errorf("an own application: %d %v", got.status, got.body)
	}
	if got := p.token(p.seeded.TenantID, clientCredentials(guest)); got.status != 200 {
		t.Errorf("another tenant's application: %v", got.body)
	}
	if got := p.token(p.seeded.TenantID, p.password(a, p.member())); got.status != 200 {
		t.Errorf("a person: %v", got.body)
	}
}

// TestConditionsHoldForDevicesAndOneTenant has a person in front of a device's page, and another tenant's policy.
func TestConditionsHoldForDevicesAndOneTenant(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	a := p.publicApp()
	p.demand(tenant.GrantBlocked)
	device := p.post(p.seeded.TenantID, "/oauth2/v2.0/devicecode", form("client_id", a.clientID, "scope", "User.Read"))
	err := webuser.ApproveDeviceCode(t.Context(), p.server.Client(), device.text("verification_uri"), device.text("user_code"), person(p.member()), webuser.Accept)
	refusedWith(t, err, 53003)
	poll := p.token(p.seeded.TenantID, form("grant_type", "device_code", "client_id", a.clientID, "device_code", device.text("device_code")))
	if poll.number() != 70016 {
		t.Errorf("the device: %v", poll.body)
	}
	foreign := p.register("multi-tenant", redirects("AzureADMultipleOrgs", "web", callback), true)
	if _, err := p.signIn(p.page("organizations", foreign, callback, "User.Read"), p.stranger(), webuser.Accept); err != nil {
		t.Errorf("somebody of another tenant: %v", err)
	}
}

// TestReadingsOfRefusals plays what the sources leave open about numbers and codes, both ways.
func TestReadingsOfRefusals(t *testing.T) {
	t.Parallel()
	for _, other := range []bool{false, true} {
		p := newPlatform(t, func(c *signin.Config) {
			c.Readings = signin.Readings{StrongAuthentication: other, InteractionRequired: other, MissingFieldIs90014: other, InvalidScopeIs28002: other}
		})
		a := p.publicApp()
		must := p.member()
		must.MustRegisterFactor = true
		p.cloud.SetAccount(must)
		rows := []struct {
			name          string
			got           answer
			number, later int
			code, old     string
		}{
			{"second factor", p.token(p.seeded.TenantID, p.password(a, p.factorMember())), 50076, 50074, "invalid_grant", "interaction_required"},
			{"enrolment", p.token(p.seeded.TenantID, p.password(a, must)), 50079, 50079, "invalid_grant", "interaction_required"},
			{"no scope", p.token(p.seeded.TenantID, without(clientCredentials(a), "scope")), 900144, 90014, "invalid_request", "invalid_request"},
			{"no client", p.token(p.seeded.TenantID, form("grant_type", "password")), 900144, 900144, "invalid_request", "invalid_request"},
			{"bad scope", p.token(p.seeded.TenantID, p.password(a, p.administrator(), "scope", "No.Such")), 70011, 28002, "invalid_scope", "invalid_scope"},
		}
		for _, row := range rows {
			number, code := row.number, row.code
			if other {
				number, code = row.later, row.old
			}
			if row.got.status != 400 || row.got.number() != number || row.got.text("error") != code {
				t.Errorf("%s, other %t: %d %v", row.name, other, row.got.status, row.got.body)
			}
		}
	}
}

// TestSessionFollowsTheUserObject renames an account, which ends nothing, and deletes its user object, which ends all.
func TestSessionFollowsTheUserObject(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	a, user := p.publicApp(), p.member()
	before := p.token(p.seeded.TenantID, p.password(a, user, "scope", "offline_access User.Read"))
	refresh := form("grant_type", "refresh_token", "client_id", a.clientID, "refresh_token", before.text("refresh_token"))
	user.UserName = "renamed@" + p.seeded.Domain
	p.cloud.SetAccount(user)
	if got := p.token(p.seeded.TenantID, refresh); got.status != 200 || got.claims(t, "access_token")["upn"] != user.UserName {
		t.Errorf("renamed: %v", got.body)
	}
	check(t, p.cloud.UpdateEverywhere(func(tx *tenant.Tx) error {
		tx.Remove(p.seeded.TenantID, tenant.User, user.ObjectID)
		return nil
	}))
	for what, got := range map[string]answer{"refresh": p.token(p.seeded.TenantID, refresh), "password": p.token(p.seeded.TenantID, p.password(a, user))} {
		if got.status != 400 || got.number() != 50034 || got.text("error") != "invalid_grant" {
			t.Errorf("deleted, %s: %d %v", what, got.status, got.body)
		}
	}
	_, err := p.signIn(p.page(p.seeded.TenantID, a, callback, "User.Read"), user, webuser.Accept)
	refusedWith(t, err, 50034)
}
