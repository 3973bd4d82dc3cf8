package graph_test

import (
	"fmt"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/graph"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

func TestServicePrincipalFollowsItsApplication(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, appID := w.app("First name")
	w.must(204, "PATCH", "/applications/"+id, `{"tags":["app"]}`)
	sp := w.must(201, "POST", "/servicePrincipals", `{"appId":"`+appID+`","tags":["own"],"notes":"n"}`)
	if sp.str("displayName") != "First name" || fmt.Sprint(sp.body["tags"]) != "[app own]" || sp.str("appOwnerOrganizationId") != w.facts.TenantID {
		t.Errorf("made: %v", sp.body)
	}
	w.must(204, "PATCH", "/applications/"+id, `{"displayName":"Second name","signInAudience":"AzureADMultipleOrgs"}`)
	w.must(204, "PATCH", "/servicePrincipals/"+sp.str("id"), `{"accountEnabled":false}`)
	read := w.must(200, "GET", "/servicePrincipals(appId='"+appID+"')", "")
	if read.str("displayName") != "Second name" || read.str("signInAudience") != "AzureADMultipleOrgs" ||
		read.body["accountEnabled"] != false || read.str("notes") != "n" {
		t.Errorf("read: %v", read.body)
	}
	// Writing a service principal must not make the application's tags its own.
	w.must(204, "PATCH", "/applications/"+id, `{"tags":[]}`)
	read = w.must(200, "GET", "/servicePrincipals/"+sp.str("id"), "")
	if fmt.Sprint(read.body["tags"]) != "[own]" {
		t.Errorf("tags: %v", read.body["tags"])
	}
	listed := w.must(200, "GET", "/servicePrincipals?$filter=displayName+eq+'second+NAME'&$select=id", "")
	if len(listed.values()) != 1 {
		t.Errorf("by inherited name: %v", listed.body)
	}
	again := w.must(409, "POST", "/servicePrincipals", `{"appId":"`+appID+`"}`)
	if again.code() != "Request_MultipleObjectsWithSameKeyValue" || !strings.Contains(string(again.Body), `"blockedWord":""`) {
		t.Errorf("%s", again.Body)
	}
	w.must(204, "PATCH", "/servicePrincipals(appId='"+appID+"')", `{}`, "Prefer: create-if-missing")
	w.must(204, "DELETE", "/servicePrincipals/"+sp.str("id"), "")
	w.must(200, "GET", "/applications/"+id, "")
	fresh := w.must(201, "PATCH", "/servicePrincipals(appId='"+appID+"')", `{}`, "Prefer: create-if-missing")
	if fresh.str("id") == sp.str("id") {
		t.Error("a new service principal must have a new id")
	}
}

func TestGrants(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, appID := w.app("Client")
	client := w.must(201, "POST", "/servicePrincipals", `{"appId":"`+appID+`"}`).str("id")
	api := w.must(200, "GET", "/servicePrincipals(appId='"+tenant.MicrosoftGraphClientID+"')?$select=id", "").str("id")
	body := func(consent, principal, scope string) string {
		return fmt.Sprintf(`{"clientId":%q,"resourceId":%q,"consentType":%q,"principalId":%s,"scope":%q}`, client, api, consent, principal, scope)
	}
	made := w.must(201, "POST", "/oauth2PermissionGrants", body("AllPrincipals", "null", "User.Read Mail.ReadWrite"))
	id := made.str("id")
	if want, err := tenant.GrantID(client, api, ""); err != nil || id != want || len(id) != 43 {
		t.Errorf("id = %q, want %q, %v", id, want, err)
	}
	if got := made.keys(); !slices.Equal(got, []string{"clientId", "consentType", "id", "principalId", "resourceId", "scope"}) {
		t.Errorf("keys: %v", got)
	}
	if got := w.must(409, "POST", "/oauth2PermissionGrants", body("AllPrincipals", "null", "User.Read")); got.message() != "Permission entry already exists." {
		t.Error(got.message())
	}
	user := fmt.Sprintf("%q", w.person("mara").ObjectID)
	if own := w.must(201, "POST", "/oauth2PermissionGrants", body("Principal", user, "User.Read")); len(own.str("id")) != 64 {
		t.Errorf("the id of a user's grant: %s", own.str("id"))
	}
	w.must(400, "POST", "/oauth2PermissionGrants", body("Principal", "null", "User.Read"))
	w.must(400, "POST", "/oauth2PermissionGrants", body("Everybody", "null", "User.Read"))
	w.must(204, "PATCH", "/oauth2PermissionGrants/"+id, `{"scope":"User.Read"}`)
	if got := w.must(200, "GET", "/oauth2PermissionGrants/"+id, ""); got.str("scope") != "User.Read" {
		t.Errorf("scope: %v", got.body)
	}
	if got := w.must(400, "PATCH", "/oauth2PermissionGrants/"+id, `{"principalId":null}`); got.message() != "Property cannot be updated: principalId" {
		t.Error(got.message())
	}
	filter := "?$filter=clientId+eq+'" + client + "'+and+resourceId+eq+'" + api + "'+and+consentType+eq+'AllPrincipals'"
	if got := w.must(200, "GET", "/oauth2PermissionGrants"+filter, "").values(); len(got) != 1 || got[0]["id"] != id {
		t.Errorf("filtered: %v", got)
	}
	if got := w.must(200, "GET", "/servicePrincipals/"+client+"/oauth2PermissionGrants", "").values(); len(got) != 2 {
		t.Errorf("of the service principal: %v", got)
	}
	w.must(204, "DELETE", "/oauth2PermissionGrants/"+id, "")
	w.must(404, "GET", "/oauth2PermissionGrants/"+id, "")
	w.must(204, "DELETE", "/servicePrincipals/"+client, "")
	if got := w.must(200, "GET", "/oauth2PermissionGrants", "").values(); len(got) != 0 {
		t.Errorf("grants outlive their service principal: %v", got)
	}
}

func TestOwnedByReachesOnlyItsOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	others, otherAppID := w.app("Somebody else's")
	w.as = "owner"
	id, appID := w.app("Mine")
	owners := w.must(200, "GET", "/applications/"+id+"/owners", "").values()
	if len(owners) != 1 || owners[0]["id"] != w.facts.ServicePrincipalID || owners[0]["@odata.type"] != "#microsoft.graph.servicePrincipal" {
		t.Errorf("owners: %v", owners)
	}
	w.must(204, "PATCH", "/applications/"+id, `{"notes":"x"}`)
	w.must(200, "GET", "/applications/"+others, "")
	for _, refused := range [][3]string{
		{"PATCH", "/applications/" + others, `{"notes":"x"}`},
		{"DELETE", "/applications/" + others, ""},
		{"POST", "/applications/" + others + "/addPassword", `{}`},
		{"POST", "/oauth2PermissionGrants", `{}`},
	} {
		if got := w.must(403, refused[0], refused[1], refused[2]); got.code() != "Authorization_RequestDenied" {
			t.Errorf("%v: %s", refused, got.Body)
		}
	}
	w.must(201, "POST", "/servicePrincipals", `{"appId":"`+appID+`"}`)
	if got := w.must(403, "POST", "/servicePrincipals", `{"appId":"`+w.facts.TenantID+`"}`); !strings.HasPrefix(got.message(), "When using this permission") {
		t.Error(got.message())
	}
	w.must(201, "POST", "/servicePrincipals", `{"appId":"`+otherAppID+`"}`)
}

func TestOwners(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mara, finn := w.person("mara").ObjectID, w.person("finn").ObjectID
	ref := func(id string) string { return `{"@odata.id":"https://graph.test/v1.0/directoryObjects/` + id + `"}` }
	made := w.must(201, "POST", "/applications", `{"displayName":"Owned","owners@odata.bind":["https://graph.test/v1.0/directoryObjects/`+mara+`"]}`)
	path := "/applications/" + made.str("id") + "/owners"
	w.must(204, "POST", path+"/$ref", ref(finn))
	if got := w.must(400, "POST", path+"/$ref", ref(finn)); !strings.HasPrefix(got.message(), "One or more added object references already exist") {
		t.Error(got.message())
	}
	w.must(404, "POST", path+"/$ref", ref(w.facts.ApplicationID))
	w.must(204, "DELETE", path+"/"+mara+"/$ref", "")
	w.must(404, "DELETE", path+"/"+mara+"/$ref", "")
	owners := w.must(200, "GET", path, "").values()
	if len(owners) != 1 || owners[0]["id"] != finn || owners[0]["userPrincipalName"] == nil {
		t.Errorf("owners: %v", owners)
	}
}

// TestOwnersComeInPages is section E8 for a list that no filter reaches.
func TestOwnersComeInPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	people := []string{w.person("mara").ObjectID, w.person("finn").ObjectID, w.person("admin").ObjectID}
	id, _ := w.app("Many owners")
	for _, person := range people {
		w.must(204, "POST", "/applications/"+id+"/owners/$ref", `{"@odata.id":"https://graph.test/v1.0/directoryObjects/`+person+`"}`)
	}
	var seen []string
	for path := "/applications/" + id + "/owners?$top=2"; path != ""; {
		page := w.must(200, "GET", path, "")
		if n := len(page.values()); n == 0 || n > 2 {
			t.Fatalf("a page of %d", n)
		}
		for _, owner := range page.values() {
			seen = append(seen, fmt.Sprint(owner["id"]))
		}
		path = strings.TrimPrefix(page.str("@odata.nextLink"), "https://graph.test/v1.0")
	}
	if !slices.Equal(seen, people) {
		t.Errorf("owners %v, want %v", seen, people)
	}
	// Letter case doesn't matter in a GUID (A1).
	w.must(204, "DELETE", "/applications/"+id+"/owners/"+strings.ToUpper(people[0])+"/$ref", "")
}

// TestFirstPageMayBeEmpty is section E8: nothing on the first page, and everything behind it.
func TestFirstPageMayBeEmpty(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *graph.Config) { c.PageSize = 2 })
	empty := 0
	for i := range 40 {
		name := fmt.Sprintf("Paged %d", i)
		w.app(name)
		filter := "/applications?$filter=displayName+eq+'" + url.QueryEscape(name) + "'"
		page := w.must(200, "GET", filter, "")
		if len(page.values()) == 0 {
			empty++
			page = w.must(200, "GET", strings.TrimPrefix(page.str("@odata.nextLink"), "https://graph.test/v1.0"), "")
		}
		if got := page.values(); len(got) != 1 || got[0]["displayName"] != name {
			t.Errorf("%s: %v", name, got)
		}
	}
	if empty == 0 || empty > 20 {
		t.Errorf("%d of 40 lists start empty", empty)
	}
}

// TestOrderOfRequiredAccess plays both readings of section A11: the same permissions, in the order written or in another.
func TestOrderOfRequiredAccess(t *testing.T) {
	t.Parallel()
	const access = `{"requiredResourceAccess":[{"resourceAppId":"00000003-0000-0000-c000-000000000000","resourceAccess":[` +
		`{"id":"e1fe6dd8-ba31-4d61-89e7-88639da4683d","type":"Scope"},{"id":"024d486e-b451-40bb-833d-3e66d98c5c73","type":"Scope"}]}]}`
	for choice, first := range map[string]string{"kept": "e1fe6dd8-ba31-4d61-89e7-88639da4683d", "changed": "024d486e-b451-40bb-833d-3e66d98c5c73"} {
		w := newWorld(t, reading(graph.RequiredAccessOrder, choice))
		id, _ := w.app("Ordered")
		w.must(204, "PATCH", "/applications/"+id, access)
		doc, _ := w.cloud.Latest().Get(w.facts.TenantID, tenant.Application, id)
		held := doc.Docs("requiredResourceAccess")[0].Docs("resourceAccess")
		if len(held) != 2 || held[0].String("id") != first {
			t.Errorf("%s: %v", choice, held)
		}
	}
}

// TestDisabledIsWritable is the row of isDisabled in section A2.
func TestDisabledIsWritable(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, _ := w.app("Disabled")
	w.must(204, "PATCH", "/applications/"+id, `{"isDisabled":true}`)
	if got := w.must(200, "GET", "/applications/"+id, ""); got.body["isDisabled"] != true {
		t.Errorf("%v", got.body["isDisabled"])
	}
}

func TestSignedInUsers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	others, _ := w.app("Somebody else's")
	if got := w.must(400, "GET", "/me", ""); got.message() != "/me request is only valid with delegated authentication flow." {
		t.Error(got.message())
	}
	w.as = "member"
	if got := w.must(200, "GET", "/me", ""); got.str("displayName") != "Mara Meise" {
		t.Errorf("me: %v", got.body)
	}
	for _, key := range []string{w.person("mara").ObjectID, w.person("mara").UserName} { // By User.Read.
		w.must(200, "GET", "/users/"+key, "")
	}
	w.must(403, "GET", "/users/"+w.person("admin").ObjectID, "")
	w.must(403, "GET", "/users/nobody", "")
	own, _ := w.app("A member's")
	w.must(204, "PATCH", "/applications/"+own, `{"notes":"x"}`)
	w.must(403, "PATCH", "/applications/"+others, `{"notes":"x"}`)
	// Somebody's application gets its service principal from its owner, or from an administrator.
	othersID, ownID := w.must(200, "GET", "/applications/"+others, "").str("appId"), w.must(200, "GET", "/applications/"+own, "").str("appId")
	w.must(403, "POST", "/servicePrincipals", `{"appId":"`+othersID+`"}`)
	w.must(201, "POST", "/servicePrincipals", `{"appId":"`+ownID+`"}`)
	w.as = "admin"
	w.must(201, "POST", "/servicePrincipals", `{"appId":"`+othersID+`"}`)
	w.must(204, "PATCH", "/applications/"+others, `{"notes":"x"}`)
	w.must(200, "GET", "/users/"+w.person("mara").UserName, "")
}

func TestReadings(t *testing.T) {
	t.Parallel()
	const oob = `{"publicClient":{"redirectUris":["urn:ietf:wg:oauth:2.0:oob"]}}`
	const twice = `{"web":{"redirectUris":["https://a.example"]},"spa":{"redirectUris":["https://a.example"]}}`
	const unknownID = `{"requiredResourceAccess":[{"resourceAppId":"00000003-0000-0000-c000-000000000000","resourceAccess":[{"id":"11111111-1111-4111-8111-111111111111","type":"Scope"}]}]}`
	tests := []struct {
		name, choice, method, path, body string
		want                             int
	}{
		{graph.MalformedID, "404", "GET", "/applications/foo", "", 404},
		{graph.MalformedID, "400", "GET", "/applications/foo", "", 400},
		{graph.PostUniqueName, "refused", "POST", "/applications", `{"displayName":"x","uniqueName":"u"}`, 400},
		{graph.PostUniqueName, "accepted", "POST", "/applications", `{"displayName":"x","uniqueName":"u"}`, 201},
		{graph.EmptyAddPassword, "accepted", "POST", "/applications/{app}/addPassword", "", 200},
		{graph.EmptyAddPassword, "refused", "POST", "/applications/{app}/addPassword", "", 400},
		{graph.RequiredAccessIDs, "accepted", "PATCH", "/applications/{app}", unknownID, 204},
		{graph.RequiredAccessIDs, "refused", "PATCH", "/applications/{app}", unknownID, 400},
		{graph.DuplicateRedirectURI, "refused", "PATCH", "/applications/{app}", twice, 400},
		{graph.DuplicateRedirectURI, "accepted", "PATCH", "/applications/{app}", twice, 204},
		{graph.OutOfBandURI, "accepted", "PATCH", "/applications/{app}", oob, 204},
		{graph.OutOfBandURI, "refused", "PATCH", "/applications/{app}", oob, 400},
		{graph.AbsentOwner, "404", "DELETE", "/applications/{app}/owners/11111111-1111-4111-8111-111111111111/$ref", "", 404},
		{graph.AbsentOwner, "400", "DELETE", "/applications/{app}/owners/11111111-1111-4111-8111-111111111111/$ref", "", 400},
		{graph.DeletedItemsFilter, "supported", "GET", "/directory/deletedItems/microsoft.graph.application?$filter=uniqueName+eq+'x'", "", 200},
		{graph.DeletedItemsFilter, "refused", "GET", "/directory/deletedItems/microsoft.graph.application?$filter=uniqueName+eq+'x'", "", 400},
		{graph.OverlongSecret, "accepted", "POST", "/applications/{app}/addPassword", `{"passwordCredential":{"endDateTime":"2040-01-01T00:00:00Z"}}`, 200},
		{graph.OverlongSecret, "refused", "POST", "/applications/{app}/addPassword", `{"passwordCredential":{"endDateTime":"2040-01-01T00:00:00Z"}}`, 400},
	}
	for _, tt := range tests {
		t.Run(tt.name+"="+tt.choice, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, reading(tt.name, tt.choice))
			id, _ := w.app("Reading")
			w.must(tt.want, tt.method, strings.ReplaceAll(tt.path, "{app}", id), tt.body)
		})
	}
}

func TestReadingsOfGrantsAndPrincipals(t *testing.T) {
	t.Parallel()
	setUp := func(name, choice string) (w *world, app, sp, grant string) {
		w = newWorld(t, reading(name, choice))
		app, appID := w.app("Reading")
		sp = w.must(201, "POST", "/servicePrincipals", `{"appId":"`+appID+`"}`).str("id")
		api := w.must(200, "GET", "/servicePrincipals(appId='"+tenant.MicrosoftGraphClientID+"')?$select=id", "").str("id")
		grant = w.must(201, "POST", "/oauth2PermissionGrants",
			`{"clientId":"`+sp+`","resourceId":"`+api+`","consentType":"AllPrincipals","scope":"User.Read"}`).str("id")
		return w, app, sp, grant
	}
	for choice, want := range map[string]int{"kept": 200, "removed": 404} {
		w, _, _, grant := setUp(graph.EmptyGrantScope, choice)
		w.must(204, "PATCH", "/oauth2PermissionGrants/"+grant, `{"scope":""}`)
		w.must(want, "GET", "/oauth2PermissionGrants/"+grant, "")
	}
	for choice, want := range map[string]int{"restored": 200, "left": 404} {
		w, app, sp, _ := setUp(graph.RestorePrincipal, choice)
		w.must(204, "DELETE", "/applications/"+app, "")
		w.must(200, "POST", "/directory/deletedItems/"+app+"/restore", "")
		w.must(want, "GET", "/servicePrincipals/"+sp, "")
	}
	for choice, want := range map[string]int{"allowed": 201, "refused": 409} {
		w, app, sp, _ := setUp(graph.PrincipalAfterDelete, choice)
		appID := w.must(200, "GET", "/applications/"+app, "").str("appId")
		w.must(204, "DELETE", "/servicePrincipals/"+sp, "")
		w.must(want, "POST", "/servicePrincipals", `{"appId":"`+appID+`"}`)
	}
	for choice, want := range map[string]int{"400": 400, "404": 404} {
		w, _, sp, _ := setUp(graph.GrantReference, choice)
		w.must(want, "POST", "/oauth2PermissionGrants",
			`{"clientId":"`+sp+`","resourceId":"11111111-1111-4111-8111-111111111111","consentType":"AllPrincipals","scope":"x"}`)
	}
	for choice, want := range map[string]int{"ignored": 1, "counts": 0} {
		w, _, _, _ := setUp(graph.FilterCase, choice)
		if got := w.must(200, "GET", "/applications?$filter=displayName+eq+'READING'", "").values(); len(got) != want {
			t.Errorf("filter-case=%s: %d found, want %d", choice, len(got), want)
		}
	}
	for choice, want := range map[string]int{"yes": 1, "no": 0} {
		w, app, _, _ := setUp(graph.CallerBecomesOwner, choice)
		if got := w.must(200, "GET", "/applications/"+app+"/owners", "").values(); len(got) != want {
			t.Errorf("caller-becomes-owner=%s: %d owners, want %d", choice, len(got), want)
		}
	}
}

func TestUnknownReadingIsRefused(t *testing.T) {
	t.Parallel()
	for _, r := range []graph.Readings{{"no-such": "x"}, {graph.MalformedID: "500"}} {
		if err := r.Validate(); err == nil {
			t.Errorf("%v is accepted", r)
		}
	}
}

// foreignPrincipal makes an application for all tenants with a body, and its service principal in the second tenant, as
// whose automation the world goes on.
func (w *world) foreignPrincipal(body string) (id string) {
	w.t.Helper()
	app := w.must(201, "POST", "/applications", `{"displayName":"Foreign","signInAudience":"AzureADMultipleOrgs",`+body+`}`)
	w.as = "second"
	return w.must(201, "POST", "/servicePrincipals", `{"appId":"`+app.str("appId")+`"}`).str("id")
}

// second adds a caller like automation in the second tenant.
func second(c *graph.Config) {
	known, _ := c.Authority.(callers)
	caller := known["automation"]
	caller.TenantID = c.Cloud.Tenants()[1].ID
	known["second"] = caller
}

func TestLockedForeignPrincipal(t *testing.T) {
	t.Parallel()
	for choice, want := range map[string]int{"400": 400, "403": 403} {
		w := newWorld(t, second, reading(graph.LockedPrincipal, choice))
		free := w.foreignPrincipal(`"servicePrincipalLockConfiguration":{"isEnabled":false,"allProperties":true}`)
		w.must(200, "POST", "/servicePrincipals/"+free+"/addPassword", `{}`)
		w.as = "automation"
		signOnly := w.foreignPrincipal(`"servicePrincipalLockConfiguration":{"isEnabled":true,"credentialsWithUsageSign":true}`)
		w.must(200, "POST", "/servicePrincipals/"+signOnly+"/addPassword", `{}`)
		w.as = "automation"
		locked := w.foreignPrincipal(`"servicePrincipalLockConfiguration":{"isEnabled":true,"allProperties":true}`)
		w.must(want, "POST", "/servicePrincipals/"+locked+"/addPassword", `{}`)
		w.must(want, "PATCH", "/servicePrincipals/"+locked, `{"tokenEncryptionKeyId":"`+free+`"}`)
		w.must(204, "PATCH", "/servicePrincipals/"+locked, `{"notes":"free to write"}`)
	}
}

func TestPrincipalsWritableProperties(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, _ := w.principal("Writable")
	for property, value := range map[string]string{
		"accountEnabled": `false`, "alternativeNames": `["other"]`, "appRoleAssignmentRequired": `true`, "description": `"d"`,
		"loginUrl": `"https://a.example/login"`, "notes": `"n"`, "notificationEmailAddresses": `["a@a.example"]`,
		"preferredSingleSignOnMode": `"saml"`, "preferredTokenSigningKeyThumbprint": `"AB"`,
		"samlSingleSignOnSettings": `{"relayState":"https://a.example/relay"}`, "tags": `["t"]`,
		"tokenEncryptionKeyId": `"` + w.facts.ClientID + `"`,
	} {
		w.must(204, "PATCH", "/servicePrincipals/"+id, `{"`+property+`":`+value+`}`)
		if got := string(w.must(200, "GET", "/servicePrincipals/"+id+"?$select="+property, "").Body); !strings.Contains(got, `"`+property+`":`+value) {
			t.Errorf("%s: %s", property, got)
		}
	}
}

func TestAliases(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, _ := w.app("Alias")
	for _, path := range []string{"/applications('" + id + "')", "/applications('" + id + "')/owners"} {
		w.must(200, "GET", path, "")
	}
	for _, path := range []string{"/v1.0/myorganization/applications/", "/beta/applications/", "/beta/myorganization/applications/"} {
		r := httptest.NewRequestWithContext(t.Context(), "GET", "https://graph.test"+path+id, nil)
		r.Header.Set("Authorization", "Bearer automation")
		got := w.decode(w.srv.Serve(r, nil))
		version := strings.Split(path, "/")[1]
		if got.Status != 200 || got.str("@odata.context") != "https://graph.test/"+version+"/$metadata#applications/$entity" {
			t.Errorf("%s: %d %s", path, got.Status, got.str("@odata.context"))
		}
	}
}
