package provider

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/appreg/terraform-provider-appreg/internal/directory"
)

// rotationPlan is a rotation that is to be planned.
type rotationPlan struct {
	plan, config, state *clientSecretModel
	verdict             verdict
	reasons             []reason
}

// reason is why a secret is rotated. One that depends on a value that is not known yet may turn out to be none.
type reason struct {
	text    string
	certain bool
}

// rotationReasons lists why a new secret is needed; none when it isn't. The clock has been asked by the last refresh.
func rotationReasons(ctx context.Context, plan, config, state *clientSecretModel, v verdict) []reason {
	var out []reason
	fixedEnd := !config.EndDate.IsNull()
	switch {
	case v.Due == dueExpired && !fixedEnd:
		out = append(out, reason{"It expired at " + state.EndDate.ValueString() + ".", true})
	case v.Due == dueRenewal && plan.RenewBeforeDays.IsUnknown():
		out = append(out, reason{"It expires at " + state.EndDate.ValueString() + ", and renew_before_days is known during the apply only.", false})
	case v.Due == dueRenewal && plan.RenewBeforeDays.Equal(state.RenewBeforeDays):
		// With another number of days the next refresh decides anew.
		out = append(out, reason{fmt.Sprintf("It expires at %s, and renew_before_days asks for a new one %s before that.", state.EndDate.ValueString(), dayCount(state.RenewBeforeDays.ValueInt64())), true})
	}
	if text, certain := changedTriggers(plan.RotationTriggers, state.RotationTriggers); text != "" {
		out = append(out, reason{text, certain})
	}
	switch {
	case plan.DisplayName.IsUnknown():
		out = append(out, reason{"display_name is known during the apply only, and Microsoft Graph can't rename a secret.", false})
	case !plan.DisplayName.Equal(state.DisplayName):
		out = append(out, reason{"display_name changes, and Microsoft Graph can't rename a secret.", true})
	}
	switch {
	case fixedEnd && config.EndDate.IsUnknown():
		out = append(out, reason{"end_date is known during the apply only, and a secret's end can't be moved.", false})
	case fixedEnd && !sameInstant(config.EndDate.ValueString(), state.EndDate.ValueString()):
		out = append(out, reason{fmt.Sprintf("end_date changes from %s to %s, and a secret's end can't be moved.", state.EndDate.ValueString(), config.EndDate.ValueString()), true})
	}
	if v.Vault != "" {
		out = append(out, reason{v.Vault.text(), true})
	}
	return append(out, vaultReason(ctx, plan, state)...)
}

// changedTriggers says which triggers change; "" when none does. Their values may be sensitive. The first triggers of a
// secret change nothing: after an import they would rotate it.
func changedTriggers(plan, state types.Map) (text string, certain bool) {
	if len(state.Elements()) == 0 || plan.Equal(state) {
		return "", false
	}
	if plan.IsUnknown() {
		return "rotation_triggers are known during the apply only.", false
	}
	before, after := state.Elements(), plan.Elements()
	var names []string
	for name, value := range after {
		if old, ok := before[name]; ok && old.Equal(value) {
			continue
		}
		names = append(names, name)
		certain = certain || !value.IsUnknown()
	}
	for name := range before {
		if _, ok := after[name]; !ok {
			names, certain = append(names, name), true
		}
	}
	slices.Sort(names)
	return "rotation_triggers change: " + strings.Join(names, ", ") + ".", certain
}

// planRotation makes unknown what a new secret changes, so that its consumers follow in the same apply, and says why.
func (r *clientSecretResource) planRotation(ctx context.Context, p rotationPlan, resp *resource.ModifyPlanResponse) {
	r.checkNewSecret(ctx, newSecret{plan: p.plan, config: p.config, certain: p.certain()}, &resp.Diagnostics)
	r.checkVault(ctx, p.plan, &resp.Diagnostics)
	holder := r.holder(ctx, p.plan.ApplicationID.ValueString())
	refuseThirdSecret(ctx, holder, p, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	r.warnNamesakes(holder, p.plan, timeOf(p.state.StartDate), &resp.Diagnostics)
	unknown := map[string]attr.Value{
		"key_id": types.StringUnknown(), "hint": types.StringUnknown(), "start_date": types.StringUnknown(),
		"generation": types.Int64Unknown(), "previous": types.ObjectUnknown(previousTypes()),
	}
	if p.config.EndDate.IsNull() {
		unknown["end_date"] = types.StringUnknown()
	}
	validity := p.config.newValidity()
	will := "will"
	if !p.certain() {
		will = "may"
		if !validity.Equal(p.state.ValidityDays) {
			validity = types.Int64Unknown() // the state's, should there be no rotation after all
		}
	}
	planValidity(ctx, validity, p.config, resp)
	for name, value := range unknown {
		resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root(name), value)...)
	}
	planDelivery(ctx, p.plan, p.state, resp)
	texts := make([]string, len(p.reasons))
	for i, r := range p.reasons {
		texts[i] = r.text
	}
	resp.Diagnostics.AddWarning(fmt.Sprintf("Client secret %q %s be rotated", p.state.label(), will), paragraphs(strings.Join(texts, " "), p.destination(ctx), p.abandoned(ctx), p.fateOfCurrent(), p.fateOfPrevious(ctx)))
}

// certain tells whether there is a rotation whatever the values that are not known yet turn out to be.
func (p rotationPlan) certain() bool {
	return slices.ContainsFunc(p.reasons, func(r reason) bool { return r.certain })
}

// fateOfCurrent says what becomes of the secret in state.
func (p rotationPlan) fateOfCurrent() string {
	old := "The present one, key id " + p.state.KeyID.ValueString()
	days := p.plan.OverlapDays
	switch {
	case p.verdict.Due == dueExpired:
		return old + ", is removed in the same apply, because nobody can use it any more."
	case days.IsUnknown():
		return old + ", stays valid for overlap_days after the apply. The first apply after that removes it."
	case days.ValueInt64() == 0:
		return old + ", stays valid in this apply, in which its consumers get the new one. The next apply removes it."
	default:
		return fmt.Sprintf("%s, stays valid for %s after the apply, or until its own end, %s, if that comes first. The first apply after that removes it.", old, dayCount(days.ValueInt64()), p.state.EndDate.ValueString())
	}
}

// fateOfPrevious says what becomes of the one before it.
func (p rotationPlan) fateOfPrevious(ctx context.Context) string {
	previous := p.state.previous(ctx)
	switch {
	case previous == nil:
		return ""
	case p.verdict.Prune != "":
		return "The one before it, key id " + previous.KeyID.ValueString() + ", is removed in this apply, because its overlap is over."
	default:
		return fmt.Sprintf("The one before it, key id %s, is removed in this apply, although its overlap was to last until %s. Make sure that nobody uses it any more.",
			previous.KeyID.ValueString(), previous.RemoveAfter.ValueString())
	}
}

// refuseThirdSecret stops a rotation for which there is no room. Secrets that are spent make room during the apply. The
// first of the two plans of a -replace looks like a rotation, too; that of a taint doesn't.
func refuseThirdSecret(ctx context.Context, holder *directory.Application, p rotationPlan, diags *diag.Diagnostics) {
	if !p.certain() || p.verdict.Due == dueExpired || p.verdict.Prune != "" {
		return
	}
	held := fullyHeld(holder)
	if len(held) == 0 {
		return
	}
	wait := ""
	if previous := p.state.previous(ctx); previous != nil {
		wait = fmt.Sprintf(" wait until %s, from when on an apply removes %s;", previous.RemoveAfter.ValueString(), previous.KeyID.ValueString())
	}
	diags.AddAttributeError(path.Root("application_id"), "Unable to rotate client secret in place: the application holds two",
		"An application for personal Microsoft accounts can hold two client secrets at a time, and this one holds "+keyIDs(held)+". A rotation in place would need a third.\n\n"+
			"Either"+wait+" remove the one that nobody uses; or replace this secret, without create_before_destroy: its secrets then go first, and sign-in fails until consumers have the new one. "+
			"That is terraform taint and an apply; or terraform apply -replace=… while no rotation is pending, because with -replace Terraform plans an update first, which ends here.")
}

// planPrune proposes the removal of the previous secret.
func planPrune(ctx context.Context, state *clientSecretModel, resp *resource.ModifyPlanResponse) {
	previous := state.previous(ctx)
	resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("previous"), types.ObjectNull(previousTypes()))...)
	resp.Diagnostics.AddWarning(fmt.Sprintf("The secret before client secret %q will be removed", state.label()),
		fmt.Sprintf("The previous secret, key id %s, was kept until %s, for consumers that had not followed the last rotation. Sign-in with it fails after this apply.", previous.KeyID.ValueString(), previous.RemoveAfter.ValueString()))
}

// warnLeftValid says what a destroy leaves behind.
func warnLeftValid(ctx context.Context, state *clientSecretModel, diags *diag.Diagnostics) {
	if state.revokes() {
		return
	}
	held := fmt.Sprintf("key id %s (until %s)", state.KeyID.ValueString(), state.EndDate.ValueString())
	if p := state.previous(ctx); p != nil {
		held += fmt.Sprintf(" and key id %s (until %s)", p.KeyID.ValueString(), p.EndDate.ValueString())
	}
	diags.AddWarning("A client secret outlives this destroy",
		"With revoke_on_destroy = false these stay valid as long as the application exists: "+held+". To revoke them, set it to true and apply before the destroy.")
}

// dayCount is a number of days in words.
func dayCount(n int64) string {
	if n == 1 {
		return "1 day"
	}
	return fmt.Sprintf("%d days", n)
}
