package provider

import (
	"context"
	"crypto/x509"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/appreg/terraform-provider-appreg/internal/directory"
)

var (
	_ resource.ResourceWithConfigure   = (*certificateResource)(nil)
	_ resource.ResourceWithIdentity    = (*certificateResource)(nil)
	_ resource.ResourceWithImportState = (*certificateResource)(nil)
	_ resource.ResourceWithModifyPlan  = (*certificateResource)(nil)
)

// longestKeyName is how many characters of a certificate's name Graph keeps.
const longestKeyName = 90

type certificateResource struct{ base }

func newCertificateResource() resource.Resource { return &certificateResource{} }

type appCertificateModel struct {
	ApplicationID types.String   `tfsdk:"application_id"`
	DisplayName   types.String   `tfsdk:"display_name"`
	Certificate   types.String   `tfsdk:"certificate"`
	KeyID         types.String   `tfsdk:"key_id"`
	Thumbprint    types.String   `tfsdk:"thumbprint"`
	StartDate     types.String   `tfsdk:"start_date"`
	EndDate       types.String   `tfsdk:"end_date"`
	Timeouts      timeouts.Value `tfsdk:"timeouts"`
}

type certificateIdentity struct {
	ApplicationID types.String `tfsdk:"application_id"`
	KeyID         types.String `tfsdk:"key_id"`
}

func (m *appCertificateModel) identity() certificateIdentity {
	return certificateIdentity{ApplicationID: canonical(m.ApplicationID), KeyID: m.KeyID}
}

func (m *appCertificateModel) action(verb string) action {
	name := m.DisplayName.ValueString()
	for _, other := range []types.String{m.Thumbprint, m.KeyID} {
		if name == "" {
			name = other.ValueString()
		}
	}
	return action{verb: verb, noun: "certificate", name: name, resource: "appreg_certificate", importPrefix: m.ApplicationID.ValueString() + "/", by: "application_id"}
}

// fromCertificate fills in what follows from the certificate itself.
func (m *appCertificateModel) fromCertificate(certificate *x509.Certificate) {
	m.Thumbprint = text(directory.Thumbprint(certificate))
	m.StartDate, m.EndDate = instant(certificate.NotBefore), instant(certificate.NotAfter)
	if m.DisplayName.IsNull() || m.DisplayName.IsUnknown() {
		m.DisplayName = text(subjectOf(certificate))
	}
}

// subjectOf is the name of a certificate that was given none, no longer than Graph keeps.
func subjectOf(certificate *x509.Certificate) string {
	subject := []rune(certificate.Subject.String())
	return string(subject[:min(len(subject), longestKeyName)])
}

// fromDirectory fills in what Graph shows: all but the certificate itself.
func (m *appCertificateModel) fromDirectory(k *directory.Certificate) {
	m.KeyID = text(k.KeyID)
	m.DisplayName = text(k.DisplayName)
	m.StartDate, m.EndDate = instant(k.Start), instant(k.End)
	if m.Thumbprint.IsNull() {
		m.Thumbprint = text(k.Thumbprint)
	}
}

// Metadata implements resource.Resource.
func (r *certificateResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_certificate"
}

// IdentitySchema implements resource.ResourceWithIdentity.
func (r *certificateResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityOf(map[string]string{
		"application_id": "The object id of the application.",
		"key_id":         "The key id of the certificate.",
	})
}

// Create implements resource.Resource. The key id is chosen here, so that a write whose reply was lost can be repeated.
func (r *certificateResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan appCertificateModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := deadline(ctx, &resp.Diagnostics, plan.Timeouts.Create, writeTimeout)
	defer cancel()
	certificate, problem := parseCertificate(plan.Certificate.ValueString())
	if certificate == nil {
		resp.Diagnostics.AddError("Invalid certificate", problem)
		return
	}
	if refuseExpired(&resp.Diagnostics, certificate, r.now()) {
		return
	}
	plan.fromCertificate(certificate)
	made, err := r.client.AddCertificate(ctx, plan.ApplicationID.ValueString(), directory.NewCertificate{
		KeyID: uuid.NewString(), DisplayName: plan.DisplayName.ValueString(), X509: certificate,
	})
	if made == nil {
		plan.action("create").failed(&resp.Diagnostics, err, false)
		return
	}
	plan.KeyID = text(made.KeyID)
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
	resp.Diagnostics.Append(r.rememberNew(ctx, resp.Private, nil, certificateProperties(made))...)
	plan.action("create").failed(&resp.Diagnostics, err, true)
	if twin := made.Twin; twin != nil {
		resp.Diagnostics.AddAttributeWarning(certificatePath, "The application had this certificate already",
			fmt.Sprintf("Its credential %s (%q) is for the same certificate, and may be left over from a run that was cut off. Unless this run replaces it, remove it in the portal, under Certificates & secrets.", twin.KeyID, twin.DisplayName))
	}
}

// Read implements resource.Resource.
func (r *certificateResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state appCertificateModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, state.identity())...)
	if resp.Diagnostics.HasError() || !r.online() {
		return
	}
	ctx, cancel := deadline(ctx, &resp.Diagnostics, state.Timeouts.Read, readTimeout)
	defer cancel()

	applicationID, keyID := state.ApplicationID.ValueString(), state.KeyID.ValueString()
	found, err := directory.ReadSettled(ctx, r.client, recall(ctx, req.Private), func(ctx context.Context) (*directory.Certificate, error) {
		return r.client.Certificate(ctx, applicationID, keyID)
	}, certificateProperties)
	if directory.KindOf(err) == directory.KindNotFound {
		resp.State.RemoveResource(ctx)
		return
	}
	if state.action("read").failed(&resp.Diagnostics, err, found != nil) {
		return
	}
	if state.Certificate.IsNull() && !r.readImported(ctx, &state, found.Usage, resp) {
		return
	}
	state.fromDirectory(found)
	resp.Diagnostics.Append(resp.State.Set(ctx, &state)...)
}

// readImported fetches the certificate of a credential that was imported, which the usual read of an application leaves
// out.
func (r *certificateResource) readImported(ctx context.Context, state *appCertificateModel, usage string, resp *resource.ReadResponse) bool {
	if usage != "Verify" {
		resp.Diagnostics.AddError(state.action("import").title(),
			fmt.Sprintf("Its usage is %s, and appreg_certificate manages certificates for sign-in alone (Verify). Remove the import, and leave this one to whoever made it.", usage))
		return false
	}
	der, err := r.client.CertificateDER(ctx, state.ApplicationID.ValueString(), state.KeyID.ValueString())
	if state.action("read").failed(&resp.Diagnostics, err, false) {
		return false
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		resp.Diagnostics.AddError(state.action("import").title(),
			"Microsoft Graph shows no certificate for this key. It may be a symmetric key, which can't be managed here: remove it from the configuration, and sign in with a certificate or a client secret.")
		return false
	}
	state.Certificate = text(asPEM(certificate))
	state.Thumbprint = text(directory.Thumbprint(certificate))
	return true
}

func certificateProperties(k *directory.Certificate) directory.Properties {
	return directory.Properties{"certificate": k.KeyID}
}

// Update implements resource.Resource. What can be changed in place is only Terraform's to know.
func (r *certificateResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state appCertificateModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, state.identity())...)
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
}

// Delete implements resource.Resource.
func (r *certificateResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state appCertificateModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := deadline(ctx, &resp.Diagnostics, state.Timeouts.Delete, writeTimeout)
	defer cancel()
	r.client.RecallApplication(state.ApplicationID.ValueString(), recall(ctx, req.Private), "certificate/"+strings.ToLower(state.KeyID.ValueString()))
	err := r.client.RemoveCertificate(ctx, state.ApplicationID.ValueString(), state.KeyID.ValueString())
	state.action("delete").failed(&resp.Diagnostics, err, false)
}

// ImportState implements resource.ResourceWithImportState.
func (r *certificateResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	r.importPair(ctx, importForm{"certificate", "appreg_certificate", "<object id of the application>/<key id>"}, "key_id", req, resp)
}
