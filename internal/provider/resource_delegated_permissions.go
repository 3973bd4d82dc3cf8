package provider

import (
	"context"
	"maps"
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
	_ resource.ResourceWithConfigure   = (*delegatedPermissionsResource)(nil)
	_ resource.ResourceWithIdentity    = (*delegatedPermissionsResource)(nil)
	_ resource.ResourceWithImportState = (*delegatedPermissionsResource)(nil)
	_ resource.ResourceWithModifyPlan  = (*delegatedPermissionsResource)(nil)
)

type delegatedPermissionsResource struct{ base }

func newDelegatedPermissionsResource() resource.Resource { return &delegatedPermissionsResource{} }

type delegatedPermissionsModel struct {
	ApplicationID        types.String   `tfsdk:"application_id"`
	API                  types.String   `tfsdk:"api"`
	Scopes               types.Set      `tfsdk:"scopes"`
	APIClientID          types.String   `tfsdk:"api_client_id"`
	ScopeIDs             types.Map      `tfsdk:"scope_ids"`
	AdminConsentRequired types.Set      `tfsdk:"admin_consent_required"`
	Timeouts             timeouts.Value `tfsdk:"timeouts"`
}

type delegatedPermissionsIdentity struct {
	ApplicationID types.String `tfsdk:"application_id"`
	APIClientID   types.String `tfsdk:"api_client_id"`
}

func (m *delegatedPermissionsModel) identity() delegatedPermissionsIdentity {
	return delegatedPermissionsIdentity{ApplicationID: canonical(m.ApplicationID), APIClientID: m.APIClientID}
}

func (m *delegatedPermissionsModel) action(verb string) action {
	return action{verb: verb, noun: "delegated permissions of application", name: m.ApplicationID.ValueString(), resource: "appreg_delegated_permissions", by: "application_id"}
}

// resolve fills in what the names mean in the tenant; held are names that the resource holds already.
func (m *delegatedPermissionsModel) resolve(api *directory.API, held map[string]string, diags *diag.Diagnostics) {
	names := texts(m.Scopes)
	ids := resolveScopes(api, names, held, diags)
	m.APIClientID = text(api.ClientID)
	m.ScopeIDs = stringMap(ids)
	m.AdminConsentRequired = stringSet(adminScopes(api, names))
}

// fromDirectory fills in what Graph shows. A permission without a published name keeps the name that it had, or else
// reads as its id. api is nil when the tenant has no service principal of it any more.
func (m *delegatedPermissionsModel) fromDirectory(app *directory.Application, api *directory.API) (withdrawn []string) {
	had := map[string]string{} // id to name
	for name, id := range mapOf(m.ScopeIDs) {
		had[id] = name
	}
	ids := map[string]string{}
	for _, id := range delegatedIDs(app, m.APIClientID.ValueString()) {
		name, published := publishedName(api, id)
		if !published {
			name = had[id]
			withdrawn = append(withdrawn, name)
		}
		if name == "" {
			name = id
		}
		ids[name] = id
	}
	names := slices.Sorted(maps.Keys(ids))
	m.Scopes = stringSet(names)
	m.ScopeIDs = stringMap(ids)
	if api != nil {
		m.AdminConsentRequired = stringSet(adminScopes(api, names))
	}
	if m.AdminConsentRequired.IsNull() {
		m.AdminConsentRequired = stringSet(nil)
	}
	return slices.DeleteFunc(withdrawn, func(name string) bool { return name == "" || api == nil })
}

func publishedName(api *directory.API, id string) (string, bool) {
	if api == nil {
		return "", false
	}
	for _, s := range api.Scopes {
		if strings.EqualFold(s.ID, id) {
			return s.Name, true
		}
	}
	return "", false
}

// delegatedIDs lists the ids of the delegated permissions that an application requests of one API.
func delegatedIDs(app *directory.Application, apiClientID string) []string {
	for _, p := range app.Permissions {
		if strings.EqualFold(p.APIClientID, apiClientID) {
			return p.ScopeIDs
		}
	}
	return nil
}

// scopeProperties are the permissions as one property: a replica that lags shows all of them as they were.
func scopeProperties(ids []string) directory.Properties {
	sorted := slices.Clone(ids)
	slices.Sort(sorted)
	return directory.Properties{"scopes": strings.ToLower(strings.Join(sorted, " "))}
}

func (m *delegatedPermissionsModel) ids() []string {
	return slices.Sorted(maps.Values(mapOf(m.ScopeIDs)))
}

// Metadata implements resource.Resource.
func (r *delegatedPermissionsResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_delegated_permissions"
}

// IdentitySchema implements resource.ResourceWithIdentity.
func (r *delegatedPermissionsResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityOf(map[string]string{
		"application_id": "The object id of the application.",
		"api_client_id":  "The client id of the API whose permissions are requested.",
	})
}

// write makes the planned permissions the application's. The plan has resolved the names, unless the API was missing then.
func (r *delegatedPermissionsResource) write(ctx context.Context, plan *delegatedPermissionsModel, held map[string]string, diags *diag.Diagnostics) (written bool) {
	if plan.ScopeIDs.IsUnknown() || plan.APIClientID.IsUnknown() || plan.AdminConsentRequired.IsUnknown() {
		api := r.findAPI(ctx, plan.API.ValueString(), false, diags)
		if api == nil {
			return false
		}
		plan.resolve(api, held, diags)
		if diags.HasError() {
			return false
		}
	}
	app, err := r.client.SetDelegatedPermissions(ctx, plan.ApplicationID.ValueString(), plan.APIClientID.ValueString(), plan.ids())
	plan.action("set").failed(diags, err, app != nil)
	return app != nil
}

// expect tells the client what the process before has written.
func (r *delegatedPermissionsResource) expect(ctx context.Context, state *delegatedPermissionsModel, private privateReader) {
	api := strings.ToLower(state.APIClientID.ValueString())
	r.client.RecallApplication(state.ApplicationID.ValueString(), recall(ctx, private), "scopes/"+api)
}

// Create implements resource.Resource.
func (r *delegatedPermissionsResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan delegatedPermissionsModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := deadline(ctx, &resp.Diagnostics, plan.Timeouts.Create, writeTimeout)
	defer cancel()
	if !r.write(ctx, &plan, nil, &resp.Diagnostics) {
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
	resp.Diagnostics.Append(r.rememberNew(ctx, resp.Private, scopeProperties(nil), scopeProperties(plan.ids()))...)
}

// Read implements resource.Resource.
func (r *delegatedPermissionsResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state delegatedPermissionsModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, state.identity())...)
	if resp.Diagnostics.HasError() || !r.online() {
		return
	}
	ctx, cancel := deadline(ctx, &resp.Diagnostics, state.Timeouts.Read, readTimeout)
	defer cancel()

	app, err := directory.ReadSettled(ctx, r.client, recall(ctx, req.Private), func(ctx context.Context) (*directory.Application, error) {
		return r.client.Application(ctx, state.ApplicationID.ValueString())
	}, func(app *directory.Application) directory.Properties {
		return scopeProperties(delegatedIDs(app, state.APIClientID.ValueString()))
	})
	afterImport := state.ScopeIDs.IsNull()
	if directory.KindOf(err) == directory.KindNotFound || err == nil && afterImport && len(delegatedIDs(app, state.APIClientID.ValueString())) == 0 {
		resp.State.RemoveResource(ctx)
		return
	}
	if state.action("read").failed(&resp.Diagnostics, err, app != nil) {
		return
	}
	api, err := r.client.API(ctx, state.APIClientID.ValueString())
	if err != nil && directory.KindOf(err) != directory.KindNotFound {
		state.action("read").failed(&resp.Diagnostics, err, false)
		return
	}
	if withdrawn := state.fromDirectory(app, api); len(withdrawn) > 0 {
		resp.Diagnostics.AddAttributeWarning(scopesPath, "Permissions that their API no longer publishes",
			api.DisplayName+" has withdrawn these permissions, so they have no effect. Remove them from the configuration.\n\n"+bullets(withdrawn))
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &state)...)
}

// Update implements resource.Resource.
func (r *delegatedPermissionsResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state delegatedPermissionsModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, state.identity())...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := deadline(ctx, &resp.Diagnostics, plan.Timeouts.Update, writeTimeout)
	defer cancel()
	if plan.Scopes.Equal(state.Scopes) { // another spelling of the API, or other timeouts
		resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
		return
	}
	r.expect(ctx, &state, req.Private)
	if !r.write(ctx, &plan, mapOf(state.ScopeIDs), &resp.Diagnostics) {
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
	resp.Diagnostics.Append(r.remember(ctx, resp.Private, scopeProperties(state.ids()), scopeProperties(plan.ids()))...)
}

// Delete implements resource.Resource.
func (r *delegatedPermissionsResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state delegatedPermissionsModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := deadline(ctx, &resp.Diagnostics, state.Timeouts.Delete, writeTimeout)
	defer cancel()
	r.expect(ctx, &state, req.Private)
	app, err := r.client.SetDelegatedPermissions(ctx, state.ApplicationID.ValueString(), state.APIClientID.ValueString(), nil)
	if directory.KindOf(err) == directory.KindNotFound {
		return
	}
	state.action("remove").failed(&resp.Diagnostics, err, app != nil)
}

// ImportState implements resource.ResourceWithImportState.
func (r *delegatedPermissionsResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	form := importForm{"delegated permissions", "appreg_delegated_permissions", "<object id of the application>/<client id of the API>"}
	if !r.importPair(ctx, form, "api_client_id", req, resp) {
		return
	}
	var apiClientID types.String
	resp.Diagnostics.Append(resp.State.GetAttribute(ctx, path.Root("api_client_id"), &apiClientID)...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("api"), apiName(apiClientID.ValueString()))...)
}
