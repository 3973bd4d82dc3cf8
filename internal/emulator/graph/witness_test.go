package graph_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
)

// The complete property sets of replies, as recorded in the documentation's samples of create.
var (
	applicationKeys = strings.Fields(`addIns api appId appRoles applicationTemplateId certification createdByAppId
		createdDateTime defaultRedirectUri deletedDateTime description disabledByMicrosoftStatus displayName
		groupMembershipClaims id identifierUris info isDeviceOnlyAuthSupported isDisabled isFallbackPublicClient
		keyCredentials nativeAuthenticationApisEnabled notes optionalClaims parentalControlSettings passwordCredentials
		publicClient publisherDomain requestSignatureVerification requiredResourceAccess samlMetadataUrl
		serviceManagementReference servicePrincipalLockConfiguration signInAudience spa tags tokenEncryptionKeyId
		uniqueName verifiedPublisher web`)
	principalKeys = strings.Fields(`accountEnabled addIns alternativeNames appDescription appDisplayName appId
		appOwnerOrganizationId appRoleAssignmentRequired appRoles applicationTemplateId createdByAppId createdDateTime
		deletedDateTime description disabledByMicrosoftStatus displayName homepage id info isDisabled keyCredentials
		loginUrl logoutUrl notes notificationEmailAddresses oauth2PermissionScopes passwordCredentials
		preferredSingleSignOnMode preferredTokenSigningKeyThumbprint replyUrls resourceSpecificApplicationPermissions
		samlSingleSignOnSettings servicePrincipalNames servicePrincipalType signInAudience tags tokenEncryptionKeyId
		verifiedPublisher`)
	secretKeys = strings.Fields(`customKeyIdentifier displayName endDateTime hint keyId secretText startDateTime`)
)

func TestRepliesHaveTheRecordedKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	app := w.must(201, "POST", "/applications", `{"displayName":"Keys"}`)
	for name, tt := range map[string]struct {
		got  answer
		want []string
	}{
		"new application":       {app, applicationKeys},
		"application":           {w.must(200, "GET", "/applications/"+app.str("id"), ""), applicationKeys},
		"new service principal": {w.must(201, "POST", "/servicePrincipals", `{"appId":"`+app.str("appId")+`"}`), principalKeys},
		"secret":                {w.must(200, "POST", "/applications/"+app.str("id")+"/addPassword", `{}`), secretKeys},
	} {
		want := slices.Sorted(slices.Values(tt.want))
		if got := tt.got.keys(); !slices.Equal(got, want) {
			t.Errorf("%s:\n got %v\nwant %v", name, got, want)
		}
	}
	api, _ := app.body["api"].(map[string]any)
	if got, want := keysOf(api), strings.Fields("acceptMappedClaims knownClientApplications oauth2PermissionScopes preAuthorizedApplications requestedAccessTokenVersion"); !slices.Equal(got, want) {
		t.Errorf("api: %v, want %v", got, want)
	}
	if got, want := app.str("@odata.context"), "https://graph.test/v1.0/$metadata#applications/$entity"; got != want {
		t.Errorf("context %q, want %q", got, want)
	}
}

// refusals is the table of requests and the refusals that the documentation, or a recorded reply, gives for them.
// source names the section: A for applications, S for service principals and consent, E for errors, C for clients.
var refusals = []struct {
	source, method, path, body string
	status                     int
	code, message              string // message is compared when it is given
}{
	{"A1", "GET", "/applications(appId='foo')", "", 400, "Request_BadRequest", "Invalid value specified for object reference property 'appId'. Please ensure that this value has an appropriate syntax and length."},
	{"A1", "GET", "/applications/{appId}", "", 404, "Request_ResourceNotFound", "Resource '{appId}' does not exist or one of its queried reference-property objects are not present."},
	{"A3", "POST", "/applications", `{}`, 400, "Request_BadRequest", ""},
	{"A3", "POST", "/applications", `{"displayName":"x","xyz":1}`, 400, "Request_BadRequest", "Invalid property 'xyz'."},
	{"A3", "POST", "/applications", `{"displayName":1}`, 400, "Request_BadRequest", ""},
	{"A3", "POST", "/applications", `{"displayName":"x","passwordCredentials":[{"secretText":"chosen"}]}`, 400, "Request_BadRequest", ""},
	{"A3", "POST", "/applications", `{"displayName":"x","web":{"redirectUris":"x"}}`, 400, "Request_BadRequest", ""},
	{"A4", "GET", "/applications/{id}?$select=foo", "", 400, "Request_BadRequest", "Could not find a property named 'foo' on type 'microsoft.graph.application'."},
	{"A4", "GET", "/applications?$top=1000", "", 400, "Request_UnsupportedQuery", ""},
	{"A4", "GET", "/applications?$filter=displayName+ne+'x'", "", 400, "Request_UnsupportedQuery", ""},
	{"A4", "GET", "/applications?$filter=notes+eq+'x'", "", 400, "Request_UnsupportedQuery", ""},
	{"A4", "GET", "/applications?$filter=contains(displayName,'x')", "", 400, "Request_UnsupportedQuery", ""},
	{"A4", "GET", "/applications?$filter=foo+eq+'x'", "", 400, "Request_BadRequest", "Could not find a property named 'foo' on type 'microsoft.graph.application'."},
	{"A4", "GET", "/applications?$orderby=displayName", "", 400, "Request_UnsupportedQuery", ""},
	{"E9", "GET", "/applications?$search=%22displayName:x%22", "", 400, "Request_UnsupportedQuery", "Request with $search query parameter only works through MSGraph with a special request header: 'ConsistencyLevel: eventual'"},
	{"E8", "GET", "/applications?$skip=1", "", 400, "Request_UnsupportedQuery", ""},
	{"A5", "PATCH", "/applications/{id}", `{"tags":null}`, 400, "Request_BadRequest", ""},
	{"A5", "PATCH", "/applications/{id}", `{"appId":"x"}`, 400, "Request_BadRequest", "Property 'appId' is read-only and cannot be set."},
	{"A5", "PATCH", "/applications/{id}", `{"passwordCredentials":[{"displayName":"x"}]}`, 400, "Request_BadRequest", "New password credentials must be generated using service actions."},
	{"A5", "PATCH", "/applications/{appId}", `{"notes":"x"}`, 404, "Request_ResourceNotFound", ""},
	{"A7", "POST", "/applications/{id}/addPassword", `{"passwordCredential":{"endDateTime":"2020-01-01T00:00:00Z"}}`, 400, "Request_BadRequest", ""},
	{"A7", "POST", "/applications/{id}/addPassword", `{"passwordCredential":{"startDateTime":"2027-01-02T00:00:00Z","endDateTime":"2027-01-01T00:00:00Z"}}`, 400, "Request_BadRequest", ""},
	{"A7", "POST", "/applications/{id}/addPassword", `{"passwordCredential":{"keyId":"{appId}"}}`, 400, "Request_BadRequest", ""},
	{"A7", "POST", "/applications/{id}/addPassword", `{"displayName":"x"}`, 400, "Request_BadRequest", ""},
	{"A7", "POST", "/applications/{id}/removePassword", `{"keyId":"{appId}"}`, 400, "Request_BadRequest", "No password credential found with keyId '{appId}'."},
	{"A2", "PATCH", "/applications/{id}", `{"info":{"logoUrl":"https://a.example/logo"}}`, 400, "Request_BadRequest", "Property 'logoUrl' is read-only and cannot be set."},
	{"A2", "PATCH", "/applications/{id}", `{"managerApplications":["{appId}"]}`, 400, "Request_BadRequest", ""},
	{"A2", "PATCH", "/applications/{id}", `{"publisherDomain":"a.example"}`, 400, "Request_BadRequest", "Property 'publisherDomain' is read-only and cannot be set."},
	{"A4", "GET", "/applications?$filter=notes+eq+null", "", 400, "Request_UnsupportedQuery", ""},
	{"A8", "POST", "/applications/{id}/addKey", `{"keyCredential":{"type":"AsymmetricX509Cert","usage":"Verify","key":"AAAA"},"proof":"x"}`, 400, "Request_BadRequest", ""},
	{"A8", "POST", "/applications/{id}/addKey", `{"keyCredential":{},"passwordCredential":{"secretText":"x"},"proof":"x"}`, 501, "NotImplemented", ""},
	{"A8", "POST", "/applications/{id}/addKey", `{"keyCredential":{"foo":1},"proof":"x"}`, 400, "Request_BadRequest", "Invalid property 'foo'."},
	{"A8", "POST", "/applications/{id}/removeKey", `{"keyId":"foo","proof":"x"}`, 400, "Request_BadRequest", ""},
	{"A8", "PATCH", "/applications/{id}", `{"keyCredentials":[{"type":"AsymmetricX509Cert","usage":"Sign","key":"AAAA"}]}`, 400, "Request_BadRequest", "Invalid value specified for property 'usage' of resource 'KeyCredential'."},
	{"A8", "PATCH", "/applications/{id}", `{"keyCredentials":[{"type":"AsymmetricX509Cert","usage":"Verify","key":null}]}`, 400, "Request_BadRequest", ""},
	{"A8", "PATCH", "/applications/{id}", `{"keyCredentials":[{"type":"Symmetric","usage":"Verify","key":"AAAA"}]}`, 501, "NotImplemented", ""},
	{"A9", "GET", "/applications/{id}/federatedIdentityCredentials/none", "", 404, "Request_ResourceNotFound", ""},
	{"A9", "DELETE", "/applications/{id}/federatedIdentityCredentials(name='none')", "", 404, "Request_ResourceNotFound", ""},
	{"A9", "PATCH", "/applications/{id}/federatedIdentityCredentials/none", `{"subject":"x"}`, 404, "Request_ResourceNotFound", ""},
	{"A9", "POST", "/applications/{id}/federatedIdentityCredentials", trust(`"name":"ab"`), 400, "Request_BadRequest", "Invalid value specified for property 'name' of resource 'FederatedIdentityCredential'."},
	{"A9", "POST", "/applications/{id}/federatedIdentityCredentials", trust(`"name":"-abc"`), 400, "Request_BadRequest", ""},
	{"A9", "POST", "/applications/{id}/federatedIdentityCredentials", trust(`"name":"a b c"`), 400, "Request_BadRequest", ""},
	{"A9", "POST", "/applications/{id}/federatedIdentityCredentials", trust(`"name":"` + letters(121) + `"`), 400, "Request_BadRequest", ""},
	{"A9", "POST", "/applications/{id}/federatedIdentityCredentials", trust(`"issuer":""`), 400, "Request_BadRequest", ""},
	{"A9", "POST", "/applications/{id}/federatedIdentityCredentials", trust(`"subject":null`), 400, "Request_BadRequest", ""},
	{"A9", "POST", "/applications/{id}/federatedIdentityCredentials", trust(`"subject":"` + letters(601) + `"`), 400, "Request_BadRequest", ""},
	{"A9", "POST", "/applications/{id}/federatedIdentityCredentials", trust(`"description":"` + letters(601) + `"`), 400, "Request_BadRequest", ""},
	{"A9", "POST", "/applications/{id}/federatedIdentityCredentials", trust(`"audiences":[]`), 400, "Request_BadRequest", ""},
	{"A9", "POST", "/applications/{id}/federatedIdentityCredentials", trust(`"audiences":["a","b"]`), 400, "Request_BadRequest", ""},
	{"A9", "POST", "/applications/{id}/federatedIdentityCredentials", trust(`"id":"{appId}"`), 400, "Request_BadRequest", ""},
	{"A9", "POST", "/applications/{id}/federatedIdentityCredentials", trust(`"claimsMatchingExpression":{}`), 400, "Request_BadRequest", "Invalid property 'claimsMatchingExpression'."},
	{"A10", "DELETE", "/applications/{id}/owners/{appId}/$ref", "", 404, "Request_ResourceNotFound", ""},
	{"A10", "PUT", "/applications/{id}/logo", `{}`, 415, "UnsupportedMediaType", ""},
	{"A10", "GET", "/applications/{id}/logo", "", 404, "Request_ResourceNotFound", ""},
	{"A11", "PATCH", "/applications/{id}", `{"requiredResourceAccess":[{"resourceAppId":"{appId}","resourceAccess":[{"id":"Mail.Send","type":"Scope"}]}]}`, 400, "Request_BadRequest", "Invalid value specified for property 'id' of resource 'ResourceAccess'."},
	{"A11", "PATCH", "/applications/{id}", `{"requiredResourceAccess":[{"resourceAppId":"{appId}","resourceAccess":[]},{"resourceAppId":"{appId}","resourceAccess":[]}]}`, 400, "Request_BadRequest", ""},
	{"A3", "PATCH", "/applications/{id}", `{"requiredResourceAccess":[{"resourceAppId":"foo","resourceAccess":[]}]}`, 400, "Request_BadRequest", "Invalid value specified for property 'resourceAppId' of resource 'RequiredResourceAccess'."},
	{"A12", "PATCH", "/applications/{id}", redirect("web", "http://a.example"), 400, "Request_BadRequest", "Invalid value specified for property 'web' of resource 'Application'."},
	{"A12", "PATCH", "/applications/{id}", redirect("web", "myapp://auth"), 400, "Request_BadRequest", ""},
	{"A12", "PATCH", "/applications/{id}", redirect("spa", "urn:x:y"), 400, "Request_BadRequest", ""},
	{"A12", "PATCH", "/applications/{id}", redirect("publicClient", "http://[::1]/x"), 400, "Request_BadRequest", ""},
	{"A12", "PATCH", "/applications/{id}", redirect("publicClient", "nothing"), 400, "Request_BadRequest", ""},
	{"A12", "PATCH", "/applications/{id}", redirect("web", "https://a.example/#x"), 400, "Request_BadRequest", ""},
	{"A12", "PATCH", "/applications/{id}", redirect("web", "https://a.example/(x)"), 400, "Request_BadRequest", ""},
	{"A12", "PATCH", "/applications/{id}", redirect("web", "https://a.example/"+letters(256)), 400, "Request_BadRequest", ""},
	{"A13", "POST", "/applications", `{"displayName":"` + letters(121) + `"}`, 400, "Request_BadRequest", ""},
	{"A13", "POST", "/applications", `{"displayName":"` + letters(91) + `",` + personalAudience + `}`, 400, "Request_BadRequest", ""},
	{"A13", "POST", "/applications", `{"displayName":"x","signInAudience":"PersonalMicrosoftAccount"}`, 400, "InvalidAccessTokenVersion", "Property api.requestedAccessTokenVersion is invalid."},
	{"A13", "POST", "/applications", `{"displayName":"x","signInAudience":"Everybody"}`, 400, "Request_BadRequest", ""},
	{"A13", "POST", "/applications", `{"displayName":"x","api":{"requestedAccessTokenVersion":3}}`, 400, "InvalidAccessTokenVersion", ""},
	{"A13", "POST", "/applications", `{"displayName":"x","web":{"redirectUris":["https://a.example/?q=1"]},` + personalAudience + `}`, 400, "Request_BadRequest", ""},
	{"A13", "POST", "/applications", `{"displayName":"x","web":{"logoutUrl":"http://a.example"}}`, 400, "Request_BadRequest", ""},
	{"A14", "PATCH", "/applications/{id}", `{"identifierUris":["https://elsewhere.example/x"]}`, 400, "HostNameNotOnVerifiedDomain", ""},
	{"A14", "PATCH", "/applications/{id}", `{"identifierUris":["api://mine"]}`, 400, "HostNameNotOnVerifiedDomain", "Values of identifierUris property must use a verified domain of the organization or its subdomain: 'api://mine'"},
	{"A14", "PATCH", "/applications/{id}", `{"identifierUris":["https://bergsee.onmicrosoft.com/x/"]}`, 400, "Request_BadRequest", ""},
	{"A14", "PATCH", "/applications/{id}", `{"identifierUris":["https://*.bergsee.onmicrosoft.com"]}`, 400, "Request_BadRequest", ""},
	{"A14", "PATCH", "/applications/{id}", `{"identifierUris":["ftp://bergsee.onmicrosoft.com"]}`, 400, "Request_BadRequest", ""},
	{"A14", "PATCH", "/applications/{id}", `{"identifierUris":["api://{appId}","api://{appId}"]}`, 400, "Request_BadRequest", ""},
	{"A13", "PATCH", "/applications/{id}", `{"identifierUris":["api://{appId}/` + letters(255) + `"]}`, 400, "Request_BadRequest", ""},
	{"A13", "PATCH", "/applications/{id}", `{"identifierUris":["api://{appId}/` + letters(120) + `"],` + personalAudience + `}`, 400, "Request_BadRequest", ""},
	{"A13", "PATCH", "/applications/{id}", `{"identifierUris":["urn:a:b"],` + personalAudience + `}`, 400, "Request_BadRequest", ""},
	{"A13", "PATCH", "/applications/{id}", `{"identifierUris":["api://{appId}?q"],` + personalAudience + `}`, 400, "Request_BadRequest", ""},
	{"A13", "PATCH", "/applications/{id}", `{"appRoles":[` + role(`"value":"r"`) + `],` + personalAudience + `}`, 400, "Request_BadRequest", "Invalid value specified for property 'appRoles' of resource 'Application'."},
	{"A13", "PATCH", "/applications/{id}", `{"signInAudience":"PersonalMicrosoftAccount","api":{"requestedAccessTokenVersion":2,"oauth2PermissionScopes":[` + scope(`"value":"`+letters(41)+`"`) + `]}}`, 400, "Request_BadRequest", ""},
	{"A14", "PATCH", "/applications/{id}", scopes(scope(`"value":"` + letters(121) + `"`)), 400, "Request_BadRequest", "Invalid value specified for property 'value' of resource 'PermissionScope'."},
	{"A14", "PATCH", "/applications/{id}", scopes(scope(`"value":"a b"`)), 400, "Request_BadRequest", ""},
	{"A14", "PATCH", "/applications/{id}", scopes(scope(`"value":".a"`)), 400, "Request_BadRequest", ""},
	{"A14", "PATCH", "/applications/{id}", scopes(scope(`"value":"a<b"`)), 400, "Request_BadRequest", ""},
	{"A3", "PATCH", "/applications/{id}", scopes(scope(`"type":"Everybody"`)), 400, "Request_BadRequest", "Invalid value specified for property 'type' of resource 'PermissionScope'."},
	{"A14", "PATCH", "/applications/{id}", scopes(scope(`"value":"a"`), scope(`"value":"b"`)), 400, "Request_BadRequest", "Property id cannot have duplicate values."},
	{"A14", "PATCH", "/applications/{id}", scopes(scope(`"value":"a"`), scope(`"value":"a","id":"{id}"`)), 400, "Request_BadRequest", "Property value cannot have duplicate values."},
	{"A14", "PATCH", "/applications/{id}", `{"appRoles":[` + role(`"value":"a"`) + `],"api":{"oauth2PermissionScopes":[` + scope(`"value":"a","id":"{id}"`) + `]}}`, 400, "Request_BadRequest", "Property value cannot have duplicate values."},
	{"A2", "PATCH", "/applications/{id}", `{"appRoles":[` + role(`"allowedMemberTypes":["Group"]`) + `]}`, 400, "Request_BadRequest", "Invalid value specified for property 'allowedMemberTypes' of resource 'AppRole'."},
	{"A2", "PATCH", "/applications/{id}", `{"appRoles":[` + role(`"allowedMemberTypes":[]`) + `]}`, 400, "Request_BadRequest", ""},
	{"A2", "PATCH", "/applications/{id}", `{"appRoles":[` + role(`"origin":"ServicePrincipal"`) + `]}`, 400, "Request_BadRequest", "Property 'origin' is read-only and cannot be set."},
	{"A14", "PATCH", "/applications/{id}", `{"api":{"preAuthorizedApplications":[{"appId":"{appId}","delegatedPermissionIds":["{id}"]}]}}`, 400, "Request_BadRequest", "Invalid value specified for property 'delegatedPermissionIds' of resource 'PreAuthorizedApplication'."},
	{"A14", "PATCH", "/applications/{id}", `{"api":{"preAuthorizedApplications":[{"appId":"foo","delegatedPermissionIds":[]}]}}`, 400, "Request_BadRequest", ""},
	{"A2", "PATCH", "/applications/{id}", `{"api":{"knownClientApplications":["foo"]}}`, 400, "Request_BadRequest", ""},
	{"A2", "PATCH", "/applications/{id}", `{"groupMembershipClaims":"Everything"}`, 400, "Request_BadRequest", ""},
	{"A2", "PATCH", "/applications/{id}", `{"parentalControlSettings":{"legalAgeGroupRule":"Never"}}`, 400, "Request_BadRequest", ""},
	{"A2", "PATCH", "/applications/{id}", `{"tokenEncryptionKeyId":"{appId}"}`, 400, "Request_BadRequest", ""},
	{"A2", "PATCH", "/applications/{id}", `{"web":null}`, 400, "Request_BadRequest", ""},
	{"A2", "PATCH", "/applications/{id}", `{"tags":["a b"]}`, 400, "Request_BadRequest", ""},
	{"A2", "PATCH", "/applications/{id}", `{"tags":["a","a"]}`, 400, "Request_BadRequest", ""},
	{"A2", "PATCH", "/applications/{id}", `{"description":"` + letters(1025) + `"}`, 400, "Request_BadRequest", ""},
	{"S2", "POST", "/servicePrincipals", `{"appId":"{id}"}`, 400, "Request_BadRequest", "The appId '{id}' of the service principal does not reference a valid application object."},
	{"S2", "POST", "/servicePrincipals", `{"appId":"{clientId}"}`, 409, "Request_MultipleObjectsWithSameKeyValue", "The service principal cannot be created, updated, or restored because the service principal name {clientId} is already in use."},
	{"S4", "DELETE", "/servicePrincipals(appId='00000003-0000-0000-c000-000000000000')", "", 403, "Authorization_RequestDenied", ""},
	{"S2", "POST", "/servicePrincipals", `{}`, 400, "Request_BadRequest", ""},
	{"S3", "GET", "/servicePrincipals/{appId}", "", 404, "Request_ResourceNotFound", ""},
	{"S4", "PATCH", "/servicePrincipals(appId='{appId}')", `{}`, 404, "Request_ResourceNotFound", ""},
	{"S7", "GET", "/oauth2PermissionGrants?$filter=scope+eq+'x'", "", 400, "Request_UnsupportedQuery", ""},
	{"S2", "POST", "/servicePrincipals", `{"appId":"{appId}","passwordCredentials":[{"displayName":"x"}]}`, 400, "Request_BadRequest", "Invalid value specified for property 'passwordCredentials' of resource 'ServicePrincipal'."},
	{"S2", "POST", "/servicePrincipals", `{"appId":"{appId}","keyCredentials":[{"type":"AsymmetricX509Cert","usage":"Verify","key":"AAAA"}]}`, 400, "Request_BadRequest", "Invalid value specified for property 'key' of resource 'KeyCredential'."},
	{"S4", "PATCH", "/servicePrincipals/{spId}", `{"tags":["a b"]}`, 400, "Request_BadRequest", "Invalid value specified for property 'tags' of resource 'ServicePrincipal'."},
	{"A7", "POST", "/applications/{id}/addPassword", `{"passwordCredential":{"startDateTime":"9998-12-01T00:00:00Z"}}`, 400, "Request_BadRequest", ""},
	{"A6", "PATCH", "/applications(uniqueName='name')", `{"displayName":"x"}`, 404, "Request_ResourceNotFound", ""},
	{"S4", "PATCH", "/servicePrincipals/{spId}", `{"appDisplayName":"x"}`, 400, "Request_BadRequest", "Property 'appDisplayName' is read-only and cannot be set."},
	{"S4", "PATCH", "/servicePrincipals/{spId}", `{"servicePrincipalNames":[]}`, 400, "Request_BadRequest", "Property 'servicePrincipalNames' is read-only and cannot be set."},
	{"S4", "PATCH", "/servicePrincipals/{spId}", `{"accountEnabled":"x"}`, 400, "Request_BadRequest", ""},
	{"S4", "PATCH", "/servicePrincipals/{spId}", `{"appRoleAssignmentRequired":null}`, 400, "Request_BadRequest", ""},
	{"S5", "POST", "/servicePrincipals/{spId}/addPassword", `{"passwordCredential":{"secretText":"chosen"}}`, 400, "Request_BadRequest", ""},
	{"S5", "POST", "/servicePrincipals/{spId}/removePassword", `{"keyId":"{appId}"}`, 400, "Request_BadRequest", "No password credential found with keyId '{appId}'."},
	{"S7", "PATCH", "/oauth2PermissionGrants/foo", `{"principalId":"{id}"}`, 400, "Request_BadRequest", "Property cannot be updated: principalId"},
	{"S7", "POST", "/oauth2PermissionGrants", `{"clientId":"{spId}","resourceId":"{spId}","consentType":"Principal","scope":"x"}`, 400, "Request_BadRequest", ""},
	{"S7", "POST", "/oauth2PermissionGrants", `{"clientId":"{spId}","resourceId":"{spId}","consentType":"AllPrincipals","scope":"` + letters(3851) + `"}`, 400, "Request_BadRequest", ""},
	{"S7", "POST", "/oauth2PermissionGrants", `{"clientId":"{spId}","resourceId":"{id}","consentType":"AllPrincipals","scope":"x"}`, 400, "Request_BadRequest", "Resource '{id}' does not exist or one of its queried reference-property objects are not present."},
	{"S7", "PATCH", "/oauth2PermissionGrants/foo", `{"scope":"x"}`, 404, "Request_ResourceNotFound", ""},
	{"S8", "POST", "/servicePrincipals/{spId}/appRoleAssignments", `{"principalId":"{spId}"}`, 403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation."},
	{"S8", "PATCH", "/servicePrincipals/{spId}/appRoleAssignments/x", `{}`, 405, "Request_BadRequest", "Specified HTTP method is not allowed for the request target."},
	{"S8", "GET", "/servicePrincipals/{spId}/appRoleAssignedTo/x", "", 404, "Request_ResourceNotFound", ""},
	{"S8", "GET", "/appRoleAssignments/x", "", 400, "Request_BadRequest", "Direct queries to this resource type are not supported."},
	{"S12", "POST", "/servicePrincipals/{spId}/owners/$ref", `{"@odata.id":"https://graph.test/v1.0/directoryObjects/{appId}"}`, 404, "Request_ResourceNotFound", ""},
	{"S12", "POST", "/directoryObjects/getByIds", `{"ids":["foo"]}`, 400, "Request_BadRequest", ""},
	{"S12", "POST", "/directoryObjects/getByIds", `{"ids":["{id}"` + strings.Repeat(`,"{id}"`, 1000) + `]}`, 400, "Request_BadRequest", ""},
	{"S12", "GET", "/domains/elsewhere.example", "", 404, "Request_ResourceNotFound", ""},
	{"A17", "PATCH", "/policies/defaultAppManagementPolicy", `{"isEnabled":true}`, 403, "Authorization_RequestDenied", ""},
	{"A17", "POST", "/applications/{id}/appManagementPolicies/$ref", `{"@odata.id":"https://graph.test/v1.0/policies/appManagementPolicies/{appId}"}`, 404, "Request_ResourceNotFound", ""},
	{"A17", "DELETE", "/applications/{id}/appManagementPolicies/{appId}/$ref", "", 404, "Request_ResourceNotFound", ""},
	{"E7", "POST", "/$batch", `{"requests":[{"id":"a","method":"GET","url":"/me"},{"id":"A","method":"GET","url":"/me"}]}`, 400, "BadRequest", ""},
	{"E7", "POST", "/$batch", `{"requests":[` + strings.Repeat(`{"id":"a","method":"GET","url":"/me"},`, 20) + `{"id":"b","method":"GET","url":"/me"}]}`, 400, "BadRequest", "Invalid batch payload: it holds more than 20 requests."},
	{"E7", "POST", "/$batch", `{}`, 400, "BadRequest", ""},
	{"E7", "POST", "/$batch", `{"requests":[{"id":"1","method":"GET"}]}`, 400, "BadRequest", ""},
	{"S12", "GET", "/me", "", 400, "Request_BadRequest", "/me request is only valid with delegated authentication flow."},
	{"E4", "POST", "/applications", `{"displayName":`, 400, "BadRequest", ""},
	{"E4", "GET", "/foo", "", 400, "BadRequest", "Resource not found for the segment 'foo'."},
	{"E4", "PUT", "/applications/{id}", `{}`, 405, "Request_BadRequest", "Specified HTTP method is not allowed for the request target."},
	{"E4", "GET", "/appRoleAssignments", "", 400, "Request_BadRequest", "Direct queries to this resource type are not supported."},
	{"A3", "POST", "/applications", `{"displayName":"x","appManagementPolicies@odata.bind":["https://graph.test/x"]}`, 400, "Request_BadRequest", ""},
	{"lacking", "GET", "/applications?$filter=createdOnBehalfOf/id+eq+'{id}'", "", 501, "NotImplemented", ""},
	{"E9", "GET", "/applications/{id}/owners?$filter=id+eq+'{id}'", "", 400, "Request_UnsupportedQuery", "The specified filter to the reference property query is currently not supported."},
	{"lacking", "GET", "/applications/{id}/owners/microsoft.graph.user", "", 501, "NotImplemented", ""},
	{"lacking", "GET", "/applications?$expand=tokenIssuancePolicies", "", 501, "NotImplemented", ""},
	{"lacking", "GET", "/servicePrincipals?$expand=federatedIdentityCredentials", "", 501, "NotImplemented", ""},
	{"lacking", "GET", "/users?$expand=memberOf", "", 501, "NotImplemented", ""},
	{"lacking", "GET", "/applications/{id}/federatedIdentityCredentials?$expand=foo", "", 501, "NotImplemented", ""},
	{"A4", "GET", "/applications/{id}?$expand=owners($select=foo)", "", 400, "Request_BadRequest", "Could not find a property named 'foo' on type 'microsoft.graph.directoryObject'."},
	{"A4", "GET", "/applications/{id}?$expand=federatedIdentityCredentials($select=displayName)", "", 400, "Request_BadRequest", "Could not find a property named 'displayName' on type 'microsoft.graph.federatedIdentityCredential'."},
	{"A9", "GET", "/applications/{id}/federatedIdentityCredentials?$filter=description+eq+'x'", "", 400, "Request_UnsupportedQuery", "Unsupported or invalid query filter clause specified for property 'description' of resource 'FederatedIdentityCredential'."},
	{"A9", "GET", "/applications/{id}/federatedIdentityCredentials?$filter=foo+eq+'x'", "", 400, "Request_BadRequest", "Could not find a property named 'foo' on type 'microsoft.graph.federatedIdentityCredential'."},
	{"E9", "GET", "/applications/{id}/federatedIdentityCredentials/$count", "", 400, "Request_BadRequest", "$count is not currently supported."},
	{"E9", "GET", "/applications/{id}/federatedIdentityCredentials?$orderby=name", "", 400, "Request_UnsupportedQuery", ""},
	{"S8", "GET", "/servicePrincipals/{spId}/appRoleAssignments?$filter=appRoleId+eq+{id}", "", 400, "Request_UnsupportedQuery", "Unsupported or invalid query filter clause specified for property 'appRoleId' of resource 'AppRoleAssignment'."},
	{"E9", "GET", "/servicePrincipals/{spId}/ownedObjects/$count", "", 400, "Request_BadRequest", "$count is not currently supported."},
	{"A10", "GET", "/applications/{id}/owners?$select=foo", "", 400, "Request_BadRequest", "Could not find a property named 'foo' on type 'microsoft.graph.directoryObject'."},
	{"A10", "GET", "/applications/{id}/extensionProperties/{id}", "", 404, "Request_ResourceNotFound", ""},
	{"A10", "DELETE", "/applications/{id}/extensionProperties/foo", "", 404, "Request_ResourceNotFound", ""},
	{"A10", "POST", "/applications/{id}/extensionProperties", extension(`"name":"a b"`), 400, "Request_BadRequest", "Invalid value specified for property 'name' of resource 'ExtensionProperty'."},
	{"A10", "POST", "/applications/{id}/extensionProperties", extension(`"dataType":"Text"`), 400, "Request_BadRequest", "Invalid value specified for property 'dataType' of resource 'ExtensionProperty'."},
	{"A10", "POST", "/applications/{id}/extensionProperties", extension(`"dataType":null`), 400, "Request_BadRequest", ""},
	{"A10", "POST", "/applications/{id}/extensionProperties", extension(`"targetObjects":[]`), 400, "Request_BadRequest", "Invalid value specified for property 'targetObjects' of resource 'ExtensionProperty'."},
	{"A10", "POST", "/applications/{id}/extensionProperties", extension(`"targetObjects":["user"]`), 400, "Request_BadRequest", ""},
	{"A10", "POST", "/applications/{id}/extensionProperties", extension(`"targetObjects":["User","User"]`), 400, "Request_BadRequest", ""},
	{"A10", "POST", "/applications/{id}/extensionProperties", extension(`"appDisplayName":"x"`), 400, "Request_BadRequest", "Property 'appDisplayName' is read-only and cannot be set."},
	{"A10", "POST", "/applications/{id}/extensionProperties", extension(`"isMultiValued":"x"`), 400, "Request_BadRequest", ""},
	{"lacking", "PATCH", "/applications(appId='{appId}')/extensionProperties/{id}", `{}`, 501, "NotImplemented", ""},
	{"lacking", "GET", "/applications/{id}/passwordCredentials", "", 501, "NotImplemented", ""},
	{"lacking", "GET", "/applications(appId='{appId}')/web/redirectUris", "", 501, "NotImplemented", ""},
	{"lacking", "GET", "/servicePrincipals/{spId}/claimsMappingPolicies/$ref", "", 501, "NotImplemented", ""},
	{"lacking", "POST", "/servicePrincipals/{spId}/microsoft.graph.getMemberObjects", `{}`, 501, "NotImplemented", ""},
	{"lacking", "GET", "/servicePrincipals/{spId}/appRoles?$filter=value+eq+'x'", "", 501, "NotImplemented", ""},
	{"lacking", "GET", "/domains?$top=1", "", 501, "NotImplemented", ""},
	{"E8", "GET", "/domains?$skiptoken=x", "", 400, "Directory_ExpiredPageToken", ""},
	{"E4", "GET", "/applications/{id}/foo", "", 400, "BadRequest", "Resource not found for the segment 'foo'."},
	{"lacking", "GET", "/groups", "", 501, "NotImplemented", ""},
	{"lacking", "GET", "/SITES/root", "", 501, "NotImplemented", ""},
	{"lacking", "GET", "/$metadata", "", 501, "NotImplemented", ""},
	{"lacking", "GET", "", "", 501, "NotImplemented", ""},
	{"lacking", "GET", "/servicePrincipals(appId='{appId}')/delegatedPermissionClassifications", "", 501, "NotImplemented", ""},
	{"lacking", "PATCH", "/servicePrincipals/{spId}", `{"customSecurityAttributes":{}}`, 501, "NotImplemented", ""},
	{"lacking", "GET", "/servicePrincipals/{spId}/memberOf", "", 501, "NotImplemented", ""},
	{"lacking", "GET", "/applications/delta", "", 501, "NotImplemented", ""},
}

const personalAudience = `"signInAudience":"PersonalMicrosoftAccount","api":{"requestedAccessTokenVersion":2}`

func letters(n int) string { return strings.Repeat("n", n) }

func redirect(platform, uri string) string {
	return `{"` + platform + `":{"redirectUris":["` + uri + `"]}}`
}

// scope is an enabled scope with some members changed or added, role such a role; scopes is the body that writes scopes.
func scope(members string) string {
	return with(map[string]any{"id": "{appId}", "value": "scope", "type": "User", "isEnabled": true}, members)
}

func role(members string) string {
	return with(map[string]any{"id": "{appId}", "value": "role", "displayName": "Role", "allowedMemberTypes": []string{"User"}, "isEnabled": true}, members)
}

func scopes(all ...string) string {
	return `{"api":{"oauth2PermissionScopes":[` + strings.Join(all, ",") + `]}}`
}

// trust is the body of a federated identity credential with some members changed or added.
func trust(members string) string {
	return with(map[string]any{"name": "gh-main", "issuer": "https://issuer.example", "subject": "repo:org/repo",
		"audiences": []string{"api://AzureADTokenExchange"}}, members)
}

// extension is the body of a directory extension with some members changed or added.
func extension(members string) string {
	return with(map[string]any{"name": "jobGroup", "dataType": "String", "targetObjects": []string{"User"}}, members)
}

func with(body map[string]any, members string) string {
	var given map[string]any
	if err := json.Unmarshal([]byte("{"+members+"}"), &given); err != nil {
		panic(err)
	}
	maps.Copy(body, given)
	text, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for _, tt := range refusals {
		t.Run(tt.source+" "+tt.method+" "+tt.path+" "+tt.body[:min(40, len(tt.body))], func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			id, appID := w.app("Refusals")
			fill := strings.NewReplacer("{id}", id, "{appId}", appID, "{spId}", w.facts.ServicePrincipalID,
				"{clientId}", w.facts.ClientID)
			got := w.must(tt.status, tt.method, fill.Replace(tt.path), fill.Replace(tt.body))
			if got.code() != tt.code || tt.message != "" && got.message() != fill.Replace(tt.message) {
				t.Errorf("%s: %s\nwant %s: %s", got.code(), got.message(), tt.code, fill.Replace(tt.message))
			}
		})
	}
}

func TestTokensAreChecked(t *testing.T) {
	t.Parallel()
	tests := []struct {
		as      string
		status  int
		message string
	}{
		{"", 401, "Access token is empty."},
		{"forged", 401, "CompactToken parsing failed with error code: 80049217"},
		{"expired", 401, "Lifetime validation failed, the token is expired."},
		{"elsewhere", 401, "Access token validation failure. Invalid audience."},
		{"stranger", 401, "Access token validation failure. Invalid tenant."},
		{"nobody", 403, "Insufficient privileges to complete the operation."},
		{"reader", 200, ""},
		{"canonical", 200, ""},
	}
	for _, tt := range tests {
		t.Run(tt.as, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.as = tt.as
			if got := w.must(tt.status, "GET", "/applications", ""); got.message() != tt.message {
				t.Error(got.message())
			}
			if tt.as == "reader" {
				w.must(403, "POST", "/applications", `{"displayName":"x"}`)
				w.must(403, "GET", "/oauth2PermissionGrants", "")
			}
		})
	}
}

func TestErrorEnvelopeAndHeaders(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const clientRequestID = "4a8c1d54-8ec3-f73c-2f87-8ce2508118b9"
	got := w.must(404, "GET", "/applications/"+w.facts.TenantID, "", "client-request-id: "+clientRequestID)
	envelope, _ := got.body["error"].(map[string]any)
	inner, _ := envelope["innerError"].(map[string]any)
	if inner["date"] != "2026-11-20T09:02:39" || inner["client-request-id"] != clientRequestID || inner["request-id"] != got.RequestID {
		t.Errorf("innerError: %v", inner)
	}
	for name, want := range map[string]string{"request-id": got.RequestID, "client-request-id": clientRequestID, "OData-Version": "4.0",
		"Content-Type": "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"} {
		if got.Header.Get(name) != want {
			t.Errorf("%s = %q, want %q", name, got.Header.Get(name), want)
		}
	}
	if !strings.Contains(got.Header.Get("x-ms-ags-diagnostic"), "ServerInfo") {
		t.Error("no diagnostic header")
	}
	id, _ := w.app("Headers")
	if empty := w.must(204, "PATCH", "/applications/"+id, `{}`); len(empty.Body) > 0 || empty.Header.Get("Content-Type") != "" || empty.Header.Get("client-request-id") != empty.RequestID {
		t.Errorf("204: %s %v", empty.Body, empty.Header)
	}
}
