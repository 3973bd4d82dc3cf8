package signin

import (
	"fmt"
	"net/http"
)

// Error is a refusal of the identity platform: an AADSTS number with the OAuth error that goes with it. Handlers return
// it; it is rendered in one place, as JSON for a program and as a page for a person.
type Error struct {
	Number   int
	Status   int
	Code     string // OAuth's error, for example invalid_client
	SubError string
	Text     string // without the "AADSTSn: " in front and the trailer behind
	Claims   string // what a client must hand on so that the next sign-in meets a policy, as JSON; "" for none
	// OnPage marks what is shown to the person and never sent to the redirect URI, because the client or its redirect
	// URI can't be trusted.
	OnPage bool

	about string // the parameter or the scope that is wrong
}

// Error gives the text as the platform words it, without its trailer.
func (e *Error) Error() string {
	if e.Number == 0 {
		return e.Text
	}
	return fmt.Sprintf("AADSTS%d: %s", e.Number, e.Text)
}

// hasURI tells for which refusals the platform adds error_uri; reports show it for these only.
func (e *Error) hasURI() bool { return e.Code == codeInvalidClient || e.Number == 50076 }

// OAuth's error codes.
const (
	codeInvalidClient   = "invalid_client"
	codeInvalidGrant    = "invalid_grant"
	codeInvalidRequest  = "invalid_request"
	codeInvalidResource = "invalid_resource"
	codeInvalidScope    = "invalid_scope"
	// codeInteractionRequired is an older name of invalid_grant where a person has to do something.
	codeInteractionRequired = "interaction_required"
	codeUnauthorizedClient  = "unauthorized_client"
	codeUnsupportedGrant    = "unsupported_grant_type"
	// codeUnsupportedResponse is for the front channel.
	codeUnsupportedResponse = "unsupported_response_type"
)

// The catalogue: one constructor for each refusal, grouped as the platform groups them. Statuses and codes are those
// of reported replies; where a number is uncertain a comment says so.

func refuse(number, status int, code, format string, args ...any) *Error {
	return &Error{Number: number, Status: status, Code: code, Text: fmt.Sprintf(format, args...)}
}

func (e *Error) onPage() *Error { e.OnPage = true; return e }

func (e *Error) sub(suberror string) *Error { e.SubError = suberror; return e }

// Tenant and endpoint.

func errTenantNotFound(tenant string) *Error {
	return refuse(90002, http.StatusBadRequest, codeInvalidRequest, "Tenant '%s' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant.", tenant).onPage()
}

func errTenantMalformed(tenant string) *Error {
	return refuse(900023, http.StatusBadRequest, codeInvalidRequest, "Specified tenant identifier '%s' is neither a valid DNS name, nor a valid external domain.", tenant).onPage()
}

func errUnknownInstance(host string) *Error {
	return refuse(50049, http.StatusBadRequest, "invalid_instance", "Unknown or invalid instance: '%s'.", host)
}

func errPostOnly(method string) *Error {
	return refuse(900561, http.StatusBadRequest, codeInvalidRequest, "The endpoint only accepts POST requests. Received a %s request.", method)
}

func errMalformed() *Error {
	return refuse(9002313, http.StatusBadRequest, codeInvalidRequest, "Invalid request. Request is malformed or invalid.")
}

func errMissingParameter(name string) *Error {
	e := refuse(900144, http.StatusBadRequest, codeInvalidRequest, "The request body must contain the following parameter: '%s'.", name)
	e.about = name
	return e
}

func errMissingField(name string) *Error {
	return refuse(90014, http.StatusBadRequest, codeInvalidRequest, "The required field '%s' is missing from the credential.", name)
}

func errUnsupportedGrant(grant string) *Error {
	return refuse(70003, http.StatusBadRequest, codeUnsupportedGrant, "The app requested an unsupported grant type '%s'.", grant)
}

func errGrantNeedsTenant(alias string) *Error {
	return refuse(9001023, http.StatusBadRequest, codeInvalidRequest, "The grant type is not supported over the /%s endpoint. Please use the /organizations or tenant-specific endpoint.", alias)
}

// Client and credentials.

func errUnknownApplication(id, directory string) *Error {
	return refuse(700016, http.StatusBadRequest, codeUnauthorizedClient, "Application with identifier '%s' was not found in the directory '%s'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant.", id, directory).onPage()
}

func errNotMultiTenant(id, name, created string) *Error {
	return refuse(50194, http.StatusBadRequest, codeInvalidRequest, "Application '%s'(%s) is not configured as a multi-tenant application. Usage of the /common endpoint is not supported for such applications created after '%s'. Use a tenant-specific endpoint or configure the application to be multi-tenant.", id, name, created).onPage()
}

func errWorkAccountsOnly(id, name string) *Error {
	return refuse(9002332, http.StatusBadRequest, codeInvalidRequest, "Application '%s'(%s) takes work and school accounts only. It can't be used over the /consumers endpoint.", id, name).onPage()
}

// The number is uncertain.
func errPersonalAccountsOnly(id, name string) *Error {
	return refuse(9002331, http.StatusBadRequest, codeInvalidRequest, "Application '%s'(%s) takes personal Microsoft accounts only. Use the /consumers endpoint.", id, name).onPage()
}

func errApplicationDisabled(id, name string) *Error {
	return refuse(7000112, http.StatusBadRequest, codeUnauthorizedClient, "Application '%s'(%s) is disabled.", id, name).onPage()
}

func errWrongSecret(id string) *Error {
	return refuse(7000215, http.StatusUnauthorized, codeInvalidClient, "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '%s'.", id)
}

func errSecretExpired(id string) *Error {
	return refuse(7000222, http.StatusUnauthorized, codeInvalidClient, "The provided client secret keys for app '%s' are expired. Visit the Azure portal to create new keys for your app: https://aka.ms/NewClientSecret, or consider using certificate credentials for added security: https://aka.ms/certCreds.", id)
}

func errCredentialMissing() *Error {
	return refuse(7000218, http.StatusUnauthorized, codeInvalidClient, "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.")
}

func errCredentialMissingForApp() *Error {
	return refuse(7000216, http.StatusUnauthorized, codeInvalidClient, "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type.")
}

func errPublicClientSecret() *Error {
	return refuse(700025, http.StatusUnauthorized, codeInvalidClient, "Client is public so neither 'client_assertion' nor 'client_secret' should be presented.")
}

func errAssertionSignature(reason string) *Error {
	return refuse(700027, http.StatusUnauthorized, codeInvalidClient, "The client assertion failed signature validation. Reason: %s", reason)
}

func errAssertionTime() *Error {
	return refuse(700024, http.StatusUnauthorized, codeInvalidClient, "Client assertion is not within its valid time range.")
}

// The number is uncertain.
func errAssertionClaims(reason string) *Error {
	return refuse(700021, http.StatusUnauthorized, codeInvalidClient, "The client assertion is not for this request. %s", reason)
}

// at is the refusal with the status of a reading.
func (e *Error) at(reading FederatedMismatch) *Error {
	if reading == MismatchBadRequest {
		e.Status = http.StatusBadRequest
	}
	return e
}

// The wording follows 700213.
func errFederatedIssuer(issuer string) *Error {
	return refuse(700211, http.StatusUnauthorized, codeInvalidClient, "No matching federated identity record found for presented assertion issuer '%s'. Check your federated identity credential Subject, Audience and Issuer against the presented assertion.", issuer)
}

// The wording follows 700213.
func errFederatedAudience(audience string) *Error {
	return refuse(700212, http.StatusUnauthorized, codeInvalidClient, "No matching federated identity record found for presented assertion audience '%s'. Check your federated identity credential Subject, Audience and Issuer against the presented assertion.", audience)
}

func errFederatedSubject(subject string) *Error {
	return refuse(700213, http.StatusUnauthorized, codeInvalidClient, "No matching federated identity record found for presented assertion subject '%s'. Check your federated identity credential Subject, Audience and Issuer against the presented assertion.", subject)
}

func errNoFederatedRecord(issuer, subject, audience string) *Error {
	return refuse(70021, http.StatusUnauthorized, codeInvalidClient, "No matching federated identity record found for presented assertion. Assertion Issuer: '%s'. Assertion Subject: '%s'. Assertion Audience: '%s'.", issuer, subject, audience)
}

func errFederatedUserToken() *Error {
	return refuse(700229, http.StatusUnauthorized, codeInvalidClient, "A token of a user was presented where only a token of an application can be a federated credential.")
}

// The number is uncertain.
func errIssuerUnreachable() *Error {
	return refuse(50166, http.StatusBadRequest, codeInvalidRequest, "Request to External OIDC endpoint failed.")
}

// Redirect URI.

func errRedirectMismatch(uri, id string) *Error {
	return refuse(50011, http.StatusBadRequest, codeInvalidRequest, "The redirect URI '%s' specified in the request does not match the redirect URIs configured for the application '%s'. Make sure the redirect URI sent in the request matches one added to your application in the Azure portal. Navigate to https://aka.ms/redirectUriMismatchError to learn more about how to troubleshoot this.", uri, id).onPage()
}

// The number is uncertain.
func errNoRedirect(id string) *Error {
	return refuse(500113, http.StatusBadRequest, codeInvalidClient, "No reply address is registered for the application '%s'.", id).onPage()
}

// The number is uncertain.
func errRedirectChanged() *Error {
	return refuse(500112, http.StatusBadRequest, codeInvalidClient, "The reply address of the token request does not match the one of the authorization request.")
}

// Scopes and resources.

func errScope(scope string) *Error {
	e := refuse(70011, http.StatusBadRequest, codeInvalidScope, "The provided value for the input parameter 'scope' is not valid. The scope '%s' is not valid.", scope)
	e.about = scope
	return e
}

// The wording follows 70011.
func errTokenScope(scope string) *Error {
	return refuse(28002, http.StatusBadRequest, codeInvalidScope, "The provided value for the input parameter 'scope' is not valid. The scope '%s' is not valid.", scope)
}

func errScopeWithoutResource(scope string) *Error {
	return refuse(700023, http.StatusBadRequest, codeInvalidScope, "The scope '%s' names no resource.", scope)
}

func errEmptyScope() *Error {
	return refuse(28003, http.StatusBadRequest, codeInvalidScope, "The provided value for the input parameter 'scope' cannot be empty.")
}

func errSeveralResources() *Error {
	return refuse(700022, http.StatusBadRequest, codeInvalidScope, "The provided value for the input parameter 'scope' names more than one resource.")
}

func errScopeNotDefault(scope string) *Error {
	return refuse(1002012, http.StatusBadRequest, codeInvalidScope, "The provided value for scope %s is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).", scope)
}

func errResourceNotFound(resource, directory string) *Error {
	return refuse(500011, http.StatusBadRequest, codeInvalidResource, "The resource principal named %s was not found in the tenant named %s. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant.", resource, directory)
}

// The code is uncertain.
func errMappedClaims(audience string) *Error {
	return refuse(501461, http.StatusBadRequest, codeInvalidResource, "acceptMappedClaims is supported only for a token audience that matches the application's id or a verified domain of the tenant, and not for '%s'.", audience)
}

// The status and the code are uncertain.
func errNotSubscribed(service, organization string) *Error {
	return refuse(650052, http.StatusBadRequest, codeInvalidClient, "The app needs access to a service ('%s') that your organization '%s' has not subscribed to or enabled.", service, organization).onPage()
}

// The status and the code are uncertain.
func errMisconfigured(name, resource string) *Error {
	return refuse(650056, http.StatusBadRequest, codeInvalidRequest, "Misconfigured application. The registration of '%s' lists no permissions of '%s', and no administrator has consented to any.", name, resource).onPage()
}

func errResourceNotConfigured(resource string) *Error {
	return refuse(650057, http.StatusBadRequest, codeInvalidResource, "The client asked for '%s', which is not among the permissions that its registration requests.", resource)
}

// Codes and refresh tokens.

func errGrantMalformed() *Error {
	return refuse(70000, http.StatusBadRequest, codeInvalidGrant, "The provided value for the grant is not valid: it is malformed, or was issued to somebody else.")
}

func errGrantExpired() *Error {
	return refuse(70008, http.StatusBadRequest, codeInvalidGrant, "The provided authorization code or refresh token has expired due to inactivity. Send a new interactive authorization request for this user and resource.")
}

func errRefreshExpired() *Error {
	return refuse(700082, http.StatusBadRequest, codeInvalidGrant, "The refresh token has expired due to inactivity.").sub("token_expired")
}

func errPasswordChanged() *Error {
	return refuse(50173, http.StatusBadRequest, codeInvalidGrant, "The provided grant was revoked: the user's password has changed since. A fresh sign-in is needed.")
}

func errSPARefreshExpired() *Error {
	return refuse(700084, http.StatusBadRequest, codeInvalidGrant, "The refresh token was issued to a single page app and has outlived its fixed 24 hours.").sub("token_expired")
}

func errCodeRedeemed() *Error {
	return refuse(54005, http.StatusBadRequest, codeInvalidGrant, "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing refresh token.")
}

func errCodeOfOtherTenant() *Error {
	return refuse(700005, http.StatusBadRequest, codeInvalidGrant, "The authorization code was issued for another tenant than the one of the token request.")
}

func errVerifierMismatch() *Error {
	return refuse(501481, http.StatusBadRequest, codeInvalidGrant, "The Code_Verifier does not match the code_challenge supplied in the authorization request.")
}

// The number is uncertain.
func errPKCENeeded() *Error {
	return refuse(9002325, http.StatusBadRequest, codeInvalidRequest, "Proof Key for Code Exchange is required for this authorization code redemption.")
}

// The number is uncertain.
func errSPAOrigin() *Error {
	return refuse(9002327, http.StatusBadRequest, codeInvalidRequest, "Tokens issued for the 'Single-Page Application' client-type may only be redeemed via cross-origin requests.")
}

// The number is uncertain.
func errCrossOrigin() *Error {
	return refuse(9002326, http.StatusBadRequest, codeInvalidRequest, "Cross-origin token redemption is permitted only for the 'Single-Page Application' client-type.")
}

// The number is uncertain.
func errTokenOff() *Error {
	return refuse(700051, http.StatusBadRequest, codeUnsupportedResponse, "response_type 'token' is not enabled for the application.")
}

// The number is uncertain.
func errIDTokenOff() *Error {
	return refuse(700054, http.StatusBadRequest, codeUnsupportedResponse, "response_type 'id_token' is not enabled for the application.")
}

// The number is uncertain.
func errResponseTypeUnknown(kind string) *Error {
	return refuse(70005, http.StatusBadRequest, codeUnsupportedResponse, "The response_type '%s' is not known.", kind)
}

// The number is uncertain.
func errResponseMode(mode string) *Error {
	return refuse(70007, http.StatusBadRequest, codeUnsupportedResponse, "The response_mode '%s' is not supported for what was asked for.", mode)
}

// Device code.

func errDevicePending() *Error {
	return refuse(70016, http.StatusBadRequest, "authorization_pending", "OAuth 2.0 device flow error. Authorization is pending. Continue polling.")
}

// The number is uncertain.
func errDeviceExpired() *Error {
	return refuse(70020, http.StatusBadRequest, "expired_token", "The provided device code has expired. Send a new device authorization request.")
}

func errDeviceDeclined() *Error {
	return refuse(65004, http.StatusBadRequest, "authorization_declined", "User declined to consent to access the app.")
}

// The number is uncertain.
func errDeviceUnknown() *Error {
	return refuse(70002, http.StatusBadRequest, "bad_verification_code", "The device_code was not recognised.")
}

func errUserCodeUnknown() *Error {
	return refuse(70018, http.StatusBadRequest, codeInvalidGrant, "Invalid verification code. The code that you typed is wrong, or has been used.").onPage()
}
