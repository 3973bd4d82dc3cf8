package odata

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Reason classifies an Error.
type Reason int

// The reasons.
const (
	Syntax              Reason = iota // not an OData expression, near Name
	UnsupportedClause                 // the collection can't be filtered by Name
	AdvancedOperator                  // operator Name needs the advanced query mode
	UnknownOption                     // no such query option
	UnsupportedOption                 // Graph doesn't support option Name for directory objects
	BadTop                            // $top outside 1 to 999
	TooManyClauses                    // more than MaxClauses alternatives
	BadOption                         // the value of option Name makes no sense
	TooManyRelations                  // $expand of more than one relation
	UnsupportedFunction               // a function of OData that directory objects don't support
)

// Error is a query that can't be answered.
type Error struct {
	Reason Reason
	Name   string
}

func (e *Error) Error() string { return fmt.Sprintf("odata: reason %d at %q", e.Reason, e.Name) }

// Query is what the options of a request say. The zero value asks for everything.
type Query struct {
	Filter    *Filter
	Select    []string
	Top       int // 0 when it isn't given
	Count     bool
	SkipToken string
	OrderBy   []Order
	Search    *Search
	Expand    *Expand
	// Text is what decides which objects are listed and in which order: $filter, $search and $orderby as they came.
	Text string
}

// Order is one key of $orderby.
type Order struct {
	Name       string
	Descending bool
}

// Expand is the relation of $expand, and what is selected of its objects.
type Expand struct {
	Name   string
	Select []string
}

// MaxClauses is how many alternatives ("in" values, "or" operands) one expression may have.
const MaxClauses = 15

// MaxTop is the largest page of applications and service principals.
const MaxTop = 999

// ParseQuery reads the options of a request. Options that don't start with "$" are ignored, as Graph does. Errors are
// *Error.
func ParseQuery(values url.Values) (Query, error) {
	var q Query
	for _, name := range slices.Sorted(maps.Keys(values)) {
		all := values[name]
		if err := q.read(strings.ToLower(name), all[len(all)-1]); err != nil {
			return Query{}, err
		}
	}
	return q, nil
}

func (q *Query) read(name, value string) (err error) {
	switch name {
	case "$filter":
		q.Filter, err = ParseFilter(value)
	case "$search":
		q.Search, err = ParseSearch(value)
	case "$orderby":
		q.OrderBy, err = parseOrder(value)
	case "$expand":
		q.Expand, err = parseExpand(value)
	case "$select":
		q.Select, err = parseSelect(value)
	case "$top":
		n, notNumber := strconv.Atoi(value)
		if notNumber != nil || n < 1 || n > MaxTop {
			return &Error{BadTop, value}
		}
		q.Top = n
	case "$count":
		q.Count = strings.EqualFold(value, "true")
	case "$skiptoken":
		q.SkipToken = value
	case "$skip":
		return &Error{UnsupportedOption, name}
	default:
		if strings.HasPrefix(name, "$") {
			return &Error{UnknownOption, name}
		}
	}
	if name == "$filter" || name == "$search" || name == "$orderby" {
		q.Text += name + "=" + value + "&"
	}
	return err
}

func parseSelect(text string) ([]string, error) {
	var out []string
	for item := range strings.SplitSeq(text, ",") {
		name := strings.TrimSpace(item)
		if name == "" {
			return nil, &Error{BadOption, "$select"}
		}
		out = append(out, name)
	}
	return out, nil
}

func parseOrder(text string) ([]Order, error) {
	var out []Order
	for item := range strings.SplitSeq(text, ",") {
		words := strings.Fields(item)
		if len(words) == 0 || len(words) > 2 || len(words) == 2 && words[1] != "asc" && words[1] != "desc" {
			return nil, &Error{BadOption, "$orderby"}
		}
		out = append(out, Order{Name: words[0], Descending: len(words) == 2 && words[1] == "desc"})
	}
	return out, nil
}

// parseExpand reads "owners" and "owners($select=id,displayName)".
func parseExpand(text string) (*Expand, error) {
	name, options, nested := strings.Cut(strings.TrimSpace(text), "(")
	e := &Expand{Name: name}
	if !nested {
		if strings.Contains(name, ",") {
			return nil, &Error{TooManyRelations, text}
		}
		if name == "" {
			return nil, &Error{BadOption, "$expand"}
		}
		return e, nil
	}
	options, rest, closed := strings.Cut(options, ")")
	if strings.HasPrefix(strings.TrimSpace(rest), ",") {
		return nil, &Error{TooManyRelations, text}
	}
	selected, ok := strings.CutPrefix(strings.TrimSpace(options), "$select=")
	if name == "" || !closed || !ok || rest != "" {
		return nil, &Error{BadOption, "$expand"}
	}
	var err error
	e.Select, err = parseSelect(selected)
	return e, err
}
