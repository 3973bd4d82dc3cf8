package graph

import (
	"net/http"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/edm"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/odata"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

const principalSet = "servicePrincipals"

var principalFields = odata.Fields{
	"id": "eq in", "appId": "eq in", "displayName": "eq in startsWith", "servicePrincipalNames/any": "eq startsWith",
	"servicePrincipalType": "eq in", "tags/any": "eq startsWith", "accountEnabled": "eq", "appOwnerOrganizationId": "eq in",
	"alternativeNames/any": "eq startsWith", "homepage": "eq in", "signInAudience": "eq in", "createdDateTime": "",
	"description": "", "notes": "", "replyUrls/any": "",
}

func listPrincipals(c *call) (*result, error) {
	return c.list(collection{kind: tenant.ServicePrincipal, set: principalSet, fields: principalFields})
}

func getPrincipal(c *call) (*result, error) {
	sp, err := c.principal()
	if err != nil {
		return nil, err
	}
	return c.one(http.StatusOK, principalSet, "servicePrincipal", sp, false)
}

// principal finds the service principal that the path names, as the replica that answers this request shows it.
func (c *call) principal() (tenant.Doc, error) {
	key, by, err := c.key()
	if err != nil {
		return nil, err
	}
	sp, ok := c.near(key).Lookup(c.caller.TenantID, tenant.ServicePrincipal, by)
	if !ok {
		return nil, notFound(key)
	}
	return sp, nil
}

func createPrincipal(c *call) (*result, error) {
	body, err := edm.Decode("servicePrincipal", c.body, edm.Create)
	if err != nil {
		return nil, fromBody(err)
	}
	return c.createPrincipal(body)
}

func (c *call) createPrincipal(body tenant.Doc) (*result, error) {
	appID, ok := edm.GUID(body.String("appId"))
	if !ok {
		return nil, invalidValue("appId", "servicePrincipal")
	}
	if body["passwordCredentials"] != nil { // There is an action for it.
		return nil, invalidValue("passwordCredentials", "servicePrincipal")
	}
	home, err := c.backingApplication(appID)
	if err != nil {
		return nil, err
	}
	delete(body, "appId")
	links := body.Strings("owners@odata.bind")
	delete(body, "owners@odata.bind")
	var id string
	err = c.Cloud.Update(func(tx *tenant.Tx) error {
		_, app, ok := tx.ApplicationByClientID(appID)
		if !ok {
			return noBackingApplication(appID)
		}
		if err := c.principalIsNew(tx, appID); err != nil {
			return err
		}
		sp := tenant.NewServicePrincipal(tx.NewID("principal", c.caller.TenantID, appID), app, home, c.caller.ClientID, tx.Now())
		if owner := c.creatorOwns(); owner != "" {
			sp["owners"] = []any{owner}
		}
		if err := c.bindOwners(tx, sp, links); err != nil {
			return err
		}
		if err := c.mergePrincipal(tx, sp, body); err != nil {
			return err
		}
		tx.Put(c.caller.TenantID, tenant.ServicePrincipal, sp)
		id = sp.String("id")
		return nil
	})
	if err != nil {
		return nil, err
	}
	shown, _ := c.Cloud.Latest().Get(c.caller.TenantID, tenant.ServicePrincipal, id)
	return c.one(http.StatusCreated, principalSet, "servicePrincipal", shown, true)
}

// mergePrincipal writes a body into a service principal and checks the outcome.
func (c *call) mergePrincipal(tx *tenant.Tx, sp, body tenant.Doc) error {
	if err := c.replaceCertificates(tx, sp, body); err != nil {
		return err
	}
	edm.Merge(sp, body)
	return checkTags(sp, "servicePrincipal")
}

// backingApplication finds where the application of a new service principal lives, on the replica that answers: a new
// application may not have arrived there.
func (c *call) backingApplication(appID string) (home string, err error) {
	home, app, ok := c.near(appID).ApplicationByClientID(appID)
	local := home == c.caller.TenantID
	switch {
	case c.owned && (!ok || !local):
		return "", backingApplicationElsewhere()
	case !ok, !local && app.String("signInAudience") == myOrg:
		return "", noBackingApplication(appID)
	case c.caller.UserID == "" || c.administrator:
		return home, nil
	case !local:
		return "", denied()
	}
	return home, c.mayWrite(app)
}

func (c *call) principalIsNew(tx *tenant.Tx, appID string) error {
	live, deleted := tx.Holders(c.caller.TenantID, tenant.ServicePrincipal, tenant.Key{ClientID: appID})
	if len(live) > 0 || len(deleted) > 0 && c.Readings.is(PrincipalAfterDelete, "refused") {
		return principalExists(appID)
	}
	return nil
}

func patchPrincipal(c *call) (*result, error) {
	body, err := edm.Decode("servicePrincipal", c.body, edm.Update)
	if err != nil {
		return nil, fromBody(err)
	}
	if body["passwordCredentials"] != nil {
		return nil, badRequest("New password credentials must be generated using service actions.")
	}
	find := c.principal
	if _, ok := c.params["appId"]; ok && c.createIfMissing() {
		appID, _, err := c.key()
		if err != nil {
			return nil, err
		}
		// Like the upsert of an application it goes to the primary.
		held, exists := c.Cloud.Latest().ServicePrincipalByClientID(c.caller.TenantID, appID)
		if !exists {
			body["appId"] = appID
			return c.createPrincipal(body)
		}
		find = func() (tenant.Doc, error) { return held, nil }
	}
	seen, err := find()
	if err != nil {
		return nil, err
	}
	err = principalHolder().change(c, seen, func(tx *tenant.Tx, sp tenant.Doc) error {
		return c.mergePrincipal(tx, sp, body)
	})
	if err != nil {
		return nil, err
	}
	return nothing()
}

func deletePrincipal(c *call) (*result, error) {
	seen, err := c.principal()
	if err != nil {
		return nil, err
	}
	err = c.change(tenant.ServicePrincipal, seen, func(tx *tenant.Tx, sp tenant.Doc) error {
		if sp.String("appOwnerOrganizationId") == tenant.MicrosoftTenantID {
			return denied()
		}
		RemovePrincipal(tx, c.caller.TenantID, sp.String("id"))
		return nil
	})
	if err != nil {
		return nil, err
	}
	return nothing()
}

// RemovePrincipal soft-deletes a service principal; its grants and assignments go for good.
func RemovePrincipal(tx *tenant.Tx, tenantID, id string) {
	tx.SoftDelete(tenantID, tenant.ServicePrincipal, id)
	for _, g := range tx.Find(tenantID, tenant.Grant, func(d tenant.Doc) bool {
		return d.String("clientId") == id || d.String("resourceId") == id
	}) {
		tx.Remove(tenantID, tenant.Grant, g.String("id"))
	}
	for _, a := range tx.Find(tenantID, tenant.AppRoleAssignment, func(d tenant.Doc) bool {
		return d.String("principalId") == id || d.String("resourceId") == id
	}) {
		tx.Remove(tenantID, tenant.AppRoleAssignment, a.String("id"))
	}
}

// listPermissions lists what a service principal publishes, one collection of it, as some clients ask for it.
func listPermissions(property string) func(*call) (*result, error) {
	return func(c *call) (*result, error) {
		sp, err := c.principal()
		if err != nil {
			return nil, err
		}
		return c.whole("servicePrincipals('"+sp.String("id")+"')/"+property, sp.Docs(property))
	}
}
