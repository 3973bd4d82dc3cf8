package graph

import (
	"github.com/appreg/terraform-provider-appreg/internal/emulator/edm"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/odata"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// mostExpanded is how many objects of a relation $expand shows.
const mostExpanded = 20

// relation is a navigation property that $expand follows.
type relation struct {
	// kind is the type of the related objects, anyObject for several types.
	kind tenant.Kind
	// need is the permission to read the relation by itself; its own object's is checked anyway.
	need permission
	// by are the members of a document that the related objects are found by.
	by   []string
	find func(c *call, doc tenant.Doc) []found
}

// relationOf gives a relation of an entity. ok is false for what isn't played.
func relationOf(entity, name string) (r relation, ok bool) {
	switch entity + "/" + name {
	case "application/owners", "servicePrincipal/owners":
		return relation{anyObject, readApplications, []string{"owners"}, (*call).ownersOf}, true
	case "application/appManagementPolicies", "servicePrincipal/appManagementPolicies":
		return relation{tenant.AssignedAppPolicy, readPolicies, []string{"appManagementPolicies"}, func(c *call, doc tenant.Doc) []found {
			return c.linked(doc.Strings("appManagementPolicies"), []tenant.Kind{tenant.AssignedAppPolicy})
		}}, true
	case "application/" + federated.name:
		return federated.relation(), true
	case "application/" + extensions.name:
		return extensions.relation(), true
	case "servicePrincipal/ownedObjects":
		return relation{anyObject, readApplications, []string{"id"}, func(c *call, doc tenant.Doc) []found {
			return c.ownedBy(doc.String("id"))
		}}, true
	case "servicePrincipal/" + grantSet:
		return relation{tenant.Grant, readGrants, []string{"id"}, func(c *call, doc tenant.Doc) []found {
			return c.listed(tenant.Grant, ending("clientId", doc.String("id")))
		}}, true
	}
	for _, side := range []assignmentSide{clientSide(), resourceSide()} {
		if entity == "servicePrincipal" && name == side.collection {
			return relation{tenant.AppRoleAssignment, readApplications, []string{"id"}, func(c *call, doc tenant.Doc) []found {
				return c.listed(tenant.AppRoleAssignment, ending(side.end, doc.String("id")))
			}}, true
		}
	}
	return relation{}, false
}

// ending matches what has an id at one of its ends.
func ending(end, id string) func(tenant.Doc) bool {
	return func(d tenant.Doc) bool { return d.String(end) == id }
}

// checkExpand judges $expand.
func (c *call) checkExpand(entity string) error {
	asked := c.query.Expand
	if asked == nil {
		return nil
	}
	if c.advanced() || c.query.Search != nil {
		return unsupportedQuery("$expand can't be combined with advanced queries.")
	}
	r, played := relationOf(entity, asked.Name)
	switch {
	case !played && (edm.IsNavigation(entity, asked.Name) || !edm.Navigates(entity)):
		return notImplemented("$expand=" + asked.Name)
	case !played:
		return noSuchProperty(asked.Name, entity)
	}
	if allowed, _ := r.need.allows(c.caller); !allowed {
		return denied()
	}
	for _, name := range asked.Select {
		if !selectable(string(r.kind), name) {
			return noSuchProperty(name, string(r.kind))
		}
	}
	return nil
}

// expand puts the objects of $expand's relation in the place of what they are found by.
func (c *call) expand(entity string, shown tenant.Doc) error {
	asked := c.query.Expand
	if asked == nil {
		return nil
	}
	r, _ := relationOf(entity, asked.Name)
	all := r.find(c, shown.Doc(asked.Name))
	inner := *c
	inner.query = odata.Query{Select: asked.Select}
	show := showOwn
	if r.kind == anyObject {
		show = showTyped
	}
	objects := []any{}
	for _, f := range all[:min(len(all), mostExpanded)] {
		object, err := show(&inner, f)
		if err != nil {
			return err
		}
		objects = append(objects, object)
	}
	shown[asked.Name] = objects
	return nil
}
