package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/appreg/terraform-provider-appreg/internal/directory"
)

var (
	_ resource.ResourceWithConfigure   = (*adminConsentResource)(nil)
	_ resource.ResourceWithIdentity    = (*adminConsentResource)(nil)
	_ resource.ResourceWithImportState = (*adminConsentResource)(nil)
	_ resource.ResourceWithModifyPlan  = (*adminConsentResource)(nil)
)

type adminConsentResource struct{ base }

func newAdminConsentResource() resource.Resource { return &adminConsentResource{} }

type adminConsentModel struct {
	ID                 types.String   `tfsdk:"id"`
	ServicePrincipalID types.String   `tfsdk:"service_principal_id"`
	API                types.String   `tfsdk:"api"`
	Scopes             types.Set      `tfsdk:"scopes"`
	PrincipalID        types.String   `tfsdk:"principal_id"`
	APIClientID        types.String   `tfsdk:"api_client_id"`
	Timeouts           timeouts.Value `tfsdk:"timeouts"`
}

type adminConsentIdentity struct {
	ID types.String `tfsdk:"id"`
}

func (m *adminConsentModel) identity() adminConsentIdentity { return adminConsentIdentity{ID: m.ID} }

func (m *adminConsentModel) action(verb string) action {
	return action{verb: verb, noun: "admin consent for service principal", name: m.ServicePrincipalID.ValueString(), resource: "appreg_admin_consent", by: "service_principal_id"}
}

// key is the grant's natural key, given the API.
func (m *adminConsentModel) key(api *directory.API) directory.GrantKey {
	return directory.GrantKey{
		ClientPrincipalID:   m.ServicePrincipalID.ValueString(),
		ResourcePrincipalID: api.ServicePrincipalID,
		UserID:              m.PrincipalID.ValueString(),
	}
}

// fromDirectory fills in what Graph shows, except for the API's client id, which a grant does not hold.
func (m *adminConsentModel) fromDirectory(g *directory.Grant) {
	m.ID = text(g.ID)
	m.ServicePrincipalID = spelled(m.ServicePrincipalID, g.ClientPrincipalID)
	m.PrincipalID = spelled(m.PrincipalID, g.UserID)
	m.Scopes = stringSet(g.Scopes)
}

// Metadata implements resource.Resource.
func (r *adminConsentResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_admin_consent"
}

// IdentitySchema implements resource.ResourceWithIdentity.
func (r *adminConsentResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityOf(map[string]string{"id": "The id of the delegated permission grant."})
}

// Create implements resource.Resource.
func (r *adminConsentResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan adminConsentModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := deadline(ctx, &resp.Diagnostics, plan.Timeouts.Create, writeTimeout)
	defer cancel()
	api := r.findAPI(ctx, plan.API.ValueString(), false, &resp.Diagnostics)
	if api == nil {
		return
	}
	grant, previous, err := r.client.EnsureGrant(ctx, plan.key(api), texts(plan.Scopes))
	if grant != nil {
		plan.ID = text(grant.ID)
		plan.APIClientID = text(api.ClientID)
		resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
		resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
		before := directory.Properties{}
		if previous != nil {
			before = previous.Properties()
			warnTakenOver(previous, texts(plan.Scopes), "was taken over", &resp.Diagnostics)
		}
		resp.Diagnostics.Append(r.rememberNew(ctx, resp.Private, before, grant.Properties())...)
	}
	plan.action("give").failed(&resp.Diagnostics, err, grant != nil)
}

// warnTakenOver lists what an existing grant holds, and what of it is dropped.
func warnTakenOver(previous *directory.Grant, scopes []string, what string, diags *diag.Diagnostics) {
	if len(previous.Scopes) == 0 {
		return
	}
	detail := "There is consent already for this service principal, API and principal, and only one grant of it can exist. It holds:\n\n" + bullets(previous.Scopes)
	if dropped := minus(previous.Scopes, scopes); len(dropped) > 0 {
		detail += "\n\nOf these the configuration does not list, and so revokes:\n\n" + bullets(dropped)
	}
	diags.AddAttributeWarning(scopesPath, "Existing consent "+what, detail)
}

// Read implements resource.Resource.
func (r *adminConsentResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state adminConsentModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, state.identity())...)
	if resp.Diagnostics.HasError() || !r.online() {
		return
	}
	ctx, cancel := deadline(ctx, &resp.Diagnostics, state.Timeouts.Read, readTimeout)
	defer cancel()

	grant, err := directory.ReadSettled(ctx, r.client, recall(ctx, req.Private), func(ctx context.Context) (*directory.Grant, error) {
		return r.client.Grant(ctx, state.ID.ValueString())
	}, (*directory.Grant).Properties)
	if directory.KindOf(err) == directory.KindNotFound {
		resp.State.RemoveResource(ctx)
		return
	}
	if state.action("read").failed(&resp.Diagnostics, err, grant != nil) {
		return
	}
	state.fromDirectory(grant)
	if state.APIClientID.IsNull() && !r.importAPI(ctx, &state, grant, &resp.Diagnostics) {
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &state)...)
}

// importAPI names the API of an imported grant, which refers to it by the object id of its service principal.
func (r *adminConsentResource) importAPI(ctx context.Context, state *adminConsentModel, grant *directory.Grant, diags *diag.Diagnostics) bool {
	sp, err := r.client.ServicePrincipal(ctx, grant.ResourcePrincipalID)
	if state.action("read the API of").failed(diags, err, sp != nil) {
		return false
	}
	state.APIClientID = text(sp.ClientID)
	state.API = text(apiName(sp.ClientID))
	return true
}

// Update implements resource.Resource.
func (r *adminConsentResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state adminConsentModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, state.identity())...)
	if resp.Diagnostics.HasError() {
		return
	}
	if plan.Scopes.Equal(state.Scopes) { // another spelling of the API, or other timeouts
		resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
		return
	}
	ctx, cancel := deadline(ctx, &resp.Diagnostics, plan.Timeouts.Update, writeTimeout)
	defer cancel()
	api := r.findAPI(ctx, plan.APIClientID.ValueString(), false, &resp.Diagnostics)
	if api == nil {
		return
	}
	r.client.RecallGrant(state.ID.ValueString(), state.ServicePrincipalID.ValueString(), recall(ctx, req.Private))
	grant, _, err := r.client.EnsureGrant(ctx, plan.key(api), texts(plan.Scopes))
	if plan.action("change").failed(&resp.Diagnostics, err, grant != nil) {
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
	before := directory.Grant{Scopes: texts(state.Scopes)}
	resp.Diagnostics.Append(r.remember(ctx, resp.Private, before.Properties(), grant.Properties())...)
}

// Delete implements resource.Resource.
func (r *adminConsentResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state adminConsentModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := deadline(ctx, &resp.Diagnostics, state.Timeouts.Delete, writeTimeout)
	defer cancel()
	r.client.RecallGrant(state.ID.ValueString(), state.ServicePrincipalID.ValueString(), recall(ctx, req.Private))
	err := r.client.DeleteGrant(ctx, state.ID.ValueString())
	state.action("revoke").failed(&resp.Diagnostics, err, false)
}

// ImportState implements resource.ResourceWithImportState.
func (r *adminConsentResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	if !r.require("import admin consent", &resp.Diagnostics) {
		return
	}
	id := req.ID
	if id == "" {
		var identity adminConsentIdentity
		resp.Diagnostics.Append(req.Identity.Get(ctx, &identity)...)
		id = identity.ID.ValueString()
	}
	if !isGrantID(id) {
		form := importForm{"admin consent", "appreg_admin_consent", "the id of a delegated permission grant (oauth2PermissionGrant): 43 or 64 letters, digits, - and _"}
		form.refuse(&resp.Diagnostics, id)
		return
	}
	resp.Diagnostics.Append(resp.Identity.Set(ctx, adminConsentIdentity{ID: text(id)})...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("id"), id)...)
}
