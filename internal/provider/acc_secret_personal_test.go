package provider_test

import (
	"strings"
	"testing"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/acctest"
)

// personalRotating is rotating for an application that can hold two secrets.
func personalRotating(arguments string) string {
	return strings.Replace(rotating(arguments), `display_name = "Mail import"`,
		"display_name     = \"Mail import\"\n  sign_in_audience = \"AzureADandPersonalMicrosoftAccount\"", 1)
}

// An application for personal accounts has room for one overlap. A second rotation in it is refused at plan, which names
// what is held and the ways out, and these work. With -replace Terraform asks for the plan of an update first, so that a
// rotation which is pending stands in its way; it doesn't in the way of a taint.
func TestAccRotationOnPersonalAccounts(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	r, first := startRotation(t, x, personalRotating(triggered("one")))
	r.w.Configure(t, personalRotating(triggered("two")))
	second := r.rotated(t)
	r.works(t, first)

	r.w.Configure(t, personalRotating(triggered("three")))
	refused(t, r.w, []string{"Unable to rotate client secret in place", r.keyID(t), r.keyID(t, "previous"), "wait until ", "terraform taint", "without create_before_destroy"}, "plan")
	r.works(t, first, second)
	r.w.Must(t, "taint", "appreg_client_secret.test")
	third := r.rotated(t)
	r.revoked(t, first, second)
	r.holds(t, 1)
	r.w.PlanIsEmpty(t)

	r.w.Configure(t, personalRotating(triggered("four")))
	fourth := r.rotated(t)
	r.rotated(t, "-replace=appreg_client_secret.test")
	r.revoked(t, third, fourth)
	r.holds(t, 1)
	r.ends(t)
}

// Secrets whose time is over make room: the previous one after its overlap, and the current one after its end, even if a
// secret of somebody else takes the other place.
func TestAccSpentSecretsMakeRoomOnPersonalAccounts(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	r, first := startRotation(t, x, personalRotating(triggered("one")))
	r.w.Configure(t, personalRotating(triggered("two")))
	second := r.rotated(t)
	x.Clock.Advance(8 * day)
	r.w.Configure(t, personalRotating(triggered("three")))
	r.proposes(t, "is removed in this apply, because its overlap is over")
	third := r.rotated(t)
	r.revoked(t, first)
	r.works(t, second, third)
	r.holds(t, 2)

	x.Clock.Advance(8 * day)
	r.w.Must(t, "apply", "-auto-approve")
	r.holds(t, 1)
	_, foreign, err := x.AddSecret(x.Application(t, "Mail import").String("id"), "somebody's", x.Clock.Now().Add(400*day).Truncate(time.Second))
	if err != nil {
		t.Fatal(err)
	}
	x.CatchUp()
	x.Clock.Advance(100 * day)
	r.proposes(t, "It expired at ", "is removed in the same apply")
	r.rotated(t)
	r.revoked(t, third)
	r.works(t, foreign)
	r.holds(t, 2)
	r.w.PlanIsEmpty(t)
	r.ends(t)
}
