package keyvault

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// Error is a refusal in the vault's form. Codes, statuses and inner codes are those of the reference and of replies that
// users have published; where neither shows a message, the message is ours.
type Error struct {
	Status               int
	Code, Message, Inner string
}

// Error implements error.
func (e *Error) Error() string { return fmt.Sprintf("%d %s: %s", e.Status, e.Code, e.Message) }

func (e *Error) envelope() map[string]any {
	body := map[string]any{"code": e.Code, "message": e.Message}
	if e.Inner != "" {
		body["innererror"] = map[string]any{"code": e.Inner}
	}
	return map[string]any{"error": body}
}

func errUnauthorized(message string) *Error {
	return &Error{Status: http.StatusUnauthorized, Code: "Unauthorized", Message: message}
}

func errBadParameter(format string, args ...any) *Error {
	return &Error{Status: http.StatusBadRequest, Code: "BadParameter", Message: fmt.Sprintf(format, args...)}
}

func errBadName(name string) *Error {
	return errBadParameter("The request URI contains an invalid name: %s", name)
}

func errNotPlayed(what string) *Error {
	return &Error{Status: http.StatusNotImplemented, Code: "NotImplemented", Message: "The emulator does not play " + what + "."}
}

func errThrottled() *Error {
	return &Error{Status: http.StatusTooManyRequests, Code: "Throttled", Inner: "VaultRequestTypeLimitReached",
		Message: "Request was not processed because too many requests were received. Reason: VaultRequestTypeLimitReached"}
}

// errNotFound is about a name or, with a version, about "name/version".
func errNotFound(name string) *Error {
	return &Error{Status: http.StatusNotFound, Code: "SecretNotFound", Message: "A secret with (name/id) " + name +
		" was not found in this key vault. If you recently deleted this secret you may be able to recover it using the correct recovery command." +
		" For help resolving this issue, please see https://go.microsoft.com/fwlink/?linkid=2125182"}
}

func errNotDeleted(name string) *Error {
	return &Error{Status: http.StatusNotFound, Code: "SecretNotFound", Message: "Deleted Secret not found: " + name}
}

func errDeleted(name string) *Error {
	return &Error{Status: http.StatusConflict, Code: "Conflict", Inner: "ObjectIsDeletedButRecoverable", Message: "Secret " + name +
		" is currently in a deleted but recoverable state, and its name cannot be reused; in this state, the secret can only be recovered or purged."}
}

func errDisabled() *Error {
	return &Error{Status: http.StatusForbidden, Code: "Forbidden", Inner: "SecretDisabled", Message: "Operation get is not allowed on a disabled secret."}
}

// errForbidden is the refusal of the vault's permission model: of its access policies, or of Azure roles.
func (c *call) errForbidden(r *route) *Error {
	if !c.rbac(c.vault) {
		return &Error{Status: http.StatusForbidden, Code: "Forbidden", Inner: "AccessDenied",
			Message: fmt.Sprintf("The user, group or application 'appid=%s;oid=%s;iss=%s' does not have secrets %s permission on key vault '%s;location=%s'. For help resolving this issue, please see https://go.microsoft.com/fwlink/?linkid=2125287",
				c.caller.ClientID, c.principal(), issuer(c.caller.TenantID), r.permission, c.vault, region)}
	}
	return &Error{Status: http.StatusForbidden, Code: "Forbidden", Inner: "ForbiddenByRbac", Message: strings.Join([]string{
		"Caller is not authorized to perform action on resource.",
		"If role assignments, deny assignments or role definitions were changed recently, please observe propagation time.",
		fmt.Sprintf("Caller: appid=%s;oid=%s;iss=%s", c.caller.ClientID, c.principal(), issuer(c.caller.TenantID)),
		fmt.Sprintf("Action: 'Microsoft.KeyVault/vaults/secrets/%s'", r.action),
		fmt.Sprintf("Resource: '/subscriptions/%s/resourcegroups/emulator/providers/microsoft.keyvault/vaults/%s'", c.cloud.Seeded().TenantID, c.vault),
		"Assignment: (not found)", "DenyAssignmentId: null", "DecisionReason: 'DeniedWithNoValidRBAC' ",
		fmt.Sprintf("Vault: %s;location=%s", c.vault, region), ""}, "\r\n")}
}

// versions of the interface that are accepted: those that the reference lists, and the one of the current SDKs.
var apiVersions = []string{"2015-06-01", "2016-10-01", "7.0", "7.1", "7.2", "7.3", "7.4", "7.5", "7.6", "2025-07-01", "2026-04-01"}

func checkVersion(version string) error {
	switch {
	case version == "":
		return errBadParameter("api-version must be specified")
	case !slices.Contains(apiVersions, version):
		return errBadParameter("The specified version (%s) is not recognized. Consider using the latest supported version (%s).", version, apiVersions[len(apiVersions)-1])
	}
	return nil
}
