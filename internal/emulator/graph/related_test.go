package graph_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// field joins one property of all values of a list.
func field(a answer, name string) string {
	var out []string
	for _, v := range a.values() {
		out = append(out, fmt.Sprint(v[name]))
	}
	return strings.Join(out, ", ")
}

func TestQueriesOfContainedCollections(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, _ := w.app("Contained")
	all := "/applications/" + id + "/federatedIdentityCredentials"
	for _, name := range []string{"one", "two", "three"} {
		w.must(201, "POST", all, trust(`"name":"`+name+`","subject":"of `+name+`"`))
	}
	w.must(201, "POST", all, trust(`"name":"four","issuer":"https://other.example","subject":"of one"`))
	for filter, want := range map[string]string{
		`name eq 'two'`:                          "two",
		`subject eq 'of one'`:                    "one, four",
		`name eq 'two' or name eq 'three'`:       "two, three",
		`name eq 'four' and subject eq 'of one'`: "four",
		`name eq 'five'`:                         "",
	} {
		if got := field(w.must(200, "GET", query(all, "$filter="+filter), ""), "name"); got != want {
			t.Errorf("%s: %s, want %s", filter, got, want)
		}
	}
	for filter, want := range map[string]string{
		`issuer eq 'https://other.example' and subject eq 'of one'`: "four",
		`name ne 'two'`:      "one, three, four",
		`not(name eq 'two')`: "one, three, four",
	} {
		w.must(400, "GET", query(all, "$filter="+filter), "")
		got := w.must(200, "GET", query(all, "$filter="+filter, "$count=true"), "", eventual)
		if field(got, "name") != want || got.body["@odata.count"] != float64(len(got.values())) {
			t.Errorf("%s: %s, want %s", filter, got.Body, want)
		}
		if n := w.raw(query(all+"/$count", "$filter="+filter), eventual); string(n.Body) != fmt.Sprint(len(got.values())) {
			t.Errorf("%s: %s counted", filter, n.Body)
		}
	}
	// Pages, with the count of all on the first one.
	page := w.must(200, "GET", query(all, "$top=3", "$count=true"), "", eventual)
	if field(page, "name") != "one, two, three" || page.body["@odata.count"] != float64(4) {
		t.Errorf("first page: %s", page.Body)
	}
	page = w.must(200, "GET", strings.TrimPrefix(page.str("@odata.nextLink"), "https://graph.test/v1.0"), "", eventual)
	if field(page, "name") != "four" || page.body["@odata.count"] != nil || page.str("@odata.nextLink") != "" {
		t.Errorf("last page: %s", page.Body)
	}
}

func TestQueriesOfReferences(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, _ := w.app("Owned")
	owners := "/applications/" + id + "/owners"
	for _, owner := range []string{w.person("mara").ObjectID, w.facts.ServicePrincipalID, w.person("admin").ObjectID} {
		w.must(204, "POST", owners+"/$ref", `{"@odata.id":"https://graph.test/v1.0/directoryObjects/`+owner+`"}`)
	}
	mara := w.person("mara")
	for options, want := range map[string]string{
		"$filter=displayName eq '" + mara.DisplayName + "'":          mara.ObjectID,
		"$filter=startsWith(displayName,'" + mara.DisplayName + "')": mara.ObjectID,
		"$filter=id ne '" + mara.ObjectID + "'":                      w.facts.ServicePrincipalID + ", " + w.person("admin").ObjectID,
		`$search="displayName:` + mara.DisplayName + `"`:             mara.ObjectID,
	} {
		w.must(400, "GET", query(owners, options), "")
		if got := field(w.must(200, "GET", query(owners, options, "$count=true"), "", eventual), "id"); got != want {
			t.Errorf("%s: %s, want %s", options, got, want)
		}
	}
	sorted := w.must(200, "GET", query(owners, "$orderby=displayName desc", "$count=true"), "", eventual)
	var names []string
	for _, v := range sorted.values() {
		names = append(names, strings.ToLower(fmt.Sprint(v["displayName"])))
	}
	if !slices.IsSortedFunc(names, func(a, b string) int { return strings.Compare(b, a) }) || len(names) != 3 {
		t.Errorf("sorted: %v", names)
	}
	// Objects of several types show what they have of the selection.
	got := w.must(200, "GET", query(owners, "$select=id,userPrincipalName,appId"), "")
	if keys := keysOf(got.values()[0]); !slices.Equal(keys, []string{"id", "userPrincipalName"}) {
		t.Errorf("a user shows %v", keys)
	}
	if keys := keysOf(got.values()[1]); !slices.Equal(keys, []string{"appId", "id"}) {
		t.Errorf("a service principal shows %v", keys)
	}
	if got := w.must(200, "GET", query(owners, "$select=appId"), ""); len(keysOf(got.values()[0])) != 0 || got.values()[0]["@odata.type"] != "#microsoft.graph.user" {
		t.Errorf("a user without what is selected: %v", got.values()[0])
	}
	ids := `{"ids":["` + mara.ObjectID + `","` + w.facts.ServicePrincipalID + `"]}`
	if got := w.must(200, "POST", "/directoryObjects/getByIds?$select=userPrincipalName,appId", ids); len(got.values()) != 2 {
		t.Errorf("by ids: %s", got.Body)
	}
	// References come in pages, too.
	refs := w.must(200, "GET", owners+"/$ref?$top=2", "")
	next := w.must(200, "GET", strings.TrimPrefix(refs.str("@odata.nextLink"), "https://graph.test/v1.0"), "")
	if len(refs.values()) != 2 || field(next, "@odata.id") != "https://graph.test/v1.0/directoryObjects/"+w.person("admin").ObjectID {
		t.Errorf("references: %s, then %s", refs.Body, next.Body)
	}
	owned := "/servicePrincipals/" + w.facts.ServicePrincipalID + "/ownedObjects"
	if got := w.must(200, "GET", query(owned, "$filter=displayName eq 'Owned'", "$count=true"), "", eventual); field(got, "id") != id {
		t.Errorf("owned: %s", got.Body)
	}
	if n := w.raw(query(owned+"/$count", "$filter=displayName eq 'Owned'"), eventual); string(n.Body) != "1" {
		t.Errorf("%s owned", n.Body)
	}
}

func TestQueriesOfAssignments(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	held := "/servicePrincipals/" + w.facts.ServicePrincipalID + "/appRoleAssignments"
	first := w.must(200, "GET", held, "").values()
	resource := fmt.Sprint(first[0]["resourceId"])
	for filter, want := range map[string]int{
		"resourceId eq " + resource:                      len(first),
		"resourceId eq " + w.facts.TenantID:              0,
		"startsWith(principalDisplayName,'no such one')": 0,
	} {
		if got := w.must(200, "GET", query(held, "$filter="+filter), ""); len(got.values()) != want {
			t.Errorf("%s: %d, want %d", filter, len(got.values()), want)
		}
	}
	if n := w.raw(held+"/$count", eventual); string(n.Body) != fmt.Sprint(len(first)) {
		t.Errorf("%s of %d", n.Body, len(first))
	}
}

// TestExpandedRelations: each relation that $expand follows shows what its own address lists, up to 20.
func TestExpandedRelations(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, appID := w.app("Expanded")
	app := "/applications/" + id
	for i := range 20 {
		w.must(201, "POST", app+"/federatedIdentityCredentials", trust(fmt.Sprintf(`"name":"name-%d","subject":"s%d"`, i, i)))
	}
	w.must(201, "POST", app+"/extensionProperties", extension(``))
	sp := "/servicePrincipals/" + w.must(201, "POST", "/servicePrincipals", `{"appId":"`+appID+`"}`).str("id")
	spID := strings.TrimPrefix(sp, "/servicePrincipals/")
	graphID := w.must(200, "GET", "/servicePrincipals(appId='"+tenant.MicrosoftGraphClientID+"')?$select=id", "").str("id")
	w.must(201, "POST", "/oauth2PermissionGrants", `{"clientId":"`+spID+`","resourceId":"`+graphID+`","consentType":"AllPrincipals","scope":"User.Read"}`)
	for _, object := range []string{app, sp} {
		w.must(204, "POST", object+"/owners/$ref", `{"@odata.id":"https://graph.test/v1.0/directoryObjects/`+w.facts.ServicePrincipalID+`"}`)
	}
	automation := "/servicePrincipals/" + w.facts.ServicePrincipalID
	for _, path := range []string{app + "/owners", app + "/federatedIdentityCredentials", app + "/extensionProperties", app + "/appManagementPolicies", sp + "/owners",
		sp + "/oauth2PermissionGrants", automation + "/ownedObjects", automation + "/appRoleAssignments", "/servicePrincipals/" + graphID + "/appRoleAssignedTo"} {
		at := strings.LastIndex(path, "/")
		relation := path[at+1:]
		want := w.must(200, "GET", path, "")
		got := w.must(200, "GET", query(path[:at], "$expand="+relation, "$select=displayName"), "")
		related, _ := got.body[relation].([]any)
		if fmt.Sprint(related) != fmt.Sprint(want.body["value"].([]any)[:min(20, len(want.values()))]) { //nolint:forcetypeassert // A list.
			t.Errorf("%s: %v\nwant %s", path, related, want.Body)
		}
		if len(related) == 0 && relation != "appManagementPolicies" {
			t.Errorf("%s: nothing to compare", path)
		}
		if keys := got.keys(); !slices.Equal(keys, []string{"displayName", relation}) && !slices.Equal(keys, []string{relation, "displayName"}) {
			t.Errorf("%s: keys %v", path, keys)
		}
	}
	listed := w.must(200, "GET", query("/servicePrincipals", "$filter=id eq '"+spID+"'", "$expand=oauth2PermissionGrants($select=scope)"), "")
	if got := fmt.Sprint(listed.values()[0]["oauth2PermissionGrants"]); got != "[map[scope:User.Read]]" {
		t.Errorf("in a list: %s", got)
	}
	// Who may not read a relation may not expand it.
	w.as = "reader"
	w.must(200, "GET", sp+"?$expand=owners", "")
	w.must(403, "GET", sp+"?$expand=oauth2PermissionGrants", "")
	w.must(403, "GET", app+"?$expand=appManagementPolicies", "")
}

// TestExpandShowsTwenty: a relation of more is cut.
func TestExpandShowsTwenty(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.as = "owner"
	for i := range 21 {
		w.app(fmt.Sprint("Mine ", i))
	}
	got := w.must(200, "GET", "/servicePrincipals/"+w.facts.ServicePrincipalID+"?$expand=ownedObjects($select=id)", "")
	if owned, _ := got.body["ownedObjects"].([]any); len(owned) != 20 {
		t.Errorf("%d shown", len(owned))
	}
}
