package graph_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/graph"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// TestEnabledEntitlements: a scope or role must be disabled before it is edited or removed.
func TestEnabledEntitlements(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, appID := w.app("API")
	const roleID = "11111111-1111-4111-8111-111111111111"
	body := func(members string, roles ...string) string {
		fill := strings.NewReplacer("{appId}", appID, "{id}", roleID)
		return fill.Replace(`{"appRoles":[` + strings.Join(roles, ",") + `],"api":{"oauth2PermissionScopes":[` + scope(members) + `]}}`)
	}
	one := role(`"id":"{id}","value":"r"`)
	patch := func(status int, text string) {
		t.Helper()
		if got := w.must(status, "PATCH", "/applications/"+id, text); status == 400 && got.code() != "CannotDeleteOrUpdateEnabledEntitlement" {
			t.Errorf("%s", got.Body)
		}
	}
	patch(204, body(`"value":"read"`, one))
	patch(204, body(`"value":"read"`, one)) // As it was.
	patch(400, body(`"value":"write"`, one))
	patch(400, body(`"value":"read","adminConsentDisplayName":"Read"`, one))
	patch(400, body(`"value":"read"`))
	patch(400, body(`"value":"read"`, role(`"id":"{id}","value":"r","allowedMemberTypes":["Application"]`)))
	patch(400, `{"api":{"oauth2PermissionScopes":[]}}`)
	patch(204, body(`"value":"read","isEnabled":false`, role(`"id":"{id}","value":"r","isEnabled":false`)))
	read := w.must(200, "GET", "/applications/"+id, "")
	roles, _ := read.body["appRoles"].([]any)
	if first, _ := roles[0].(map[string]any); first["origin"] != "Application" {
		t.Errorf("the role: %v", first)
	}
	patch(204, `{"appRoles":[],"api":{"oauth2PermissionScopes":[]}}`)
}

func TestIdentifierURIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, appID := w.app("API")
	elsewhere := w.cloud.Tenants()[1].ID
	uris := func(list ...string) string {
		return fmt.Sprintf(`{"identifierUris":["%s"]}`, strings.Join(list, `","`))
	}
	const free = "https://sub.bergsee.onmicrosoft.com/free"
	w.must(204, "PATCH", "/applications/"+id, uris("api://"+appID, "api://"+w.facts.TenantID+"/"+appID, "api://any/"+appID, free, "urn:a:b",
		"api://bergsee.onmicrosoft.com/x"))
	other, _ := w.app("Other")
	const taken = "Another object with the same value for property identifierUris already exists."
	if got := w.must(400, "PATCH", "/applications/"+other, uris(free)); got.message() != taken || !strings.Contains(string(got.Body), "ObjectConflict") {
		t.Errorf("%s", got.Body)
	}
	// In its own tenant a URI may be what an application of another tenant has, until that tenant's people sign in, too.
	if err := w.cloud.Update(func(tx *tenant.Tx) error {
		app := tenant.NewApplication(tx.NewID("foreign"), tx.NewID("client"), "x", "", tx.Now())
		app["identifierUris"] = []string{"urn:foreign:uri"}
		tx.Put(elsewhere, tenant.Application, app)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	w.must(204, "PATCH", "/applications/"+other, uris("urn:foreign:uri"))
	if got := w.must(400, "PATCH", "/applications/"+other, `{"signInAudience":"AzureADMultipleOrgs"}`); got.message() != taken {
		t.Errorf("%s", got.Body)
	}
}

func TestDeletedApplicationsKeepTheirURIs(t *testing.T) {
	t.Parallel()
	for choice, status := range map[string]int{"reserved": 400, "free": 204} {
		w := newWorld(t, reading(graph.DeletedIdentifierURI, choice))
		const body = `{"identifierUris":["urn:a:b"]}`
		gone, _ := w.app("Gone")
		w.must(204, "PATCH", "/applications/"+gone, body)
		w.must(204, "DELETE", "/applications/"+gone, "")
		next, _ := w.app("Next")
		w.must(status, "PATCH", "/applications/"+next, body)
		restored := map[string]int{"reserved": 200, "free": 400}[choice]
		w.must(restored, "POST", "/directory/deletedItems/"+gone+"/restore", "")
	}
}

func TestPreAuthorizedApplications(t *testing.T) {
	t.Parallel()
	for choice, status := range map[string]int{"checked": 400, "any": 204} {
		w := newWorld(t, reading(graph.PreAuthorizedScopes, choice))
		id, appID := w.app("API")
		w.must(204, "PATCH", "/applications/"+id, strings.ReplaceAll(scopes(scope(``)), "{appId}", appID))
		client := func(scopeID string) string {
			return fmt.Sprintf(`{"api":{"preAuthorizedApplications":[{"appId":%q,"delegatedPermissionIds":[%q]}]}}`, appID, scopeID)
		}
		w.must(204, "PATCH", "/applications/"+id, client(appID))
		w.must(status, "PATCH", "/applications/"+id, client(id))
		w.must(400, "PATCH", "/applications/"+id, strings.Replace(client(appID), "[{", `[{"appId":"`+appID+`"},{`, 1))
	}
}

// TestCountsByAudience walks to each documented limit on how many members a collection has, and one step beyond.
func TestCountsByAudience(t *testing.T) {
	t.Parallel()
	many := func(n int, format string) string {
		all := make([]string, n)
		for i := range n {
			all[i] = fmt.Sprintf(strings.ReplaceAll(format, "#id", "00000000-0000-4000-8000-%012[1]d"), i)
		}
		return "[" + strings.Join(all, ",") + "]"
	}
	const access = `{"id":"#id","type":"Scope"}`
	const work, personal = `"signInAudience":"AzureADMyOrg"`, personalAudience
	tests := []struct {
		what, audience, body, element string
		most                          int
	}{
		{"redirect URIs", work, `"web":{"redirectUris":%s}`, `"https://a.example/%d"`, 256},
		{"redirect URIs", personal, `"web":{"redirectUris":%s}`, `"https://a.example/%d"`, 100},
		{"identifier URIs", personal, `"identifierUris":%s`, `"https://bergsee.onmicrosoft.com/%d"`, 50},
		{"APIs", work, `"requiredResourceAccess":%s`, `{"resourceAppId":"#id","resourceAccess":[]}`, 50},
		{"permissions", work, `"requiredResourceAccess":[{"resourceAppId":"{appId}","resourceAccess":%s}]`, access, 400},
		{"permissions of one API", personal, `"requiredResourceAccess":[{"resourceAppId":"{appId}","resourceAccess":%s}]`, access, 30},
		{"scopes", work, `"api":{"oauth2PermissionScopes":%s}`, `{"id":"#id","value":"s%[1]d","type":"User","isEnabled":true}`, 700},
		{"entries", work, `"appRoles":%s`, `{"id":"#id","value":"r%[1]d","allowedMemberTypes":["User"],"isEnabled":true}`, 600},
	}
	for _, tt := range tests {
		t.Run(tt.what+" "+tt.audience, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			id, appID := w.app("Counts")
			w.must(204, "PATCH", "/applications/"+id, "{"+tt.audience+"}")
			for n, status := range map[int]int{tt.most: http.StatusNoContent, tt.most + 1: http.StatusBadRequest} {
				body := strings.ReplaceAll(fmt.Sprintf("{"+tt.body+"}", many(n, tt.element)), "{appId}", appID)
				if got := w.do("PATCH", "/applications/"+id, body); got.Status != status {
					t.Errorf("%d: %d %s", n, got.Status, got.Body)
				}
			}
		})
	}
}

func TestAPIsOfOtherTenants(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, _ := w.app("Client")
	var apis []string
	if err := w.cloud.Update(func(tx *tenant.Tx) error {
		for range 11 {
			app := tenant.NewApplication(tx.NewID("foreign"), tx.NewID("client"), "x", "", tx.Now())
			tx.Put(tx.Tenants()[1].ID, tenant.Application, app)
			apis = append(apis, `{"resourceAppId":"`+app.String("appId")+`","resourceAccess":[]}`)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	ask := func(apis []string) string { return `{"requiredResourceAccess":[` + strings.Join(apis, ",") + `]}` }
	w.must(204, "PATCH", "/applications/"+id, ask(apis[:10]))
	w.must(400, "PATCH", "/applications/"+id, ask(apis))
}

func TestNullValues(t *testing.T) {
	t.Parallel()
	for choice, status := range map[string]int{"refused": 400, "cleared": 204} {
		w := newWorld(t, reading(graph.NullValue, choice))
		id, _ := w.app("Null")
		w.must(204, "PATCH", "/applications/"+id, `{"tags":["a"],"web":{"homePageUrl":"https://a.example"}}`)
		w.must(status, "PATCH", "/applications/"+id, `{"tags":null}`)
		w.must(status, "PATCH", "/applications/"+id, `{"web":null}`)
		read := w.must(200, "GET", "/applications/"+id, "")
		web, _ := read.body["web"].(map[string]any)
		tags, _ := read.body["tags"].([]any)
		if cleared := len(tags) == 0 && web["homePageUrl"] == nil; cleared != (status == 204) {
			t.Errorf("%s: %v %v", choice, tags, web)
		}
	}
}

func TestComplexValuesAreWhole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, _ := w.app("Whole")
	w.must(204, "PATCH", "/applications/"+id, `{"servicePrincipalLockConfiguration":{"isEnabled":true},"groupMembershipClaims":"SecurityGroup, DirectoryRole",
		"optionalClaims":{"idToken":[{"name":"email"}]},"web":{"redirectUris":["https://a.example/x"],"redirectUriSettings":[{"uri":"https://a.example/x","index":1}]}}`)
	w.must(204, "PATCH", "/applications/"+id, `{"servicePrincipalLockConfiguration":{"allProperties":true},"web":{"redirectUris":["https://a.example/x","https://a.example/y"]}}`)
	read := w.must(200, "GET", "/applications/"+id, "")
	lock, _ := read.body["servicePrincipalLockConfiguration"].(map[string]any)
	if len(lock) != 5 || lock["isEnabled"] != true || lock["allProperties"] != true {
		t.Errorf("the lock: %v", lock)
	}
	if got, want := fmt.Sprint(read.body["optionalClaims"]), "map[accessToken:[] idToken:[map[additionalProperties:[] essential:false name:email source:<nil>]] saml2Token:[]]"; got != want {
		t.Errorf("claims %s", got)
	}
	web, _ := read.body["web"].(map[string]any)
	if got, want := fmt.Sprint(web["redirectUriSettings"]), "[map[index:1 uri:https://a.example/x] map[index:<nil> uri:https://a.example/y]]"; got != want {
		t.Errorf("settings %s, want %s", got, want)
	}
}

// TestMappedClaimsNeedMore: a caller that reaches only what it owns can't ask for mapped claims at the creation.
func TestMappedClaimsNeedMore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.as = "owner"
	const body = `{"displayName":"x","api":{"acceptMappedClaims":true}}`
	w.must(403, "POST", "/applications", body)
	made := w.must(201, "POST", "/applications", `{"displayName":"x"}`)
	w.must(204, "PATCH", "/applications/"+made.str("id"), `{"api":{"acceptMappedClaims":true}}`)
	w.as = "automation"
	w.must(201, "POST", "/applications", body)
}

// TestManifestHoldsItsOwnEntries: what an application refers to or contains isn't in its manifest.
func TestManifestHoldsItsOwnEntries(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, _ := w.app("Full")
	for i := range 20 {
		w.must(201, "POST", "/applications/"+id+"/federatedIdentityCredentials", trust(fmt.Sprintf(`"name":"name-%d","subject":"%d"`, i, i)))
	}
	body := func(tags int) string {
		var b strings.Builder
		for i := range tags {
			fmt.Fprintf(&b, `,"tag-%d"`, i)
		}
		uris := make([]string, 256)
		for i := range uris {
			uris[i] = fmt.Sprintf(`"https://a.example/%d"`, i)
		}
		return `{"tags":[` + b.String()[1:] + `],"web":{"redirectUris":[` + strings.Join(uris, ",") + `]}}`
	}
	w.must(204, "PATCH", "/applications/"+id, body(1200-256))
	if got := w.must(400, "PATCH", "/applications/"+id, body(1200-255)); got.code() != "Directory_QuotaExceeded" {
		t.Errorf("one more: %s", got.Body)
	}
}
