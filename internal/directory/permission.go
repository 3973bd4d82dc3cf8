package directory

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/agext/levenshtein"
	"github.com/google/uuid"
	"github.com/microsoftgraph/msgraph-sdk-go/models"
	"github.com/microsoftgraph/msgraph-sdk-go/serviceprincipals"
	"github.com/microsoftgraph/msgraph-sdk-go/serviceprincipalswithappid"
)

// MicrosoftGraphClientID is the client id of Microsoft Graph, the same in every tenant and cloud.
const MicrosoftGraphClientID = "00000003-0000-0000-c000-000000000000"

// knownAPI is a first-party API that a configuration may call by name. Only names of this list are names: display names
// of a tenant's service principals can be taken by anyone.
type knownAPI struct {
	name, clientID string
	hosts          []string // of its identifier URIs
}

func knownAPIs() []knownAPI {
	return []knownAPI{
		{"Microsoft Graph", MicrosoftGraphClientID, []string{
			"graph.microsoft.com", "graph.microsoft.us", "dod-graph.microsoft.us", "microsoftgraph.chinacloudapi.cn",
			"graph.svc.sovcloud.fr", "graph.svc.sovcloud.de", "graph.svc.sovcloud.sg",
		}},
		{"Office 365 Exchange Online", "00000002-0000-0ff1-ce00-000000000000", []string{"outlook.office365.com", "outlook.office.com"}},
		{"SharePoint Online", "00000003-0000-0ff1-ce00-000000000000", nil},
	}
}

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
func ResolveAPIClientID(api string) (clientID string, ok bool) {
	if id, err := uuid.Parse(api); err == nil && len(api) == 36 {
		return id.String(), true
	}
	host := ""
	if u, err := url.Parse(api); err == nil && u.Scheme == "https" && (u.Path == "" || u.Path == "/") {
		host = strings.ToLower(u.Host)
	}
	for _, known := range knownAPIs() {
		if known.name == api || (host != "" && slices.Contains(known.hosts, host)) {
			return known.clientID, true
		}
	}
	return "", false
}

// KnownAPIName is the name for a known first-party client id, "" for others.
func KnownAPIName(clientID string) string {
	for _, known := range knownAPIs() {
		if strings.EqualFold(known.clientID, clientID) {
			return known.name
		}
	}
	return ""
}

// apiCache keeps the APIs that were found. What an API publishes hardly changes, and never within one run of Terraform.
type apiCache struct {
	mu    sync.Mutex
	found map[string]*API
}

func (a *apiCache) get(key string) *API {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.found[key]
}

func (a *apiCache) put(key string, api *API) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.found == nil {
		a.found = make(map[string]*API)
	}
	a.found[key] = api
}

// API finds the tenant's own service principal of an API: by a known name ("Microsoft Graph", "Office 365 Exchange
// Online", "SharePoint Online"), an identifier URI or a client id; never by display name. The result is cached for the
// life of the process and shared: it must not be written to. KindInvalid for a text that is none of these, KindNotFound
// when the tenant has no service principal of it. Graph: GET /servicePrincipals(appId='…'), or
// GET /servicePrincipals?$filter=servicePrincipalNames/any(…).
func (c *Client) API(ctx context.Context, api string) (*API, error) {
	clientID, known := ResolveAPIClientID(api)
	key, get := clientID, c.apiByClientID
	if !known {
		if u, err := url.Parse(api); err != nil || u.Scheme == "" {
			return nil, &Error{Kind: KindInvalid, Op: opFindAPI.name, Object: api, Message: "not a known name, an identifier URI or a client id"}
		}
		key, get = api, c.apiByIdentifier
	}
	if found := c.apis.get(key); found != nil {
		return found, nil
	}
	found, _, err := share(ctx, &c.reads, "API "+key, anyAge, func(ctx context.Context) (*API, error) {
		// Looked at again: the flight that brought it may have ended between the look above and this one.
		if found := c.apis.get(key); found != nil {
			return found, nil
		}
		found, err := get(ctx, key)
		if err == nil {
			c.apis.put(key, found)
		}
		return found, err
	})
	return found, c.fail(opFindAPI, api, err)
}

func apiProperties() []string {
	return []string{"id", "appId", "displayName", "oauth2PermissionScopes"}
}

func (c *Client) apiByClientID(ctx context.Context, clientID string) (*API, error) {
	key := keyOData(clientID)
	m, err := serviceprincipalswithappid.NewServicePrincipalsWithAppIdRequestBuilderInternal(c.pathParameters(), c.adapter, &key).
		Get(ctx, &serviceprincipalswithappid.ServicePrincipalsWithAppIdRequestBuilderGetRequestConfiguration{
			QueryParameters: &serviceprincipalswithappid.ServicePrincipalsWithAppIdRequestBuilderGetQueryParameters{Select: apiProperties()},
		})
	if err := identified(m, err); err != nil {
		return nil, err
	}
	return fromAPI(m), nil
}

func (c *Client) apiByIdentifier(ctx context.Context, identifier string) (*API, error) {
	filter := "servicePrincipalNames/any(n:n eq " + quoteOData(identifier) + ")"
	reply, err := c.principalsBuilder().Get(ctx, &serviceprincipals.ServicePrincipalsRequestBuilderGetRequestConfiguration{
		QueryParameters: &serviceprincipals.ServicePrincipalsRequestBuilderGetQueryParameters{Filter: &filter, Select: apiProperties()},
	})
	if err != nil {
		return nil, err
	}
	if emptyPage(reply) {
		return nil, errNoBody
	}
	if len(reply.GetValue()) == 0 {
		return nil, &Error{Kind: KindNotFound, Op: opFindAPI.name, Object: identifier, Endpoint: c.endpoint, Message: "this tenant has no service principal of it"}
	}
	return fromAPI(reply.GetValue()[0]), nil
}

func fromAPI(m models.ServicePrincipalable) *API {
	api := &API{ClientID: text(m.GetAppId()), ServicePrincipalID: text(m.GetId()), DisplayName: text(m.GetDisplayName())}
	for _, s := range m.GetOauth2PermissionScopes() {
		api.Scopes = append(api.Scopes, Scope{
			ID: guid(s.GetId()), Name: text(s.GetValue()), DisplayName: text(s.GetAdminConsentDisplayName()),
			Admin: text(s.GetTypeEscaped()) == "Admin", Enabled: isTrue(s.GetIsEnabled()),
		})
	}
	return api
}

// Nearest lists up to three enabled scope names of the API that are spelt most like name.
func (a *API) Nearest(name string) []string {
	type match struct {
		name     string
		distance int
	}
	var matches []match
	for _, s := range a.Scopes {
		distance := levenshtein.Distance(strings.ToLower(name), strings.ToLower(s.Name), nil)
		// Farther than half of its length a name is no misspelling any more.
		if s.Enabled && s.Name != "" && s.Name != name && distance <= max(len(name), len(s.Name))/2 {
			matches = append(matches, match{s.Name, distance})
		}
	}
	slices.SortFunc(matches, func(a, b match) int {
		return cmp.Or(cmp.Compare(a.distance, b.distance), cmp.Compare(a.name, b.name))
	})
	var names []string
	for _, m := range matches[:min(3, len(matches))] {
		names = append(names, m.name)
	}
	return names
}
