package graph

import (
	"net/http"
	"slices"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/edm"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/odata"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

const (
	grantSet     = "oauth2PermissionGrants"
	longestScope = 3850
)

var grantFields = odata.Fields{"clientId": "eq", "consentType": "eq", "principalId": "eq", "resourceId": "eq"}

func listGrants(c *call) (*result, error) {
	return c.list(collection{kind: tenant.Grant, set: grantSet, fields: grantFields})
}

func listPrincipalGrants(c *call) (*result, error) {
	sp, err := c.principal()
	if err != nil {
		return nil, err
	}
	return c.list(collection{kind: tenant.Grant, set: grantSet, fields: grantFields, within: ending("clientId", sp.String("id"))})
}

func getGrant(c *call) (*result, error) {
	grant, err := c.grant()
	if err != nil {
		return nil, err
	}
	return c.one(http.StatusOK, grantSet, string(tenant.Grant), grant, false)
}

func (c *call) grant() (tenant.Doc, error) {
	id := c.params["id"]
	grant, ok := c.near(id).Get(c.caller.TenantID, tenant.Grant, id)
	if !ok {
		return nil, notFound(id)
	}
	return grant, nil
}

func createGrant(c *call) (*result, error) {
	body, err := edm.Decode(string(tenant.Grant), c.body, edm.Create)
	if err != nil {
		return nil, fromBody(err)
	}
	if err := c.checkGrant(body); err != nil {
		return nil, err
	}
	id, err := tenant.GrantID(body.String("clientId"), body.String("resourceId"), body.String("principalId"))
	if err != nil {
		return nil, invalidValue("clientId", string(tenant.Grant))
	}
	grant := tenant.Doc{"id": id, "clientId": body["clientId"], "consentType": body["consentType"],
		"principalId": body["principalId"], "resourceId": body["resourceId"], "scope": body["scope"]}
	err = c.Cloud.Update(func(tx *tenant.Tx) error {
		for _, end := range []string{"clientId", "resourceId"} {
			if _, ok := tx.Get(c.caller.TenantID, tenant.ServicePrincipal, grant.String(end)); !ok {
				return c.unknownReference(grant.String(end))
			}
		}
		if user := grant.String("principalId"); user != "" {
			if _, ok := tx.Get(c.caller.TenantID, tenant.User, user); !ok {
				return c.unknownReference(user)
			}
		}
		if _, ok := tx.Get(c.caller.TenantID, tenant.Grant, id); ok {
			return sameKey("Permission entry already exists.")
		}
		tx.Put(c.caller.TenantID, tenant.Grant, grant)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return c.one(http.StatusCreated, grantSet, string(tenant.Grant), grant, true)
}

// checkGrant judges the body of a new grant. The client must have arrived at the replica that answers.
func (c *call) checkGrant(body tenant.Doc) error {
	if c.caller.UserID != "" && !c.administrator {
		return denied()
	}
	for _, end := range []string{"clientId", "resourceId", "principalId"} {
		if body[end] == nil && end == "principalId" {
			continue
		}
		id, ok := edm.GUID(body.String(end))
		if !ok {
			return invalidValue(end, string(tenant.Grant))
		}
		body[end] = id
	}
	consent := body.String("consentType")
	switch {
	case !slices.Contains([]string{"AllPrincipals", "Principal"}, consent):
		return invalidValue("consentType", string(tenant.Grant))
	case (consent == "Principal") != (body["principalId"] != nil):
		return invalidValue("principalId", string(tenant.Grant))
	case len(body.String("scope")) > longestScope:
		return invalidValue("scope", string(tenant.Grant))
	}
	if client := body.String("clientId"); !c.near(client).Inspect(c.caller.TenantID, tenant.ServicePrincipal, client, func(tenant.Doc) {}) {
		return c.unknownReference(client)
	}
	return nil
}

func (c *call) unknownReference(id string) *Error {
	e := notFound(id)
	if c.Readings.is(GrantReference, "400") {
		e.Status, e.Code = http.StatusBadRequest, badRequestCode
	}
	return e
}

func patchGrant(c *call) (*result, error) {
	body, err := edm.Decode(string(tenant.Grant), c.body, edm.Update)
	if err != nil {
		return nil, fromBody(err)
	}
	if len(body.String("scope")) > longestScope {
		return nil, invalidValue("scope", string(tenant.Grant))
	}
	return c.changeGrant(func(tx *tenant.Tx, grant tenant.Doc) {
		scope, given := body["scope"]
		if given && body.String("scope") == "" && c.Readings.is(EmptyGrantScope, "removed") {
			tx.Remove(c.caller.TenantID, tenant.Grant, grant.String("id"))
			return
		}
		if given {
			grant["scope"] = scope
		}
		tx.Put(c.caller.TenantID, tenant.Grant, grant)
	})
}

func deleteGrant(c *call) (*result, error) {
	return c.changeGrant(func(tx *tenant.Tx, grant tenant.Doc) {
		tx.Remove(c.caller.TenantID, tenant.Grant, grant.String("id"))
	})
}

func (c *call) changeGrant(f func(*tenant.Tx, tenant.Doc)) (*result, error) {
	seen, err := c.grant()
	if err != nil {
		return nil, err
	}
	err = c.change(tenant.Grant, seen, func(tx *tenant.Tx, grant tenant.Doc) error {
		f(tx, grant)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return nothing()
}
