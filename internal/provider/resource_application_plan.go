package provider

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/appreg/terraform-provider-appreg/internal/directory"
)

// ValidateConfig implements resource.ResourceWithValidateConfig: the rules that depend on the audience.
func (r *applicationResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var config applicationModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if config.AdoptExisting.ValueBool() && config.UniqueName.IsNull() {
		resp.Diagnostics.AddAttributeError(path.Root("adopt_existing"), "Missing unique_name",
			"adopt_existing takes over the application that holds a unique_name. Set unique_name, or import the application instead.")
	}
	if config.SignInAudience.IsUnknown() {
		return
	}
	audience := config.SignInAudience.ValueString()
	if config.SignInAudience.IsNull() {
		audience = audienceMyOrg
	}
	limit := 120
	if personal(audience) {
		limit = 90
	}
	if n := len([]rune(config.DisplayName.ValueString())); n > limit {
		resp.Diagnostics.AddAttributeError(path.Root("display_name"), "Display name too long",
			fmt.Sprintf("It has %d characters; an application with sign_in_audience %s can have %d.", n, audience, limit))
	}
	resp.Diagnostics.Append(checkRedirectURIs(ctx, config.RedirectURIs, audience)...)
}

// ModifyPlan implements resource.ResourceWithModifyPlan.
func (r *applicationResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() {
		return
	}
	var plan, config, state applicationModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if !req.State.Raw.IsNull() {
		resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	imported := flag(ctx, req.Private, importedKey)
	if config.Owners.IsNull() {
		// None are ours, but for what an import found: that is shown and left alone.
		plan.Owners = types.SetNull(types.StringType)
		if imported {
			plan.Owners = state.Owners
		}
		resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("owners"), plan.Owners)...)
	}
	if !r.online() {
		return
	}
	if personal(plan.SignInAudience.ValueString()) && !r.personalAccounts {
		resp.Diagnostics.AddAttributeError(path.Root("sign_in_audience"), "Personal accounts in a national cloud",
			"Personal Microsoft accounts exist in the public cloud only. Choose AzureADMyOrg or AzureADMultipleOrgs.")
		return
	}
	if !req.State.Raw.IsNull() {
		resp.Diagnostics.Append(r.planURLs(ctx, &plan, resp)...)
		if imported {
			warnForeignOwners(&plan, &state, &resp.Diagnostics)
		}
	}
	own := state.ID.ValueString()
	if req.State.Raw.IsNull() && plan.AdoptExisting.ValueBool() && plan.UniqueName.ValueString() != "" {
		own = r.warnTakenOver(ctx, &plan, &resp.Diagnostics)
	}
	made := recall(ctx, req.Private)
	switch {
	case plan.DisplayName.IsUnknown():
	case !plan.DisplayName.Equal(state.DisplayName):
		r.warnNameTaken(ctx, &plan, own, false, &resp.Diagnostics)
	case made.Created && r.client.ListsLag(made) && plan.UniqueName.ValueString() == "":
		// When it was planned, lists may not have shown yet what a run before had made and not recorded.
		r.warnNameTaken(ctx, &plan, own, true, &resp.Diagnostics)
	}
}

// planURLs shows the addresses that an update leads to.
func (r *applicationResource) planURLs(ctx context.Context, plan *applicationModel, resp *resource.ModifyPlanResponse) diag.Diagnostics {
	var diags diag.Diagnostics
	if !known(ctx, plan.SignInAudience) || !known(ctx, plan.RedirectURIs) || !known(ctx, plan.ClientID) || !known(ctx, plan.TenantID) {
		return diags
	}
	plan.setURLs(ctx, r.session)
	diags.Append(resp.Plan.SetAttribute(ctx, path.Root("authorize_url"), plan.AuthorizeURL)...)
	diags.Append(resp.Plan.SetAttribute(ctx, path.Root("token_url"), plan.TokenURL)...)
	diags.Append(resp.Plan.SetAttribute(ctx, path.Root("admin_consent_url"), plan.AdminConsentURL)...)
	diags.Append(resp.Plan.SetAttribute(ctx, path.Root("portal_url"), plan.PortalURL)...)
	return diags
}

// warnForeignOwners says that owners which an import found are not removed.
func warnForeignOwners(plan, state *applicationModel, diags *diag.Diagnostics) {
	dropped := minusFold(texts(state.Owners), texts(plan.Owners))
	if len(dropped) == 0 || plan.Owners.IsUnknown() {
		return
	}
	diags.AddAttributeWarning(path.Root("owners"), "Imported owners stay owners",
		"The import found owners that the configuration does not list. They stay owners, and Terraform no longer tracks them:\n\n"+bullets(dropped))
}

// known reports whether everything that is written to an application is decided.
func (m *applicationModel) known(ctx context.Context) bool {
	for _, v := range []attr.Value{
		m.DisplayName, m.SignInAudience, m.Description, m.Notes, m.ServiceManagementReference, m.Tags, m.RedirectURIs, m.HomepageURL, m.LogoutURL, m.ImplicitGrant,
	} {
		if !known(ctx, v) {
			return false
		}
	}
	return true
}

// cutOff says of an application that this provider made, and that is in no state that this process has seen, how that can
// be: a run that was killed between Graph's reply and the state leaves one.
func (r *applicationResource) cutOff(app *directory.Application) string {
	if app.Marker() == "" || r.tracked.has(app.ID) {
		return ""
	}
	return fmt.Sprintf(". This provider made it at %s (tag %s): an earlier run may have been cut off before it could be recorded", instant(app.CreatedAt).ValueString(), app.Marker())
}

// warnNameTaken is a courtesy: it never fails a plan. The other application may be the very one that this plan replaces,
// because a replacement looks like a creation here. Of unrecorded applications alone, it tells those that a run which was
// cut off may have left.
func (r *applicationResource) warnNameTaken(ctx context.Context, plan *applicationModel, own string, unrecorded bool, diags *diag.Diagnostics) {
	ctx, cancel := context.WithTimeout(ctx, courtesyTimeout)
	defer cancel()
	name := plan.DisplayName.ValueString()
	apps, err := r.client.ApplicationsNamed(ctx, name)
	if err != nil {
		tflog.Info(ctx, "Skipped the check whether another application has the display name.", map[string]any{"display_name": name, "reason": err.Error()})
		return
	}
	var others []string
	for _, app := range apps {
		cutOff := r.cutOff(&app)
		if app.ID == own || unrecorded && cutOff == "" {
			continue
		}
		others = append(others, describe(directory.Candidate{ID: app.ID, ClientID: app.ClientID, DisplayName: app.DisplayName})+
			cutOff+"\n\n"+importBlock("appreg_application", app.ID))
	}
	if len(others) == 0 {
		return
	}
	advice := "Names need not be unique, but users and administrators tell applications apart by them. If Terraform should manage the existing one instead, import it:"
	switch {
	case unrecorded:
		advice = "Names need not be unique, but this one may be left over. If nobody uses it, delete it in the portal. If Terraform should manage it, give it a resource block of its own, and import it:"
	case own == "":
		advice = "If it is not the one that this plan replaces: " + advice
	}
	diags.AddAttributeWarning(path.Root("display_name"), fmt.Sprintf("Another application is named %q", name),
		paragraphs(advice, strings.Join(others, "\n\n")))
}
