package provider

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/appreg/terraform-provider-appreg/internal/secret"
)

// variables gives the environment variables behind each argument, in order of precedence.
func variables() map[string][]string {
	return map[string][]string{
		"tenant_id":                   {"ARM_TENANT_ID", "AZURE_TENANT_ID"},
		"client_id":                   {"ARM_CLIENT_ID", "AZURE_CLIENT_ID"},
		"client_secret":               {"ARM_CLIENT_SECRET", "AZURE_CLIENT_SECRET"},
		"client_secret_file_path":     {"ARM_CLIENT_SECRET_FILE_PATH"},
		"client_certificate_path":     {"ARM_CLIENT_CERTIFICATE_PATH", "AZURE_CLIENT_CERTIFICATE_PATH"},
		"client_certificate_password": {"ARM_CLIENT_CERTIFICATE_PASSWORD", "AZURE_CLIENT_CERTIFICATE_PASSWORD"},
		"use_oidc":                    {"ARM_USE_OIDC"},
		"oidc_token":                  {"ARM_OIDC_TOKEN"},
		"oidc_token_file_path":        {"ARM_OIDC_TOKEN_FILE_PATH", "AZURE_FEDERATED_TOKEN_FILE"},
		"oidc_request_url":            {"ARM_OIDC_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_URL", "SYSTEM_OIDCREQUESTURI"},
		"oidc_request_token":          {"ARM_OIDC_REQUEST_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "SYSTEM_ACCESSTOKEN"},
		"ado_pipeline_service_connection_id": {
			"ARM_ADO_PIPELINE_SERVICE_CONNECTION_ID", "ARM_OIDC_AZURE_SERVICE_CONNECTION_ID",
		},
		"use_msi":                    {"ARM_USE_MSI"},
		"use_cli":                    {"ARM_USE_CLI"},
		"environment":                {"ARM_ENVIRONMENT"},
		"graph_endpoint":             {"APPREG_GRAPH_ENDPOINT"},
		"authority_host":             {"APPREG_AUTHORITY_HOST"},
		"ca_file":                    {"APPREG_CA_FILE"},
		"disable_instance_discovery": {"APPREG_DISABLE_INSTANCE_DISCOVERY"},
	}
}

// named is how a message names an argument: with its environment variables.
func named(argument string) string {
	return fmt.Sprintf("%s (%s)", argument, strings.Join(variables()[argument], ", "))
}

// withVariables is how the documentation does.
func withVariables(argument, description string) string {
	return fmt.Sprintf("%s Environment: `%s`.", description, strings.Join(variables()[argument], "`, `"))
}

// lookup finds the value of an argument: in the configuration, else in the environment. Empty means absent in both.
type lookup struct {
	getenv func(string) string
	diags  *diag.Diagnostics
}

// text gives the value of an argument, "" when it is absent.
func (l lookup) text(argument string, v types.String) string {
	if given(v) {
		return v.ValueString()
	}
	text, _ := l.environment(argument)
	return text
}

// secret is text for what must not print.
func (l lookup) secret(argument string, v types.String) secret.Value {
	return secret.New(l.text(argument, v))
}

// flag gives the value of a boolean argument, and whether anybody set it.
func (l lookup) flag(argument string, v types.Bool) (value, set bool) {
	if !v.IsNull() {
		return v.ValueBool(), true
	}
	text, variable := l.environment(argument)
	if text == "" {
		return false, false
	}
	value, err := strconv.ParseBool(text)
	if err != nil {
		l.reject(argument, fmt.Sprintf("The environment variable %s is %q, and neither true nor false.", variable, text))
	}
	return value, err == nil
}

// environment gives the first variable that is set, and its name.
func (l lookup) environment(argument string) (text, variable string) {
	for _, name := range variables()[argument] {
		if text := l.getenv(name); text != "" {
			return text, name
		}
	}
	return "", ""
}

// reject reports an argument that can't be used.
func (l lookup) reject(argument, reason string) {
	l.diags.AddAttributeError(path.Root(argument), "Unable to configure the provider: "+argument, reason)
}

func given(v types.String) bool { return v.ValueString() != "" }
