package e2e_test

import (
	"strings"
	"testing"

	"github.com/appreg/terraform-provider-appreg/internal/acctest"
)

// Somebody who has set nothing, on a machine without the Azure CLI: the first thing that many will see.
func TestWithoutAnyCredential(t *testing.T) {
	t.Parallel()
	w := acctest.Calm(t).Workspace(t, `data "appreg_application" "test" { display_name = "Mail import" }`)
	w.Mirror = mirror
	w.Init(t)
	w.Variables = map[string]string{"ARM_TENANT_ID": "", "ARM_CLIENT_ID": "", "ARM_CLIENT_SECRET": "", "PATH": t.TempDir()}
	r := w.Terraform(t, "plan")
	text := strings.Join(strings.Fields(strings.ReplaceAll(r.Output, "│", " ")), " ")
	if r.ExitCode != 1 {
		t.Errorf("exit status %d, want a refusal", r.ExitCode)
	}
	for _, part := range []string{
		"No credential is configured, and the Azure CLI, which is used then, is not installed",
		"tenant_id, client_id and client_secret (ARM_TENANT_ID, ARM_CLIENT_ID, ARM_CLIENT_SECRET)", `"az login"`,
	} {
		if !strings.Contains(text, part) {
			t.Errorf("the output lacks %q:\n%s", part, r.Output)
		}
	}
}
