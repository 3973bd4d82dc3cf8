package emulator_test

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/appreg/terraform-provider-appreg/internal/emulator"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// tokenFor signs a client in by its secret; without a token it gives the AADSTS number.
func (c *client) tokenFor(clientID, secret string) (token string, refusal int) {
	c.t.Helper()
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {clientID}, "client_secret": {secret},
		"scope": {origin + "/.default"}}
	r := httptest.NewRequestWithContext(c.t.Context(), "POST", origin+"/"+c.e.Facts().TenantID+"/oauth2/v2.0/token", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	c.e.ServeHTTP(w, r)
	var reply struct {
		AccessToken string `json:"access_token"`
		Codes       []int  `json:"error_codes"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &reply); err != nil {
		c.t.Fatal(err)
	}
	if len(reply.Codes) > 0 {
		return "", reply.Codes[0]
	}
	return reply.AccessToken, 0
}

// TestRightsFromGraphToToken follows a role and a secret of a service principal from where they are written to the token
// that shows them, and to the calls that the token is good for.
func TestRightsFromGraphToToken(t *testing.T) {
	t.Parallel()
	c := start(t)
	if err := c.e.SetRoles(c.e.Facts().ClientID, slices.Concat(tenant.AutomationRoles(), []string{"AppRoleAssignment.ReadWrite.All"})...); err != nil {
		t.Fatal(err)
	}
	c.signIn()
	app := c.must(201, "POST", "/applications", `{"displayName":"Product"}`)
	clientID := fmt.Sprint(app["appId"])
	sp := c.must(201, "POST", "/servicePrincipals", `{"appId":"`+clientID+`"}`)
	path := fmt.Sprintf("/servicePrincipals/%s", sp["id"])
	secret := c.must(200, "POST", path+"/addPassword", `{}`)
	text := fmt.Sprint(secret["secretText"])
	if !slices.Contains(c.e.Issued().Secrets, text) {
		t.Error("the secret isn't among those issued")
	}
	api := c.must(200, "GET", "/servicePrincipals(appId='"+tenant.MicrosoftGraphClientID+"')?$select=id", "")
	const readAll = "9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30" // Application.Read.All
	product := &client{t: t, e: c.e}
	reads := func(status int) {
		t.Helper()
		token, refusal := c.tokenFor(clientID, text)
		if refusal != 0 {
			t.Fatalf("refused by AADSTS%d", refusal)
		}
		product.token = token
		product.must(status, "GET", "/applications", "")
	}
	reads(403)
	held := c.must(201, "POST", path+"/appRoleAssignments", fmt.Sprintf(`{"principalId":%q,"resourceId":%q,"appRoleId":%q}`, sp["id"], api["id"], readAll))
	reads(200)
	product.must(403, "POST", "/applications", `{"displayName":"x"}`)
	c.must(204, "DELETE", fmt.Sprintf("%s/appRoleAssignments/%s", path, held["id"]), "")
	reads(403)
	c.must(204, "POST", path+"/removePassword", fmt.Sprintf(`{"keyId":%q}`, secret["keyId"]))
	if _, refusal := c.tokenFor(clientID, text); refusal != 7000215 {
		t.Errorf("a removed secret is refused by AADSTS%d", refusal)
	}
}

// TestRightsSurviveTheDataFile keeps policies, roles and secrets of service principals in a snapshot.
func TestRightsSurviveTheDataFile(t *testing.T) {
	t.Parallel()
	c := start(t)
	if err := c.e.SetRoles(c.e.Facts().ClientID, slices.Concat(tenant.AutomationRoles(),
		[]string{"AppRoleAssignment.ReadWrite.All", "Policy.ReadWrite.ApplicationConfiguration", "Policy.ReadWrite.Authorization"})...); err != nil {
		t.Fatal(err)
	}
	c.signIn()
	app := c.must(201, "POST", "/applications", `{"displayName":"Kept"}`)
	clientID := fmt.Sprint(app["appId"])
	sp := c.must(201, "POST", "/servicePrincipals", `{"appId":"`+clientID+`"}`)
	text := fmt.Sprint(c.must(200, "POST", fmt.Sprintf("/servicePrincipals/%s/addPassword", sp["id"]), `{}`)["secretText"])
	policy := c.must(201, "POST", "/policies/appManagementPolicies", `{"displayName":"No secrets","isEnabled":true,
		"restrictions":{"passwordCredentials":[{"restrictionType":"passwordAddition","state":"enabled"}]}}`)
	c.must(204, "POST", fmt.Sprintf("/applications/%s/appManagementPolicies/$ref", app["id"]),
		fmt.Sprintf(`{"@odata.id":"%s/v1.0/policies/appManagementPolicies/%s"}`, origin, policy["id"]))
	c.must(204, "PATCH", "/policies/authorizationPolicy", `{"defaultUserRolePermissions":{"permissionGrantPoliciesAssigned":[]}}`)

	saved, err := json.Marshal(c.e.Snapshot())
	if err != nil {
		t.Fatal(err)
	}
	var snapshot tenant.Snapshot
	if err := json.Unmarshal(saved, &snapshot); err != nil {
		t.Fatal(err)
	}
	again := start(t, emulator.WithData(snapshot))
	if _, refusal := again.tokenFor(clientID, text); refusal != 0 {
		t.Errorf("the secret is refused by AADSTS%d", refusal)
	}
	refused, _ := again.must(400, "POST", fmt.Sprintf("/applications/%s/addPassword", app["id"]), `{}`)["error"].(map[string]any)
	if refused["code"] != "CredentialTypeNotAllowedAsPerAppPolicy" {
		t.Errorf("the policy is lost: %v", refused)
	}
	rules, _ := again.must(200, "GET", "/policies/authorizationPolicy", "")["defaultUserRolePermissions"].(map[string]any)
	if assigned, ok := rules["permissionGrantPoliciesAssigned"].([]any); !ok || len(assigned) != 0 {
		t.Errorf("users may consent again: %v", rules)
	}
}
