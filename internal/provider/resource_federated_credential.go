package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/appreg/terraform-provider-appreg/internal/directory"
)

var (
	_ resource.ResourceWithConfigure   = (*federatedCredentialResource)(nil)
	_ resource.ResourceWithIdentity    = (*federatedCredentialResource)(nil)
	_ resource.ResourceWithImportState = (*federatedCredentialResource)(nil)
	_ resource.ResourceWithModifyPlan  = (*federatedCredentialResource)(nil)
)

// defaultAudience is what Microsoft Entra ID recommends for tokens that are exchanged for its own.
const defaultAudience = "api://AzureADTokenExchange"

type federatedCredentialResource struct{ base }

func newFederatedCredentialResource() resource.Resource { return &federatedCredentialResource{} }

type federatedCredentialModel struct {
	ApplicationID types.String   `tfsdk:"application_id"`
	Name          types.String   `tfsdk:"name"`
	Issuer        types.String   `tfsdk:"issuer"`
	Subject       types.String   `tfsdk:"subject"`
	Audience      types.String   `tfsdk:"audience"`
	Description   types.String   `tfsdk:"description"`
	CredentialID  types.String   `tfsdk:"credential_id"`
	Timeouts      timeouts.Value `tfsdk:"timeouts"`
}

type federatedCredentialIdentity struct {
	ApplicationID types.String `tfsdk:"application_id"`
	CredentialID  types.String `tfsdk:"credential_id"`
}

func (m *federatedCredentialModel) identity() federatedCredentialIdentity {
	return federatedCredentialIdentity{ApplicationID: canonical(m.ApplicationID), CredentialID: m.CredentialID}
}

func (m *federatedCredentialModel) action(verb string) action {
	name := m.Name.ValueString()
	if name == "" {
		name = m.CredentialID.ValueString()
	}
	return action{verb: verb, noun: "federated credential", name: name, resource: "appreg_federated_credential", importPrefix: m.ApplicationID.ValueString() + "/", by: "application_id"}
}

func (m *federatedCredentialModel) toDirectory() directory.FederatedSpec {
	return directory.FederatedSpec{
		Name: m.Name.ValueString(), Issuer: m.Issuer.ValueString(), Subject: m.Subject.ValueString(),
		Audience: m.Audience.ValueString(), Description: m.Description.ValueString(),
	}
}

func (m *federatedCredentialModel) fromDirectory(f *directory.FederatedCredential) {
	m.CredentialID = text(f.ID)
	m.Name, m.Issuer, m.Subject = text(f.Name), text(f.Issuer), text(f.Subject)
	m.Audience, m.Description = text(f.Audience), text(f.Description)
}

// properties are the values of a credential as one property: a replica that lags shows all of them as they were.
func (m *federatedCredentialModel) properties() directory.Properties {
	return (&directory.FederatedCredential{FederatedSpec: m.toDirectory()}).Properties()
}

// Metadata implements resource.Resource.
func (r *federatedCredentialResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_federated_credential"
}

// IdentitySchema implements resource.ResourceWithIdentity.
func (r *federatedCredentialResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityOf(map[string]string{
		"application_id": "The object id of the application.",
		"credential_id":  "The id of the federated credential.",
	})
}

// Create implements resource.Resource.
func (r *federatedCredentialResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan federatedCredentialModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := deadline(ctx, &resp.Diagnostics, plan.Timeouts.Create, writeTimeout)
	defer cancel()
	made, err := r.client.CreateFederatedCredential(ctx, plan.ApplicationID.ValueString(), plan.toDirectory())
	if made == nil {
		plan.action("create").failed(&resp.Diagnostics, err, false)
		return
	}
	plan.CredentialID = text(made.ID)
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
	resp.Diagnostics.Append(r.rememberNew(ctx, resp.Private, nil, plan.properties())...)
	plan.action("create").failed(&resp.Diagnostics, err, true)
}

// Read implements resource.Resource.
func (r *federatedCredentialResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state federatedCredentialModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, state.identity())...)
	if resp.Diagnostics.HasError() || !r.online() {
		return
	}
	ctx, cancel := deadline(ctx, &resp.Diagnostics, state.Timeouts.Read, readTimeout)
	defer cancel()

	found, err := directory.ReadSettled(ctx, r.client, recall(ctx, req.Private), func(ctx context.Context) (*directory.FederatedCredential, error) {
		return r.client.FederatedCredential(ctx, state.ApplicationID.ValueString(), state.CredentialID.ValueString())
	}, (*directory.FederatedCredential).Properties)
	if directory.KindOf(err) == directory.KindNotFound {
		resp.State.RemoveResource(ctx)
		return
	}
	if state.action("read").failed(&resp.Diagnostics, err, found != nil) {
		return
	}
	state.fromDirectory(found)
	resp.Diagnostics.Append(resp.State.Set(ctx, &state)...)
}

// Update implements resource.Resource.
func (r *federatedCredentialResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state federatedCredentialModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, state.identity())...)
	if resp.Diagnostics.HasError() {
		return
	}
	if plan.toDirectory() == state.toDirectory() { // another spelling of the application's id, or other timeouts
		resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
		return
	}
	ctx, cancel := deadline(ctx, &resp.Diagnostics, plan.Timeouts.Update, writeTimeout)
	defer cancel()
	r.client.RecallFederatedCredential(state.ApplicationID.ValueString(), state.CredentialID.ValueString(), recall(ctx, req.Private))
	changed, err := r.client.UpdateFederatedCredential(ctx, plan.ApplicationID.ValueString(), state.CredentialID.ValueString(), state.toDirectory(), plan.toDirectory())
	if plan.action("update").failed(&resp.Diagnostics, err, changed != nil) {
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
	resp.Diagnostics.Append(r.remember(ctx, resp.Private, state.properties(), plan.properties())...)
}

// Delete implements resource.Resource.
func (r *federatedCredentialResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state federatedCredentialModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := deadline(ctx, &resp.Diagnostics, state.Timeouts.Delete, writeTimeout)
	defer cancel()
	r.client.RecallFederatedCredential(state.ApplicationID.ValueString(), state.CredentialID.ValueString(), recall(ctx, req.Private))
	err := r.client.DeleteFederatedCredential(ctx, state.ApplicationID.ValueString(), state.CredentialID.ValueString())
	state.action("delete").failed(&resp.Diagnostics, err, false)
}

// ImportState implements resource.ResourceWithImportState.
func (r *federatedCredentialResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	form := importForm{"federated credential", "appreg_federated_credential", "<object id of the application>/<id of the credential>"}
	r.importPair(ctx, form, "credential_id", req, resp)
}
