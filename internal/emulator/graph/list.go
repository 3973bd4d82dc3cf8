package graph

import (
	"encoding/base64"
	"encoding/hex"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/fault"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/odata"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// collection is a list that a route serves.
type collection struct {
	kind    tenant.Kind
	deleted bool
	set     string // as in the context URL
	fields  odata.Fields
	// within narrows the collection before any filter; nil is all.
	within func(tenant.Doc) bool
	// typed adds @odata.type to each entry.
	typed bool
}

const defaultPage = 100

// list answers with a page of a collection.
func (c *call) list(of collection) (*result, error) {
	entity := string(of.kind)
	match, err := c.matcher(of)
	if err != nil {
		return nil, err
	}
	if err := c.checkOrder(of.kind); err != nil {
		return nil, err
	}
	if err := c.checkShape(entity); err != nil {
		return nil, err
	}
	from, err := c.position()
	if err != nil {
		return nil, err
	}
	view := c.far()
	docs, next := c.page(view, of, from, match)
	body := tenant.Doc{"@odata.context": c.context(of.set)}
	// Counts come on the first page only, and only in the advanced mode; otherwise $count is ignored.
	if c.advanced() && c.query.SkipToken == "" {
		body["@odata.count"] = float64(view.Count(c.chosen(of, match)))
	}
	switch {
	case c.startsEmpty():
		docs, body["@odata.nextLink"] = nil, c.nextLink(0)
	case next > 0:
		body["@odata.nextLink"] = c.nextLink(next)
	}
	value := []any{}
	for _, shown := range docs {
		if err := c.finish(entity, shown, false); err != nil {
			return nil, err
		}
		if of.typed {
			shown["@odata.type"] = "#microsoft.graph." + entity
		}
		value = append(value, shown)
	}
	body["value"] = value
	return &result{status: http.StatusOK, body: body}, nil
}

// page reads what is shown of a page in the order that is asked for, creation's unless $orderby says otherwise.
func (c *call) page(view *tenant.View, of collection, from int, match func(tenant.Doc) bool) (docs []tenant.Doc, next int) {
	cut := func(d tenant.Doc) tenant.Doc { return c.cut(string(of.kind), d) }
	if len(c.query.OrderBy) == 0 {
		return view.Page(c.chosen(of, match), from, c.pageSize(), cut)
	}
	docs, _ = view.Page(c.chosen(of, match), 0, math.MaxInt, nil)
	slices.SortStableFunc(docs, c.order)
	docs = docs[min(from, len(docs)):]
	if size := c.pageSize(); size < len(docs) {
		docs, next = docs[:size], from+size
	}
	for i, doc := range docs {
		docs[i] = cut(doc)
	}
	return docs, next
}

// chosen is what a request asks for of a collection. A filter that demands one value of a key spares looking at the rest.
func (c *call) chosen(of collection, match func(tenant.Doc) bool) tenant.Query {
	q := tenant.Query{TenantID: c.caller.TenantID, Kind: of.kind, Deleted: of.deleted, Match: match}
	// Ids are in lower case; whether case counts in a filter is for match to say.
	if id, ok := c.query.Filter.Demands("id"); ok {
		q.By.ID = strings.ToLower(id)
	} else if appID, ok := c.query.Filter.Demands("appId"); ok {
		q.By.ClientID = strings.ToLower(appID)
	} else if name, ok := c.query.Filter.Demands("uniqueName"); ok {
		q.By.UniqueName = name
	}
	return q
}

func countApplications(c *call) (*result, error) {
	return c.count(collection{kind: tenant.Application, fields: applicationFields})
}

func countPrincipals(c *call) (*result, error) {
	return c.count(collection{kind: tenant.ServicePrincipal, fields: principalFields})
}

func countUsers(c *call) (*result, error) {
	return c.count(collection{kind: tenant.User, fields: userFields})
}

func countOwners(h holder) func(*call) (*result, error) {
	return func(c *call) (*result, error) {
		doc, err := h.find(c)
		if err != nil {
			return nil, err
		}
		return c.countFound(directoryObjects, c.ownersOf(doc))
	}
}

// whole answers with a collection that comes in one piece: other query options than $select are not played there.
func (c *call) whole(set string, docs []tenant.Doc) (*result, error) {
	q := c.query
	switch {
	case q.SkipToken != "":
		return nil, expiredPage()
	case q.Filter != nil || q.Search != nil || q.OrderBy != nil || q.Expand != nil || q.Top > 0 || c.advanced():
		return nil, notImplemented("queries of " + set)
	}
	value := []any{}
	for _, doc := range docs {
		shown, err := c.pick(doc)
		if err != nil {
			return nil, err
		}
		value = append(value, shown)
	}
	return &result{status: http.StatusOK, body: tenant.Doc{"@odata.context": c.context(set), "value": value}}, nil
}

// pick cuts a document that has all its members to the selection.
func (c *call) pick(doc tenant.Doc) (tenant.Doc, error) {
	if c.query.Select == nil {
		return doc, nil
	}
	shown := tenant.Doc{}
	for _, name := range c.query.Select {
		v, ok := doc[name]
		if !ok {
			return nil, notImplemented("$select=" + name)
		}
		shown[name] = v
	}
	return shown, nil
}

func notCounted() *Error { return badRequest("$count is not currently supported.") }

// count answers a collection's "/$count".
func (c *call) count(of collection) (*result, error) {
	if !c.eventual() {
		return nil, notCounted()
	}
	match, err := c.matcher(of)
	if err != nil {
		return nil, err
	}
	return &result{status: http.StatusOK, text: strconv.Itoa(c.far().Count(c.chosen(of, match)))}, nil
}

// pageSize is how much a page holds: what the client wants, within bounds.
func (c *call) pageSize() int {
	size := c.query.Top
	if size == 0 {
		size = defaultPage
	}
	if c.PageSize > 0 {
		size = min(size, c.PageSize)
	}
	return size
}

// startsEmpty tells whether the first page holds nothing and everything comes on later ones, as the documentation says
// that it may. Only a server with bounded pages does that.
func (c *call) startsEmpty() bool {
	const share = 0.15
	return c.PageSize > 0 && c.query.SkipToken == "" &&
		fault.Fraction(c.Seed, "empty page", c.r.URL.Path, c.query.Text) < share
}

// position reads the page token: a position, bound to the query and signed, so that clients can't make one up.
func (c *call) position() (int, error) {
	if c.query.SkipToken == "" {
		return 0, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(c.query.SkipToken)
	if err != nil {
		return 0, expiredPage()
	}
	at, _, _ := strings.Cut(string(raw), ":")
	n, err := strconv.Atoi(at)
	if err != nil || n < 0 || c.query.SkipToken != c.pageToken(n) {
		return 0, expiredPage()
	}
	return n, nil
}

func (c *call) pageToken(at int) string {
	position := strconv.Itoa(at)
	sum := tenant.Digest(c.Seed, "page", c.caller.TenantID, c.r.URL.Path, c.query.Text, position)
	return base64.RawURLEncoding.EncodeToString([]byte(position + ":" + hex.EncodeToString(sum[:12])))
}

func (c *call) nextLink(at int) string {
	values := c.r.URL.Query()
	values.Set("$skiptoken", c.pageToken(at))
	return origin(c.r) + c.r.URL.EscapedPath() + "?" + values.Encode()
}
