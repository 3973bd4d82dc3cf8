package provider

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/appreg/terraform-provider-appreg/internal/directory"
)

var (
	_ resource.ResourceWithConfigure      = (*applicationResource)(nil)
	_ resource.ResourceWithIdentity       = (*applicationResource)(nil)
	_ resource.ResourceWithImportState    = (*applicationResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*applicationResource)(nil)
	_ resource.ResourceWithValidateConfig = (*applicationResource)(nil)
)

// importedKey marks in private state that the owners in state were found by an import and are not ours to remove.
const importedKey = "imported"

// halfMadeKey marks in private state an application whose creation failed half way. What takes its place would find its
// unique name reserved for 30 days, so a deletion purges it.
const halfMadeKey = "half_made"

type applicationResource struct{ base }

func newApplicationResource() resource.Resource { return &applicationResource{} }

type applicationModel struct {
	ID                         types.String   `tfsdk:"id"`
	ClientID                   types.String   `tfsdk:"client_id"`
	TenantID                   types.String   `tfsdk:"tenant_id"`
	DisplayName                types.String   `tfsdk:"display_name"`
	SignInAudience             types.String   `tfsdk:"sign_in_audience"`
	Description                types.String   `tfsdk:"description"`
	Notes                      types.String   `tfsdk:"notes"`
	ServiceManagementReference types.String   `tfsdk:"service_management_reference"`
	Tags                       types.Set      `tfsdk:"tags"`
	RedirectURIs               types.Object   `tfsdk:"redirect_uris"`
	HomepageURL                types.String   `tfsdk:"homepage_url"`
	LogoutURL                  types.String   `tfsdk:"logout_url"`
	ImplicitGrant              types.Object   `tfsdk:"implicit_grant"`
	Owners                     types.Set      `tfsdk:"owners"`
	UniqueName                 types.String   `tfsdk:"unique_name"`
	AdoptExisting              types.Bool     `tfsdk:"adopt_existing"`
	PreventDuplicateNames      types.Bool     `tfsdk:"prevent_duplicate_names"`
	PurgeOnDestroy             types.Bool     `tfsdk:"purge_on_destroy"`
	PublisherDomain            types.String   `tfsdk:"publisher_domain"`
	CreatedAt                  types.String   `tfsdk:"created_at"`
	Adopted                    types.Bool     `tfsdk:"adopted"`
	AuthorizeURL               types.String   `tfsdk:"authorize_url"`
	TokenURL                   types.String   `tfsdk:"token_url"`
	AdminConsentURL            types.String   `tfsdk:"admin_consent_url"`
	PortalURL                  types.String   `tfsdk:"portal_url"`
	Timeouts                   timeouts.Value `tfsdk:"timeouts"`
}

// tenantIdentity is the identity of what has an object id of its own.
type tenantIdentity struct {
	TenantID types.String `tfsdk:"tenant_id"`
	ID       types.String `tfsdk:"id"`
}

type implicitGrantModel struct {
	AccessTokens types.Bool `tfsdk:"access_tokens"`
	IDTokens     types.Bool `tfsdk:"id_tokens"`
}

func implicitGrantType() map[string]attr.Type {
	return map[string]attr.Type{"access_tokens": types.BoolType, "id_tokens": types.BoolType}
}

func (m *applicationModel) identity() tenantIdentity {
	return tenantIdentity{TenantID: m.TenantID, ID: m.ID}
}

func (m *applicationModel) action(verb string) action {
	name := m.DisplayName.ValueString()
	if name == "" {
		name = m.ID.ValueString()
	}
	act := action{verb: verb, noun: "application", name: name, resource: "appreg_application"}
	if len(texts(m.Owners)) > 0 && (verb == "create" || verb == "update") {
		act.by = "owners"
	}
	return act
}

// toDirectory is the configuration in the directory's terms; what is unknown counts as absent.
func (m *applicationModel) toDirectory(ctx context.Context) directory.ApplicationSpec {
	return directory.ApplicationSpec{
		DisplayName:                m.DisplayName.ValueString(),
		SignInAudience:             m.SignInAudience.ValueString(),
		Description:                m.Description.ValueString(),
		Notes:                      m.Notes.ValueString(),
		ServiceManagementReference: m.ServiceManagementReference.ValueString(),
		Tags:                       texts(m.Tags),
		RedirectURIs:               readRedirectURIs(ctx, m.RedirectURIs).toDirectory(),
		HomepageURL:                m.HomepageURL.ValueString(),
		LogoutURL:                  m.LogoutURL.ValueString(),
		ImplicitGrant:              readImplicitGrant(ctx, m.ImplicitGrant),
		UniqueName:                 m.UniqueName.ValueString(),
		Owners:                     texts(m.Owners),
	}
}

// fromDirectory fills in what Graph shows. Owners are apart: only a read of their own shows them.
func (m *applicationModel) fromDirectory(ctx context.Context, s *session, app *directory.Application, tenantID string) {
	m.DisplayName = text(app.DisplayName)
	m.SignInAudience = text(app.SignInAudience)
	m.Description = text(app.Description)
	m.Notes = text(app.Notes)
	m.ServiceManagementReference = text(app.ServiceManagementReference)
	m.Tags = keepSet(m.Tags, app.Tags)
	m.RedirectURIs = redirectURIsFrom(ctx, m.RedirectURIs, app.RedirectURIs)
	m.HomepageURL = text(app.HomepageURL)
	m.LogoutURL = text(app.LogoutURL)
	m.ImplicitGrant = implicitGrantFrom(ctx, m.ImplicitGrant, app.ImplicitGrant)
	m.UniqueName = text(app.UniqueName)
	m.computed(ctx, s, app, tenantID)
}

// computed fills in what no configuration says. After a write the rest of the model is what was written.
func (m *applicationModel) computed(ctx context.Context, s *session, app *directory.Application, tenantID string) {
	m.ID = text(app.ID)
	m.ClientID = text(app.ClientID)
	m.TenantID = text(tenantID)
	m.PublisherDomain = text(app.PublisherDomain)
	m.CreatedAt = instant(app.CreatedAt)
	m.setURLs(ctx, s)
}

// setURLs derives the addresses from the model's audience and ids.
func (m *applicationModel) setURLs(ctx context.Context, s *session) {
	redirects := readRedirectURIs(ctx, m.RedirectURIs).toDirectory()
	audience, tenant, client := m.SignInAudience.ValueString(), m.TenantID.ValueString(), m.ClientID.ValueString()
	m.AuthorizeURL = text(s.authorizeURL(audience, tenant))
	m.TokenURL = text(s.tokenURL(audience, tenant))
	m.AdminConsentURL = text(s.adminConsentURL(audience, tenant, client, redirects))
	m.PortalURL = text(s.applicationPortalURL(client))
}

func readImplicitGrant(ctx context.Context, o types.Object) directory.ImplicitGrant {
	var g implicitGrantModel
	if o.IsNull() || o.IsUnknown() || o.As(ctx, &g, basetypes.ObjectAsOptions{}).HasError() {
		return directory.ImplicitGrant{}
	}
	return directory.ImplicitGrant{AccessTokens: g.AccessTokens.ValueBool(), IDTokens: g.IDTokens.ValueBool()}
}

func implicitGrantFrom(ctx context.Context, prior types.Object, g directory.ImplicitGrant) types.Object {
	if prior.IsNull() && g == (directory.ImplicitGrant{}) {
		return types.ObjectNull(implicitGrantType())
	}
	was := implicitGrantModel{AccessTokens: types.BoolNull(), IDTokens: types.BoolNull()}
	if !prior.IsNull() && !prior.IsUnknown() {
		if prior.As(ctx, &was, basetypes.ObjectAsOptions{}).HasError() {
			was = implicitGrantModel{AccessTokens: types.BoolNull(), IDTokens: types.BoolNull()}
		}
	}
	return types.ObjectValueMust(implicitGrantType(), map[string]attr.Value{
		"access_tokens": keepBool(was.AccessTokens, g.AccessTokens),
		"id_tokens":     keepBool(was.IDTokens, g.IDTokens),
	})
}

// Metadata implements resource.Resource.
func (r *applicationResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_application"
}

// Create implements resource.Resource.
func (r *applicationResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan applicationModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := deadline(ctx, &resp.Diagnostics, plan.Timeouts.Create, writeTimeout)
	defer cancel()
	tenantID, err := r.tenantID(ctx)
	if plan.action("create").failed(&resp.Diagnostics, err, false) {
		return
	}

	app, adopted, err := r.client.CreateApplication(ctx, plan.toDirectory(ctx), directory.CreateOptions{
		Adopt: plan.AdoptExisting.ValueBool(), PreventDuplicateNames: plan.PreventDuplicateNames.ValueBool(),
	})
	if app != nil {
		act := plan.action("create")
		plan.computed(ctx, r.session, app, tenantID)
		plan.Adopted = types.BoolValue(adopted)
		resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
		resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
		resp.Diagnostics.Append(r.rememberNew(ctx, resp.Private, app.Previous, properties(plan.toDirectory(ctx)))...)
		resp.Diagnostics.Append(r.rememberOwners(ctx, resp.Private, nil, texts(plan.Owners))...)
		if adopted {
			r.warnCredentialsKept(ctx, app, &resp.Diagnostics)
		} else {
			r.made.add(app.ID)
		}
		if act.failed(&resp.Diagnostics, err, true) && !adopted {
			resp.Diagnostics.Append(setFlag(ctx, resp.Private, halfMadeKey, true)...)
		}
		return
	}
	plan.action("create").failed(&resp.Diagnostics, err, false)
}

// Read implements resource.Resource.
func (r *applicationResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state applicationModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, state.identity())...)
	if resp.Diagnostics.HasError() || !r.online() {
		return
	}
	r.tracked.add(state.ID.ValueString())
	ctx, cancel := deadline(ctx, &resp.Diagnostics, state.Timeouts.Read, readTimeout)
	defer cancel()

	app, err := directory.ReadSettled(ctx, r.client, recall(ctx, req.Private), func(ctx context.Context) (*directory.Application, error) {
		return r.client.Application(ctx, state.ID.ValueString())
	}, (*directory.Application).Properties)
	if directory.KindOf(err) == directory.KindNotFound {
		r.warnOtherTenant(ctx, &state, &resp.Diagnostics)
		resp.State.RemoveResource(ctx)
		return
	}
	if state.action("read").failed(&resp.Diagnostics, err, app != nil) {
		return
	}
	afterImport := state.ClientID.IsNull()
	state.fromDirectory(ctx, r.session, app, state.TenantID.ValueString())
	r.readOwners(ctx, &state, load[directory.Memory](ctx, req.Private, ownersMemoryKey), afterImport, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, &state)...)
}

// warnOtherTenant explains why an application seems to be gone when the provider was pointed to another tenant.
func (r *applicationResource) warnOtherTenant(ctx context.Context, state *applicationModel, diags *diag.Diagnostics) {
	tenantID, err := r.tenantID(ctx)
	if err != nil || state.TenantID.IsNull() || strings.EqualFold(tenantID, state.TenantID.ValueString()) {
		return
	}
	diags.AddWarning("Application of another tenant",
		"The application "+state.ID.ValueString()+" was registered in the tenant "+state.TenantID.ValueString()+
			", and the provider now works in "+tenantID+", where it does not exist. Applying registers a new one there and leaves the old one alone.")
}

// readOwners keeps the owners that are ours and still there. After an import every owner but the caller counts, so that
// the configuration of an exported application fits; they stay owners when the configuration leaves them out.
func (r *applicationResource) readOwners(ctx context.Context, state *applicationModel, written directory.Memory, afterImport bool, diags *diag.Diagnostics) {
	ours := texts(state.Owners)
	if len(ours) == 0 && !afterImport {
		return
	}
	list, err := directory.ReadSettled(ctx, r.client, written, func(ctx context.Context) (*[]string, error) {
		owners, err := r.client.Owners(ctx, state.ID.ValueString())
		return &owners, err
	}, func(owners *[]string) directory.Properties { return ownerProperties(*owners) })
	if state.action("read the owners of").failed(diags, err, false) {
		return
	}
	owners := *list
	if afterImport {
		caller, err := r.client.CallerID(ctx)
		if state.action("read the owners of").failed(diags, err, false) {
			return
		}
		state.Owners = keepSet(types.SetNull(types.StringType), minusFold(owners, []string{caller}))
		return
	}
	state.Owners = keepSet(state.Owners, minusFold(ours, minusFold(ours, owners)))
}

// Update implements resource.Resource.
func (r *applicationResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state, config applicationModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, state.identity())...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := deadline(ctx, &resp.Diagnostics, plan.Timeouts.Update, writeTimeout)
	defer cancel()

	r.client.RecallApplication(state.ID.ValueString(), recall(ctx, req.Private))
	old, updated := state.toDirectory(ctx), plan.toDirectory(ctx)
	imported := flag(ctx, req.Private, importedKey)
	if imported {
		old.Owners = minusFold(old.Owners, minusFold(old.Owners, updated.Owners))
	}
	app, err := r.client.UpdateApplication(ctx, state.ID.ValueString(), old, updated)
	if plan.action("update").failed(&resp.Diagnostics, err, app != nil) {
		return
	}
	domain := plan.PublisherDomain
	plan.computed(ctx, r.session, app, state.TenantID.ValueString())
	plan.PublisherDomain = kept(domain, plan.PublisherDomain)
	plan.Adopted = state.Adopted
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
	resp.Diagnostics.Append(setFlag(ctx, resp.Private, importedKey, imported && config.Owners.IsNull())...)
	resp.Diagnostics.Append(setFlag(ctx, resp.Private, halfMadeKey, false)...)
	resp.Diagnostics.Append(r.remember(ctx, resp.Private, properties(old), properties(updated))...)
	resp.Diagnostics.Append(r.rememberOwners(ctx, resp.Private, old.Owners, updated.Owners)...)
}

// properties are what a write of spec shows, in the canonical text of reads.
func properties(spec directory.ApplicationSpec) directory.Properties {
	return (&directory.Application{ApplicationSpec: spec}).Properties()
}

// Delete implements resource.Resource.
func (r *applicationResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state applicationModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := deadline(ctx, &resp.Diagnostics, state.Timeouts.Delete, writeTimeout)
	defer cancel()
	r.client.RecallApplication(state.ID.ValueString(), recall(ctx, req.Private))
	purge := state.PurgeOnDestroy.ValueBool() || flag(ctx, req.Private, halfMadeKey)
	err := r.client.DeleteApplication(ctx, state.ID.ValueString(), purge)
	state.action("delete").failed(&resp.Diagnostics, err, false)
}

// ImportState implements resource.ResourceWithImportState.
func (r *applicationResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	if !r.require("import application", &resp.Diagnostics) {
		return
	}
	tenantID, err := r.tenantID(ctx)
	if (action{verb: "import", noun: "application", name: req.ID}).failed(&resp.Diagnostics, err, false) {
		return
	}
	id, ok := r.importedID(ctx, req, tenantID, &resp.Diagnostics)
	if !ok {
		return
	}
	resp.Diagnostics.Append(resp.Identity.Set(ctx, tenantIdentity{TenantID: text(tenantID), ID: text(id)})...)
	for name, value := range map[string]any{
		"id": id, "tenant_id": tenantID, "adopted": false,
		"adopt_existing": false, "prevent_duplicate_names": false, "purge_on_destroy": false,
	} {
		resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root(name), value)...)
	}
	resp.Diagnostics.Append(setFlag(ctx, resp.Private, importedKey, true)...)
}

// importedID finds the object id behind each form of import id.
func (r *applicationResource) importedID(ctx context.Context, req resource.ImportStateRequest, tenantID string, diags *diag.Diagnostics) (string, bool) {
	form := importForm{"application", "appreg_application", "<object id>, client_id:<client id>, or unique_name:<name> (a text)"}
	if req.ID == "" {
		return identityID(ctx, req.Identity, tenantID, form, diags)
	}
	find, value := r.client.ApplicationByClientID, ""
	switch {
	case strings.HasPrefix(req.ID, "client_id:") && isGUID(req.ID[len("client_id:"):]):
		value = strings.ToLower(req.ID[len("client_id:"):])
	case strings.HasPrefix(req.ID, "unique_name:") && len(req.ID) > len("unique_name:"):
		find, value = r.client.ApplicationByUniqueName, req.ID[len("unique_name:"):]
	default:
		return form.single(diags, req.ID)
	}
	app, err := find(ctx, value)
	if (action{verb: "import", noun: "application", name: req.ID}).failed(diags, err, app != nil) {
		return "", false
	}
	return app.ID, true
}
