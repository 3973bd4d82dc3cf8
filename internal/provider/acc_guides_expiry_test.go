package provider_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/acctest"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// The guide on alerts: it warns of what expires, with the time that it says, and is quiet once that is renewed.
func TestAccGuideExpiryAlerts(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	p := newProducts(t, x)
	w := x.Workspace(t, "")
	w.ConfigureFrom(t, "examples/guides/expiry-alerts/main.tf")
	only := []string{"-var", `applications=["` + p.other + `"]`}
	out := w.Apply(t, only...)
	demand(t, out, []string{"Warning: Check block assertion failed", "Renew these credentials", "Other: secret elsewhere expires at "})
	if strings.Contains(out, "Mail import") {
		t.Errorf("it was asked about the other application alone:\n%s", out)
	}
	demand(t, w.Apply(t), []string{"Other: secret elsewhere expires at", "Mail import: secret soon expires at " + p.soonEnds.Format(time.RFC3339)})

	t.Log("a week later, and with less to look ahead")
	x.Clock.Advance(7 * 24 * time.Hour)
	out = w.Apply(t, append(only, "-var", "within_days=0")...)
	demand(t, out, []string{"Other: secret elsewhere"})
	if list := w.Must(t, "output", "-json", "expiring"); !strings.Contains(list, p.elsewhere) {
		t.Errorf("the output lacks %s: %s", p.elsewhere, list)
	}

	t.Log("renewed: the expired secret is removed, and the new one lasts")
	if _, _, err := x.AddSecret(p.other, "new", x.Clock.Now().AddDate(1, 0, 0)); err != nil {
		t.Fatal(err)
	}
	x.Change(t, p.other, func(d tenant.Doc) {
		d["passwordCredentials"] = slices.DeleteFunc(d["passwordCredentials"].([]any), func(p any) bool { //nolint:forcetypeassert // As Graph has it.
			return p.(tenant.Doc).String("displayName") != "new"
		})
	})
	if out = w.Apply(t, only...); strings.Contains(out, "Check block assertion failed") {
		t.Errorf("it still warns:\n%s", out)
	}
	if list := w.Must(t, "output", "-json", "expiring"); strings.TrimSpace(list) != "[]" {
		t.Errorf("the output holds %s", list)
	}
}
