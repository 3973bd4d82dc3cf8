package directory

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"

	abstractions "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoftgraph/msgraph-sdk-go/models/odataerrors"

	"github.com/appreg/terraform-provider-appreg/internal/transport"
)

// operation is what a caller asked for, and the least Graph permissions (application) that suffice for it.
type operation struct {
	name        string
	permissions []string
}

var (
	ownApplications = []string{"Application.ReadWrite.OwnedBy"}
	readAll         = []string{"Application.Read.All"}
	grants          = []string{"DelegatedPermissionGrant.ReadWrite.All"}

	opCreateApplication  = operation{"create application", ownApplications}
	opReadApplication    = operation{"read application", readAll}
	opFindApplications   = operation{"find applications", readAll}
	opUpdateApplication  = operation{"update application", ownApplications}
	opDeleteApplication  = operation{"delete application", ownApplications}
	opRestoreApplication = operation{"restore application", ownApplications}
	opReadDeleted        = operation{"read deleted applications", ownApplications}
	opReadOwners         = operation{"read owners of application", readAll}
	opAddSecret          = operation{"create client secret of application", ownApplications}
	opSettleSecret       = operation{"see client secret of application", readAll}
	opRemoveSecret       = operation{"remove client secret of application", ownApplications}
	opAddCertificate     = operation{"add certificate to application", ownApplications}
	opRemoveCertificate  = operation{"remove certificate from application", ownApplications}
	opReadCertificate    = operation{"read certificate of application", readAll}
	opCreateFederated    = operation{"create federated credential of application", ownApplications}
	opReadFederated      = operation{"read federated credentials of application", readAll}
	opUpdateFederated    = operation{"update federated credential of application", ownApplications}
	opDeleteFederated    = operation{"delete federated credential of application", ownApplications}
	opSetPublicClient    = operation{"set public client flag of application", ownApplications}
	opSetPermissions     = operation{"set delegated permissions of application", ownApplications}
	opFindAPI            = operation{"find API", readAll}
	opCreatePrincipal    = operation{"create service principal", ownApplications}
	opReadPrincipal      = operation{"read service principal", readAll}
	opUpdatePrincipal    = operation{"update service principal", ownApplications}
	opDeletePrincipal    = operation{"delete service principal", ownApplications}
	opEnsureGrant        = operation{"grant admin consent to service principal", grants}
	opReadGrant          = operation{"read admin consent", grants}
	opDeleteGrant        = operation{"revoke admin consent", grants}
	opReadAgain          = operation{"read what was written last", nil}
	opReadPolicy         = operation{"read application management policy", []string{"Policy.Read.All"}}
	opSignIn             = operation{"sign in", nil}
)

// fail makes an *Error of whatever a call returned. It returns nil for nil, and what is an *Error already as it is.
func (c *Client) fail(op operation, object string, err error) error {
	if err == nil {
		return nil
	}
	var known *Error
	if errors.As(err, &known) {
		return err
	}
	e := &Error{Op: op.name, Object: object, Endpoint: c.endpoint, Err: err}
	var answered abstractions.ApiErrorable
	if errors.As(err, &answered) {
		e.fromReply(answered)
	} else {
		e.fromTransport(err)
	}
	// A caller of shared work leaves at its own deadline, without hearing what the work is held up by.
	if errors.Is(err, context.DeadlineExceeded) && c.window.Throttled() {
		e.Kind = KindThrottled
	}
	if e.Kind == KindForbidden {
		e.Permissions = op.permissions
	}
	return e
}

// fromReply fills e from an answer of Graph. The SDK's error itself is not kept: it panics when printed without message.
func (e *Error) fromReply(answered abstractions.ApiErrorable) {
	e.Err = nil
	e.Status = answered.GetStatusCode()
	if headers := answered.GetResponseHeaders(); headers != nil {
		if ids := headers.Get("request-id"); len(ids) > 0 {
			e.RequestID = ids[0]
		}
	}
	if odata, ok := answered.(*odataerrors.ODataError); ok && odata.GetErrorEscaped() != nil {
		main := odata.GetErrorEscaped()
		e.Code, e.Message = text(main.GetCode()), text(main.GetMessage())
		for _, d := range main.GetDetails() {
			if d != nil {
				e.details = append(e.details, text(d.GetCode()))
			}
		}
		if inner := main.GetInnerError(); inner != nil && e.RequestID == "" {
			e.RequestID = text(inner.GetRequestId())
		}
	}
	e.Kind = kindOfReply(e.Status, e.Code)
}

// kindOfReply judges by code where a code says more than its status, else by status.
func kindOfReply(status int, code string) Kind {
	switch code {
	case "TooManyAppPasswords":
		return KindTooManySecrets
	case "CredentialInvalidLifetimeAsPerAppPolicy", "CredentialTypeNotAllowedAsPerAppPolicy", "SignInAudienceNotAllowedAsPerAppPolicy":
		return KindPolicy
	case "Directory_QuotaExceeded":
		return KindInvalid
	case "Request_ThrottledPermanently", "Request_ThrottledTemporarily", "TooManyRequests":
		return KindThrottled
	}
	switch status {
	case http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusMethodNotAllowed, http.StatusRequestEntityTooLarge:
		return KindInvalid
	case http.StatusUnauthorized:
		return KindUnauthorized
	case http.StatusForbidden:
		return KindForbidden
	case http.StatusNotFound, http.StatusGone:
		return KindNotFound
	case http.StatusConflict, http.StatusPreconditionFailed, http.StatusLocked:
		return KindConflict
	case http.StatusTooManyRequests:
		return KindThrottled
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return KindUnreachable
	}
	return KindUnknown
}

// fromTransport fills e from a failure without an answer of Graph.
func (e *Error) fromTransport(err error) {
	var ambiguous *transport.AmbiguousError
	var signIn *transport.SignInError
	var foreign *transport.ForeignOriginError
	var throttled *transport.ThrottledError
	var unexpected *transport.UnexpectedReplyError
	switch {
	case errors.As(err, &ambiguous):
		e.Kind, e.Status, e.RequestID = KindAmbiguous, ambiguous.Status, ambiguous.RequestID
	case errors.As(err, &signIn):
		e.Kind = KindSignIn
	case errors.As(err, &foreign):
		e.Kind = KindForeignOrigin
	case errors.As(err, &throttled):
		e.Kind = KindThrottled
	case errors.As(err, &unexpected):
		e.Kind, e.Status, e.RequestID = KindNotGraph, unexpected.Status, unexpected.RequestID
	case errors.Is(err, errNoBody):
		e.Kind = KindNotGraph
	case untrusted(err):
		e.Kind = KindUntrusted
	case errors.Is(err, context.Canceled):
		e.Kind = KindCanceled
	default:
		// Connections, names, timeouts.
		e.Kind = KindUnreachable
	}
}

func untrusted(err error) bool {
	var verification *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var hostname x509.HostnameError
	var invalid x509.CertificateInvalidError
	return errors.As(err, &verification) || errors.As(err, &authority) || errors.As(err, &hostname) || errors.As(err, &invalid)
}

// unsettled says that a wait ran out although the content is right. A cancelled wait counts as one: what was written
// stands, and an error would make the next apply replace a healthy object.
func (c *Client) unsettled(op operation, object, awaited string, err error) error {
	if err == nil {
		return nil
	}
	e := &Error{Kind: KindUnsettled, Op: op.name, Object: object, Endpoint: c.endpoint, Waited: "waiting for " + awaited, Err: err}
	e.RequestID = errorOf(err).RequestID
	return e
}

// errNoBody is a success without the object that it should carry; such a reply is not one of Graph.
var errNoBody = errors.New("the reply holds no object")

// identified is err, or errNoBody for a reply that holds no object.
func identified[T interface{ GetId() *string }](m T, err error) error {
	if err == nil && (any(m) == nil || text(m.GetId()) == "") {
		return errNoBody
	}
	return err
}

// created judges the reply to a create. One without the object may have made it nevertheless.
func created(err error) error {
	if errors.Is(err, errNoBody) {
		return &transport.AmbiguousError{Method: http.MethodPost, Err: err}
	}
	return err
}

// strangers counts the replies in a row that came from somebody else than Graph. A proxy that answers in Graph's place
// would answer for ever.
type strangers int

// enough tells whether a failure is one too many of them.
func (s *strangers) enough(failure error) bool {
	var unexpected *transport.UnexpectedReplyError
	if !errors.As(failure, &unexpected) && !errors.Is(failure, errNoBody) {
		*s = 0
		return false
	}
	*s++
	return *s >= 3
}

// errorOf finds the *Error in err's chain.
func errorOf(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{}
}

// text is the text behind p, "" for nil.
func text(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}
