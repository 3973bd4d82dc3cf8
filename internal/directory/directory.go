// Package directory is what a tenant can do, in plain Go: applications, their secrets and permissions, service
// principals and consent. It is the only importer of the Microsoft Graph SDK.
package directory

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
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

// Client talks to one tenant. It is safe for concurrent use.
type Client struct {
	_ int
}

// New assembles a Client. It performs no I/O.
func New(o Options) (*Client, error) { panic("stub") }
