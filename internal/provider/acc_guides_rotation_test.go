package provider_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/acctest"
)

// The rotation guide's pipeline, on the days of its table: it does what is due and nothing else, and the secret that the
// product was handed is valid at every moment.
func TestAccGuideRotation(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	w := x.Workspace(t, "")
	w.ConfigureFrom(t, "examples/guides/rotation/main.tf")
	w.Apply(t)
	product := x.Product(t, x.Facts().TenantID, w.Output(t, "client_id"))
	handed := func() string {
		t.Helper()
		secret, err := os.ReadFile(filepath.Join(w.Dir, "product.secret"))
		if err != nil {
			t.Fatal(err)
		}
		acctest.Eventually(t.Context(), t, product.Secret(string(secret)))
		return string(secret)
	}
	today := 0
	pipeline := func(day int, says string) {
		t.Helper()
		handed()
		x.Clock.Advance(time.Duration(day-today) * 24 * time.Hour)
		today = day
		handed()
		r := w.Script(t, "examples/guides/rotation/rotate.sh")
		if r.ExitCode != 0 || !strings.Contains(r.Output, says) || (says == "Nothing is due.") != strings.Contains(r.Output, "Nothing is due.") {
			t.Fatalf("day %d: exit status %d, want %q\n%s", day, r.ExitCode, says, r.Output)
		}
	}
	first := handed()
	pipeline(1, "Nothing is due.")
	pipeline(149, "Nothing is due.")
	if handed() != first {
		t.Error("the product was handed another secret before its day")
	}
	pipeline(150, "will be rotated")
	second := handed()
	if second == first {
		t.Error("the product was not handed the new secret in the apply that made it")
	}
	acctest.Eventually(t.Context(), t, product.Secret(first))
	pipeline(151, "Nothing is due.")
	pipeline(156, "Nothing is due.")
	acctest.Eventually(t.Context(), t, product.Secret(first))
	pipeline(157, "will be removed")
	acctest.Refused(t.Context(), t, product.Secret(first), 7000215)
	pipeline(158, "Nothing is due.")
	if handed() != second {
		t.Error("the product was handed another secret by the removal of the old one")
	}

	t.Log("an incident")
	w.Must(t, "apply", "-auto-approve", "-var", "incident=4711")
	third := handed()
	if third == second {
		t.Error("the incident did not rotate the secret")
	}
	acctest.Eventually(t.Context(), t, product.Secret(second))
	w.Must(t, "destroy", "-auto-approve", "-var", "incident=4711")
	if err := x.Left("Mail import"); err != nil {
		t.Error(err)
	}
}

// A pipeline whose plan fails says so by its exit status, and applies nothing.
func TestAccGuideRotationThatCanNotPlan(t *testing.T) {
	t.Parallel()
	x := acctest.Calm(t)
	w := x.Workspace(t, "")
	w.ConfigureFrom(t, "examples/guides/rotation/main.tf")
	w.Apply(t)
	x.Clock.Advance(151 * day)
	w.Variables = map[string]string{"ARM_CLIENT_SECRET": "wrong"}
	if r := w.Script(t, "examples/guides/rotation/rotate.sh"); r.ExitCode != 1 || strings.Contains(r.Output, "Nothing is due.") {
		t.Errorf("exit status %d\n%s", r.ExitCode, r.Output)
	}
	if n := len(x.Application(t, "Mail import").Docs("passwordCredentials")); n != 1 {
		t.Errorf("the application holds %d secrets, want 1", n)
	}
}
