package provider_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/appreg/terraform-provider-appreg/internal/acctest"
	"github.com/appreg/terraform-provider-appreg/internal/emulator"
)

// The offline-tests guide: the example's own tests pass, and leave nothing behind.
func TestAccGuideOfflineTests(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	w := moduleUnderTest(t, x)
	r := w.Terraform(t, "test")
	if r.ExitCode != 0 || !strings.Contains(r.Output, "4 passed, 0 failed") {
		t.Errorf("terraform test: exit status %d\n%s", r.ExitCode, r.Output)
	}
	if err := x.Left("Module under test"); err != nil {
		t.Error(err)
	}
}

// The example's tests can fail: a tenant whose policy wants shorter secrets doesn't let the module pass.
func TestAccGuideOfflineTestsNoticeTheTenant(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	if err := x.SetPolicy(emulator.Policy{LongestSecret: "P30D"}); err != nil {
		t.Fatal(err)
	}
	r := moduleUnderTest(t, x).Terraform(t, "test")
	if r.ExitCode != 1 || !strings.Contains(r.Output, `run "registers_an_application"... fail`) {
		t.Errorf("terraform test must fail: exit status %d\n%s", r.ExitCode, r.Output)
	}
}

// moduleUnderTest is a workspace with the guide's module and its tests, initialised.
func moduleUnderTest(t *testing.T, x *acctest.Tenant) *acctest.Workspace {
	t.Helper()
	const guide = "guides/offline-tests"
	w := x.Workspace(t, "")
	w.ConfigureFrom(t, "examples/"+guide+"/main.tf")
	tests := filepath.Join(w.Dir, "tests")
	if err := os.Mkdir(tests, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, file := range exampleFiles(t, guide+"/tests/*.tftest.hcl") {
		if err := os.WriteFile(filepath.Join(tests, filepath.Base(file)), []byte(exampleText(t, file)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	w.Init(t)
	return w
}
