package provider

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/appreg/terraform-provider-appreg/internal/directory"
)

// Where private state keeps what the last refresh decided, and the key ids that a rotation failed to remove.
const (
	verdictKey   = "verdict"
	leftoversKey = "leftovers"
)

// due says why the clock demands a rotation.
type due string

const (
	dueExpired due = "expired"
	dueRenewal due = "renewal"
)

// verdict is what a refresh decides by the clock, and by what the key vault shows. It is kept in private state, because a plan is made twice, and the
// clock may pass a threshold between a plan and its apply.
type verdict struct {
	KeyID string `json:"key_id,omitempty"` // of the secret that is due
	Due   due    `json:"due,omitempty"`
	// Vault is what became of that secret in the key vault.
	Vault vaultDrift `json:"vault,omitempty"`
	Prune string     `json:"prune,omitempty"` // key id of the previous secret whose time is over
}

// judge decides what is due.
func (m *clientSecretModel) judge(ctx context.Context, now time.Time, drift vaultDrift) verdict {
	v := verdict{Vault: drift}
	switch {
	case m.expired(now):
		v.Due = dueExpired
	case !m.RenewBeforeDays.IsNull() && passed(m.EndDate, now.Add(daysOf(m.RenewBeforeDays.ValueInt64()))):
		v.Due = dueRenewal
	}
	if v.Due != "" || v.Vault != "" {
		v.KeyID = m.KeyID.ValueString()
	}
	if p := m.previous(ctx); p != nil && p.spent(now) {
		v.Prune = p.KeyID.ValueString()
	}
	return v
}

// store keeps the verdict; only a change touches the state, whose serial would otherwise move with every refresh.
func (v verdict) store(ctx context.Context, private privateState) diag.Diagnostics {
	switch v {
	case load[verdict](ctx, private, verdictKey):
		return nil
	case verdict{}:
		return private.SetKey(ctx, verdictKey, nil)
	default:
		return store(ctx, private, verdictKey, v)
	}
}

// verdictOn recalls what the last refresh decided on the secrets in state; nothing, when it was about others, so that a
// verdict ends with what it has led to.
func verdictOn(ctx context.Context, private privateReader, state *clientSecretModel) verdict {
	v := load[verdict](ctx, private, verdictKey)
	if v.KeyID != state.KeyID.ValueString() {
		v.Due, v.Vault = "", ""
	}
	if p := state.previous(ctx); p == nil || p.KeyID.ValueString() != v.Prune {
		v.Prune = ""
	}
	return v
}

// leftovers are the key ids of older secrets that a rotation had to remove and could not.
func leftovers(ctx context.Context, private privateReader) []string {
	return load[[]string](ctx, private, leftoversKey)
}

func storeLeftovers(ctx context.Context, private privateWriter, ids []string) diag.Diagnostics {
	if len(ids) == 0 {
		return private.SetKey(ctx, leftoversKey, nil)
	}
	return store(ctx, private, leftoversKey, ids)
}

// previous is the secret before the last rotation, nil when there is none or it is not known yet.
func (m *clientSecretModel) previous(ctx context.Context) *previousSecret {
	if m.Previous.IsNull() || m.Previous.IsUnknown() {
		return nil
	}
	var p previousSecret
	if m.Previous.As(ctx, &p, basetypes.ObjectAsOptions{}).HasError() {
		return nil
	}
	return &p
}

func (p *previousSecret) object() types.Object {
	return types.ObjectValueMust(previousTypes(), map[string]attr.Value{"key_id": p.KeyID, "end_date": p.EndDate, "remove_after": p.RemoveAfter})
}

// spent tells whether nobody is meant to use the secret any more, or nobody can.
func (p *previousSecret) spent(now time.Time) bool {
	return passed(p.RemoveAfter, now) || passed(p.EndDate, now)
}

// superseded is what becomes of the secret in state when it is rotated now.
func (m *clientSecretModel) superseded(overlapDays int64, now time.Time) *previousSecret {
	until := now.Add(daysOf(overlapDays))
	if passed(m.EndDate, until) {
		until = timeOf(m.EndDate)
	}
	return &previousSecret{KeyID: m.KeyID, EndDate: instant(timeOf(m.EndDate)), RemoveAfter: instant(until)}
}

// expired tells whether nobody can use the secret in state any more.
func (m *clientSecretModel) expired(now time.Time) bool { return passed(m.EndDate, now) }

// passed tells whether a time that is known lies before now, or is now.
func passed(s types.String, now time.Time) bool {
	t := timeOf(s)
	return !t.IsZero() && !t.After(now)
}

// spent are the key ids of the secrets in state that nobody can use any more, or is meant to.
func (m *clientSecretModel) spent(ctx context.Context, now time.Time) []string {
	var ids []string
	if m.expired(now) {
		ids = append(ids, m.KeyID.ValueString())
	}
	if p := m.previous(ctx); p != nil && p.spent(now) {
		ids = append(ids, p.KeyID.ValueString())
	}
	return ids
}

// rotate makes a new secret in place of the one in state. That one stays valid for its consumers, who are updated later in
// this apply; only when it has expired is it removed at once. What it had superseded itself is removed.
func (r *clientSecretResource) rotate(ctx context.Context, plan, state *clientSecretModel, resp *resource.UpdateResponse) {
	now := r.now()
	if refuseEndDatePassed(&resp.Diagnostics, plan.EndDate, now) {
		return
	}
	for _, held := range state.held(ctx, resp.Private) {
		r.tracked.add(held)
	}
	do := plan.action("rotate")
	secret, removed, err := r.issueInPlaceOf(ctx, plan, state, now, do, &resp.Diagnostics)
	if do.failed(&resp.Diagnostics, err, false) {
		if left := leftBehind(err); left != "" {
			resp.Diagnostics.Append(storeLeftovers(ctx, resp.Private, append(leftovers(ctx, resp.Private), left))...)
		}
		return
	}
	old := state.superseded(plan.OverlapDays.ValueInt64(), now)
	plan.Previous = old.object()
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
	resp.Diagnostics.Append(r.rememberNew(ctx, resp.Private, nil, secretProperties(secret))...)
	r.settle(ctx, plan, timeOf(state.StartDate), do, &resp.Diagnostics)

	retired := leftovers(ctx, resp.Private)
	if older := state.previous(ctx); older != nil {
		retired = append(retired, older.KeyID.ValueString())
	}
	oldID := old.KeyID.ValueString()
	if state.expired(now) {
		retired = append(retired, oldID)
	}
	kept := r.retire(ctx, plan, minus(retired, removed), &resp.Diagnostics)
	if state.expired(now) && !slices.Contains(kept, oldID) {
		plan.Previous = types.ObjectNull(previousTypes())
		resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	}
	resp.Diagnostics.Append(storeLeftovers(ctx, resp.Private, minus(kept, []string{oldID}))...)
}

// issueInPlaceOf is issue where an application may be unable to hold another secret: those that are spent make room then.
// They stay as long as they don't stand in the way, so that a rotation that fails has changed nothing.
func (r *clientSecretResource) issueInPlaceOf(ctx context.Context, plan, state *clientSecretModel, now time.Time, do action, diags *diag.Diagnostics) (secret *directory.Secret, removed []string, err error) {
	secret, err = r.issue(ctx, plan, do, diags)
	if directory.KindOf(err) != directory.KindTooManySecrets {
		return secret, nil, err
	}
	spent := state.spent(ctx, now)
	if len(spent) == 0 {
		return nil, nil, err
	}
	for _, keyID := range spent {
		if err := r.client.RemoveSecret(ctx, plan.ApplicationID.ValueString(), keyID); err != nil {
			return nil, nil, err
		}
	}
	secret, err = r.issue(ctx, plan, do, diags)
	return secret, spent, err
}

// retire removes secrets that were superseded, and returns the key ids of those that it could not remove. That is no
// error: the new secret is made, and its consumers are not to wait for this.
func (r *clientSecretResource) retire(ctx context.Context, plan *clientSecretModel, keyIDs []string, diags *diag.Diagnostics) (kept []string) {
	for _, keyID := range keyIDs {
		err := r.client.RemoveSecret(ctx, plan.ApplicationID.ValueString(), keyID)
		if err == nil {
			continue
		}
		kept = append(kept, keyID)
		do := plan.action("remove superseded")
		diags.AddWarning(do.title()+", key id "+keyID, paragraphs(do.detail(err), "The new secret is in use. The next removal of a secret of this resource removes this one, too."))
	}
	return kept
}

// prune removes the previous secret, whose overlap is over, and what earlier rotations have left.
func (r *clientSecretResource) prune(ctx context.Context, plan, state *clientSecretModel, resp *resource.UpdateResponse) {
	if p := state.previous(ctx); p != nil {
		err := r.client.RemoveSecret(ctx, plan.ApplicationID.ValueString(), p.KeyID.ValueString())
		if state.action("remove the previous").failed(&resp.Diagnostics, err, false) {
			return
		}
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	left := r.retire(ctx, plan, leftovers(ctx, resp.Private), &resp.Diagnostics)
	resp.Diagnostics.Append(storeLeftovers(ctx, resp.Private, left)...)
}

// warnPreviousLeft says what nobody manages any more when somebody else has removed the secret that superseded it.
func warnPreviousLeft(ctx context.Context, state *clientSecretModel, diags *diag.Diagnostics) {
	p := state.previous(ctx)
	if p == nil {
		return
	}
	diags.AddWarning(fmt.Sprintf("The client secret %q is gone, and the one before it is left", state.KeyID.ValueString()),
		fmt.Sprintf("Somebody else removed the secret during its overlap with the previous one, key id %s, which is valid until %s. "+
			"A new secret is planned; the previous one is no longer managed. Remove it in the portal once nobody uses it.", p.KeyID.ValueString(), p.EndDate.ValueString()))
}
