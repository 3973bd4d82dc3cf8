package odata

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// Reason classifies an Error.
type Reason int

// The reasons.
const (
	Syntax            Reason = iota // not an OData expression, near Name
	UnsupportedClause               // the collection can't be filtered by Name
	AdvancedOperator                // operator Name needs the advanced query mode
	UnknownOption                   // no such query option
	UnsupportedOption               // Graph doesn't support option Name for directory objects
	BadTop                          // $top outside 1 to 999
	TooManyClauses                  // more than MaxClauses alternatives
)

// Error is a query that can't be answered.
type Error struct {
	Reason Reason
	Name   string
}

func (e *Error) Error() string { return fmt.Sprintf("odata: reason %d at %q", e.Reason, e.Name) }

// Query is what the options of a request say. The zero value asks for everything.
type Query struct {
	Filter                  *Filter
	Select                  []string
	Top                     int // 0 when it isn't given
	Count                   bool
	SkipToken               string
	OrderBy, Search, Expand string
	FilterText              string
}

// MaxClauses is how many alternatives ("in" values, "or" operands) one expression may have.
const MaxClauses = 15

// MaxTop is the largest page of applications and service principals.
const MaxTop = 999

// ParseQuery reads the options of a request. Options that don't start with "$" are ignored, as Graph does. Errors are
// *Error.
func ParseQuery(values url.Values) (Query, error) {
	var q Query
	for name, all := range values {
		value := all[len(all)-1]
		switch strings.ToLower(name) {
		case "$filter":
			f, err := ParseFilter(value)
			if err != nil {
				return Query{}, err
			}
			q.Filter, q.FilterText = f, value
		case "$select":
			for item := range strings.SplitSeq(value, ",") {
				q.Select = append(q.Select, strings.TrimSpace(item))
			}
		case "$top":
			n, err := strconv.Atoi(value)
			if err != nil || n < 1 || n > MaxTop {
				return Query{}, &Error{BadTop, value}
			}
			q.Top = n
		case "$count":
			q.Count = value == "true"
		case "$skiptoken":
			q.SkipToken = value
		case "$orderby":
			q.OrderBy = value
		case "$search":
			q.Search = value
		case "$expand":
			q.Expand = value
		case "$skip":
			return Query{}, &Error{UnsupportedOption, name}
		default:
			if strings.HasPrefix(name, "$") {
				return Query{}, &Error{UnknownOption, name}
			}
		}
	}
	return q, nil
}
