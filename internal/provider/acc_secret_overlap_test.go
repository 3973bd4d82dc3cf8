package provider_test

import (
	"strings"
	"testing"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/acctest"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/fault"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

const createFirst = "\n  lifecycle {\n    create_before_destroy = true\n  }"

// startOverlap is startRotation and one rotation.
func startOverlap(t *testing.T, x *acctest.Tenant, arguments string) (r *rotation, first, second string) {
	t.Helper()
	r, first = startRotation(t, x, rotating(triggered("one")+arguments))
	r.w.Configure(t, rotating(triggered("two")+arguments))
	return r, first, r.rotated(t)
}

// withoutSecret removes one secret in the portal.
func (r *rotation) withoutSecret(t *testing.T, keyID string) {
	t.Helper()
	r.Change(t, r.Application(t, "Mail import").String("id"), func(d tenant.Doc) {
		var rest []any
		for _, p := range d.Docs("passwordCredentials") {
			if p.String("keyId") != keyID {
				rest = append(rest, p)
			}
		}
		d["passwordCredentials"] = rest
	})
}

// A rotation during an overlap removes the older of the two old secrets: the one whose consumers followed before.
func TestAccRotationDuringAnOverlap(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	r, first, second := startOverlap(t, x, "")
	older, old := r.keyID(t, "previous"), r.keyID(t)
	r.w.Configure(t, rotating(triggered("three")))
	r.proposes(t, "rotation_triggers change: incident.", "key id "+old+", stays valid for 7 days after the apply, or until its own end, ", older+", is removed in this apply, although its overlap was to last until ")
	third := r.rotated(t)
	r.revoked(t, first)
	r.works(t, second, third)
	r.holds(t, 2)
	if got := r.keyID(t, "previous"); got != old {
		t.Errorf("previous is %s, want %s", got, old)
	}
	r.w.PlanIsEmpty(t)

	t.Log("a rotation that comes when the overlap is over needs no plan of its own for the removal")
	x.Clock.Advance(8 * day)
	r.w.Configure(t, rotating(triggered("four")))
	r.proposes(t, old+", is removed in this apply, because its overlap is over")
	fourth := r.rotated(t)
	r.revoked(t, second)
	r.works(t, third, fourth)
	r.holds(t, 2)
	r.ends(t)
}

// Without an overlap the old secret lives until the next apply: its consumers are updated after the secret.
func TestAccRotationWithoutAnOverlap(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	r, first := startRotation(t, x, rotating(triggered("one")+"\n  overlap_days = 0"))
	r.w.Configure(t, rotating(triggered("two")+"\n  overlap_days = 0"))
	r.proposes(t, "The next apply removes it.")
	second := r.rotated(t)
	r.works(t, first)
	r.proposes(t, "will be removed", "} -> null")
	r.w.Must(t, "apply", "-auto-approve")
	r.revoked(t, first)
	r.works(t, second)
	r.w.PlanIsEmpty(t)
	r.ends(t)
}

// A previous secret that somebody else has removed is no error, whenever that was, and no change to a configuration.
func TestAccPreviousSecretRemovedInThePortal(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	r, first, second := startOverlap(t, x, "")
	r.withoutSecret(t, r.keyID(t, "previous"))
	r.w.PlanIsEmpty(t)
	r.w.Must(t, "apply", "-refresh-only", "-auto-approve")
	if previous := values(t, r.w, "appreg_client_secret.test")["previous"]; previous != nil {
		t.Errorf("the state still shows %v", previous)
	}
	r.revoked(t, first)
	r.works(t, second)

	t.Log("between the plan that removes it and the apply")
	r.w.Configure(t, rotating(triggered("three")))
	third := r.rotated(t)
	x.Clock.Advance(8 * day)
	r.w.Must(t, "plan", "-out=saved")
	r.withoutSecret(t, r.keyID(t, "previous"))
	r.w.Must(t, "apply", "saved")
	r.works(t, third)
	r.holds(t, 1)
	r.w.PlanIsEmpty(t)
	r.ends(t)
}

// A current secret that somebody else has removed is made anew; what is left of its overlap is named.
func TestAccCurrentSecretRemovedInThePortal(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	r, first, second := startOverlap(t, x, "")
	previous := r.keyID(t, "previous")
	x.Clock.Advance(time.Hour) // a start is chosen within the last one, and nothing in Graph tells of a secret that is gone
	r.withoutSecret(t, r.keyID(t))
	r.proposes(t, "will be created", "is gone, and the one before it is left", previous)
	r.rotated(t)
	r.works(t, first)
	r.revoked(t, second)
	r.w.PlanIsEmpty(t)
	r.ends(t)
}

// Whatever ends the resource at once revokes both secrets, in either order of create and destroy.
func TestAccOverlapEndsWithTheResource(t *testing.T) {
	t.Parallel()
	const first, then = createFirst, ""
	for name, c := range map[string]struct {
		lifecycle string
		command   []string
	}{
		"destroy":                        {then, []string{"destroy", "-auto-approve", "-target=appreg_client_secret.test"}},
		"replace, create before destroy": {first, []string{"apply", "-auto-approve", "-replace=appreg_client_secret.test"}},
		"replace, destroy before create": {then, []string{"apply", "-auto-approve", "-replace=appreg_client_secret.test"}},
		"taint, create before destroy":   {first, []string{"taint", "appreg_client_secret.test"}},
		"taint, destroy before create":   {then, []string{"taint", "appreg_client_secret.test"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := acctest.Hostile(t)
			r, old, current := startOverlap(t, x, c.lifecycle)
			x.Clock.Advance(time.Second) // generation counts whole seconds
			r.w.Must(t, c.command...)
			r.w.Must(t, "apply", "-auto-approve")
			r.revoked(t, old, current)
			next := r.w.Output(t, "secret")
			if r.w.Output(t, "consumer") != next {
				t.Error("the consumer did not follow")
			}
			r.works(t, next)
			r.holds(t, 1)
			r.w.PlanIsEmpty(t)
			r.ends(t)
		})
	}
}

// With revoke_on_destroy = false secrets outlive the resource, and the plan of the destroy says so.
func TestAccSecretsThatOutliveTheResource(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	r, first, second := startOverlap(t, x, "\n  revoke_on_destroy = false")
	held := []string{r.keyID(t), r.keyID(t, "previous")}
	r.w.Must(t, "apply", "-auto-approve", "-replace=appreg_client_secret.test")
	r.works(t, first, second, r.w.Output(t, "secret"))
	r.holds(t, 3)
	for _, id := range held {
		r.withoutSecret(t, id)
	}
	last := r.w.Output(t, "secret")
	output := r.w.Must(t, "destroy", "-auto-approve", "-target=appreg_client_secret.test")
	demand(t, output, []string{"A client secret outlives this destroy", "revoke_on_destroy = false"})
	r.works(t, last)
	r.holds(t, 1)
	r.ends(t)
}

// What a rotation can't remove stays in mind: it doesn't keep the new secret from its consumers, and goes with the next
// removal, or with the resource.
func TestAccOlderSecretThatCanNotBeRemoved(t *testing.T) {
	t.Parallel()
	for _, end := range []string{"prune", "rotate", "destroy", "destroy before create", "create before destroy"} {
		t.Run(end, func(t *testing.T) {
			t.Parallel()
			x := acctest.Calm(t)
			lifecycle := ""
			if end == "create before destroy" {
				lifecycle = createFirst
			}
			r, first, second := startOverlap(t, x, lifecycle)
			older := r.keyID(t, "previous")
			if err := x.AddFaults(fault.Rule{Method: "POST", Route: "/applications/{id}/removePassword", Kind: fault.ErrorBefore, Status: 403}); err != nil {
				t.Fatal(err)
			}
			r.w.Configure(t, rotating(triggered("three")+lifecycle))
			output := r.w.Must(t, "apply", "-auto-approve")
			demand(t, output, []string{"Unable to remove superseded client secret", older, "The next removal of a secret of this resource removes this one, too."})
			third := r.w.Output(t, "consumer")
			r.works(t, first, second, third)
			r.holds(t, 3)
			x.ClearFaults()
			r.w.PlanIsEmpty(t)
			switch end {
			case "prune":
				x.Clock.Advance(8 * day)
				r.w.Must(t, "apply", "-auto-approve")
				r.revoked(t, first, second)
				r.holds(t, 1)
			case "rotate":
				r.w.Configure(t, rotating(triggered("four")))
				r.rotated(t)
				r.revoked(t, first, second)
				r.works(t, third)
				r.holds(t, 2)
			case "destroy":
				r.w.Must(t, "destroy", "-auto-approve", "-target=appreg_client_secret.test")
				r.holds(t, 0)
			default:
				r.rotated(t, "-replace=appreg_client_secret.test")
				r.revoked(t, first, second, third)
				r.holds(t, 1)
			}
			r.ends(t)
		})
	}
}

// A removal that fails is an error, and is planned again.
func TestAccPreviousSecretThatCanNotBeRemoved(t *testing.T) {
	t.Parallel()
	x := acctest.Calm(t)
	r, first, _ := startOverlap(t, x, "")
	x.Clock.Advance(8 * day)
	if err := x.AddFaults(fault.Rule{Method: "POST", Route: "/applications/{id}/removePassword", Kind: fault.ErrorBefore, Status: 403}); err != nil {
		t.Fatal(err)
	}
	refused(t, r.w, []string{"Unable to remove the previous client secret", "Application.ReadWrite.OwnedBy"}, apply()...)
	x.ClearFaults()
	r.works(t, first)
	r.proposes(t, "will be removed")
	output := r.w.Must(t, "apply", "-auto-approve")
	if strings.Contains(output, "forces replacement") {
		t.Error(output)
	}
	r.revoked(t, first)
	r.w.PlanIsEmpty(t)
	r.ends(t)
}
