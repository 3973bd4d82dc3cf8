package provider

import (
	"context"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/appreg/terraform-provider-appreg/internal/directory"
)

var (
	_ resource.ResourceWithConfigure   = (*servicePrincipalResource)(nil)
	_ resource.ResourceWithIdentity    = (*servicePrincipalResource)(nil)
	_ resource.ResourceWithImportState = (*servicePrincipalResource)(nil)
	_ resource.ResourceWithModifyPlan  = (*servicePrincipalResource)(nil)
)

type servicePrincipalResource struct{ base }

func newServicePrincipalResource() resource.Resource { return &servicePrincipalResource{} }

type servicePrincipalModel struct {
	ID                        types.String   `tfsdk:"id"`
	ClientID                  types.String   `tfsdk:"client_id"`
	AccountEnabled            types.Bool     `tfsdk:"account_enabled"`
	AppRoleAssignmentRequired types.Bool     `tfsdk:"app_role_assignment_required"`
	Notes                     types.String   `tfsdk:"notes"`
	Tags                      types.Set      `tfsdk:"tags"`
	AdoptExisting             types.Bool     `tfsdk:"adopt_existing"`
	DisplayName               types.String   `tfsdk:"display_name"`
	ApplicationTenantID       types.String   `tfsdk:"application_tenant_id"`
	SignInAudience            types.String   `tfsdk:"sign_in_audience"`
	Adopted                   types.Bool     `tfsdk:"adopted"`
	Timeouts                  timeouts.Value `tfsdk:"timeouts"`
}

func (m *servicePrincipalModel) action(verb string) action {
	name := m.DisplayName.ValueString()
	if name == "" {
		name = m.ClientID.ValueString()
	}
	act := action{verb: verb, noun: "service principal", name: name, resource: "appreg_service_principal"}
	if verb == "create" {
		act.by = "client_id"
	}
	return act
}

// toDirectory is the configuration in the directory's terms. An account is enabled unless said otherwise.
func (m *servicePrincipalModel) toDirectory() directory.ServicePrincipalSpec {
	return directory.ServicePrincipalSpec{
		ClientID:                  m.ClientID.ValueString(),
		AccountEnabled:            m.AccountEnabled.IsNull() || m.AccountEnabled.IsUnknown() || m.AccountEnabled.ValueBool(),
		AppRoleAssignmentRequired: m.AppRoleAssignmentRequired.ValueBool(),
		Notes:                     m.Notes.ValueString(),
		Tags:                      texts(m.Tags),
	}
}

// configured says which values are the configuration's: an adoption writes those and leaves the rest.
func (m *servicePrincipalModel) configured() directory.ServicePrincipalFields {
	return directory.ServicePrincipalFields{
		AccountEnabled:            !m.AccountEnabled.IsNull() && !m.AccountEnabled.IsUnknown(),
		AppRoleAssignmentRequired: !m.AppRoleAssignmentRequired.IsNull(),
		Notes:                     !m.Notes.IsNull(),
		Tags:                      !m.Tags.IsNull(),
	}
}

// fromDirectory fills in what Graph shows. What an adopted one, or one of Microsoft's own, has beyond the configuration
// is not ours to show.
func (m *servicePrincipalModel) fromDirectory(sp *directory.ServicePrincipal) {
	imported := m.DisplayName.IsNull()
	m.computed(sp)
	m.AccountEnabled = types.BoolValue(sp.AccountEnabled)
	if m.Adopted.ValueBool() || m.microsoft() {
		sp = limitTo(m.configured(), sp)
	}
	m.AppRoleAssignmentRequired = keepBool(m.AppRoleAssignmentRequired, sp.AppRoleAssignmentRequired)
	m.Notes = text(sp.Notes)
	m.Tags = keepSet(m.Tags, ownTags(sp, texts(m.Tags), imported))
}

// ownTags are the tags to show: the service principal's, and those that the configuration shares with the application. Of
// a foreign application's, which can't be told apart, they are only those that the configuration names; all of them after
// an import, when there is no configuration to go by.
func ownTags(sp *directory.ServicePrincipal, configured []string, imported bool) []string {
	own, shared := sp.Tags, sp.InheritedTags
	if sp.Foreign && !imported {
		own, shared = nil, sp.Tags
	}
	return slices.Concat(own, minus(configured, minus(configured, shared)))
}

// limitTo blanks what no configuration names.
func limitTo(mine directory.ServicePrincipalFields, sp *directory.ServicePrincipal) *directory.ServicePrincipal {
	limited := *sp
	if !mine.AppRoleAssignmentRequired {
		limited.AppRoleAssignmentRequired = false
	}
	if !mine.Notes {
		limited.Notes = ""
	}
	if !mine.Tags {
		limited.Tags = nil
	}
	return &limited
}

// computed fills in what no configuration says.
func (m *servicePrincipalModel) computed(sp *directory.ServicePrincipal) {
	m.ID = text(sp.ID)
	m.ClientID = spelled(m.ClientID, sp.ClientID)
	m.DisplayName = text(sp.DisplayName)
	m.ApplicationTenantID = text(sp.ApplicationTenantID)
	m.SignInAudience = text(sp.SignInAudience)
	if m.AccountEnabled.IsUnknown() {
		m.AccountEnabled = types.BoolValue(sp.AccountEnabled)
	}
}

// Metadata implements resource.Resource.
func (r *servicePrincipalResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_service_principal"
}

// IdentitySchema implements resource.ResourceWithIdentity.
func (r *servicePrincipalResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = tenantIdentitySchema("service principal")
}

// Create implements resource.Resource.
func (r *servicePrincipalResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan servicePrincipalModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := deadline(ctx, &resp.Diagnostics, plan.Timeouts.Create, writeTimeout)
	defer cancel()
	tenantID, err := r.tenantID(ctx)
	if plan.action("create").failed(&resp.Diagnostics, err, false) {
		return
	}
	if r.refuseAdoption(ctx, &plan, &resp.Diagnostics) {
		return
	}
	sp, adopted, err := r.client.CreateServicePrincipal(ctx, plan.toDirectory(), plan.configured(), plan.AdoptExisting.ValueBool())
	act := plan.action("create")
	if sp != nil {
		plan.Adopted = types.BoolValue(adopted)
		plan.computed(sp)
		resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
		resp.Diagnostics.Append(resp.Identity.Set(ctx, tenantIdentity{TenantID: text(tenantID), ID: plan.ID})...)
		resp.Diagnostics.Append(r.rememberNew(ctx, resp.Private, sp.Previous, sp.Properties())...)
		if !adopted {
			r.made.add(sp.ID)
		}
	}
	act.failed(&resp.Diagnostics, err, sp != nil)
}

// identify sets the identity before anything else: Terraform demands it even of what turns out to be gone. One that there
// is already never changes, also where it was set while the tenant was unknown.
func (r *servicePrincipalResource) identify(ctx context.Context, current tenantIdentity, id types.String, diags *diag.Diagnostics) tenantIdentity {
	if current.ID.IsNull() && r.online() {
		tenantID, err := r.tenantID(ctx)
		(action{verb: "read", noun: "service principal", name: id.ValueString()}).failed(diags, err, false)
		current.TenantID = text(tenantID)
	}
	current.ID = id
	return current
}

// Read implements resource.Resource.
func (r *servicePrincipalResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state servicePrincipalModel
	var identity tenantIdentity
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if !req.Identity.Raw.IsNull() {
		resp.Diagnostics.Append(req.Identity.Get(ctx, &identity)...)
	}
	resp.Diagnostics.Append(resp.Identity.Set(ctx, r.identify(ctx, identity, state.ID, &resp.Diagnostics))...)
	if resp.Diagnostics.HasError() || !r.online() {
		return
	}
	ctx, cancel := deadline(ctx, &resp.Diagnostics, state.Timeouts.Read, readTimeout)
	defer cancel()

	sp, err := directory.ReadSettled(ctx, r.client, recall(ctx, req.Private), func(ctx context.Context) (*directory.ServicePrincipal, error) {
		return r.client.ServicePrincipal(ctx, state.ID.ValueString())
	}, (*directory.ServicePrincipal).Properties)
	if directory.KindOf(err) == directory.KindNotFound {
		resp.State.RemoveResource(ctx)
		return
	}
	if state.action("read").failed(&resp.Diagnostics, err, sp != nil) {
		return
	}
	state.fromDirectory(sp)
	resp.Diagnostics.Append(resp.State.Set(ctx, &state)...)
}

// Update implements resource.Resource.
func (r *servicePrincipalResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state servicePrincipalModel
	var identity tenantIdentity
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if !req.Identity.Raw.IsNull() {
		resp.Diagnostics.Append(req.Identity.Get(ctx, &identity)...)
	}
	resp.Diagnostics.Append(resp.Identity.Set(ctx, r.identify(ctx, identity, state.ID, &resp.Diagnostics))...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := deadline(ctx, &resp.Diagnostics, plan.Timeouts.Update, writeTimeout)
	defer cancel()

	r.client.RecallServicePrincipal(state.ID.ValueString(), recall(ctx, req.Private))
	old, updated := state.toDirectory(), plan.toDirectory()
	sp, err := r.client.UpdateServicePrincipal(ctx, state.ID.ValueString(), old, updated)
	if plan.action("update").failed(&resp.Diagnostics, err, sp != nil) {
		return
	}
	plan.Adopted = state.Adopted
	promised := plan
	plan.computed(sp)
	plan.DisplayName, plan.SignInAudience = kept(promised.DisplayName, plan.DisplayName), kept(promised.SignInAudience, plan.SignInAudience)
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
	before, after := *sp, *sp
	before.ServicePrincipalSpec, after.ServicePrincipalSpec = old, updated
	if sp.Foreign {
		before.Tags = minus(old.Tags, minus(old.Tags, updated.Tags)) // a dropped one may be the application's, and then stays
	}
	if !sameSpec(old, updated) { // also where only tags were dropped that may be the application's: the last memory is of tags that are gone
		resp.Diagnostics.Append(store(ctx, resp.Private, memoryKey, r.client.Remember(before.Properties(), after.Properties()))...)
	}
}

// Delete implements resource.Resource. What belongs to others is left: an adopted one of a foreign application, which
// was there before, and Microsoft's own, on which the whole tenant may depend.
func (r *servicePrincipalResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state servicePrincipalModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := deadline(ctx, &resp.Diagnostics, state.Timeouts.Delete, writeTimeout)
	defer cancel()
	if state.microsoft() {
		addLeft(&resp.Diagnostics, &state, "It is Microsoft's own, and other applications of the tenant may depend on it.")
		return
	}
	if state.Adopted.ValueBool() {
		tenantID, err := r.tenantID(ctx)
		if state.action("delete").failed(&resp.Diagnostics, err, false) {
			return
		}
		if !strings.EqualFold(state.ApplicationTenantID.ValueString(), tenantID) {
			addLeft(&resp.Diagnostics, &state, "It was there before Terraform took it over, and its application belongs to another tenant.")
			return
		}
	}
	r.client.RecallServicePrincipal(state.ID.ValueString(), recall(ctx, req.Private))
	err := r.client.DeleteServicePrincipal(ctx, state.ID.ValueString())
	state.action("delete").failed(&resp.Diagnostics, err, false)
}

func addLeft(diags *diag.Diagnostics, state *servicePrincipalModel, why string) {
	diags.AddWarning("Service principal is left in the tenant",
		"Terraform no longer manages "+state.DisplayName.ValueString()+" ("+state.ID.ValueString()+"), but did not delete it. "+why)
}

// microsoft reports whether the application is one of Microsoft's own.
func (m *servicePrincipalModel) microsoft() bool {
	return strings.EqualFold(m.ApplicationTenantID.ValueString(), directory.MicrosoftTenantID)
}

// ImportState implements resource.ResourceWithImportState.
func (r *servicePrincipalResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	if !r.require("import service principal", &resp.Diagnostics) {
		return
	}
	act := action{verb: "import", noun: "service principal", name: req.ID}
	tenantID, err := r.tenantID(ctx)
	if act.failed(&resp.Diagnostics, err, false) {
		return
	}
	form := importForm{"service principal", "appreg_service_principal", "<object id>, or client_id:<client id>"}
	id, ok := "", false
	switch clientID, byClientID := strings.CutPrefix(req.ID, "client_id:"); {
	case req.ID == "":
		id, ok = identityID(ctx, req.Identity, tenantID, form, &resp.Diagnostics)
	case byClientID && isGUID(clientID):
		sp, err := r.client.ServicePrincipalByClientID(ctx, strings.ToLower(clientID))
		if !act.failed(&resp.Diagnostics, err, sp != nil) {
			id, ok = sp.ID, true
		}
	default:
		id, ok = form.single(&resp.Diagnostics, req.ID)
	}
	if !ok {
		return
	}
	resp.Diagnostics.Append(resp.Identity.Set(ctx, tenantIdentity{TenantID: text(tenantID), ID: text(id)})...)
	for name, value := range map[string]any{"id": id, "adopted": false, "adopt_existing": false} {
		resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root(name), value)...)
	}
}
