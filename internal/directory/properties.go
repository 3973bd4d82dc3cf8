package directory

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// Properties are the application's values in canonical text: collections as sets, and one property per secret, per
// certificate and per API, so that a write to one says nothing of another.
func (a *Application) Properties() Properties {
	p := a.properties()
	p["fallback_public_client"] = boolText(a.FallbackPublicClient)
	if a.AccessTokenVersion != nil {
		p["access_token_version"] = strconv.Itoa(int(*a.AccessTokenVersion))
	}
	for _, s := range a.Secrets {
		p["secret/"+s.KeyID] = s.DisplayName + " " + s.Start.Format(time.RFC3339) + " " + s.End.Format(time.RFC3339)
	}
	for _, k := range a.Certificates {
		p["certificate/"+k.KeyID] = "held" // it can't be altered
	}
	for _, api := range a.Permissions {
		p["scopes/"+api.APIClientID] = setText(api.ScopeIDs)
		p["roles/"+api.APIClientID] = setText(api.RoleIDs)
	}
	return p
}

// properties leaves owners out: they are not part of the object but of a list beside it.
func (s *ApplicationSpec) properties() Properties {
	return Properties{
		"display_name":                 s.DisplayName,
		"sign_in_audience":             s.SignInAudience,
		"description":                  s.Description,
		"notes":                        s.Notes,
		"service_management_reference": s.ServiceManagementReference,
		"tags":                         setText(s.Tags),
		"redirect_uris/web":            setText(s.RedirectURIs.Web),
		"redirect_uris/spa":            setText(s.RedirectURIs.SPA),
		"redirect_uris/public_client":  setText(s.RedirectURIs.PublicClient),
		"homepage_url":                 s.HomepageURL,
		"logout_url":                   s.LogoutURL,
		"implicit_grant/access_tokens": strconv.FormatBool(s.ImplicitGrant.AccessTokens),
		"implicit_grant/id_tokens":     strconv.FormatBool(s.ImplicitGrant.IDTokens),
		"unique_name":                  s.UniqueName,
	}
}

// Properties are the service principal's values in canonical text, one property per tag. A tag that the application has,
// too, is none: it shows whether or not it was written.
func (s *ServicePrincipal) Properties() Properties {
	p := Properties{
		"account_enabled":              strconv.FormatBool(s.AccountEnabled),
		"app_role_assignment_required": strconv.FormatBool(s.AppRoleAssignmentRequired),
		"notes":                        s.Notes,
	}
	for _, tag := range without(s.Tags, s.InheritedTags) {
		p["tag/"+tag] = "true"
	}
	return p
}

// Properties are the grant's values in canonical text.
func (g *Grant) Properties() Properties { return Properties{"scopes": setText(g.Scopes)} }

// setText writes a set: sorted, each element quoted; "" for the empty one.
func setText(values []string) string {
	if len(values) == 0 {
		return ""
	}
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	quoted := make([]string, 0, len(sorted))
	for _, v := range slices.Compact(sorted) {
		quoted = append(quoted, strconv.Quote(v))
	}
	return strings.Join(quoted, " ")
}

func boolText(b *bool) string {
	if b == nil {
		return ""
	}
	return strconv.FormatBool(*b)
}

// sameSet tells whether two collections hold the same elements.
func sameSet(a, b []string) bool { return setText(a) == setText(b) }

func (a *Application) clone() *Application {
	c := *a
	c.ApplicationSpec = a.ApplicationSpec.clone()
	c.markers = slices.Clone(a.markers)
	c.Secrets = slices.Clone(a.Secrets)
	c.Certificates = slices.Clone(a.Certificates)
	c.IdentifierURIs = slices.Clone(a.IdentifierURIs)
	c.FallbackPublicClient = clonePointer(a.FallbackPublicClient)
	c.AccessTokenVersion = clonePointer(a.AccessTokenVersion)
	c.Permissions = slices.Clone(a.Permissions)
	for i, p := range c.Permissions {
		c.Permissions[i].ScopeIDs, c.Permissions[i].RoleIDs = slices.Clone(p.ScopeIDs), slices.Clone(p.RoleIDs)
	}
	return &c
}

func (s ApplicationSpec) clone() ApplicationSpec {
	s.Tags = slices.Clone(s.Tags)
	s.Owners = slices.Clone(s.Owners)
	s.RedirectURIs = RedirectURIs{
		Web: slices.Clone(s.RedirectURIs.Web), SPA: slices.Clone(s.RedirectURIs.SPA), PublicClient: slices.Clone(s.RedirectURIs.PublicClient),
	}
	return s
}

func (s *ServicePrincipal) clone() *ServicePrincipal {
	c := *s
	c.Tags, c.Secrets, c.Certificates = slices.Clone(s.Tags), slices.Clone(s.Secrets), slices.Clone(s.Certificates)
	c.InheritedTags = slices.Clone(s.InheritedTags)
	return &c
}

func (g *Grant) clone() *Grant {
	c := *g
	c.Scopes = slices.Clone(g.Scopes)
	return &c
}

func clonePointer[T any](p *T) *T {
	if p == nil {
		return nil
	}
	v := *p
	return &v
}
