package chaos_test

import (
	"fmt"
	"math/big"
	"slices"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// block is a resource block of a configuration. Its values are strings, bools, ints, []string for sets, map[string]any for
// nested objects, and refs.
type block struct {
	address, kind       string
	values              map[string]any
	createBeforeDestroy bool
}

// ref is an expression such as appreg_application.mail.id.
type ref struct{ address, attribute string }

// references lists the addresses that a block refers to.
func (b *block) references() []string {
	var out []string
	for _, v := range b.values {
		if r, ok := v.(ref); ok && !slices.Contains(out, r.address) {
			out = append(out, r.address)
		}
	}
	slices.Sort(out)
	return out
}

// evaluate gives a block's configuration value.
func (b *block) evaluate(schema *tfprotov6.Schema, lookup func(ref) tftypes.Value) tftypes.Value {
	return convert(schema.ValueType(), b.values, lookup)
}

func convert(typ tftypes.Type, v any, lookup func(ref) tftypes.Value) tftypes.Value {
	switch v := v.(type) {
	case nil:
		return null(typ)
	case ref:
		return lookup(v)
	case string, bool:
		return tftypes.NewValue(typ, v)
	case int:
		return tftypes.NewValue(typ, big.NewFloat(float64(v)))
	case []string:
		set, ok := typ.(tftypes.Set)
		if !ok {
			panic(fmt.Sprintf("%v for a %s", v, typ))
		}
		all := make([]tftypes.Value, len(v))
		for i, text := range v {
			all[i] = tftypes.NewValue(set.ElementType, text)
		}
		return tftypes.NewValue(typ, all)
	case map[string]any:
		object, ok := typ.(tftypes.Object)
		if !ok {
			panic(fmt.Sprintf("%v for a %s", v, typ))
		}
		for name := range v {
			if object.AttributeTypes[name] == nil {
				panic("no attribute " + name)
			}
		}
		all := attributes{}
		for name, t := range object.AttributeTypes {
			all[name] = convert(t, v[name], lookup)
		}
		return tftypes.NewValue(typ, all)
	}
	panic(fmt.Sprintf("a configuration can't hold a %T", v))
}
