package directory

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
	KindUnreachable         // name resolution, connection, timeout, or not a Graph answer (Error.Endpoint says where)
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
}

// Error gives one line: operation, cause, code and request-id.
func (e *Error) Error() string { panic("stub") }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { panic("stub") }

// KindOf finds the Kind in err's chain; KindUnknown when there is none.
func KindOf(err error) Kind { panic("stub") }
