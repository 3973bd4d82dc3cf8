package signin

import (
	"net/url"
	"slices"
	"strings"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/graph"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

const defaultScope = ".default"

// oidcScopes belong to Microsoft Graph and may accompany any resource.
var oidcScopes = []string{"openid", "profile", "email", "offline_access"}

// asked is what a request's scope parameter asks for: names of one resource, and the OpenID Connect ones.
type asked struct {
	resource string   // as written, "" for Microsoft Graph without its address
	names    []string // without the resource, .default excluded
	oidc     []string
	all      bool // .default
	written  []string
}

func (a asked) wants(oidc string) bool { return slices.Contains(a.oidc, oidc) }

// parseScope reads a v2.0 scope parameter.
func parseScope(text string) (asked, *Error) {
	var a asked
	words := strings.Fields(text)
	if len(words) == 0 {
		return a, errEmptyScope()
	}
	first := true
	for _, word := range words {
		if slices.Contains(oidcScopes, strings.ToLower(word)) {
			a.oidc = append(a.oidc, strings.ToLower(word))
			continue
		}
		resource, name := splitScope(word)
		if name == "" {
			return a, errScope(word)
		}
		if resource == "" && strings.HasPrefix(word, "/") {
			return a, errScopeWithoutResource(word)
		}
		if !first && !strings.EqualFold(resource, a.resource) {
			return a, errSeveralResources()
		}
		first, a.resource = false, resource
		a.written = append(a.written, word)
		if name == defaultScope {
			a.all = true
		} else {
			a.names = append(a.names, name)
		}
	}
	if a.all && len(a.names) > 0 {
		return a, errScope(text)
	}
	return a, nil
}

// splitScope parts "https://host/Name" into its resource and its name. A resource whose own address ends in a slash is
// written with two.
func splitScope(word string) (resource, name string) {
	i := strings.LastIndex(word, "/")
	if i < 0 {
		return "", word
	}
	return word[:i], word[i+1:]
}

// resource is an API in one tenant.
type resource struct {
	sp  tenant.Doc
	aud string // as the request spelt it
}

func (r resource) id() string    { return r.sp.String("id") }
func (r resource) isGraph() bool { return r.sp.String("appId") == tenant.MicrosoftGraphClientID }

// resourceIn finds an API's service principal in a tenant by an address or client id. The emulator's own origin, by
// any of its hosts, stands for Microsoft Graph.
func (x *exchange) resourceIn(view *tenant.View, d directory, name string) (resource, *Error) {
	aud := name
	if aud == "" {
		aud = "https://graph.microsoft.com"
	}
	plain := strings.TrimRight(aud, "/")
	if graph.OwnOrigin(x.r, x.h.hosts, plain) {
		plain = tenant.MicrosoftGraphClientID
	}
	found := view.Find(d.ID, tenant.ServicePrincipal, func(sp tenant.Doc) bool {
		return slices.ContainsFunc(sp.Strings("servicePrincipalNames"), func(n string) bool { return strings.EqualFold(strings.TrimRight(n, "/"), plain) })
	})
	if len(found) == 0 {
		return resource{}, errResourceNotFound(aud, d.name())
	}
	return resource{sp: found[0], aud: aud}, nil
}

// mapped refuses a token with an audience that somebody else could claim, where the API takes claims by mapping.
func (r resource) mapped(view *tenant.View) *Error {
	id := r.sp.String("appId")
	home, app, ok := view.ApplicationByClientID(id)
	if !ok || !app.Doc("api").Bool("acceptMappedClaims") || tokenVersion(app) == 2 || strings.EqualFold(strings.TrimPrefix(r.aud, "api://"), id) {
		return nil
	}
	u, err := url.Parse(r.aud)
	for _, organization := range view.List(home, tenant.Organization) {
		for _, domain := range organization.Docs("verifiedDomains") {
			if name := domain.String("name"); err == nil && (strings.EqualFold(u.Hostname(), name) || strings.HasSuffix(strings.ToLower(u.Hostname()), "."+strings.ToLower(name))) {
				return nil
			}
		}
	}
	return errMappedClaims(r.aud)
}

// published finds a delegated permission of the API by name, in any letter case. One that is switched off doesn't exist.
func (r resource) published(name string) (tenant.Doc, bool) {
	for _, scope := range r.sp.Docs("oauth2PermissionScopes") {
		if strings.EqualFold(scope.String("value"), name) && scope["isEnabled"] != false {
			return scope, true
		}
	}
	return nil, false
}

// configured lists the names of the delegated permissions that the application's registration requests of the API.
func (r resource) configured(app tenant.Doc) []string {
	ids := map[string]bool{}
	for _, access := range app.Docs("requiredResourceAccess") {
		if access.String("resourceAppId") != r.sp.String("appId") {
			continue
		}
		for _, permission := range access.Docs("resourceAccess") {
			ids[permission.String("id")] = permission.String("type") == "Scope"
		}
	}
	var names []string
	for _, scope := range r.sp.Docs("oauth2PermissionScopes") {
		if ids[scope.String("id")] && scope["isEnabled"] != false {
			names = append(names, scope.String("value"))
		}
	}
	return names
}
