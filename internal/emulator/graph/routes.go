package graph

import "net/http"

// routeTable lists every operation that the emulator plays, and those that Graph has and it lacks.
func routeTable() []*route {
	var all []*route
	add := func(method, pattern string, need permission, handle func(*call) (*result, error)) {
		all = append(all, &route{method, pattern, parsePattern(pattern), need, handle})
	}
	const get, post, patch, del = http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodDelete

	lacking(add)
	add(get, "/applications", readApplications, listApplications)
	add(post, "/applications", createApplications, createApplication)
	for _, app := range []string{"/applications/{id}", "/applications(appId='{appId}')",
		"/applications(uniqueName='{uniqueName}')"} {
		add(get, app, readApplications, getApplication)
		add(patch, app, writeApplications, patchApplication)
		add(del, app, writeApplications, deleteApplication)
		add(post, app+"/addPassword", writeSecrets, addPassword)
		add(post, app+"/removePassword", writeSecrets, removePassword)
		add(get, app+"/owners", readApplications, listOwners)
		add(post, app+"/owners/$ref", writeApplications, addOwner)
		add(del, app+"/owners/{ownerId}/$ref", writeApplications, removeOwner)
	}

	add(get, "/servicePrincipals", readApplications, listPrincipals)
	add(post, "/servicePrincipals", writeApplications, createPrincipal)
	for _, sp := range []string{"/servicePrincipals/{id}", "/servicePrincipals(appId='{appId}')"} {
		add(get, sp, readApplications, getPrincipal)
		add(patch, sp, writeApplications, patchPrincipal)
		add(del, sp, writeApplications, deletePrincipal)
		add(get, sp+"/owners", readApplications, listPrincipalOwners)
		add(get, sp+"/oauth2PermissionGrants", readGrants, listPrincipalGrants)
		add(get, sp+"/appRoleAssignments", readApplications, listAssignments)
		add(get, sp+"/appRoleAssignedTo", readApplications, listAssignedTo)
	}

	add(get, "/oauth2PermissionGrants", readGrants, listGrants)
	add(post, "/oauth2PermissionGrants", writeGrants, createGrant)
	add(get, "/oauth2PermissionGrants/{id}", readGrants, getGrant)
	add(patch, "/oauth2PermissionGrants/{id}", writeGrants, patchGrant)
	add(del, "/oauth2PermissionGrants/{id}", writeGrants, deleteGrant)

	add(get, "/directory/deletedItems/microsoft.graph.application", writeApplications, listDeletedApplications)
	add(get, "/directory/deletedItems/microsoft.graph.servicePrincipal", writeApplications, listDeletedPrincipals)
	add(get, "/directory/deletedItems/{id}", writeApplications, getDeleted)
	add(post, "/directory/deletedItems/{id}/restore", writeApplications, restoreDeleted)
	add(del, "/directory/deletedItems/{id}", writeApplications, purgeDeleted)

	add(get, "/organization", readOrganization, listOrganization)
	add(get, "/organization/{id}", readOrganization, getOrganization)
	add(get, "/me", readMe, getMe)
	add(get, "/users/{id}", readUsers, getUser)
	add(get, "/policies/defaultAppManagementPolicy", readPolicies, getAppPolicy)
	return all
}

// lacking adds what Graph has and the emulator lacks: it answers 501 there, so that nobody takes its silence for
// Graph's.
func lacking(add func(method, pattern string, need permission, handle func(*call) (*result, error))) {
	const get, post, patch, put, del = http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodPut, http.MethodDelete
	for _, collection := range []string{"/applications", "/servicePrincipals"} {
		add(get, collection+"/$count", permission{}, nil)
		add(get, collection+"/delta", permission{}, nil)
	}
	add(get, "/oauth2PermissionGrants/delta", permission{}, nil)
	for _, sub := range []string{"/federatedIdentityCredentials", "/extensionProperties", "/appManagementPolicies"} {
		add(get, "/applications/{id}"+sub, permission{}, nil)
		add(post, "/applications/{id}"+sub, permission{}, nil)
		for _, method := range []string{get, patch, del} {
			add(method, "/applications/{id}"+sub+"/{subId}", permission{}, nil)
		}
	}
	for _, action := range []string{"addKey", "removeKey", "setVerifiedPublisher", "unsetVerifiedPublisher"} {
		add(post, "/applications/{id}/"+action, permission{}, nil)
	}
	add(put, "/applications/{id}/logo", permission{}, nil)
	for _, action := range []string{"addPassword", "removePassword", "addKey", "removeKey", "addTokenSigningCertificate",
		"owners/$ref", "appRoleAssignments", "appRoleAssignedTo", "delegatedPermissionClassifications"} {
		add(post, "/servicePrincipals/{id}/"+action, permission{}, nil)
	}
	for _, sub := range []string{"owners/{subId}/$ref", "appRoleAssignments/{subId}", "appRoleAssignedTo/{subId}",
		"delegatedPermissionClassifications/{subId}"} {
		add(del, "/servicePrincipals/{id}/"+sub, permission{}, nil)
	}
	for _, sub := range []string{"ownedObjects", "createdObjects", "memberOf", "oauth2PermissionScopes", "appRoles",
		"delegatedPermissionClassifications", "federatedIdentityCredentials"} {
		add(get, "/servicePrincipals/{id}/"+sub, permission{}, nil)
	}
	add(post, "/directoryObjects/getByIds", permission{}, nil)
	add(get, "/directoryObjects/{id}", permission{}, nil)
	add(post, "/$batch", permission{}, nil)
	add(get, "/users", permission{}, nil)
	add(get, "/domains", permission{}, nil)
	add(patch, "/policies/defaultAppManagementPolicy", permission{}, nil)
	add(get, "/policies/appManagementPolicies", permission{}, nil)
}
