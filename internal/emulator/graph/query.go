package graph

import (
	"cmp"
	"slices"
	"strings"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/edm"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// sortable are the properties that $orderby may name.
func sortable(kind tenant.Kind) []string {
	switch kind {
	case tenant.Application:
		return []string{"createdDateTime", "deletedDateTime", "displayName"}
	case tenant.ServicePrincipal:
		return []string{"deletedDateTime", "displayName"}
	case tenant.User, anyObject:
		return []string{"displayName"}
	default:
		return nil
	}
}

// searchable are the properties that $search may name.
func searchable(kind tenant.Kind) []string {
	switch kind {
	case tenant.Application, tenant.ServicePrincipal:
		return []string{"displayName", "description"}
	case anyObject:
		return []string{"displayName"}
	default:
		return nil
	}
}

// eventual tells whether the client takes what the index knows, which may be behind.
func (c *call) eventual() bool {
	return strings.EqualFold(c.r.Header.Get("ConsistencyLevel"), "eventual")
}

// advanced tells whether the request asks for the advanced query mode: $search and "/$count" do without $count=true.
func (c *call) advanced() bool { return c.query.Count && c.eventual() }

// matcher gives what $filter and $search leave of a collection; nil is all.
func (c *call) matcher(of collection) (func(tenant.Doc) bool, error) {
	filter, search := c.query.Filter, c.query.Search
	advanced := c.advanced() || c.eventual() && (search != nil || c.counting())
	if search != nil {
		if !advanced {
			return nil, unsupportedQuery("Request with $search query parameter only works through MSGraph with a special " +
				"request header: 'ConsistencyLevel: eventual'")
		}
		for _, name := range search.Properties() {
			if !slices.Contains(searchable(of.kind), name) {
				return nil, unsupportedQuery("Property '%s' of resource '%s' can't be searched.", name, title(string(of.kind)))
			}
		}
	}
	if filter != nil {
		if of.kind == anyObject && !advanced {
			return nil, unsupportedQuery("The specified filter to the reference property query is currently not supported.")
		}
		if err := filter.Check(of.fields, advanced); err != nil {
			return nil, fromQuery(err, string(of.kind))
		}
	}
	if filter == nil && search == nil {
		return of.within, nil
	}
	fold := c.Readings.is(FilterCase, "ignored")
	return func(d tenant.Doc) bool {
		return (of.within == nil || of.within(d)) && (filter == nil || filter.Match(d, fold)) && (search == nil || search.Match(d))
	}, nil
}

// counting tells whether only the number of objects is asked for.
func (c *call) counting() bool { return strings.HasSuffix(c.r.URL.Path, "/$count") }

// checkOrder judges $orderby.
func (c *call) checkOrder(kind tenant.Kind) error {
	if len(c.query.OrderBy) > 0 && !c.advanced() {
		return unsupportedQuery("Sorting is not supported without $count=true and ConsistencyLevel:eventual.")
	}
	for _, by := range c.query.OrderBy {
		switch entity := string(kind); {
		case slices.Contains(sortable(kind), by.Name):
		case !edm.Has(entity, by.Name):
			return noSuchProperty(by.Name, entity)
		default:
			return unsupportedQuery("Sorting by property '%s' of resource '%s' is not supported.", by.Name, title(entity))
		}
	}
	return nil
}

// order compares two documents by $orderby: texts without regard to case, null first. Without it all are equal.
func (c *call) order(a, b tenant.Doc) int {
	for _, by := range c.query.OrderBy {
		order := cmp.Compare(strings.ToLower(a.String(by.Name)), strings.ToLower(b.String(by.Name)))
		if strings.HasSuffix(by.Name, "DateTime") {
			order = a.Time(by.Name).Compare(b.Time(by.Name))
		}
		if by.Descending {
			order = -order
		}
		if order != 0 {
			return order
		}
	}
	return 0
}

// shape cuts a document to what is shown of it.
func (c *call) shape(entity string, doc tenant.Doc, exact bool) (tenant.Doc, error) {
	if err := c.checkShape(entity); err != nil {
		return nil, err
	}
	shown := c.cut(entity, doc).Clone()
	return shown, c.finish(entity, shown, exact)
}

// checkShape judges $select and $expand.
func (c *call) checkShape(entity string) error {
	for _, name := range c.query.Select {
		if !selectable(entity, name) {
			return noSuchProperty(name, entity)
		}
	}
	return c.checkExpand(entity)
}

// cut gives the members of a document that are shown, shared with it.
func (c *call) cut(entity string, doc tenant.Doc) tenant.Doc {
	shown := edm.Entity(entity, doc, c.query.Select)
	if e := c.query.Expand; e != nil {
		r, _ := relationOf(entity, e.Name)
		from := tenant.Doc{}
		for _, name := range r.by {
			from[name] = doc[name]
		}
		shown[e.Name] = from
	}
	return shown
}

// finish turns what was cut and copied into what a reply shows.
func (c *call) finish(entity string, shown tenant.Doc, exact bool) error {
	if !exact {
		edm.WholeSeconds(shown)
	}
	c.showLogo(shown)
	return c.expand(entity, shown)
}
