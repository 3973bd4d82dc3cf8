package provider_test

import (
	"strings"
	"testing"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/acctest"
)

// A run that was killed right after Graph had made a secret leaves one that no state knows. Where the next plan makes the
// secret again, it names what is left, and not the secrets that the state holds.
func TestAccSecretThatAKilledRunLeft(t *testing.T) {
	t.Parallel()
	const left = `holds a client secret named "mail import" that is not in the state`
	x := acctest.Hostile(t)
	w := secretWorkspace(t, x, "true")
	app := x.Application(t, "Mail import")
	ours := app.Docs("passwordCredentials")[0].String("keyId")
	plan := func() string {
		t.Helper()
		return said(w.Must(t, "plan"))
	}
	w.Must(t, "taint", "appreg_client_secret.test")
	if out := plan(); strings.Contains(out, left) {
		t.Errorf("nothing was left, but the plan says so:\n%s", out)
	}

	x.CatchUp()
	lost, _, err := x.AddSecret(app.String("id"), "mail import", x.Clock.Now().AddDate(0, 1, 0))
	if err != nil {
		t.Fatal(err)
	}
	other, _, err := x.AddSecret(app.String("id"), "portal", x.Clock.Now().AddDate(0, 1, 0))
	if err != nil {
		t.Fatal(err)
	}
	x.CatchUp()
	out := plan()
	demand(t, out, []string{left, lost, "remove it from the application's"})
	for _, unasked := range []string{other, "key id " + ours + ", valid from"} {
		if strings.Contains(out, unasked) {
			t.Errorf("the plan names %s:\n%s", unasked, out)
		}
	}

	w.Must(t, "state", "rm", "appreg_client_secret.test")
	demand(t, plan(), []string{left, lost, ours})
	x.Clock.Advance(60 * 24 * time.Hour) // the lost one expires: it is nobody's business any more
	if out := plan(); strings.Contains(out, lost) {
		t.Errorf("the plan names a secret that has expired:\n%s", out)
	}
}

// A rotation that was cut off is planned again, and its secret is newer than the present one.
func TestAccSecretThatAKilledRotationLeft(t *testing.T) {
	t.Parallel()
	const left = "holds a client secret without a name that is not in the state"
	x := acctest.Hostile(t)
	w := x.Workspace(t, rotating(`rotation_triggers = { year = "1" }`))
	w.Apply(t)
	app := x.Application(t, "Mail import")
	name := app.Docs("passwordCredentials")[0].String("displayName")
	add := func() string {
		t.Helper()
		x.CatchUp()
		id, _, err := x.AddSecret(app.String("id"), name, x.Clock.Now().AddDate(0, 1, 0))
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	older := add()
	w.Configure(t, rotating(`rotation_triggers = { year = "2" }`))
	w.Apply(t)
	w.PlanIsEmpty(t)
	x.Clock.Advance(2 * time.Hour) // starts are moved back by up to an hour
	newer := add()
	x.CatchUp()
	w.Configure(t, rotating(`rotation_triggers = { year = "3" }`))
	out := said(w.Must(t, "plan"))
	demand(t, out, []string{left, newer, "will be rotated"})
	if strings.Contains(out, older) {
		t.Errorf("the plan names a secret that is older than the present one:\n%s", out)
	}
}

// A replica that lags can hide from every plan of a run what a killed one has left. The apply, which waits for its own
// secret to show, then tells of it.
func TestAccSecretThatThePlanDidNotSee(t *testing.T) {
	t.Parallel()
	x := acctest.Calm(t)
	w := x.Workspace(t, minimalApplication)
	w.Apply(t)
	app := x.Application(t, "Mail import").String("id")
	w.Configure(t, minimalApplication+`
resource "appreg_client_secret" "test" {
  application_id = appreg_application.test.id
  display_name   = "mail import"
}
`)
	left := make(chan string, 1)
	x.At(acctest.Moment{Nth: 1, Writes: true}, func() {
		keyID, _, err := x.AddSecret(app, "mail import", x.Clock.Now().AddDate(0, 1, 0))
		if err != nil {
			t.Error(err)
		}
		left <- keyID
	})
	out := w.Must(t, apply()...)
	demand(t, out, []string{"that is not in the state", "key id " + <-left})
	if ours, _ := values(t, w, "appreg_client_secret.test")["key_id"].(string); strings.Contains(out, "key id "+ours) {
		t.Errorf("the new secret is told of as a stray:\n%s", out)
	}
}
