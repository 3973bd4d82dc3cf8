package tenant

import (
	"fmt"
	"time"
)

// NewApplication is a fresh application with every property at its default: the complete set that Graph returns.
// createdBy is the client id of the caller, "" for none.
func NewApplication(id, clientID, publisherDomain, createdBy string, now time.Time) Doc {
	doc := Doc{
		"id": id, "deletedDateTime": nil, "appId": clientID, "applicationTemplateId": nil,
		"disabledByMicrosoftStatus": nil, "createdByAppId": nil, "createdDateTime": now, "displayName": nil,
		"description": nil, "groupMembershipClaims": nil, "identifierUris": []any{},
		"isDeviceOnlyAuthSupported": nil, "isDisabled": nil, "isFallbackPublicClient": nil,
		"nativeAuthenticationApisEnabled": nil, "notes": nil, "publisherDomain": publisherDomain,
		"serviceManagementReference": nil, "signInAudience": "AzureADMyOrg", "tags": []any{},
		"tokenEncryptionKeyId": nil, "uniqueName": nil, "samlMetadataUrl": nil, "defaultRedirectUri": nil,
		"certification": nil, "optionalClaims": nil, "requestSignatureVerification": nil,
		"servicePrincipalLockConfiguration": nil, "addIns": []any{},
		"api": Doc{"acceptMappedClaims": nil, "knownClientApplications": []any{}, "requestedAccessTokenVersion": nil,
			"oauth2PermissionScopes": []any{}, "preAuthorizedApplications": []any{}},
		"appRoles": []any{}, "info": emptyInfo(), "keyCredentials": []any{},
		"parentalControlSettings": Doc{"countriesBlockedForMinors": []any{}, "legalAgeGroupRule": "Allow"},
		"passwordCredentials":     []any{}, "publicClient": Doc{"redirectUris": []any{}},
		"requiredResourceAccess": []any{}, "verifiedPublisher": emptyPublisher(),
		"web": Doc{"homePageUrl": nil, "logoutUrl": nil, "redirectUris": []any{}, "redirectUriSettings": []any{},
			"implicitGrantSettings": Doc{"enableAccessTokenIssuance": false, "enableIdTokenIssuance": false}},
		"spa": Doc{"redirectUris": []any{}},
		// Returned on $select only.
		"authenticationBehaviors": Doc{"blockAzureADGraphAccess": nil, "removeUnverifiedEmailClaim": nil,
			"requireClientServicePrincipal": nil},
		// A navigation: never in a body, but under /owners.
		"owners": []any{},
	}
	if createdBy != "" {
		doc["createdByAppId"] = createdBy
	}
	return doc.Clone()
}

// AddPassword adds a passwordCredential to an application or service principal document and gives the credential with its
// text, which is kept in the side table. Key id and text follow from the seed, the document, the name and how many
// secrets of that name came before. The instants are cut to Graph's precision.
func (tx *Tx) AddPassword(doc Doc, displayName any, start, end time.Time) Doc {
	keyID := tx.NewID("passwordCredential", doc.String("id"), fmt.Sprint(displayName))
	text := tx.newSecret(keyID)
	credential := Doc{"customKeyIdentifier": nil, "displayName": displayName, "startDateTime": start,
		"endDateTime": end, "hint": text[:3], "keyId": keyID, "secretText": nil}.Clone()
	existing, ok := doc["passwordCredentials"].([]any)
	if !ok {
		existing = nil
	}
	doc["passwordCredentials"] = append(existing, credential)
	reply := credential.Clone()
	reply["secretText"] = text
	return reply
}
