package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/datasource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/appreg/terraform-provider-appreg/internal/directory"
)

var _ datasource.DataSourceWithConfigure = (*expiringCredentialsDataSource)(nil)

type expiringCredentialsDataSource struct{ dataBase }

func newExpiringCredentialsDataSource() datasource.DataSource {
	return &expiringCredentialsDataSource{}
}

type expiringCredentialsDataModel struct {
	WithinDays     types.Int64               `tfsdk:"within_days"`
	IncludeExpired types.Bool                `tfsdk:"include_expired"`
	ApplicationIDs types.Set                 `tfsdk:"application_ids"`
	Credentials    []expiringCredentialModel `tfsdk:"credentials"`
	Timeouts       timeouts.Value            `tfsdk:"timeouts"`
}

type expiringCredentialModel struct {
	ApplicationName types.String `tfsdk:"application_name"`
	ApplicationID   types.String `tfsdk:"application_id"`
	ClientID        types.String `tfsdk:"client_id"`
	Kind            types.String `tfsdk:"kind"`
	DisplayName     types.String `tfsdk:"display_name"`
	KeyID           types.String `tfsdk:"key_id"`
	Hint            types.String `tfsdk:"hint"`
	EndDate         types.String `tfsdk:"end_date"`
	Owners          types.Set    `tfsdk:"owners"`
}

// Metadata implements datasource.DataSource.
func (d *expiringCredentialsDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_expiring_credentials"
}

// Schema implements datasource.DataSource.
func (d *expiringCredentialsDataSource) Schema(ctx context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The client secrets and certificates of this tenant's applications that expire soon, or have expired, without their values: for `check` blocks and reports. " +
			"It reads all applications in pages of 999, or those that `application_ids` names, and the owners of those that it lists; no other object. " +
			"It needs the Microsoft Graph permission `Application.Read.All`. Microsoft Graph's lists may be some minutes old.",
		Attributes: map[string]schema.Attribute{
			"within_days": schema.Int64Attribute{
				Required:            true,
				MarkdownDescription: "How many days ahead to look, counted from the time of the read: what expires within them is listed. `0` lists what has expired.",
				Validators:          []validator.Int64{int64validator.Between(0, longestValidityDays)},
			},
			"include_expired": schema.BoolAttribute{
				Optional:            true,
				MarkdownDescription: "Whether to list what has expired already, too; `true` by default. Microsoft Graph keeps expired credentials until somebody removes them.",
			},
			"application_ids": schema.SetAttribute{
				Optional: true, ElementType: types.StringType,
				MarkdownDescription: "The object ids of the applications to look at; all of the tenant when left out, none when empty. One that doesn't exist is an error.",
				Validators:          []validator.Set{setvalidator.ValueStringsAre(guid("the application's object id"))},
			},
			"credentials": schema.ListNestedAttribute{
				Computed:            true,
				MarkdownDescription: "The credentials, soonest to expire first; at the same time, in the order of application name, client id, kind (secrets first) and key id.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"application_name": result("The application's display name."),
					"application_id":   result("The application's object id."),
					"client_id":        result("The application's client id."),
					"kind":             result("`secret` or `certificate`."),
					"display_name":     result("The credential's description."),
					"key_id":           result("The key id."),
					"hint":             result("The first characters of a secret's value; the thumbprint of a certificate."),
					"end_date":         result("When it expires (RFC 3339, UTC)."),
					"owners":           resultSet("The object ids of the application's owners: whom to tell."),
				}},
			},
			"timeouts": readTimeoutsAttribute(ctx),
		},
	}
}

// Read implements datasource.DataSource.
func (d *expiringCredentialsDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model expiringCredentialsDataModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() || !d.require("read expiring credentials", &resp.Diagnostics) {
		return
	}
	ctx, cancel := deadline(ctx, &resp.Diagnostics, model.Timeouts.Read, readTimeout)
	defer cancel()
	now := d.now()
	filter := directory.ExpiringFilter{Before: now.Add(daysOf(model.WithinDays.ValueInt64()))}
	if !model.IncludeExpired.IsNull() && !model.IncludeExpired.ValueBool() {
		filter.After = now
	}
	if !model.ApplicationIDs.IsNull() {
		filter.ApplicationIDs = append([]string{}, texts(model.ApplicationIDs)...)
	}
	found, err := d.client.ExpiringCredentials(ctx, filter)
	act := action{verb: "read", noun: "expiring credentials", by: "application_ids"}
	if act.failed(&resp.Diagnostics, err, false) {
		return
	}
	model.Credentials = make([]expiringCredentialModel, len(found))
	for i, c := range found {
		model.Credentials[i] = expiringCredentialModel{
			ApplicationName: text(c.ApplicationName), ApplicationID: text(c.ApplicationID), ClientID: text(c.ClientID),
			Kind: text(string(c.Kind)), DisplayName: text(c.DisplayName), KeyID: text(c.KeyID), Hint: text(c.Hint),
			EndDate: instant(c.End), Owners: stringSet(c.Owners),
		}
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &model)...)
}
