package vault

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/appreg/terraform-provider-appreg/internal/transport"
)

// Kind classifies an Error; callers decide by it, never by text.
type Kind int

// The kinds of failure that a caller treats differently. After each but KindAmbiguous a write has not happened.
const (
	KindUnknown      Kind = iota
	KindAddress           // not the address of a vault
	KindWrongCloud        // the vault is not one of the configured cloud; see Error.Suffix
	KindNoKeyVault        // the configured cloud has no Key Vault
	KindNoVault           // the name of the vault's host does not exist
	KindUnreachable       // no connection, no reply, or not one of a vault
	KindUntrusted         // the TLS certificate of the vault is not trusted
	KindForeign           // what answers is no vault of this cloud: it asked for another token or pointed elsewhere, and got nothing
	KindSignIn            // no token could be had; errors.As finds the credential's own error
	KindUnauthorized      // the vault refused the token: it belongs to another tenant, most likely
	KindForbidden         // a permission is missing; see Error.Permission and Error.Role
	KindFirewall          // the vault's firewall lets nobody in from here
	KindDeleted           // the name is held by a deleted secret
	KindDisabled          // the version or secret is disabled
	KindNotFound          // no such secret or version
	KindInvalid           // the vault refused the request's content
	KindConflict          // something else is being done to the secret at the same time
	KindThrottled         // throttled for longer than the deadline allows
	KindAmbiguous         // a write may or may not have happened
	KindCanceled          // the caller cancelled
)

// Error is every failure of this package.
type Error struct {
	Kind       Kind
	Op         string // "write secret to key vault", as in "unable to write …"
	Vault      string // the vault's address
	Name       string // the secret's name
	Suffix     string // what the hosts of the cloud's vaults end in, when Kind is about addresses
	Status     int    // HTTP status, 0 when there was no answer
	Code       string // the vault's innermost error code
	Message    string // the vault's message
	RequestID  string // the vault's x-ms-request-id
	Permission string // the missing secret permission of an access policy, when Kind is KindForbidden
	Role       string // the least built-in Azure role that suffices instead
	Err        error
}

// Error gives one line: operation, cause, code and request-id.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "unable to %s %s", e.Op, e.Vault)
	if e.Name != "" {
		fmt.Fprintf(&b, " (secret %q)", e.Name)
	}
	if e.Message != "" {
		b.WriteString(": " + e.Message)
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	if e.Status != 0 {
		fmt.Fprintf(&b, " (%s)", strings.TrimSpace(fmt.Sprintf("status %d %s", e.Status, e.Code)))
	}
	if e.RequestID != "" {
		fmt.Fprintf(&b, ", request-id %s", e.RequestID)
	}
	return b.String()
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// KindOf finds the kind of an error; KindUnknown for nil and for errors of others.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return KindUnknown
}

// errorOf finds the *Error in err's chain.
func errorOf(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Err: err}
}

// operation is what a caller asked for, and what suffices for it.
type operation struct{ name, permission, role string }

// officer is the least built-in role that may write; a reader of properties is enough to list.
const (
	officer = "Key Vault Secrets Officer"
	reader  = "Key Vault Reader"
)

var (
	opWrite   = operation{"write secret to key vault", "Set", officer}
	opRead    = operation{"read the versions of a secret in key vault", "List", reader}
	opDisable = operation{"disable a version of a secret in key vault", "Set", officer}
)

// fail makes an *Error of whatever a call returned. It returns nil for nil, and what is an *Error already as it is.
func (c *Client) fail(op operation, name string, err error) error {
	if err == nil {
		return nil
	}
	var known *Error
	if errors.As(err, &known) {
		return err
	}
	e := &Error{Op: op.name, Vault: c.origin, Name: name, Err: err}
	var answered *azcore.ResponseError
	if errors.As(err, &answered) {
		e.fromReply(answered)
	} else {
		e.Kind, e.Status, e.RequestID = kindOfTransport(err)
	}
	if e.Kind == KindForbidden {
		e.Permission, e.Role = op.permission, op.role
	}
	return e
}

// fromReply fills e from an answer of the vault. The SDK's error itself is not kept: its text quotes the whole reply.
func (e *Error) fromReply(answered *azcore.ResponseError) {
	e.Err = nil
	e.Status, e.Code = answered.StatusCode, answered.ErrorCode
	var body struct {
		Error struct {
			Code, Message string
			Inner         struct{ Code string } `json:"innererror"`
		}
	}
	if reply := answered.RawResponse; reply != nil {
		e.RequestID = transport.RequestID(reply.Header)
		// The transport has read it into memory, and what isn't the vault's form is judged by its status alone.
		if text, err := io.ReadAll(reply.Body); err == nil && json.Unmarshal(text, &body) == nil {
			e.Message = body.Error.Message
			if body.Error.Inner.Code != "" {
				e.Code = body.Error.Inner.Code
			}
		}
	}
	e.Kind = kindOfReply(e.Status, e.Code)
}

// kindOfReply judges by code where a code says more than its status, else by status.
func kindOfReply(status int, code string) Kind {
	switch code {
	case "ForbiddenByFirewall", "ForbiddenByConnection":
		return KindFirewall
	case "SecretDisabled":
		return KindDisabled
	case "ObjectIsDeletedButRecoverable", "ObjectIsBeingDeleted":
		return KindDeleted
	}
	switch status {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge:
		return KindInvalid
	case http.StatusUnauthorized:
		return KindUnauthorized
	case http.StatusForbidden:
		return KindForbidden
	case http.StatusNotFound:
		return KindNotFound
	case http.StatusConflict:
		return KindConflict
	case http.StatusTooManyRequests:
		return KindThrottled
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return KindUnreachable
	}
	return KindUnknown
}

// kindOfTransport judges a failure without an answer of the vault.
func kindOfTransport(err error) (kind Kind, status int, requestID string) {
	var ambiguous *transport.AmbiguousError
	var unexpected *transport.UnexpectedReplyError
	var signIn *transport.SignInError
	var foreign *transport.ForeignOriginError
	var scope *foreignScopeError
	var throttled *transport.ThrottledError
	var dns *net.DNSError
	var exchange *url.Error
	switch {
	case errors.As(err, &ambiguous):
		return KindAmbiguous, ambiguous.Status, ambiguous.RequestID
	case errors.As(err, &unexpected):
		return KindUnreachable, unexpected.Status, unexpected.RequestID
	case errors.As(err, &signIn):
		return KindSignIn, 0, ""
	case errors.As(err, &foreign), errors.As(err, &scope):
		return KindForeign, 0, ""
	case errors.As(err, &throttled):
		return KindThrottled, 0, ""
	case untrusted(err):
		return KindUntrusted, 0, ""
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return KindCanceled, 0, ""
	case errors.As(err, &dns) && dns.IsNotFound:
		return KindNoVault, 0, ""
	case errors.As(err, &exchange):
		return KindUnreachable, 0, ""
	}
	return KindForeign, 0, "" // The SDK's own, about a challenge or a reply.
}

func untrusted(err error) bool {
	var verification *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var hostname x509.HostnameError
	var invalid x509.CertificateInvalidError
	return errors.As(err, &verification) || errors.As(err, &authority) || errors.As(err, &hostname) || errors.As(err, &invalid)
}
