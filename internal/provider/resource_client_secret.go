package provider

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/appreg/terraform-provider-appreg/internal/directory"
)

var (
	_ resource.ResourceWithConfigure   = (*clientSecretResource)(nil)
	_ resource.ResourceWithIdentity    = (*clientSecretResource)(nil)
	_ resource.ResourceWithImportState = (*clientSecretResource)(nil)
	_ resource.ResourceWithModifyPlan  = (*clientSecretResource)(nil)
)

// defaultValidityDays is what the portal recommends, maxPortalDays the longest that it offers; longestValidityDays bounds
// what is sensible to write.
const (
	defaultValidityDays = 180
	maxPortalDays       = 730
	longestValidityDays = 36500
)

// expiredKey marks in private state that the last refresh found the secret expired.
const expiredKey = "expired"

type clientSecretResource struct{ base }

func newClientSecretResource() resource.Resource { return &clientSecretResource{} }

type clientSecretModel struct {
	ApplicationID types.String   `tfsdk:"application_id"`
	DisplayName   types.String   `tfsdk:"display_name"`
	ValidityDays  types.Int64    `tfsdk:"validity_days"`
	EndDate       types.String   `tfsdk:"end_date"`
	KeyID         types.String   `tfsdk:"key_id"`
	Hint          types.String   `tfsdk:"hint"`
	StartDate     types.String   `tfsdk:"start_date"`
	Value         types.String   `tfsdk:"value"`
	Generation    types.Int64    `tfsdk:"generation"`
	Timeouts      timeouts.Value `tfsdk:"timeouts"`
}

type clientSecretIdentity struct {
	ApplicationID types.String `tfsdk:"application_id"`
	KeyID         types.String `tfsdk:"key_id"`
}

func (m *clientSecretModel) identity() clientSecretIdentity {
	return clientSecretIdentity{ApplicationID: canonical(m.ApplicationID), KeyID: m.KeyID}
}

func (m *clientSecretModel) action(verb string) action {
	name := m.DisplayName.ValueString()
	if name == "" {
		name = m.KeyID.ValueString()
	}
	return action{verb: verb, noun: "client secret", name: name, resource: "appreg_client_secret", importPrefix: m.ApplicationID.ValueString() + "/", by: "application_id"}
}

// create makes the secret, valid until the end that the configuration names or else for a number of days.
func (m *clientSecretModel) create(ctx context.Context, s *session) (*directory.Secret, error) {
	applicationID, name := m.ApplicationID.ValueString(), m.DisplayName.ValueString()
	if named := !m.EndDate.IsNull() && !m.EndDate.IsUnknown(); named {
		end, err := time.Parse(time.RFC3339, m.EndDate.ValueString())
		if err != nil {
			return nil, err
		}
		return s.client.AddSecret(ctx, applicationID, name, end)
	}
	days := m.ValidityDays.ValueInt64()
	if days == 0 {
		days = defaultValidityDays
	}
	return s.client.AddSecretFor(ctx, applicationID, name, time.Duration(days)*24*time.Hour)
}

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

	applicationID := plan.ApplicationID.ValueString()
	secret, err := plan.create(ctx, r.session)
	if secret == nil {
		plan.action("create").failed(&resp.Diagnostics, err, false)
		return
	}
	// The value is shown this once: it goes to the state before anything else can fail.
	plan.fromDirectory(secret)
	plan.Value = text(secret.Value.Reveal())
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
	resp.Diagnostics.Append(r.rememberNew(ctx, resp.Private, nil, secretProperties(secret))...)
	if err == nil {
		err = r.client.SettleSecret(ctx, applicationID, secret.KeyID)
	}
	plan.action("create").failed(&resp.Diagnostics, err, true)
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

	secret, err := directory.ReadSettled(ctx, r.client, recall(ctx, req.Private), func(ctx context.Context) (*directory.Secret, error) {
		return r.findSecret(ctx, state.ApplicationID.ValueString(), state.KeyID.ValueString())
	}, secretProperties)
	if directory.KindOf(err) == directory.KindNotFound {
		resp.State.RemoveResource(ctx)
		return
	}
	if state.action("read").failed(&resp.Diagnostics, err, secret != nil) {
		return
	}
	afterImport := state.StartDate.IsNull()
	state.fromDirectory(secret)
	if days := int64(secret.End.Sub(secret.Start) / (24 * time.Hour)); afterImport && days >= 1 && days <= longestValidityDays {
		state.ValidityDays = types.Int64Value(days)
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &state)...)
	// Decided here and not in the plan: a plan is made twice, and the clock may pass the end in between.
	resp.Diagnostics.Append(setFlag(ctx, resp.Private, expiredKey, !secret.End.After(r.now()))...)
}

// findSecret reads a secret as part of its application, which is how Graph shows it.
func (r *clientSecretResource) findSecret(ctx context.Context, applicationID, keyID string) (*directory.Secret, error) {
	app, err := r.client.Application(ctx, applicationID)
	if err != nil {
		return nil, err
	}
	for i := range app.Secrets {
		if strings.EqualFold(app.Secrets[i].KeyID, keyID) {
			return &app.Secrets[i], nil
		}
	}
	return nil, &directory.Error{Kind: directory.KindNotFound, Op: "read client secret", Object: keyID,
		Message: fmt.Sprintf("the application %s holds no client secret with this key id", applicationID)}
}

func secretProperties(s *directory.Secret) directory.Properties {
	return directory.Properties{"secret": s.KeyID}
}

// Update implements resource.Resource. What can be changed in place is only Terraform's to know.
func (r *clientSecretResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state clientSecretModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, state.identity())...)
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
}

// Delete implements resource.Resource.
func (r *clientSecretResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state clientSecretModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := deadline(ctx, &resp.Diagnostics, state.Timeouts.Delete, writeTimeout)
	defer cancel()
	err := r.client.RemoveSecret(ctx, state.ApplicationID.ValueString(), state.KeyID.ValueString())
	state.action("delete").failed(&resp.Diagnostics, err, false)
}

// ImportState implements resource.ResourceWithImportState.
func (r *clientSecretResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	if !r.require("import client secret", &resp.Diagnostics) {
		return
	}
	id := req.ID
	if id == "" {
		var identity clientSecretIdentity
		resp.Diagnostics.Append(req.Identity.Get(ctx, &identity)...)
		id = identity.ApplicationID.ValueString() + "/" + identity.KeyID.ValueString()
	}
	form := importForm{"client secret", "appreg_client_secret", "<object id of the application>/<key id>"}
	applicationID, keyID, ok := form.pair(&resp.Diagnostics, id)
	if !ok {
		return
	}
	resp.Diagnostics.Append(resp.Identity.Set(ctx, clientSecretIdentity{ApplicationID: text(applicationID), KeyID: text(keyID)})...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("application_id"), applicationID)...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("key_id"), keyID)...)
	resp.Diagnostics.AddWarning("The value of an imported client secret is not known",
		"Microsoft Graph shows a secret's value once, when it is made. What refers to value gets null until this secret is replaced (terraform apply -replace=…).")
}
