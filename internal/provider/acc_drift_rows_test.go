package provider_test

import (
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// drifting has every argument of every resource that Graph holds; CERTIFICATE and OWNER are filled in.
const drifting = `
resource "appreg_application" "test" {
  display_name                 = "Mail import"
  sign_in_audience             = "AzureADMultipleOrgs"
  description                  = "Reads the invoices"
  notes                        = "Owned by finance"
  service_management_reference = "CMDB-42"
  tags                         = ["team-finance", "tier1"]
  homepage_url                 = "https://import.example.com"
  logout_url                   = "https://import.example.com/logout"
  owners                       = ["OWNER"]
  redirect_uris = {
    web           = ["https://import.example.com/signin"]
    spa           = ["https://spa.example.com/"]
    public_client = ["http://localhost"]
  }
  implicit_grant = { id_tokens = true }
}

resource "appreg_service_principal" "test" {
  client_id                    = appreg_application.test.client_id
  account_enabled              = true
  app_role_assignment_required = true
  notes                        = "Owned by finance"
  tags                         = ["HideApp"]
}

resource "appreg_public_client" "test" {
  application_id = appreg_application.test.id
}

resource "appreg_delegated_permissions" "test" {
  application_id = appreg_application.test.id
  scopes         = ["User.Read", "Mail.ReadWrite"]
}

resource "appreg_admin_consent" "test" {
  service_principal_id = appreg_service_principal.test.id
  scopes               = ["User.Read", "Mail.ReadWrite"]
}

resource "appreg_client_secret" "test" {
  application_id = appreg_application.test.id
}

resource "appreg_certificate" "test" {
  application_id = appreg_application.test.id
  certificate    = CERTIFICATE
}

resource "appreg_federated_credential" "test" {
  application_id = appreg_application.test.id
  name           = "main"
  issuer         = "https://issuer.example.com"
  subject        = "main"
  description    = "Deployments"
}
`

// drift is what somebody does to one argument of a resource, on the object in Graph that holds it.
type drift struct {
	attribute string
	edit      func(tenant.Doc)
}

// set gives a property another value; nil empties it.
func set(property string, value any) func(tenant.Doc) {
	return func(d tenant.Doc) { d[property] = value }
}

// within edits a complex property.
func within(property string, edit func(tenant.Doc)) func(tenant.Doc) {
	return func(d tenant.Doc) {
		inner := d.Doc(property).Clone()
		edit(inner)
		d[property] = inner
	}
}

// only edits the one entry of a collection.
func only(property string, edit func(tenant.Doc)) func(tenant.Doc) {
	return func(d tenant.Doc) {
		entry := d.Docs(property)[0].Clone()
		edit(entry)
		d[property] = []any{entry}
	}
}

// drifts are the rows, by resource: each property changed, and emptied where it can be.
func drifts() map[string][]drift {
	permissions := func(ids ...string) func(tenant.Doc) {
		access := []any{}
		for _, id := range ids {
			access = append(access, tenant.Doc{"id": id, "type": "Scope"})
		}
		return set("requiredResourceAccess", []any{tenant.Doc{"resourceAppId": graphClientID, "resourceAccess": access}})
	}
	federated := func(property string, value any) func(tenant.Doc) {
		return only("federatedIdentityCredentials", set(property, value))
	}
	return map[string][]drift{
		"appreg_application": {
			{"display_name", set("displayName", "Renamed in the portal")},
			{"sign_in_audience", set("signInAudience", "AzureADMyOrg")},
			{"description", set("description", "Changed in the portal")}, {"description", set("description", nil)},
			{"notes", set("notes", "Changed in the portal")}, {"notes", set("notes", nil)},
			{"service_management_reference", set("serviceManagementReference", "CMDB-1")}, {"service_management_reference", set("serviceManagementReference", nil)},
			{"tags", set("tags", []any{"tier1", "portal"})}, {"tags", set("tags", []any{})},
			{"redirect_uris", within("web", set("redirectUris", []any{"https://portal.example.com/"}))},
			{"redirect_uris", within("spa", set("redirectUris", []any{}))},
			{"redirect_uris", within("publicClient", set("redirectUris", []any{"http://localhost", "msal://auth"}))},
			{"homepage_url", within("web", set("homePageUrl", "https://portal.example.com"))}, {"homepage_url", within("web", set("homePageUrl", nil))},
			{"logout_url", within("web", set("logoutUrl", "https://portal.example.com/logout"))}, {"logout_url", within("web", set("logoutUrl", nil))},
			{"implicit_grant", within("web", set("implicitGrantSettings", tenant.Doc{"enableIdTokenIssuance": false, "enableAccessTokenIssuance": true}))},
			{"owners", set("owners", []any{})},
		},
		"appreg_service_principal": {
			{"account_enabled", set("accountEnabled", false)},
			{"app_role_assignment_required", set("appRoleAssignmentRequired", false)},
			{"notes", set("notes", "Changed in the portal")}, {"notes", set("notes", nil)},
			{"tags", set("tags", []any{"portal"})}, {"tags", set("tags", []any{})},
		},
		"appreg_public_client": {
			{"enabled", set("isFallbackPublicClient", false)}, {"enabled", set("isFallbackPublicClient", nil)},
		},
		"appreg_delegated_permissions": {
			{"scopes", permissions(userRead)}, {"scopes", set("requiredResourceAccess", []any{})},
			{"scopes", permissions(userRead, mailReadWrite, "570282fd-fa5c-430d-a7fd-fc8dc98a9dca")}, // Mail.Read
		},
		"appreg_admin_consent": {
			{"scopes", set("scope", "User.Read")}, {"scopes", set("scope", "User.Read Mail.ReadWrite Calendars.Read")}, {"scopes", set("scope", "Mail.Send")},
		},
		"appreg_federated_credential": {
			{"issuer", federated("issuer", "https://portal.example.com")}, {"subject", federated("subject", "portal")},
			{"audience", federated("audiences", []any{"portal"})},
			{"description", federated("description", "Changed in the portal")}, {"description", federated("description", nil)},
		},
	}
}

// steadfast are the arguments that nobody can change in Graph, and why. What hangs on an application or a service principal
// can only be removed, which TestAccDriftOfWholes does.
var steadfast = map[string]string{
	"appreg_application.unique_name":             "Graph lets it be set once",
	"appreg_application.adopt_existing":          "Graph doesn't hold it",
	"appreg_application.prevent_duplicate_names": "Graph doesn't hold it",
	"appreg_application.purge_on_destroy":        "Graph doesn't hold it",

	"appreg_service_principal.client_id":      "it is the key",
	"appreg_service_principal.adopt_existing": "Graph doesn't hold it",

	"appreg_public_client.application_id": "it is the key",

	"appreg_delegated_permissions.application_id": "it is the key",
	"appreg_delegated_permissions.api":            "it is the key",

	"appreg_admin_consent.service_principal_id": "it is the key",
	"appreg_admin_consent.principal_id":         "it is the key",
	"appreg_admin_consent.api":                  "it is the key",

	"appreg_client_secret.application_id":    "it is the key",
	"appreg_client_secret.display_name":      "Graph can't rename a secret",
	"appreg_client_secret.end_date":          "Graph can't move a secret's end",
	"appreg_client_secret.validity_days":     "Graph doesn't hold it",
	"appreg_client_secret.renew_before_days": "Graph doesn't hold it",
	"appreg_client_secret.rotation_triggers": "Graph doesn't hold it",
	"appreg_client_secret.overlap_days":      "Graph doesn't hold it",
	"appreg_client_secret.revoke_on_destroy": "Graph doesn't hold it",
	"appreg_client_secret.key_vault":         "the vault holds it; TestAccVault… look at what happens there",

	"appreg_certificate.application_id": "it is the key",
	"appreg_certificate.display_name":   "Graph refuses an entry that is altered",
	"appreg_certificate.certificate":    "Graph refuses an entry that is altered",

	"appreg_federated_credential.application_id": "it is the key",
	"appreg_federated_credential.name":           "Graph can't rename one",
}
