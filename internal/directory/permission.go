package directory

import "context"

// MicrosoftGraphClientID is the client id of Microsoft Graph, the same in every tenant and cloud.
const MicrosoftGraphClientID = "00000003-0000-0000-c000-000000000000"

// Scope is a delegated permission that an API publishes.
type Scope struct {
	ID, Name, DisplayName string
	Admin                 bool // published type Admin: needs an administrator
	Enabled               bool
}

// API is a service principal of this tenant that publishes permissions.
type API struct {
	ClientID, ServicePrincipalID, DisplayName string
	Scopes                                    []Scope
}

// ResolveAPIClientID tells an API's client id where that needs no request: a known first-party name, a known
// identifier URI or a client id. ok is false for other identifier URIs.
func ResolveAPIClientID(api string) (clientID string, ok bool) { panic("stub") }

// KnownAPIName is the name for a known first-party client id, "" for others.
func KnownAPIName(clientID string) string { panic("stub") }

// API finds the tenant's own service principal of an API: by a known name ("Microsoft Graph", "Office 365 Exchange
// Online", "SharePoint Online"), an identifier URI or a client id; never by display name. The result is cached for the
// life of the process. KindInvalid for a text that is none of these, KindNotFound when the tenant has no service
// principal of it.
func (c *Client) API(ctx context.Context, api string) (*API, error) { panic("stub") }

// Nearest lists up to three scope names of the API that are spelt most like name.
func (a *API) Nearest(name string) []string { panic("stub") }
