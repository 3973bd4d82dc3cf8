package tenant

// AuthorizationPolicyID is the id of the policy on what users may do, which every tenant has one of.
const AuthorizationPolicyID = "authorizationPolicy"

// ConsentAllowed is the policy on user consent that lets users grant whatever doesn't need an administrator by its type.
const ConsentAllowed = "ManagePermissionGrantsForSelf.microsoft-user-default-legacy"

// NewAuthorizationPolicy is a tenant's policy on what users may do, as the emulator seeds it.
func NewAuthorizationPolicy() Doc {
	return Doc{"id": AuthorizationPolicyID, "deletedDateTime": nil, "displayName": "Authorization Policy", "description": nil,
		"allowInvitesFrom": "everyone", "allowUserConsentForRiskyApps": nil, "allowedToSignUpEmailBasedSubscriptions": true,
		"allowedToUseSSPR": true, "allowEmailVerifiedUsersToJoinOrganization": false, "blockMsolPowerShell": false,
		"guestUserRoleId": nil, "defaultUserRolePermissions": Doc{"allowedToCreateApps": true,
			"allowedToCreateSecurityGroups": true, "allowedToReadOtherUsers": true,
			"permissionGrantPoliciesAssigned": []string{ConsentAllowed}}}.Clone()
}
