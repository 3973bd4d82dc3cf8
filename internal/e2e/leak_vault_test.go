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
	hidden := append(issued.Secrets, issued.Tokens...)
	expose(t, "the output at TRACE", printed, hidden...)
	expose(t, "the state or a plan file", files, hidden...)
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
