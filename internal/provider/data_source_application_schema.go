package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/datasource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// Schema implements datasource.DataSource.
func (d *applicationDataSource) Schema(ctx context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	key := func(description string, v ...validator.String) schema.Attribute {
		return schema.StringAttribute{Optional: true, Computed: true, MarkdownDescription: description, Validators: v}
	}
	// On one of them alone: it judges all, and would otherwise report once for each.
	exactlyOne := stringvalidator.ExactlyOneOf(path.MatchRoot("id"), path.MatchRoot("client_id"), path.MatchRoot("unique_name"), path.MatchRoot("display_name"))
	attributes := map[string]schema.Attribute{
		"id":           key("The object id.", guid("the application's object id"), exactlyOne),
		"client_id":    key("The application (client) id.", guid("the application's client id")),
		"unique_name":  key("The name that no other application of the tenant has.", filled()),
		"display_name": key("The name that users see. As an argument it must be the name of one application only.", filled()),
		"timeouts":     readTimeoutsAttribute(ctx),
	}
	for name, a := range applicationResults() {
		attributes[name] = a
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "An application of this tenant, looked up by exactly one of `id`, `client_id`, `unique_name` and `display_name`. Its credentials are listed without their values.",
		Attributes:          attributes,
	}
}

func applicationResults() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"tenant_id":                    result("The directory (tenant) id, always as a GUID."),
		"sign_in_audience":             result("Who can sign in."),
		"description":                  result("What the application is for."),
		"notes":                        result("Notes for administrators."),
		"service_management_reference": result("Where the application is found in a service or asset database."),
		"tags":                         resultSet("Its tags."),
		"redirect_uris": schema.SingleNestedAttribute{
			Computed: true, MarkdownDescription: "The addresses to which sign-in may return, by platform.",
			Attributes: map[string]schema.Attribute{
				platformWeb:    resultSet("Web applications."),
				platformSPA:    resultSet("Single-page applications."),
				platformPublic: resultSet("Mobile and desktop applications."),
			},
		},
		"homepage_url": result("The application's home page."),
		"logout_url":   result("The address that is called when a user signs out elsewhere."),
		"implicit_grant": schema.SingleNestedAttribute{
			Computed: true, MarkdownDescription: "The tokens that the authorization endpoint hands out directly.",
			Attributes: map[string]schema.Attribute{
				"access_tokens": schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether it hands out access tokens."},
				"id_tokens":     schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether it hands out ID tokens."},
			},
		},
		"owners":                resultSet("The object ids of all owners."),
		"publisher_domain":      result("The domain that consent pages show as the publisher's."),
		"created_at":            result("When the application was registered (RFC 3339, UTC)."),
		"authorize_url":         result("The authorization endpoint (OAuth 2.0) at which this audience signs in."),
		"token_url":             result("The token endpoint (OAuth 2.0) at which this audience's tokens are issued."),
		"admin_consent_url":     result("The page at which an administrator consents to the configured permissions; null without a redirect URI."),
		"portal_url":            result("The application's page in the portal; null in a cloud whose portal is not known."),
		"public_client_enabled": schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether public client flows are allowed; unset reads as `false`."},
		"delegated_permissions": schema.ListNestedAttribute{
			Computed: true, MarkdownDescription: "The delegated permissions that the application requests, by API.",
			NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
				"api_client_id": result("The client id of the API."),
				"scope_ids":     resultSet("The ids of the permissions."),
			}},
		},
		"secrets":      secretsAttribute(),
		"certificates": certificatesAttribute(),
	}
}

func result(description string) schema.Attribute {
	return schema.StringAttribute{Computed: true, MarkdownDescription: description}
}

func resultSet(description string) schema.Attribute {
	return schema.SetAttribute{Computed: true, ElementType: types.StringType, MarkdownDescription: description}
}

func readTimeoutsAttribute(ctx context.Context) schema.Attribute {
	a := timeouts.AttributesWithOpts(ctx, timeouts.Opts{ReadDescription: "How long the read may take; 5 minutes by default. A duration such as `30s`."})
	if nested, ok := a.(schema.SingleNestedAttribute); ok {
		nested.MarkdownDescription = "How long an operation may take before it is given up."
		return nested
	}
	return a
}
