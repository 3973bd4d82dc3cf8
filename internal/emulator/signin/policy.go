package signin

import (
	"slices"
	"strings"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// consentRecommended is Microsoft's own policy on consent by users, which keeps more for administrators than
// [tenant.ConsentAllowed].
const consentRecommended = "ManagePermissionGrantsForSelf.microsoft-user-default-recommended"

// keptForAdministrators begin the names of permissions that the recommended policy takes from users: mail, mailbox,
// calendar and Teams. The exact list isn't published where it could be quoted.
var keptForAdministrators = []string{"Mail", "Calendars.", "Chat", "Channel", "Team", "OnlineMeeting", "IMAP.", "POP.", "SMTP.", "EWS.", "EAS."}

// consentPolicy is the rule that holds for users of a tenant; "" when they may consent to nothing, as under a policy of
// the tenant's own making, which isn't played.
func consentPolicy(view *tenant.View, tenantID string) string {
	policy, ok := view.Get(tenantID, tenant.AuthorizationPolicy, tenant.AuthorizationPolicyID)
	if !ok {
		return tenant.ConsentAllowed
	}
	assigned := policy.Doc("defaultUserRolePermissions").Strings("permissionGrantPoliciesAssigned")
	for _, known := range []string{tenant.ConsentAllowed, consentRecommended} {
		if containsFold(assigned, known) {
			return known
		}
	}
	return ""
}

// administratorOnly lists what is missing and can't be granted by a user.
func (v verdict) administratorOnly(ownSpared bool) []string {
	policy := consentPolicy(v.client.view, v.in.ID)
	if policy == "" {
		return slices.Concat(v.missing, v.missingOIDC)
	}
	spared := policy == tenant.ConsentAllowed || ownSpared && v.in.ID == v.client.homeTenantID
	return slices.DeleteFunc(slices.Clone(v.missing), func(name string) bool {
		scope, _ := v.resource.published(name)
		return scope.String("type") != "Admin" && (spared || !isKept(name))
	})
}

func isKept(name string) bool {
	return slices.ContainsFunc(keptForAdministrators, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}
