package e2e_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/appreg/terraform-provider-appreg/internal/acctest"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/keyvault"
)

// A whole life at TRACE: no secret that the emulator issued and none of the provider's own credentials is in what
// terraform and the provider print; in the state and in a plan only the one attribute that is meant to hold a secret does.
func TestNothingLeaks(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	w := x.Workspace(t, "")
	w.Mirror = mirror
	w.Variables = map[string]string{"TF_LOG": "TRACE"}
	w.ConfigureFrom(t, "examples/demo/main.tf")

	printed := w.Apply(t)
	printed += w.Must(t, "plan", "-out=saved", "-replace=appreg_client_secret.mail_import")
	printed += w.Must(t, "show", "saved")
	printed += w.Must(t, "apply", "saved")
	printed += w.Must(t, "show")
	printed += w.Terraform(t, "import", "appreg_client_secret.mail_import", "not-an-id").Output

	state, err := os.ReadFile(filepath.Join(w.Dir, "terraform.tfstate"))
	if err != nil {
		t.Fatal(err)
	}
	issued := x.Issued()
	if len(issued.Secrets) < 2 || len(issued.Tokens) == 0 {
		t.Fatalf("the emulator issued %d secrets and %d tokens; the test would prove nothing", len(issued.Secrets), len(issued.Tokens))
	}
	current := x.Application(t, "Mail import").Docs("passwordCredentials")[0].String("hint")
	for _, secret := range append(issued.Secrets, x.Facts().ClientSecret) {
		if strings.Contains(printed, secret) {
			t.Errorf("the output at TRACE holds the secret that begins with %q", secret[:3])
		}
		inState := strings.Count(string(state), secret)
		if secret == x.Facts().ClientSecret && inState > 0 {
			t.Error("the state holds the provider's own secret")
		}
		if strings.HasPrefix(secret, current) && secret != x.Facts().ClientSecret && inState > 2 {
			t.Errorf("the state holds the secret %d times, want it in the attribute and in the output alone", inState)
		}
	}
	for _, token := range issued.Tokens {
		if strings.Contains(printed, token) || strings.Contains(string(state), token) {
			t.Error("a token is in the output or in the state")
		}
	}
	w.Variables = nil
	w.Destroy(t)
	if err := x.Left("Mail import"); err != nil {
		t.Error(err)
	}
}

// A secret's way to a key vault at TRACE, through a rotation and a refusal: its value is in the vault, and neither in what
// is printed nor in the state nor in a plan file.
func TestNothingLeaksOnTheWayToAVault(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	w := x.Workspace(t, "")
	w.Mirror = mirror
	w.Variables = map[string]string{"TF_LOG": "TRACE", "TF_VAR_vault_uri": x.VaultURI, "AZURE_SDK_GO_LOGGING": "all"}
	w.ConfigureFrom(t, "examples/guides/key-vault/main.tf")

	printed := w.Apply(t)
	files := contents(t, filepath.Join(w.Dir, "terraform.tfstate"))
	for _, access := range []keyvault.Access{{}, x.Vaults().Access(keyvault.MainVault)} {
		if err := x.Vaults().SetAccess(keyvault.MainVault, access); err != nil {
			t.Fatal(err)
		}
		printed += w.Must(t, "plan", "-out=saved", "-replace=appreg_client_secret.mail_import")
		printed += w.Terraform(t, "show", "-json", "saved").Output
		printed += w.Terraform(t, "apply", "saved").Output
		files += contents(t, filepath.Join(w.Dir, "terraform.tfstate")) + contents(t, filepath.Join(w.Dir, "saved"))
	}
	printed += w.Must(t, "show", "-json")

	inVault := 0
	for _, s := range x.Vaults().Secrets() {
		inVault += len(s.Versions)
	}
	issued := x.Issued()
	if inVault != 2 || len(issued.Secrets) != 4 { // the provider's own, and three for the product, one of them refused
		t.Fatalf("%d versions in the vault, %d secrets issued; the test would prove nothing", inVault, len(issued.Secrets))
	}
	for _, hidden := range append(issued.Secrets, issued.Tokens...) {
		if strings.Contains(printed, hidden) {
			t.Errorf("the output at TRACE holds the secret or token that begins with %q", hidden[:3])
		}
		if strings.Contains(files, hidden) {
			t.Errorf("the state or a plan file holds the secret or token that begins with %q", hidden[:3])
		}
	}
}

// contents is the text of a file; of a plan file, which is an archive, that of all its files.
func contents(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	archive, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if errors.Is(err, zip.ErrFormat) {
		return string(raw)
	}
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, f := range archive.File {
		part, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(&all, part); err != nil { //nolint:gosec // A plan that terraform has just written.
			t.Fatal(err)
		}
		if err := part.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return all.String()
}
