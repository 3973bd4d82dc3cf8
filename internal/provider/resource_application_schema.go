package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/boolplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// Schema implements resource.Resource.
func (r *applicationResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	attributes := applicationArguments()
	for name, a := range applicationComputed() {
		attributes[name] = a
	}
	attributes["timeouts"] = timeoutsAttribute(ctx)
	resp.Schema = schema.Schema{
		MarkdownDescription: "Registers an application: what **New registration** does in the portal.\n\n" +
			"An argument that is left out means empty: what someone adds in the portal shows up in the next plan as something to remove. " +
			"What this resource has no argument for (identifier URIs, app roles, optional claims, exposed scopes) is never touched, " +
			"and secrets, permissions and the public client flag have resources of their own. " +
			"Every change is made in place, so that the client id stays; only another `unique_name` registers anew.\n\n" +
			"Unlike the portal, Microsoft Graph does not make the service principal: see `appreg_service_principal`.",
		Attributes: attributes,
	}
}

// IdentitySchema implements resource.ResourceWithIdentity.
func (r *applicationResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = tenantIdentitySchema("application")
}

func applicationArguments() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"display_name": schema.StringAttribute{
			Required:            true,
			MarkdownDescription: "The name that users see when they sign in and consent. At most 120 characters, 90 where personal accounts may sign in. Names need not be unique; a plan warns when another application has it.",
			Validators:          []validator.String{filled()},
		},
		"sign_in_audience": schema.StringAttribute{
			Optional: true, Computed: true, Default: stringdefault.StaticString(audienceMyOrg),
			MarkdownDescription: "Who can sign in (the portal's supported account types): `AzureADMyOrg` (this tenant; the default), `AzureADMultipleOrgs` (any tenant), " +
				"`AzureADandPersonalMicrosoftAccount` (any tenant and personal accounts), `PersonalMicrosoftAccount` (personal accounts only). " +
				"Changed in place. Applications for personal accounts have narrower limits, such as two client secrets, and do not exist in national clouds.",
			Validators: []validator.String{stringvalidator.OneOf(audienceMyOrg, audienceMultipleOrgs, audienceAndPersonal, audiencePersonal)},
		},
		"description": schema.StringAttribute{
			Optional:            true,
			MarkdownDescription: "What the application is for, in at most 1,024 characters. Users can see it.",
			Validators:          []validator.String{filled(), stringvalidator.UTF8LengthAtMost(1024)},
		},
		"notes": schema.StringAttribute{
			Optional:            true,
			MarkdownDescription: "Notes for administrators.",
			Validators:          []validator.String{filled()},
		},
		"service_management_reference": schema.StringAttribute{
			Optional:            true,
			MarkdownDescription: "Where the application is found in your service or asset database.",
			Validators:          []validator.String{filled()},
		},
		"tags": schema.SetAttribute{
			Optional: true, ElementType: types.StringType,
			MarkdownDescription: "Tags of at most 256 characters without blanks. Tags that begin with `appreg:` are the provider's own and are neither shown nor accepted.",
			Validators:          []validator.Set{setvalidator.ValueStringsAre(tag())},
		},
		"redirect_uris": redirectURIsAttribute(),
		"homepage_url": schema.StringAttribute{
			Optional:            true,
			MarkdownDescription: "The application's home page.",
			Validators:          []validator.String{webAddress("https", "http")},
		},
		"logout_url": schema.StringAttribute{
			Optional:            true,
			MarkdownDescription: "The address that is called when a user signs out elsewhere (front-channel logout): https, at most 255 characters.",
			Validators:          []validator.String{webAddress("https"), stringvalidator.UTF8LengthAtMost(255)},
		},
		"implicit_grant": schema.SingleNestedAttribute{
			Optional:            true,
			MarkdownDescription: "The tokens that the authorization endpoint hands out directly, for applications that still use the implicit or hybrid flow. Both are off when left out.",
			Attributes: map[string]schema.Attribute{
				"access_tokens": schema.BoolAttribute{Optional: true, MarkdownDescription: "Whether it hands out access tokens; `false` when left out."},
				"id_tokens":     schema.BoolAttribute{Optional: true, MarkdownDescription: "Whether it hands out ID tokens; `false` when left out."},
			},
		},
		"owners": schema.SetAttribute{
			Optional: true, Computed: true, ElementType: types.StringType,
			MarkdownDescription: "Object ids of users or service principals that are made owners, at most 100. Owners that are not listed stay, and so does the identity that Terraform runs as. Removing one from the list removes it as an owner. After an import it shows the owners that were found, until the configuration lists its own.",
			Validators:          []validator.Set{setvalidator.SizeAtMost(100), setvalidator.ValueStringsAre(guid("the object id of a user or service principal"))},
		},
		"unique_name": schema.StringAttribute{
			Optional:            true,
			MarkdownDescription: "A name of your own that no other application of the tenant can have. It makes an interrupted creation repeatable and can be used to import. It can be set later in place; **another name, once there is one, registers a new application**.",
			Validators:          []validator.String{filled()},
			PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplaceIf(func(_ context.Context, req planmodifier.StringRequest, resp *stringplanmodifier.RequiresReplaceIfFuncResponse) {
				resp.RequiresReplace = !req.StateValue.IsNull()
			}, "A changed name needs a new application.", "A changed name needs a new application.")},
		},
		"adopt_existing": schema.BoolAttribute{
			Optional: true, Computed: true, Default: booldefault.StaticBool(false),
			MarkdownDescription: "Whether to take over the application that holds `unique_name`, restoring it if it was deleted, instead of failing. Credentials that it has stay, and a warning names them. The default is `false`. A change has no effect on an application that exists.",
		},
		"prevent_duplicate_names": schema.BoolAttribute{
			Optional: true, Computed: true, Default: booldefault.StaticBool(false),
			MarkdownDescription: "Whether to fail, right before the application is registered, when another one has the `display_name`. The default is `false`: only a warning at plan.",
		},
		"purge_on_destroy": schema.BoolAttribute{
			Optional: true, Computed: true, Default: booldefault.StaticBool(false),
			MarkdownDescription: "Whether a destroy also removes the application from the deleted items. The default is `false`: it can be restored for 30 days, during which its `unique_name` stays reserved.",
		},
	}
}

func redirectURIsAttribute() schema.Attribute {
	uris := func(description string) schema.Attribute {
		return schema.SetAttribute{Optional: true, ElementType: types.StringType, MarkdownDescription: description}
	}
	return schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: "Addresses to which sign-in may return, by platform: at most 256 in all (100 where personal accounts may sign in), each of at most 256 characters, " +
			"without fragment and without the characters `! $ ' ( ) , ;`. An address can be under one platform only.",
		Attributes: map[string]schema.Attribute{
			platformWeb:    uris("Web applications, which have a secret: `https://…`, or `http://localhost`."),
			platformSPA:    uris("Single-page applications: `https://…`, or `http://localhost`."),
			platformPublic: uris("Mobile and desktop applications: `https://…` (such as `https://login.microsoftonline.com/common/oauth2/nativeclient`), `http://localhost`, or a scheme of their own (`msauth://…`)."),
		},
	}
}

func applicationComputed() map[string]schema.Attribute {
	fixed := func(description string) schema.Attribute {
		return schema.StringAttribute{Computed: true, MarkdownDescription: description, PlanModifiers: keep()}
	}
	derived := func(description string) schema.Attribute {
		return schema.StringAttribute{Computed: true, MarkdownDescription: description}
	}
	return map[string]schema.Attribute{
		"id":               fixed("The object id, by which other resources refer to the application (`application_id`)."),
		"client_id":        fixed("The application (client) id, which is handed to the product."),
		"tenant_id":        fixed("The directory (tenant) id, always as a GUID."),
		"publisher_domain": fixed("The domain that consent pages show as the publisher's."),
		"created_at":       fixed("When the application was registered (RFC 3339, UTC)."),
		"adopted": schema.BoolAttribute{
			Computed: true, MarkdownDescription: "Whether the application existed before and was taken over.",
			PlanModifiers: []planmodifier.Bool{boolplanmodifier.UseStateForUnknown()},
		},
		"authorize_url":     derived("The authorization endpoint (OAuth 2.0) at which this audience signs in."),
		"token_url":         derived("The token endpoint (OAuth 2.0) at which this audience's tokens are issued."),
		"admin_consent_url": derived("The page at which an administrator consents to the configured permissions and is then sent to the first redirect URI; null without one, and for personal accounts only."),
		"portal_url":        derived("The application's page in the portal; null in a cloud whose portal is not known."),
	}
}
