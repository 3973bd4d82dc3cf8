package signin

import (
	"fmt"
	"slices"
	"strings"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// verdict says what a user of a client has consented to at one API, and what a request still lacks.
type verdict struct {
	client   *client
	in       directory // the tenant of the user and the token
	resource resource
	graph    resource // where the OpenID Connect scopes are kept
	asked    asked

	granted     []string // at the resource, by the user or for everybody
	missing     []string // at the resource
	missingOIDC []string
}

func (v verdict) needsConsent() bool { return len(v.missing)+len(v.missingOIDC) > 0 }

// weigh compares what is asked for with the grants that hold for a user.
func (x *exchange) weigh(c *client, in directory, a asked, userID string) (verdict, *Error) {
	v := verdict{client: c, in: in, asked: a}
	var refusal *Error
	if v.resource, refusal = x.resourceIn(c.view, in, a.resource); refusal != nil {
		return v, refusal
	}
	if v.graph, refusal = x.resourceIn(c.view, in, tenant.MicrosoftGraphClientID); refusal != nil {
		return v, refusal
	}
	sp, ok, refusal := c.principal(in.ID)
	if refusal != nil {
		return v, refusal
	}
	var atGraph []string
	if ok && sp.Bool("appRoleAssignmentRequired") && !c.assigned(in.ID, userID, sp) {
		return v, errNotAssigned(c.id, c.name)
	}
	if ok {
		v.granted = grantedNames(c.view, in.ID, sp, v.resource, userID)
		atGraph = grantedNames(c.view, in.ID, sp, v.graph, userID)
	}
	if refusal := v.lackNames(); refusal != nil {
		return v, refusal
	}
	v.lackOIDC(atGraph, x.h.reading().OIDCScopesNeedGrant)
	return v, nil
}

// assigned tells whether a user or a service principal has been assigned to an application, in whatever role.
func (c *client) assigned(tenantID, principalID string, sp tenant.Doc) bool {
	return len(c.view.Find(tenantID, tenant.AppRoleAssignment, func(d tenant.Doc) bool {
		return principalID != "" && d.String("principalId") == principalID && d.String("resourceId") == sp.String("id")
	})) > 0
}

func grantedNames(view *tenant.View, tenantID string, sp tenant.Doc, r resource, userID string) []string {
	var names []string
	for _, grant := range view.Grants(tenantID, sp.String("id"), r.id(), userID) {
		for _, name := range strings.Fields(grant.String("scope")) {
			if !containsFold(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// lackNames finds the API's permissions that are asked for and not granted. ".default" asks for what is configured, but
// only as long as nothing has been consented to.
func (v *verdict) lackNames() *Error {
	names := v.asked.names
	if v.asked.all && len(v.granted) == 0 {
		names = v.resource.configured(v.client.app)
		if len(names) == 0 && !v.resource.isGraph() {
			return errResourceNotConfigured(v.resource.aud)
		}
	}
	for _, name := range names {
		if containsFold(v.granted, name) {
			continue
		}
		scope, ok := v.resource.published(name)
		if !ok {
			return errScope(name)
		}
		v.missing = append(v.missing, scope.String("value"))
	}
	return nil
}

// toldToPeople is how a refusal about an API is put on the pages: a registration that lists none of its permissions is
// misconfigured, and an API that it lists and the tenant lacks isn't subscribed to.
func (c *client) toldToPeople(e *Error, in directory, resource string) *Error {
	switch e.Number {
	case 650057:
		return errMisconfigured(c.name, resource)
	case 500011:
		for _, access := range c.app.Docs("requiredResourceAccess") {
			id := access.String("resourceAppId")
			_, api, _ := c.view.ApplicationByClientID(id)
			if containsFold(append(api.Strings("identifierUris"), id), strings.TrimRight(resource, "/")) {
				return errNotSubscribed(firstOf(api.String("displayName"), id), in.name())
			}
		}
	}
	return e
}

func (v *verdict) lackOIDC(atGraph []string, needGrant bool) {
	wanted := v.asked.oidc
	if !needGrant {
		if len(v.granted)+len(v.missing) > 0 {
			return
		}
		if len(wanted) == 0 {
			wanted = []string{"openid", "profile"}
		}
	}
	for _, name := range wanted {
		if !containsFold(atGraph, name) {
			v.missingOIDC = append(v.missingOIDC, name)
		}
	}
}

func containsFold(list []string, name string) bool {
	return slices.ContainsFunc(list, func(s string) bool { return strings.EqualFold(s, name) })
}

// permission is a line of the consent page.
type permission struct{ Name, Title, Description string }

func (r resource) describe(names []string) []permission {
	lines := make([]permission, 0, len(names))
	for _, name := range names {
		line := permission{Name: name, Title: name}
		if scope, ok := r.published(name); ok {
			line.Title = firstOf(scope.String("userConsentDisplayName"), scope.String("adminConsentDisplayName"), name)
			line.Description = firstOf(scope.String("userConsentDescription"), scope.String("adminConsentDescription"))
		}
		lines = append(lines, line)
	}
	return lines
}

func firstOf(texts ...string) string {
	i := slices.IndexFunc(texts, func(s string) bool { return s != "" })
	if i < 0 {
		return ""
	}
	return texts[i]
}

// grant is delegated consent to be written: names at one API.
type grant struct {
	resourceID string
	names      []string
}

func (v verdict) grants() []grant {
	oidc := v.missingOIDC
	if len(v.missing) > 0 {
		oidc = v.asked.oidc // What comes along is written down too, as the real consent page does.
	}
	return []grant{{v.resource.id(), v.missing}, {v.graph.id(), oidc}}
}

// writeConsent records grants for one user, or for the whole tenant when userID is "". The client's service principal
// is created where it is missing: that is how an application of another tenant is installed.
func writeConsent(tx *tenant.Tx, c *client, tenantID, userID string, grants []grant) (principalID string, err error) {
	sp, ok := tx.ServicePrincipalByClientID(tenantID, c.id)
	if !ok {
		id := tx.NewID("consented principal", tenantID, c.id)
		sp = tenant.NewServicePrincipal(id, c.app, c.homeTenantID, "", tx.Now())
		tx.Put(tenantID, tenant.ServicePrincipal, sp)
	}
	principalID = sp.String("id")
	for _, g := range grants {
		if err := writeGrant(tx, tenantID, principalID, userID, g); err != nil {
			return "", err
		}
	}
	return principalID, nil
}

func writeGrant(tx *tenant.Tx, tenantID, principalID, userID string, g grant) error {
	if len(g.names) == 0 {
		return nil
	}
	id, err := tenant.GrantID(principalID, g.resourceID, userID)
	if err != nil {
		return fmt.Errorf("recording consent: %w", err)
	}
	doc, ok := tx.Get(tenantID, tenant.Grant, id)
	if !ok {
		doc = tenant.Doc{"id": id, "clientId": principalID, "resourceId": g.resourceID, "consentType": "AllPrincipals", "principalId": nil, "scope": ""}
		if userID != "" {
			doc["consentType"], doc["principalId"] = "Principal", userID
		}
	}
	names := strings.Fields(doc.String("scope"))
	for _, name := range g.names {
		if !containsFold(names, name) {
			names = append(names, name)
		}
	}
	doc["scope"] = strings.Join(names, " ")
	tx.Put(tenantID, tenant.Grant, doc)
	return nil
}
