package provider

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// Graph knows one kind of absence, Terraform three: null, an empty object and an empty set. They mean the same here,
// and state keeps the one that the configuration wrote: the keep functions take the prior value for that.

// text is null for Graph's absent text.
func text(s string) types.String {
	if s == "" {
		return types.StringNull()
	}
	return types.StringValue(s)
}

// instant is RFC 3339 in UTC and whole seconds, null for no time.
func instant(t time.Time) types.String {
	if t.IsZero() {
		return types.StringNull()
	}
	return types.StringValue(t.UTC().Truncate(time.Second).Format(time.RFC3339))
}

// timeOf reads what instant wrote, or a configuration; the zero time when there is none.
func timeOf(s types.String) time.Time {
	t, err := time.Parse(time.RFC3339, s.ValueString())
	if err != nil {
		return time.Time{}
	}
	return t
}

// keepSet gives Graph's values, or the prior spelling of nothing.
func keepSet(prior types.Set, values []string) types.Set {
	if len(values) > 0 || (!prior.IsNull() && !prior.IsUnknown() && len(prior.Elements()) == 0) {
		return stringSet(values)
	}
	return types.SetNull(types.StringType)
}

// keepBool gives Graph's value, or the prior spelling of false.
func keepBool(prior types.Bool, value bool) types.Bool {
	if !value && prior.IsNull() {
		return prior
	}
	return types.BoolValue(value)
}

func stringSet(values []string) types.Set {
	elements := make([]attr.Value, len(values))
	for i, v := range values {
		elements[i] = types.StringValue(v)
	}
	return types.SetValueMust(types.StringType, elements)
}

func stringMap(values map[string]string) types.Map {
	elements := make(map[string]attr.Value, len(values))
	for k, v := range values {
		elements[k] = types.StringValue(v)
	}
	return types.MapValueMust(types.StringType, elements)
}

// texts lists the known elements of a set of strings, sorted.
func texts(set types.Set) []string {
	var out []string
	for _, e := range set.Elements() {
		if s, ok := e.(types.String); ok && !s.IsNull() && !s.IsUnknown() {
			out = append(out, s.ValueString())
		}
	}
	slices.Sort(out)
	return out
}

// mapOf reads a map of strings; unknown and null elements are left out.
func mapOf(m types.Map) map[string]string {
	out := make(map[string]string, len(m.Elements()))
	for k, e := range m.Elements() {
		if s, ok := e.(types.String); ok && !s.IsNull() && !s.IsUnknown() {
			out[k] = s.ValueString()
		}
	}
	return out
}

// known reports whether a value and everything in it is decided.
func known(ctx context.Context, v attr.Value) bool {
	t, err := v.ToTerraformValue(ctx)
	return err == nil && t.IsFullyKnown()
}

// minus lists what a has and b has not, in a's order.
func minus(a, b []string) []string {
	var out []string
	for _, s := range a {
		if !slices.Contains(b, s) {
			out = append(out, s)
		}
	}
	return out
}

// minusFold is minus for GUIDs, whose letters' case means nothing.
func minusFold(a, b []string) []string {
	var out []string
	for _, s := range a {
		if !slices.ContainsFunc(b, func(t string) bool { return strings.EqualFold(s, t) }) {
			out = append(out, s)
		}
	}
	return out
}
