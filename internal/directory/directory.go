// Package directory is what a tenant can do, in plain Go: applications, their secrets and permissions, service
// principals and consent. It is the only importer of the Microsoft Graph SDK.
//
// Microsoft Graph serves reads from replicas that lag behind writes by seconds, at times by minutes, and that disagree
// with each other meanwhile. A Client therefore remembers what it wrote and read: a read that contradicts its own
// writes is stale and is repeated, a 404 for what it has just seen is not believed at once, and a write needs no read
// of its own when the process has seen the object a moment ago. A create whose reply was lost is found again by an
// identity that was chosen before it was sent; it is never simply sent again.
package directory

import (
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	abstractions "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoft/kiota-abstractions-go/authentication"
	"github.com/microsoft/kiota-abstractions-go/serialization"
	kiotahttp "github.com/microsoft/kiota-http-go"
	kiotajson "github.com/microsoft/kiota-serialization-json-go"

	"github.com/appreg/terraform-provider-appreg/internal/transport"
)

// Options is what a Client is made from.
type Options struct {
	// GraphEndpoint is an https origin without a path. The token's scope is always "<GraphEndpoint>/.default", and no
	// token is ever sent to another origin.
	GraphEndpoint string
	// Credential gives the tokens. Its errors reach the caller wrapped in an *Error of KindSignIn.
	Credential azcore.TokenCredential
	// Base performs the HTTP exchange: net/http's transport in production, the emulator's handler in some tests.
	Base http.RoundTripper
	// UserAgent names the provider, its version and Terraform's.
	UserAgent string
	// Logger receives one line per exchange and per wait; never a body or a header that holds a credential.
	Logger *slog.Logger
	// Now is the clock for dates. Waits use the real timer.
	Now func() time.Time
	// Bounds limits the waits; the zero value means DefaultBounds.
	Bounds Bounds
}

// Bounds are the longest waits for a directory that lags.
type Bounds struct {
	// Visible is how long a write may take to show on the path that the next caller reads.
	Visible time.Duration
	// Missing is how long a 404 for something that Terraform wrote recently is not believed.
	Missing time.Duration
	// Recent is how long after a write a value equal to the one before it is taken for a lagging replica.
	Recent time.Duration
	// Grace is how long a write that was already sent may run on after the caller was cancelled.
	Grace time.Duration
}

// DefaultBounds are the documented bounds.
func DefaultBounds() Bounds {
	return Bounds{Visible: 10 * time.Minute, Missing: time.Minute, Recent: 5 * time.Minute, Grace: 15 * time.Second}
}

const (
	// freshFor is how old what the process knows of an object may be when a write replaces a whole collection of it.
	// Graph has no compare-and-swap, so this is the window in which somebody else's change can be overwritten.
	freshFor = 2 * time.Second
	// refreshFor is how old what Graph has shown may be for a refresh. Terraform refreshes what hangs on an object moments
	// after the object itself; together they are one look at the tenant.
	refreshFor = 5 * time.Second
	// ownFor is as freshFor for an application that this process has created: nobody else knows of it yet.
	ownFor = time.Minute
	// lateFilter is how long to look for what a request without any answer has made, before it counts as not applied:
	// the server may still be at work on it, and filters lag behind that. Bounds.Missing shortens it.
	lateFilter = 20 * time.Second
	// firstLook is the same where sending the request again does no harm, or the server has answered and is no longer at
	// work: what then shows late is found beside what the next request makes.
	firstLook = 5 * time.Second
	// clockSkew is how far the clocks of Graph's servers may be apart when the age of an object decides whose it is.
	clockSkew = 2 * time.Minute
)

// Client talks to one tenant. It is safe for concurrent use.
type Client struct {
	endpoint string
	base     string // endpoint with the version's path
	adapter  abstractions.RequestAdapter
	tokens   *transport.Tokens
	window   *transport.Window
	clock    *transport.Clock // Graph's time, for what is compared with Graph's dates
	log      *slog.Logger
	now      func() time.Time
	bounds   Bounds

	locks  keyedLock // per application, per client principal of a grant
	reads  flights   // reads under way
	names  nameBatches
	apis   apiCache
	ledger secretLedger
	policy policySet

	applications memory[Application]
	principals   memory[ServicePrincipal]
	grants       memory[Grant]
	federated    memory[federatedSet] // by application
}

// New assembles a Client. It performs no I/O.
func New(o Options) (*Client, error) {
	if o.Credential == nil || o.Base == nil || o.Logger == nil || o.Now == nil {
		return nil, errors.New("directory: Credential, Base, Logger and Now are required")
	}
	if o.Bounds == (Bounds{}) {
		o.Bounds = DefaultBounds()
	}
	origin, err := transport.ParseOrigin(o.GraphEndpoint)
	if err != nil {
		return nil, err
	}
	endpoint := origin.String()
	tokens, err := transport.NewTokens(o.Credential, endpoint, o.Now)
	if err != nil {
		return nil, err
	}
	window, clock := &transport.Window{}, transport.NewClock(o.Now)
	client, err := transport.New(transport.Options{
		Endpoint: endpoint, Tokens: tokens, Window: window, Clock: clock, Base: o.Base, UserAgent: o.UserAgent, Logger: o.Logger, Grace: o.Bounds.Grace,
	})
	if err != nil {
		return nil, err
	}
	adapter, err := newAdapter(client, endpoint+"/v1.0")
	if err != nil {
		return nil, err
	}
	c := &Client{
		endpoint: endpoint, base: endpoint + "/v1.0", adapter: adapter, tokens: tokens, window: window, clock: clock, log: o.Logger, now: o.Now, bounds: o.Bounds,
		applications: newMemory(o.Bounds, (*Application).Properties, (*Application).clone),
		principals:   newMemory(o.Bounds, (*ServicePrincipal).Properties, (*ServicePrincipal).clone),
		grants:       newMemory(o.Bounds, (*Grant).Properties, (*Grant).clone),
		federated:    newMemory(o.Bounds, (*federatedSet).properties, (*federatedSet).clone),
	}
	c.names.fetch = c.fetchNamed
	return c, nil
}

// newAdapter makes the SDK speak JSON through our own client. The SDK's global registries are left alone: they are
// maps without a lock.
func newAdapter(client *http.Client, base string) (abstractions.RequestAdapter, error) {
	readers := serialization.NewParseNodeFactoryRegistry()
	readers.ContentTypeAssociatedFactories["application/json"] = kiotajson.NewJsonParseNodeFactory()
	writers := serialization.NewSerializationWriterFactoryRegistry()
	writers.ContentTypeAssociatedFactories["application/json"] = kiotajson.NewJsonSerializationWriterFactory()
	// Tokens are the transport's business: each attempt gets one, not each request.
	adapter, err := kiotahttp.NewNetHttpRequestAdapterWithParseNodeFactoryAndSerializationWriterFactoryAndHttpClient(
		&authentication.AnonymousAuthenticationProvider{}, readers, writers, client)
	if err != nil {
		return nil, err
	}
	adapter.SetBaseUrl(base)
	return adapter, nil
}

func (c *Client) pathParameters() map[string]string { return map[string]string{"baseurl": c.base} }
