package provider

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/appreg/terraform-provider-appreg/internal/directory"
)

// Schema implements resource.Resource.
func (r *clientSecretResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "A client secret of an application: what **New client secret** makes in the portal.\n\n" +
			"Its value is shown once and kept in the state, so protect the state. A replacement, by `terraform apply -replace` or after the secret expired, revokes the old one; " +
			"with `create_before_destroy` consumers get the new one first. An application for personal accounts can hold two secrets at a time.",
		Attributes: map[string]schema.Attribute{
			"application_id": schema.StringAttribute{
				Required: true, MarkdownDescription: "The object id of the application. Another one makes a new secret.",
				Validators:    []validator.String{guid("the application's object id (its attribute id)")},
				PlanModifiers: []planmodifier.String{replaceIfOtherGUID()},
			},
			"display_name": schema.StringAttribute{
				Optional: true, MarkdownDescription: "The description by which people tell secrets apart. Microsoft Graph can't rename a secret, so a change makes a new one.",
				Validators:    []validator.String{filled()},
				PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()},
			},
			"validity_days": schema.Int64Attribute{
				Optional: true, Computed: true,
				MarkdownDescription: "How many days a new secret is valid. The default is 180, which the portal recommends; it offers 730 at most. A change has no effect on a secret that exists. Not together with `end_date`.",
				Validators:          []validator.Int64{int64validator.Between(1, longestValidityDays)},
			},
			"end_date": schema.StringAttribute{
				Optional: true, Computed: true,
				MarkdownDescription: "When the secret expires (RFC 3339, such as `2027-06-30T00:00:00Z`), instead of `validity_days`. Another instant makes a new secret. A secret that has expired is replaced, unless this argument still names the past.",
				Validators:          []validator.String{timestamp()},
				PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown(), replaceIfOtherInstant()},
			},
			"key_id":     schema.StringAttribute{Computed: true, MarkdownDescription: "The key id of the secret.", PlanModifiers: keep()},
			"hint":       schema.StringAttribute{Computed: true, MarkdownDescription: "The first characters of the value, which the portal shows, too.", PlanModifiers: keep()},
			"start_date": schema.StringAttribute{Computed: true, MarkdownDescription: "From when the secret is valid (RFC 3339, UTC).", PlanModifiers: keep()},
			"value": schema.StringAttribute{
				Computed: true, Sensitive: true, PlanModifiers: keep(),
				MarkdownDescription: "The secret itself; null after an import, until the secret is replaced.",
			},
			"generation": schema.Int64Attribute{
				Computed: true, PlanModifiers: []planmodifier.Int64{int64planmodifier.UseStateForUnknown()},
				MarkdownDescription: "The start of validity in Unix seconds: a number that grows with every new secret, for the version argument of a consumer's write-only argument.",
			},
			"timeouts": timeoutsAttribute(ctx),
		},
	}
}

// ModifyPlan implements resource.ResourceWithModifyPlan.
func (r *clientSecretResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() {
		return
	}
	var plan, config clientSecretModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	var state clientSecretModel
	creating := req.State.Raw.IsNull()
	if !creating {
		resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	}
	refuseBothEnds(&config, &state, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	if creating {
		days := types.Int64Value(defaultValidityDays)
		if config.EndDate.IsUnknown() {
			days = types.Int64Unknown()
		} else if !config.EndDate.IsNull() {
			days = types.Int64Null()
		}
		planValidity(ctx, days, &config, resp)
		r.checkCreation(ctx, &plan, &config, &resp.Diagnostics)
		return
	}
	planValidity(ctx, state.ValidityDays, &config, resp)
	if flag(ctx, req.Private, expiredKey) {
		planReplacement(ctx, &config, &state, resp)
	}
}

// refuseBothEnds is no validator: the configuration that Terraform generates for an imported secret names both ends, as
// they are, and that is harmless until a new secret is to be made.
func refuseBothEnds(config, state *clientSecretModel, diags *diag.Diagnostics) {
	days, end := config.ValidityDays, config.EndDate
	if days.IsNull() || days.IsUnknown() || end.IsNull() || end.IsUnknown() {
		return
	}
	if !days.Equal(state.ValidityDays) || !sameInstant(end.ValueString(), state.EndDate.ValueString()) {
		diags.AddAttributeError(path.Root("validity_days"), "Two ends for one client secret",
			"validity_days and end_date both say when a new secret expires. Remove one of them.")
	}
}

// planValidity fills in what the configuration leaves out: for a new secret the default, without a schema default,
// because that would contradict an end date; for an existing one what its state says.
func planValidity(ctx context.Context, days types.Int64, config *clientSecretModel, resp *resource.ModifyPlanResponse) {
	if !config.ValidityDays.IsNull() {
		return
	}
	resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("validity_days"), days)...)
}

// checkCreation judges a secret that is about to be made. The clock is asked for findings only, never for a planned value.
func (r *clientSecretResource) checkCreation(ctx context.Context, plan, config *clientSecretModel, diags *diag.Diagnostics) {
	if r.session == nil {
		return
	}
	if config.ValidityDays.ValueInt64() > maxPortalDays {
		warnLongValidity(diags, path.Root("validity_days"))
	}
	now := r.now()
	if refuseEndDatePassed(diags, config.EndDate, now) {
		return
	}
	if end, err := time.Parse(time.RFC3339, config.EndDate.ValueString()); err == nil && end.After(now.AddDate(2, 0, 0)) {
		warnLongValidity(diags, path.Root("end_date"))
	}
	r.warnThirdSecret(ctx, plan, diags)
}

// refuseEndDatePassed judges the end of a new secret, if it is known.
func refuseEndDatePassed(diags *diag.Diagnostics, endDate types.String, now time.Time) bool {
	end, err := time.Parse(time.RFC3339, endDate.ValueString())
	if err != nil || end.After(now) {
		return false
	}
	diags.AddAttributeError(path.Root("end_date"), "Unable to create client secret that has expired already",
		fmt.Sprintf("The end date %s has passed. Choose a later one, or write validity_days instead.", endDate.ValueString()))
	return true
}

func warnLongValidity(diags *diag.Diagnostics, p path.Path) {
	diags.AddAttributeWarning(p, "Client secret valid for more than two years",
		"Two years are the longest that the portal offers, and policies of a tenant may allow less. Shorter secrets that are replaced in time are safer.")
}

// planReplacement proposes a new secret in place of one that the last refresh found expired. With an end date in the
// configuration that would make another expired one, so that is only said.
func planReplacement(ctx context.Context, config, state *clientSecretModel, resp *resource.ModifyPlanResponse) {
	if !config.EndDate.IsNull() {
		if sameInstant(config.EndDate.ValueString(), state.EndDate.ValueString()) {
			resp.Diagnostics.AddAttributeWarning(path.Root("end_date"), "Client secret has expired",
				fmt.Sprintf("It expired at %s, which the configuration names as its end. Move end_date into the future to have a new secret made.", config.EndDate.ValueString()))
		}
		return
	}
	unknown := map[string]attr.Value{
		"key_id": types.StringUnknown(), "hint": types.StringUnknown(), "start_date": types.StringUnknown(),
		"end_date": types.StringUnknown(), "value": types.StringUnknown(), "generation": types.Int64Unknown(),
	}
	for name, value := range unknown {
		resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root(name), value)...)
	}
	// A path must be named whose value differs.
	resp.RequiresReplace = append(resp.RequiresReplace, path.Root("key_id"))
}

// warnThirdSecret says early that an application for personal accounts holds two secrets already. It is a warning,
// because a replacement that removes the old one first looks like this, too.
func (r *clientSecretResource) warnThirdSecret(ctx context.Context, plan *clientSecretModel, diags *diag.Diagnostics) {
	id := plan.ApplicationID.ValueString()
	if !r.online() || id == "" || r.made.has(id) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, courtesyTimeout)
	defer cancel()
	app, err := r.client.Application(ctx, id)
	if err != nil {
		tflog.Info(ctx, "Skipped the check how many client secrets the application holds.", map[string]any{"application_id": id, "reason": err.Error()})
		return
	}
	if !personal(app.SignInAudience) || len(app.Secrets) < 2 {
		return
	}
	held := make([]directory.Candidate, len(app.Secrets))
	for i, s := range app.Secrets {
		held[i] = directory.Candidate{ID: s.KeyID, DisplayName: s.DisplayName}
	}
	diags.AddAttributeWarning(path.Root("application_id"), "The application holds two client secrets already",
		"An application for personal Microsoft accounts can hold two at a time, and this one holds "+keyIDs(held)+
			". Unless this plan removes one of them first, the apply will fail.")
}
