// Package secret holds values that must never be printed.
//
// A Value prints, formats and marshals as "(redacted)", whatever the verb. The one way to the text is Reveal, so that
// every place that handles the text can be found by searching for that word.
package secret

import (
	"fmt"
	"log/slog"
)

const redacted = "(redacted)"

// Value is a secret text. The zero Value is an absent secret.
type Value struct{ text string }

// New wraps a text.
func New(text string) Value { return Value{text} }

// Reveal returns the text. Pass the result on to where it is needed; never to a log or a message.
func (v Value) Reveal() string { return v.text }

// IsZero reports whether there is no secret.
func (v Value) IsZero() bool { return v.text == "" }

// Format implements fmt.Formatter for every verb, %#v included.
func (v Value) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// String implements fmt.Stringer.
func (v Value) String() string { return redacted }

// MarshalText implements encoding.TextMarshaler, which encoding/json honours.
func (v Value) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue implements slog.LogValuer.
func (v Value) LogValue() slog.Value { return slog.StringValue(redacted) }
