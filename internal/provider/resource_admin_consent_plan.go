package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/appreg/terraform-provider-appreg/internal/directory"
)

// Schema implements resource.Resource.
func (r *adminConsentResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Consent to delegated permissions for every user of the tenant, or for one: the portal's **Grant admin consent**. " +
			"There is one grant per service principal, API and principal: an existing one is taken over and set to `scopes`, and the plan says what it held.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{Computed: true, PlanModifiers: keep(), MarkdownDescription: "The id of the delegated permission grant."},
			"service_principal_id": schema.StringAttribute{
				Required: true, MarkdownDescription: "The object id of the service principal that may use the permissions. Its application may belong to another tenant. Another one makes a new grant.",
				Validators:    []validator.String{guid("the service principal's object id (its attribute id)")},
				PlanModifiers: []planmodifier.String{replaceIfOtherGUID()},
			},
			"api": apiAttribute(),
			"scopes": schema.SetAttribute{
				Required: true, ElementType: types.StringType,
				MarkdownDescription: "Names of delegated permissions, such as `Mail.ReadWrite`. They are looked up in the tenant when they are added. Changed in place.",
				Validators:          []validator.Set{setvalidator.SizeAtLeast(1), setvalidator.ValueStringsAre(filled())},
			},
			"principal_id": schema.StringAttribute{
				Optional: true, MarkdownDescription: "The object id of the one user for whom consent is given; every user of the tenant when left out. Another one makes a new grant.",
				Validators:    []validator.String{guid("the user's object id")},
				PlanModifiers: []planmodifier.String{replaceIfOtherGUID()},
			},
			"api_client_id": schema.StringAttribute{Computed: true, MarkdownDescription: "The client id of the API."},
			"timeouts":      timeoutsAttribute(ctx),
		},
	}
}

// ModifyPlan implements resource.ResourceWithModifyPlan.
func (r *adminConsentResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	var plan, state adminConsentModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	creating := req.State.Raw.IsNull()
	if !creating {
		resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	held := map[string]string{}
	if !creating && r.sameAPI(ctx, plan.API, state.API, state.APIClientID, resp) {
		plan.APIClientID = state.APIClientID
		resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("api_client_id"), plan.APIClientID)...)
		if plan.Scopes.Equal(state.Scopes) {
			return
		}
		for _, name := range texts(state.Scopes) {
			held[name] = name
		}
	}
	if !r.online() || plan.API.IsUnknown() {
		return
	}
	api := r.findAPI(ctx, plan.API.ValueString(), true, &resp.Diagnostics)
	if api == nil {
		return
	}
	resolveScopes(api, texts(plan.Scopes), held, &resp.Diagnostics)
	if creating {
		resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("api_client_id"), text(api.ClientID))...)
		r.warnExistingGrant(ctx, &plan, api, &resp.Diagnostics)
	}
}

// warnExistingGrant tells of a grant that the apply will take over, when its key is known already.
func (r *adminConsentResource) warnExistingGrant(ctx context.Context, plan *adminConsentModel, api *directory.API, diags *diag.Diagnostics) {
	id := plan.ServicePrincipalID.ValueString()
	if id == "" || plan.PrincipalID.IsUnknown() || !known(ctx, plan.Scopes) || r.made.has(id) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, courtesyTimeout)
	defer cancel()
	grant, err := r.client.Grant(ctx, plan.key(api).ID())
	if err != nil {
		if directory.KindOf(err) != directory.KindNotFound {
			tflog.Info(ctx, "Skipped the check whether there is consent already.", map[string]any{"service_principal_id": id, "reason": err.Error()})
		}
		return
	}
	warnTakenOver(grant, texts(plan.Scopes), "will be taken over", diags)
}
