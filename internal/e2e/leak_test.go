package e2e_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/appreg/terraform-provider-appreg/internal/acctest"
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
