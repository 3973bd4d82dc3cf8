package provider

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/appreg/terraform-provider-appreg/internal/directory"
)

// ValidateConfig implements resource.ResourceWithValidateConfig. It refuses what could only rotate at every apply.
func (r *clientSecretResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var config clientSecretModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	renew := config.RenewBeforeDays
	if resp.Diagnostics.HasError() || renew.IsNull() || renew.IsUnknown() {
		return
	}
	if !config.EndDate.IsNull() && !config.EndDate.IsUnknown() {
		resp.Diagnostics.AddAttributeError(path.Root("renew_before_days"), "A client secret with a fixed end can't be renewed before it",
			"A rotation would make a secret with the same end_date, so that it would be due again at once. Write validity_days instead of end_date, or remove renew_before_days.")
		return
	}
	validity := config.newValidity()
	if validity.IsNull() || validity.IsUnknown() || renew.ValueInt64() < validity.ValueInt64() {
		return
	}
	resp.Diagnostics.AddAttributeError(path.Root("renew_before_days"), "A client secret would be due for renewal from the start",
		fmt.Sprintf("A new secret is valid for %s, so renew_before_days must be less than that. Write a smaller number, or a larger validity_days.", dayCount(validity.ValueInt64())))
}

// ModifyPlan implements resource.ResourceWithModifyPlan.
func (r *clientSecretResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	var plan, config, state clientSecretModel
	creating := req.State.Raw.IsNull()
	if !creating {
		resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	}
	if req.Plan.Raw.IsNull() {
		warnLeftValid(ctx, &state, &resp.Diagnostics)
		return
	}
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if creating {
		planValidity(ctx, config.newValidity(), &config, resp)
		planDelivery(ctx, &plan, nil, resp)
		resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("previous"), types.ObjectNull(previousTypes()))...)
		r.checkNewSecret(ctx, newSecret{plan: &plan, config: &config, certain: true}, &resp.Diagnostics)
		r.checkVault(ctx, &plan, &resp.Diagnostics)
		holder := r.holder(ctx, plan.ApplicationID.ValueString())
		warnThirdSecret(holder, &resp.Diagnostics)
		r.warnNamesakes(holder, &plan, time.Time{}, &resp.Diagnostics)
		return
	}
	planValidity(ctx, state.ValidityDays, &config, resp)
	if otherGUID(plan.ApplicationID, state.ApplicationID) {
		return // a replacement, which is planned as a creation next
	}
	v := verdictOn(ctx, req.Private, &state)
	switch reasons := rotationReasons(ctx, &plan, &config, &state, v); {
	case len(reasons) > 0:
		r.planRotation(ctx, rotationPlan{plan: &plan, config: &config, state: &state, verdict: v, reasons: reasons}, resp)
	case !config.ValidityDays.IsNull() && !config.ValidityDays.Equal(state.ValidityDays) && refuseBothEnds(&config, &resp.Diagnostics):
	case v.Prune != "":
		planPrune(ctx, &state, resp)
	}
	if v.Due == dueExpired {
		warnFixedEndPassed(&config, &state, &resp.Diagnostics)
	}
}

// refuseBothEnds is no validator: the configuration that Terraform generates for an imported secret names both ends, as
// they are, and that is harmless until a new secret is to be made.
func refuseBothEnds(config *clientSecretModel, diags *diag.Diagnostics) bool {
	days, end := config.ValidityDays, config.EndDate
	if days.IsNull() || days.IsUnknown() || end.IsNull() || end.IsUnknown() {
		return false
	}
	diags.AddAttributeError(path.Root("validity_days"), "Two ends for one client secret",
		"validity_days and end_date both say when a new secret expires. Remove one of them.")
	return true
}

// planValidity fills in what the configuration leaves out: for a new secret the default, without a schema default,
// because that would contradict an end date; for an existing one what its state says.
func planValidity(ctx context.Context, days types.Int64, config *clientSecretModel, resp *resource.ModifyPlanResponse) {
	if !config.ValidityDays.IsNull() {
		return
	}
	resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("validity_days"), days)...)
}

// newValidity is the validity of a new secret: as configured, else the default, and none beside an end date.
func (m *clientSecretModel) newValidity() types.Int64 {
	switch {
	case !m.ValidityDays.IsNull():
		return m.ValidityDays
	case m.EndDate.IsUnknown():
		return types.Int64Unknown()
	case !m.EndDate.IsNull():
		return types.Int64Null()
	default:
		return types.Int64Value(defaultValidityDays)
	}
}

// newSecret is a secret that is about to be made, by a creation or by a rotation, which may turn out not to be needed.
type newSecret struct {
	plan, config *clientSecretModel
	certain      bool
}

// checkNewSecret judges it. The clock is asked for findings only, never for a planned value.
func (r *clientSecretResource) checkNewSecret(ctx context.Context, s newSecret, diags *diag.Diagnostics) {
	config := s.config
	if refuseBothEnds(config, diags) || r.session == nil {
		return
	}
	if config.ValidityDays.ValueInt64() > maxPortalDays {
		warnLongValidity(diags, path.Root("validity_days"))
	}
	now := r.now()
	if refuseEndDatePassed(diags, config.EndDate, now) {
		return
	}
	if timeOf(config.EndDate).After(now.AddDate(2, 0, 0)) {
		warnLongValidity(diags, path.Root("end_date"))
	}
	r.checkSecretPolicy(ctx, s, diags)
}

// refuseEndDatePassed judges the end of a new secret, if it is known.
func refuseEndDatePassed(diags *diag.Diagnostics, endDate types.String, now time.Time) bool {
	if !passed(endDate, now) {
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

// warnFixedEndPassed speaks of an expired secret whose end the configuration names: a rotation would make another one that
// has expired.
func warnFixedEndPassed(config, state *clientSecretModel, diags *diag.Diagnostics) {
	if !config.EndDate.IsNull() && sameInstant(config.EndDate.ValueString(), state.EndDate.ValueString()) {
		diags.AddAttributeWarning(path.Root("end_date"), "Client secret has expired",
			fmt.Sprintf("It expired at %s, which the configuration names as its end. Move end_date into the future to have a new secret made.", config.EndDate.ValueString()))
	}
}

// warnThirdSecret says early that an application for personal accounts holds two secrets already. It is a warning,
// because a replacement that removes the old one first looks like this, too.
func warnThirdSecret(holder *directory.Application, diags *diag.Diagnostics) {
	if held := fullyHeld(holder); len(held) > 0 {
		diags.AddAttributeWarning(path.Root("application_id"), "The application holds two client secrets already",
			"An application for personal Microsoft accounts can hold two at a time, and this one holds "+keyIDs(held)+
				". Unless this plan removes one of them first, the apply will fail.")
	}
}

// holder is the application that a new secret is for: nil when this run has made it, and when it can't be read now. The
// refresh before this plan may just have seen it, and that will do.
func (r *clientSecretResource) holder(ctx context.Context, applicationID string) *directory.Application {
	if !r.online() || applicationID == "" || r.made.has(applicationID) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, courtesyTimeout)
	defer cancel()
	app, err := directory.ReadSettled(ctx, r.client, directory.Memory{}, func(ctx context.Context) (*directory.Application, error) {
		return r.client.Application(ctx, applicationID)
	}, (*directory.Application).Properties)
	if err != nil {
		tflog.Info(ctx, "Skipped the check which client secrets the application holds.", map[string]any{"application_id": applicationID, "reason": err.Error()})
		return nil
	}
	return app
}

// fullyHeld lists the secrets of an application that can hold no more; nothing when there is room.
func fullyHeld(holder *directory.Application) []directory.Candidate {
	if holder == nil || !personal(holder.SignInAudience) || len(holder.Secrets) < 2 {
		return nil
	}
	held := make([]directory.Candidate, len(holder.Secrets))
	for i, s := range holder.Secrets {
		held[i] = directory.Candidate{ID: s.KeyID, DisplayName: s.DisplayName}
	}
	return held
}

// warnNamesakes names secrets that are like the one to be made, newer than the present one, and in no state that this
// process has seen: a run that was killed between Graph's reply and the state leaves one, and its value is lost. It looks
// only where a secret is made: a cut-off creation or rotation is planned again.
func (r *clientSecretResource) warnNamesakes(holder *directory.Application, plan *clientSecretModel, since time.Time, diags *diag.Diagnostics) {
	if holder == nil || plan.DisplayName.IsUnknown() {
		return
	}
	var found []string
	for _, s := range holder.Secrets {
		if s.DisplayName == plan.DisplayName.ValueString() && s.Start.After(since) && s.End.After(r.now()) && !r.tracked.has(s.KeyID) {
			r.tracked.add(s.KeyID) // told of: once is enough
			found = append(found, fmt.Sprintf("key id %s, valid from %s until %s", s.KeyID, instant(s.Start).ValueString(), instant(s.End).ValueString()))
		}
	}
	if len(found) == 0 {
		return
	}
	named := "without a name"
	if name := plan.DisplayName.ValueString(); name != "" {
		named = fmt.Sprintf("named %q", name)
	}
	diags.AddAttributeWarning(path.Root("display_name"), fmt.Sprintf("The application holds a client secret %s that is not in the state", named),
		paragraphs("If an earlier run was cut off, it may have made it, and nobody knows its value. Unless this plan replaces it, or somebody else uses it, remove it from the application's \"Certificates & secrets\":",
			bullets(found)))
}
