package portal

import (
	"slices"
	"strings"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// permission is a row of the table of permissions.
type permission struct {
	Name, Type, Description string
	AdminConsentRequired    bool
	Granted                 bool // for the whole tenant
}

// api is an API with permissions of its own.
type api struct {
	Name        string
	Tenant      string // that grants
	Permissions []permission
}

type permissionsContent struct {
	Tenant string
	// Configured is what the application asks for, Other what was granted without being asked for.
	Configured, Other []api
}

// consents is what was granted to one application for the whole tenant.
type consents struct {
	scopes map[string][]string // names by the API's service principal
	roles  map[string][]string // ids by the same
}

func consentsOf(s scene) consents {
	c := consents{scopes: map[string][]string{}, roles: map[string][]string{}}
	client, ok := s.view.ServicePrincipalByClientID(s.tenant.ID, s.app.String("appId"))
	if !ok {
		return c
	}
	id := client.String("id")
	for _, grant := range s.view.List(s.tenant.ID, tenant.Grant) {
		if grant.String("clientId") == id && grant["principalId"] == nil {
			at := grant.String("resourceId")
			c.scopes[at] = append(c.scopes[at], strings.Fields(grant.String("scope"))...)
		}
	}
	for _, assignment := range s.view.List(s.tenant.ID, tenant.AppRoleAssignment) {
		if assignment.String("principalId") == id {
			at := assignment.String("resourceId")
			c.roles[at] = append(c.roles[at], assignment.String("appRoleId"))
		}
	}
	return c
}

// permissions compares what the application asks for with what was granted.
func permissions(s scene) any {
	content := permissionsContent{Tenant: s.tenant.DisplayName}
	granted := consentsOf(s)
	for _, wanted := range s.app.Docs("requiredResourceAccess") {
		clientID := wanted.String("resourceAppId")
		resource, ok := s.view.ServicePrincipalByClientID(s.tenant.ID, clientID)
		at := api{Name: clientID, Tenant: s.tenant.DisplayName}
		if ok {
			at.Name = resource.String("displayName")
		}
		for _, access := range wanted.Docs("resourceAccess") {
			at.Permissions = append(at.Permissions, granted.take(resource, access.String("id"), access.String("type") == "Role"))
		}
		content.Configured = append(content.Configured, at)
	}
	for _, resource := range s.view.List(s.tenant.ID, tenant.ServicePrincipal) {
		if rest := granted.rest(resource); len(rest) > 0 {
			content.Other = append(content.Other, api{Name: resource.String("displayName"), Tenant: s.tenant.DisplayName, Permissions: rest})
		}
	}
	return content
}

// take describes a permission of an API by its id and, if it was granted, takes it away. An id that the API doesn't know
// is shown as it is.
func (c consents) take(resource tenant.Doc, id string, role bool) permission {
	p := describe(resource, id, role)
	at := resource.String("id")
	granted, key := c.scopes, p.Name
	if role {
		granted, key = c.roles, id
	}
	is := func(s string) bool { return strings.EqualFold(s, key) }
	p.Granted = slices.ContainsFunc(granted[at], is)
	granted[at] = slices.DeleteFunc(granted[at], is)
	return p
}

// rest describes what was granted at an API and not taken away.
func (c consents) rest(resource tenant.Doc) []permission {
	at := resource.String("id")
	var out []permission
	for _, name := range c.scopes[at] {
		p := permission{Name: name, Type: "Delegated"}
		for _, scope := range resource.Docs("oauth2PermissionScopes") {
			if strings.EqualFold(scope.String("value"), name) {
				p = describe(resource, scope.String("id"), false)
			}
		}
		p.Granted = true
		out = append(out, p)
	}
	for _, id := range c.roles[at] {
		p := describe(resource, id, true)
		p.Granted = true
		out = append(out, p)
	}
	return out
}

func describe(resource tenant.Doc, id string, role bool) permission {
	kind, list, text := "Delegated", "oauth2PermissionScopes", "adminConsentDisplayName"
	if role {
		kind, list, text = "Application", "appRoles", "displayName"
	}
	for _, published := range resource.Docs(list) {
		if published.String("id") == id {
			return permission{
				Name: published.String("value"), Type: kind, Description: published.String(text),
				AdminConsentRequired: role || published.String("type") == "Admin",
			}
		}
	}
	return permission{Name: id, Type: kind, AdminConsentRequired: role}
}
