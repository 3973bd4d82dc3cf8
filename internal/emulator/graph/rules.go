package graph

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/edm"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// The sign-in audiences.
const (
	myOrg        = "AzureADMyOrg"
	multipleOrgs = "AzureADMultipleOrgs"
	andPersonal  = "AzureADandPersonalMicrosoftAccount"
	onlyPersonal = "PersonalMicrosoftAccount"
)

// limits are what an application may hold, by audience; 0 is no limit.
type limits struct {
	displayName, redirectURIs, identifierURILength, identifierURIs int
	resources, permissions, permissionsPerResource, scopeValue     int
	scopes, clients, clientScopes, scopesPerClient                 int
}

// limitsOf follows the documentation's table of what each audience supports.
func limitsOf(app tenant.Doc) limits {
	if personal(app) {
		return limits{displayName: 90, redirectURIs: 100, identifierURILength: 120, identifierURIs: 50, resources: 50,
			permissions: 200, permissionsPerResource: 30, scopeValue: 40, scopes: 100, clients: 100, clientScopes: 500, scopesPerClient: 30}
	}
	return limits{displayName: 120, redirectURIs: 256, identifierURILength: 255, resources: 50, permissions: 400,
		scopeValue: 120}
}

func personal(app tenant.Doc) bool {
	audience := app.String("signInAudience")
	return audience == andPersonal || audience == onlyPersonal
}

// foreignResources is how many APIs of other tenants an application may ask for. Microsoft's own don't count.
const foreignResources = 10

// manifestEntries is how many entries all collections of an application may hold together.
const manifestEntries = 1200

// checkApplication judges an application as it would be after a write.
func (c *call) checkApplication(tx *tenant.Tx, before, app tenant.Doc) error {
	checks := []func() error{
		func() error { return checkTexts(app) },
		func() error { return checkAudience(app) },
		func() error { return checkTags(app, "application") },
		func() error { return c.checkUniqueName(tx, before, app) },
		func() error { return c.checkRedirectURIs(app) },
		func() error { return checkValues(app) },
		func() error { return c.checkIdentifierURIs(tx, before, app) },
		func() error { return checkExposed(before, app) },
		func() error { return c.checkPreAuthorized(before, app) },
		func() error { return c.checkRequiredAccess(tx, app) },
		func() error { return checkURIPolicy(tx, c.caller.TenantID, before, app) },
		func() error { return checkAudiencePolicy(tx, c.caller.TenantID, before, app) },
	}
	for _, check := range checks {
		if err := check(); err != nil {
			return err
		}
	}
	if manifestSize(app) > manifestEntries {
		return &Error{Status: 400, Code: "Directory_QuotaExceeded",
			Message: fmt.Sprintf("The application holds more than %d entries.", manifestEntries)}
	}
	return nil
}

// manifestSize counts the entries of an application's manifest: without what it refers to or contains, and without the
// mirror of its redirect URIs.
func manifestSize(app tenant.Doc) int {
	n := 0
	for name, v := range app {
		if !edm.IsNavigation("application", name) {
			n += entries(v)
		}
	}
	return n - entries(app.Doc("web")["redirectUriSettings"])
}

// entries counts the members of all collections.
func entries(v any) int {
	n := 0
	switch v := v.(type) {
	case tenant.Doc:
		for _, inner := range v {
			n += entries(inner)
		}
	case []any:
		n = len(v)
		for _, inner := range v {
			n += entries(inner)
		}
	}
	return n
}

func checkTexts(app tenant.Doc) error {
	const longText = 1024
	name := app.String("displayName")
	if name == "" || utf8.RuneCountInString(name) > limitsOf(app).displayName {
		return invalidValue("displayName", "application")
	}
	if utf8.RuneCountInString(app.String("description")) > longText {
		return invalidValue("description", "application")
	}
	web := app.Doc("web")
	for _, name := range []string{"homePageUrl", "logoutUrl"} {
		text := web.String(name)
		if text == "" {
			continue
		}
		u, err := url.Parse(text)
		if err != nil || u.Host == "" || len(text) > 255 || u.Scheme != "https" && (u.Scheme != "http" || name == "logoutUrl") {
			return invalidValue("web", "application")
		}
	}
	return nil
}

// checkValues judges texts of which only some values mean something, and the one reference inside an application.
func checkValues(app tenant.Doc) error {
	claims := []string{"None", "SecurityGroup", "All", "ApplicationGroup", "DirectoryRole"}
	if text := app.String("groupMembershipClaims"); app["groupMembershipClaims"] != nil {
		for claim := range strings.SplitSeq(text, ",") {
			if !slices.Contains(claims, strings.TrimSpace(claim)) {
				return invalidValue("groupMembershipClaims", "application")
			}
		}
	}
	rules := []string{"Allow", "RequireConsentForPrivacyServices", "RequireConsentForMinors", "RequireConsentForKids", "BlockMinors"}
	if rule := app.Doc("parentalControlSettings")["legalAgeGroupRule"]; rule != nil && !slices.Contains(rules, app.Doc("parentalControlSettings").String("legalAgeGroupRule")) {
		return invalidValue("legalAgeGroupRule", "parentalControlSettings")
	}
	if key := app.String("tokenEncryptionKeyId"); key != "" && !slices.ContainsFunc(app.Docs("keyCredentials"), func(d tenant.Doc) bool {
		return d.String("keyId") == key && d.String("usage") == "Encrypt"
	}) {
		return invalidValue("tokenEncryptionKeyId", "application")
	}
	return nil
}

func checkAudience(app tenant.Doc) error {
	if !slices.Contains([]string{myOrg, multipleOrgs, andPersonal, onlyPersonal}, app.String("signInAudience")) {
		return invalidValue("signInAudience", "application")
	}
	version := app.Doc("api")["requestedAccessTokenVersion"]
	if version != nil && version != float64(1) && version != float64(2) || personal(app) && version != float64(2) {
		return wrongTokenVersion()
	}
	if personal(app) && len(app.Docs("appRoles")) > 0 {
		return invalidValue("appRoles", "application")
	}
	if held := len(app.Docs("passwordCredentials")); personal(app) && held > personalPasswords {
		return tooManyPasswords(held, personalPasswords)
	}
	return nil
}

func checkTags(doc tenant.Doc, resource string) error {
	tags := doc.Strings("tags")
	for i, tag := range tags {
		if tag == "" || utf8.RuneCountInString(tag) > 256 || strings.ContainsFunc(tag, unicode.IsSpace) ||
			slices.Contains(tags[:i], tag) {
			return invalidValue("tags", resource)
		}
	}
	return nil
}

// checkUniqueName keeps a unique name unique in the tenant, soft-deleted applications included, and unchanged once set.
func (c *call) checkUniqueName(tx *tenant.Tx, before, app tenant.Doc) error {
	name := app.String("uniqueName")
	if before["uniqueName"] == app["uniqueName"] {
		return nil
	}
	if before["uniqueName"] != nil || name == "" {
		return immutable("uniqueName")
	}
	live, deleted := tx.Holders(c.caller.TenantID, tenant.Application, tenant.Key{UniqueName: name})
	if others(app, live) || others(app, deleted) {
		return taken("uniqueName")
	}
	return nil
}

// others tells whether any of the ids is another object's.
func others(doc tenant.Doc, ids []string) bool {
	return slices.ContainsFunc(ids, func(id string) bool { return id != doc.String("id") })
}

// checkRequiredAccess judges the configured API permissions.
func (c *call) checkRequiredAccess(tx *tenant.Tx, app tenant.Doc) error {
	limit := limitsOf(app)
	required := app.Docs("requiredResourceAccess")
	total, foreign, seen := 0, 0, map[string]bool{}
	for _, r := range required {
		api, ok := edm.GUID(r.String("resourceAppId"))
		access := r.Docs("resourceAccess")
		if !ok || seen[api] {
			return invalidValue("resourceAppId", "requiredResourceAccess")
		}
		if limit.permissionsPerResource > 0 && len(access) > limit.permissionsPerResource {
			return invalidValue("resourceAccess", "requiredResourceAccess")
		}
		seen[api] = true
		total += len(access)
		if home, _, known := tx.ApplicationByClientID(api); known && home != c.caller.TenantID {
			foreign++
		}
		for _, a := range access {
			if t := a.String("type"); t != "Scope" && t != "Role" {
				return invalidValue("type", "resourceAccess")
			}
			if c.Readings.is(RequiredAccessIDs, "refused") && !c.published(tx, api, a) {
				return badRequest("Property requiredResourceAccess.resourceAccess is invalid.")
			}
		}
	}
	if len(required) > limit.resources || foreign > foreignResources || total > limit.permissions {
		return invalidValue("requiredResourceAccess", "application")
	}
	return nil
}

// reverseRequiredAccess gives the configured API permissions another order.
func reverseRequiredAccess(app tenant.Doc) {
	required := app.Docs("requiredResourceAccess")
	slices.Reverse(required)
	for _, r := range required {
		access := r.Docs("resourceAccess")
		slices.Reverse(access)
		r["resourceAccess"] = access
	}
	app["requiredResourceAccess"] = required
}

// published tells whether the tenant's service principal of an API offers a permission; an API without one can't be
// judged.
func (c *call) published(tx *tenant.Tx, api string, access tenant.Doc) bool {
	offered, known := true, false
	tx.Inspect(c.caller.TenantID, tenant.ServicePrincipal, func(sp tenant.Doc) bool {
		if sp.String("appId") != api {
			return false
		}
		known = true
		list := "oauth2PermissionScopes"
		if access.String("type") == "Role" {
			list = "appRoles"
		}
		offered = slices.ContainsFunc(sp.Docs(list), func(d tenant.Doc) bool { return d.String("id") == access.String("id") })
		return true
	})
	return offered || !known
}
