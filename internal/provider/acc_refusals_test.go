package provider_test

import (
	"strings"
	"testing"

	"github.com/appreg/terraform-provider-appreg/internal/acctest"
)

// said undoes terraform's framing and line breaks, so that a message can be looked for as it was written.
func said(output string) string {
	return strings.Join(strings.Fields(strings.NewReplacer("│", " ", "╷", " ", "╵", " ").Replace(output)), " ")
}

// refused runs a command that has to fail, and demands each part in its errors: what the plan shows before doesn't count.
func refused(t *testing.T, w *acctest.Workspace, parts []string, command ...string) {
	t.Helper()
	r := w.Terraform(t, command...)
	if r.ExitCode != 1 {
		t.Errorf("terraform %s: exit status %d, want a refusal\n%s", strings.Join(command, " "), r.ExitCode, r.Output)
	}
	_, failure, _ := strings.Cut(r.Output, "Error: ")
	demand(t, failure, parts)
}

func demand(t *testing.T, output string, parts []string) {
	t.Helper()
	text := said(output)
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("the output lacks %q:\n%s", part, output)
		}
	}
}

// start makes a workspace that is ready to plan.
func start(t *testing.T, x *acctest.Tenant, hcl string) *acctest.Workspace {
	t.Helper()
	w := x.Workspace(t, hcl)
	w.Init(t)
	return w
}

func apply() []string { return []string{"apply", "-auto-approve"} }
