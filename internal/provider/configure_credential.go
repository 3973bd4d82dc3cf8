package provider

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/appreg/terraform-provider-appreg/internal/credential"
	"github.com/appreg/terraform-provider-appreg/internal/secret"
)

// method gives the first credential that is configured: certificate, secret, OIDC, managed identity, CLI. If it is only
// half configured or fails later, that is the error: there is no falling through to the next.
func (l lookup) method(m providerModel, c credential.Config) credential.Method {
	certificate := l.text("client_certificate_path", m.ClientCertificatePath)
	password := l.secret("client_certificate_password", m.ClientCertificatePassword)
	if certificate == "" && !password.IsZero() {
		l.reject("client_certificate_password", fmt.Sprintf("%s is set without %s.", named("client_certificate_password"), named("client_certificate_path")))
	}
	var clientSecret secret.Value
	if certificate == "" { // else the file that may hold it is none of our business
		clientSecret = l.clientSecret(m)
	}
	useOIDC := l.useOIDC(m)
	useMSI, _ := l.flag("use_msi", m.UseMSI)
	useCLI, cliChosen := l.flag("use_cli", m.UseCLI)
	switch {
	case certificate != "":
		l.needIDs(c, "client_certificate_path")
		return l.certificate(certificate, password)
	case !clientSecret.IsZero():
		l.needIDs(c, "client_secret")
		return credential.ClientSecret(clientSecret.Reveal)
	case useOIDC:
		l.needIDs(c, "use_oidc")
		return credential.Federated{Assertion: l.assertion(m)}
	case useMSI:
		return credential.ManagedIdentity{}
	case cliChosen && !useCLI:
		l.reject("use_cli", fmt.Sprintf("No credential is configured, and %s turns the Azure CLI off. Set %s, %s or %s.",
			named("use_cli"), named("client_secret"), named("client_certificate_path"), named("use_oidc")))
	case !cliChosen && c.ClientID != "":
		l.reject("client_id", fmt.Sprintf("%s is set, but nothing to sign in with. Set %s, %s, %s or %s; or set %s to true to sign in with the Azure CLI nevertheless, which takes no client_id.",
			named("client_id"), named("client_secret"), named("client_certificate_path"), named("use_oidc"), named("use_msi"), named("use_cli")))
	}
	return credential.AzureCLI{}
}

// needIDs reports what a sign-in as an application lacks.
func (l lookup) needIDs(c credential.Config, because string) {
	if c.TenantID == "" {
		l.reject("tenant_id", fmt.Sprintf("%s is set and needs %s as well.", named(because), named("tenant_id")))
	}
	if c.ClientID == "" {
		l.reject("client_id", fmt.Sprintf("%s is set and needs %s as well.", named(because), named("client_id")))
	}
}

// certificate reads the file that the configuration names.
func (l lookup) certificate(file string, password secret.Value) credential.Method {
	data, err := os.ReadFile(file)
	if err != nil {
		l.reject("client_certificate_path", fmt.Sprintf("The file in %s can't be read: %s.", named("client_certificate_path"), err))
		return nil
	}
	certificate, err := credential.ParseCertificate(data, password.Reveal())
	if err != nil {
		l.reject("client_certificate_path", fmt.Sprintf("The file %q in %s, opened with %s, can't be used: %s.",
			file, named("client_certificate_path"), named("client_certificate_password"), err))
	}
	return certificate
}

// clientSecret gives the secret, from the argument or from the file, zero when nobody set either. Arguments come before
// the environment, ARM_ names before AZURE_ names; both at the same level are an error.
func (l lookup) clientSecret(m providerModel) secret.Value {
	inline, file := l.secret("client_secret", m.ClientSecret), l.text("client_secret_file_path", m.ClientSecretFilePath)
	if !inline.IsZero() && file != "" {
		_, variable := l.environment("client_secret")
		switch inlineArgument, fileArgument := given(m.ClientSecret), given(m.ClientSecretFilePath); {
		case inlineArgument != fileArgument:
			if inlineArgument {
				file = ""
			}
		case fileArgument || variable == "ARM_CLIENT_SECRET":
			l.reject("client_secret_file_path", fmt.Sprintf("%s and %s exclude each other.", named("client_secret"), named("client_secret_file_path")))
		}
	}
	if file == "" {
		return inline
	}
	text, err := os.ReadFile(file)
	if err != nil {
		l.reject("client_secret_file_path", fmt.Sprintf("The file in %s can't be read: %s.", named("client_secret_file_path"), err))
		return secret.Value{}
	}
	v := secret.New(strings.TrimSpace(string(text)))
	if v.IsZero() {
		l.reject("client_secret_file_path", fmt.Sprintf("The file %q in %s is empty.", file, named("client_secret_file_path")))
	}
	return v
}

// useOIDC reports whether to sign in with OIDC. An argument that only OIDC takes, with use_oidc left open, is a half-given
// set; a variable is not, because CI systems set them unasked.
func (l lookup) useOIDC(m providerModel) bool {
	use, chosen := l.flag("use_oidc", m.UseOIDC)
	if chosen {
		return use
	}
	only := []struct {
		argument string
		value    types.String
	}{
		{"oidc_token", m.OIDCToken},
		{"oidc_token_file_path", m.OIDCTokenFilePath},
		{"oidc_request_url", m.OIDCRequestURL},
		{"oidc_request_token", m.OIDCRequestToken},
		{"ado_pipeline_service_connection_id", m.ADOServiceConnectionID},
	}
	for _, a := range only {
		if given(a.value) {
			l.reject(a.argument, fmt.Sprintf("%s is set without %s. Set use_oidc to true, or to false to leave it unused.", a.argument, named("use_oidc")))
		}
	}
	return false
}

// assertion gives the first source of an OIDC token that is configured.
func (l lookup) assertion(m providerModel) credential.Assertion {
	token := l.secret("oidc_token", m.OIDCToken)
	file := l.text("oidc_token_file_path", m.OIDCTokenFilePath)
	address := l.text("oidc_request_url", m.OIDCRequestURL)
	requestToken := l.secret("oidc_request_token", m.OIDCRequestToken)
	connection := l.text("ado_pipeline_service_connection_id", m.ADOServiceConnectionID)
	switch {
	case !token.IsZero():
		return credential.AssertionText(token.Reveal)
	case file != "":
		return credential.AssertionFile(file)
	case address == "" && requestToken.IsZero() && connection == "":
		l.reject("use_oidc", fmt.Sprintf("%s is true, but there is no token: set %s, %s, or %s with %s.",
			named("use_oidc"), named("oidc_token"), named("oidc_token_file_path"), named("oidc_request_url"), named("oidc_request_token")))
		return nil
	}
	if address == "" {
		l.reject("oidc_request_url", fmt.Sprintf("%s is needed beside %s and %s.",
			named("oidc_request_url"), named("oidc_request_token"), named("ado_pipeline_service_connection_id")))
	} else {
		l.requestURL(address)
	}
	if requestToken.IsZero() {
		l.reject("oidc_request_token", fmt.Sprintf("%s is needed beside %s.", named("oidc_request_token"), named("oidc_request_url")))
	}
	// Azure DevOps sets this variable in every job, and answers nobody who doesn't name a service connection.
	if connection == "" && address == l.getenv("SYSTEM_OIDCREQUESTURI") && address != "" {
		l.reject("ado_pipeline_service_connection_id", fmt.Sprintf("On Azure DevOps %s is needed beside %s.",
			named("ado_pipeline_service_connection_id"), named("oidc_request_url")))
	}
	return credential.AssertionRequest{URL: address, Token: requestToken.Reveal, ServiceConnectionID: connection}
}

// requestURL judges an address that is sent a token: https, or plain http on this very machine.
func (l lookup) requestURL(text string) {
	u, err := url.Parse(text)
	if err == nil && u.Host != "" {
		if ip := net.ParseIP(u.Hostname()); u.Scheme == "https" || u.Scheme == "http" && ip != nil && ip.IsLoopback() {
			return
		}
	}
	l.reject("oidc_request_url", fmt.Sprintf("%s must be an https address, and %q is none.", named("oidc_request_url"), text))
}
