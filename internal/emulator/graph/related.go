package graph

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/edm"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/odata"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// found is an object on its way into a reply, with the name of its type.
type found struct {
	entity string
	doc    tenant.Doc
}

// anyObject stands for the type of collections that mix users, service principals and applications.
const anyObject tenant.Kind = "directoryObject"

// directoryObjects are the owners of something, or what somebody owns. Filters of such references are for advanced queries
// only.
var directoryObjects = collection{kind: anyObject, set: "directoryObjects",
	fields: odata.Fields{"id": "eq in", "displayName": "eq in startsWith"}}

// chosenOf gives what $filter and $search leave of objects that were found beforehand, in the order of $orderby.
func (c *call) chosenOf(of collection, all []found) ([]found, error) {
	match, err := c.matcher(of)
	if err != nil {
		return nil, err
	}
	if err := c.checkOrder(of.kind); err != nil {
		return nil, err
	}
	left := slices.DeleteFunc(slices.Clone(all), func(f found) bool { return match != nil && !match(f.doc) })
	slices.SortStableFunc(left, func(a, b found) int { return c.order(a.doc, b.doc) })
	return left, nil
}

// listFound answers with a page of objects that were found beforehand: what an object holds or refers to.
func (c *call) listFound(of collection, all []found, show func(*call, found) (tenant.Doc, error)) (*result, error) {
	left, err := c.chosenOf(of, all)
	if err != nil {
		return nil, err
	}
	if err := c.checkShape(string(of.kind)); err != nil {
		return nil, err
	}
	from, err := c.position()
	if err != nil {
		return nil, err
	}
	body := tenant.Doc{"@odata.context": c.context(of.set)}
	if c.advanced() && c.query.SkipToken == "" {
		body["@odata.count"] = float64(len(left))
	}
	left = left[min(from, len(left)):]
	if size := c.pageSize(); size < len(left) {
		left, body["@odata.nextLink"] = left[:size], c.nextLink(from+size)
	}
	value := []any{}
	for _, f := range left {
		shown, err := show(c, f)
		if err != nil {
			return nil, err
		}
		value = append(value, shown)
	}
	body["value"] = value
	return &result{status: http.StatusOK, body: body}, nil
}

// countFound answers "/$count" of objects that were found beforehand.
func (c *call) countFound(of collection, all []found) (*result, error) {
	if !c.eventual() {
		return nil, notCounted()
	}
	left, err := c.chosenOf(of, all)
	if err != nil {
		return nil, err
	}
	return &result{status: http.StatusOK, text: strconv.Itoa(len(left))}, nil
}

// showOwn shows an object of a collection of one type.
func showOwn(c *call, f found) (tenant.Doc, error) { return c.shape(f.entity, f.doc, false) }

// showTyped shows an object of a collection of several types: what it has of the selection, with its type.
func showTyped(c *call, f found) (tenant.Doc, error) {
	shown, err := c.narrowed(f.entity).shape(f.entity, f.doc, false)
	if err == nil {
		shown["@odata.type"] = "#microsoft.graph." + f.entity
	}
	return shown, err
}

// narrowed is the call with what a type has of the selection.
func (c *call) narrowed(entity string) *call {
	inner := *c
	inner.query.Select = slices.Clone(c.query.Select)
	if inner.query.Select != nil {
		inner.query.Select = slices.DeleteFunc(inner.query.Select, func(name string) bool { return !edm.Selectable(entity, name) })
	}
	return &inner
}

// selectable tells whether $select may name a property of a type, or of any type that a mixed collection holds.
func selectable(entity, name string) bool {
	if entity != string(anyObject) {
		return edm.Selectable(entity, name)
	}
	return slices.ContainsFunc(directoryKinds(), func(k tenant.Kind) bool { return edm.Selectable(string(k), name) })
}

// linked finds the live objects of some types that an object refers to, in the order of the ids. Unknown ids are left out.
// Once a replica has a reference it has what it refers to.
func (c *call) linked(ids []string, kinds []tenant.Kind) []found {
	return c.byID(ids, kinds, func(string) *tenant.View { return c.Cloud.Latest() })
}

// byID finds live objects on the replica that view gives for each id.
func (c *call) byID(ids []string, kinds []tenant.Kind, view func(id string) *tenant.View) []found {
	var all []found
	for _, id := range ids {
		view := view(id)
		for _, kind := range kinds {
			if doc, ok := view.Get(c.caller.TenantID, kind, id); ok {
				all = append(all, found{string(kind), doc})
			}
		}
	}
	return all
}

// listed finds the live objects of a kind that match, on the replica that answers lists.
func (c *call) listed(kind tenant.Kind, match func(tenant.Doc) bool) []found {
	var all []found
	for _, doc := range c.far().Find(c.caller.TenantID, kind, match) {
		all = append(all, found{string(kind), doc})
	}
	return all
}

// ownedBy finds the applications and service principals that an object owns.
func (c *call) ownedBy(id string) []found {
	isOwner := func(d tenant.Doc) bool { return slices.Contains(d.Strings("owners"), id) }
	return append(c.listed(tenant.Application, isOwner), c.listed(tenant.ServicePrincipal, isOwner)...)
}
