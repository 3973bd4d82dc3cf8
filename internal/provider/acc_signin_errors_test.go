package provider_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/acctest"
	"github.com/appreg/terraform-provider-appreg/internal/emulator"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/fault"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// stranger is a GUID that stands for nothing in any tenant.
const stranger = "5b8b0a36-7f41-4d3c-9a1e-0f1d5c1a9a01"

// readApplication needs a token at plan: a data source is read there.
const readApplication = `data "appreg_application" "test" { display_name = "Mail import" }`

// expiredSecret is the text of a secret of the automation application that was valid until yesterday.
func expiredSecret(t *testing.T, x *acctest.Tenant) string {
	t.Helper()
	for _, d := range x.Objects(tenant.Application) {
		if d.String("appId") == x.Facts().ClientID {
			_, text, err := x.AddSecret(d.String("id"), "last year's", x.Clock.Now().Add(-24*time.Hour))
			if err != nil {
				t.Fatal(err)
			}
			return text
		}
	}
	t.Fatal("the automation application is not in the tenant")
	return ""
}

// Whatever keeps Terraform from signing in is told with the application, the tenant or the host that it is about, the
// number by which it is looked up, and the argument and variable to correct.
func TestAccSignInRefused(t *testing.T) {
	t.Parallel()
	const nowhere = "https://127.0.0.1:1"
	for name, variablesAndParts := range map[string]func(*testing.T, *acctest.Tenant) (variables map[string]string, parts []string){
		"wrong secret": func(_ *testing.T, x *acctest.Tenant) (map[string]string, []string) {
			return map[string]string{"ARM_CLIENT_SECRET": "wrong"},
				[]string{"The client secret of application " + x.Facts().ClientID + " is wrong (AADSTS7000215)", "client_secret (ARM_CLIENT_SECRET)", "the secret's value, not its id", "Trace id", "correlation id"}
		},
		"expired secret": func(t *testing.T, x *acctest.Tenant) (map[string]string, []string) {
			return map[string]string{"ARM_CLIENT_SECRET": expiredSecret(t, x)},
				[]string{"The client secret of application " + x.Facts().ClientID + " has expired (AADSTS7000222)", "Make a new secret", "client_secret (ARM_CLIENT_SECRET)"}
		},
		"unknown application": func(_ *testing.T, x *acctest.Tenant) (map[string]string, []string) {
			return map[string]string{"ARM_CLIENT_ID": stranger},
				[]string{"Application " + stranger + " is not known in tenant " + x.Facts().TenantID + " (AADSTS700016)", "client_id (ARM_CLIENT_ID)", "not an object id", "service principal"}
		},
		"another tenant": func(_ *testing.T, x *acctest.Tenant) (map[string]string, []string) {
			return map[string]string{"ARM_TENANT_ID": secondTenant(x)},
				[]string{"Application " + x.Facts().ClientID + " is not known in tenant " + secondTenant(x) + " (AADSTS700016)", "tenant_id (ARM_TENANT_ID)"}
		},
		"no such tenant": func(_ *testing.T, x *acctest.Tenant) (map[string]string, []string) {
			return map[string]string{"ARM_TENANT_ID": stranger},
				[]string{"Tenant " + stranger + " does not exist at " + x.URL + " (AADSTS90002)", "tenant_id (ARM_TENANT_ID)", "environment (ARM_ENVIRONMENT)"}
		},
		"no such domain": func(_ *testing.T, x *acctest.Tenant) (map[string]string, []string) {
			return map[string]string{"ARM_TENANT_ID": "nobody.example"},
				[]string{"Tenant nobody.example does not exist at " + x.URL + " (AADSTS90002)", "tenant_id (ARM_TENANT_ID)"}
		},
		"another Graph": func(*testing.T, *acctest.Tenant) (map[string]string, []string) {
			return map[string]string{"APPREG_GRAPH_ENDPOINT": nowhere},
				[]string{"(AADSTS500011)", nowhere + "/.default", "graph_endpoint (APPREG_GRAPH_ENDPOINT)", "environment (ARM_ENVIRONMENT)"}
		},
		"unreachable authority": func(*testing.T, *acctest.Tenant) (map[string]string, []string) {
			return map[string]string{"APPREG_AUTHORITY_HOST": nowhere},
				[]string{nowhere + " can't be reached", "HTTPS_PROXY", "environment (ARM_ENVIRONMENT)", "authority_host (APPREG_AUTHORITY_HOST)"}
		},
		"root not trusted": func(_ *testing.T, x *acctest.Tenant) (map[string]string, []string) {
			return map[string]string{"APPREG_CA_FILE": ""},
				[]string{"The TLS certificate of " + x.URL + " is not trusted", "ca_file (APPREG_CA_FILE)", "Verification can't be turned off"}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := acctest.Hostile(t)
			variables, parts := variablesAndParts(t, x)
			w := start(t, x, readApplication)
			w.Variables = variables
			refused(t, w, append(parts, `Unable to read application "Mail import"`, "No access token could be had"), "plan")
		})
	}
}

// Graph itself can be out of reach while sign-in is not.
func TestAccUnreachableGraph(t *testing.T) {
	t.Parallel()
	x := acctest.Calm(t, emulator.WithFaults([]fault.Rule{{Kind: fault.ResetBefore}}))
	refused(t, start(t, x, readApplication), []string{`Unable to read application "Mail import"`, x.URL + " could not be reached", "Check the network", "graph_endpoint"}, "plan")
}

// A creation may find nothing at plan that needs a token. Then the apply says it, and nothing is made.
func TestAccSignInRefusedAtApply(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	w := start(t, x, minimalApplication)
	w.Variables = map[string]string{"ARM_CLIENT_SECRET": "wrong"}
	refused(t, w, []string{`Unable to create application "Mail import"`, "AADSTS7000215", "client_secret (ARM_CLIENT_SECRET)"}, apply()...)
	if err := x.Left(); err != nil {
		t.Error(err)
	}
}

func secondTenant(x *acctest.Tenant) string {
	for _, other := range x.Facts().Tenants {
		if other.ID != x.Facts().TenantID {
			return other.ID
		}
	}
	return ""
}

// What the arguments alone can tell is told before anything is asked.
func TestAccNoCredential(t *testing.T) {
	t.Parallel()
	missing := filepath.Join(t.TempDir(), "missing.pem")
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		variables map[string]string
		want      []string
	}{
		"none, the CLI off": {
			map[string]string{"ARM_TENANT_ID": "", "ARM_CLIENT_ID": "", "ARM_CLIENT_SECRET": "", "ARM_USE_CLI": "false"},
			[]string{"No credential is configured", "use_cli (ARM_USE_CLI)", "client_secret (ARM_CLIENT_SECRET"},
		},
		"a client id alone": {
			map[string]string{"ARM_CLIENT_SECRET": ""},
			[]string{"client_id (ARM_CLIENT_ID", "nothing to sign in with", "client_secret (ARM_CLIENT_SECRET"},
		},
		"a secret without tenant": {
			map[string]string{"ARM_TENANT_ID": ""},
			[]string{"client_secret (ARM_CLIENT_SECRET", "needs tenant_id (ARM_TENANT_ID"},
		},
		"a CA file that is missing": {map[string]string{"APPREG_CA_FILE": missing}, []string{missing, "ca_file (APPREG_CA_FILE)"}},
		"a CA file without PEM":     {map[string]string{"APPREG_CA_FILE": empty}, []string{"ca_file (APPREG_CA_FILE)", "PEM"}},
		"an unknown cloud":          {map[string]string{"ARM_ENVIRONMENT": "mars"}, []string{`There is no cloud "mars"`, "environment (ARM_ENVIRONMENT)", "usgovernment"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := acctest.Hostile(t)
			w := start(t, x, readApplication)
			w.Variables = c.variables
			refused(t, w, c.want, "plan")
			if n := len(x.Requests()); n != 0 {
				t.Errorf("%d requests were made, want none", n)
			}
		})
	}
}
