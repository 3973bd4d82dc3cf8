package signin

import (
	"slices"
	"strings"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// authorizationPolicy is the kind of the document that says what a tenant's users may do.
const authorizationPolicy tenant.Kind = "authorizationPolicy"

// A tenant's policy on consent by its users, as the authorization policy names it.
const (
	ownGrants = "ManagePermissionGrantsForSelf."
	// consentAllowed lets users grant every permission that isn't of type Admin.
	consentAllowed = ownGrants + "microsoft-user-default-legacy"
	// consentRecommended is Microsoft's own, which keeps more for administrators.
	consentRecommended = ownGrants + "microsoft-user-default-recommended"
)

// keptForAdministrators begin the names of permissions that the recommended policy takes from users: mail, mailbox,
// calendar and Teams. The exact list isn't published where it could be quoted.
var keptForAdministrators = []string{"Mail", "Calendars.", "Chat", "Channel", "Team", "OnlineMeeting", "IMAP.", "POP.", "SMTP.", "EWS.", "EAS."}

// consentPolicy is the rule that holds for users of a tenant; "" when they may consent to nothing, as under a policy of
// the tenant's own making, which isn't played.
func consentPolicy(view *tenant.View, tenantID string) string {
	found := view.List(tenantID, authorizationPolicy)
	if len(found) == 0 {
		return consentAllowed
	}
	assigned := found[0].Doc("defaultUserRolePermissions").Strings("permissionGrantPoliciesAssigned")
	for _, known := range []string{consentAllowed, consentRecommended} {
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
	spared := policy == consentAllowed || ownSpared && v.in.ID == v.client.homeTenantID
	return slices.DeleteFunc(slices.Clone(v.missing), func(name string) bool {
		scope, _ := v.resource.published(name)
		return scope.String("type") != "Admin" && (spared || !isKept(name))
	})
}

func isKept(name string) bool {
	return slices.ContainsFunc(keptForAdministrators, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}
