package graph

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/edm"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/odata"
)

// Error is a refusal in Graph's terms. This file is the catalogue of them: wordings that were seen in replies, and, where
// none is known, a short one of our own with the code that the documentation gives.
type Error struct {
	Status        int
	Code, Message string
	Details       []map[string]string
	RetryAfter    string // header, "" for none
}

func (e *Error) Error() string { return fmt.Sprintf("%d %s: %s", e.Status, e.Code, e.Message) }

const badRequestCode = "Request_BadRequest"

func badRequest(format string, args ...any) *Error {
	return &Error{Status: http.StatusBadRequest, Code: badRequestCode, Message: fmt.Sprintf(format, args...)}
}

// unsupportedQuery is a query that the directory won't run.
func unsupportedQuery(format string, args ...any) *Error {
	return &Error{Status: http.StatusBadRequest, Code: "Request_UnsupportedQuery", Message: fmt.Sprintf(format, args...)}
}

func notFound(key string) *Error {
	return &Error{Status: http.StatusNotFound, Code: "Request_ResourceNotFound", Message: fmt.Sprintf(
		"Resource '%s' does not exist or one of its queried reference-property objects are not present.", key)}
}

func (e *Error) with(details ...map[string]string) *Error {
	e.Details = details
	return e
}

func detail(code, message, target string) map[string]string {
	d := map[string]string{"code": code, "target": target}
	if message != "" {
		d["message"] = message
	}
	return d
}

// title spells a type's name as errors do.
func title(resource string) string { return strings.ToUpper(resource[:1]) + resource[1:] }

func invalidValue(property, resource string) *Error {
	return badRequest("Invalid value specified for property '%s' of resource '%s'.", property, title(resource))
}

func invalidProperty(name string) *Error { return badRequest("Invalid property '%s'.", name) }

func readOnly(name string) *Error {
	return badRequest("Property '%s' is read-only and cannot be set.", name)
}

func unreadable() *Error {
	return &Error{Status: http.StatusBadRequest, Code: "BadRequest",
		Message: "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format."}
}

// fromBody translates what edm finds wrong with a body.
func fromBody(err error) error {
	var e *edm.Error
	if !errors.As(err, &e) {
		return err
	}
	if e.Property == "customSecurityAttributes" {
		return notImplemented("custom security attributes")
	}
	switch e.Fault {
	case edm.NotJSON:
		return unreadable()
	case edm.UnknownProperty:
		return invalidProperty(e.Property)
	case edm.ReadOnly:
		if e.Resource == "oAuth2PermissionGrant" {
			return badRequest("Property cannot be updated: %s", e.Property)
		}
		return readOnly(e.Property)
	case edm.WrongType:
		return badRequest("A value was encountered that has a type name that is incompatible with property '%s'.", e.Property)
	default:
		return invalidValue(e.Property, e.Resource)
	}
}

// fromQuery translates what odata finds wrong with query options.
func fromQuery(err error, entity string) error {
	var e *odata.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Reason {
	case odata.Syntax:
		return badRequest("Invalid filter clause: syntax error near '%s'.", e.Name)
	case odata.UnsupportedClause:
		name, _, _ := strings.Cut(e.Name, "/")
		switch {
		case edm.IsNavigation(entity, name):
			return notImplemented("filters on " + name)
		case !edm.Has(entity, name):
			return noSuchProperty(name, entity)
		}
		return unsupportedQuery("Unsupported or invalid query filter clause specified for property '%s' of resource '%s'.",
			strings.TrimSuffix(e.Name, "/any"), title(entity))
	case odata.UnsupportedFunction:
		return unsupportedQuery("Function '%s' is not supported in a filter clause.", e.Name)
	case odata.AdvancedOperator:
		return unsupportedQuery("Operator '%s' is not supported because the required parameters might be missing. "+
			"Try adding $count=true query parameter and ConsistencyLevel:eventual header.", e.Name)
	case odata.TooManyClauses:
		return unsupportedQuery("Too many child clauses specified in search filter expression containing 'OR' operators: %s. "+
			"Max allowed: %d.", e.Name, odata.MaxClauses)
	case odata.BadTop:
		return unsupportedQuery("Invalid page size specified: '%s'. Must be between 1 and %d inclusive.", e.Name, odata.MaxTop)
	case odata.BadOption:
		return badRequest("Invalid value specified for query option '%s'.", e.Name)
	case odata.TooManyRelations:
		return unsupportedQuery("Only one relation can be expanded: '%s'.", e.Name)
	case odata.UnsupportedOption:
		return unsupportedQuery("'%s' is not supported by the service.", e.Name)
	default:
		return badRequest("The query parameter '%s' is not supported.", e.Name)
	}
}

func noSuchProperty(name, entity string) *Error {
	return badRequest("Could not find a property named '%s' on type 'microsoft.graph.%s'.", name, entity)
}

func notImplemented(what string) *Error {
	return &Error{Status: http.StatusNotImplemented, Code: "NotImplemented",
		Message: "This emulator doesn't play what Microsoft Graph offers here: " + what}
}

// notAReference is the refusal of an assignment whose ids don't name what they should.
func notAReference() *Error { return badRequest("Not a valid reference update.") }

func quotaExceeded() *Error {
	return &Error{Status: http.StatusBadRequest, Code: "Directory_QuotaExceeded", Message: "The directory object quota " +
		"limit for the Principal has been exceeded. Please ask your administrator to increase the quota limit or delete " +
		"objects to reduce the used quota."}
}

func unsupportedMedia(wanted string) *Error {
	return &Error{Status: http.StatusUnsupportedMediaType, Code: "UnsupportedMediaType",
		Message: fmt.Sprintf("The Content-Type header must be %s.", wanted)}
}

func notQueryable() *Error {
	return badRequest("Direct queries to this resource type are not supported.")
}

func unknownSegment(name string) *Error {
	return &Error{Status: http.StatusBadRequest, Code: "BadRequest",
		Message: fmt.Sprintf("Resource not found for the segment '%s'.", name)}
}

func methodNotAllowed() *Error {
	return &Error{Status: http.StatusMethodNotAllowed, Code: badRequestCode,
		Message: "Specified HTTP method is not allowed for the request target."}
}

func unauthenticated(message string) *Error {
	return &Error{Status: http.StatusUnauthorized, Code: "InvalidAuthenticationToken", Message: message}
}

func denied() *Error {
	return &Error{Status: http.StatusForbidden, Code: "Authorization_RequestDenied",
		Message: "Insufficient privileges to complete the operation."}
}

func backingApplicationElsewhere() *Error {
	e := denied()
	e.Message = "When using this permission, the backing application of the service principal being created must in the local tenant"
	return e
}

func malformedAppID() *Error {
	return badRequest("Invalid value specified for object reference property 'appId'. " +
		"Please ensure that this value has an appropriate syntax and length.")
}

// taken is the refusal of a value that must be unique among applications.
func taken(property string) *Error {
	message := fmt.Sprintf("Another object with the same value for property %s already exists.", property)
	return badRequest("%s", message).with(detail("ObjectConflict", message, property))
}

func sameKey(message string) *Error {
	return &Error{Status: http.StatusConflict, Code: "Request_MultipleObjectsWithSameKeyValue", Message: message}
}

// immutable is the refusal to change what is set once.
func immutable(property string) *Error {
	return badRequest("Property '%s' is immutable and cannot be changed.", property)
}

func tooManyFederated(limit int) *Error {
	return badRequest("An application can hold at most %d federated identity credentials.", limit)
}

// sameFederatedSubject refuses a second trust in the same issuer and subject.
func sameFederatedSubject(conflict bool) *Error {
	const message = "FederatedIdentityCredential with the same issuer and subject already exists."
	if conflict {
		return sameKey(message)
	}
	return badRequest(message)
}

func extensionExists(name string) *Error {
	return badRequest("An extension property exists with the name %s.", name)
}

func principalExists(appID string) *Error {
	e := sameKey(fmt.Sprintf("The service principal cannot be created, updated, or restored because the service "+
		"principal name %s is already in use.", appID))
	d := detail("ObjectConflict", e.Message, "None")
	d["blockedWord"], d["prefix"], d["suffix"] = "", "", ""
	return e.with(d)
}

func noBackingApplication(appID string) *Error {
	message := fmt.Sprintf("The appId '%s' of the service principal does not reference a valid application object.", appID)
	return badRequest("%s", message).with(detail("NoBackingApplicationObject", message, "appId"))
}

func tooManyPasswords(n, limit int) *Error {
	return (&Error{Status: http.StatusBadRequest, Code: "TooManyAppPasswords", Message: fmt.Sprintf(
		"Not allowed to add %d passwords. You can only add a maximum of %d passwords.", n, limit)}).
		with(detail("TooManyAppPasswords", "", "passwordCredentials"))
}

func wrongTokenVersion() *Error {
	return (&Error{Status: http.StatusBadRequest, Code: "InvalidAccessTokenVersion",
		Message: "Property api.requestedAccessTokenVersion is invalid."}).
		with(detail("GenericError", "", "api.requestedAccessTokenVersion"))
}

func foreignHost(uri string) *Error {
	return &Error{Status: http.StatusBadRequest, Code: "HostNameNotOnVerifiedDomain", Message: fmt.Sprintf(
		"Values of identifierUris property must use a verified domain of the organization or its subdomain: '%s'", uri)}
}

// badProof refuses a proof of possession: malformed, expired, for another object, or signed by none of its keys.
func badProof() *Error {
	return badRequest("Proof of possession of a valid certificate of the object is missing or invalid.")
}

func noKey(keyID string) *Error { return badRequest("No key credential found with keyId '%s'.", keyID) }

func alteredCredential(keyID string) *Error {
	return badRequest("Update to existing credential with KeyId '%s' is not allowed.", keyID)
}

// duplicate refuses scopes and roles that share an id or a value.
func duplicate(property string) *Error {
	return badRequest("Property %s cannot have duplicate values.", property).with(detail("DuplicateValue", "", property))
}

func enabledEntitlement() *Error {
	return &Error{Status: http.StatusBadRequest, Code: "CannotDeleteOrUpdateEnabledEntitlement",
		Message: "Permission (scope or role) cannot be deleted or updated unless disabled first."}
}

func lifetimeRefused(policyID string) *Error {
	message := fmt.Sprintf("Credential lifetime exceeds the max value allowed as per assigned policy '%s'.", policyID)
	return (&Error{Status: http.StatusBadRequest, Code: "CredentialInvalidLifetimeAsPerAppPolicy", Message: message}).
		with(detail("InvalidKeyEndDate", message, "EndDate"))
}

func credentialTypeRefused(policyID string) *Error {
	return &Error{Status: http.StatusBadRequest, Code: "CredentialTypeNotAllowedAsPerAppPolicy", Message: fmt.Sprintf(
		"Credential type not allowed as per assigned policy '%s'.", policyID)}
}

// uriRefused is the refusal of an identifier URI by a policy; its code isn't known.
func uriRefused(uri, policyID string) *Error {
	return badRequest("Failed to add identifier URI '%s' as per assigned policy '%s'.", uri, policyID)
}

func audienceRefused(policyID string) *Error {
	return &Error{Status: http.StatusBadRequest, Code: "SignInAudienceNotAllowedAsPerAppPolicy", Message: fmt.Sprintf(
		"Sign-in audience not allowed as per assigned policy '%s'.", policyID)}
}

func expiredPage() *Error {
	return &Error{Status: http.StatusBadRequest, Code: "Directory_ExpiredPageToken",
		Message: "The specified page token value has expired and can no longer be included in your request."}
}

// Throttled is the gateway's 429.
func Throttled(retryAfter string) *Error {
	return &Error{Status: http.StatusTooManyRequests, Code: "TooManyRequests", Message: "Please retry again later.",
		RetryAfter: retryAfter}
}

// ConcurrentWrites is the refusal of a write that met another one at the same object.
func ConcurrentWrites() *Error {
	return &Error{Status: http.StatusConflict, Code: "Directory_ConcurrencyViolation",
		Message: "Error due to concurrent requests being made to the tenant. Please wait briefly and retry."}
}

// MissingMSAApplication is the refusal of a write to an application for personal accounts whose copy in the directory of
// these accounts isn't there yet.
func MissingMSAApplication() *Error {
	return &Error{Status: http.StatusConflict, Code: "Error_MsaAppDoesNotExist",
		Message: "The corresponding MSA application does not exist."}
}

// ServerError is a failure of the service with a 5xx status.
func ServerError(status int, retryAfter string) *Error {
	e := &Error{Status: status, Code: "UnknownError", RetryAfter: retryAfter}
	switch status {
	case http.StatusInternalServerError:
		e.Code, e.Message = "Service_InternalServerError", "Encountered an internal server error."
	case http.StatusServiceUnavailable:
		e.Code, e.Message = "serviceNotAvailable", "The service is unavailable."
	case http.StatusGatewayTimeout:
		e.Code = "GatewayTimeout"
	}
	return e
}
