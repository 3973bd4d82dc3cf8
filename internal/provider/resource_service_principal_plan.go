package provider

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/boolplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/appreg/terraform-provider-appreg/internal/directory"
)

// Schema implements resource.Resource.
func (r *servicePrincipalResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "An application's identity in this tenant, without which nobody can sign in to it here: the portal's **enterprise application**. " +
			"The portal makes it together with a registration, Microsoft Graph does not.\n\n" +
			"A destroy deletes it, unless it was taken over and its application belongs to another tenant, or it is Microsoft's own: those stay.",
		Attributes: map[string]schema.Attribute{
			"client_id": schema.StringAttribute{
				Required: true, MarkdownDescription: "The client id of the application, of this tenant or another. Another one makes a new service principal.",
				Validators:    []validator.String{guid("the application's client id")},
				PlanModifiers: []planmodifier.String{replaceIfOtherGUID()},
			},
			"account_enabled": schema.BoolAttribute{
				Optional: true, Computed: true,
				MarkdownDescription: "Whether users and the application itself may sign in. The default is `true`; on one that was taken over, what it was.",
			},
			"app_role_assignment_required": schema.BoolAttribute{
				Optional: true, MarkdownDescription: "Whether only users who were assigned to the application may sign in; `false` when left out.",
			},
			"notes": schema.StringAttribute{
				Optional: true, MarkdownDescription: "Notes for administrators.",
				Validators: []validator.String{filled()},
			},
			"tags": schema.SetAttribute{
				Optional: true, ElementType: types.StringType,
				MarkdownDescription: "Tags of the service principal, such as `HideApp` (hides it from users) or `WindowsAzureActiveDirectoryIntegratedApp`. Those of its application, which Microsoft Graph shows among them, are ignored; where the application belongs to another tenant, so is every tag that is not listed here.",
				Validators:          []validator.Set{setvalidator.ValueStringsAre(tag())},
			},
			"adopt_existing": schema.BoolAttribute{
				Optional: true, Computed: true, Default: booldefault.StaticBool(false),
				MarkdownDescription: "Whether to take over one that exists already, instead of failing: what is configured is set, the rest is left. The default is `false`. A change has no effect on one that exists.",
			},
			"id":                    schema.StringAttribute{Computed: true, PlanModifiers: keep(), MarkdownDescription: "The object id of the service principal."},
			"display_name":          schema.StringAttribute{Computed: true, PlanModifiers: keep(), MarkdownDescription: "The application's display name. It follows the application's after a while."},
			"application_tenant_id": schema.StringAttribute{Computed: true, PlanModifiers: keep(), MarkdownDescription: "The tenant in which the application is registered."},
			"sign_in_audience":      schema.StringAttribute{Computed: true, PlanModifiers: keep(), MarkdownDescription: "Who can sign in to the application."},
			"adopted": schema.BoolAttribute{
				Computed: true, PlanModifiers: []planmodifier.Bool{boolplanmodifier.UseStateForUnknown()},
				MarkdownDescription: "Whether it existed before and was taken over.",
			},
			"timeouts": timeoutsAttribute(ctx),
		},
	}
}

// ModifyPlan implements resource.ResourceWithModifyPlan.
func (r *servicePrincipalResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() {
		return
	}
	var plan, config, state servicePrincipalModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	creating := req.State.Raw.IsNull()
	if !creating {
		resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	if config.AccountEnabled.IsNull() {
		plan.AccountEnabled = defaultEnabled(creating, &plan, &state)
		resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("account_enabled"), plan.AccountEnabled)...)
	}
	if !creating && state.microsoft() {
		refuseChange(&plan, &state, &resp.Diagnostics)
	}
}

// defaultEnabled is what an omitted account_enabled means. It has no schema default, because an adoption leaves what it
// does not name.
func defaultEnabled(creating bool, plan, state *servicePrincipalModel) types.Bool {
	switch {
	case !creating && (state.Adopted.ValueBool() || state.microsoft()):
		return state.AccountEnabled
	case creating && (plan.AdoptExisting.IsUnknown() || plan.AdoptExisting.ValueBool()):
		return types.BoolUnknown()
	default:
		return types.BoolValue(true)
	}
}

// refuseChange stops a change to what is Microsoft's own.
func refuseChange(plan, state *servicePrincipalModel, diags *diag.Diagnostics) {
	if !sameSpec(state.toDirectory(), plan.toDirectory()) {
		addMicrosoft(diags, state.DisplayName.ValueString())
	}
}

// refuseAdoption stops the adoption of what is Microsoft's own when the configuration would change it.
func (r *servicePrincipalResource) refuseAdoption(ctx context.Context, plan *servicePrincipalModel, diags *diag.Diagnostics) bool {
	mine := plan.configured()
	if !plan.AdoptExisting.ValueBool() || mine == (directory.ServicePrincipalFields{}) {
		return false
	}
	sp, err := r.client.ServicePrincipalByClientID(ctx, plan.ClientID.ValueString())
	if directory.KindOf(err) == directory.KindNotFound {
		return false
	}
	if plan.action("create").failed(diags, err, sp != nil) {
		return true
	}
	if !strings.EqualFold(sp.ApplicationTenantID, directory.MicrosoftTenantID) {
		return false
	}
	want, is := plan.toDirectory(), limitTo(mine, sp).ServicePrincipalSpec
	if !mine.AccountEnabled {
		want.AccountEnabled = is.AccountEnabled
	}
	if sameSpec(is, want) {
		return false
	}
	addMicrosoft(diags, sp.DisplayName)
	return true
}

func sameSpec(a, b directory.ServicePrincipalSpec) bool {
	return a.AccountEnabled == b.AccountEnabled && a.AppRoleAssignmentRequired == b.AppRoleAssignmentRequired &&
		a.Notes == b.Notes && len(minus(a.Tags, b.Tags))+len(minus(b.Tags, a.Tags)) == 0
}

func addMicrosoft(diags *diag.Diagnostics, name string) {
	diags.AddError("Unable to change service principal of Microsoft's own",
		name+" is Microsoft's own, and other applications of the tenant may depend on it. Leave out account_enabled, app_role_assignment_required, notes and tags.")
}
