package provider

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/appreg/terraform-provider-appreg/internal/directory"
)

// longestFederated is how many characters issuer, subject, audience and description may have.
const longestFederated = 600

// Schema implements resource.Resource.
func (r *federatedCredentialResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	limited := func(more ...validator.String) []validator.String {
		return append([]validator.String{filled(), stringvalidator.UTF8LengthAtMost(longestFederated)}, more...)
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "A federated identity credential of an application: it signs in with a token of another issuer (GitHub Actions, Azure DevOps, Kubernetes, any OpenID Connect issuer) instead of a secret. " +
			"There is nothing to keep, to hand over or to expire.\n\n" +
			"Microsoft Entra ID compares the token's issuer, subject and audience with these letter by letter, capitals included. An application can hold 20, and one for each pair of issuer and subject. " +
			"A new one may take some minutes to be accepted (AADSTS70021, AADSTS700213 until then).",
		Attributes: map[string]schema.Attribute{
			"application_id": schema.StringAttribute{
				Required: true, MarkdownDescription: "The object id of the application. Another one makes a new credential.",
				Validators:    []validator.String{guid("the application's object id (its attribute id)")},
				PlanModifiers: []planmodifier.String{replaceIfOtherGUID()},
			},
			"name": schema.StringAttribute{
				Required: true,
				MarkdownDescription: "The name, unique in the application: 3 to 120 letters, digits, `-` and `_`, the first a letter or a digit. Microsoft Graph can't rename a credential, so another name makes a new one. " +
					"The old one is removed first, because both would be for the same issuer and subject; `create_before_destroy` can't be used with it.",
				Validators:    []validator.String{federatedName()},
				PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()},
			},
			"issuer": schema.StringAttribute{
				Required: true,
				MarkdownDescription: "The issuer's address, exactly as in the token's claim `iss`, with or without a `/` at the end: `https://token.actions.githubusercontent.com` for GitHub Actions, " +
					"the cluster's issuer address for Kubernetes, what the service connection shows for Azure DevOps. Changed in place.",
				Validators: limited(issuerAddress()),
			},
			"subject": schema.StringAttribute{
				Required: true,
				MarkdownDescription: "Whose tokens are accepted, exactly as in the token's claim `sub`: `repo:<owner>/<repository>:ref:refs/heads/<branch>` or `repo:<owner>/<repository>:environment:<name>` for GitHub Actions " +
					"(with numeric ids, `repo:<owner>@<id>/<repository>@<id>:…`, in newer repositories), `system:serviceaccount:<namespace>:<name>` for Kubernetes, what the service connection shows for Azure DevOps. There are no wildcards. Changed in place.",
				Validators: limited(),
			},
			"audience": schema.StringAttribute{
				Optional: true, Computed: true, Default: stringdefault.StaticString(defaultAudience),
				MarkdownDescription: "For whom the tokens are, exactly as in their claim `aud`. The default is `" + defaultAudience + "`. Changed in place.",
				Validators:          limited(),
			},
			"description": schema.StringAttribute{
				Optional: true, MarkdownDescription: "A description of at most 600 characters. Changed in place.",
				Validators: limited(),
			},
			"credential_id": schema.StringAttribute{Computed: true, MarkdownDescription: "The id of the federated credential.", PlanModifiers: keep()},
			"timeouts":      timeoutsAttribute(ctx),
		},
	}
}

// ModifyPlan implements resource.ResourceWithModifyPlan.
func (r *federatedCredentialResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() {
		return
	}
	var plan, state federatedCredentialModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	creating := req.State.Raw.IsNull()
	if !creating {
		resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	if plan.Issuer.Equal(state.Issuer) && plan.Subject.Equal(state.Subject) {
		return
	}
	if !plan.Issuer.IsUnknown() && !plan.Subject.IsUnknown() {
		for _, h := range federatedHints(plan.Issuer.ValueString(), plan.Subject.ValueString()) {
			resp.Diagnostics.AddAttributeWarning(path.Root(h.attribute), "No token will fit this "+h.attribute, h.advice)
		}
	}
	r.warnTaken(ctx, &plan, state.CredentialID.ValueString(), &resp.Diagnostics)
}

// warnTaken looks for what the application holds already. Findings are warnings: a replacement looks like a creation, and
// what stands in the way may be what this plan changes or removes.
func (r *federatedCredentialResource) warnTaken(ctx context.Context, plan *federatedCredentialModel, ownID string, diags *diag.Diagnostics) {
	id := plan.ApplicationID.ValueString()
	if !r.online() || id == "" || r.made.has(id) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, courtesyTimeout)
	defer cancel()
	held, err := r.client.FederatedCredentials(ctx, id)
	if err != nil {
		tflog.Info(ctx, "Skipped the check of the application's federated credentials.", map[string]any{"application_id": id, "reason": err.Error()})
		return
	}
	rival := directory.Rival(held, plan.toDirectory(), ownID)
	switch {
	case rival != nil:
		attribute, what := "name", "this name"
		if rival.Name != plan.Name.ValueString() {
			attribute, what = "subject", "the same issuer and subject"
		}
		diags.AddAttributeWarning(path.Root(attribute), "The application has a federated credential with "+what+" already",
			fmt.Sprintf("It is %q, id %s, for issuer %s and subject %s. Unless this plan replaces, changes or removes it, the apply will fail: import it, or choose another %s.\n\n%s",
				rival.Name, rival.ID, rival.Issuer, rival.Subject, attribute, importBlock("appreg_federated_credential", id+"/"+rival.ID)))
	case ownID == "" && len(held) >= directory.MostFederated:
		names := make([]string, len(held))
		for i, f := range held {
			names[i] = f.Name
		}
		slices.Sort(names)
		diags.AddAttributeWarning(path.Root("application_id"), "The application holds as many federated credentials as it can",
			fmt.Sprintf("It can hold %d, and holds %s. Unless this plan removes one of them first, the apply will fail.", directory.MostFederated, strings.Join(names, ", ")))
	}
}
