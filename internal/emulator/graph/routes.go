package graph

import "net/http"

// The ways to address one application and one service principal.
var (
	applicationPaths = []string{"/applications/{id}", "/applications(appId='{appId}')", "/applications(uniqueName='{uniqueName}')"}
	principalPaths   = []string{"/servicePrincipals/{id}", "/servicePrincipals(appId='{appId}')"}
)

// Operation is a method on a path.
type Operation struct {
	Method, Path string
	// Played is false for what Graph has and the emulator lacks.
	Played bool
}

// Operations lists what the emulator knows of Graph, in the order in which a request is looked up.
func Operations() []Operation {
	var out []Operation
	for _, r := range routeTable() {
		out = append(out, Operation{Method: r.method, Path: r.pattern, Played: r.handle != nil})
	}
	return out
}

// routeTable lists every operation that the emulator plays, and those that Graph has and it lacks.
func routeTable() []*route {
	var all []*route
	add := func(method, pattern string, need permission, handle func(*call) (*result, error)) {
		all = append(all, &route{method, pattern, parsePattern(pattern), need, handle})
	}
	const get, post, patch, del = http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodDelete

	holds := func(path string, h holder) {
		add(post, path+"/addPassword", writeSecrets, addPassword(h))
		add(post, path+"/removePassword", writeSecrets, removePassword(h))
		add(post, path+"/addKey", writeSecrets, addKey(h))
		add(post, path+"/removeKey", writeSecrets, removeKey(h))
		add(get, path+"/owners", readApplications, listOwners(h))
		add(get, path+"/owners/$ref", readApplications, listOwnerReferences(h))
		add(post, path+"/owners/$ref", writeApplications, addOwner(h))
		add(del, path+"/owners/{ownerId}/$ref", writeApplications, removeOwner(h))
	}

	lacking(add)
	add(get, "/applications", readApplications, listApplications)
	add(get, "/applications/$count", readApplications, countApplications)
	add(post, "/applications", createApplications, createApplication)
	for _, app := range applicationPaths {
		add(get, app, readApplications, getApplication)
		add(patch, app, writeApplications, patchApplication)
		add(del, app, writeApplications, deleteApplication)
		holds(app, applicationHolder())
		add(get, app+"/appManagementPolicies", readPolicies, listAppPolicies)
		federation(add, app)
	}

	add(get, "/servicePrincipals", readApplications, listPrincipals)
	add(get, "/servicePrincipals/$count", readApplications, countPrincipals)
	add(post, "/servicePrincipals", writeApplications, createPrincipal)
	for _, sp := range principalPaths {
		add(get, sp, readApplications, getPrincipal)
		add(patch, sp, writeApplications, patchPrincipal)
		add(del, sp, writeApplications, deletePrincipal)
		holds(sp, principalHolder())
		add(get, sp+"/ownedObjects", readApplications, listOwnedObjects)
		add(get, sp+"/oauth2PermissionGrants", readGrants, listPrincipalGrants)
		add(get, sp+"/oauth2PermissionScopes", readApplications, listPermissions("oauth2PermissionScopes"))
		add(get, sp+"/appRoles", readApplications, listPermissions("appRoles"))
		for _, side := range []assignmentSide{clientSide(), resourceSide()} {
			add(get, sp+"/"+side.collection, readApplications, side.list)
			add(post, sp+"/"+side.collection, writeAssignments, side.create)
			add(get, sp+"/"+side.collection+"/{assignmentId}", readApplications, side.get)
			add(del, sp+"/"+side.collection+"/{assignmentId}", deleteAssignments, side.remove)
		}
	}
	add(get, "/appRoleAssignments", readApplications, func(*call) (*result, error) { return nil, notQueryable() })

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
	add(get, "/users", readUsers, listUsers)
	add(get, "/users/{id}", readUsers, getUser)
	add(get, "/domains", readDomains, listDomains)
	add(get, "/domains/{id}", readDomains, getDomain)
	add(post, "/directoryObjects/getByIds", readDirectory, getByIDs)
	add(get, "/directoryObjects/{id}", readDirectory, getDirectoryObject)
	add(get, "/policies/defaultAppManagementPolicy", readPolicies, getAppPolicy)
	return all
}

// federation adds the federated identity credentials of an application.
func federation(add func(method, pattern string, need permission, handle func(*call) (*result, error)), app string) {
	all := app + "/" + federated.name
	add(http.MethodGet, all, readApplications, listFederated)
	add(http.MethodPost, all, writeApplications, createFederated)
	for _, one := range []string{all + "/{subId}", all + "(name='{name}')"} {
		add(http.MethodGet, one, readApplications, getFederated)
		add(http.MethodPatch, one, writeApplications, patchFederated)
		add(http.MethodDelete, one, writeApplications, deleteFederated)
	}
}

// lacking adds what Graph has and the emulator lacks: it answers 501 there, so that nobody takes its silence for
// Graph's.
func lacking(add func(method, pattern string, need permission, handle func(*call) (*result, error))) {
	const get, post, patch, put, del = http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodPut, http.MethodDelete
	all := func(pattern string, methods ...string) {
		for _, method := range methods {
			add(method, pattern, permission{}, nil)
		}
	}
	for _, collection := range []string{"/applications", "/servicePrincipals"} {
		all(collection+"/delta", get)
	}
	all("/oauth2PermissionGrants/delta", get)
	for _, app := range applicationPaths {
		all(app+"/extensionProperties", get, post)
		all(app+"/extensionProperties/{subId}", get, patch, del)
		all(app+"/appManagementPolicies/$ref", post)
		all(app+"/appManagementPolicies/{subId}/$ref", del)
		for _, action := range []string{"setVerifiedPublisher", "unsetVerifiedPublisher"} {
			all(app+"/"+action, post)
		}
		for _, sub := range []string{"createdOnBehalfOf", "homeRealmDiscoveryPolicies", "synchronization",
			"tokenIssuancePolicies", "tokenLifetimePolicies"} {
			all(app+"/"+sub, get)
		}
		all(app+"/logo", get, put)
	}
	for _, sp := range principalPaths {
		for _, action := range []string{"addTokenSigningCertificate",
			"delegatedPermissionClassifications"} {
			all(sp+"/"+action, post)
		}
		all(sp+"/delegatedPermissionClassifications/{subId}", del)
		for _, sub := range []string{"createdObjects", "memberOf",
			"delegatedPermissionClassifications", "federatedIdentityCredentials", "appManagementPolicies"} {
			all(sp+"/"+sub, get)
		}
	}
	all("/directory/deletedItems/microsoft.graph.user", get)
	all("/directory/deletedItems/microsoft.graph.group", get)
	all("/$batch", post)
	all("/policies/defaultAppManagementPolicy", patch)
	all("/policies/appManagementPolicies", get, post)
	all("/policies/appManagementPolicies/{id}", get, patch, del)
}
