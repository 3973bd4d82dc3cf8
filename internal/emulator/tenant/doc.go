package tenant

import (
	"fmt"
	"time"
)

// TimeLayout is how the directory writes an instant into a document: UTC with up to seven fractional digits, none for a
// whole second.
const TimeLayout = "2006-01-02T15:04:05.9999999Z"

// Doc is a directory object or a complex value inside one, with Graph's JSON names. Values are what JSON knows: nil,
// bool, float64, string, []any and Doc. Navigation properties that are plain references (owners) are lists of ids.
type Doc map[string]any

// String gives a text property, "" when it is null, absent or something else.
func (d Doc) String(key string) string {
	s, ok := d[key].(string)
	if !ok {
		return ""
	}
	return s
}

// Bool gives a boolean property; null and absent read as false.
func (d Doc) Bool(key string) bool {
	b, ok := d[key].(bool)
	return ok && b
}

// Strings gives a collection of texts.
func (d Doc) Strings(key string) []string {
	if texts, ok := d[key].([]string); ok {
		return texts // Not yet in canonical form.
	}
	items, ok := d[key].([]any)
	if !ok {
		return nil
	}
	out := make([]string, 0, len(items))
	for _, item := range items {
		if s, ok := item.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

// Docs gives a collection of complex values.
func (d Doc) Docs(key string) []Doc {
	if docs, ok := d[key].([]Doc); ok {
		return docs // Not yet in canonical form.
	}
	items, ok := d[key].([]any)
	if !ok {
		return nil
	}
	out := make([]Doc, 0, len(items))
	for _, item := range items {
		if c, ok := item.(Doc); ok {
			out = append(out, c)
		}
	}
	return out
}

// Doc gives a complex value, nil when it is null or absent. Reading from nil is safe.
func (d Doc) Doc(key string) Doc {
	c, ok := d[key].(Doc)
	if !ok {
		return nil
	}
	return c
}

// Time gives an instant, the zero time when it is null, absent or malformed.
func (d Doc) Time(key string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, d.String(key))
	if err != nil {
		return time.Time{}
	}
	return t
}

// Clone copies a document all the way down and brings its values into the canonical form (Doc for every map, []any for
// every collection, float64 for every number, text for every instant). It panics on a value that JSON doesn't know,
// which only a mistake in this program can bring in.
func (d Doc) Clone() Doc {
	if d == nil {
		return nil
	}
	out := make(Doc, len(d))
	for k, v := range d {
		out[k] = clone(v)
	}
	return out
}

func clone(v any) any {
	switch v := v.(type) {
	case nil, bool, float64, string:
		return v
	case int:
		return float64(v)
	case time.Time:
		return v.UTC().Format(TimeLayout)
	case Doc:
		if v == nil {
			return nil
		}
		return v.Clone()
	case map[string]any:
		return Doc(v).Clone()
	case []any:
		return cloneAll(v)
	case []string:
		return cloneAll(v)
	case []Doc:
		return cloneAll(v)
	default:
		panic(fmt.Sprintf("tenant: a document can't hold a %T", v))
	}
}

func cloneAll[T any](items []T) []any {
	out := make([]any, len(items))
	for i, item := range items {
		out[i] = clone(item)
	}
	return out
}
