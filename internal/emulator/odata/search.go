package odata

import (
	"slices"
	"strings"
	"unicode"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// Search is a parsed $search expression.
type Search struct {
	root  node
	names []string
}

// term is a "property:value" clause: each word of the value begins a word of the property.
type term struct {
	property string
	words    []string
}

func (n term) eval(e env) bool {
	words := split(e.doc.String(n.property))
	return !slices.ContainsFunc(n.words, func(want string) bool {
		return !slices.ContainsFunc(words, func(word string) bool { return strings.HasPrefix(word, want) })
	})
}

func (n term) check(mode) error { return nil }

// ParseSearch reads a $search expression: quoted clauses, joined by AND, OR and parentheses. Errors are *Error with the
// reason BadOption.
func ParseSearch(text string) (*Search, error) {
	p := &searchParser{rest: text}
	root, ok := p.expression(0)
	if !ok || strings.TrimSpace(p.rest) != "" {
		return nil, &Error{BadOption, "$search"}
	}
	return &Search{root: root, names: p.names}, nil
}

// Properties lists what is searched.
func (s *Search) Properties() []string { return s.names }

// Match tells whether a document passes.
func (s *Search) Match(doc tenant.Doc) bool { return s.root.eval(env{doc: doc}) }

type searchParser struct {
	rest  string
	names []string
}

func (p *searchParser) take(word string) bool {
	rest, ok := strings.CutPrefix(strings.TrimLeft(p.rest, " "), word)
	if ok {
		p.rest = rest
	}
	return ok
}

func (p *searchParser) expression(depth int) (node, bool) {
	return p.joined(depth, "OR", func(depth int) (node, bool) {
		return p.joined(depth, "AND", p.clause, func(n []node) node { return all(n) })
	}, func(n []node) node { return anyOf(n) })
}

func (p *searchParser) joined(depth int, by string, operand func(int) (node, bool), join func([]node) node) (node, bool) {
	first, ok := operand(depth)
	nodes := []node{first}
	for ok && p.take(by) {
		var n node
		n, ok = operand(depth)
		nodes = append(nodes, n)
	}
	return join(nodes), ok
}

func (p *searchParser) clause(depth int) (node, bool) {
	if p.take("(") {
		if depth >= deepest {
			return nil, false
		}
		inner, ok := p.expression(depth + 1)
		return inner, ok && p.take(")")
	}
	if !p.take(`"`) {
		return nil, false
	}
	text, rest, closed := strings.Cut(p.rest, `"`)
	name, value, named := strings.Cut(text, ":")
	words := split(value)
	p.rest, p.names = rest, append(p.names, name)
	return term{name, words}, closed && named && name != "" && len(words) > 0
}

// split cuts a text into words, in lower case.
func split(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}
