package edm

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// Merge writes a decoded body into a document: complex values are merged member by member, everything else (collections
// above all) is replaced whole.
func Merge(into, update tenant.Doc) {
	for name, v := range update {
		if given, ok := v.(tenant.Doc); ok {
			if held, ok := into[name].(tenant.Doc); ok {
				Merge(held, given)
				continue
			}
		}
		into[name] = v
	}
}

// Entity cuts a document to what a reply shows: the selected properties, or all that are shown when that is nil. A
// property that the document lacks is null, or empty when it is a collection.
func Entity(entity string, doc tenant.Doc, selected []string) tenant.Doc {
	names := selected
	if names == nil {
		names = Properties(entity)
	}
	out := make(tenant.Doc, len(names))
	for _, name := range names {
		v, ok := doc[name]
		if !ok || v == nil {
			if _, isCollection := load().Entities[entity].Properties[name].collection(); isCollection {
				v = []any{}
			}
		}
		out[name] = v
	}
	if out["keyCredentials"] != nil && !slices.Contains(selected, "keyCredentials") {
		out["keyCredentials"] = withoutKeys(doc.Docs("keyCredentials"))
	}
	return out
}

// withoutKeys hides certificates, which Graph shows only on $select=keyCredentials.
func withoutKeys(credentials []tenant.Doc) []any {
	out := make([]any, 0, len(credentials))
	for _, c := range credentials {
		shown := maps.Clone(c)
		shown["key"] = nil
		out = append(out, shown)
	}
	return out
}

// WholeSeconds cuts the instants of a document to seconds, in place: the precision of every reply but the one to a
// write.
func WholeSeconds(doc tenant.Doc) {
	for name, v := range doc {
		switch v := v.(type) {
		case tenant.Doc:
			WholeSeconds(v)
		case []any:
			for _, item := range v {
				if c, ok := item.(tenant.Doc); ok {
					WholeSeconds(c)
				}
			}
		case string:
			if strings.HasSuffix(name, "DateTime") {
				if t, err := time.Parse(time.RFC3339Nano, v); err == nil {
					doc[name] = t.UTC().Format(time.RFC3339)
				}
			}
		}
	}
}
