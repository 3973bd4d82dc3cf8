package chaos_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// attributes are the members of an object value, by name.
type attributes = map[string]tftypes.Value

// members are the attributes of an object; none of null and of unknown.
func members(v tftypes.Value) attributes {
	var out attributes
	if v.IsNull() || !v.IsKnown() {
		return nil
	}
	if err := v.As(&out); err != nil {
		panic(fmt.Sprintf("%s is no object: %v", v, err))
	}
	return out
}

func texts(v tftypes.Value) string {
	var s *string
	if !v.IsKnown() || v.IsNull() || v.As(&s) != nil || s == nil {
		return ""
	}
	return *s
}

func elements(v tftypes.Value) []tftypes.Value {
	var out []tftypes.Value
	if v.IsNull() || !v.IsKnown() || v.As(&out) != nil {
		return nil
	}
	return out
}

// canonical writes a value so that equal values are equal texts: a set has no order.
func canonical(v tftypes.Value) string {
	switch {
	case !v.IsKnown():
		return "?"
	case v.IsNull():
		return "null"
	}
	switch typ := v.Type(); {
	case typ.Is(tftypes.Object{}), typ.Is(tftypes.Map{}):
		var out []string
		all := members(v)
		for _, name := range slices.Sorted(maps.Keys(all)) {
			out = append(out, fmt.Sprintf("%q: %s", name, canonical(all[name])))
		}
		return "{" + strings.Join(out, ", ") + "}"
	case typ.Is(tftypes.Set{}), typ.Is(tftypes.List{}):
		var out []string
		for _, e := range elements(v) {
			out = append(out, canonical(e))
		}
		if typ.Is(tftypes.Set{}) {
			slices.Sort(out)
		}
		return "[" + strings.Join(out, ", ") + "]"
	}
	return v.String()
}

func equal(a, b tftypes.Value) bool { return canonical(a) == canonical(b) }

func null(typ tftypes.Type) tftypes.Value { return tftypes.NewValue(typ, nil) }

// proposed is what Terraform proposes as the new state: the configuration, and for what it leaves to the provider what was
// there before.
func proposed(schema []*tfprotov6.SchemaAttribute, prior, config attributes) attributes {
	out := attributes{}
	for _, a := range schema {
		c := config[a.Name]
		switch {
		case c.IsNull() && a.Computed:
			out[a.Name] = null(a.ValueType())
			if before, ok := prior[a.Name]; ok {
				out[a.Name] = before
			}
		case a.NestedType != nil && a.NestedType.Nesting == tfprotov6.SchemaObjectNestingModeSingle && c.IsKnown() && !c.IsNull():
			out[a.Name] = tftypes.NewValue(a.ValueType(), proposed(a.NestedType.Attributes, members(prior[a.Name]), members(c)))
		default:
			out[a.Name] = c
		}
	}
	return out
}

// planBreaks lists where a plan contradicts a configuration. A value may be planned to stay as it was, spelt otherwise.
func planBreaks(schema []*tfprotov6.SchemaAttribute, prior, config, planned attributes) (breaks []string) {
	for _, a := range schema {
		c, p := config[a.Name], planned[a.Name]
		switch {
		case c.IsNull() && (a.Computed || p.IsNull()), equal(c, p):
		case !prior[a.Name].IsNull() && equal(prior[a.Name], p) && !c.IsNull():
		case a.NestedType != nil && !c.IsNull() && !p.IsNull():
			for _, b := range planBreaks(a.NestedType.Attributes, members(prior[a.Name]), members(c), members(p)) {
				breaks = append(breaks, a.Name+"."+b)
			}
		default:
			breaks = append(breaks, fmt.Sprintf("%s: configured %s, planned %s", a.Name, canonical(c), canonical(p)))
		}
	}
	return breaks
}

// promiseBreaks lists where a later value contradicts a planned one: what was known must come, what was unknown may be
// anything.
func promiseBreaks(at string, planned, actual tftypes.Value) (breaks []string) {
	switch {
	case !planned.IsKnown():
		return nil
	case !planned.IsFullyKnown() && !actual.IsNull() && planned.Type().Is(tftypes.Object{}):
		was, is := members(planned), members(actual)
		for _, name := range slices.Sorted(maps.Keys(was)) {
			breaks = append(breaks, promiseBreaks(at+"."+name, was[name], is[name])...)
		}
		return breaks
	case !planned.IsFullyKnown() && !actual.IsNull(), equal(planned, actual):
		return nil
	case planned.Type().Is(tftypes.Object{}) && !planned.IsNull() && !actual.IsNull():
		was, is := members(planned), members(actual)
		for _, name := range slices.Sorted(maps.Keys(was)) {
			breaks = append(breaks, promiseBreaks(at+"."+name, was[name], is[name])...)
		}
		return breaks
	}
	return []string{fmt.Sprintf("%s was %s, now is %s", at, canonical(planned), canonical(actual))}
}
