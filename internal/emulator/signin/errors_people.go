package signin

import (
	"net/http"
	"strings"
)

// The part of the catalogue about people, what is asked of them, and their consent.

func errUserNotFound(user, directory string) *Error {
	return refuse(50034, http.StatusBadRequest, codeInvalidGrant, "The user account %s does not exist in the %s directory.", user, directory)
}

func errUserElsewhere(user, directory string) *Error {
	return refuse(50020, http.StatusBadRequest, codeInvalidGrant, "User account '%s' from another identity provider does not exist in tenant '%s' and cannot access the application in that tenant.", user, directory)
}

func errNotAssigned(id, name string) *Error {
	return refuse(50105, http.StatusBadRequest, codeInvalidGrant, "Application '%s'(%s) takes assigned users only, and the signed-in user is not assigned to a role for it.", id, name).onPage()
}

// The wording follows 50105; the number is uncertain.
func errAppNotAssigned(c *client, r resource) *Error {
	return refuse(501051, http.StatusBadRequest, codeInvalidGrant, "Application '%s'(%s) is not assigned to a role for the application '%s'(%s).", c.id, c.name, r.aud, r.sp.String("displayName"))
}

func errUserLocked() *Error {
	return refuse(50053, http.StatusBadRequest, codeInvalidGrant, "The account is locked, because somebody tried to sign in too many times with a wrong user name or password.")
}

func errPasswordExpired() *Error {
	return refuse(50055, http.StatusBadRequest, codeInvalidGrant, "The password is expired.").sub("user_password_expired")
}

func errUserDisabled() *Error {
	return refuse(50057, http.StatusBadRequest, codeInvalidGrant, "The user account is disabled.")
}

func errWrongPassword() *Error {
	return refuse(50126, http.StatusBadRequest, codeInvalidGrant, "Error validating credentials due to invalid username or password.")
}

func errSecondFactorNeeded(resource string) *Error {
	return refuse(50076, http.StatusBadRequest, codeInvalidGrant, "Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor authentication to access '%s'.", resource).sub("basic_action")
}

func errEnrolmentNeeded() *Error {
	return refuse(50079, http.StatusBadRequest, codeInvalidGrant, "The user must enrol in multi-factor authentication, as the administrator has decided.").sub("basic_action")
}

func errExternalChallenge() *Error {
	return refuse(50158, http.StatusBadRequest, codeInvalidGrant, "The challenge of an external authentication provider is not satisfied.").sub("basic_action")
}

// For an application that signs in by itself the status and the code are uncertain.
func errBlocked() *Error {
	return refuse(53003, http.StatusBadRequest, codeInvalidGrant, "Access has been blocked by Conditional Access policies. The access policy does not allow token issuance.")
}

func errStrongAuthenticationNeeded() *Error {
	return refuse(50074, http.StatusBadRequest, codeInvalidGrant, "Strong authentication is required.").sub("basic_action")
}

// The number is uncertain.
func errWrongSecondFactor() *Error {
	return refuse(500121, http.StatusBadRequest, codeInvalidGrant, "Authentication failed during strong authentication request.")
}

func errSignInNeeded() *Error {
	return refuse(50058, http.StatusBadRequest, "login_required", "A silent sign-in request was sent but no user is signed in.")
}

func errConsentNeeded(id, name string) *Error {
	return refuse(65001, http.StatusBadRequest, codeInvalidGrant, "The user or administrator has not consented to use the application with ID '%s' named '%s'. Send an interactive authorization request for this user and resource.", id, name).sub("consent_required")
}

func errConsentDeclined() *Error {
	return refuse(65004, http.StatusBadRequest, "access_denied", "User declined to consent to access the app.").sub("cancel")
}

func errAdministratorNeeded(app string, scopes []string) *Error {
	return refuse(90094, http.StatusForbidden, codeInvalidGrant, "Need admin approval. %s needs permissions that only an administrator can grant: %s.", app, strings.Join(scopes, ", ")).onPage()
}
