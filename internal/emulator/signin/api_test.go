package signin_test

import (
	"net/url"
	"testing"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
	"github.com/appreg/terraform-provider-appreg/internal/webuser"
)

// ordersAPI registers an API with one delegated permission; change sets more.
func (p *platform) ordersAPI(principal bool, change func(tenant.Doc)) app {
	p.t.Helper()
	return p.register("orders", func(d tenant.Doc) {
		d["signInAudience"], d["identifierUris"] = "AzureADMultipleOrgs", []string{"api://orders"}
		d["api"] = tenant.Doc{"oauth2PermissionScopes": []tenant.Doc{{"id": "abababab-2222-4333-8444-555555555555", "value": "Orders.Read", "type": "User", "isEnabled": true}}}
		if change != nil {
			change(d)
		}
	}, principal)
}

// listing has an application's registration list a permission of an API.
func listing(api app) func(tenant.Doc) {
	return func(d tenant.Doc) {
		redirects("AzureADMyOrg", "web", callback)(d)
		d["requiredResourceAccess"] = []tenant.Doc{{"resourceAppId": api.clientID, "resourceAccess": []tenant.Doc{{"id": "abababab-2222-4333-8444-555555555555", "type": "Scope"}}}}
	}
}

// TestServiceThatTheTenantLacks lists an API that has no service principal here: people are told that the organisation
// isn't subscribed, programs that there is no such resource.
func TestServiceThatTheTenantLacks(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	api := p.ordersAPI(false, nil)
	lists, doesNot := p.register("lists it", listing(api), true), p.register("doesn't", redirects("AzureADMyOrg", "web", callback), true)
	for _, resource := range []string{"api://orders", api.clientID} {
		_, err := p.signIn(p.page(p.seeded.TenantID, lists, callback, resource+"/Orders.Read"), p.member(), webuser.Accept)
		refusedWith(t, err, 650052)
	}
	end, err := p.signIn(p.page(p.seeded.TenantID, doesNot, callback, "api://orders/Orders.Read"), p.member(), webuser.Accept)
	check(t, err)
	if got := end.Query().Get("error"); got != "invalid_resource" {
		t.Errorf("an API that the registration doesn't list: %s", end)
	}
	_, err = p.signIn(p.server.URL+"/"+p.seeded.TenantID+"/adminconsent?"+form("client_id", lists.clientID, "redirect_uri", callback).Encode(), p.administrator(), webuser.Accept)
	refusedWith(t, err, 650052)
	if got := p.token(p.seeded.TenantID, clientCredentials(lists, "scope", "api://orders/.default")); got.status != 400 || got.number() != 500011 {
		t.Errorf("token endpoint: %v", got.body)
	}
}

// TestScopeWithoutResource is section 12: what is left of an address that a template filled in with nothing.
func TestScopeWithoutResource(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	a := p.publicApp()
	for _, form := range []url.Values{clientCredentials(a, "scope", "/.default"), p.password(a, p.member(), "scope", "openid /User.Read")} {
		if got := p.token(p.seeded.TenantID, form); got.status != 400 || got.number() != 700023 || got.text("error") != "invalid_scope" {
			t.Errorf("%v: %v", form["scope"], got.body)
		}
	}
}

// TestMisconfiguredApplication asks for all that is listed of an API of which nothing is.
func TestMisconfiguredApplication(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	p.ordersAPI(true, nil)
	a := p.register("lists nothing", redirects("AzureADMyOrg", "web", callback), true)
	for _, prompt := range []string{"login", "consent"} {
		_, err := p.signIn(p.page(p.seeded.TenantID, a, callback, "api://orders/.default", "prompt", prompt), p.member(), webuser.Accept)
		refusedWith(t, err, 650056)
	}
	if got := p.token(p.seeded.TenantID, p.password(a, p.member(), "scope", "api://orders/.default", "client_secret", a.secret)); got.number() != 650057 {
		t.Errorf("password grant: %v", got.body)
	}
}

// TestMappedClaims asks for tokens for an API that takes claims by mapping: only for an audience that is nobody else's.
func TestMappedClaims(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	set := func(version any) func(tenant.Doc) {
		return func(d tenant.Doc) {
			d["api"].(tenant.Doc)["acceptMappedClaims"], d["api"].(tenant.Doc)["requestedAccessTokenVersion"] = true, version //nolint:forcetypeassert // It was just made.
			d["identifierUris"] = []string{"api://orders", "https://orders." + p.seeded.Domain, "https://" + p.seeded.Domain + "/orders", "https://not" + p.seeded.Domain}
		}
	}
	api := p.ordersAPI(true, set(nil))
	client := p.publicApp()
	p.grantAt(client, api, "Orders.Read")
	for audience, number := range map[string]int{
		"api://orders": 501461, "https://not" + p.seeded.Domain: 501461, api.clientID: 0, "https://orders." + p.seeded.Domain: 0,
		"https://" + p.seeded.Domain + "/orders": 0,
	} {
		for name, got := range map[string]answer{
			"application": p.token(p.seeded.TenantID, clientCredentials(client, "scope", audience+"/.default")),
			"user":        p.token(p.seeded.TenantID, p.password(client, p.member(), "scope", audience+"/Orders.Read")),
		} {
			if got.number() != number || number != 0 && got.status != 400 {
				t.Errorf("%s, %s: %v", audience, name, got.body)
			}
		}
	}
	p.edit(tenant.Application, api.id, set(float64(2)))
	if got := p.token(p.seeded.TenantID, clientCredentials(client, "scope", "api://orders/.default")); got.status != 200 {
		t.Errorf("a token of version 2.0, whose audience is the id: %v", got.body)
	}
}
