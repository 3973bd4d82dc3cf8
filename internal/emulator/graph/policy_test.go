package graph_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/graph"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// governor lets "governor" write policies, besides what automation may.
func governor(c *graph.Config) {
	known, _ := c.Authority.(callers)
	caller := known["automation"]
	caller.Roles = slices.Concat(caller.Roles, []string{"Policy.ReadWrite.ApplicationConfiguration", "Policy.ReadWrite.Authorization"})
	known["governor"] = caller
}

const (
	defaultPolicy = "/policies/defaultAppManagementPolicy"
	customPolicy  = "/policies/appManagementPolicies"
)

func rule(kind, lifetime string) string {
	if lifetime == "" {
		return `{"restrictionType":"` + kind + `","state":"enabled"}`
	}
	return `{"restrictionType":"` + kind + `","state":"enabled","maxLifetime":"` + lifetime + `"}`
}

func TestDefaultPolicyIsWrittenAndEnforced(t *testing.T) {
	t.Parallel()
	w := newWorld(t, governor)
	id, _ := w.app("Governed")
	sp, _ := w.principal("Governed principal")
	w.must(403, "PATCH", defaultPolicy, `{"isEnabled":true}`)
	w.as = "governor"
	w.must(204, "PATCH", defaultPolicy, `{"isEnabled":true,"applicationRestrictions":{"passwordCredentials":[`+rule("passwordLifetime", "P90D")+`],
		"identifierUris":{"nonDefaultUriAddition":{"state":"enabled"}}},
		"servicePrincipalRestrictions":{"passwordCredentials":[`+rule("passwordAddition", "")+`]}}`)
	read := w.must(200, "GET", defaultPolicy, "")
	restrictions, _ := read.body["applicationRestrictions"].(map[string]any)
	if kept, _ := restrictions["keyCredentials"].([]any); read.body["isEnabled"] != true || kept == nil {
		t.Errorf("read: %v", read.body)
	}
	if got := w.must(400, "POST", "/applications/"+id+"/addPassword", `{}`); got.code() != "CredentialInvalidLifetimeAsPerAppPolicy" {
		t.Errorf("application: %s", got.Body)
	}
	w.must(200, "POST", "/applications/"+id+"/addPassword", `{"passwordCredential":{"endDateTime":"2027-01-01T00:00:00Z"}}`)
	if got := w.must(400, "POST", "/servicePrincipals/"+sp+"/addPassword", `{}`); got.code() != "CredentialTypeNotAllowedAsPerAppPolicy" {
		t.Errorf("service principal: %s", got.Body)
	}
	w.must(400, "PATCH", "/applications/"+id, `{"identifierUris":["https://`+w.facts.Domain+`/x"]}`)
	appID := w.must(200, "GET", "/applications/"+id, "").str("appId")
	w.must(204, "PATCH", "/applications/"+id, `{"identifierUris":["api://`+appID+`"]}`)
	for _, bad := range []string{`{"isEnabled":null}`, `{"isEnabled":"x"}`, `{"deletedDateTime":"2026-01-01T00:00:00Z"}`, `{"foo":1}`,
		`{"applicationRestrictions":{"passwordCredentials":[` + rule("passwordLifetime", "") + `]}}`,
		`{"applicationRestrictions":{"passwordCredentials":[` + rule("passwordLifetime", "90 days") + `]}}`,
		`{"applicationRestrictions":{"passwordCredentials":[` + rule("passwordAddition", "P1D") + `]}}`,
		`{"applicationRestrictions":{"passwordCredentials":[` + rule("anything", "") + `]}}`} {
		w.must(400, "PATCH", defaultPolicy, bad)
	}
}

func TestCustomPolicyOverridesTheDefault(t *testing.T) {
	t.Parallel()
	w := newWorld(t, governor)
	id, _ := w.app("Custom")
	w.as = "governor"
	w.must(204, "PATCH", defaultPolicy, `{"isEnabled":true,"applicationRestrictions":{"passwordCredentials":[`+rule("passwordAddition", "")+`]}}`)
	w.must(400, "POST", "/applications/"+id+"/addPassword", `{}`)
	w.must(400, "POST", customPolicy, `{}`)
	policy := w.must(201, "POST", customPolicy, `{"displayName":"Looser","isEnabled":true,"restrictions":{"passwordCredentials":[`+rule("passwordLifetime", "P30D")+`]}}`).str("id")
	reference := `{"@odata.id":"https://graph.test/v1.0/policies/appManagementPolicies/` + policy + `"}`
	path := "/applications/" + id + "/appManagementPolicies"
	w.must(204, "POST", path+"/$ref", reference)
	w.must(400, "POST", path+"/$ref", reference)
	if got := w.must(200, "GET", path, "").values(); len(got) != 1 || got[0]["id"] != policy {
		t.Errorf("assigned: %v", got)
	}
	got := w.must(400, "POST", "/applications/"+id+"/addPassword", `{}`)
	if want := "Credential lifetime exceeds the max value allowed as per assigned policy '" + policy + "'."; got.message() != want {
		t.Errorf("%s, want %s", got.message(), want)
	}
	w.must(204, "PATCH", customPolicy+"/"+policy, `{"restrictions":{"passwordCredentials":[]}}`)
	w.must(200, "POST", "/applications/"+id+"/addPassword", `{}`)
	w.must(204, "DELETE", path+"/"+policy+"/$ref", "")
	w.must(404, "DELETE", path+"/"+policy+"/$ref", "")
	w.must(400, "POST", "/applications/"+id+"/addPassword", `{}`)
	w.must(204, "POST", path+"/$ref", reference)
	w.must(204, "DELETE", customPolicy+"/"+policy, "")
	w.must(404, "GET", customPolicy+"/"+policy, "")
	if got := w.must(200, "GET", customPolicy, "").values(); len(got) != 0 {
		t.Errorf("left: %v", got)
	}
	w.must(400, "POST", "/applications/"+id+"/addPassword", `{}`)
}

func TestUserConsentPolicy(t *testing.T) {
	t.Parallel()
	w := newWorld(t, governor)
	const path = "/policies/authorizationPolicy"
	consent := func() string {
		permissions, _ := w.must(200, "GET", path, "").body["defaultUserRolePermissions"].(map[string]any)
		if permissions["allowedToCreateApps"] != true {
			t.Errorf("the rest is lost: %v", permissions)
		}
		return fmt.Sprint(permissions["permissionGrantPoliciesAssigned"])
	}
	if got, want := consent(), "["+tenant.ConsentAllowed+"]"; got != want {
		t.Errorf("at first %s, want %s", got, want)
	}
	w.must(403, "PATCH", path, `{}`)
	w.as = "governor"
	for _, assigned := range []string{"ManagePermissionGrantsForSelf.microsoft-user-default-recommended", ""} {
		list := `[]`
		if assigned != "" {
			list = `["` + assigned + `"]`
		}
		w.must(204, "PATCH", path, `{"defaultUserRolePermissions":{"permissionGrantPoliciesAssigned":`+list+`}}`)
		if got := consent(); got != "["+assigned+"]" {
			t.Errorf("%s, want %s", got, list)
		}
	}
	w.must(400, "PATCH", path, `{"defaultUserRolePermissions":null}`)
	// Members register applications only while the tenant lets them.
	w.as = "member"
	w.must(201, "POST", "/applications", `{"displayName":"A member's"}`)
	w.as = "governor"
	w.must(204, "PATCH", path, `{"defaultUserRolePermissions":{"allowedToCreateApps":false}}`)
	w.as = "member"
	w.must(403, "POST", "/applications", `{"displayName":"A member's"}`)
	w.as = "admin"
	w.must(201, "POST", "/applications", `{"displayName":"An administrator's"}`)
}
