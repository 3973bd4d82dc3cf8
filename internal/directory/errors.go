package directory

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Kind classifies an Error; callers decide by it, never by text.
type Kind int

// The kinds of failure that a caller treats differently.
const (
	KindUnknown        Kind = iota
	KindInvalid             // Graph refused the request's content
	KindNotFound            // no such object
	KindConflict            // another object holds the key, or concurrent writes
	KindForbidden           // a Graph permission, role or ownership is missing; see Error.Permissions
	KindSignIn              // no token could be had; errors.As finds the credential's own error
	KindUnauthorized        // Graph refused the token
	KindThrottled           // throttled for longer than the deadline allows
	KindUnreachable         // name resolution, connection or timeout (Error.Endpoint says where)
	KindNotGraph            // what answers at Error.Endpoint is not Graph: a proxy's page, for instance
	KindUntrusted           // the TLS certificate of the endpoint is not trusted
	KindForeignOrigin       // a link or redirect pointed to another origin; nothing was sent there
	KindUnsettled           // content is right, but a wait ran out: the object returned beside the error is good
	KindAmbiguous           // a write may or may not have happened; Error.Candidates lists what to look at
	KindPolicy              // the tenant's application management policy refused; see Error.MaxLifetime
	KindTooManySecrets      // a personal-account application holds two secrets already
	KindNameTaken           // the display name is taken and duplicates are to be prevented
	KindExists              // the natural key is held by an object that is not ours; Error.Candidates names it
	KindCanceled            // the caller cancelled
)

// Candidate is an object that a message points the reader to.
type Candidate struct {
	ID          string // object id, or key id of a secret
	ClientID    string
	DisplayName string
	Deleted     bool   // soft-deleted: can be restored for 30 days
	Detail      string // what sets it apart: creation time, start and end of a secret
}

// Error is every failure of this package.
type Error struct {
	Kind        Kind
	Op          string   // "create application", as in "Unable to create application"
	Object      string   // object id or name the operation was about
	Endpoint    string   // scheme and host that answered, or did not
	Status      int      // HTTP status, 0 when there was no answer
	Code        string   // Graph's error code
	Message     string   // Graph's message
	RequestID   string   // Graph's request-id
	Permissions []string // least Graph permissions (application) for the call, when Kind is KindForbidden
	MaxLifetime string   // ISO 8601 duration allowed by the tenant's policy, when known
	Candidates  []Candidate
	Waited      string // what was awaited and what was last seen, when Kind is KindUnsettled
	Err         error

	details []string  // the codes of Graph's error details
	asked   time.Time // when the request set out: what Graph says is no newer
}

// Error gives one line: operation, cause, code and request-id.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("unable to " + e.Op)
	if e.Object != "" {
		fmt.Fprintf(&b, " %q", e.Object)
	}
	for _, part := range []string{e.Message, e.Waited} {
		if part != "" {
			b.WriteString(": " + part)
		}
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	var facts []string
	if e.Status != 0 {
		facts = append(facts, fmt.Sprintf("status %d", e.Status))
	}
	if e.Code != "" {
		facts = append(facts, "code "+e.Code)
	}
	if e.RequestID != "" {
		facts = append(facts, "request-id "+e.RequestID)
	}
	if len(facts) > 0 {
		b.WriteString(" (" + strings.Join(facts, ", ") + ")")
	}
	return b.String()
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// askedAt notes in a failure when its request set out, unless that is known already.
func askedAt(err error, at time.Time) error {
	var e *Error
	if !errors.As(err, &e) || !e.asked.IsZero() {
		return err
	}
	noted := *e // callers that shared a request share its failure
	noted.asked = at
	return &noted
}

// hasDetail tells whether Graph gave a detail with this code.
func (e *Error) hasDetail(code string) bool {
	for _, d := range e.details {
		if d == code {
			return true
		}
	}
	return false
}

// KindOf finds the Kind in err's chain; KindUnknown when there is none.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return KindUnknown
}
