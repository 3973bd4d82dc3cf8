package provider_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"

	"github.com/appreg/terraform-provider-appreg/internal/acctest"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/keyvault"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

const vaultSecret = "mail-import"

// vaulted is a product whose secret goes to a vault, with further arguments of the secret.
func vaulted(x *acctest.Tenant, arguments string) string {
	return rotating(fmt.Sprintf("  key_vault = {\n    vault_uri = %q\n    name      = %q\n  }\n%s", x.VaultURI, vaultSecret, arguments)) + `
output "vault_id" {
  value = appreg_client_secret.test.key_vault_secret_id
}

output "versionless_id" {
  value = appreg_client_secret.test.key_vault_secret_versionless_id
}
`
}

// consumer reads from the vault as a program does that was given the permission Get and nothing else.
type consumer struct {
	*rotation
	clientID, password string
}

// consumerOf lets a program of its own read from the vault.
func consumerOf(t *testing.T, r *rotation) *consumer {
	t.Helper()
	id := r.Create(t, tenant.Application, tenant.Doc{"displayName": "Consumer"})
	app, _ := r.Object(id)
	principal := r.Create(t, tenant.ServicePrincipal, tenant.Doc{"appId": app.String("appId")})
	_, password, err := r.AddSecret(id, "its own", time.Now().AddDate(2, 0, 0))
	if err != nil {
		t.Fatal(err)
	}
	r.CatchUp()
	access := r.Vaults().Access(keyvault.MainVault)
	access.Secrets[principal] = []string{"get"}
	if err := r.Vaults().SetAccess(keyvault.MainVault, access); err != nil {
		t.Fatal(err)
	}
	return &consumer{r, app.String("appId"), password}
}

// reads starts the program, which takes the newest value by the name that it was configured with.
func (c *consumer) reads(t *testing.T) string {
	t.Helper()
	options := azcore.ClientOptions{Transport: c.HTTP(t), Cloud: cloud.Configuration{ActiveDirectoryAuthorityHost: c.URL}}
	credential, err := azidentity.NewClientSecretCredential(c.Facts().TenantID, c.clientID, c.password,
		&azidentity.ClientSecretCredentialOptions{ClientOptions: options, DisableInstanceDiscovery: true})
	if err != nil {
		t.Fatal(err)
	}
	secrets, err := azsecrets.NewClient(c.VaultURI, credential, &azsecrets.ClientOptions{
		ClientOptions: azcore.ClientOptions{Transport: c.HTTP(t)}, DisableChallengeResourceVerification: true})
	if err != nil {
		t.Fatal(err)
	}
	got, err := secrets.GetSecret(t.Context(), vaultSecret, "", nil)
	if err != nil {
		t.Fatalf("the consumer can't read the secret: %v", err)
	}
	return *got.Value
}

// startVault applies, and signs in with what the vault holds.
func startVault(t *testing.T, x *acctest.Tenant, arguments string) *consumer {
	t.Helper()
	w := x.Workspace(t, vaulted(x, arguments))
	w.Apply(t)
	r := &rotation{Tenant: x, w: w, product: x.Product(t, x.Facts().TenantID, w.Output(t, "client_id"))}
	c := consumerOf(t, r)
	c.works(t, c.reads(t))
	return c
}

// versions are those in the vault, the oldest first.
func versions(x *acctest.Tenant) []keyvault.Version {
	for _, s := range x.Vaults().Secrets() {
		if s.Name == vaultSecret {
			return s.Versions
		}
	}
	return nil
}

// clean demands that no secret text is in what was printed, in the state or in plan files.
func (c *consumer) clean(t *testing.T, printed string) {
	t.Helper()
	texts := c.Issued().Secrets
	files := []string{"terraform.tfstate", "terraform.tfstate.backup", "saved"}
	for _, name := range files {
		content, err := os.ReadFile(filepath.Join(c.w.Dir, name))
		if err != nil {
			continue
		}
		printed += string(content)
	}
	for _, text := range texts {
		if strings.Contains(printed, text) {
			t.Errorf("the secret that begins with %q is where nobody must see it", text[:3])
		}
	}
}

// inGraph are the key ids of the product's secrets.
func (c *consumer) inGraph(t *testing.T) []string {
	t.Helper()
	var out []string
	for _, p := range c.Application(t, "Mail import").Docs("passwordCredentials") {
		out = append(out, p.String("keyId"))
	}
	return out
}

// TestAccVaultRotation follows a consumer that takes the value from the vault through a rotation: at each step what it
// holds works, and the value is in the vault alone.
func TestAccVaultRotation(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	c := startVault(t, x, "  renew_before_days = 30")
	first := c.reads(t)
	c.w.PlanIsEmpty(t)
	if got, want := c.w.Output(t, "vault_id"), x.VaultURI+"secrets/"+vaultSecret+"/"+versions(x)[0].ID; got != want {
		t.Errorf("key_vault_secret_id is %q, want %q", got, want)
	}
	if got, want := c.w.Output(t, "versionless_id"), x.VaultURI+"secrets/"+vaultSecret; got != want {
		t.Errorf("key_vault_secret_versionless_id is %q, want %q", got, want)
	}

	x.Clock.Advance(61 * day)
	c.w.Must(t, "plan", "-out=saved")
	printed := c.w.Must(t, "show", "-json", "saved")
	c.works(t, first, c.reads(t))
	printed += c.w.Must(t, "apply", "saved")
	second := c.reads(t)
	if second == first || len(versions(x)) != 2 {
		t.Fatalf("the vault holds %d versions", len(versions(x)))
	}
	c.works(t, first, second) // one consumer has read it anew, another has not
	demand(t, printed, []string{"becomes a new version of the secret", vaultSecret})
	c.w.PlanIsEmpty(t)

	x.Clock.Advance(8 * day)
	c.proposes(t, "will be removed")
	c.works(t, first, second)
	printed += c.w.Apply(t)
	c.revoked(t, first)
	c.works(t, second, c.reads(t))
	c.w.PlanIsEmpty(t)
	printed += c.w.Must(t, "show", "-json")
	c.clean(t, printed)

	c.w.Destroy(t)
	c.revokedVersion(t)
	if left := c.Applications(); len(left) != 1 { // the consumer itself
		t.Errorf("left: %v", left)
	}
}

// revokedVersion demands that the newest version is there and switched off.
func (c *consumer) revokedVersion(t *testing.T) {
	t.Helper()
	held := versions(c.Tenant)
	if len(held) == 0 || held[len(held)-1].Enabled {
		t.Errorf("the vault holds %+v; the newest version must be disabled and kept", held)
	}
}

// TestAccVaultRefusals has a rotation meet each refusal: the new secret is taken back, the old one stays in use, and once
// the reason is gone the next apply succeeds.
func TestAccVaultRefusals(t *testing.T) {
	t.Parallel()
	permissions := func(x *acctest.Tenant, rbac bool, given ...string) error {
		access := x.Vaults().Access(keyvault.MainVault)
		access.RBAC = rbac
		access.Secrets[x.Cloud().Seeded().ServicePrincipalID] = given
		return x.Vaults().SetAccess(keyvault.MainVault, access)
	}
	tests := map[string]struct {
		refuse, allow func(*acctest.Tenant) error
		says          []string
	}{
		"access policy": {
			func(x *acctest.Tenant) error { return permissions(x, false, "list") },
			func(x *acctest.Tenant) error { return permissions(x, false, "list", "set") },
			[]string{"a permission is missing", "AccessDenied", "misses Set", "where it uses Azure roles, Key Vault Secrets Officer has both", "Key Vault's request-id"},
		},
		"role": {
			func(x *acctest.Tenant) error { return permissions(x, true, "list") },
			func(x *acctest.Tenant) error { return permissions(x, true, "list", "set") },
			[]string{"a permission is missing", "ForbiddenByRbac", "Key Vault Secrets Officer"},
		},
		"deleted": {
			func(x *acctest.Tenant) error { return x.Vaults().Delete(keyvault.MainVault, vaultSecret) },
			func(x *acctest.Tenant) error { return x.Vaults().Recover(keyvault.MainVault, vaultSecret) },
			[]string{"deleted secret", "recover", "purge"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := acctest.Hostile(t)
			c := startVault(t, x, "")
			held, before := c.reads(t), c.inGraph(t)
			if err := tt.refuse(x); err != nil {
				t.Fatal(err)
			}
			c.w.Configure(t, vaulted(x, `  display_name = "renamed"`))
			r := c.w.Terraform(t, "apply", "-auto-approve")
			if r.ExitCode == 0 {
				t.Fatal("the apply must fail")
			}
			demand(t, r.Output, append(tt.says, "was taken back"))
			if got := c.inGraph(t); !slices.Equal(got, before) {
				t.Errorf("the application holds %v, want %v", got, before)
			}
			c.works(t, held)
			if err := tt.allow(x); err != nil {
				t.Fatal(err)
			}
			c.w.Apply(t)
			c.works(t, held, c.reads(t))
			if len(c.inGraph(t)) != 2 {
				t.Errorf("the application holds %v", c.inGraph(t))
			}
			c.w.PlanIsEmpty(t)
			c.clean(t, r.Output)
		})
	}
}

// TestAccVaultCreateRefused leaves nothing behind: no secret in the application, none in the state.
func TestAccVaultCreateRefused(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	if err := x.Vaults().SetAccess(keyvault.MainVault, keyvault.Access{}); err != nil {
		t.Fatal(err)
	}
	w := x.Workspace(t, vaulted(x, ""))
	w.Init(t)
	r := w.Terraform(t, "apply", "-auto-approve")
	demand(t, r.Output, []string{"was taken back"})
	if r.ExitCode == 0 {
		t.Fatal("the apply must fail")
	}
	if held := x.Application(t, "Mail import").Docs("passwordCredentials"); len(held) != 0 {
		t.Errorf("the application holds %v", held)
	}
	if strings.Contains(w.Must(t, "state", "list"), "appreg_client_secret") {
		t.Error("the state holds a secret that isn't there")
	}
}

// TestAccVaultElsewhere names vaults that can't be: some are told by the plan, the others by the apply, which takes the
// secret back.
func TestAccVaultElsewhere(t *testing.T) {
	t.Parallel()
	x := acctest.Calm(t)
	c := startVault(t, x, "")
	before := c.inGraph(t)
	for _, tt := range []struct {
		uri, environment, says string
		plan                   bool
	}{
		{"https://vault.invalid/", "", "the name of the host does not exist", false},
		{"https://127.0.0.1:1/", "", "could not be reached", false},
		{"http://127.0.0.1:1/", "", "is not the address of a key vault", true},
		{x.VaultURI, "bleu", "No Key Vault is known", true},
	} {
		c.w.Variables = map[string]string{"ARM_ENVIRONMENT": tt.environment}
		c.w.Configure(t, strings.Replace(vaulted(x, `  display_name = "renamed"`), x.VaultURI, tt.uri, 1))
		r := c.w.Terraform(t, "plan")
		if (r.ExitCode != 0) != tt.plan {
			t.Errorf("%s: the plan ended with %d\n%s", tt.uri, r.ExitCode, r.Output)
		}
		if !tt.plan {
			if r = c.w.Terraform(t, "apply", "-auto-approve"); r.ExitCode == 0 {
				t.Errorf("%s: the apply must fail", tt.uri)
			}
			demand(t, r.Output, []string{"was taken back"})
		}
		demand(t, r.Output, []string{tt.says})
		if got := c.inGraph(t); !slices.Equal(got, before) {
			t.Errorf("%s: the application holds %v, want %v", tt.uri, got, before)
		}
	}
	// With Microsoft's own authority a vault must be one of its cloud. Nobody is asked for that.
	other := x.Workspace(t, `
resource "appreg_client_secret" "test" {
  application_id = "5b8b0a36-7f41-4d3c-9a1e-0f1d5c1a9a01"
  key_vault      = { vault_uri = "https://contoso.vault.azure.cn/", name = "x" }
}`)
	other.Variables = map[string]string{"APPREG_AUTHORITY_HOST": "https://login.microsoftonline.com", "APPREG_DISABLE_INSTANCE_DISCOVERY": ""}
	other.Init(t)
	r := other.Terraform(t, "plan")
	demand(t, r.Output, []string{"is not a key vault of the provider's cloud", "vault.azure.net"})
	if r.ExitCode == 0 {
		t.Error("the plan must fail")
	}
}

// TestAccVaultDrift has somebody change the vault by hand: the plan says what, and the apply puts a new secret there.
func TestAccVaultDrift(t *testing.T) {
	t.Parallel()
	change := func(edit func(*keyvault.Version)) func(*acctest.Tenant) error {
		return func(x *acctest.Tenant) error {
			return x.Vaults().Change(keyvault.MainVault, vaultSecret, versions(x)[0].ID, edit)
		}
	}
	tests := map[string]struct {
		drift func(*acctest.Tenant) error
		says  string
	}{
		"purged": {func(x *acctest.Tenant) error {
			if err := x.Vaults().Delete(keyvault.MainVault, vaultSecret); err != nil {
				return err
			}
			return x.Vaults().Purge(keyvault.MainVault, vaultSecret)
		}, "gone from the key vault. If the secret was deleted there and not purged, recover or purge it before the apply"},
		"disabled": {change(func(v *keyvault.Version) { v.Enabled = false }), "was disabled"},
		"expiry":   {change(func(v *keyvault.Version) { v.Expires = v.Expires.Add(time.Hour) }), "was altered"},
		"tags":     {change(func(v *keyvault.Version) { v.Tags = map[string]string{"by": "hand"} }), "was altered"},
		"newer": {func(x *acctest.Tenant) error {
			_, err := x.Vaults().Add(keyvault.MainVault, vaultSecret, "theirs", nil)
			return err
		}, "a newer version that is not Terraform's"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := acctest.Hostile(t)
			c := startVault(t, x, "")
			held := c.reads(t)
			// A tag of somebody's own is none of ours.
			if err := change(func(v *keyvault.Version) { v.Tags["team"] = "mail" })(x); err != nil {
				t.Fatal(err)
			}
			c.w.PlanIsEmpty(t)
			x.Clock.Advance(time.Minute)
			if err := tt.drift(x); err != nil {
				t.Fatal(err)
			}
			c.proposes(t, "will be rotated", tt.says)
			x.Clock.Advance(time.Minute)
			c.w.Apply(t)
			c.works(t, held, c.reads(t))
			c.w.PlanIsEmpty(t)
		})
	}
}

// TestAccVaultMoves takes a secret from the state to the vault, to another name, and back; importing one is the same.
func TestAccVaultMoves(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	w := x.Workspace(t, rotating(""))
	w.Apply(t)
	inState := w.Output(t, "secret")
	r := &rotation{Tenant: x, w: w, product: x.Product(t, x.Facts().TenantID, w.Output(t, "client_id"))}
	c := consumerOf(t, r)
	w.Configure(t, vaulted(x, ""))
	c.proposes(t, "key_vault is added")
	w.Apply(t)
	if state := w.Must(t, "show", "-json"); strings.Contains(state, inState) {
		t.Error("the state still holds the value")
	}
	first := c.reads(t)
	c.works(t, inState, first)
	// Another spelling of the same place is none.
	w.Configure(t, strings.Replace(vaulted(x, ""), x.VaultURI, strings.TrimSuffix(x.VaultURI, "/"), 1))
	w.Apply(t)
	if c.reads(t) != first {
		t.Error("another spelling of the vault's address rotated the secret")
	}
	w.PlanIsEmpty(t)
	w.Configure(t, strings.ReplaceAll(vaulted(x, ""), `"mail-import"`, `"other"`))
	c.proposes(t, "key_vault changes", `becomes a new version of the secret "other"`, `The secret "mail-import" in the key vault `+strings.TrimSuffix(x.VaultURI, "/")+" keeps the present value")
	w.Configure(t, rotating(""))
	c.proposes(t, "key_vault is removed", "keeps the present value and gets no new one")
	w.Apply(t)
	c.works(t, w.Output(t, "secret"))
	w.PlanIsEmpty(t)

	app := x.Application(t, "Mail import")
	x.CatchUp()
	w.Must(t, "state", "rm", "appreg_client_secret.test")
	keyID := app.Docs("passwordCredentials")[len(app.Docs("passwordCredentials"))-1].String("keyId")
	w.Configure(t, vaulted(x, ""))
	w.Must(t, "import", "appreg_client_secret.test", app.String("id")+"/"+keyID)
	c.proposes(t, "will be rotated", "key_vault is added")
	w.Apply(t)
	c.works(t, c.reads(t))
	w.PlanIsEmpty(t)
}

// TestAccVaultGone destroys what went to a vault that isn't there any more, and refreshes one that can't be asked.
func TestAccVaultGone(t *testing.T) {
	t.Parallel()
	x := acctest.Calm(t)
	c := startVault(t, x, "")
	access := x.Vaults().Access(keyvault.MainVault)
	access.Secrets[x.Cloud().Seeded().ServicePrincipalID] = nil
	if err := x.Vaults().SetAccess(keyvault.MainVault, access); err != nil {
		t.Fatal(err)
	}
	plan := c.w.Terraform(t, "plan", "-detailed-exitcode")
	demand(t, plan.Output, []string{"Unable to check the key vault's version of client secret", "misses List", "Key Vault Reader"})
	if plan.ExitCode != 0 {
		t.Errorf("a vault that can't be asked must not change the plan: exit status %d\n%s", plan.ExitCode, plan.Output)
	}
	demand(t, c.w.Destroy(t), []string{"The secret itself was revoked"})
	if left := x.Applications(); len(left) != 1 {
		t.Errorf("left: %v", left)
	}
}

// TestAccVaultIsAskedLittle counts what a plan without changes and a rotation ask.
func TestAccVaultIsAskedLittle(t *testing.T) {
	t.Parallel()
	x := acctest.Calm(t)
	c := startVault(t, x, "")
	count := func(args ...string) (vault, graph []string) {
		x.ResetRequests()
		c.w.Must(t, args...)
		for _, r := range x.Requests() {
			switch {
			case strings.HasPrefix(r.Route, "vault:"):
				vault = append(vault, fmt.Sprint(r.Method, " ", strings.TrimPrefix(r.Route, "vault:"), " ", r.Status))
			case strings.HasPrefix(r.Path, "/v1.0/"):
				graph = append(graph, fmt.Sprint(r.Method, " ", r.Route, " ", r.Status))
			}
		}
		return vault, graph
	}
	list := []string{"GET /secrets/{name}/versions 401", "GET /secrets/{name}/versions 200"}
	if vault, graph := count("plan"); !slices.Equal(vault, list) || len(graph) != 2 {
		t.Errorf("a plan without changes asks %q and %q", vault, graph)
	}
	c.w.Configure(t, vaulted(x, `  display_name = "renamed"`))
	vault, graph := count("apply", "-auto-approve", "-refresh=false")
	if want := []string{"PUT /secrets/{name} 401", "PUT /secrets/{name} 200"}; !slices.Equal(vault, want) {
		t.Errorf("a rotation asks the vault %q, want %q", vault, want)
	}
	t.Logf("a rotation asks Graph %q", graph)
	for _, r := range x.Requests() {
		if r.ClientID == x.Facts().ClientID && strings.HasPrefix(r.Route, "vault:/secrets/{name}") && r.Method == "GET" && r.Route != "vault:/secrets/{name}/versions" {
			t.Errorf("a value was read: %+v", r)
		}
	}
}
