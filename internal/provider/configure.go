package provider

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/hashicorp/terraform-plugin-framework/provider"

	"github.com/appreg/terraform-provider-appreg/internal/credential"
	"github.com/appreg/terraform-provider-appreg/internal/directory"
	"github.com/appreg/terraform-provider-appreg/internal/transport"
	"github.com/appreg/terraform-provider-appreg/internal/vault"
)

// Configure implements provider.Provider. It judges the arguments and performs no network I/O: what needs a token is
// told by the first call that needs one.
func (p *appregProvider) Configure(ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	var m providerModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	s := &session{now: p.now, run: p.run}
	if req.Config.Raw.IsFullyKnown() {
		s = p.session(m, req.TerraformVersion, lookup{getenv: p.getenv, diags: &resp.Diagnostics})
		if resp.Diagnostics.HasError() {
			return
		}
	}
	resp.ResourceData, resp.DataSourceData, resp.EphemeralResourceData = s, s, s
}

// session makes the session of fully known arguments; with errors in l.diags it is of no use.
func (p *appregProvider) session(m providerModel, terraform string, l lookup) *session {
	c := l.cloud(m)
	config := credential.Config{
		AuthorityHost: c.authorityHost,
		TenantID:      l.tenant(m),
		ClientID:      l.client(m),
		Transport:     p.base(l, m),
	}
	config.DisableInstanceDiscovery, _ = l.flag("disable_instance_discovery", m.DisableInstanceDiscovery)
	method := l.method(m, config)
	if l.diags.HasError() {
		return nil
	}
	s, err := p.connect(config, method, c, terraform)
	if err != nil {
		l.diags.AddError("Unable to configure the provider", err.Error())
	}
	return s
}

// connect assembles what the arguments ask for.
func (p *appregProvider) connect(config credential.Config, method credential.Method, c cloud, terraform string) (*session, error) {
	cred, err := credential.New(config, method)
	if err != nil {
		return nil, err
	}
	userAgent := fmt.Sprintf("terraform-provider-appreg/%s (Terraform %s)", p.version, terraform)
	client, err := directory.New(directory.Options{
		GraphEndpoint: c.graphEndpoint,
		Credential:    cred,
		Base:          config.Transport,
		UserAgent:     userAgent,
		Logger:        slog.New(tflogHandler{}),
		Now:           p.now,
	})
	if err != nil {
		return nil, err
	}
	vaults, err := vault.New(vault.Options{
		Suffix:     c.vaultSuffix,
		AnyHost:    c.ownAuthority,
		Credential: cred,
		Base:       config.Transport,
		UserAgent:  userAgent,
		Logger:     slog.New(tflogHandler{}),
		Now:        p.now,
	})
	if err != nil {
		return nil, err
	}
	return &session{
		client:           client,
		vaults:           vaults,
		authorityHost:    c.authorityHost,
		graphEndpoint:    c.graphEndpoint,
		portalURL:        c.portalURL,
		personalAccounts: c.personalAccounts,
		tenantID:         tenantIDOf(config, client),
		now:              p.now,
		run:              p.run,
		configured:       true,
	}, nil
}

// tenantIDOf gives the tenant's GUID: the configured one, else the configured domain resolved once, else the token's.
func tenantIDOf(config credential.Config, client *directory.Client) func(context.Context) (string, error) {
	if config.TenantID == "" {
		return client.TenantID
	}
	if id, err := uuid.Parse(config.TenantID); err == nil {
		return func(context.Context) (string, error) { return id.String(), nil }
	}
	return credential.ResolveTenant(config)
}

// base gives what performs the exchanges. ca_file is judged in any case.
func (p *appregProvider) base(l lookup, m providerModel) http.RoundTripper {
	var roots [][]byte
	if file := l.text("ca_file", m.CAFile); file != "" {
		pem, err := os.ReadFile(file)
		if err != nil {
			l.reject("ca_file", fmt.Sprintf("The file in %s can't be read: %s.", named("ca_file"), err))
			return nil
		}
		roots = append(roots, pem)
	}
	base, err := transport.Base(roots...)
	if err != nil {
		l.reject("ca_file", fmt.Sprintf("The certificates in %s can't be used: %s.", named("ca_file"), err))
	}
	if p.transport != nil {
		return p.transport
	}
	return base
}

// cloud gives the chosen cloud with the endpoints that are overridden.
func (l lookup) cloud(m providerModel) cloud {
	name := l.text("environment", m.Environment)
	if name == "" {
		name = defaultCloud
	}
	c, ok := clouds()[name]
	if !ok {
		l.reject("environment", fmt.Sprintf("There is no cloud %q for %s. The clouds are %s.", name, named("environment"), cloudNames()))
	}
	if e := l.text("graph_endpoint", m.GraphEndpoint); e != "" {
		c.graphEndpoint = l.origin("graph_endpoint", e)
	}
	if e := l.text("authority_host", m.AuthorityHost); e != "" {
		host := l.origin("authority_host", e)
		c.ownAuthority = host != c.authorityHost
		c.authorityHost = host
	}
	return c
}

// origin judges an address: https, and no path.
func (l lookup) origin(argument, text string) string {
	u, err := transport.ParseOrigin(text)
	if err != nil {
		l.reject(argument, fmt.Sprintf("%s must be an https origin without a path: %s.", named(argument), err))
		return ""
	}
	return u.String()
}

// domain is a tenant's domain name: labels with at least one dot.
var domain = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)+$`)

// tenant gives the tenant's GUID or domain, "" when nobody set it.
func (l lookup) tenant(m providerModel) string {
	text := l.text("tenant_id", m.TenantID)
	switch {
	case text == "" || isGUID(text) || domain.MatchString(text):
	case slices.Contains([]string{"common", "organizations", "consumers"}, strings.ToLower(text)):
		l.reject("tenant_id", fmt.Sprintf("%s must name one tenant, and %q stands for many.", named("tenant_id"), text))
	default:
		l.reject("tenant_id", fmt.Sprintf("%s must be the tenant's GUID or one of its domains, such as contoso.onmicrosoft.com, and %q is neither.", named("tenant_id"), text))
	}
	return text
}

// client gives the application (client) id, "" when nobody set it.
func (l lookup) client(m providerModel) string {
	text := l.text("client_id", m.ClientID)
	if text != "" && !isGUID(text) {
		l.reject("client_id", fmt.Sprintf("%s must be the application (client) id, a GUID, and %q is none.", named("client_id"), text))
	}
	return text
}
