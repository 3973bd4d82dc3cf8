package graph

import (
	"encoding/base64"
	"encoding/hex"
	"net/http"
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
	switch {
	case c.query.Search != "" && !c.advanced():
		return nil, unsupportedQuery("Request with $search query parameter only works through MSGraph with a special " +
			"request header: 'ConsistencyLevel: eventual'")
	case c.query.OrderBy != "" && !c.advanced():
		return nil, unsupportedQuery("Sorting is not supported without $count=true and ConsistencyLevel:eventual.")
	case c.query.OrderBy != "" || c.query.Search != "":
		return nil, notImplemented("$orderby and $search")
	}
	match, err := c.matcher(of, entity)
	if err != nil {
		return nil, err
	}
	from, err := c.position()
	if err != nil {
		return nil, err
	}
	view := c.far()
	docs, next := view.Page(c.caller.TenantID, of.kind, of.deleted, from, c.pageSize(), match)
	body := tenant.Doc{"@odata.context": c.context(of.set)}
	// Counts come on the first page only, and only in the advanced mode; otherwise $count is ignored.
	if c.advanced() && c.query.SkipToken == "" {
		all, _ := view.Page(c.caller.TenantID, of.kind, of.deleted, 0, 1<<30, match)
		body["@odata.count"] = float64(len(all))
	}
	switch {
	case c.startsEmpty():
		docs, body["@odata.nextLink"] = nil, c.nextLink(0)
	case next > 0:
		body["@odata.nextLink"] = c.nextLink(next)
	}
	value := []any{}
	for _, doc := range docs {
		shown, err := c.shape(entity, doc, false)
		if err != nil {
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
		fault.Fraction(c.Seed, "empty page", c.r.URL.Path, c.query.FilterText) < share
}

func (c *call) matcher(of collection, entity string) (func(tenant.Doc) bool, error) {
	if c.query.Filter == nil {
		return of.within, nil
	}
	if err := c.query.Filter.Check(of.fields); err != nil {
		return nil, fromQuery(err, entity, c.advanced())
	}
	fold := c.Readings.is(FilterCase, "ignored")
	return func(d tenant.Doc) bool {
		return (of.within == nil || of.within(d)) && c.query.Filter.Match(d, fold)
	}, nil
}

// A page token is a position, bound to the query and signed, so that clients can't make one up.

func (c *call) position() (int, error) {
	if c.query.SkipToken == "" {
		return 0, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(c.query.SkipToken)
	if err != nil {
		return 0, expiredPage()
	}
	at, sum, ok := strings.Cut(string(raw), ":")
	n, err := strconv.Atoi(at)
	if !ok || err != nil || n < 0 || sum != c.pageSum(n) {
		return 0, expiredPage()
	}
	return n, nil
}

func (c *call) pageSum(at int) string {
	sum := tenant.Digest(c.Seed, "page", c.caller.TenantID, c.r.URL.Path, c.query.FilterText, strconv.Itoa(at))
	return hex.EncodeToString(sum[:12])
}

func (c *call) nextLink(at int) string {
	token := base64.RawURLEncoding.EncodeToString([]byte(strconv.Itoa(at) + ":" + c.pageSum(at)))
	values := c.r.URL.Query()
	values.Set("$skiptoken", token)
	return origin(c.r) + c.r.URL.EscapedPath() + "?" + values.Encode()
}
