package signin

import (
	"fmt"
	"slices"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// The ways in which a person proves who they are, as the claim amr has them.
const (
	methodPassword = "pwd"
	methodFactor   = "mfa"
)

// checkPassword refuses a person at the door. A locked account doesn't get to know whether the password was right.
func (h *Handler) checkPassword(a tenant.Account, password string) *Error {
	switch {
	case a.Locked:
		return errUserLocked()
	case a.Password != password:
		return errWrongPassword()
	case h.switchedOff(a):
		return errUserDisabled()
	case a.PasswordExpired:
		return errPasswordExpired()
	}
	return nil
}

// stillThere is the account of an earlier sign-in as it is now. A lock and a password's age end no session; a new
// password does.
func (h *Handler) stillThere(then tenant.Account, d directory) (tenant.Account, *Error) {
	now, ok := h.cloud.AccountOf(then.ObjectID)
	switch {
	case !ok || !h.hasUser(now):
		return now, errUserNotFound(then.UserName, d.name())
	case now.Password != then.Password:
		return now, errPasswordChanged()
	case h.switchedOff(now):
		return now, errUserDisabled()
	}
	return now, nil
}

// conditions says what a sign-in by the methods lacks: of what the tenant asks of everybody, and of what is asked of this
// account.
func conditions(view *tenant.View, a tenant.Account, methods []string, resource string) *Error {
	policyID, control := view.ConditionalAccess(a.TenantID)
	switch {
	case control == tenant.GrantBlocked:
		return errBlocked().meeting(policyID)
	case control == tenant.GrantExternalFactor:
		return errExternalChallenge().meeting(policyID)
	case a.SecondFactor == "" && control == tenant.GrantSecondFactor:
		return errEnrolmentNeeded().meeting(policyID)
	case a.SecondFactor == "" && a.MustRegisterFactor:
		return errEnrolmentNeeded()
	case a.SecondFactor != "" && !slices.Contains(methods, methodFactor):
		return errSecondFactorNeeded(firstOf(resource, tenant.MicrosoftGraphClientID)).meeting(policyID)
	}
	return nil
}

// meeting adds the claims by which a client asks for a sign-in that meets a policy, if there is one.
func (e *Error) meeting(policyID string) *Error {
	if policyID != "" {
		e.Claims = fmt.Sprintf(`{"access_token":{"capolids":{"essential":true,"values":[%q]}}}`, policyID)
	}
	return e
}
