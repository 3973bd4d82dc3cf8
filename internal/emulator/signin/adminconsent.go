package signin

import (
	"net/url"
	"strings"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// approval is an administrator's consent for the whole organisation, outside of any sign-in to the application.
type approval struct {
	authorization           // where to send the answer; always by query
	v1            bool      // everything that is configured, of all APIs
	at            directory // what the address named
}

func adminConsent(x *exchange) error   { return adminConsentPage(x, false) }
func adminConsentV1(x *exchange) error { return adminConsentPage(x, true) }

func adminConsentPage(x *exchange, v1 bool) error {
	d, refusal := x.directory()
	if refusal != nil {
		return refusal
	}
	query := x.r.URL.Query()
	if query.Get("client_id") == "" {
		return errMissingParameter("client_id")
	}
	if d.alias == aliasCommon && !v1 || d.alias == aliasConsumers {
		return errGrantNeedsTenant(d.alias)
	}
	c, refusal := x.h.client(query.Get("client_id"), d, time.Time{})
	if refusal != nil {
		return refusal
	}
	a := approval{v1: v1, at: d, authorization: authorization{mode: "query", state: query.Get("state")}}
	if a.redirectURI, _, refusal = x.redirectURI(c, query.Get("redirect_uri")); refusal != nil {
		return refusal
	}
	if !v1 {
		if !query.Has("scope") {
			return a.fail(x, errMissingParameter("scope"))
		}
		if a.asked, refusal = parseScope(query.Get("scope")); refusal != nil {
			return a.fail(x, refusal)
		}
	}
	return x.ask(flow{stage: stageUser, at: d, clientID: c.id, appName: c.name, asOf: c.asOf, purpose: a}, nil)
}

// consent always asks, whatever is granted already, and only an administrator.
func (a approval) consent(x *exchange, f flow, c *client, in directory) (consentRequest, *Error) {
	request := consentRequest{organization: true}
	resources, refusal := a.resources(x, c, in)
	if refusal != nil {
		return request, refusal
	}
	for _, r := range resources {
		names := a.asked.names
		if a.v1 || a.asked.all {
			names = r.configured(c.app)
			request.addRoles(r, c.app)
		}
		for _, name := range names {
			if _, ok := r.published(name); !ok {
				return request, errScope(name)
			}
		}
		request.grants = append(request.grants, grant{r.id(), names})
		request.lines = append(request.lines, r.describe(names)...)
	}
	if !f.account.Administrator {
		names := make([]string, 0, len(request.lines))
		for _, line := range request.lines {
			names = append(names, line.Name)
		}
		return request, errAdministratorNeeded(c.name, names)
	}
	if request.nothing() {
		request.lines = []permission{{Name: "openid", Title: "Sign you in"}}
	}
	return request, nil
}

// resources are the APIs that are consented to: the one named, or all that are configured.
func (a approval) resources(x *exchange, c *client, in directory) ([]resource, *Error) {
	names := []string{a.asked.resource}
	if a.v1 {
		names = nil
		for _, access := range c.app.Docs("requiredResourceAccess") {
			names = append(names, access.String("resourceAppId"))
		}
	}
	var out []resource
	for _, name := range names {
		r, refusal := x.resourceIn(c.view, in, name)
		if refusal != nil {
			return nil, c.toldToPeople(refusal, in, name)
		}
		out = append(out, r)
	}
	return out, nil
}

// addRoles adds the application permissions that the registration requests of an API.
func (request *consentRequest) addRoles(r resource, app tenant.Doc) {
	published := map[string]tenant.Doc{}
	for _, p := range r.sp.Docs("appRoles") {
		published[p.String("id")] = p
	}
	for _, access := range app.Docs("requiredResourceAccess") {
		if access.String("resourceAppId") != r.sp.String("appId") {
			continue
		}
		for _, wanted := range access.Docs("resourceAccess") {
			p, ok := published[wanted.String("id")]
			if wanted.String("type") != "Role" || !ok {
				continue
			}
			request.roles = append(request.roles, role{resourceID: r.id(), resourceName: r.sp.String("displayName"), roleID: p.String("id")})
			request.lines = append(request.lines, permission{Name: p.String("value"), Title: p.String("displayName"), Description: p.String("description")})
		}
	}
}

func (a approval) finish(x *exchange, f flow, in directory) error {
	params := url.Values{"admin_consent": {"True"}, "tenant": {in.ID}}
	if !a.v1 {
		granted, refusal := a.granted(x, f, in)
		if refusal != nil {
			return a.fail(x, refusal)
		}
		params.Set("scope", strings.Join(granted, " "))
	}
	return a.send(x, params)
}

// granted lists the scopes that were consented to, with their API's address in front as in the request.
func (a approval) granted(x *exchange, f flow, in directory) ([]string, *Error) {
	if !a.asked.all {
		return a.asked.written, nil
	}
	c, refusal := x.h.client(f.clientID, f.at, f.asOf)
	if refusal != nil {
		return nil, refusal
	}
	r, refusal := x.resourceIn(c.view, in, a.asked.resource)
	if refusal != nil {
		return nil, refusal
	}
	names := r.configured(c.app)
	if a.asked.resource != "" {
		for i := range names {
			names[i] = strings.TrimRight(a.asked.resource, "/") + "/" + names[i]
		}
	}
	return names, nil
}

func (a approval) declined() *Error { return errConsentDeclined() }

func (a approval) fail(x *exchange, e *Error) error {
	switch {
	case e.OnPage:
		return e
	case a.v1 && e.Number == errConsentDeclined().Number:
		return a.send(x, url.Values{"error": {"permission_denied"}, "error_description": {"The admin canceled the request"}})
	}
	code := e.Code
	if e.Number == errConsentDeclined().Number {
		code = "consent_required"
	}
	params := url.Values{"admin_consent": {"True"}, "error": {code}, "error_description": {x.describe(e)}}
	if a.at.ID != "" {
		params.Set("tenant", a.at.ID)
	}
	return a.send(x, params)
}
