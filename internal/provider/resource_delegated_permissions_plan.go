package provider

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/appreg/terraform-provider-appreg/internal/directory"
)

// Schema implements resource.Resource.
func (r *delegatedPermissionsResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The delegated permissions that an application requests of one API: **API permissions** in the portal. " +
			"They are all that the application requests of this API; its application permissions, and other APIs, are left alone. " +
			"Requesting grants nothing: users consent when they sign in, or an administrator does for all (`appreg_admin_consent`).",
		Attributes: map[string]schema.Attribute{
			"application_id": schema.StringAttribute{
				Required: true, MarkdownDescription: "The object id of the application. Another one makes a new resource.",
				Validators:    []validator.String{guid("the application's object id (its attribute id)")},
				PlanModifiers: []planmodifier.String{replaceIfOtherGUID()},
			},
			"api": apiAttribute(),
			"scopes": schema.SetAttribute{
				Required: true, ElementType: types.StringType,
				MarkdownDescription: "Names of delegated permissions, such as `Mail.ReadWrite`. They are looked up in the tenant when they are added.",
				Validators:          []validator.Set{setvalidator.SizeAtLeast(1), setvalidator.ValueStringsAre(filled())},
			},
			"api_client_id": schema.StringAttribute{Computed: true, MarkdownDescription: "The client id of the API."},
			"scope_ids":     schema.MapAttribute{Computed: true, ElementType: types.StringType, MarkdownDescription: "The ids of the permissions, by name."},
			"admin_consent_required": schema.SetAttribute{
				Computed: true, ElementType: types.StringType,
				MarkdownDescription: "Those of `scopes` that their API publishes as needing an administrator's consent. A tenant's user-consent policy may demand an administrator for more: " +
					"Microsoft's default policy does so for mail, mailbox, calendar and Teams permissions since November 2025, and for more since June 2026.",
			},
			"timeouts": timeoutsAttribute(ctx),
		},
	}
}

// apiAttribute is the argument of everything that refers to an API.
func apiAttribute() schema.Attribute {
	return schema.StringAttribute{
		Optional: true, Computed: true, Default: stringdefault.StaticString(defaultAPI),
		MarkdownDescription: "The API: `Microsoft Graph` (the default), `Office 365 Exchange Online`, `SharePoint Online`, an identifier URI (`api://…`), or a client id. " +
			"Display names are not looked up, because anyone in a tenant can take one. Another API makes a new resource; another spelling of the same one changes nothing.",
		Validators: []validator.String{filled(), apiForm()},
	}
}

// apiName is how an imported resource names an API.
func apiName(clientID string) string {
	if name := directory.KnownAPIName(clientID); name != "" {
		return name
	}
	return clientID
}

// ModifyPlan implements resource.ResourceWithModifyPlan.
func (r *delegatedPermissionsResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	var plan, state delegatedPermissionsModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	creating := req.State.Raw.IsNull()
	if !creating {
		resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	if !creating && r.sameAPI(ctx, plan.API, state.API, state.APIClientID, resp) {
		if plan.Scopes.Equal(state.Scopes) {
			plan.APIClientID, plan.ScopeIDs, plan.AdminConsentRequired = state.APIClientID, state.ScopeIDs, state.AdminConsentRequired
			resp.Diagnostics.Append(resp.Plan.Set(ctx, &plan)...)
			return
		}
	}
	if r.online() && !plan.API.IsUnknown() {
		r.planScopes(ctx, &plan, &state, resp)
	}
}

// sameAPI tells another spelling of an API from another API, which needs a replacement.
func (s *session) sameAPI(ctx context.Context, planned, prior, priorClientID types.String, resp *resource.ModifyPlanResponse) bool {
	if planned.Equal(prior) {
		return true
	}
	clientID, ok := directory.ResolveAPIClientID(planned.ValueString())
	if !ok && s.online() && !planned.IsUnknown() {
		if api, err := s.client.API(ctx, planned.ValueString()); err == nil {
			clientID = api.ClientID
		}
	}
	if strings.EqualFold(clientID, priorClientID.ValueString()) {
		return true
	}
	// What can't be resolved is planned as another API: an update could not become a replacement during the apply.
	resp.RequiresReplace = append(resp.RequiresReplace, apiPath)
	return false
}

// planScopes resolves the names in the tenant, so that a misspelt one fails the plan and not the sign-in.
func (r *delegatedPermissionsResource) planScopes(ctx context.Context, plan, state *delegatedPermissionsModel, resp *resource.ModifyPlanResponse) {
	api := r.findAPI(ctx, plan.API.ValueString(), true, &resp.Diagnostics)
	if api == nil {
		return
	}
	held := map[string]string{}
	if strings.EqualFold(api.ClientID, state.APIClientID.ValueString()) {
		held = mapOf(state.ScopeIDs)
	}
	complete := known(ctx, plan.Scopes)
	plan.resolve(api, held, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	warnAdminScopes(api, minus(texts(plan.AdminConsentRequired), keys(held)), &resp.Diagnostics)
	resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("api_client_id"), plan.APIClientID)...)
	if complete {
		resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("scope_ids"), plan.ScopeIDs)...)
		resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("admin_consent_required"), plan.AdminConsentRequired)...)
	}
	if complete && state.ApplicationID.IsNull() {
		r.warnRemovedScopes(ctx, plan, api, &resp.Diagnostics)
	}
}

func keys(m map[string]string) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	return out
}

// warnAdminScopes says, once for all of them, which added permissions need an administrator and what to do about it.
func warnAdminScopes(api *directory.API, added []string, diags *diag.Diagnostics) {
	if len(added) == 0 {
		return
	}
	diags.AddAttributeWarning(scopesPath, "Permissions that need an administrator's consent",
		api.DisplayName+" lets users consent to these permissions only through an administrator:\n\n"+bullets(added)+
			"\n\nUntil one has consented, sign-in fails or asks for approval. Write an appreg_admin_consent block with these scopes, if the identity that Terraform runs as may consent for the tenant; "+
			"or send a Cloud Application Administrator to the application's admin_consent_url.")
}

// warnRemovedScopes lists what is requested of the API already and will not be any more: the resource is authoritative.
func (r *delegatedPermissionsResource) warnRemovedScopes(ctx context.Context, plan *delegatedPermissionsModel, api *directory.API, diags *diag.Diagnostics) {
	id := plan.ApplicationID.ValueString()
	if id == "" || r.made.has(id) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, courtesyTimeout)
	defer cancel()
	app, err := r.client.Application(ctx, id)
	if err != nil {
		tflog.Info(ctx, "Skipped the check which permissions a creation removes.", map[string]any{"application_id": id, "reason": err.Error()})
		return
	}
	var removed []string
	for _, scopeID := range minusFold(delegatedIDs(app, api.ClientID), plan.ids()) {
		name, ok := publishedName(api, scopeID)
		if !ok {
			name = scopeID
		}
		removed = append(removed, name)
	}
	if len(removed) > 0 {
		diags.AddAttributeWarning(scopesPath, "Permissions that will be removed",
			"The application requests these permissions of "+api.DisplayName+" already, and the configuration does not list them, so they will be removed:\n\n"+
				bullets(removed)+"\n\nAdd them to scopes to keep them, or import what exists:\n\n"+
				importBlock("appreg_delegated_permissions", id+"/"+api.ClientID))
	}
}
