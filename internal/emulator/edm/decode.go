package edm

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// Fault is the way in which a body breaks the schema.
type Fault int

// The faults.
const (
	NotJSON         Fault = iota // not a JSON object
	UnknownProperty              // no such property
	WrongType                    // a JSON value of another type
	InvalidValue                 // right JSON type, impossible value: a bad GUID, a null, an unknown member
	ReadOnly                     // a property that callers can't write
)

// Error tells where a body breaks the schema. Resource is a type's name, as the schema spells it.
type Error struct {
	Fault              Fault
	Property, Resource string
}

func (e *Error) Error() string {
	return fmt.Sprintf("edm: fault %d at property %q of %q", e.Fault, e.Property, e.Resource)
}

// Mode says what a body is for.
type Mode int

// The modes.
const (
	Create Mode = iota
	Update
)

// Decode reads a request body as an entity: exactly the properties that were sent, in canonical form. A reference list
// (owners@odata.bind), which only a create may hold, comes under its own name. Errors are *Error.
func Decode(entity string, body []byte, mode Mode) (tenant.Doc, error) {
	t := load().Entities[entity]
	raw, err := object(body)
	if err != nil {
		return nil, &Error{Fault: NotJSON}
	}
	b := behaviourOf(entity)
	out := tenant.Doc{}
	for name, value := range raw {
		if nav, ok := strings.CutSuffix(name, "@odata.bind"); ok {
			if mode != Create || nav != "owners" || !navigation(t, nav) {
				return nil, &Error{UnknownProperty, name, entity}
			}
			links, err := decodeAll("Edm.String", value, nav, entity)
			if err != nil {
				return nil, err
			}
			out[name] = links
			continue
		}
		// Clients echo annotations and, on updates, the id; Graph doesn't mind.
		if strings.Contains(name, "@odata.") || name == "id" && mode == Update {
			continue
		}
		p, ok := t.Properties[name]
		if !ok || slices.Contains(b.absent, name) {
			return nil, &Error{UnknownProperty, name, entity}
		}
		if name == "id" || !b.mayWrite(name, mode == Create) {
			return nil, &Error{ReadOnly, name, entity}
		}
		if out[name], err = decodeProperty(p, value, name, entity); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// EmptyNulls makes of a body's nulls for collections that can't be null empty collections. What isn't a JSON object is
// left to Decode.
func EmptyNulls(entity string, body []byte) []byte {
	raw, err := object(body)
	if err != nil {
		return body
	}
	for name, value := range raw {
		if _, ok := load().Entities[entity].Properties[name].collection(); ok && string(value) == "null" {
			raw[name] = json.RawMessage("[]")
		}
	}
	text, err := json.Marshal(raw)
	if err != nil {
		return body
	}
	return text
}

// Complete adds to the complex values of a decoded body, where held has none yet to merge them into, the members that
// were left out. Errors are *Error.
func Complete(entity string, held, body tenant.Doc) error {
	for name, v := range body {
		given, ok := v.(tenant.Doc)
		if _, merges := held[name].(tenant.Doc); !ok || merges {
			continue
		}
		if _, err := complete(load().Entities[entity].Properties[name].Type, given); err != nil {
			return err
		}
	}
	return nil
}

// DecodeComplex reads a body as a complex type: the members that were sent.
func DecodeComplex(complexType string, body []byte) (tenant.Doc, error) {
	raw, err := object(body)
	if err != nil {
		return nil, &Error{Fault: NotJSON}
	}
	return members(complexType, raw)
}

// Object reads a body as a JSON object whose members are not interpreted: the parameters of an action.
func Object(body []byte) (map[string]json.RawMessage, error) {
	raw, err := object(body)
	if err != nil {
		return nil, &Error{Fault: NotJSON}
	}
	return raw, nil
}

func object(body []byte) (map[string]json.RawMessage, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	var raw map[string]json.RawMessage
	if err := d.Decode(&raw); err != nil {
		return nil, err
	}
	if raw == nil {
		return nil, errors.New("null is not an object")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one value")
	}
	return raw, nil
}

func members(complexType string, raw map[string]json.RawMessage) (tenant.Doc, error) {
	t := load().Complex[complexType]
	out := tenant.Doc{}
	for name, value := range raw {
		if strings.Contains(name, "@odata.") {
			continue
		}
		p, ok := t.Properties[name]
		if !ok {
			return nil, &Error{UnknownProperty, name, complexType}
		}
		v, err := decodeProperty(p, value, name, complexType)
		if err != nil {
			return nil, err
		}
		out[name] = v
	}
	return out, nil
}

func decodeProperty(p property, value json.RawMessage, name, resource string) (any, error) {
	null := string(value) == "null"
	if null && !p.nullable() {
		return nil, &Error{InvalidValue, name, resource}
	}
	if element, ok := p.collection(); ok {
		if null {
			return []any{}, nil
		}
		return decodeAll(element, value, name, resource)
	}
	if null {
		return nil, nil
	}
	return decodeValue(p.Type, value, name, resource)
}

func decodeAll(element string, value json.RawMessage, name, resource string) ([]any, error) {
	var items []json.RawMessage
	if err := json.Unmarshal(value, &items); err != nil {
		return nil, &Error{WrongType, name, resource}
	}
	out := make([]any, 0, len(items))
	for _, item := range items {
		if string(item) == "null" {
			return nil, &Error{InvalidValue, name, resource}
		}
		v, err := decodeValue(element, item, name, resource)
		if err != nil {
			return nil, err
		}
		// An entry of a collection is written whole: what is left out takes its default.
		if c, ok := v.(tenant.Doc); ok {
			if v, err = complete(element, c); err != nil {
				return nil, err
			}
		}
		out = append(out, v)
	}
	return out, nil
}

// complete adds the members that an entry of a collection leaves out.
func complete(complexType string, given tenant.Doc) (tenant.Doc, error) {
	for name, p := range load().Complex[complexType].Properties {
		if _, ok := given[name]; ok {
			continue
		}
		_, isCollection := p.collection()
		switch {
		case isCollection:
			given[name] = []any{}
		case p.nullable():
			given[name] = nil
		case p.Type == "Edm.Boolean":
			given[name] = false
		default:
			return nil, &Error{InvalidValue, name, complexType}
		}
	}
	return given, nil
}

func decodeValue(typeName string, value json.RawMessage, name, resource string) (any, error) {
	if _, ok := load().Complex[typeName]; ok {
		raw, err := object(value)
		if err != nil {
			return nil, &Error{WrongType, name, resource}
		}
		return members(typeName, raw)
	}
	wrong := &Error{WrongType, name, resource}
	switch typeName {
	case "Edm.Boolean":
		var b bool
		if json.Unmarshal(value, &b) != nil {
			return nil, wrong
		}
		return b, nil
	case "Edm.Int32":
		var n float64
		if json.Unmarshal(value, &n) != nil || n != math.Trunc(n) || math.Abs(n) > math.MaxInt32 {
			return nil, wrong
		}
		return n, nil
	case "Edm.Stream":
		return nil, wrong
	}
	var s string
	if json.Unmarshal(value, &s) != nil {
		return nil, wrong
	}
	if v, ok := parseText(typeName, s); ok {
		return v, nil
	}
	return nil, &Error{InvalidValue, name, resource}
}

// parseText reads the types that JSON writes as text.
func parseText(typeName, s string) (any, bool) {
	switch typeName {
	case "Edm.String", "Edm.Duration":
		return s, true
	case "Edm.Guid":
		id, ok := GUID(s)
		return id, ok
	case "Edm.DateTimeOffset":
		t, err := time.Parse(time.RFC3339Nano, s)
		return t.UTC().Format(tenant.TimeLayout), err == nil
	case "Edm.Binary":
		_, err := base64.StdEncoding.DecodeString(s)
		if err != nil {
			_, err = base64.URLEncoding.DecodeString(s)
		}
		return s, err == nil
	}
	allowed := load().Enums[typeName]
	for member := range strings.SplitSeq(s, ",") {
		// The sentinel of the schema stands for what is yet to come and is no value.
		if member = strings.TrimSpace(member); member == "unknownFutureValue" || !slices.Contains(allowed, member) {
			return nil, false
		}
	}
	return s, true
}

// GUID reads a GUID in the dashed form and gives it in lower case.
func GUID(s string) (string, bool) {
	if len(s) != 36 {
		return "", false
	}
	u, err := uuid.Parse(s)
	return u.String(), err == nil
}
