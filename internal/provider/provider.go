// Package provider is the Terraform face: schemas, plans and diagnostics. What a tenant can do is in package directory.
package provider

import (
	"context"
	"net/http"
	"os"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/resource"
)

// Option changes what a provider stands on. The released binary uses none.
type Option func(*appregProvider)

// WithTransport replaces net/http as what performs the exchanges with Graph and with the sign-in endpoints. The roots of
// ca_file then have no effect.
func WithTransport(rt http.RoundTripper) Option { return func(p *appregProvider) { p.transport = rt } }

// WithClock replaces the clock for dates. Waits use the real timer.
func WithClock(now func() time.Time) Option { return func(p *appregProvider) { p.now = now } }

// WithEnvironment replaces os.Getenv.
func WithEnvironment(getenv func(string) string) Option {
	return func(p *appregProvider) { p.getenv = getenv }
}

// WithRun notes in run what is open, to be closed when the provider ends.
func WithRun(run *Run) Option { return func(p *appregProvider) { p.run = run } }

// New gives the constructor that Terraform's plugin server asks for. version is the release, "dev" for a build of one's
// own; it appears in the User-Agent.
func New(version string, opts ...Option) func() provider.Provider {
	return func() provider.Provider {
		p := &appregProvider{version: version, now: time.Now, getenv: os.Getenv, run: &Run{}}
		for _, opt := range opts {
			opt(p)
		}
		return p
	}
}

type appregProvider struct {
	version   string
	transport http.RoundTripper // nil means net/http's, with the roots of ca_file
	now       func() time.Time
	getenv    func(string) string
	run       *Run
}

var _ provider.ProviderWithEphemeralResources = (*appregProvider)(nil)

// Metadata implements provider.Provider.
func (p *appregProvider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "appreg"
	resp.Version = p.version
}

// Resources implements provider.Provider.
func (p *appregProvider) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{
		newApplicationResource,
		newClientSecretResource,
		newCertificateResource,
		newFederatedCredentialResource,
		newPublicClientResource,
		newDelegatedPermissionsResource,
		newServicePrincipalResource,
		newAdminConsentResource,
	}
}

// DataSources implements provider.Provider.
func (p *appregProvider) DataSources(context.Context) []func() datasource.DataSource {
	return []func() datasource.DataSource{newApplicationDataSource, newServicePrincipalDataSource, newExpiringCredentialsDataSource}
}

// EphemeralResources implements provider.ProviderWithEphemeralResources.
func (p *appregProvider) EphemeralResources(context.Context) []func() ephemeral.EphemeralResource {
	return []func() ephemeral.EphemeralResource{newEphemeralClientSecret}
}
