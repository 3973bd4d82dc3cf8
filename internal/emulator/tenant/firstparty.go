package tenant

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Client ids and tenants that are the same in every cloud.
const (
	MicrosoftGraphClientID = "00000003-0000-0000-c000-000000000000"
	ExchangeOnlineClientID = "00000002-0000-0ff1-ce00-000000000000"
	KeyVaultClientID       = "cfa8b339-82a2-471a-a3c9-0fc0be7a4093"
	MicrosoftTenantID      = "f8cdef31-a31e-4b4a-93e4-5f571e91255a" // owns Microsoft's own applications
	ConsumersTenantID      = "9188040d-6c67-4c5b-b112-36a304b66dad" // holds personal accounts
)

// catalogueJSON is Microsoft Graph's permission catalogue; the file names its source.
//
//go:embed catalogue.json
var catalogueJSON []byte

type catalogue struct {
	Delegated        [][8]any `json:"delegated"`
	Application      [][5]any `json:"application"`
	ResourceSpecific [][5]any `json:"resourceSpecific"`
}

// graphPermissions is the catalogue as documents. It is decoded once and shared by all clouds: a store never changes a
// document, and hands out copies only.
var graphPermissions = sync.OnceValues(func() (permissions, error) {
	var c catalogue
	if err := json.Unmarshal(catalogueJSON, &c); err != nil {
		return permissions{}, fmt.Errorf("permission catalogue: %w", err)
	}
	var p permissions
	for _, r := range c.Delegated {
		// An admin flag that isn't stated is served as Admin: the safe direction.
		admin, stated := r[2].(bool)
		p.scopes = append(p.scopes, scope(r[0], r[1], admin || !stated, r[3], r[4], r[5], r[6], r[7]))
	}
	for _, r := range c.Application {
		p.roles = append(p.roles, role(r[0], r[1], r[2], r[3], r[4]))
	}
	for _, r := range c.ResourceSpecific {
		p.resourceSpecific = append(p.resourceSpecific,
			Doc{"id": r[0], "value": r[1], "isEnabled": r[2], "displayName": r[3], "description": r[4]}.Clone())
	}
	return p, nil
})

// permissions are what an API publishes, in canonical form: the store may share them.
type permissions struct {
	scopes, roles, resourceSpecific []any
}

func scope(id, value any, admin bool, enabled, adminName, adminText, userName, userText any) Doc {
	t := "User"
	if admin {
		t = "Admin"
	}
	return Doc{"id": id, "value": value, "type": t, "isEnabled": enabled, "adminConsentDisplayName": adminName,
		"adminConsentDescription": adminText, "userConsentDisplayName": userName, "userConsentDescription": userText}.Clone()
}

func role(id, value, enabled, name, text any) Doc {
	return Doc{"id": id, "value": value, "isEnabled": enabled, "displayName": name, "description": text,
		"allowedMemberTypes": []string{"Application"}, "origin": "Application"}.Clone()
}

// exchangeScopes are the mail permissions of Office 365 Exchange Online; ids and names as listed in public inventories
// of first-party permissions (the id of EWS.AccessAsUser.All is also in Microsoft's own guides).
var exchangeScopes = [][3]string{
	{"266d2589-20b5-4f91-9a03-89247d1be8da", "EAS.AccessAsUser.All", "Reach mailboxes by Exchange ActiveSync"},
	{"3b5f3d61-589b-4a3c-a359-5dd4b5ee5bd5", "EWS.AccessAsUser.All", "Reach mailboxes by Exchange Web Services"},
	{"195adc35-e27b-454b-a7ed-1ecdffa1c09f", "IMAP.AccessAsUser.All", "Read and write mail by IMAP"},
	{"185758ba-798d-4b72-9e54-429a413a2510", "Mail.Read", "Read mail"},
	{"1d894596-c906-42b1-8422-9360440c1c0c", "Mail.Read.Shared", "Read own and shared mail"},
	{"dab085de-3e14-432f-a47f-84b6457059c4", "Mail.ReadBasic", "Read mail without its content"},
	{"75767999-c7a8-481e-a6b4-19458e0b30a5", "Mail.ReadWrite", "Read and write mail"},
	{"b09ec548-3f99-4d0a-859c-c9b7ff53b7a9", "Mail.ReadWrite.Shared", "Read and write own and shared mail"},
	{"5eb43c10-865a-4259-960a-83946678f8dd", "Mail.Send", "Send mail"},
	{"16572339-6149-452b-b084-280b01354687", "Mail.Send.Shared", "Send mail on behalf of others"},
	{"d36ad51d-15a2-458d-9b3a-16dbe4c51c30", "MailboxSettings.Read", "Read mailbox settings"},
	{"2e83d72d-8895-4b66-9eea-abb43449ab8b", "MailboxSettings.ReadWrite", "Read and write mailbox settings"},
	{"fb698133-92fa-453e-a9ed-688e10f2e5ac", "POP.AccessAsUser.All", "Read and write mail by POP"},
	{"76faac2a-0f20-42f1-928a-50de5b9dbe52", "SMTP.Send", "Send mail by SMTP"},
}

// exchangeRoles are its application permissions, from the same sources.
var exchangeRoles = [][3]string{
	{"dc50a0fb-09a3-484d-be87-e023b12c6440", "Exchange.ManageAsApp", "Manage Exchange as an application"},
	{"dc890d15-9560-4a4c-9b7f-a736ec74ec40", "full_access_as_app", "Reach all mailboxes by Exchange Web Services"},
	{"5e5addcd-3e8d-4e90-baf5-964efab2b20a", "IMAP.AccessAsApp", "Reach mailboxes by IMAP"},
	{"810c84a8-4a9e-49e6-bf7d-12d183f40d01", "Mail.Read", "Read mail in all mailboxes"},
	{"e2a3a72e-5f79-4c64-b1b1-878b674786c9", "Mail.ReadWrite", "Read and write mail in all mailboxes"},
	{"b633e1c5-b582-4048-a93e-9f11b44c7e96", "Mail.Send", "Send mail as any user"},
	{"cb842b43-da6e-4506-86fe-bb12199c656d", "POP.AccessAsApp", "Reach mailboxes by POP"},
}

func exchangePermissions() permissions {
	p := permissions{resourceSpecific: []any{}}
	for _, s := range exchangeScopes {
		p.scopes = append(p.scopes, scope(s[0], s[1], false, true, s[2], s[2]+".", s[2], s[2]+"."))
	}
	for _, r := range exchangeRoles {
		p.roles = append(p.roles, role(r[0], r[1], true, r[2], r[2]+"."))
	}
	return p
}

// keyVaultPermissions are those of Azure Key Vault: whoever has a token may try, and the vault decides.
func keyVaultPermissions() permissions {
	const name = "Have full access to the Azure Key Vault service"
	return permissions{roles: []any{}, resourceSpecific: []any{},
		scopes: []any{scope("f53da476-18e3-4152-8e01-aec403e6edc0", "user_impersonation", false, true, name, name+".", name, name+".")}}
}

// newKeyVault is its service principal in a tenant.
func newKeyVault(id string, now time.Time) Doc {
	return firstParty(id, KeyVaultClientID, "Azure Key Vault", []string{"https://vault.azure.net", "https://vault.azure.net/"}, keyVaultPermissions(), now)
}

// firstParty is a service principal of one of Microsoft's own applications, which have no application object in any
// tenant of this cloud. It is in canonical form.
func firstParty(id, clientID, name string, names []string, p permissions, now time.Time) Doc {
	app := Doc{"appId": clientID, "displayName": name, "signInAudience": "AzureADMultipleOrgs",
		"info": emptyInfo(), "verifiedPublisher": emptyPublisher()}
	sp := NewServicePrincipal(id, app, MicrosoftTenantID, "", now)
	sp["servicePrincipalNames"] = slices.Concat([]string{clientID}, names)
	sp = sp.Clone()
	sp["oauth2PermissionScopes"] = p.scopes
	sp["appRoles"] = p.roles
	sp["resourceSpecificApplicationPermissions"] = p.resourceSpecific
	return sp
}

func emptyInfo() Doc {
	return Doc{"logoUrl": nil, "marketingUrl": nil, "privacyStatementUrl": nil, "supportUrl": nil,
		"termsOfServiceUrl": nil}
}

func emptyPublisher() Doc {
	return Doc{"displayName": nil, "verifiedPublisherId": nil, "addedDateTime": nil}
}
