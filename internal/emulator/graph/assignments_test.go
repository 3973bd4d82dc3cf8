package graph_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/graph"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// mailReadWrite is the application permission Mail.ReadWrite of Microsoft Graph.
const mailReadWrite = "e2a3a72e-5f79-4c64-b1b1-878b674786c9"

// assigner lets an application assign roles, besides what automation may.
func assigner(c *graph.Config) {
	known, _ := c.Authority.(callers)
	caller := known["automation"]
	caller.Roles = slices.Concat(caller.Roles, []string{"AppRoleAssignment.ReadWrite.All"})
	known["assigner"] = caller
}

// principal makes an application with its service principal.
func (w *world) principal(name string) (id, appID string) {
	w.t.Helper()
	_, appID = w.app(name)
	return w.must(201, "POST", "/servicePrincipals", `{"appId":"`+appID+`"}`).str("id"), appID
}

func (w *world) graphPrincipal() string {
	w.t.Helper()
	return w.must(200, "GET", "/servicePrincipals(appId='"+tenant.MicrosoftGraphClientID+"')?$select=id", "").str("id")
}

func TestAppRoleAssignments(t *testing.T) {
	t.Parallel()
	w := newWorld(t, assigner)
	client, appID := w.principal("Client")
	other, _ := w.principal("Other")
	api := w.graphPrincipal()
	body := func(principal, resource, role string) string {
		return fmt.Sprintf(`{"principalId":%q,"resourceId":%q,"appRoleId":%q}`, principal, resource, role)
	}
	w.must(403, "POST", "/servicePrincipals/"+client+"/appRoleAssignments", body(client, api, mailReadWrite))
	w.as = "assigner"
	made := w.must(201, "POST", "/servicePrincipals(appId='"+appID+"')/appRoleAssignments", body(client, api, mailReadWrite))
	wantKeys := strings.Fields("appRoleId createdDateTime deletedDateTime id principalDisplayName principalId principalType resourceDisplayName resourceId")
	if got := made.keys(); !slices.Equal(got, wantKeys) {
		t.Errorf("keys %v, want %v", got, wantKeys)
	}
	prefix, err := tenant.GrantID(client, client, "")
	if err != nil {
		t.Fatal(err)
	}
	if id := made.str("id"); len(id) != 43 || id[:21] != prefix[:21] || made.str("principalDisplayName") != "Client" ||
		made.str("principalType") != "ServicePrincipal" || made.str("resourceDisplayName") != "Microsoft Graph" {
		t.Errorf("made %v", made.body)
	}
	for _, refused := range []struct{ path, body, message string }{
		{client + "/appRoleAssignments", body(client, api, mailReadWrite), "Permission being assigned already exists on the object"},
		{client + "/appRoleAssignments", body(client, api, appID), "Permission being assigned was not found on application"},
		{client + "/appRoleAssignments", body(client, api, "00000000-0000-0000-0000-000000000000"), "Permission being assigned was not found on application"},
		{client + "/appRoleAssignments", body(other, api, mailReadWrite), "Not a valid reference update."},
		{client + "/appRoleAssignments", body(client, appID, mailReadWrite), "Not a valid reference update."},
		{client + "/appRoleAssignedTo", body(client, api, mailReadWrite), "Not a valid reference update."},
		{api + "/appRoleAssignedTo", body(appID, api, mailReadWrite), "Not a valid reference update."},
		{client + "/appRoleAssignments", `{"principalId":"` + client + `","resourceId":"` + api + `"}`, "Not a valid reference update."},
	} {
		if got := w.must(400, "POST", "/servicePrincipals/"+refused.path, refused.body); got.code() != "Request_BadRequest" || got.message() != refused.message {
			t.Errorf("%v: %s", refused, got.Body)
		}
	}
	// A person is assigned to an application without roles at the resource's end.
	mara := w.person("mara").ObjectID
	person := w.must(201, "POST", "/servicePrincipals/"+client+"/appRoleAssignedTo", body(mara, client, "00000000-0000-0000-0000-000000000000"))
	if person.str("principalType") != "User" || person.str("principalDisplayName") != "Mara Meise" {
		t.Errorf("a person's: %v", person.body)
	}
	path := "/servicePrincipals/" + client + "/appRoleAssignments/" + made.str("id")
	w.must(200, "GET", path, "")
	w.must(405, "PATCH", path, `{}`)
	w.must(404, "GET", "/servicePrincipals/"+other+"/appRoleAssignments/"+made.str("id"), "")
	if got := w.must(200, "GET", "/servicePrincipals/"+api+"/appRoleAssignedTo", "").values(); !slices.ContainsFunc(got, func(m map[string]any) bool { return m["id"] == made.str("id") }) {
		t.Errorf("assigned to the API: %v", got)
	}
	w.must(204, "DELETE", path, "")
	w.must(404, "DELETE", path, "")
	w.must(204, "DELETE", "/servicePrincipals/"+client+"/appRoleAssignedTo/"+person.str("id"), "")
	if got := w.must(200, "GET", "/servicePrincipals/"+client+"/appRoleAssignments", "").values(); len(got) != 0 {
		t.Errorf("left: %v", got)
	}
}

func TestPrincipalHoldsSecretsAndOwners(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, _ := w.principal("Holder")
	made := w.must(200, "POST", "/servicePrincipals/"+id+"/addPassword", `{"passwordCredential":{"displayName":"own"}}`)
	if got := made.keys(); !slices.Equal(got, slices.Sorted(slices.Values(secretKeys))) || made.str("secretText") == "" {
		t.Errorf("made %v", made.body)
	}
	read := w.must(200, "GET", "/servicePrincipals/"+id, "")
	if !strings.Contains(string(read.Body), made.str("keyId")) || strings.Contains(string(read.Body), made.str("secretText")) {
		t.Errorf("read %s", read.Body)
	}
	if text, ok := w.cloud.Secret(made.str("keyId")); !ok || text != made.str("secretText") {
		t.Error("sign-in doesn't know the secret")
	}
	w.must(204, "POST", "/servicePrincipals/"+id+"/removePassword", `{"keyId":"`+made.str("keyId")+`"}`)
	w.must(400, "POST", "/servicePrincipals/"+id+"/removePassword", `{"keyId":"`+made.str("keyId")+`"}`)

	owner := `{"@odata.id":"https://graph.test/v1.0/directoryObjects/` + w.facts.ServicePrincipalID + `"}`
	w.must(204, "POST", "/servicePrincipals/"+id+"/owners/$ref", owner)
	w.must(400, "POST", "/servicePrincipals/"+id+"/owners/$ref", owner)
	if got := w.must(200, "GET", "/servicePrincipals/"+id+"/owners/$ref", "").values(); len(got) != 1 ||
		got[0]["@odata.id"] != "https://graph.test/v1.0/directoryObjects/"+w.facts.ServicePrincipalID {
		t.Errorf("references: %v", got)
	}
	owned := w.must(200, "GET", "/servicePrincipals/"+w.facts.ServicePrincipalID+"/ownedObjects", "").values()
	if len(owned) != 1 || owned[0]["id"] != id || owned[0]["@odata.type"] != "#microsoft.graph.servicePrincipal" {
		t.Errorf("owned: %v", owned)
	}
	w.must(204, "DELETE", "/servicePrincipals/"+id+"/owners/"+w.facts.ServicePrincipalID+"/$ref", "")
	w.must(404, "DELETE", "/servicePrincipals/"+id+"/owners/"+w.facts.ServicePrincipalID+"/$ref", "")
}

func TestFirstPartyPrincipals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := "/servicePrincipals/" + w.graphPrincipal()
	for _, call := range [][3]string{{"PATCH", "", `{"notes":"x"}`}, {"POST", "/addPassword", `{}`}, {"DELETE", "", ""},
		{"POST", "/owners/$ref", `{"@odata.id":"https://graph.test/v1.0/directoryObjects/` + w.facts.ServicePrincipalID + `"}`}} {
		w.must(403, call[0], path+call[1], call[2])
	}
	w.must(200, "GET", path+"/owners", "")
	lenient := newWorld(t, reading(graph.FirstPartyChanges, "accepted"))
	lenient.must(204, "PATCH", "/servicePrincipals/"+lenient.graphPrincipal(), `{"notes":"x"}`)
	lenient.must(403, "DELETE", "/servicePrincipals/"+lenient.graphPrincipal(), "")
}

func TestPublishedPermissions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for property, name := range map[string]string{"oauth2PermissionScopes": "Mail.Send", "appRoles": "Mail.ReadWrite"} {
		got := w.must(200, "GET", "/servicePrincipals(appId='"+tenant.MicrosoftGraphClientID+"')/"+property, "").values()
		if !slices.ContainsFunc(got, func(m map[string]any) bool { return m["value"] == name }) {
			t.Errorf("%s: %d without %s", property, len(got), name)
		}
	}
}
