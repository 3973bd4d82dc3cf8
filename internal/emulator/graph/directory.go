package graph

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/edm"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/odata"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

func listOrganization(c *call) (*result, error) {
	return c.list(collection{kind: tenant.Organization, set: "organization"})
}

func getOrganization(c *call) (*result, error) {
	id, err := c.objectID()
	if err != nil {
		return nil, err
	}
	return c.read(tenant.Organization, "organization", id)
}

// getMe answers for the signed-in user; an application on its own was refused before.
func getMe(c *call) (*result, error) { return c.read(tenant.User, "users", c.caller.UserID) }

// getUser answers for a user by id or by user principal name.
func getUser(c *call) (*result, error) {
	key := c.params["id"]
	found := c.near(key).Find(c.caller.TenantID, tenant.User, func(d tenant.Doc) bool {
		return strings.EqualFold(d.String("id"), key) || strings.EqualFold(d.String("userPrincipalName"), key)
	})
	others := len(found) == 0 || found[0].String("id") != c.caller.UserID
	if allowed, _ := readUsers.allows(c.caller); others && !allowed {
		return nil, denied()
	}
	if len(found) == 0 {
		return nil, notFound(key)
	}
	return c.one(http.StatusOK, "users", string(tenant.User), found[0], false)
}

func (c *call) read(kind tenant.Kind, set, id string) (*result, error) {
	doc, ok := c.near(id).Get(c.caller.TenantID, kind, id)
	if !ok {
		return nil, notFound(id)
	}
	return c.one(http.StatusOK, set, string(kind), doc, false)
}

func listUsers(c *call) (*result, error) {
	return c.list(collection{kind: tenant.User, set: "users", fields: userFields})
}

var userFields = odata.Fields{"id": "eq in", "displayName": "eq in startsWith", "userPrincipalName": "eq in startsWith",
	"mail": "eq in startsWith", "accountEnabled": "eq in", "userType": "eq in"}

// directoryKinds are the types of objects that /directoryObjects finds, in the order in which ids are looked up.
func directoryKinds() []tenant.Kind {
	return []tenant.Kind{tenant.User, tenant.ServicePrincipal, tenant.Application}
}

func getDirectoryObject(c *call) (*result, error) {
	id, err := c.objectID()
	if err != nil {
		return nil, err
	}
	view := c.near(id)
	for _, kind := range directoryKinds() {
		if doc, ok := view.Get(c.caller.TenantID, kind, id); ok {
			return c.directoryObject(kind, doc)
		}
	}
	return nil, notFound(id)
}

// mostIDs is how many objects one getByIds may ask for.
const mostIDs = 1000

// getByIDs reads {"ids": […], "types": […]}. Without types it looks among all; a type that this directory holds none of
// finds nothing.
func getByIDs(c *call) (*result, error) {
	params, err := edm.Object(c.body)
	if err != nil {
		return nil, fromBody(err)
	}
	var ids, types []string
	for name, value := range params {
		into := map[string]*[]string{"ids": &ids, "types": &types}[name]
		if into == nil {
			return nil, invalidProperty(name)
		}
		if json.Unmarshal(value, into) != nil {
			return nil, invalidValue(name, "directoryObject")
		}
	}
	if len(ids) == 0 || len(ids) > mostIDs {
		return nil, invalidValue("ids", "directoryObject")
	}
	for i, text := range ids {
		id, ok := edm.GUID(text)
		if !ok {
			return nil, badRequest("Invalid object identifier '%s'.", text)
		}
		ids[i] = id
	}
	kinds := directoryKinds()
	if len(types) > 0 && !slices.Contains(types, "directoryObject") {
		kinds = slices.DeleteFunc(kinds, func(k tenant.Kind) bool { return !slices.Contains(types, string(k)) })
	}
	if err := c.checkShape(string(anyObject)); err != nil {
		return nil, err
	}
	value := []any{}
	for _, f := range c.byID(ids, kinds, c.near) {
		shown, err := showTyped(c, f)
		if err != nil {
			return nil, err
		}
		value = append(value, shown)
	}
	return &result{status: http.StatusOK, body: tenant.Doc{"@odata.context": c.context("directoryObjects"), "value": value}}, nil
}

// A domain is one that the organization has verified; the emulator knows no others.

func (c *call) domains() []tenant.Doc {
	var out []tenant.Doc
	for _, organization := range c.far().List(c.caller.TenantID, tenant.Organization) {
		for _, d := range organization.Docs("verifiedDomains") {
			services := strings.Split(d.String("capabilities"), ", ")
			out = append(out, tenant.Doc{"id": d["name"], "authenticationType": "Managed", "isAdminManaged": true, "isDefault": d["isDefault"], "isInitial": d["isInitial"], "isRoot": true,
				"isVerified": true, "supportedServices": services}.Clone())
		}
	}
	return out
}

func listDomains(c *call) (*result, error) {
	return c.whole("domains", c.domains())
}

func getDomain(c *call) (*result, error) {
	for _, d := range c.domains() {
		if strings.EqualFold(d.String("id"), c.params["id"]) {
			shown, err := c.pick(d)
			if err != nil {
				return nil, err
			}
			shown["@odata.context"] = c.context("domains") + "/$entity"
			return &result{status: http.StatusOK, body: shown}, nil
		}
	}
	return nil, notFound(c.params["id"])
}
