package transport

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"
)

// ForeignOriginError says that an address outside the configured endpoint was to be contacted. Nothing was sent there.
type ForeignOriginError struct {
	Origin   string // where the link or redirect pointed
	Endpoint string // the configured endpoint
}

// Error implements error.
func (e *ForeignOriginError) Error() string {
	return fmt.Sprintf("refused to contact %s: only %s is trusted with a token", e.Origin, e.Endpoint)
}

// SignInError says that no token could be had. Err is the credential's own error.
type SignInError struct{ Err error }

// Error implements error.
func (e *SignInError) Error() string { return "getting a token: " + e.Err.Error() }

// Unwrap gives the credential's error.
func (e *SignInError) Unwrap() error { return e.Err }

// AmbiguousError says that a request that must not be repeated blindly was sent and may have been applied: its reply
// was lost, or a 5xx does not say on which side of the commit it arose.
type AmbiguousError struct {
	Method    string
	Status    int    // 0 when there was no reply
	RequestID string // the service's request-id, where there was a reply
	Err       error  // the loss, when there was no reply of the service
}

// Error implements error.
func (e *AmbiguousError) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("%s was sent and its reply is lost: %v", e.Method, e.Err)
	}
	return fmt.Sprintf("%s was answered with status %d, which leaves open whether it was applied", e.Method, e.Status)
}

// Unwrap gives the loss.
func (e *AmbiguousError) Unwrap() error { return e.Err }

// UnexpectedReplyError says that what answered is not the service: a proxy's page, for instance. A write that was
// answered so with a success may have been applied, and is an *AmbiguousError around this one unless it may be repeated.
type UnexpectedReplyError struct {
	Service     string
	Status      int
	ContentType string
	RequestID   string
	Flaw        string // what is wrong with it, as in "it is not JSON"
}

// Error implements error.
func (e *UnexpectedReplyError) Error() string {
	return fmt.Sprintf("the reply (status %d, content type %q) is not one of %s: %s", e.Status, e.ContentType, e.Service, e.Flaw)
}

// unsentError marks a failure before anything was sent; the attempt had no effect.
type unsentError struct{ error }

// Unwrap gives the failure.
func (e unsentError) Unwrap() error { return e.error }

// RequestID is the request-id of a reply, by Graph's name for it or that of other services.
func RequestID(h http.Header) string { return cmp.Or(h.Get("request-id"), h.Get("x-ms-request-id")) }

func lower(s string) string { return strings.ToLower(s) }
