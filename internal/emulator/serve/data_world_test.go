package serve_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/keyvault"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// graph sends a request as the automation application; known are the ids of what was made so far, by the names that paths
// and bodies use for them.
func (r *running) graph(known map[string]string, method, path, body string) (reply []byte) {
	r.t.Helper()
	pairs := []string{"{base}", r.BaseURL}
	for name, id := range known {
		pairs = append(pairs, "{"+name+"}", id)
	}
	fill, header := strings.NewReplacer(pairs...), r.bearer()
	header.Set("Prefer", "create-if-missing")
	if method == http.MethodPut {
		header.Set("Content-Type", "image/png")
	}
	reply, status := r.send(method, r.BaseURL+"/v1.0"+fill.Replace(path), strings.NewReader(fill.Replace(body)), header)
	if status >= 300 {
		r.t.Fatalf("%s %s: %d %s", method, path, status, reply)
	}
	return reply
}

// worldWrites bring a value into every place that has one. {name} is the id of what the step of that name has made.
func worldWrites(certificate string) [][4]string {
	const pixel = "\x89PNG\r\n\x1a\n"
	return [][4]string{
		{"app", "POST", "/applications", `{"displayName":"Everything","description":"d","notes":"n","tags":["t"],"signInAudience":"AzureADMultipleOrgs",
			"isFallbackPublicClient":true,"identifierUris":["https://bergsee.onmicrosoft.com/everything"],"optionalClaims":{"idToken":[{"name":"email"}]},
			"web":{"homePageUrl":"https://a.example","redirectUris":["https://a.example/in"]},"spa":{"redirectUris":["https://a.example/spa"]},
			"api":{"requestedAccessTokenVersion":2,"oauth2PermissionScopes":[{"id":"22222222-2222-4222-8222-222222222222","value":"Use","type":"User","isEnabled":true}]},
			"appRoles":[{"id":"33333333-3333-4333-8333-333333333333","value":"Run","displayName":"Run","description":"Run","allowedMemberTypes":["Application","User"],"isEnabled":true}],
			"requiredResourceAccess":[{"resourceAppId":"00000003-0000-0000-c000-000000000000","resourceAccess":[{"id":"e1fe6dd8-ba31-4d61-89e7-88639da4683d","type":"Scope"}]}]}`},
		{"", "PATCH", "/applications/{app}", `{"keyCredentials":[{"type":"AsymmetricX509Cert","usage":"Verify","key":"` + certificate + `"}]}`},
		{"", "PUT", "/applications/{app}/logo", pixel},
		{"", "POST", "/applications/{app}/addPassword", `{"passwordCredential":{"displayName":"staying"}}`},
		{"", "POST", "/applications/{app}/federatedIdentityCredentials", `{"name":"shop","issuer":"https://issuer.example","subject":"s","audiences":["api://AzureADTokenExchange"]}`},
		{"", "POST", "/applications/{app}/owners/$ref", `{"@odata.id":"{base}/v1.0/directoryObjects/{user}"}`},
		{"sp", "POST", "/servicePrincipals", `{"appId":"{client}","notes":"n","tags":["own"],"appRoleAssignmentRequired":true}`},
		{"", "POST", "/servicePrincipals/{sp}/addPassword", `{}`},
		{"", "POST", "/servicePrincipals/{sp}/owners/$ref", `{"@odata.id":"{base}/v1.0/directoryObjects/{user}"}`},
		{"", "POST", "/servicePrincipals/{sp}/appRoleAssignedTo", `{"principalId":"{user}","resourceId":"{sp}","appRoleId":"33333333-3333-4333-8333-333333333333"}`},
		{"", "POST", "/oauth2PermissionGrants", `{"clientId":"{sp}","resourceId":"{graph}","consentType":"AllPrincipals","scope":"User.Read"}`},
		{"", "POST", "/oauth2PermissionGrants", `{"clientId":"{sp}","resourceId":"{graph}","consentType":"Principal","principalId":"{user}","scope":"Mail.Read"}`},
		{"policy", "POST", "/policies/appManagementPolicies", `{"displayName":"p","description":"d","isEnabled":true,"restrictions":{"passwordCredentials":[{"restrictionType":"passwordLifetime","state":"enabled","maxLifetime":"P90D"}]}}`},
		{"", "POST", "/applications/{app}/appManagementPolicies/$ref", `{"@odata.id":"{base}/v1.0/policies/appManagementPolicies/{policy}"}`},
		{"", "PATCH", "/policies/defaultAppManagementPolicy", `{"isEnabled":true,"applicationRestrictions":{"passwordCredentials":[{"restrictionType":"passwordLifetime","state":"enabled","maxLifetime":"P30D"}]}}`},
		{"", "PATCH", "/policies/authorizationPolicy", `{"defaultUserRolePermissions":{"permissionGrantPoliciesAssigned":[]}}`},
		{"", "PATCH", "/applications(uniqueName='named')", `{"displayName":"Named"}`},
		{"gone", "POST", "/applications", `{"displayName":"Deleted"}`},
		{"", "DELETE", "/applications/{gone}", ""},
		{"removed", "POST", "/applications", `{"displayName":"Removed"}`},
		{"", "DELETE", "/applications/{removed}", ""},
		{"", "DELETE", "/directory/deletedItems/{removed}", ""},
	}
}

// worldReads show every place.
func worldReads() []string {
	return []string{
		"/applications", "/applications/{app}", "/applications/{app}?$select=keyCredentials", "/applications/{app}/logo", "/applications/{app}/owners",
		"/applications/{app}/federatedIdentityCredentials", "/applications/{app}/appManagementPolicies", "/applications(uniqueName='named')", "/servicePrincipals",
		"/servicePrincipals/{sp}", "/servicePrincipals/{sp}/owners", "/servicePrincipals/{sp}/appRoleAssignedTo", "/servicePrincipals/{graph}/appRoleAssignedTo",
		"/oauth2PermissionGrants", "/users", "/organization", "/domains", "/directory/deletedItems/microsoft.graph.application",
		"/policies/defaultAppManagementPolicy", "/policies/appManagementPolicies", "/policies/authorizationPolicy",
	}
}

// fillWorld makes worldWrites and gives the ids that they go by.
func (r *running) fillWorld() map[string]string {
	r.t.Helper()
	check(r.t, r.emulator.SetRoles(r.emulator.Facts().ClientID, "Application.ReadWrite.All", "AppRoleAssignment.ReadWrite.All", "Directory.Read.All",
		"DelegatedPermissionGrant.ReadWrite.All", "Policy.Read.All", "Policy.ReadWrite.ApplicationConfiguration", "Policy.ReadWrite.Authorization"))
	known := map[string]string{"user": r.emulator.Facts().Users[1].ObjectID}
	for _, sp := range r.emulator.Objects(tenant.ServicePrincipal) {
		if sp.String("appId") == tenant.MicrosoftGraphClientID {
			known["graph"] = sp.String("id")
		}
	}
	for _, write := range worldWrites(selfSigned(r.t)) {
		reply := r.graph(known, write[1], write[2], write[3])
		if write[0] != "" {
			var made struct{ ID, AppID string }
			check(r.t, json.Unmarshal(reply, &made))
			known[write[0]] = made.ID
			if write[0] == "app" {
				known["client"] = made.AppID
			}
		}
	}
	_, err := r.emulator.Vaults().Add(keyvault.MainVault, "mail-import", "value", map[string]string{"team": "shop"})
	check(r.t, err)
	check(r.t, r.emulator.Vaults().SetAccess(keyvault.MainVault, keyvault.Access{RBAC: true}))
	check(r.t, r.emulator.SetConditionalAccess(tenant.GrantControls()[1]))
	careful := r.emulator.Accounts()[2]
	careful.SecondFactor, careful.Locked, careful.Administrator = "424242", true, true
	r.emulator.SetAccount(careful)
	return known
}

// selfSigned is a certificate as Graph takes it.
func selfSigned(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	check(t, err)
	return base64.StdEncoding.EncodeToString(der)
}

// TestDataHoldsEverything restarts an emulator whose tenant has something in every place, and looks everywhere as a
// client does.
func TestDataHoldsEverything(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "tenants.json")
	first := startWith(t, file)
	known := first.fillWorld()
	look := func(r *running) map[string]string {
		shown := map[string]string{}
		for _, path := range worldReads() {
			shown[path] = strings.ReplaceAll(string(r.graph(known, http.MethodGet, path, "")), r.BaseURL, "")
		}
		return shown
	}
	before := look(first)
	saved := first.emulator.Snapshot()
	people, secrets, access := first.emulator.Accounts(), first.emulator.Vaults().Secrets(), first.emulator.Vaults().Access(keyvault.MainVault)
	check(t, first.Close())
	second := startWith(t, file)
	if !reflect.DeepEqual(second.emulator.Accounts(), people) || !reflect.DeepEqual(second.emulator.Vaults().Secrets(), secrets) ||
		!reflect.DeepEqual(second.emulator.Vaults().Access(keyvault.MainVault), access) || len(secrets) != 1 {
		t.Error("people, or what the vault holds, aren't as they were")
	}
	if got := second.emulator.Objects(tenant.ConditionalAccessPolicy); len(got) != 1 {
		t.Errorf("conditional access: %v", got)
	}
	for path, text := range look(second) {
		if text != before[path] {
			t.Errorf("%s was\n%s\nand is\n%s", path, before[path], text)
		}
	}
	was, err := json.Marshal(saved)
	check(t, err)
	is, err := json.Marshal(second.emulator.Snapshot())
	check(t, err)
	if string(was) != string(is) {
		t.Error("what isn't shown isn't as it was")
	}
}
