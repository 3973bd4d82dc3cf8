package tenant

// NewAssignment makes the document of an app role assignment: a principal (a user or a service principal, by kind) gets a
// role of a resource, which is a service principal. It isn't stored yet. Its id is the principal's bytes and sixteen of
// its own.
func (tx *Tx) NewAssignment(kind Kind, principal, resource Doc, roleID string) (Doc, error) {
	principalID, resourceID := principal.String("id"), resource.String("id")
	id, err := GrantID(principalID, tx.NewID("assignment", principalID, resourceID, roleID), "")
	if err != nil {
		return nil, err
	}
	principalType := "User"
	if kind == ServicePrincipal {
		principalType = "ServicePrincipal"
	}
	return Doc{"id": id, "deletedDateTime": nil, "appRoleId": roleID, "createdDateTime": tx.Now(),
		"principalDisplayName": principal["displayName"], "principalId": principalID, "principalType": principalType,
		"resourceDisplayName": resource["displayName"], "resourceId": resourceID}.Clone(), nil
}
