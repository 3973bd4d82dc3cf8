package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// providerModel is the provider block.
type providerModel struct {
	TenantID                  types.String `tfsdk:"tenant_id"`
	ClientID                  types.String `tfsdk:"client_id"`
	ClientSecret              types.String `tfsdk:"client_secret"`
	ClientSecretFilePath      types.String `tfsdk:"client_secret_file_path"`
	ClientCertificatePath     types.String `tfsdk:"client_certificate_path"`
	ClientCertificatePassword types.String `tfsdk:"client_certificate_password"`
	UseOIDC                   types.Bool   `tfsdk:"use_oidc"`
	OIDCToken                 types.String `tfsdk:"oidc_token"`
	OIDCTokenFilePath         types.String `tfsdk:"oidc_token_file_path"`
	OIDCRequestURL            types.String `tfsdk:"oidc_request_url"`
	OIDCRequestToken          types.String `tfsdk:"oidc_request_token"`
	ADOServiceConnectionID    types.String `tfsdk:"ado_pipeline_service_connection_id"`
	UseMSI                    types.Bool   `tfsdk:"use_msi"`
	UseCLI                    types.Bool   `tfsdk:"use_cli"`
	Environment               types.String `tfsdk:"environment"`
	GraphEndpoint             types.String `tfsdk:"graph_endpoint"`
	AuthorityHost             types.String `tfsdk:"authority_host"`
	CAFile                    types.String `tfsdk:"ca_file"`
	DisableInstanceDiscovery  types.Bool   `tfsdk:"disable_instance_discovery"`
}

// Schema implements provider.Provider.
func (p *appregProvider) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Registers applications with Microsoft Entra ID, so that a product can sign in and read a mailbox: the registration, its secret, its permissions and the consent to them.",
		Attributes: map[string]schema.Attribute{
			"tenant_id": optionalText("tenant_id",
				"The tenant, as GUID or as one of its domains. Required with a certificate, a secret or OIDC; with the Azure CLI it defaults to the CLI's own."),
			"client_id": optionalText("client_id",
				"The application (client) id to sign in as, or that of a user-assigned managed identity."),
			"client_secret": optionalSecret("client_secret",
				"The client secret to sign in with. Excludes `client_secret_file_path`."),
			"client_secret_file_path": optionalText("client_secret_file_path",
				"A file that holds the client secret. White space around it is ignored."),
			"client_certificate_path": optionalText("client_certificate_path",
				"A PFX or PEM file with the certificate to sign in with and its unencrypted (PEM) or password-protected (PFX) RSA key."),
			"client_certificate_password": optionalSecret("client_certificate_password",
				"The password of the PFX file."),
			"use_oidc": optionalFlag("use_oidc",
				"Sign in with a token of another identity provider (workload identity federation). Default `false`. The token comes from the first that is configured: `oidc_token`, `oidc_token_file_path`, `oidc_request_url`."),
			"oidc_token": optionalSecret("oidc_token",
				"The OIDC token itself. It lives for minutes: a long run wants one of the other two sources."),
			"oidc_token_file_path": optionalText("oidc_token_file_path",
				"A file that holds the OIDC token, read anew each time a token is needed."),
			"oidc_request_url": optionalText("oidc_request_url",
				"The address that gives an OIDC token, asked anew each time a token is needed. GitHub Actions and Azure DevOps set it for you."),
			"oidc_request_token": optionalSecret("oidc_request_token",
				"The token that `oidc_request_url` wants to see."),
			"ado_pipeline_service_connection_id": optionalText("ado_pipeline_service_connection_id",
				"The id of the Azure DevOps service connection to sign in through. With it, `oidc_request_url` is asked as Azure DevOps wants it."),
			"use_msi": optionalFlag("use_msi",
				"Sign in as the managed identity of the machine that Terraform runs on. Default `false`."),
			"use_cli": optionalFlag("use_cli",
				"Sign in as whoever is signed in to the Azure CLI, when nothing else is configured. Default `true`."),
			"environment": optionalText("environment", fmt.Sprintf(
				"The cloud: %s. Default `%s`.", cloudNames(), defaultCloud)),
			"graph_endpoint": optionalText("graph_endpoint",
				"Another address of Microsoft Graph: an `https` origin without a path. Tokens are asked for `<graph_endpoint>/.default` and sent nowhere else."),
			"authority_host": optionalText("authority_host",
				"Another address of the sign-in endpoints: an `https` origin without a path."),
			"ca_file": optionalText("ca_file",
				"A PEM file with further root certificates to trust, beside those of the operating system. Verification can't be turned off."),
			"disable_instance_discovery": optionalFlag("disable_instance_discovery",
				"Don't ask Microsoft whether the authority is one of its own. For an `authority_host` that is not Microsoft's. Default `false`."),
		},
	}
}

func optionalText(name, description string) schema.StringAttribute {
	return schema.StringAttribute{Optional: true, MarkdownDescription: withVariables(name, description)}
}

func optionalSecret(name, description string) schema.StringAttribute {
	a := optionalText(name, description)
	a.Sensitive = true
	return a
}

func optionalFlag(name, description string) schema.BoolAttribute {
	return schema.BoolAttribute{Optional: true, MarkdownDescription: withVariables(name, description)}
}
