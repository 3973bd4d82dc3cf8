package provider

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/datasource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/appreg/terraform-provider-appreg/internal/directory"
)

var _ datasource.DataSourceWithConfigure = (*applicationDataSource)(nil)

type applicationDataSource struct{ dataBase }

func newApplicationDataSource() datasource.DataSource { return &applicationDataSource{} }

type applicationDataModel struct {
	ID                         types.String        `tfsdk:"id"`
	ClientID                   types.String        `tfsdk:"client_id"`
	UniqueName                 types.String        `tfsdk:"unique_name"`
	DisplayName                types.String        `tfsdk:"display_name"`
	TenantID                   types.String        `tfsdk:"tenant_id"`
	SignInAudience             types.String        `tfsdk:"sign_in_audience"`
	Description                types.String        `tfsdk:"description"`
	Notes                      types.String        `tfsdk:"notes"`
	ServiceManagementReference types.String        `tfsdk:"service_management_reference"`
	Tags                       types.Set           `tfsdk:"tags"`
	RedirectURIs               *redirectURIsModel  `tfsdk:"redirect_uris"`
	HomepageURL                types.String        `tfsdk:"homepage_url"`
	LogoutURL                  types.String        `tfsdk:"logout_url"`
	ImplicitGrant              *implicitGrantModel `tfsdk:"implicit_grant"`
	Owners                     types.Set           `tfsdk:"owners"`
	PublisherDomain            types.String        `tfsdk:"publisher_domain"`
	CreatedAt                  types.String        `tfsdk:"created_at"`
	AuthorizeURL               types.String        `tfsdk:"authorize_url"`
	TokenURL                   types.String        `tfsdk:"token_url"`
	AdminConsentURL            types.String        `tfsdk:"admin_consent_url"`
	PortalURL                  types.String        `tfsdk:"portal_url"`
	PublicClientEnabled        types.Bool          `tfsdk:"public_client_enabled"`
	DelegatedPermissions       []permissionsModel  `tfsdk:"delegated_permissions"`
	Secrets                    []secretModel       `tfsdk:"secrets"`
	Certificates               []certificateModel  `tfsdk:"certificates"`
	Timeouts                   timeouts.Value      `tfsdk:"timeouts"`
}

// permissionsModel is what an application requests of one API.
type permissionsModel struct {
	APIClientID types.String `tfsdk:"api_client_id"`
	ScopeIDs    types.Set    `tfsdk:"scope_ids"`
}

// fromDirectory fills in everything; here an absent collection is empty, because no configuration spells it.
func (m *applicationDataModel) fromDirectory(app *directory.Application, owners []string, tenantID string) {
	m.ID = text(app.ID)
	m.ClientID = text(app.ClientID)
	m.UniqueName = text(app.UniqueName)
	m.DisplayName = text(app.DisplayName)
	m.TenantID = text(tenantID)
	m.SignInAudience = text(app.SignInAudience)
	m.Description = text(app.Description)
	m.Notes = text(app.Notes)
	m.ServiceManagementReference = text(app.ServiceManagementReference)
	m.Tags = stringSet(app.Tags)
	m.RedirectURIs = &redirectURIsModel{
		Web: stringSet(app.RedirectURIs.Web), SPA: stringSet(app.RedirectURIs.SPA), PublicClient: stringSet(app.RedirectURIs.PublicClient),
	}
	m.HomepageURL = text(app.HomepageURL)
	m.LogoutURL = text(app.LogoutURL)
	m.ImplicitGrant = &implicitGrantModel{
		AccessTokens: types.BoolValue(app.ImplicitGrant.AccessTokens), IDTokens: types.BoolValue(app.ImplicitGrant.IDTokens),
	}
	m.Owners = stringSet(owners)
	m.PublisherDomain = text(app.PublisherDomain)
	m.CreatedAt = instant(app.CreatedAt)
	m.PublicClientEnabled = types.BoolValue(allowsPublicClient(app))
	m.DelegatedPermissions = []permissionsModel{}
	for _, p := range app.Permissions {
		if len(p.ScopeIDs) > 0 {
			m.DelegatedPermissions = append(m.DelegatedPermissions, permissionsModel{APIClientID: text(p.APIClientID), ScopeIDs: stringSet(p.ScopeIDs)})
		}
	}
	slices.SortFunc(m.DelegatedPermissions, func(a, b permissionsModel) int {
		return strings.Compare(a.APIClientID.ValueString(), b.APIClientID.ValueString())
	})
	m.Secrets, m.Certificates = secretModels(app.Secrets), certificateModels(app.Certificates)
}

// Metadata implements datasource.DataSource.
func (d *applicationDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_application"
}

// Read implements datasource.DataSource.
func (d *applicationDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model applicationDataModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() || !d.require("read application", &resp.Diagnostics) {
		return
	}
	ctx, cancel := deadline(ctx, &resp.Diagnostics, model.Timeouts.Read, readTimeout)
	defer cancel()
	by, name := model.wanted()
	act := action{verb: "read", noun: "application", name: name, by: by}
	app := d.find(ctx, act, &resp.Diagnostics)
	if app == nil {
		return
	}
	owners, err := d.client.Owners(ctx, app.ID)
	if act.failed(&resp.Diagnostics, err, false) {
		return
	}
	tenantID, err := d.tenantID(ctx)
	if act.failed(&resp.Diagnostics, err, false) {
		return
	}
	model.fromDirectory(app, owners, tenantID)
	model.AuthorizeURL = text(d.authorizeURL(app.SignInAudience, tenantID))
	model.TokenURL = text(d.tokenURL(app.SignInAudience, tenantID))
	model.AdminConsentURL = text(d.adminConsentURL(app.SignInAudience, tenantID, app.ClientID, app.RedirectURIs))
	model.PortalURL = text(d.applicationPortalURL(app.ClientID))
	resp.Diagnostics.Append(resp.State.Set(ctx, &model)...)
}

// wanted is the one argument by which the application is looked up, and its value.
func (m *applicationDataModel) wanted() (by, name string) {
	switch {
	case !m.ID.IsNull():
		return "id", m.ID.ValueString()
	case !m.ClientID.IsNull():
		return "client_id", m.ClientID.ValueString()
	case !m.UniqueName.IsNull():
		return "unique_name", m.UniqueName.ValueString()
	default:
		return "display_name", m.DisplayName.ValueString()
	}
}

func (d *applicationDataSource) find(ctx context.Context, act action, diags *diag.Diagnostics) *directory.Application {
	var app *directory.Application
	var err error
	switch act.by {
	case "id":
		app, err = d.client.Application(ctx, act.name)
	case "client_id":
		app, err = d.client.ApplicationByClientID(ctx, act.name)
	case "unique_name":
		app, err = d.client.ApplicationByUniqueName(ctx, act.name)
	default:
		return d.findByName(ctx, act, diags)
	}
	if act.failed(diags, err, app != nil) {
		return nil
	}
	return app
}

// findByName insists on one match: names are not unique.
func (d *applicationDataSource) findByName(ctx context.Context, act action, diags *diag.Diagnostics) *directory.Application {
	apps, err := d.client.ApplicationsNamed(ctx, act.name)
	if act.failed(diags, err, false) {
		return nil
	}
	switch len(apps) {
	case 0:
		diags.AddAttributeError(path.Root(act.by), act.title(), "No application of this tenant has this display name. Check the spelling. One that was registered a moment ago can't be found by its name yet, and one that was deleted can't be found at all.")
		return nil
	case 1:
		return &apps[0]
	}
	lines := make([]string, len(apps))
	for i, app := range apps {
		lines[i] = describe(directory.Candidate{ID: app.ID, ClientID: app.ClientID, DisplayName: app.DisplayName})
	}
	diags.AddAttributeError(path.Root(act.by), act.title(), fmt.Sprintf("%d applications have this display name. Look it up by id, client_id or unique_name instead:\n\n%s", len(apps), strings.Join(lines, "\n")))
	return nil
}
