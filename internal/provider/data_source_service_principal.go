package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/datasource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/appreg/terraform-provider-appreg/internal/directory"
)

var _ datasource.DataSourceWithConfigure = (*servicePrincipalDataSource)(nil)

type servicePrincipalDataSource struct{ dataBase }

func newServicePrincipalDataSource() datasource.DataSource { return &servicePrincipalDataSource{} }

type servicePrincipalDataModel struct {
	ID                        types.String       `tfsdk:"id"`
	ClientID                  types.String       `tfsdk:"client_id"`
	DisplayName               types.String       `tfsdk:"display_name"`
	AccountEnabled            types.Bool         `tfsdk:"account_enabled"`
	AppRoleAssignmentRequired types.Bool         `tfsdk:"app_role_assignment_required"`
	Notes                     types.String       `tfsdk:"notes"`
	Tags                      types.Set          `tfsdk:"tags"`
	ApplicationTenantID       types.String       `tfsdk:"application_tenant_id"`
	SignInAudience            types.String       `tfsdk:"sign_in_audience"`
	Secrets                   []secretModel      `tfsdk:"secrets"`
	Certificates              []certificateModel `tfsdk:"certificates"`
	Timeouts                  timeouts.Value     `tfsdk:"timeouts"`
}

func (m *servicePrincipalDataModel) fromDirectory(sp *directory.ServicePrincipal) {
	m.ID = text(sp.ID)
	m.ClientID = text(sp.ClientID)
	m.DisplayName = text(sp.DisplayName)
	m.AccountEnabled = types.BoolValue(sp.AccountEnabled)
	m.AppRoleAssignmentRequired = types.BoolValue(sp.AppRoleAssignmentRequired)
	m.Notes = text(sp.Notes)
	m.Tags = stringSet(sp.Tags)
	m.ApplicationTenantID = text(sp.ApplicationTenantID)
	m.SignInAudience = text(sp.SignInAudience)
	m.Secrets, m.Certificates = secretModels(sp.Secrets), certificateModels(sp.Certificates)
}

// Metadata implements datasource.DataSource.
func (d *servicePrincipalDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_service_principal"
}

// Schema implements datasource.DataSource.
func (d *servicePrincipalDataSource) Schema(ctx context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	// On one of them alone: it judges both, and would otherwise report twice.
	exactlyOne := stringvalidator.ExactlyOneOf(path.MatchRoot("id"), path.MatchRoot("client_id"))
	resp.Schema = schema.Schema{
		MarkdownDescription: "A service principal (enterprise application) of this tenant, looked up by exactly one of `id` and `client_id`. Its credentials are listed without their values.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{
				Optional: true, Computed: true, MarkdownDescription: "The object id.",
				Validators: append(guids("the service principal's object id"), exactlyOne),
			},
			"client_id": schema.StringAttribute{
				Optional: true, Computed: true, MarkdownDescription: "The client id of its application.",
				Validators: guids("the application's client id"),
			},
			"display_name":                 result("The application's display name."),
			"account_enabled":              schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether users and the application itself may sign in."},
			"app_role_assignment_required": schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether only users who were assigned to the application may sign in."},
			"notes":                        result("Notes for administrators."),
			"tags":                         resultSet("Its tags, without those of its application."),
			"application_tenant_id":        result("The tenant in which the application is registered."),
			"sign_in_audience":             result("Who can sign in to the application."),
			"secrets":                      secretsAttribute(),
			"certificates":                 certificatesAttribute(),
			"timeouts":                     readTimeoutsAttribute(ctx),
		},
	}
}

// Read implements datasource.DataSource.
func (d *servicePrincipalDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model servicePrincipalDataModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() || !d.require("read service principal", &resp.Diagnostics) {
		return
	}
	ctx, cancel := deadline(ctx, &resp.Diagnostics, model.Timeouts.Read, readTimeout)
	defer cancel()
	find, by, key := d.client.ServicePrincipal, "id", model.ID.ValueString()
	if model.ID.IsNull() {
		find, by, key = d.client.ServicePrincipalByClientID, "client_id", model.ClientID.ValueString()
	}
	sp, err := find(ctx, key)
	if (action{verb: "read", noun: "service principal", name: key, by: by}).failed(&resp.Diagnostics, err, sp != nil) {
		return
	}
	model.fromDirectory(sp)
	resp.Diagnostics.Append(resp.State.Set(ctx, &model)...)
}
