package provider

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/appreg/terraform-provider-appreg/internal/directory"
)

var (
	_ resource.ResourceWithConfigure      = (*clientSecretResource)(nil)
	_ resource.ResourceWithIdentity       = (*clientSecretResource)(nil)
	_ resource.ResourceWithImportState    = (*clientSecretResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*clientSecretResource)(nil)
	_ resource.ResourceWithValidateConfig = (*clientSecretResource)(nil)
)

// defaultValidityDays is what the portal recommends, maxPortalDays the longest that it offers; longestValidityDays bounds
// what is sensible to write.
const (
	defaultValidityDays = 180
	maxPortalDays       = 730
	longestValidityDays = 36500
)

// defaultOverlapDays is how long the previous secret stays valid when the configuration doesn't say.
const defaultOverlapDays = 7

type clientSecretResource struct{ base }

func newClientSecretResource() resource.Resource { return &clientSecretResource{} }

type clientSecretModel struct {
	ApplicationID    types.String `tfsdk:"application_id"`
	DisplayName      types.String `tfsdk:"display_name"`
	ValidityDays     types.Int64  `tfsdk:"validity_days"`
	EndDate          types.String `tfsdk:"end_date"`
	RenewBeforeDays  types.Int64  `tfsdk:"renew_before_days"`
	RotationTriggers types.Map    `tfsdk:"rotation_triggers"`
	OverlapDays      types.Int64  `tfsdk:"overlap_days"`
	RevokeOnDestroy  types.Bool   `tfsdk:"revoke_on_destroy"`
	KeyVault         types.Object `tfsdk:"key_vault"`
	KeyID            types.String `tfsdk:"key_id"`
	Hint             types.String `tfsdk:"hint"`
	StartDate        types.String `tfsdk:"start_date"`
	Value            types.String `tfsdk:"value"`
	Generation       types.Int64  `tfsdk:"generation"`
	Previous         types.Object `tfsdk:"previous"`

	KeyVaultSecretID            types.String `tfsdk:"key_vault_secret_id"`
	KeyVaultSecretVersionlessID types.String `tfsdk:"key_vault_secret_versionless_id"`

	Timeouts timeouts.Value `tfsdk:"timeouts"`
}

type clientSecretIdentity struct {
	ApplicationID types.String `tfsdk:"application_id"`
	KeyID         types.String `tfsdk:"key_id"`
}

func (m *clientSecretModel) identity() clientSecretIdentity {
	return clientSecretIdentity{ApplicationID: canonical(m.ApplicationID), KeyID: m.KeyID}
}

func (m *clientSecretModel) action(verb string) action {
	return action{verb: verb, noun: "client secret", name: m.label(), resource: "appreg_client_secret", importPrefix: m.ApplicationID.ValueString() + "/", by: "application_id"}
}

// label is what messages call the secret.
func (m *clientSecretModel) label() string {
	if name := m.DisplayName.ValueString(); name != "" {
		return name
	}
	return m.KeyID.ValueString()
}

// issue makes a secret, valid until the end that the configuration names or else for a number of days, puts it into the
// model, and delivers its value, which is shown this once: what goes to the state is the caller's to store before anything
// else can fail. An error may leave a secret behind, see leftBehind.
func (r *clientSecretResource) issue(ctx context.Context, m *clientSecretModel, do action, diags *diag.Diagnostics) (*directory.Secret, error) {
	applicationID, name := m.ApplicationID.ValueString(), m.DisplayName.ValueString()
	var made *directory.Secret
	var err error
	if named := !m.EndDate.IsNull() && !m.EndDate.IsUnknown(); named {
		end, parseErr := time.Parse(time.RFC3339, m.EndDate.ValueString())
		if parseErr != nil {
			return nil, parseErr
		}
		made, err = r.client.AddSecret(ctx, applicationID, name, end)
	} else {
		days := m.ValidityDays.ValueInt64()
		if days == 0 {
			days = defaultValidityDays
		}
		made, err = r.client.AddSecretFor(ctx, applicationID, name, daysOf(days))
	}
	if err != nil {
		return nil, err
	}
	m.fromDirectory(made)
	return made, r.deliver(ctx, m, made, do, diags)
}

// daysOf is a number of days of 24 hours.
func daysOf(n int64) time.Duration { return time.Duration(n) * 24 * time.Hour }

// fromDirectory fills in what Graph shows. The value is not among it: it is known once, in the result of AddSecret.
func (m *clientSecretModel) fromDirectory(s *directory.Secret) {
	m.KeyID = text(s.KeyID)
	m.DisplayName = text(s.DisplayName)
	m.Hint = text(s.Hint)
	m.StartDate = instant(s.Start)
	if end := instant(s.End); m.EndDate.IsUnknown() || !sameInstant(m.EndDate.ValueString(), end.ValueString()) {
		m.EndDate = end
	}
	m.Generation = types.Int64Value(s.Start.Unix())
}

// Metadata implements resource.Resource. The identity is mutable, because a rotation in place changes the key id.
func (r *clientSecretResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_client_secret"
	resp.ResourceBehavior.MutableIdentity = true
}

// IdentitySchema implements resource.ResourceWithIdentity.
func (r *clientSecretResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityOf(map[string]string{
		"application_id": "The object id of the application.",
		"key_id":         "The key id of the client secret.",
	})
}

// Create implements resource.Resource.
func (r *clientSecretResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan clientSecretModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := deadline(ctx, &resp.Diagnostics, plan.Timeouts.Create, writeTimeout)
	defer cancel()
	if refuseEndDatePassed(&resp.Diagnostics, plan.EndDate, r.now()) {
		return
	}

	do := plan.action("create")
	secret, err := r.issue(ctx, &plan, do, &resp.Diagnostics)
	plan.Previous = types.ObjectNull(previousTypes())
	if do.failed(&resp.Diagnostics, err, false) {
		if leftBehind(err) != "" { // kept, so that the next apply removes it
			resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
			resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
		}
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
	resp.Diagnostics.Append(r.rememberNew(ctx, resp.Private, nil, secretProperties(secret))...)
	r.settle(ctx, &plan, time.Time{}, do, &resp.Diagnostics)
}

// settle waits until the directory shows a new secret. One that went to a vault was waited for before that. The application
// then shows, too, what was hidden from the plan by a replica that lags.
func (r *clientSecretResource) settle(ctx context.Context, m *clientSecretModel, since time.Time, do action, diags *diag.Diagnostics) {
	applicationID, keyID := m.ApplicationID.ValueString(), m.KeyID.ValueString()
	r.tracked.add(keyID)
	var holder *directory.Application
	if m.KeyVault.IsNull() {
		app, err := r.client.SettleSecret(ctx, applicationID, keyID)
		do.failed(diags, err, true)
		holder = app
	} else {
		holder = r.holder(ctx, applicationID)
	}
	if !r.made.has(applicationID) {
		r.warnNamesakes(holder, m, since, diags)
	}
}

// Read implements resource.Resource.
func (r *clientSecretResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state clientSecretModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, state.identity())...)
	if resp.Diagnostics.HasError() || !r.online() {
		return
	}
	ctx, cancel := deadline(ctx, &resp.Diagnostics, state.Timeouts.Read, readTimeout)
	defer cancel()

	keyID := state.KeyID.ValueString()
	for _, held := range state.held(ctx, req.Private) {
		r.tracked.add(held)
	}
	app, err := directory.ReadSettled(ctx, r.client, recall(ctx, req.Private), func(ctx context.Context) (*directory.Application, error) {
		return r.holding(ctx, state.ApplicationID.ValueString(), keyID)
	}, func(app *directory.Application) directory.Properties { return secretProperties(secretOf(app, keyID)) })
	if directory.KindOf(err) == directory.KindNotFound {
		warnPreviousLeft(ctx, &state, &resp.Diagnostics)
		resp.State.RemoveResource(ctx)
		return
	}
	if state.action("read").failed(&resp.Diagnostics, err, app != nil) {
		return
	}
	secret := secretOf(app, keyID)
	afterImport := state.StartDate.IsNull()
	state.fromDirectory(secret)
	if days := int64(secret.End.Sub(secret.Start) / (24 * time.Hour)); afterImport && days >= 1 && days <= longestValidityDays {
		state.ValidityDays = types.Int64Value(days)
	}
	if previous := state.previous(ctx); previous != nil && secretOf(app, previous.KeyID.ValueString()) == nil {
		state.Previous = types.ObjectNull(previousTypes())
	}
	drift := r.refreshVault(ctx, &state, app, resp.Private, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, &state)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, state.identity())...)
	if !afterImport { // an import changes nothing, and what is due is said by the plan after it
		resp.Diagnostics.Append(state.judge(ctx, r.now(), drift).store(ctx, resp.Private)...)
	}
}

// holding reads an application, and fails with KindNotFound when it doesn't hold the secret.
func (r *clientSecretResource) holding(ctx context.Context, applicationID, keyID string) (*directory.Application, error) {
	app, err := r.client.Application(ctx, applicationID)
	if err == nil && secretOf(app, keyID) == nil {
		return nil, &directory.Error{Kind: directory.KindNotFound, Op: "read client secret", Object: keyID,
			Message: fmt.Sprintf("the application %s holds no client secret with this key id", applicationID)}
	}
	return app, err
}

// secretOf is the application's secret with a key id, nil when it holds none.
func secretOf(app *directory.Application, keyID string) *directory.Secret {
	for i := range app.Secrets {
		if strings.EqualFold(app.Secrets[i].KeyID, keyID) {
			return &app.Secrets[i]
		}
	}
	return nil
}

func secretProperties(s *directory.Secret) directory.Properties {
	return directory.Properties{"secret": s.KeyID}
}

// Update implements resource.Resource. It rotates, or removes the previous secret, or notes what is only Terraform's to
// know; which of them, the plan has decided.
func (r *clientSecretResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state clientSecretModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, state.identity())...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := deadline(ctx, &resp.Diagnostics, plan.Timeouts.Update, writeTimeout)
	defer cancel()
	r.client.RecallApplication(state.ApplicationID.ValueString(), recall(ctx, req.Private), "secret/"+state.KeyID.ValueString())
	switch {
	case plan.KeyID.IsUnknown():
		r.rotate(ctx, &plan, &state, resp)
	case plan.Previous.IsNull() && !state.Previous.IsNull():
		r.prune(ctx, &plan, &state, resp)
	default:
		resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
	}
}

// Delete implements resource.Resource.
func (r *clientSecretResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state clientSecretModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() || !state.revokes() {
		return
	}
	ctx, cancel := deadline(ctx, &resp.Diagnostics, state.Timeouts.Delete, writeTimeout)
	defer cancel()
	r.client.RecallApplication(state.ApplicationID.ValueString(), recall(ctx, req.Private), "secret/"+state.KeyID.ValueString())
	for _, keyID := range state.held(ctx, req.Private) {
		err := r.client.RemoveSecret(ctx, state.ApplicationID.ValueString(), keyID)
		state.action("delete").failed(&resp.Diagnostics, err, false)
	}
	if !resp.Diagnostics.HasError() {
		r.disableInVault(ctx, &state, &resp.Diagnostics)
	}
}

// held are the key ids of all secrets that the resource stands for, those that a rotation left to be removed included.
func (m *clientSecretModel) held(ctx context.Context, private privateReader) []string {
	ids := append(leftovers(ctx, private), m.KeyID.ValueString())
	if previous := m.previous(ctx); previous != nil {
		ids = append(ids, previous.KeyID.ValueString())
	}
	return ids
}

// revokes tells whether the secrets go with the resource.
func (m *clientSecretModel) revokes() bool {
	return m.RevokeOnDestroy.IsNull() || m.RevokeOnDestroy.ValueBool()
}

// ImportState implements resource.ResourceWithImportState.
func (r *clientSecretResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	form := importForm{"client secret", "appreg_client_secret", "<object id of the application>/<key id>"}
	if !r.importPair(ctx, form, "key_id", req, resp) {
		return
	}
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("overlap_days"), int64(defaultOverlapDays))...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("revoke_on_destroy"), true)...)
	resp.Diagnostics.AddWarning("The value of an imported client secret is not known",
		"Microsoft Graph shows a secret's value once, when it is made. What refers to value gets null until the first rotation. "+
			"To have one at a time of your choosing, and keep the imported secret valid meanwhile, write rotation_triggers, apply, and change them; or change display_name.")
}
