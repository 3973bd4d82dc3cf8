package provider

import (
	"context"
	"crypto/x509"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/appreg/terraform-provider-appreg/internal/directory"
)

var certificatePath = path.Root("certificate")

// Schema implements resource.Resource.
func (r *certificateResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "A certificate with which an application signs in instead of a client secret: what **Upload certificate** does in the portal. " +
			"Terraform handles its public part alone; the private key stays where the program is, and nothing in the state is secret.\n\n" +
			"Another certificate makes a new credential and removes the old one. With `create_before_destroy` the new one is there first, and what refers to it in the same configuration is updated before the old one goes, so that sign-in works at every moment. " +
			"A host that Terraform does not manage needs both for a while: add a block for the next certificate, give the host its private key, and then remove the block of the old one. " +
			"Microsoft Graph can only write all certificates of an application at once: those of others are sent back as they were.",
		Attributes: map[string]schema.Attribute{
			"application_id": schema.StringAttribute{
				Required: true, MarkdownDescription: "The object id of the application. Another one makes a new credential.",
				Validators:    []validator.String{guid("the application's object id (its attribute id)")},
				PlanModifiers: []planmodifier.String{replaceIfOtherGUID()},
			},
			"display_name": schema.StringAttribute{
				Optional: true, Computed: true,
				MarkdownDescription: "The description in the portal, at most 90 characters. Left out, it is the certificate's subject, and that of an existing credential stays. Another one makes a new credential.",
				Validators:          []validator.String{filled(), stringvalidator.UTF8LengthAtMost(longestKeyName)},
				PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown(), stringplanmodifier.RequiresReplace()},
			},
			"certificate": schema.StringAttribute{
				Required: true,
				MarkdownDescription: "The certificate: PEM (`file(\"certificate.pem\")`) or DER in base64 (`filebase64(\"certificate.cer\")`), one, without its private key and without those that issued it. " +
					"Sign-in needs an RSA key, of 2048 bits or more. Another certificate makes a new credential; another spelling of the same one changes nothing.",
				Validators:    []validator.String{certificateText()},
				PlanModifiers: []planmodifier.String{otherCertificate{}},
			},
			"key_id":     schema.StringAttribute{Computed: true, MarkdownDescription: "The key id of the credential.", PlanModifiers: keep()},
			"thumbprint": schema.StringAttribute{Computed: true, MarkdownDescription: "The certificate's SHA-1 in hexadecimal digits, by which the portal and client libraries name it.", PlanModifiers: keep()},
			"start_date": schema.StringAttribute{Computed: true, MarkdownDescription: "From when the certificate is valid (RFC 3339, UTC).", PlanModifiers: keep()},
			"end_date":   schema.StringAttribute{Computed: true, MarkdownDescription: "Until when the certificate is valid (RFC 3339, UTC). Sign-in is refused from then on.", PlanModifiers: keep()},
			"timeouts":   timeoutsAttribute(ctx),
		},
	}
}

// ModifyPlan implements resource.ResourceWithModifyPlan.
func (r *certificateResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() {
		return
	}
	var plan, state appCertificateModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	creating := req.State.Raw.IsNull()
	if !creating {
		resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	if plan.Certificate.Equal(state.Certificate) {
		if r.session != nil && passed(state.EndDate, r.now()) {
			resp.Diagnostics.AddAttributeWarning(certificatePath, "Certificate has expired",
				fmt.Sprintf("It was valid until %s, and sign-in with it is refused. Put the next certificate into the configuration.", state.EndDate.ValueString()))
		}
		return
	}
	certificate, _ := parseCertificate(plan.Certificate.ValueString())
	if certificate == nil {
		return // unknown: the validator has judged what is known
	}
	r.judge(ctx, &plan, certificate, &resp.Diagnostics)
	if creating { // another spelling of the same certificate makes no credential
		wanted := directory.NewCredential{Kind: directory.CertificateCredential, Start: certificate.NotBefore, End: certificate.NotAfter}
		r.checkPolicy(ctx, plan.action("create"), certificatePath, plan.ApplicationID, wanted, true, &resp.Diagnostics)
	}
	if creating && !resp.Diagnostics.HasError() {
		named := plan.DisplayName
		plan.fromCertificate(certificate)
		var config appCertificateModel
		resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
		if config.DisplayName.IsUnknown() {
			plan.DisplayName = named
		}
		resp.Diagnostics.Append(resp.Plan.Set(ctx, &plan)...)
	}
}

// judge looks at a certificate that is about to be registered. The clock is asked for findings only, never for a planned
// value, and a destroy never comes here.
func (r *certificateResource) judge(ctx context.Context, plan *appCertificateModel, certificate *x509.Certificate, diags *diag.Diagnostics) {
	if problem := weakness(certificate); problem != "" {
		diags.AddAttributeWarning(certificatePath, "Certificate that is too weak", problem)
	}
	if r.session == nil {
		return
	}
	if refuseExpired(diags, certificate, r.now()) {
		return
	}
	if certificate.NotBefore.After(r.now()) {
		diags.AddAttributeWarning(certificatePath, "Certificate that is not valid yet",
			fmt.Sprintf("It is valid from %s on. Until then sign-in needs another credential: keep the one in use until that moment.", instant(certificate.NotBefore).ValueString()))
	}
	r.warnHeld(ctx, plan, certificate, diags)
}

// refuseExpired judges the end of a new certificate.
func refuseExpired(diags *diag.Diagnostics, certificate *x509.Certificate, now time.Time) bool {
	if certificate.NotAfter.After(now) {
		return false
	}
	diags.AddAttributeError(certificatePath, "Unable to create certificate that has expired already",
		fmt.Sprintf("The certificate was valid until %s. Have a new one issued, and put that into the configuration.", instant(certificate.NotAfter).ValueString()))
	return true
}

// warnHeld says that the application has this certificate already. It is a warning, because a replacement looks like a
// creation, too.
func (r *certificateResource) warnHeld(ctx context.Context, plan *appCertificateModel, certificate *x509.Certificate, diags *diag.Diagnostics) {
	id := plan.ApplicationID.ValueString()
	if !r.online() || id == "" || r.made.has(id) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, courtesyTimeout)
	defer cancel()
	app, err := r.client.Application(ctx, id)
	if err != nil {
		tflog.Info(ctx, "Skipped the check whether the application holds this certificate already.", map[string]any{"application_id": id, "reason": err.Error()})
		return
	}
	thumbprint := directory.Thumbprint(certificate)
	for _, held := range app.Certificates {
		if held.Thumbprint == thumbprint {
			diags.AddAttributeWarning(certificatePath, "The application has this certificate already",
				fmt.Sprintf("Its credential %s (%q) is for the same certificate. Unless this plan replaces that one, import it instead of adding it again:\n\n%s",
					held.KeyID, held.DisplayName, importBlock("appreg_certificate", id+"/"+held.KeyID)))
			return
		}
	}
}
