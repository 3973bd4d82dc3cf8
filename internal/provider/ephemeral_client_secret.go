package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

var (
	_ ephemeral.EphemeralResourceWithConfigure = (*ephemeralClientSecret)(nil)
	_ ephemeral.EphemeralResourceWithClose     = (*ephemeralClientSecret)(nil)
)

// How long a secret for one run is valid when the configuration doesn't say, and at most.
const (
	defaultValidityMinutes = 60
	longestValidityMinutes = 24 * 60
)

// ephemeralNoun is what messages call it.
const ephemeralNoun = "ephemeral client secret"

// openedKey is where an open secret's private data keeps what Close has to remove.
const openedKey = "opened"

// ephemeralClientSecret is a secret for one run. Renewal is no part of it: neither a secret's end nor the value that was
// handed out can be changed, so the validity has to cover the run.
type ephemeralClientSecret struct{ *session }

func newEphemeralClientSecret() ephemeral.EphemeralResource { return &ephemeralClientSecret{} }

type ephemeralClientSecretModel struct {
	ApplicationID   types.String `tfsdk:"application_id"`
	DisplayName     types.String `tfsdk:"display_name"`
	ValidityMinutes types.Int64  `tfsdk:"validity_minutes"`
	ClientID        types.String `tfsdk:"client_id"`
	KeyID           types.String `tfsdk:"key_id"`
	Value           types.String `tfsdk:"value"`
	EndDate         types.String `tfsdk:"end_date"`
}

// opened is what Close has to know. It holds no secret.
type opened struct {
	ApplicationID string    `json:"application_id"`
	KeyID         string    `json:"key_id"`
	End           time.Time `json:"end"`
}

// Configure implements ephemeral.EphemeralResourceWithConfigure.
func (e *ephemeralClientSecret) Configure(_ context.Context, req ephemeral.ConfigureRequest, resp *ephemeral.ConfigureResponse) {
	e.session = sessionFrom(req.ProviderData, &resp.Diagnostics)
}

// Metadata implements ephemeral.EphemeralResource.
func (e *ephemeralClientSecret) Metadata(_ context.Context, req ephemeral.MetadataRequest, resp *ephemeral.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_client_secret"
}

// Schema implements ephemeral.EphemeralResource.
func (e *ephemeralClientSecret) Schema(_ context.Context, _ ephemeral.SchemaRequest, resp *ephemeral.SchemaResponse) {
	computed := func(description string) schema.Attribute {
		return schema.StringAttribute{Computed: true, MarkdownDescription: description}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "A client secret for one run of Terraform (1.10 or newer): made when it is needed, removed at the end of the run, also when that fails or is interrupted (Terraform then ends the provider without closing what is open, and the provider has two seconds for it), and never in a plan or in the state. " +
			"Should Terraform be killed before it can remove the secret, its own short validity ends it.\n\n" +
			"Every plan and every apply makes one of its own, whether anything changes or not: three requests to open it and one to close it. An application for personal Microsoft accounts can hold two secrets at a time, and this is one of them. " +
			"While `application_id` is not known yet, the plan makes none. " +
			"Microsoft Entra ID may refuse a new secret for some minutes (AADSTS7000215): let what signs in with it try again.",
		Attributes: map[string]schema.Attribute{
			"application_id": schema.StringAttribute{
				Required: true, MarkdownDescription: "The object id of the application that the secret is made for.",
				Validators: []validator.String{guid("the application's object id (its attribute id)")},
			},
			"display_name": schema.StringAttribute{
				Optional: true, MarkdownDescription: "The description in the portal, for who looks there during a run; none when left out.",
				Validators: []validator.String{filled()},
			},
			"validity_minutes": schema.Int64Attribute{
				Optional:            true,
				MarkdownDescription: "How long the secret is valid, counted from the moment when it is made: 5 to 1440 minutes, 60 by default. It can't be extended, so write more than the run takes.",
				Validators:          []validator.Int64{int64validator.Between(5, longestValidityMinutes)},
			},
			"client_id": computed("The application's client id."),
			"key_id":    computed("The key id of the secret."),
			"value":     schema.StringAttribute{Computed: true, Sensitive: true, MarkdownDescription: "The secret itself."},
			"end_date":  computed("When it expires by itself (RFC 3339, UTC)."),
		},
	}
}

func (m *ephemeralClientSecretModel) action(verb string) action {
	return action{verb: verb, noun: ephemeralNoun, name: m.DisplayName.ValueString(), by: "application_id"}
}

// Open implements ephemeral.EphemeralResource. From the moment that there is a secret it ends without error, because
// Terraform closes only what was opened.
func (e *ephemeralClientSecret) Open(ctx context.Context, req ephemeral.OpenRequest, resp *ephemeral.OpenResponse) {
	var model ephemeralClientSecretModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() || !e.require("create ephemeral client secret", &resp.Diagnostics) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	id, do := model.ApplicationID.ValueString(), model.action("create")
	app, err := e.client.Application(ctx, id)
	if do.failed(&resp.Diagnostics, err, false) {
		return
	}
	minutes := int64(defaultValidityMinutes)
	if !model.ValidityMinutes.IsNull() {
		minutes = model.ValidityMinutes.ValueInt64()
	}
	// Starts are moved back, by which secrets are told apart; the end gives the whole validity nevertheless.
	secret, err := e.client.AddSecret(ctx, id, model.DisplayName.ValueString(), e.now().Add(time.Duration(minutes)*time.Minute))
	if do.failed(&resp.Diagnostics, err, false) {
		return
	}
	model.ClientID, model.KeyID, model.EndDate = text(app.ClientID), text(secret.KeyID), instant(secret.End)
	model.Value = text(secret.Value.Reveal())
	made := opened{ApplicationID: id, KeyID: secret.KeyID, End: secret.End}
	e.run.opened(secret.KeyID, func(ctx context.Context) error { return e.client.TakeBackSecret(ctx, id, secret.KeyID) })
	kept, err := json.Marshal(made)
	if err == nil {
		resp.Diagnostics.Append(resp.Private.SetKey(ctx, openedKey, kept)...)
		resp.Diagnostics.Append(resp.Result.Set(ctx, &model)...)
	} else {
		resp.Diagnostics.AddError(do.title(), err.Error())
	}
	if resp.Diagnostics.HasError() {
		e.remove(context.WithoutCancel(ctx), made, &resp.Diagnostics)
		return
	}
	_, err = e.client.SettleSecret(ctx, id, secret.KeyID)
	do.waited(&resp.Diagnostics, err)
}

// Close implements ephemeral.EphemeralResourceWithClose.
func (e *ephemeralClientSecret) Close(ctx context.Context, req ephemeral.CloseRequest, resp *ephemeral.CloseResponse) {
	kept, diags := req.Private.GetKey(ctx, openedKey)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() || len(kept) == 0 || !e.require("remove ephemeral client secret", &resp.Diagnostics) {
		return
	}
	var made opened
	if err := json.Unmarshal(kept, &made); err != nil {
		resp.Diagnostics.AddError("Unable to remove ephemeral client secret", "What is kept of it can't be read: "+err.Error())
		return
	}
	e.remove(ctx, made, &resp.Diagnostics)
}

// remove takes a secret back; an absent one is no error.
func (e *ephemeralClientSecret) remove(ctx context.Context, made opened, diags *diag.Diagnostics) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	err := e.client.TakeBackSecret(ctx, made.ApplicationID, made.KeyID)
	if err == nil {
		e.run.forget(made.KeyID)
		return
	}
	do := action{verb: "remove", noun: ephemeralNoun, name: made.KeyID}
	diags.AddError(do.title(), paragraphs(do.detail(err), fmt.Sprintf("It stays valid until %s. To end it earlier, remove it from the application %s in the portal.",
		made.End.Format(time.RFC3339), made.ApplicationID)))
}

// waited reports a wait for what exists already: no failure of it is an error.
func (a action) waited(diags *diag.Diagnostics, err error) {
	if err != nil {
		diags.AddWarning(fmt.Sprintf("The directory is slow to show the %s", a.noun), a.detail(err))
	}
}
