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

// adder adds an operation; one without a handler is lacking.
type adder func(method, pattern string, need permission, handle func(*call) (*result, error))

const get, post, patch, put, del = http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodPut, http.MethodDelete

// routeTable lists every operation that the emulator plays, and those that Graph has and it lacks.
func routeTable() []*route {
	var all []*route
	add := func(method, pattern string, need permission, handle func(*call) (*result, error)) {
		all = append(all, &route{method, pattern, parsePattern(pattern), need, handle})
	}
	lacking(add)
	applicationRoutes(add)
	principalRoutes(add)
	directoryRoutes(add)
	policyRoutes(add)
	add(post, batchPath, anybody, batch)
	return all
}

// held adds what applications and service principals have in common.
func held(add adder, path string, h holder) {
	add(post, path+"/addPassword", writeSecrets, addPassword(h))
	add(post, path+"/removePassword", writeSecrets, removePassword(h))
	add(post, path+"/addKey", writeSecrets, addKey(h))
	add(post, path+"/removeKey", writeSecrets, removeKey(h))
	add(get, path+"/owners", readApplications, listOwners(h))
	add(get, path+"/owners/$count", readApplications, countOwners(h))
	add(get, path+"/owners/$ref", readApplications, listOwnerReferences(h))
	add(post, path+"/owners/$ref", writeApplications, addOwner(h))
	add(del, path+"/owners/{ownerId}/$ref", writeApplications, removeOwner(h))
	add(get, path+"/appManagementPolicies", readPolicies, listAppPolicies(h))
	add(post, path+"/appManagementPolicies/$ref", assignPolicies, assignAppPolicy(h))
	add(del, path+"/appManagementPolicies/{policyId}/$ref", assignPolicies, withdrawAppPolicy(h))
}

func applicationRoutes(add adder) {
	add(get, "/applications", readApplications, listApplications)
	add(get, "/applications/$count", readApplications, countApplications)
	add(post, "/applications", createApplications, createApplication)
	for _, app := range applicationPaths {
		add(get, app, readApplications, getApplication)
		add(patch, app, writeApplications, patchApplication)
		add(del, app, writeApplications, deleteApplication)
		held(add, app, applicationHolder())
		federation(add, app)
		extensionRoutes(add, app)
		add(get, app+logoPath, readApplications, getLogo)
		add(put, app+logoPath, writeApplications, putLogo)
	}
}

func principalRoutes(add adder) {
	add(get, "/servicePrincipals", readApplications, listPrincipals)
	add(get, "/servicePrincipals/$count", readApplications, countPrincipals)
	add(post, "/servicePrincipals", writeApplications, createPrincipal)
	for _, sp := range principalPaths {
		add(get, sp, readApplications, getPrincipal)
		add(patch, sp, writeApplications, patchPrincipal)
		add(del, sp, writeApplications, deletePrincipal)
		held(add, sp, principalHolder())
		add(get, sp+"/ownedObjects", readApplications, listOwnedObjects)
		add(get, sp+"/ownedObjects/$count", readApplications, countOwnedObjects)
		add(get, sp+"/oauth2PermissionGrants", readGrants, listPrincipalGrants)
		add(get, sp+"/oauth2PermissionScopes", readApplications, listPermissions("oauth2PermissionScopes"))
		add(get, sp+"/appRoles", readApplications, listPermissions("appRoles"))
		for _, side := range []assignmentSide{clientSide(), resourceSide()} {
			add(get, sp+"/"+side.collection, readApplications, side.list)
			add(get, sp+"/"+side.collection+"/$count", readApplications, side.count)
			add(post, sp+"/"+side.collection, writeAssignments, side.create)
			add(get, sp+"/"+side.collection+"/{assignmentId}", readApplications, side.get)
			add(del, sp+"/"+side.collection+"/{assignmentId}", deleteAssignments, side.remove)
		}
	}
	for _, path := range []string{"/appRoleAssignments", "/appRoleAssignments/{id}"} {
		add(get, path, readApplications, func(*call) (*result, error) { return nil, notQueryable() })
	}
	add(get, "/oauth2PermissionGrants", readGrants, listGrants)
	add(post, "/oauth2PermissionGrants", writeGrants, createGrant)
	add(get, "/oauth2PermissionGrants/{id}", readGrants, getGrant)
	add(patch, "/oauth2PermissionGrants/{id}", writeGrants, patchGrant)
	add(del, "/oauth2PermissionGrants/{id}", writeGrants, deleteGrant)
}

func directoryRoutes(add adder) {
	add(get, "/directory/deletedItems/microsoft.graph.application", writeApplications, listDeletedApplications)
	add(get, "/directory/deletedItems/microsoft.graph.servicePrincipal", writeApplications, listDeletedPrincipals)
	add(get, "/directory/deletedItems/{id}", writeApplications, getDeleted)
	add(post, "/directory/deletedItems/{id}/restore", writeApplications, restoreDeleted)
	add(del, "/directory/deletedItems/{id}", writeApplications, purgeDeleted)

	add(get, "/organization", readOrganization, listOrganization)
	add(get, "/organization/{id}", readOrganization, getOrganization)
	add(get, "/me", readMe, getMe)
	add(get, "/users", readUsers, listUsers)
	add(get, "/users/$count", readUsers, countUsers)
	add(get, "/users/{id}", readUser, getUser)
	add(get, "/domains", readDomains, listDomains)
	add(get, "/domains/{id}", readDomains, getDomain)
	add(post, "/directoryObjects/getByIds", readDirectory, getByIDs)
	add(get, "/directoryObjects/{id}", readDirectory, getDirectoryObject)
}

func policyRoutes(add adder) {
	add(get, "/policies/defaultAppManagementPolicy", readPolicies, getAppPolicy)
	add(patch, "/policies/defaultAppManagementPolicy", writePolicies, patchAppPolicy)
	add(get, "/policies/appManagementPolicies", readPolicies, listCustomPolicies)
	add(post, "/policies/appManagementPolicies", writePolicies, createCustomPolicy)
	add(get, "/policies/appManagementPolicies/{id}", readPolicies, getCustomPolicy)
	add(patch, "/policies/appManagementPolicies/{id}", writePolicies, patchCustomPolicy)
	add(del, "/policies/appManagementPolicies/{id}", writePolicies, deleteCustomPolicy)
	add(get, "/policies/authorizationPolicy", readAuthorization, getAuthorizationPolicy)
	add(patch, "/policies/authorizationPolicy", writeAuthorization, patchAuthorizationPolicy)
}

// federation adds the federated identity credentials of an application.
func federation(add adder, app string) {
	all := app + "/" + federated.name
	add(http.MethodGet, all, readApplications, listFederated)
	add(http.MethodGet, all+"/$count", readApplications, countFederated)
	add(http.MethodPost, all, writeApplications, createFederated)
	for _, one := range []string{all + "/{subId}", all + "(name='{name}')"} {
		add(http.MethodGet, one, readApplications, getFederated)
		add(http.MethodPatch, one, writeApplications, patchFederated)
		add(http.MethodDelete, one, writeApplications, deleteFederated)
	}
}

// lacking adds what Graph has and the emulator lacks: it answers 501 there, so that nobody takes its silence for
// Graph's.
func lacking(add adder) {
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
		all(app+"/extensionProperties/{subId}", patch)
		for _, action := range []string{"setVerifiedPublisher", "unsetVerifiedPublisher"} {
			all(app+"/"+action, post)
		}
		for _, sub := range []string{"createdOnBehalfOf", "owners/microsoft.graph.servicePrincipal", "owners/microsoft.graph.user", "homeRealmDiscoveryPolicies", "synchronization",
			"tokenIssuancePolicies", "tokenLifetimePolicies"} {
			all(app+"/"+sub, get)
		}
	}
	for _, sp := range principalPaths {
		for _, action := range []string{"addTokenSigningCertificate",
			"delegatedPermissionClassifications"} {
			all(sp+"/"+action, post)
		}
		all(sp+"/delegatedPermissionClassifications/{subId}", del)
		for _, sub := range []string{"createdObjects", "memberOf", "ownedObjects/microsoft.graph.application",
			"ownedObjects/microsoft.graph.servicePrincipal", "owners/microsoft.graph.servicePrincipal", "owners/microsoft.graph.user",
			"delegatedPermissionClassifications", "federatedIdentityCredentials"} {
			all(sp+"/"+sub, get)
		}
	}
	all("/directory/deletedItems/microsoft.graph.user", get)
	all("/directory/deletedItems/microsoft.graph.group", get)
}
