package graph

import (
	"net/url"
	"slices"
	"strings"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/edm"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// checkIdentifierURIs checks form, number and uniqueness of identifier URIs.
func (c *call) checkIdentifierURIs(tx *tenant.Tx, before, app tenant.Doc) error {
	uris, limit := app.Strings("identifierUris"), limitsOf(app)
	if limit.identifierURIs > 0 && len(uris) > limit.identifierURIs {
		return invalidValue("identifierUris", "application")
	}
	// What was there before was judged then, unless the audience has changed and with it the rules.
	var known []string
	if before["signInAudience"] == app["signInAudience"] {
		known = before.Strings("identifierUris")
	}
	for i, text := range uris {
		if slices.Contains(uris[:i], text) {
			return invalidValue("identifierUris", "application")
		}
		if slices.Contains(known, text) {
			continue
		}
		if err := c.checkIdentifierURI(tx, app, text); err != nil {
			return err
		}
		if c.identifierTaken(tx, app, text) {
			return taken("identifierUris")
		}
	}
	return nil
}

// checkIdentifierURI follows the documentation's list of patterns: api:// with the client id, https on a verified
// domain, and urn for work accounts.
func (c *call) checkIdentifierURI(tx *tenant.Tx, app tenant.Doc, text string) error {
	invalid := invalidValue("identifierUris", "application")
	u, err := url.Parse(text)
	if err != nil || len(text) > limitsOf(app).identifierURILength || strings.ContainsAny(text, "* ") || strings.HasSuffix(text, "/") {
		return invalid
	}
	if personal(app) && (u.RawQuery != "" || u.ForceQuery || u.Fragment != "") {
		return invalid
	}
	switch u.Scheme {
	case "urn":
		if personal(app) || u.Opaque == "" {
			return invalid
		}
		return nil
	case "api":
		if c.hasClientID(app, u) || c.verifiedHost(tx, u.Hostname()) {
			return nil
		}
	case "https":
		if c.verifiedHost(tx, u.Hostname()) {
			return nil
		}
	default:
		return invalid
	}
	return foreignHost(text)
}

// hasClientID tells whether an api URI is the client id, or any text, the tenant's id above all, followed by it.
func (c *call) hasClientID(app tenant.Doc, u *url.URL) bool {
	parts := append([]string{u.Host}, strings.Split(strings.TrimPrefix(u.Path, "/"), "/")...)
	return slices.ContainsFunc(parts[:min(2, len(parts))], func(part string) bool {
		id, ok := edm.GUID(part)
		return ok && id == app.String("appId")
	})
}

func (c *call) verifiedHost(tx *tenant.Tx, host string) bool {
	organization, ok := tx.Get(c.caller.TenantID, tenant.Organization, c.caller.TenantID)
	return ok && slices.ContainsFunc(organization.Docs("verifiedDomains"), func(d tenant.Doc) bool {
		name := strings.ToLower(d.String("name"))
		host := strings.ToLower(host)
		return host == name || strings.HasSuffix(host, "."+name)
	})
}

// identifierTaken tells whether another application has an identifier URI: of this tenant, or, when others than this
// tenant's people sign in, of any.
func (c *call) identifierTaken(tx *tenant.Tx, app tenant.Doc, uri string) bool {
	tenants := []string{c.caller.TenantID}
	if app.String("signInAudience") != myOrg {
		tenants = tenants[:0]
		for _, t := range tx.Tenants() {
			tenants = append(tenants, t.ID)
		}
	}
	return slices.ContainsFunc(tenants, func(id string) bool {
		live, deleted := tx.Holders(id, tenant.Application, tenant.Key{IdentifierURI: uri})
		return others(app, live) || c.Readings.is(DeletedIdentifierURI, "reserved") && others(app, deleted)
	})
}
