package graph

import (
	"net/http"
	"strings"

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
