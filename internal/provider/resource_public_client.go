package provider

import (
	"context"
	"strconv"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/appreg/terraform-provider-appreg/internal/directory"
)

var (
	_ resource.ResourceWithConfigure   = (*publicClientResource)(nil)
	_ resource.ResourceWithIdentity    = (*publicClientResource)(nil)
	_ resource.ResourceWithImportState = (*publicClientResource)(nil)
)

type publicClientResource struct{ base }

func newPublicClientResource() resource.Resource { return &publicClientResource{} }

type publicClientModel struct {
	ApplicationID types.String   `tfsdk:"application_id"`
	Enabled       types.Bool     `tfsdk:"enabled"`
	Timeouts      timeouts.Value `tfsdk:"timeouts"`
}

type publicClientIdentity struct {
	ApplicationID types.String `tfsdk:"application_id"`
}

func (m *publicClientModel) identity() publicClientIdentity {
	return publicClientIdentity{ApplicationID: canonical(m.ApplicationID)}
}

func (m *publicClientModel) action(verb string) action {
	return action{verb: verb, noun: "public client flag of application", name: m.ApplicationID.ValueString(), resource: "appreg_public_client", by: "application_id"}
}

// Metadata implements resource.Resource.
func (r *publicClientResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_public_client"
}

// Schema implements resource.Resource.
func (r *publicClientResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Whether an application may sign users in without a secret in flows that have no redirect URI (device code, integrated Windows sign-in, user name and password): " +
			"**Allow public client flows** in the portal. A destroy returns the setting to unset, which counts as no. One such resource per application.",
		Attributes: map[string]schema.Attribute{
			"application_id": schema.StringAttribute{
				Required: true, MarkdownDescription: "The object id of the application. Another one makes a new resource.",
				Validators:    []validator.String{guid("the application's object id (its attribute id)")},
				PlanModifiers: []planmodifier.String{replaceIfOtherGUID()},
			},
			"enabled": schema.BoolAttribute{
				Optional: true, Computed: true, Default: booldefault.StaticBool(true),
				MarkdownDescription: "Whether public client flows are allowed. The default is `true`. Changed in place.",
			},
			"timeouts": timeoutsAttribute(ctx),
		},
	}
}

// IdentitySchema implements resource.ResourceWithIdentity.
func (r *publicClientResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityOf(map[string]string{"application_id": "The object id of the application."})
}

// Create implements resource.Resource.
func (r *publicClientResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan publicClientModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := deadline(ctx, &resp.Diagnostics, plan.Timeouts.Create, writeTimeout)
	defer cancel()

	app, err := r.client.SetPublicClient(ctx, plan.ApplicationID.ValueString(), plan.Enabled.ValueBoolPointer())
	if app != nil {
		resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
		resp.Diagnostics.Append(r.rememberNew(ctx, resp.Private, flagProperties(!plan.Enabled.ValueBool()), flagProperties(plan.Enabled.ValueBool()))...)
	}
	plan.action("set").failed(&resp.Diagnostics, err, app != nil)
}

// Read implements resource.Resource.
func (r *publicClientResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state publicClientModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, state.identity())...)
	if resp.Diagnostics.HasError() || !r.online() {
		return
	}
	ctx, cancel := deadline(ctx, &resp.Diagnostics, state.Timeouts.Read, readTimeout)
	defer cancel()

	app, err := directory.ReadSettled(ctx, r.client, recall(ctx, req.Private), func(ctx context.Context) (*directory.Application, error) {
		return r.client.Application(ctx, state.ApplicationID.ValueString())
	}, func(app *directory.Application) directory.Properties { return flagProperties(allowsPublicClient(app)) })
	if directory.KindOf(err) == directory.KindNotFound {
		resp.State.RemoveResource(ctx)
		return
	}
	if state.action("read").failed(&resp.Diagnostics, err, app != nil) {
		return
	}
	state.Enabled = types.BoolValue(allowsPublicClient(app))
	resp.Diagnostics.Append(resp.State.Set(ctx, &state)...)
}

// allowsPublicClient reads the flag as the sign-in endpoints do: unset means no.
func allowsPublicClient(app *directory.Application) bool {
	return app.FallbackPublicClient != nil && *app.FallbackPublicClient
}

func flagProperties(enabled bool) directory.Properties {
	return directory.Properties{"isFallbackPublicClient": strconv.FormatBool(enabled)}
}

// Update implements resource.Resource.
func (r *publicClientResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state publicClientModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, state.identity())...)
	if resp.Diagnostics.HasError() {
		return
	}
	if plan.Enabled.Equal(state.Enabled) {
		resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
		return
	}
	ctx, cancel := deadline(ctx, &resp.Diagnostics, plan.Timeouts.Update, writeTimeout)
	defer cancel()
	r.client.RecallApplication(state.ApplicationID.ValueString(), recall(ctx, req.Private))
	app, err := r.client.SetPublicClient(ctx, plan.ApplicationID.ValueString(), plan.Enabled.ValueBoolPointer())
	if plan.action("set").failed(&resp.Diagnostics, err, app != nil) {
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
	resp.Diagnostics.Append(r.remember(ctx, resp.Private, flagProperties(state.Enabled.ValueBool()), flagProperties(plan.Enabled.ValueBool()))...)
}

// Delete implements resource.Resource.
func (r *publicClientResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state publicClientModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := deadline(ctx, &resp.Diagnostics, state.Timeouts.Delete, writeTimeout)
	defer cancel()
	r.client.RecallApplication(state.ApplicationID.ValueString(), recall(ctx, req.Private))
	app, err := r.client.SetPublicClient(ctx, state.ApplicationID.ValueString(), nil)
	if directory.KindOf(err) == directory.KindNotFound {
		return
	}
	state.action("unset").failed(&resp.Diagnostics, err, app != nil)
}

// ImportState implements resource.ResourceWithImportState.
func (r *publicClientResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	if !r.require("import public client flag", &resp.Diagnostics) {
		return
	}
	id := req.ID
	if id == "" {
		var identity publicClientIdentity
		resp.Diagnostics.Append(req.Identity.Get(ctx, &identity)...)
		id = identity.ApplicationID.ValueString()
	}
	form := importForm{"public client flag", "appreg_public_client", "<object id of the application>"}
	id, ok := form.single(&resp.Diagnostics, id)
	if !ok {
		return
	}
	resp.Diagnostics.Append(resp.Identity.Set(ctx, publicClientIdentity{ApplicationID: text(id)})...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("application_id"), id)...)
}
