package directory

import (
	"context"
	"strings"
	"time"

	"github.com/microsoftgraph/msgraph-sdk-go/applications"
	"github.com/microsoftgraph/msgraph-sdk-go/applicationswithappid"
	"github.com/microsoftgraph/msgraph-sdk-go/applicationswithuniquename"
	"github.com/microsoftgraph/msgraph-sdk-go/models"
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
	// Previous is what CreateApplication found in an application that it took over, and nil otherwise.
	Previous Properties

	markers []string // our tags, which callers do not see
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

// Application reads one application by object id, sharing the request with concurrent callers. Graph: GET /applications/{id}.
func (c *Client) Application(ctx context.Context, id string) (*Application, error) {
	return read(ctx, c, &c.applications, opReadApplication, id, c.getApplication(id))
}

func (c *Client) getApplication(id string) func(context.Context) (*Application, error) {
	return func(ctx context.Context) (*Application, error) {
		m, err := c.applicationBuilder(id).Get(ctx, nil)
		return application(m, err)
	}
}

// applicationShowing reads until good holds, or until a read is believable without that. Writers of other properties
// may be at work meanwhile, and what they make stale says nothing of what is waited for.
func (c *Client) applicationShowing(ctx context.Context, id string, good func(*Application) bool) (*Application, error) {
	seen, err := await(ctx, c, wait{opReadApplication, id, "replicas to agree with what was written"}, func(ctx context.Context) (sight[Application], error) {
		return glance(ctx, c, &c.applications, opReadApplication, id, c.getApplication(id))
	}, func(seen sight[Application], err error) bool {
		if err != nil {
			return KindOf(err) != KindNotFound || c.applications.believes404(id, err)
		}
		return !seen.stale || good(seen.value)
	})
	if err != nil {
		return nil, err
	}
	return seen.value, nil
}

// withClientID fits an application's client id, however it is spelled.
func withClientID(clientID string) func(*Application) bool {
	return func(a *Application) bool { return strings.EqualFold(a.ClientID, clientID) }
}

// ApplicationByClientID reads one by application (client) id. Graph: GET /applications(appId='…').
func (c *Client) ApplicationByClientID(ctx context.Context, clientID string) (*Application, error) {
	key := keyOData(clientID)
	return c.applicationByKey(ctx, "client id "+clientID, clientID, withClientID(clientID), func(ctx context.Context) (models.Applicationable, error) {
		return applicationswithappid.NewApplicationsWithAppIdRequestBuilderInternal(c.pathParameters(), c.adapter, &key).Get(ctx, nil)
	})
}

// ApplicationByUniqueName reads one by unique name. Graph: GET /applications(uniqueName='…').
func (c *Client) ApplicationByUniqueName(ctx context.Context, name string) (*Application, error) {
	ours := func(a *Application) bool { return a.UniqueName == name }
	return c.applicationByKey(ctx, "unique name "+name, name, ours, func(ctx context.Context) (models.Applicationable, error) {
		return c.uniqueNameBuilder(name).Get(ctx, nil)
	})
}

// applicationByKey reads by an alternate key. What the process knows is kept by object id, so a result that
// contradicts it, a 404 for an application that the process knows included, is read again by that.
func (c *Client) applicationByKey(ctx context.Context, key, object string, ours func(*Application) bool, get func(context.Context) (models.Applicationable, error)) (*Application, error) {
	app, asked, err := share(ctx, &c.reads, key, refreshFor, func(ctx context.Context) (*Application, error) {
		m, err := get(ctx)
		return application(m, err)
	})
	if err != nil {
		err = c.fail(opReadApplication, object, err)
		if known := c.applications.having(ours); KindOf(err) == KindNotFound && len(known) > 0 {
			return c.Application(ctx, known[0].ID)
		}
		return nil, err
	}
	if c.applications.accept(app.ID, app, asked) {
		return app.clone(), nil
	}
	if c.applications.deletedByUs(app.ID) {
		return nil, &Error{Kind: KindNotFound, Op: opReadApplication.name, Object: object, Endpoint: c.endpoint, Message: "it was deleted a moment ago"}
	}
	return c.Application(ctx, app.ID)
}

// knownApplication is what the process knows, if that is at most maxAge old, else a read.
func (c *Client) knownApplication(ctx context.Context, id string, maxAge time.Duration) (*Application, error) {
	if app := c.applications.known(id, maxAge); app != nil {
		return app, nil
	}
	return c.Application(ctx, id)
}

func (c *Client) applicationBuilder(id string) *applications.ApplicationItemRequestBuilder {
	return c.applicationsBuilder().ByApplicationId(id)
}

func (c *Client) applicationsBuilder() *applications.ApplicationsRequestBuilder {
	return applications.NewApplicationsRequestBuilderInternal(c.pathParameters(), c.adapter)
}

func (c *Client) uniqueNameBuilder(name string) *applicationswithuniquename.ApplicationsWithUniqueNameRequestBuilder {
	key := keyOData(name)
	return applicationswithuniquename.NewApplicationsWithUniqueNameRequestBuilderInternal(c.pathParameters(), c.adapter, &key)
}

// application translates a reply, which must have a body.
func application(m models.Applicationable, err error) (*Application, error) {
	if err := identified(m, err); err != nil {
		return nil, err
	}
	return fromApplication(m), nil
}

// Marker is the tag that this provider gave the application when it made it, "" when something else did.
func (a *Application) Marker() string {
	if len(a.markers) == 0 {
		return ""
	}
	return a.markers[0]
}

// candidate is the application as something that a message points to.
func (a *Application) candidate() Candidate {
	detail := []string{}
	if !a.CreatedAt.IsZero() {
		detail = append(detail, "created "+a.CreatedAt.Format(time.RFC3339))
	}
	if !a.DeletedAt.IsZero() {
		detail = append(detail, "deleted "+a.DeletedAt.Format(time.RFC3339))
	}
	return Candidate{
		ID: a.ID, ClientID: a.ClientID, DisplayName: a.DisplayName, Deleted: !a.DeletedAt.IsZero(), Detail: strings.Join(detail, ", "),
	}
}
