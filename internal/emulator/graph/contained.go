package graph

import (
	"net/http"
	"slices"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/edm"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/odata"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// containment is a collection that lives inside an application: it is kept in the application's document under the name
// of the navigation, so that it lags, is deleted and comes back with it.
type containment struct {
	name, entity string
	fields       odata.Fields
	// named tells whether the name of a member is a key, beside its id.
	named bool
}

// set is how the context URL names the collection of one application.
func (of containment) set(app tenant.Doc) string {
	return "applications('" + app.String("id") + "')/" + of.name
}

// members are what an application has of a contained collection.
func (of containment) members(app tenant.Doc) []found {
	var all []found
	for _, doc := range app.Docs(of.name) {
		all = append(all, of.member(app, doc))
	}
	return all
}

// member is one of them, with what it shows of its application.
func (of containment) member(app, doc tenant.Doc) found {
	if edm.Has(of.entity, "appDisplayName") {
		doc["appDisplayName"] = app["displayName"]
	}
	return found{of.entity, doc}
}

// relation is the collection as $expand follows it.
func (of containment) relation() relation {
	return relation{tenant.Kind(of.entity), readApplications, []string{of.name, "displayName"}, func(_ *call, app tenant.Doc) []found { return of.members(app) }}
}

// collection is the collection as queries of one application's see it.
func (of containment) collection(app tenant.Doc) collection {
	return collection{kind: tenant.Kind(of.entity), set: of.set(app), fields: of.fields}
}

// listContained answers with a page of a contained collection of the application that the path names.
func (c *call) listContained(of containment) (*result, error) {
	app, err := c.application()
	if err != nil {
		return nil, err
	}
	return c.listFound(of.collection(app), of.members(app), showOwn)
}

func (c *call) countContained(of containment) (*result, error) {
	app, err := c.application()
	if err != nil {
		return nil, err
	}
	return c.countFound(of.collection(app), of.members(app))
}

// getContained answers with one member of a contained collection.
func (c *call) getContained(of containment) (*result, error) {
	app, err := c.application()
	if err != nil {
		return nil, err
	}
	i := c.indexContained(of, app)
	if i < 0 {
		return nil, notFound(c.containedKey())
	}
	return c.one(http.StatusOK, of.set(app), of.entity, of.members(app)[i].doc, false)
}

// createContained adds a member to a contained collection of the application that the path names. f makes it and puts it
// into the application.
func (c *call) createContained(of containment, f func(tx *tenant.Tx, app tenant.Doc) (tenant.Doc, error)) (*result, error) {
	seen, err := c.application()
	if err != nil {
		return nil, err
	}
	var made tenant.Doc
	err = c.change(tenant.Application, seen, func(tx *tenant.Tx, app tenant.Doc) error {
		if made, err = f(tx, app); err != nil {
			return err
		}
		tx.Put(c.caller.TenantID, tenant.Application, app)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return c.one(http.StatusCreated, of.set(seen), of.entity, of.member(seen, made).doc, true)
}

// deleteContained takes one member out of a contained collection.
func (c *call) deleteContained(of containment) (*result, error) {
	return c.changeContained(of, func(_ *tenant.Tx, held []tenant.Doc, i int) ([]tenant.Doc, error) {
		return slices.Delete(held, i, i+1), nil
	})
}

// changeContained writes the member of a contained collection that the path names. f gives the collection as it shall
// be; i is the member's index.
func (c *call) changeContained(of containment, f func(tx *tenant.Tx, held []tenant.Doc, i int) ([]tenant.Doc, error)) (*result, error) {
	seen, err := c.application()
	if err != nil {
		return nil, err
	}
	// The replica that answers may not have heard of a new member.
	if c.indexContained(of, seen) < 0 {
		return nil, notFound(c.containedKey())
	}
	err = c.change(tenant.Application, seen, func(tx *tenant.Tx, app tenant.Doc) error {
		held, i := app.Docs(of.name), c.indexContained(of, app)
		if i < 0 {
			return notFound(c.containedKey())
		}
		kept, err := f(tx, held, i)
		if err != nil {
			return err
		}
		app[of.name] = kept
		tx.Put(c.caller.TenantID, tenant.Application, app)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return nothing()
}

// containedKey is the key of a contained object in the path: its id or its name.
func (c *call) containedKey() string {
	if name, ok := c.params["name"]; ok {
		return name
	}
	return c.params["subId"]
}

// indexContained finds the member of an application that the path names, -1 for none.
func (c *call) indexContained(of containment, app tenant.Doc) int {
	key := c.containedKey()
	id, isID := edm.GUID(key)
	_, byName := c.params["name"]
	return slices.IndexFunc(app.Docs(of.name), func(d tenant.Doc) bool {
		return of.named && d.String("name") == key || isID && !byName && d.String("id") == id
	})
}
