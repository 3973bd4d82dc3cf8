// Package graph answers for Microsoft Graph v1.0: the slice of it that app registrations need.
package graph

import (
	"slices"
	"time"
)

// Authority tells who sends a token. An error means that the token isn't one of this cloud's: malformed, or signed by
// somebody else. Audience, expiry and tenant are judged by the caller of Verify.
type Authority interface {
	Verify(token string) (Caller, error)
}

// Caller is what a token says.
type Caller struct {
	TenantID, ClientID string
	// ServicePrincipalID is the object id of the client's service principal in TenantID.
	ServicePrincipalID string
	// UserID is the signed-in user's object id, "" for an application on its own.
	UserID string
	// Audience is the token's aud claim, Expires its exp claim.
	Audience string
	Expires  time.Time
	// Roles are application permissions (roles claim), Scopes delegated ones (scp claim).
	Roles, Scopes []string
}

// permission is what a call needs: any one of the names. owned marks application permissions that reach only what the
// caller owns.
type permission struct {
	delegated, application []string
	owned                  []string
	// anybody needs a token only.
	anybody bool
	// and is what the call needs besides.
	and *permission
}

const (
	appReadAll    = "Application.Read.All"
	appWriteAll   = "Application.ReadWrite.All"
	appWriteOwned = "Application.ReadWrite.OwnedBy"
	appCreate     = "AppRegistration.Create"
	directoryRead = "Directory.Read.All"
	directoryAll  = "Directory.ReadWrite.All"
	grantWriteAll = "DelegatedPermissionGrant.ReadWrite.All"
	grantRead     = "DelegatedPermissionGrant.Read.All"
	assignAll     = "AppRoleAssignment.ReadWrite.All"
	policyRead    = "Policy.Read.All"
	policyWrite   = "Policy.ReadWrite.ApplicationConfiguration"

	authorizationWrite = "Policy.ReadWrite.Authorization"
)

// The least-permission tables of the documentation, and what is higher.
var (
	readApplications = permission{
		delegated:   []string{appReadAll, appWriteAll, directoryRead, directoryAll},
		application: []string{appReadAll, appWriteOwned, appWriteAll, directoryRead, directoryAll},
	}
	createApplications = permission{
		delegated:   []string{appCreate, appWriteAll},
		application: []string{appCreate, appWriteAll},
		owned:       []string{appWriteOwned},
	}
	writeApplications = permission{
		delegated:   []string{appWriteAll},
		application: []string{appWriteAll},
		owned:       []string{appWriteOwned},
	}
	writeSecrets = permission{
		delegated:   []string{appWriteAll},
		application: []string{appWriteAll, directoryAll},
		owned:       []string{appWriteOwned},
	}
	readGrants = permission{
		delegated:   []string{directoryRead, directoryAll, grantRead, grantWriteAll},
		application: []string{directoryRead, directoryAll, grantRead, grantWriteAll},
	}
	writeGrants = permission{
		delegated:   []string{grantWriteAll, directoryAll},
		application: []string{grantWriteAll, directoryAll},
	}
	deleteAssignments = permission{delegated: []string{assignAll}, application: []string{assignAll}}
	writeAssignments  = permission{delegated: []string{assignAll}, application: []string{assignAll}, and: &readApplications}
	readOrganization  = permission{
		delegated:   []string{"User.Read", "Organization.Read.All", directoryRead, directoryAll},
		application: []string{"Organization.Read.All", directoryRead, directoryAll},
	}
	readDomains = permission{
		delegated:   []string{"Domain.Read.All", "Domain.ReadWrite.All", directoryRead, directoryAll},
		application: []string{"Domain.Read.All", "Domain.ReadWrite.All", directoryRead, directoryAll},
	}
	// No table gives the least permission of a read of any object. What reads service principals, or users, is taken to
	// be enough for them.
	readDirectory = permission{
		delegated:   []string{directoryRead, directoryAll, appReadAll, appWriteAll, "User.Read.All"},
		application: []string{directoryRead, directoryAll, appReadAll, appWriteAll, "User.Read.All"},
	}
	readUsers = permission{
		delegated:   []string{"User.Read.All", "User.ReadBasic.All", directoryRead, directoryAll},
		application: []string{"User.Read.All", directoryRead, directoryAll},
	}
	// readUser is enough for the signed-in user's own profile.
	readUser = permission{
		delegated:   append([]string{"User.Read"}, readUsers.delegated...),
		application: readUsers.application,
	}
	readMe = permission{delegated: []string{"User.Read", "User.Read.All", directoryRead, directoryAll}}
	// anybody with a token may send a batch: each request in it is judged by itself.
	anybody      = permission{anybody: true}
	readPolicies = permission{
		delegated:   []string{policyRead, "Policy.Read.ApplicationConfiguration", policyWrite},
		application: []string{policyRead, "Policy.Read.ApplicationConfiguration", policyWrite},
	}
	writePolicies  = permission{delegated: []string{policyWrite}, application: []string{policyWrite}}
	assignPolicies = permission{delegated: []string{appWriteAll}, application: []string{appWriteAll}, and: &readPolicies}

	readAuthorization = permission{
		delegated:   []string{policyRead, authorizationWrite},
		application: []string{policyRead, authorizationWrite},
	}
	writeAuthorization = permission{delegated: []string{authorizationWrite}, application: []string{authorizationWrite}}
)

// allows tells whether a caller may make a call at all, and whether only on what it owns. A signed-in user who is no
// administrator reaches with a write only what the user owns.
func (p permission) allows(c Caller) (allowed, ownedOnly bool) {
	if p.anybody {
		return true, false
	}
	if p.and != nil {
		if also, _ := p.and.allows(c); !also {
			return false, false
		}
	}
	if c.UserID != "" {
		return intersect(p.delegated, c.Scopes), false
	}
	if intersect(p.application, c.Roles) {
		return true, false
	}
	return intersect(p.owned, c.Roles), true
}

func intersect(a, b []string) bool {
	return slices.ContainsFunc(a, func(s string) bool { return slices.Contains(b, s) })
}
