package provider_test

import (
	"strings"
	"testing"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/acctest"
)

// Another name and another end rotate in place; the first triggers of a secret don't, and their change does.
func TestAccRotationByArguments(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	r, _ := startRotation(t, x, rotating(`display_name = "one"`))
	old := r.w.Output(t, "secret")
	next := func(arguments string, says ...string) {
		t.Helper()
		r.w.Configure(t, rotating(arguments))
		if strings.Contains(arguments, "end_date") {
			r.w.Configure(t, strings.ReplaceAll(rotating(arguments), "validity_days  = 90", ""))
		}
		r.proposes(t, append(says, "updated in-place")...)
		current := r.rotated(t)
		r.works(t, old)
		r.w.PlanIsEmpty(t)
		old = current
	}
	next(`display_name = "two"`, "display_name changes", `Client secret "one" will be rotated`)
	end := x.Clock.Now().Add(200 * day).UTC().Truncate(time.Second)
	next(`display_name = "two"`+"\n  end_date = \""+end.Format(time.RFC3339)+`"`, "end_date changes from ", "to "+end.Format(time.RFC3339))
	if got := values(t, r.w, "appreg_client_secret.test")["end_date"]; got != end.Format(time.RFC3339) {
		t.Errorf("the secret ends at %v, want %s", got, end)
	}
	// Without the end the secret stays as it is, as long as nothing else rotates it.
	for _, value := range []string{"null", "{}", `{ incident = "first" }`} {
		r.w.Configure(t, rotating("  display_name = \"two\"\n  rotation_triggers = "+value))
		r.w.Must(t, "apply", "-auto-approve")
		if r.w.Output(t, "secret") != old {
			t.Fatalf("rotation_triggers = %s rotated", value)
		}
		r.w.PlanIsEmpty(t)
	}
	next("  display_name = \"two\"\n  rotation_triggers = { incident = \"second\" }", "rotation_triggers change: incident.")
	r.ends(t)
}

// An import never rotates: not by triggers, and not in the plan that imports a secret which is due or has expired. The
// plan after it proposes what is due, and the first rotation fills in the value.
func TestAccImportDoesNotRotate(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		age  time.Duration
		says string
	}{
		"due":     {70 * day, "asks for a new one 30 days before that"},
		"expired": {100 * day, "It expired at "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := acctest.Hostile(t)
			arguments := triggered("one") + "\n  renew_before_days = 30"
			r, _ := startRotation(t, x, rotating(arguments))
			id := actualID(t, "application/key", values(t, r.w, "appreg_client_secret.test"))
			r.w.Must(t, "state", "rm", "appreg_client_secret.test")
			x.Clock.Advance(c.age)
			r.w.Configure(t, rotating(arguments)+"\nimport {\n  to = appreg_client_secret.test\n  id = \""+id+"\"\n}\n")
			output := r.w.Must(t, "apply", "-auto-approve")
			demand(t, output, []string{"1 imported", "The value of an imported client secret is not known"})
			if strings.Contains(output, "will be rotated") || r.keyID(t) != id[strings.Index(id, "/")+1:] {
				t.Fatalf("the import rotated\n%s", output)
			}
			r.holds(t, 1)
			if value := values(t, r.w, "appreg_client_secret.test")["value"]; value != nil {
				t.Errorf("the value is %v", value)
			}
			r.proposes(t, c.says)
			r.w.Must(t, "apply", "-auto-approve")
			r.works(t, r.w.Output(t, "consumer"))
			r.w.PlanIsEmpty(t)
			r.ends(t)
		})
	}
}

// A name that is known during the apply only may turn out to be the same: then nothing is rotated, and the default
// validity of a rotation that didn't take place is not noted either.
func TestAccRotationThatTurnsOutToBeNone(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	configuration := func(trigger, name string) string {
		return strings.Replace(rotating("  display_name = terraform_data.name.output"), "validity_days  = 90", "", 1) + `
resource "terraform_data" "name" {
  input            = "` + name + `"
  triggers_replace = "` + trigger + `"
}
`
	}
	r, first := startRotation(t, x, strings.Replace(configuration("one", "mail import"), "appreg_application.test.id\n", "appreg_application.test.id\n  validity_days = 60\n", 1))
	r.w.Configure(t, configuration("two", "mail import"))
	r.proposes(t, `Client secret "mail import" may be rotated`, "display_name is known during the apply only")
	r.w.Must(t, "apply", "-auto-approve")
	v := values(t, r.w, "appreg_client_secret.test")
	if r.w.Output(t, "secret") != first || v["validity_days"] != 60.0 || v["previous"] != nil {
		t.Errorf("nothing was to be rotated: %v", v)
	}
	r.w.PlanIsEmpty(t)
	r.w.Configure(t, configuration("three", "another name"))
	r.proposes(t, `may be rotated`)
	r.rotated(t)
	if days := values(t, r.w, "appreg_client_secret.test")["validity_days"]; days != 180.0 {
		t.Errorf("the new secret is valid for %v days, want the default", days)
	}
	r.works(t, first)
	r.w.PlanIsEmpty(t)
	r.ends(t)
}
