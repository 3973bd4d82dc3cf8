// Package odata reads the query options of a request with real parsers: $filter, $search, $orderby, $expand, $select,
// $top, $count and $skiptoken.
package odata

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// Filter is a parsed $filter expression.
type Filter struct {
	root node
}

// Fields says what a collection can be filtered by: property path to the operators that every query may use, separated by
// spaces; none for a property of advanced queries only. A lambda's path ends in "/any", and members inside one follow:
// "requiredResourceAccess/any/resourceAppId". A collection that can only be counted is there as "owners/$count".
//
// Advanced queries get, beside these, comparisons by eq, ne and in, also with null; startsWith and endsWith where plain
// queries have startsWith or nothing; not, all, and the length of each collection.
type Fields map[string]string

// Check tells whether a collection supports the filter in the plain or the advanced mode. It gives the first *Error, or
// nil.
func (f *Filter) Check(fields Fields, advanced bool) error {
	return f.root.check(mode{fields: fields, advanced: advanced})
}

// Match tells whether a document passes. With fold texts are compared without regard to case.
func (f *Filter) Match(doc tenant.Doc, fold bool) bool {
	return f.root.eval(env{doc: doc, fold: fold})
}

// Demands gives the text that a property must be equal to, but for case, in whatever passes the filter. ok is false when
// the filter leaves more than one choice; a nil filter leaves all.
func (f *Filter) Demands(property string) (text string, ok bool) {
	if f == nil {
		return "", false
	}
	clauses, isAll := f.root.(all)
	if !isAll {
		clauses = all{f.root}
	}
	for _, clause := range clauses {
		c, isCompare := clause.(compare)
		if isCompare && c.op == "eq" && len(c.path) == 1 && c.path[0] == property {
			if text, ok = c.want[0].(string); ok {
				return text, true
			}
		}
	}
	return "", false
}

// env is where a name is looked up: the document, or the variable of the enclosing lambda.
type env struct {
	doc      tenant.Doc
	variable string
	element  any
	fold     bool
}

// mode is what an expression is checked against; inside a lambda also the variable and the path that it ranges over.
type mode struct {
	fields         Fields
	advanced       bool
	variable, path string
}

type node interface {
	eval(env) bool
	check(mode) error
}

type (
	// all and anyOf join expressions by "and" and "or".
	all   []node
	anyOf []node
	not   struct{ inner node }
	// compare is "path op literal", "path in (literals)" or "fn(path,literal)".
	compare struct {
		path []string
		op   string
		want []any
	}
	// lambda is "path/any(variable:body)", or all instead of any.
	lambda struct {
		path     []string
		every    bool
		variable string
		body     node
	}
)

func (n all) eval(e env) bool {
	return !slices.ContainsFunc(n, func(c node) bool { return !c.eval(e) })
}

func (n anyOf) eval(e env) bool {
	return slices.ContainsFunc(n, func(c node) bool { return c.eval(e) })
}

func (n not) eval(e env) bool { return !n.inner.eval(e) }

func (n lambda) eval(e env) bool {
	items, ok := resolve(e, n.path).([]any)
	// Of none, all are anything.
	return ok && n.every != slices.ContainsFunc(items, func(item any) bool {
		return n.every != n.body.eval(env{doc: e.doc, variable: n.variable, element: item, fold: e.fold})
	})
}

func (n compare) eval(e env) bool {
	got := resolve(e, n.path)
	if n.counts() {
		items, ok := resolve(e, n.path[:len(n.path)-1]).([]any)
		if !ok && got != nil {
			return false
		}
		got = float64(len(items))
	}
	return slices.ContainsFunc(n.want, func(want any) bool { return holds(n.op, got, want, e.fold) })
}

// counts tells whether the length of a collection is compared.
func (n compare) counts() bool { return n.path[len(n.path)-1] == "$count" }

func holds(op string, got, want any, fold bool) bool {
	switch w := want.(type) {
	case string:
		if g, ok := got.(string); ok {
			if fold {
				g, w = strings.ToLower(g), strings.ToLower(w)
			}
			return holdsText(op, g, w)
		}
	case time.Time:
		text, ok := got.(string)
		if g, err := time.Parse(time.RFC3339Nano, text); ok && err == nil {
			return ordered(op, g.Compare(w))
		}
	case float64:
		if g, ok := got.(float64); ok {
			return ordered(op, cmp.Compare(g, w))
		}
	}
	switch op {
	case "eq", "in":
		return got == want
	case "ne":
		return got != want
	}
	return false
}

func holdsText(op, got, want string) bool {
	switch op {
	case "startsWith":
		return strings.HasPrefix(got, want)
	case "endsWith":
		return strings.HasSuffix(got, want)
	}
	return ordered(op, strings.Compare(got, want))
}

// ordered tells whether a comparison's outcome (-1, 0, 1) is what an operator asks for.
func ordered(op string, outcome int) bool {
	switch op {
	case "eq", "in":
		return outcome == 0
	case "ne":
		return outcome != 0
	case "ge":
		return outcome >= 0
	case "le":
		return outcome <= 0
	case "gt":
		return outcome > 0
	case "lt":
		return outcome < 0
	}
	return false
}

func resolve(e env, path []string) any {
	var at any = e.doc
	if e.variable != "" && path[0] == e.variable {
		at, path = e.element, path[1:]
	}
	for _, name := range path {
		doc, ok := at.(tenant.Doc)
		if !ok {
			return nil
		}
		at = doc[name]
	}
	return at
}

func checkAll(children []node, m mode) error {
	for _, c := range children {
		if err := c.check(m); err != nil {
			return err
		}
	}
	return nil
}

func (n all) check(m mode) error { return checkAll(n, m) }
func (n anyOf) check(m mode) error {
	if len(n) > MaxClauses {
		return &Error{Reason: TooManyClauses, Name: strconv.Itoa(len(n))}
	}
	return checkAll(n, m)
}

func (n not) check(m mode) error {
	if !m.advanced {
		return &Error{Reason: AdvancedOperator, Name: "not"}
	}
	return n.inner.check(m)
}

func (n lambda) check(m mode) error {
	path := strings.Join(n.path, "/")
	switch {
	case m.variable != "":
		return &Error{Reason: UnsupportedClause, Name: path}
	case n.every && !m.advanced:
		return &Error{Reason: AdvancedOperator, Name: "all"}
	}
	m.variable, m.path = n.variable, path+"/any"
	return n.body.check(m)
}

func (n compare) check(m mode) error {
	path := strings.Join(n.path, "/")
	if m.variable != "" {
		rest, ok := strings.CutPrefix("/"+path, "/"+m.variable)
		if !ok || rest != "" && rest[0] != '/' {
			return &Error{Reason: UnsupportedClause, Name: path}
		}
		path = m.path + rest
	}
	if len(n.want) > MaxClauses {
		return &Error{Reason: TooManyClauses, Name: strconv.Itoa(len(n.want))}
	}
	if n.counts() {
		return n.checkCount(path, m)
	}
	plain, ok := m.fields[path]
	if !ok {
		return &Error{Reason: UnsupportedClause, Name: path}
	}
	null := slices.Contains(n.want, nil)
	if slices.Contains(strings.Fields(plain), n.op) && !null {
		return nil
	}
	texts := plain == "" || slices.Contains(strings.Fields(plain), "startsWith")
	possible := false
	switch n.op {
	case "eq":
		possible = true
	case "ne", "in":
		possible = m.variable == ""
	case "startsWith", "endsWith":
		possible = texts && !null
	}
	switch {
	case possible && m.advanced:
		return nil
	// What isn't indexed is told by its property, what is by the operator.
	case !possible, plain == "" && n.op == "eq" && !null:
		return &Error{Reason: UnsupportedClause, Name: path}
	}
	return &Error{Reason: AdvancedOperator, Name: n.op}
}

// checkCount judges the comparison of a collection's length.
func (n compare) checkCount(path string, m mode) error {
	collection := strings.TrimSuffix(path, "/$count") + "/any"
	_, known := m.fields[path]
	for name := range m.fields {
		known = known || name == collection || strings.HasPrefix(name, collection+"/")
	}
	_, number := n.want[0].(float64)
	switch {
	case !known || !number || n.op != "eq" && n.op != "ne":
		return &Error{Reason: UnsupportedClause, Name: path}
	case !m.advanced:
		return &Error{Reason: AdvancedOperator, Name: "$count"}
	}
	return nil
}
