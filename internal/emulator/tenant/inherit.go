package tenant

import (
	"encoding/base64"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"
)

// inherit adds to a service principal what it takes from its application. Tags are the union of both.
func inherit(sp, app Doc) Doc {
	out := maps.Clone(sp)
	web := app.Doc("web")
	out["appDisplayName"] = app["displayName"]
	out["displayName"] = app["displayName"]
	out["appDescription"] = app["description"]
	out["signInAudience"] = app["signInAudience"]
	out["appRoles"] = orEmpty(app["appRoles"])
	out["oauth2PermissionScopes"] = orEmpty(app.Doc("api")["oauth2PermissionScopes"])
	out["info"] = app["info"]
	out["homepage"] = web["homePageUrl"]
	out["logoutUrl"] = web["logoutUrl"]
	out["verifiedPublisher"] = app["verifiedPublisher"]
	out["servicePrincipalNames"] = union([]string{app.String("appId")}, app.Strings("identifierUris"))
	out["replyUrls"] = union(web.Strings("redirectUris"), app.Doc("spa").Strings("redirectUris"),
		app.Doc("publicClient").Strings("redirectUris"))
	out["tags"] = union(app.Strings("tags"), sp.Strings("tags"))
	return out
}

func orEmpty(v any) any {
	if v == nil {
		return []any{}
	}
	return v
}

func union(lists ...[]string) []any {
	out := []any{}
	for _, list := range lists {
		for _, s := range list {
			if !slices.Contains(out, any(s)) {
				out = append(out, s)
			}
		}
	}
	return out
}

// NewServicePrincipal is a fresh service principal of an application that lives in homeTenantID. createdBy is the client
// id of the caller, "" for none.
func NewServicePrincipal(id string, app Doc, homeTenantID, createdBy string, now time.Time) Doc {
	sp := Doc{
		"id": id, "deletedDateTime": nil, "accountEnabled": true, "alternativeNames": []any{},
		"appId": app.String("appId"), "applicationTemplateId": nil, "appOwnerOrganizationId": homeTenantID,
		"appRoleAssignmentRequired": false, "createdByAppId": nil, "createdDateTime": now, "description": nil,
		"disabledByMicrosoftStatus": nil, "isDisabled": nil, "loginUrl": nil, "notes": nil,
		"notificationEmailAddresses": []any{}, "preferredSingleSignOnMode": nil,
		"preferredTokenSigningKeyThumbprint": nil, "resourceSpecificApplicationPermissions": []any{},
		"samlSingleSignOnSettings": nil, "servicePrincipalType": "Application", "tags": []any{},
		"tokenEncryptionKeyId": nil, "addIns": []any{}, "keyCredentials": []any{}, "passwordCredentials": []any{},
		"owners": []any{},
	}
	if createdBy != "" {
		sp["createdByAppId"] = createdBy
	}
	// What is inherited is kept as well, for the day when the application is gone and the service principal is not.
	own := sp["tags"]
	full := inherit(sp.Clone(), app).Clone()
	full["tags"] = own
	return full
}

// guidBytes gives a GUID's bytes in .NET's order: the first three fields little-endian.
func guidBytes(id string) ([]byte, error) {
	u, err := uuid.Parse(id)
	if err != nil {
		return nil, err
	}
	b := u[:]
	slices.Reverse(b[0:4])
	slices.Reverse(b[4:6])
	slices.Reverse(b[6:8])
	return b, nil
}

func base64url(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
