package odata

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// deepest is how far expressions may nest.
const deepest = 16

// ParseFilter reads a $filter expression. Errors are *Error with the reason Syntax.
func ParseFilter(text string) (*Filter, error) {
	p := &parser{rest: text}
	p.next()
	root, err := p.or(0)
	if err != nil {
		return nil, err
	}
	if p.token.kind != end {
		return nil, p.unexpected()
	}
	return &Filter{root: root}, nil
}

type kind int

const (
	end kind = iota
	word
	literal
	mark // one of ( ) , : /
	bad
)

type token struct {
	kind kind
	text string
	val  any
}

type parser struct {
	rest  string
	token token
}

func (p *parser) unexpected() error {
	return &Error{Reason: Syntax, Name: p.token.text}
}

// next reads one token into p.token.
func (p *parser) next() {
	p.rest = strings.TrimLeft(p.rest, " ")
	if p.rest == "" {
		p.token = token{}
		return
	}
	switch c := p.rest[0]; {
	case strings.IndexByte("(),:/", c) >= 0:
		p.token, p.rest = token{kind: mark, text: p.rest[:1]}, p.rest[1:]
	case c == '\'':
		p.quoted()
	default:
		n := 0
		for n < len(p.rest) {
			r, size := utf8.DecodeRuneInString(p.rest[n:])
			if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("_-.$@", r) &&
				// Colons belong to instants: 2026-11-20T09:00:00Z.
				(r != ':' || c < '0' || c > '9') {
				break
			}
			n += size
		}
		if n == 0 {
			p.token = token{kind: bad, text: p.rest}
			return
		}
		p.token, p.rest = bare(p.rest[:n]), p.rest[n:]
	}
}

// quoted reads a text literal; two quotes inside stand for one.
func (p *parser) quoted() {
	var text strings.Builder
	s := p.rest[1:]
	for {
		i := strings.IndexByte(s, '\'')
		if i < 0 {
			p.token = token{kind: bad, text: p.rest}
			return
		}
		text.WriteString(s[:i])
		if s = s[i+1:]; !strings.HasPrefix(s, "'") {
			break
		}
		text.WriteByte('\'')
		s = s[1:]
	}
	p.token, p.rest = token{kind: literal, text: text.String(), val: text.String()}, s
}

// bare tells unquoted literals from names.
func bare(s string) token {
	switch s {
	case "null":
		return token{literal, s, nil}
	case "true", "false":
		return token{literal, s, s == "true"}
	}
	if n, err := strconv.ParseInt(s, 10, 32); err == nil {
		return token{literal, s, float64(n)}
	}
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return token{literal, s, t.UTC()}
	}
	if len(s) == 36 && strings.Count(s, "-") == 4 {
		return token{literal, s, strings.ToLower(s)}
	}
	return token{kind: word, text: s}
}

func (p *parser) is(text string) bool {
	return (p.token.kind == mark || p.token.kind == word) && p.token.text == text
}

func (p *parser) take(text string) error {
	if !p.is(text) {
		return p.unexpected()
	}
	p.next()
	return nil
}

func (p *parser) or(depth int) (node, error) {
	return p.joined(depth, "or", p.and, func(n []node) node { return anyOf(n) })
}

func (p *parser) and(depth int) (node, error) {
	return p.joined(depth, "and", p.unary, func(n []node) node { return all(n) })
}

func (p *parser) joined(depth int, by string, operand func(int) (node, error), join func([]node) node) (node, error) {
	if depth > deepest {
		return nil, p.unexpected()
	}
	first, err := operand(depth)
	if err != nil {
		return nil, err
	}
	nodes := []node{first}
	for p.is(by) {
		p.next()
		n, err := operand(depth)
		if err != nil {
			return nil, err
		}
		nodes = append(nodes, n)
	}
	if len(nodes) == 1 {
		return first, nil
	}
	return join(nodes), nil
}

func (p *parser) unary(depth int) (node, error) {
	switch {
	case p.is("not"):
		p.next()
		if depth >= deepest {
			return nil, p.unexpected()
		}
		inner, err := p.unary(depth + 1)
		return not{inner}, err
	case p.is("("):
		p.next()
		inner, err := p.or(depth + 1)
		if err != nil {
			return nil, err
		}
		return inner, p.take(")")
	case p.token.kind == word:
		return p.term(depth)
	}
	return nil, p.unexpected()
}

// functions maps a function's name in lower case to the operator that it stands for.
var functions = map[string]string{"startswith": "startsWith", "endswith": "endsWith"}

// unsupported are the functions of OData that no property of a directory object supports.
var unsupported = strings.Fields(`cast ceiling concat contains date day floor hour indexof isof length matchespattern minute
	month now round second substring time tolower toupper trim year`)

// term reads a function, a lambda or a comparison.
func (p *parser) term(depth int) (node, error) {
	first := p.token.text
	p.next()
	if op, ok := functions[strings.ToLower(first)]; ok && p.is("(") {
		return p.function(op)
	}
	if p.is("(") && slices.Contains(unsupported, strings.ToLower(first)) {
		return nil, &Error{Reason: UnsupportedFunction, Name: first}
	}
	path := []string{first}
	for p.is("/") {
		p.next()
		if p.token.kind != word {
			return nil, p.unexpected()
		}
		name := p.token.text
		p.next()
		if (name == "any" || name == "all") && p.is("(") {
			return p.lambda(depth, path, name == "all")
		}
		path = append(path, name)
	}
	op := p.token.text
	switch {
	case p.is("in"):
		p.next()
		want, err := p.list()
		return compare{path, "in", want}, err
	case p.is("eq"), p.is("ne"), p.is("ge"), p.is("le"), p.is("gt"), p.is("lt"):
		p.next()
		want, err := p.literal()
		return compare{path, op, []any{want}}, err
	}
	return nil, p.unexpected()
}

func (p *parser) function(op string) (node, error) {
	p.next() // The parenthesis.
	var path []string
	for {
		if p.token.kind != word {
			return nil, p.unexpected()
		}
		path = append(path, p.token.text)
		if p.next(); !p.is("/") {
			break
		}
		p.next()
	}
	if err := p.take(","); err != nil {
		return nil, err
	}
	want, err := p.literal()
	if err != nil {
		return nil, err
	}
	return compare{path, op, []any{want}}, p.take(")")
}

func (p *parser) lambda(depth int, path []string, every bool) (node, error) {
	p.next() // The parenthesis.
	if p.token.kind != word {
		return nil, p.unexpected()
	}
	variable := p.token.text
	p.next()
	if err := p.take(":"); err != nil {
		return nil, err
	}
	body, err := p.or(depth + 1)
	if err != nil {
		return nil, err
	}
	return lambda{path, every, variable, body}, p.take(")")
}

func (p *parser) list() ([]any, error) {
	if err := p.take("("); err != nil {
		return nil, err
	}
	var out []any
	for {
		v, err := p.literal()
		if err != nil {
			return nil, err
		}
		out = append(out, v)
		if !p.is(",") {
			return out, p.take(")")
		}
		p.next()
	}
}

func (p *parser) literal() (any, error) {
	if p.token.kind != literal {
		return nil, p.unexpected()
	}
	v := p.token.val
	p.next()
	return v, nil
}
