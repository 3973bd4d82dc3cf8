package directory

import (
	"context"
	"time"
)

// RedirectURIs are the addresses that sign-in may return to, by platform.
type RedirectURIs struct{ Web, SPA, PublicClient []string }

// ImplicitGrant says which tokens the authorize endpoint may hand out directly.
type ImplicitGrant struct{ AccessTokens, IDTokens bool }

// ApplicationSpec is what a configuration says of an application. Empty means absent.
type ApplicationSpec struct {
	DisplayName, SignInAudience, Description, Notes, ServiceManagementReference string
	Tags                                                                        []string
	RedirectURIs                                                                RedirectURIs
	HomepageURL, LogoutURL                                                      string
	ImplicitGrant                                                               ImplicitGrant
	UniqueName                                                                  string
	Owners                                                                      []string // object ids to be ensured; others stay
}

// Application is an application object as Graph shows it.
type Application struct {
	ApplicationSpec             // Tags without our marker; Owners only where asked for
	ID, ClientID         string // object id, application (client) id
	PublisherDomain      string
	CreatedAt            time.Time
	CreatedByClientID    string // "" where Graph doesn't say
	FallbackPublicClient *bool  // nil when unset
	AccessTokenVersion   *int32
	Secrets              []Secret // never with values
	Certificates         []Certificate
	Permissions          []APIPermissions
	IdentifierURIs       []string
	DeletedAt            time.Time // zero while live
}

// APIPermissions is one entry of requiredResourceAccess.
type APIPermissions struct {
	APIClientID       string
	ScopeIDs, RoleIDs []string
}

// CreateOptions are the choices of CreateApplication.
type CreateOptions struct {
	Adopt                 bool // take over (or restore) the holder of UniqueName
	PreventDuplicateNames bool
}

// CreateApplication registers an application and ensures its owners. Graph: POST /applications, or with a UniqueName
// PATCH /applications(uniqueName='…') with Prefer: create-if-missing. From the moment that the application exists the
// result is non-nil, whatever else fails.
func (c *Client) CreateApplication(ctx context.Context, spec ApplicationSpec, o CreateOptions) (app *Application, adopted bool, err error) {
	panic("stub")
}

// Application reads one application by object id, sharing the request with concurrent callers. Graph: GET /applications/{id}.
func (c *Client) Application(ctx context.Context, id string) (*Application, error) { panic("stub") }

// ApplicationByClientID reads one by application (client) id.
func (c *Client) ApplicationByClientID(ctx context.Context, clientID string) (*Application, error) {
	panic("stub")
}

// ApplicationByUniqueName reads one by unique name.
func (c *Client) ApplicationByUniqueName(ctx context.Context, name string) (*Application, error) {
	panic("stub")
}

// ApplicationsNamed lists the live applications with exactly this display name. Concurrent calls are batched.
func (c *Client) ApplicationsNamed(ctx context.Context, displayName string) ([]Application, error) {
	panic("stub")
}

// Owners lists the object ids of an application's owners.
func (c *Client) Owners(ctx context.Context, id string) ([]string, error) { panic("stub") }

// UpdateApplication writes what differs between old and new, and nothing else, in one PATCH (owners apart: those that
// new has and old has not are added, those that old has and new has not are removed, never the caller).
func (c *Client) UpdateApplication(ctx context.Context, id string, old, updated ApplicationSpec) (*Application, error) {
	panic("stub")
}

// DeleteApplication deletes an application and waits until it is gone; with purge also from the deleted items.
// An absent application is success.
func (c *Client) DeleteApplication(ctx context.Context, id string, purge bool) error { panic("stub") }

// SetPublicClient writes isFallbackPublicClient; nil unsets it.
func (c *Client) SetPublicClient(ctx context.Context, id string, enabled *bool) (*Application, error) {
	panic("stub")
}

// SetDelegatedPermissions makes scopeIDs the whole of the application's delegated permissions of one API, and leaves
// its application permissions and all other APIs as they are. Read, write, read back, merge again (bounded).
func (c *Client) SetDelegatedPermissions(ctx context.Context, id, apiClientID string, scopeIDs []string) (*Application, error) {
	panic("stub")
}
