package tenant

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Seeded says what Seed made.
type Seeded struct {
	Seed uint64 `json:"seed"`
	// The main tenant.
	TenantID string `json:"tenant_id"`
	Domain   string `json:"domain"`
	// The automation application: what Terraform signs in as.
	ClientID           string `json:"client_id"`
	ClientSecret       string `json:"client_secret"`
	ApplicationID      string `json:"application_id"`
	ServicePrincipalID string `json:"service_principal_id"`
}

// AutomationRoles are the Microsoft Graph application permissions that the automation application starts with: what the
// provider's resources need, and no more.
func AutomationRoles() []string {
	return []string{"Application.ReadWrite.All", "DelegatedPermissionGrant.ReadWrite.All", "Directory.Read.All",
		"Policy.Read.All"}
}

// Seed fills a new cloud: a tenant, a second one, the tenant of personal accounts, their people, Microsoft's own
// service principals, and an automation application with a secret in the first tenant. All ids and texts follow from
// seed. Every replica knows what is seeded.
func Seed(c *Cloud, seed uint64) (Seeded, error) {
	c.mu.Lock()
	c.seeded.Seed = seed
	c.mu.Unlock()
	p, err := graphPermissions()
	if err != nil {
		return Seeded{}, err
	}
	s := seeder{cloud: c, seed: seed, graph: p}
	main := TenantInfo{s.id("tenant", "main"), "bergsee.onmicrosoft.com", "Bergsee Handels GmbH"}
	second := TenantInfo{s.id("tenant", "second"), "nordufer.onmicrosoft.com", "Nordufer Logistik AG"}
	consumers := TenantInfo{ConsumersTenantID, "consumers.invalid", "Personal accounts"}
	out := Seeded{Seed: seed, TenantID: main.ID, Domain: main.Domain}
	err = c.UpdateEverywhere(func(tx *Tx) error {
		for _, t := range []TenantInfo{main, second, consumers} {
			s.organization(tx, t)
		}
		for _, t := range []TenantInfo{main, second, consumers} {
			s.firstParties(tx, t)
		}
		return s.automation(tx, main, &out)
	})
	if err != nil {
		return Seeded{}, err
	}
	for _, t := range []TenantInfo{main, second, consumers} {
		c.AddTenant(t)
	}
	c.mu.Lock()
	c.seeded = out
	c.mu.Unlock()
	return out, s.people(main, second, consumers)
}

type seeder struct {
	cloud *Cloud
	seed  uint64
	graph permissions
}

func (s seeder) id(parts ...string) string { return ID(s.seed, parts...) }

func (s seeder) organization(tx *Tx, t TenantInfo) {
	tx.Put(t.ID, Organization, Doc{"id": t.ID, "deletedDateTime": nil, "displayName": t.DisplayName,
		"createdDateTime": tx.Now().Add(-3 * 365 * 24 * time.Hour), "tenantType": "AAD",
		"verifiedDomains": []Doc{{"name": t.Domain, "isDefault": true, "isInitial": true, "type": "Managed",
			"capabilities": "Email, OfficeCommunicationsOnline"}}})
	tx.Put(t.ID, AuthorizationPolicy, NewAuthorizationPolicy())
	tx.Put(t.ID, AppPolicy, Doc{"id": DefaultAppPolicyID, "deletedDateTime": nil,
		"displayName": "Default app management tenant policy",
		"description": nil, "isEnabled": false,
		"applicationRestrictions": Doc{"passwordCredentials": []any{}, "keyCredentials": []any{},
			"identifierUris": nil},
		"servicePrincipalRestrictions": Doc{"passwordCredentials": []any{}, "keyCredentials": []any{}}})
}

// DefaultAppPolicyID is the id of the policy on credentials that every tenant has.
const DefaultAppPolicyID = "00000000-0000-0000-0000-000000000000"

func (s seeder) firstParties(tx *Tx, t TenantInfo) {
	then := tx.Now().Add(-3 * 365 * 24 * time.Hour)
	put := func(sp Doc) { tx.write(key{t.ID, ServicePrincipal, sp.String("id")}, sp) } // Without a copy: it is large.
	put(firstParty(s.id("graph", t.ID), MicrosoftGraphClientID, "Microsoft Graph",
		[]string{"https://graph.microsoft.com", "https://graph.microsoft.com/"}, s.graph, then))
	put(firstParty(s.id("exchange", t.ID), ExchangeOnlineClientID,
		"Office 365 Exchange Online", []string{"https://outlook.office365.com", "https://outlook.office365.com/",
			"https://outlook.office.com", "https://outlook.office.com/"}, exchangePermissions(), then))
	put(newKeyVault(s.id("key vault", t.ID), then))
}

func (s seeder) automation(tx *Tx, t TenantInfo, out *Seeded) error {
	app := NewApplication(s.id("automation", "application"), s.id("automation", "client"), t.Domain, "", tx.Now())
	app["displayName"] = "Terraform automation"
	credential := tx.AddPassword(app, "terraform", tx.Now(), tx.Now().AddDate(2, 0, 0))
	tx.Put(t.ID, Application, app)
	sp := NewServicePrincipal(s.id("automation", "principal"), app, t.ID, "", tx.Now())
	tx.Put(t.ID, ServicePrincipal, sp)
	out.ClientID, out.ClientSecret = app.String("appId"), credential.String("secretText")
	out.ApplicationID, out.ServicePrincipalID = app.String("id"), sp.String("id")
	return SetRoles(tx, t.ID, sp.String("id"), AutomationRoles())
}

// SetRoles makes roles (names) the whole of the Microsoft Graph application permissions that a service principal holds.
func SetRoles(tx *Tx, tenantID, principalID string, roles []string) error {
	graph, ok := tx.ServicePrincipalByClientID(tenantID, MicrosoftGraphClientID)
	if !ok {
		return fmt.Errorf("tenant %s has no service principal of Microsoft Graph", tenantID)
	}
	principal, ok := tx.Get(tenantID, ServicePrincipal, principalID)
	if !ok {
		return fmt.Errorf("no service principal %s", principalID)
	}
	for _, old := range tx.Find(tenantID, AppRoleAssignment, func(d Doc) bool {
		return d.String("principalId") == principalID && d.String("resourceId") == graph.String("id")
	}) {
		tx.Remove(tenantID, AppRoleAssignment, old.String("id"))
	}
	published := graph.Docs("appRoles")
	for _, name := range slices.Compact(slices.Sorted(slices.Values(roles))) {
		i := slices.IndexFunc(published, func(d Doc) bool { return d.String("value") == name })
		if i < 0 {
			return fmt.Errorf("microsoft graph has no application permission %q", name)
		}
		made, err := tx.NewAssignment(ServicePrincipal, principal, graph, published[i].String("id"))
		if err != nil {
			return err
		}
		tx.Put(tenantID, AppRoleAssignment, made)
	}
	return nil
}

func (s seeder) people(main, second, consumers TenantInfo) error {
	people := []struct {
		t             TenantInfo
		user, name    string
		factor, admin bool
	}{
		{t: main, user: "admin@" + main.Domain, name: "Ada Amsel", admin: true},
		{t: main, user: "mara@" + main.Domain, name: "Mara Meise"},
		{t: main, user: "finn@" + main.Domain, name: "Finn Fink", factor: true},
		{t: second, user: "admin@" + second.Domain, name: "Stefan Star", admin: true},
		{t: second, user: "zoe@" + second.Domain, name: "Zoe Zeisig"},
		{t: consumers, user: "pia.privat@outlook.invalid", name: "Pia Privat"},
	}
	return s.cloud.UpdateEverywhere(func(tx *Tx) error {
		for _, p := range people {
			a := Account{UserName: p.user, DisplayName: p.name, TenantID: p.t.ID, ObjectID: s.id("user", p.user),
				Password: SecretText(s.seed, "password", p.user), Administrator: p.admin,
				Personal: p.t.ID == ConsumersTenantID}
			if p.factor {
				sum := Digest(s.seed, "factor", p.user)
				a.SecondFactor = digits(sum[:6])
			}
			tx.Put(p.t.ID, User, Doc{"id": a.ObjectID, "deletedDateTime": nil, "accountEnabled": true,
				"displayName": p.name, "mail": p.user, "userPrincipalName": p.user, "userType": "Member"})
			// The transaction holds the lock.
			s.cloud.accounts = append(s.cloud.accounts, a)
		}
		return nil
	})
}

func digits(b []byte) string {
	var out strings.Builder
	for _, x := range b {
		out.WriteByte('0' + x%10)
	}
	return out.String()
}
