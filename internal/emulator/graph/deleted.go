package graph

import (
	"net/http"
	"slices"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// retention is how long the deleted items keep an object.
const retention = 30 * 24 * time.Hour

// restorable are the kinds that the deleted items hold.
var restorable = []tenant.Kind{tenant.Application, tenant.ServicePrincipal}

func listDeletedApplications(c *call) (*result, error) {
	return c.listDeleted(collection{kind: tenant.Application, fields: applicationFields})
}

func listDeletedPrincipals(c *call) (*result, error) {
	return c.listDeleted(collection{kind: tenant.ServicePrincipal, fields: principalFields})
}

func (c *call) listDeleted(of collection) (*result, error) {
	if err := c.expire(); err != nil {
		return nil, err
	}
	if c.query.Filter != nil && !c.advanced() && c.Readings.is(DeletedItemsFilter, "refused") {
		return nil, unsupportedQuery("Unsupported query.")
	}
	of.deleted, of.typed, of.set = true, true, "directoryObjects"
	return c.list(of)
}

// expire purges what has been in the deleted items for longer than they keep it.
func (c *call) expire() error {
	return c.Cloud.Update(func(tx *tenant.Tx) error {
		for _, kind := range restorable {
			for _, doc := range tx.FindDeleted(c.caller.TenantID, kind, func(d tenant.Doc) bool {
				return tx.Now().Sub(d.Time("deletedDateTime")) > retention
			}) {
				tx.Remove(c.caller.TenantID, kind, doc.String("id"))
			}
		}
		return nil
	})
}

// deletedItem finds the deleted object that the path names, as the replica that answers this request shows it.
func (c *call) deletedItem() (tenant.Kind, tenant.Doc, error) {
	id, err := c.objectID()
	if err != nil {
		return "", nil, err
	}
	if err := c.expire(); err != nil {
		return "", nil, err
	}
	view := c.near(id)
	for _, kind := range restorable {
		if doc, ok := view.GetDeleted(c.caller.TenantID, kind, id); ok {
			return kind, doc, nil
		}
	}
	return "", nil, notFound(id)
}

func getDeleted(c *call) (*result, error) {
	kind, doc, err := c.deletedItem()
	if err != nil {
		return nil, err
	}
	return c.directoryObject(kind, doc)
}

// directoryObject answers with an object of whatever type.
func (c *call) directoryObject(kind tenant.Kind, doc tenant.Doc) (*result, error) {
	res, err := c.one(http.StatusOK, "directoryObjects", string(kind), doc, false)
	if err == nil {
		res.body["@odata.type"] = "#microsoft.graph." + string(kind)
	}
	return res, err
}

// changeDeleted writes a deleted object.
func (c *call) changeDeleted(f func(*tenant.Tx, tenant.Kind, tenant.Doc) error) (tenant.Kind, string, error) {
	kind, seen, err := c.deletedItem()
	if err != nil {
		return "", "", err
	}
	id := seen.String("id")
	return kind, id, c.Cloud.Update(func(tx *tenant.Tx) error {
		doc, ok := tx.GetDeleted(c.caller.TenantID, kind, id)
		if !ok {
			return notFound(id)
		}
		if err := c.mayWrite(doc); err != nil {
			return err
		}
		return f(tx, kind, doc)
	})
}

func restoreDeleted(c *call) (*result, error) {
	kind, id, err := c.changeDeleted(func(tx *tenant.Tx, kind tenant.Kind, doc tenant.Doc) error {
		if kind == tenant.Application && slices.ContainsFunc(doc.Strings("identifierUris"), func(uri string) bool {
			return c.identifierTaken(tx, doc, uri)
		}) {
			return taken("identifierUris")
		}
		return Restore(tx, c.caller.TenantID, kind, doc, c.Readings.is(RestorePrincipal, "restored"))
	})
	if err != nil {
		return nil, err
	}
	doc, ok := c.Cloud.Latest().Get(c.caller.TenantID, kind, id)
	if !ok {
		return nil, notFound(id)
	}
	return c.directoryObject(kind, doc)
}

// Restore brings a deleted object back; with its application a service principal comes back too, if withPrincipal.
func Restore(tx *tenant.Tx, tenantID string, kind tenant.Kind, doc tenant.Doc, withPrincipal bool) error {
	appID := doc.String("appId")
	_, occupied := tx.ServicePrincipalByClientID(tenantID, appID)
	if kind == tenant.ServicePrincipal && occupied {
		return principalExists(appID)
	}
	deleted := doc["deletedDateTime"]
	doc["deletedDateTime"] = nil
	tx.Put(tenantID, kind, doc)
	if kind != tenant.Application || occupied || !withPrincipal {
		return nil
	}
	_, gone := tx.Holders(tenantID, tenant.ServicePrincipal, tenant.Key{ClientID: appID})
	for _, id := range gone {
		if sp, ok := tx.GetDeleted(tenantID, tenant.ServicePrincipal, id); ok && sp["deletedDateTime"] == deleted {
			sp["deletedDateTime"] = nil
			tx.Put(tenantID, tenant.ServicePrincipal, sp)
		}
	}
	return nil
}

func purgeDeleted(c *call) (*result, error) {
	_, _, err := c.changeDeleted(func(tx *tenant.Tx, kind tenant.Kind, doc tenant.Doc) error {
		tx.Remove(c.caller.TenantID, kind, doc.String("id"))
		return nil
	})
	if err != nil {
		return nil, err
	}
	return nothing()
}
