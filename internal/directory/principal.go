package directory

import (
	"context"
	"time"
)

// ServicePrincipalSpec is what a configuration says of a service principal.
type ServicePrincipalSpec struct {
	ClientID                  string
	AccountEnabled            bool
	AppRoleAssignmentRequired bool
	Notes                     string
	Tags                      []string
}

// ServicePrincipal is an application's identity in this tenant.
type ServicePrincipal struct {
	ServicePrincipalSpec // Tags without the application's own and without our marker
	ID, DisplayName      string
	ApplicationTenantID  string // appOwnerOrganizationId
	SignInAudience       string
	Secrets              []Secret
	Certificates         []Certificate
	CreatedAt            time.Time
}

// MicrosoftTenantID owns Microsoft's first-party applications.
const MicrosoftTenantID = "f8cdef31-a31e-4b4a-93e4-5f571e91255a"

// CreateServicePrincipal makes the service principal of an application. Graph: POST /servicePrincipals. When there is
// one already: KindExists, or with adopt it is taken over (only configured values are written; see owned).
func (c *Client) CreateServicePrincipal(ctx context.Context, spec ServicePrincipalSpec, owned ServicePrincipalFields, adopt bool) (sp *ServicePrincipal, adopted bool, err error) {
	panic("stub")
}

// ServicePrincipalFields says which values a configuration names.
type ServicePrincipalFields struct{ AccountEnabled, AppRoleAssignmentRequired, Notes, Tags bool }

// ServicePrincipal reads one by object id.
func (c *Client) ServicePrincipal(ctx context.Context, id string) (*ServicePrincipal, error) {
	panic("stub")
}

// ServicePrincipalByClientID reads one by application (client) id.
func (c *Client) ServicePrincipalByClientID(ctx context.Context, clientID string) (*ServicePrincipal, error) {
	panic("stub")
}

// UpdateServicePrincipal writes what differs between old and updated.
func (c *Client) UpdateServicePrincipal(ctx context.Context, id string, old, updated ServicePrincipalSpec) (*ServicePrincipal, error) {
	panic("stub")
}

// DeleteServicePrincipal deletes a service principal and waits until it is gone. An absent one is success.
func (c *Client) DeleteServicePrincipal(ctx context.Context, id string) error { panic("stub") }
