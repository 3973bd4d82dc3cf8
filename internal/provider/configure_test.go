package provider

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/appreg/terraform-provider-appreg/internal/credential"
	"github.com/appreg/terraform-provider-appreg/internal/vault"
)

const (
	someTenant = "11111111-2222-3333-4444-555555555555"
	someClient = "66666666-7777-8888-9999-000000000000"
)

type (
	arguments   map[string]any // string, bool, or tftypes.UnknownValue
	environment map[string]string
)

// offline fails every exchange: Configure must not need one.
type offline struct{ t *testing.T }

// RoundTrip implements http.RoundTripper.
func (o offline) RoundTrip(req *http.Request) (*http.Response, error) {
	o.t.Errorf("Configure asked %s", req.URL)
	return nil, http.ErrServerClosed
}

func configure(t *testing.T, args arguments, env environment) (*session, diag.Diagnostics) {
	t.Helper()
	p := New("test", WithTransport(offline{t}), WithEnvironment(func(name string) string { return env[name] }))()
	var s provider.SchemaResponse
	p.Schema(t.Context(), provider.SchemaRequest{}, &s)
	kind, ok := s.Schema.Type().TerraformType(t.Context()).(tftypes.Object)
	if !ok {
		t.Fatal("the provider's schema is no object")
	}
	values := map[string]tftypes.Value{}
	for name, attribute := range kind.AttributeTypes {
		values[name] = tftypes.NewValue(attribute, args[name])
		delete(args, name)
	}
	if len(args) > 0 {
		t.Fatalf("no such arguments: %v", args)
	}
	var resp provider.ConfigureResponse
	p.Configure(t.Context(), provider.ConfigureRequest{
		TerraformVersion: "1.11.4",
		Config:           tfsdk.Config{Schema: s.Schema, Raw: tftypes.NewValue(kind, values)},
	}, &resp)
	got, _ := resp.ResourceData.(*session)
	return got, resp.Diagnostics
}

func application(more arguments) arguments {
	args := arguments{"tenant_id": someTenant, "client_id": someClient}
	for name, value := range more {
		args[name] = value
	}
	return args
}

func TestConfigureRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := func(name, text string) string {
		full := filepath.Join(dir, name)
		if err := os.WriteFile(full, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return full
	}
	empty, junk, missing := file("empty", ""), file("junk", "junk"), filepath.Join(dir, "missing")
	secret := arguments{"client_secret": "s3cr3t"}
	cases := map[string]refusedArguments{
		"secret without tenant":      {arguments{"client_id": someClient, "client_secret": "s3cr3t"}, nil, "tenant_id", []string{"ARM_TENANT_ID", "AZURE_TENANT_ID"}},
		"secret without client":      {arguments{"tenant_id": someTenant, "client_secret": "s3cr3t"}, nil, "client_id", []string{"ARM_CLIENT_ID"}},
		"half of it in environment":  {nil, environment{"AZURE_CLIENT_SECRET": "s3cr3t"}, "tenant_id", []string{"ARM_TENANT_ID"}},
		"client without credential":  {application(nil), nil, "client_id", []string{"ARM_CLIENT_SECRET", "use_cli"}},
		"no credential, CLI off":     {arguments{"use_cli": false}, nil, "use_cli", []string{"ARM_USE_CLI", "client_secret", "ARM_CLIENT_SECRET"}},
		"CLI off in environment":     {nil, environment{"ARM_USE_CLI": "false"}, "use_cli", []string{"No credential"}},
		"two secrets":                {application(arguments{"client_secret": "s3cr3t", "client_secret_file_path": junk}), nil, "client_secret_file_path", []string{"exclude", "ARM_CLIENT_SECRET_FILE_PATH"}},
		"two secrets in environment": {application(nil), environment{"ARM_CLIENT_SECRET": "s3cr3t", "ARM_CLIENT_SECRET_FILE_PATH": junk}, "client_secret_file_path", []string{"exclude"}},
		"secret file missing":        {application(arguments{"client_secret_file_path": missing}), nil, "client_secret_file_path", []string{missing}},
		"secret file empty":          {application(arguments{"client_secret_file_path": empty}), nil, "client_secret_file_path", []string{"empty"}},
		"certificate missing":        {application(arguments{"client_certificate_path": missing}), nil, "client_certificate_path", []string{missing, "ARM_CLIENT_CERTIFICATE_PATH"}},
		"certificate unreadable":     {application(arguments{"client_certificate_path": junk}), nil, "client_certificate_path", []string{"neither PEM nor a readable PFX"}},
		"password alone":             {application(arguments{"client_secret": "x", "client_certificate_password": "s3cr3t"}), nil, "client_certificate_password", []string{"ARM_CLIENT_CERTIFICATE_PASSWORD", "client_certificate_path"}},
		"OIDC without token":         {application(arguments{"use_oidc": true}), nil, "use_oidc", []string{"ARM_USE_OIDC", "oidc_token_file_path"}},
		"OIDC token without use":     {application(arguments{"oidc_token": "s3cr3t"}), nil, "oidc_token", []string{"use_oidc"}},
		"request URL without token":  {application(arguments{"use_oidc": true, "oidc_request_url": "https://x.test/"}), nil, "oidc_request_token", []string{"SYSTEM_ACCESSTOKEN"}},
		"request token without URL":  {application(arguments{"use_oidc": true, "oidc_request_token": "s3cr3t"}), nil, "oidc_request_url", []string{"ACTIONS_ID_TOKEN_REQUEST_URL"}},
		"request URL in the clear":   {application(arguments{"use_oidc": true, "oidc_request_url": "http://x.test/", "oidc_request_token": "s3cr3t"}), nil, "oidc_request_url", []string{"https"}},
		"Azure DevOps, half": {
			application(arguments{"use_oidc": true}),
			environment{"SYSTEM_OIDCREQUESTURI": "https://x.test/", "SYSTEM_ACCESSTOKEN": "s3cr3t"},
			"ado_pipeline_service_connection_id", []string{"ARM_ADO_PIPELINE_SERVICE_CONNECTION_ID"},
		},
		"unknown cloud":             {arguments{"environment": "mars"}, nil, "environment", []string{`"mars"`, "ARM_ENVIRONMENT", "usgovernmentl5"}},
		"http endpoint":             {arguments{"graph_endpoint": "http://graph.test"}, nil, "graph_endpoint", []string{"APPREG_GRAPH_ENDPOINT", "https"}},
		"endpoint with path":        {arguments{"graph_endpoint": "https://graph.test/v1.0"}, nil, "graph_endpoint", []string{"path"}},
		"authority with tenant":     {arguments{"authority_host": "https://login.test/contoso"}, nil, "authority_host", []string{"APPREG_AUTHORITY_HOST"}},
		"bare host in environment":  {nil, environment{"APPREG_AUTHORITY_HOST": "login.test"}, "authority_host", []string{"https"}},
		"CA file missing":           {arguments{"ca_file": missing}, nil, "ca_file", []string{missing, "APPREG_CA_FILE"}},
		"CA file without PEM":       {arguments{"ca_file": junk}, nil, "ca_file", []string{"APPREG_CA_FILE", "PEM"}},
		"many tenants":              {arguments{"tenant_id": "common"}, nil, "tenant_id", []string{"one tenant"}},
		"neither GUID nor domain":   {arguments{"tenant_id": "contoso"}, nil, "tenant_id", []string{"domain"}},
		"client id is none":         {arguments{"client_id": "mine"}, nil, "client_id", []string{"GUID"}},
		"boolean that is none":      {secret, environment{"ARM_USE_OIDC": "yes please"}, "use_oidc", []string{"ARM_USE_OIDC", "yes please"}},
		"first configured counts":   {application(arguments{"client_certificate_path": junk, "client_secret": "s3cr3t"}), nil, "client_certificate_path", nil},
		"environment counts as set": {application(arguments{"client_secret": "s3cr3t"}), environment{"ARM_CLIENT_CERTIFICATE_PATH": missing}, "client_certificate_path", nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.check(t)
		})
	}
}

// refusedArguments are wrong in one attribute.
type refusedArguments struct {
	args arguments
	env  environment
	at   string   // the attribute
	says []string // in the message
}

func (r refusedArguments) check(t *testing.T) {
	t.Helper()
	_, diags := configure(t, r.args, r.env)
	text, found := "", false
	for _, d := range diags.Errors() {
		if at, ok := d.(diag.DiagnosticWithPath); ok && at.Path().Equal(path.Root(r.at)) {
			text, found = text+d.Summary()+d.Detail(), true
		}
		if strings.Contains(d.Summary()+d.Detail(), "s3cr3t") {
			t.Errorf("the message holds a secret: %s", d.Detail())
		}
	}
	if !found {
		t.Fatalf("no error at %s in %v", r.at, diags)
	}
	for _, part := range append(r.says, r.at) {
		if !strings.Contains(text, part) {
			t.Errorf("%q is missing in %q", part, text)
		}
	}
}

// The first credential that is configured is used: a file of the next is not even read.
func TestLaterCredentialsAreLeftAlone(t *testing.T) {
	t.Parallel()
	var diags diag.Diagnostics
	env := environment{"ARM_CLIENT_SECRET_FILE_PATH": "missing"}
	l := lookup{getenv: func(name string) string { return env[name] }, diags: &diags}
	certificate := types.StringValue(filepath.Join(t.TempDir(), "certificate"))
	l.method(providerModel{ClientCertificatePath: certificate}, credential.Config{TenantID: someTenant, ClientID: someClient})
	for _, d := range diags {
		if strings.Contains(d.Summary(), "client_secret_file_path") {
			t.Errorf("%s: %s", d.Summary(), d.Detail())
		}
	}
	if len(diags) != 1 {
		t.Errorf("%d errors, want that of the certificate: %v", len(diags), diags)
	}
}

func TestConfigureAccepts(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte("s3cr3t\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct {
		args arguments
		env  environment
	}{
		"nothing: the Azure CLI":                    {},
		"secret":                                    {application(arguments{"client_secret": "x"}), nil},
		"secret file":                               {application(arguments{"client_secret_file_path": file}), nil},
		"all in environment":                        {nil, environment{"ARM_TENANT_ID": someTenant, "ARM_CLIENT_ID": someClient, "ARM_CLIENT_SECRET": "x"}},
		"file argument before secret variable":      {application(arguments{"client_secret_file_path": file}), environment{"ARM_CLIENT_SECRET": "x"}},
		"secret argument before file variable":      {application(arguments{"client_secret": "x"}), environment{"ARM_CLIENT_SECRET_FILE_PATH": "missing"}},
		"ARM_ file before AZURE_ secret":            {application(nil), environment{"AZURE_CLIENT_SECRET": "x", "ARM_CLIENT_SECRET_FILE_PATH": file}},
		"managed identity":                          {arguments{"use_msi": true}, nil},
		"client id with the CLI on":                 {arguments{"use_cli": true, "client_id": someClient}, nil},
		"OIDC token unused":                         {arguments{"use_oidc": false, "oidc_token": "x"}, nil},
		"CI's variables unasked":                    {nil, environment{"ACTIONS_ID_TOKEN_REQUEST_URL": "https://x.test", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "x"}},
		"GitHub":                                    {application(nil), environment{"ARM_USE_OIDC": "true", "ACTIONS_ID_TOKEN_REQUEST_URL": "https://x.test", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "x"}},
		"Azure DevOps":                              {application(arguments{"ado_pipeline_service_connection_id": "sc"}), environment{"ARM_USE_OIDC": "1", "SYSTEM_OIDCREQUESTURI": "https://x.test", "SYSTEM_ACCESSTOKEN": "x"}},
		"request URL on this machine, in the clear": {application(arguments{"use_oidc": true, "oidc_request_url": "http://127.0.0.1:1/", "oidc_request_token": "x"}), nil},
		"empty texts are absent":                    {arguments{"tenant_id": "", "environment": ""}, nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, diags := configure(t, c.args, c.env)
			if diags.HasError() || s == nil || !s.configured || s.client == nil {
				t.Fatalf("got %+v, %v", s, diags)
			}
		})
	}
}

func TestArgumentsComeBeforeTheEnvironment(t *testing.T) {
	t.Parallel()
	other := "99999999-2222-3333-4444-555555555555"
	env := environment{"ARM_TENANT_ID": other, "AZURE_TENANT_ID": "domain.test", "ARM_CLIENT_SECRET": "x", "ARM_CLIENT_ID": someClient}
	for want, args := range map[string]arguments{someTenant: {"tenant_id": someTenant}, other: nil} {
		s, diags := configure(t, args, env)
		if diags.HasError() {
			t.Fatal(diags)
		}
		if got, err := s.tenantID(t.Context()); err != nil || got != want {
			t.Errorf("the tenant is %q, %v, want %q", got, err, want)
		}
	}
}

func TestUnknownArgumentsLeaveTheSessionUnconfigured(t *testing.T) {
	t.Parallel()
	s, diags := configure(t, arguments{"tenant_id": tftypes.UnknownValue, "client_secret": "x", "environment": "mars"}, nil)
	if diags.HasError() || s == nil || s.configured {
		t.Fatalf("got %+v, %v", s, diags)
	}
}

func TestClouds(t *testing.T) {
	t.Parallel()
	if got := len(clouds()); got != 7 {
		t.Errorf("%d clouds, want 7", got)
	}
	for name, c := range clouds() {
		s, diags := configure(t, arguments{"environment": name}, nil)
		if diags.HasError() {
			t.Fatalf("%s: %v", name, diags)
		}
		if s.authorityHost != c.authorityHost || s.graphEndpoint != c.graphEndpoint || s.personalAccounts != (name == "public") {
			t.Errorf("%s: got %+v", name, s)
		}
	}
	s, diags := configure(t, arguments{"environment": "china", "graph_endpoint": "https://graph.test:8443/"}, environment{"APPREG_AUTHORITY_HOST": "https://login.test"})
	if diags.HasError() || s.graphEndpoint != "https://graph.test:8443" || s.authorityHost != "https://login.test" {
		t.Errorf("got %+v, %v", s, diags)
	}
}

// A vault must be one of the cloud, unless the authority is somebody else's.
func TestVaultsBelongToTheCloud(t *testing.T) {
	t.Parallel()
	const loopback = "https://127.0.0.1:8443/"
	for _, tt := range []struct {
		cloud, authority, uri string
		want                  vault.Kind
	}{
		{"public", "", "https://contoso.vault.azure.net/", vault.KindUnknown},
		{"usgovernment", "", "https://contoso.vault.usgovcloudapi.net/", vault.KindUnknown},
		{"usgovernmentl5", "", "https://contoso.vault.usgovcloudapi.net/", vault.KindUnknown},
		{"china", "", "https://contoso.vault.azure.cn/", vault.KindUnknown},
		{"china", "", "https://contoso.vault.azure.net/", vault.KindWrongCloud},
		{"public", "", loopback, vault.KindWrongCloud},
		{"public", "https://login.microsoftonline.com/", loopback, vault.KindWrongCloud},
		{"public", "https://login.test", loopback, vault.KindUnknown},
		{"bleu", "", "https://contoso.vault.azure.net/", vault.KindNoKeyVault},
		{"delos", "https://login.test", loopback, vault.KindNoKeyVault},
		{"govsg", "", loopback, vault.KindNoKeyVault},
	} {
		s, diags := configure(t, arguments{"environment": tt.cloud}, environment{"APPREG_AUTHORITY_HOST": tt.authority})
		if diags.HasError() {
			t.Fatalf("%+v: %v", tt, diags)
		}
		if err := s.vaults.Check(tt.uri); vault.KindOf(err) != tt.want || (err == nil) != (tt.want == vault.KindUnknown) {
			t.Errorf("%+v: %v", tt, err)
		}
	}
}

func TestEveryArgumentIsDescribedWithItsVariables(t *testing.T) {
	t.Parallel()
	var s provider.SchemaResponse
	New("test")().Schema(context.Background(), provider.SchemaRequest{}, &s)
	if len(s.Schema.Attributes) != len(variables()) {
		t.Errorf("%d arguments, %d with variables", len(s.Schema.Attributes), len(variables()))
	}
	secrets := 0
	for name, a := range s.Schema.Attributes {
		for _, variable := range variables()[name] {
			if !strings.Contains(a.GetMarkdownDescription(), variable) {
				t.Errorf("%s: %s is not described", name, variable)
			}
		}
		if a.IsSensitive() {
			secrets++
		}
		if !a.IsOptional() || variables()[name] == nil {
			t.Errorf("%s: must be optional and have a variable", name)
		}
	}
	if secrets != 4 {
		t.Errorf("%d arguments are sensitive, want 4", secrets)
	}
}
