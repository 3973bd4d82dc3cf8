package graph

import (
	"net/http"
	"slices"
	"strings"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/edm"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/odata"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

const applicationSet = "applications"

// applicationFields are the plain filters; an empty value marks a property that only advanced queries filter by.
var applicationFields = odata.Fields{
	"appId": "eq in", "createdDateTime": "eq in ge le", "disabledByMicrosoftStatus": "eq in",
	"displayName": "eq in startsWith", "id": "eq in", "publisherDomain": "eq in startsWith", "signInAudience": "eq in",
	"uniqueName": "eq in startsWith", "identifierUris/any": "eq startsWith", "tags/any": "eq startsWith",
	"description": "", "notes": "", "serviceManagementReference": "", "web/homePageUrl": "",
	"info/termsOfServiceUrl": "", "verifiedPublisher/displayName": "", "web/redirectUris/any": "",
	"spa/redirectUris/any": "", "publicClient/redirectUris/any": "", "requiredResourceAccess/any/resourceAppId": "",
	"federatedIdentityCredentials/any/issuer": "", "federatedIdentityCredentials/any/name": "",
	"federatedIdentityCredentials/any/subject": "", "owners/$count": "",
}

func listApplications(c *call) (*result, error) {
	return c.list(collection{kind: tenant.Application, set: applicationSet, fields: applicationFields})
}

func getApplication(c *call) (*result, error) {
	app, err := c.application()
	if err != nil {
		return nil, err
	}
	return c.one(http.StatusOK, applicationSet, "application", app, false)
}

// application finds the application that the path names, as the replica that answers this request shows it.
func (c *call) application() (tenant.Doc, error) {
	key, by, err := c.key()
	if err != nil {
		return nil, err
	}
	// A read by uniqueName may be served by what an upsert went to.
	view := c.near(key)
	if c.params["uniqueName"] != "" && c.Readings.is(UpsertVisible, "at-once") {
		view = c.Cloud.Latest()
	}
	app, ok := view.Lookup(c.caller.TenantID, tenant.Application, by)
	if !ok {
		return nil, notFound(key)
	}
	return app, nil
}

// key reads the key in the path: its text, and what it selects.
func (c *call) key() (string, tenant.Key, error) {
	if name := c.params["uniqueName"]; name != "" {
		return name, tenant.Key{UniqueName: name}, nil
	}
	if text, ok := c.params["appId"]; ok {
		appID, ok := edm.GUID(text)
		if !ok {
			return "", tenant.Key{}, malformedAppID()
		}
		return appID, tenant.Key{ClientID: appID}, nil
	}
	id, err := c.objectID()
	return id, tenant.Key{ID: id}, err
}

// objectID reads the object id in the path.
func (c *call) objectID() (string, error) { return c.guid("id") }

// guid reads a GUID in the path.
func (c *call) guid(param string) (string, error) {
	text := c.params[param]
	id, ok := edm.GUID(text)
	switch {
	case ok:
		return id, nil
	case c.Readings.is(MalformedID, "400"):
		return "", badRequest("Invalid object identifier '%s'.", text)
	}
	return "", notFound(text)
}

// change writes an object: it must show on the replica that answers, exist in truth, and be the caller's to write.
func (c *call) change(kind tenant.Kind, seen tenant.Doc, f func(tx *tenant.Tx, doc tenant.Doc) error) error {
	return c.Cloud.Update(func(tx *tenant.Tx) error {
		doc, ok := tx.Get(c.caller.TenantID, kind, seen.String("id"))
		if !ok {
			return notFound(seen.String("id"))
		}
		if err := c.mayWrite(doc); err != nil {
			return err
		}
		return f(tx, doc)
	})
}

// mayWrite refuses a caller that reaches only what it owns.
func (c *call) mayWrite(doc tenant.Doc) error {
	owners := doc.Strings("owners")
	if c.owned && !slices.Contains(owners, c.caller.ServicePrincipalID) {
		return denied()
	}
	if c.caller.UserID != "" && !c.administrator && !slices.Contains(owners, c.caller.UserID) {
		return denied()
	}
	return nil
}

// isAdministrator tells whether a signed-in user has a directory role.
func (c *call) isAdministrator() bool {
	return slices.ContainsFunc(c.Cloud.Accounts(), func(a tenant.Account) bool {
		return a.ObjectID == c.caller.UserID && a.TenantID == c.caller.TenantID && a.Administrator
	})
}

// creatorOwns gives the first owner of what the caller creates, "" for none.
func (c *call) creatorOwns() string {
	switch {
	case c.caller.UserID != "":
		return c.caller.UserID
	case c.owned || c.Readings.is(CallerBecomesOwner, "yes"):
		return c.caller.ServicePrincipalID
	}
	return ""
}

// applicationBody reads the body of a write.
func (c *call) applicationBody(mode edm.Mode) (tenant.Doc, error) {
	text := c.body
	if c.Readings.is(NullValue, "cleared") {
		text = edm.EmptyNulls("application", text)
	}
	body, err := edm.Decode("application", text, mode)
	if err != nil {
		return nil, fromBody(err)
	}
	return body, nil
}

func createApplication(c *call) (*result, error) {
	body, err := c.applicationBody(edm.Create)
	if err != nil {
		return nil, err
	}
	if body["uniqueName"] != nil && !c.Readings.is(PostUniqueName, "accepted") {
		return nil, invalidProperty("uniqueName")
	}
	home := c.registration()
	var made tenant.Doc
	err = c.Cloud.Update(func(tx *tenant.Tx) error {
		made, err = c.newApplication(tx, body, home)
		return err
	})
	if err != nil {
		return nil, err
	}
	return c.one(http.StatusCreated, applicationSet, "application", made, true)
}

// registration is what a new application has to know of its tenant.
type registration struct {
	allowed bool // for this caller
	domain  string
}

func (c *call) registration() registration {
	home, _ := c.Cloud.Tenant(c.caller.TenantID)
	return registration{c.mayRegister(), home.Domain}
}

// newApplication makes an application of a decoded body, and gives it as the reply to its creation shows it: with the
// text of its secret.
func (c *call) newApplication(tx *tenant.Tx, body tenant.Doc, r registration) (tenant.Doc, error) {
	if !r.allowed || c.owned && body.Doc("api").Bool("acceptMappedClaims") {
		return nil, denied()
	}
	name := body.String("displayName")
	app := tenant.NewApplication(tx.NewID("application", name), tx.NewID("client", name), r.domain, c.caller.ClientID, tx.Now())
	if owner := c.creatorOwns(); owner != "" {
		app["owners"] = []any{owner}
	}
	credentials := body.Docs("passwordCredentials")
	if err := c.bindOwners(tx, app, body.Strings("owners@odata.bind")); err != nil {
		return nil, err
	}
	delete(body, "passwordCredentials")
	delete(body, "owners@odata.bind")
	if err := c.mergeApplication(tx, app, body); err != nil {
		return nil, err
	}
	secret, err := c.firstPassword(tx, app, credentials)
	if err != nil {
		return nil, err
	}
	tx.Put(c.caller.TenantID, tenant.Application, app)
	shown := app.Clone()
	if secret != nil {
		shown["passwordCredentials"] = []any{secret}
	}
	return shown, nil
}

// mergeApplication writes a body into an application and checks the outcome.
func (c *call) mergeApplication(tx *tenant.Tx, app, body tenant.Doc) error {
	before := app.Clone()
	if body["displayName"] == nil && before["displayName"] == nil {
		return invalidValue("displayName", "application")
	}
	if err := c.replacePasswords(app, body); err != nil {
		return err
	}
	if err := c.replaceCertificates(tx, app, body); err != nil {
		return err
	}
	if err := c.clearComplex(app, body); err != nil {
		return err
	}
	if body.Doc("info")["logoUrl"] != nil { // It follows from the logo.
		return readOnly("logoUrl")
	}
	if err := edm.Complete("application", app, body); err != nil {
		return fromBody(err)
	}
	given := body.Doc("web").Docs("redirectUriSettings")
	edm.Merge(app, body)
	nameOrigins(app)
	if body["requiredResourceAccess"] != nil && c.Readings.is(RequiredAccessOrder, "changed") {
		reverseRequiredAccess(app)
	}
	mirrorRedirectURIs(app.Doc("web"), slices.Concat(given, before.Doc("web").Docs("redirectUriSettings")))
	return c.checkApplication(tx, before, app)
}

// clearComplex deals with null for the complex properties that are always there.
func (c *call) clearComplex(app, body tenant.Doc) error {
	for _, name := range []string{"web", "spa", "publicClient", "api", "info", "parentalControlSettings", "authenticationBehaviors"} {
		if v, ok := body[name]; !ok || v != nil {
			continue
		}
		if c.Readings.is(NullValue, "refused") {
			return invalidValue(name, "application")
		}
		app[name] = tenant.NewApplication("", "", "", "", c.Cloud.Now())[name]
		delete(body, name)
	}
	return nil
}

// mirrorRedirectURIs lists the redirect URIs with the index that a caller gave them, in a write or before.
func mirrorRedirectURIs(web tenant.Doc, given []tenant.Doc) {
	settings := []any{}
	for _, uri := range web.Strings("redirectUris") {
		setting := tenant.Doc{"uri": uri, "index": nil}
		if i := slices.IndexFunc(given, func(d tenant.Doc) bool { return d.String("uri") == uri }); i >= 0 {
			setting["index"] = given[i]["index"]
		}
		settings = append(settings, setting)
	}
	web["redirectUriSettings"] = settings
}

func patchApplication(c *call) (*result, error) {
	body, err := c.applicationBody(edm.Update)
	if err != nil {
		return nil, err
	}
	if name, ok := c.params["uniqueName"]; ok && c.createIfMissing() {
		return c.upsertApplication(name, body)
	}
	seen, err := c.application()
	if err != nil {
		return nil, err
	}
	err = c.change(tenant.Application, seen, func(tx *tenant.Tx, app tenant.Doc) error {
		return c.storeApplication(tx, app, body)
	})
	if err != nil {
		return nil, err
	}
	return nothing()
}

func (c *call) storeApplication(tx *tenant.Tx, app, body tenant.Doc) error {
	if err := c.mergeApplication(tx, app, body); err != nil {
		return err
	}
	tx.Put(c.caller.TenantID, tenant.Application, app)
	return nil
}

// createIfMissing tells whether an update by alternate key may create.
func (c *call) createIfMissing() bool {
	return slices.ContainsFunc(c.r.Header.Values("Prefer"), func(v string) bool {
		return strings.Contains(strings.ToLower(v), "create-if-missing")
	})
}

// upsertApplication creates or updates by unique name. It goes to the primary: who comes second meets the first.
func (c *call) upsertApplication(name string, body tenant.Doc) (*result, error) {
	home := c.registration()
	var made tenant.Doc
	err := c.Cloud.Update(func(tx *tenant.Tx) (err error) {
		if app, ok := tx.Lookup(c.caller.TenantID, tenant.Application, tenant.Key{UniqueName: name}); ok {
			if err := c.mayWrite(app); err != nil {
				return err
			}
			return c.storeApplication(tx, app, body)
		}
		if given, ok := body["uniqueName"]; ok && given != name {
			return immutable("uniqueName")
		}
		body["uniqueName"] = name
		made, err = c.newApplication(tx, body, home)
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case made == nil:
		return nothing()
	}
	return c.one(http.StatusCreated, applicationSet, "application", made, true)
}

func deleteApplication(c *call) (*result, error) {
	seen, err := c.application()
	if err != nil {
		return nil, err
	}
	err = c.change(tenant.Application, seen, func(tx *tenant.Tx, app tenant.Doc) error {
		RemoveApplication(tx, c.caller.TenantID, app)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return nothing()
}

// RemoveApplication soft-deletes an application and, in its home tenant, its service principal.
func RemoveApplication(tx *tenant.Tx, tenantID string, app tenant.Doc) {
	tx.SoftDelete(tenantID, tenant.Application, app.String("id"))
	if sp, ok := tx.ServicePrincipalByClientID(tenantID, app.String("appId")); ok {
		RemovePrincipal(tx, tenantID, sp.String("id"))
	}
}
