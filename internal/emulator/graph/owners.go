package graph

import (
	"encoding/json"
	"path"
	"slices"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/edm"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// mostOwners is how many owners an application may have, mostBound how many may come with a create.
const (
	mostOwners = 100
	mostBound  = 20
)

// ownersOf finds the owners of an application or service principal.
func (c *call) ownersOf(doc tenant.Doc) []found {
	return c.linked(doc.Strings("owners"), directoryKinds())
}

func listOwners(h holder) func(*call) (*result, error) {
	return func(c *call) (*result, error) {
		doc, err := h.find(c)
		if err != nil {
			return nil, err
		}
		return c.listFound(directoryObjects, c.ownersOf(doc), showTyped)
	}
}

func listOwnerReferences(h holder) func(*call) (*result, error) {
	return func(c *call) (*result, error) {
		doc, err := h.find(c)
		if err != nil {
			return nil, err
		}
		references := directoryObjects
		references.set = "Collection($ref)"
		return c.listFound(references, c.ownersOf(doc), func(c *call, f found) (tenant.Doc, error) {
			return tenant.Doc{"@odata.id": c.baseURL + "/directoryObjects/" + f.doc.String("id")}, nil
		})
	}
}

// listOwnedObjects lists the applications and service principals that a service principal owns.
func listOwnedObjects(c *call) (*result, error) {
	sp, err := c.principal()
	if err != nil {
		return nil, err
	}
	return c.listFound(directoryObjects, c.ownedBy(sp.String("id")), showTyped)
}

func countOwnedObjects(c *call) (*result, error) {
	sp, err := c.principal()
	if err != nil {
		return nil, err
	}
	return c.countFound(directoryObjects, c.ownedBy(sp.String("id")))
}

// reference reads {"@odata.id": "…/directoryObjects/{id}"}.
func (c *call) reference() (string, error) {
	params, err := edm.Object(c.body)
	if err != nil {
		return "", fromBody(err)
	}
	var link string
	if len(params) != 1 || json.Unmarshal(params["@odata.id"], &link) != nil {
		return "", unreadable()
	}
	return referencedID(link)
}

func referencedID(link string) (string, error) {
	id, ok := edm.GUID(path.Base(link))
	if !ok {
		return "", badRequest("Invalid object identifier '%s'.", path.Base(link))
	}
	return id, nil
}

func isDirectoryObject(tx *tenant.Tx, tenantID, id string) bool {
	_, user := tx.Get(tenantID, tenant.User, id)
	_, principal := tx.Get(tenantID, tenant.ServicePrincipal, id)
	return user || principal
}

// bindOwners adds the owners that the body of a create names.
func (c *call) bindOwners(tx *tenant.Tx, app tenant.Doc, links []string) error {
	if len(links) > mostBound {
		return invalidValue("owners", "application")
	}
	owners := app.Strings("owners")
	for _, link := range links {
		id, err := referencedID(link)
		if err != nil {
			return err
		}
		if !isDirectoryObject(tx, c.caller.TenantID, id) {
			return notFound(id)
		}
		if !slices.Contains(owners, id) {
			owners = append(owners, id)
		}
	}
	app["owners"] = owners
	return nil
}

func addOwner(h holder) func(*call) (*result, error) {
	return func(c *call) (*result, error) {
		id, err := c.reference()
		if err != nil {
			return nil, err
		}
		return c.changeOwners(h, func(tx *tenant.Tx, owners []string) ([]string, error) {
			switch {
			case !isDirectoryObject(tx, c.caller.TenantID, id):
				return nil, notFound(id)
			case slices.Contains(owners, id):
				return nil, badRequest("One or more added object references already exist for the following modified properties: 'owners'.")
			case len(owners) >= mostOwners:
				return nil, invalidValue("owners", string(h.kind))
			}
			return append(owners, id), nil
		})
	}
}

func removeOwner(h holder) func(*call) (*result, error) {
	return func(c *call) (*result, error) {
		id, err := c.guid("ownerId")
		if err != nil {
			return nil, err
		}
		return c.changeOwners(h, func(_ *tenant.Tx, owners []string) ([]string, error) {
			i := slices.Index(owners, id)
			switch {
			case i >= 0:
				return slices.Delete(owners, i, i+1), nil
			case c.Readings.is(AbsentOwner, "400"):
				return nil, badRequest("One or more removed object references do not exist for the following modified properties: 'owners'.")
			}
			return nil, notFound(id)
		})
	}
}

func (c *call) changeOwners(h holder, f func(*tenant.Tx, []string) ([]string, error)) (*result, error) {
	seen, err := h.find(c)
	if err != nil {
		return nil, err
	}
	err = h.change(c, seen, func(tx *tenant.Tx, doc tenant.Doc) error {
		owners, err := f(tx, doc.Strings("owners"))
		doc["owners"] = owners
		return err
	})
	if err != nil {
		return nil, err
	}
	return nothing()
}
