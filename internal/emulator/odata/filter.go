// Package odata reads the query options of a request: $filter with a real parser, $select, $top, $count, $skiptoken.
package odata

import (
	"slices"
	"strconv"
	"strings"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// Filter is a parsed $filter expression.
type Filter struct {
	root node
}

// Fields says what a collection can be filtered by: property path to operators, separated by spaces. A lambda's path
// ends in "/any", and members inside one follow: "requiredResourceAccess/any/resourceAppId".
type Fields map[string]string

// Check tells whether a collection supports the filter. It gives the first *Error, or nil.
func (f *Filter) Check(fields Fields) error {
	return f.root.check(fields, nil)
}

// Match tells whether a document passes. With fold texts are compared without regard to case.
func (f *Filter) Match(doc tenant.Doc, fold bool) bool {
	return f.root.eval(env{doc: doc, fold: fold})
}

// env is where a name is looked up: the document, or the variable of the enclosing lambda.
type env struct {
	doc      tenant.Doc
	variable string
	element  any
	fold     bool
}

// scope is the same while checking: the variable and the path that it ranges over.
type scope struct {
	variable, path string
}

type node interface {
	eval(env) bool
	check(Fields, *scope) error
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
	// lambda is "path/any(variable:body)".
	lambda struct {
		path     []string
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
	return ok && slices.ContainsFunc(items, func(item any) bool {
		return n.body.eval(env{doc: e.doc, variable: n.variable, element: item, fold: e.fold})
	})
}

func (n compare) eval(e env) bool {
	got := resolve(e, n.path)
	return slices.ContainsFunc(n.want, func(want any) bool { return holds(n.op, got, want, e.fold) })
}

func holds(op string, got, want any, fold bool) bool {
	g, gotText := got.(string)
	w, wantText := want.(string)
	if !gotText || !wantText {
		switch op {
		case "eq", "in":
			return got == want
		case "ne":
			return got != want
		}
		return false
	}
	if fold {
		g, w = strings.ToLower(g), strings.ToLower(w)
	}
	switch op {
	case "eq", "in":
		return g == w
	case "ne":
		return g != w
	case "startsWith":
		return strings.HasPrefix(g, w)
	case "endsWith":
		return strings.HasSuffix(g, w)
	case "ge":
		return g >= w
	case "le":
		return g <= w
	case "gt":
		return g > w
	case "lt":
		return g < w
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

func checkAll(children []node, f Fields, s *scope) error {
	for _, c := range children {
		if err := c.check(f, s); err != nil {
			return err
		}
	}
	return nil
}

func (n all) check(f Fields, s *scope) error { return checkAll(n, f, s) }
func (n anyOf) check(f Fields, s *scope) error {
	if len(n) > MaxClauses {
		return &Error{Reason: TooManyClauses, Name: strconv.Itoa(len(n))}
	}
	return checkAll(n, f, s)
}

func (n not) check(Fields, *scope) error {
	return &Error{Reason: AdvancedOperator, Name: "not"}
}

func (n lambda) check(f Fields, s *scope) error {
	if s != nil {
		return &Error{Reason: UnsupportedClause, Name: strings.Join(n.path, "/")}
	}
	return n.body.check(f, &scope{variable: n.variable, path: strings.Join(n.path, "/") + "/any"})
}

func (n compare) check(f Fields, s *scope) error {
	path := strings.Join(n.path, "/")
	if s != nil {
		rest, ok := strings.CutPrefix("/"+path, "/"+s.variable)
		if !ok || rest != "" && rest[0] != '/' {
			return &Error{Reason: UnsupportedClause, Name: path}
		}
		path = s.path + rest
	}
	if len(n.want) > MaxClauses {
		return &Error{Reason: TooManyClauses, Name: strconv.Itoa(len(n.want))}
	}
	ops, ok := f[path]
	if !ok {
		return &Error{Reason: UnsupportedClause, Name: path}
	}
	if !slices.Contains(strings.Fields(ops), n.op) || slices.Contains(n.want, nil) {
		return &Error{Reason: AdvancedOperator, Name: n.op}
	}
	return nil
}
