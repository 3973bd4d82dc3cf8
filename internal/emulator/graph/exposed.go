package graph

import (
	"maps"
	"regexp"
	"slices"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/edm"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// exposedValue is what the documentation allows as the value of a scope or role; its length follows from the audience.
var exposedValue = regexp.MustCompile(`^[A-Za-z0-9!#$%&'()*+,\-/;=?@\[\]^_{}~][A-Za-z0-9!#$%&'()*+,\-./;=?@\[\]^_{}~]*$`)

// exposedRoleOrigin is what Graph says of a role of an application.
const exposedRoleOrigin = "Application"

// exposure is a scope or role with the type that it has in the schema.
type exposure struct {
	tenant.Doc
	resource string
}

// exposed lists the scopes and roles of an application: their values and ids share one space.
func exposed(app tenant.Doc) []exposure {
	var all []exposure
	for _, d := range app.Doc("api").Docs("oauth2PermissionScopes") {
		all = append(all, exposure{d, "permissionScope"})
	}
	for _, d := range app.Docs("appRoles") {
		all = append(all, exposure{d, "appRole"})
	}
	return all
}

// checkExposed judges the scopes and roles that an application offers: form, uniqueness, number, and that none which is
// enabled is edited or removed.
func checkExposed(before, app tenant.Doc) error {
	const most = 700
	all, limit := exposed(app), limitsOf(app)
	if scopes := app.Doc("api").Docs("oauth2PermissionScopes"); limit.scopes > 0 && len(scopes) > limit.scopes {
		return invalidValue("oauth2PermissionScopes", "apiApplication")
	}
	if len(all) > most {
		return invalidValue("oauth2PermissionScopes", "apiApplication")
	}
	values, ids := map[string]bool{}, map[string]bool{}
	for _, e := range all {
		if err := e.check(limit.scopeValue); err != nil {
			return err
		}
		id, value := e.String("id"), e.String("value")
		if ids[id] {
			return duplicate("id")
		}
		if value != "" && values[value] {
			return duplicate("value")
		}
		ids[id], values[value] = true, true
	}
	return checkEnabled(exposed(before), all)
}

// check judges the form of one scope or role.
func (e exposure) check(longest int) error {
	if value := e.String("value"); len(value) > longest || value != "" && !exposedValue.MatchString(value) {
		return invalidValue("value", e.resource)
	}
	if e.resource == "permissionScope" {
		if t := e.String("type"); t != "User" && t != "Admin" {
			return invalidValue("type", e.resource)
		}
		return nil
	}
	members := e.Strings("allowedMemberTypes")
	for i, member := range members {
		if member != "User" && member != "Application" || slices.Contains(members[:i], member) {
			return invalidValue("allowedMemberTypes", e.resource)
		}
	}
	if len(members) == 0 {
		return invalidValue("allowedMemberTypes", e.resource)
	}
	if origin := e.String("origin"); origin != exposedRoleOrigin {
		return readOnly("origin")
	}
	return nil
}

// checkEnabled refuses to edit or remove what is enabled: it must be disabled first, by a write of its own or together
// with the edit.
func checkEnabled(before, after []exposure) error {
	for _, old := range before {
		if !old.Bool("isEnabled") {
			continue
		}
		i := slices.IndexFunc(after, func(e exposure) bool { return e.String("id") == old.String("id") })
		if i < 0 || after[i].Bool("isEnabled") && !maps.EqualFunc(old.Doc, after[i].Doc, equal) {
			return enabledEntitlement()
		}
	}
	return nil
}

// equal compares two values of a document.
func equal(a, b any) bool {
	x, xs := a.([]any)
	y, ys := b.([]any)
	if xs && ys {
		return slices.EqualFunc(x, y, equal)
	}
	d, ds := a.(tenant.Doc)
	e, es := b.(tenant.Doc)
	if ds && es {
		return maps.EqualFunc(d, e, equal)
	}
	return xs == ys && ds == es && !xs && !ds && a == b
}

// nameOrigins fills in where roles come from, which callers leave out.
func nameOrigins(app tenant.Doc) {
	for _, role := range app.Docs("appRoles") {
		if role["origin"] == nil {
			role["origin"] = exposedRoleOrigin
		}
	}
}

// checkPreAuthorized judges the clients that need no consent. The scopes that a write names must be offered.
func (c *call) checkPreAuthorized(before, app tenant.Doc) error {
	const resource = "preAuthorizedApplication"
	api, limit := app.Doc("api"), limitsOf(app)
	clients := api.Docs("preAuthorizedApplications")
	offered := map[string]bool{}
	for _, scope := range api.Docs("oauth2PermissionScopes") {
		if scope.Bool("isEnabled") {
			offered[scope.String("id")] = true
		}
	}
	written := !equal(before.Doc("api")["preAuthorizedApplications"], api["preAuthorizedApplications"])
	total, seen := 0, map[string]bool{}
	for _, client := range clients {
		id, ok := edm.GUID(client.String("appId"))
		if !ok || seen[id] {
			return invalidValue("appId", resource)
		}
		seen[id] = true
		scopes := client.Strings("delegatedPermissionIds")
		total += len(scopes)
		if limit.scopesPerClient > 0 && len(scopes) > limit.scopesPerClient {
			return invalidValue("delegatedPermissionIds", resource)
		}
		for _, scope := range scopes {
			scopeID, ok := edm.GUID(scope)
			if !ok || written && !offered[scopeID] && c.Readings.is(PreAuthorizedScopes, "checked") {
				return invalidValue("delegatedPermissionIds", resource)
			}
		}
	}
	if limit.clients > 0 && (len(clients) > limit.clients || total > limit.clientScopes) {
		return invalidValue("preAuthorizedApplications", "apiApplication")
	}
	return nil
}
