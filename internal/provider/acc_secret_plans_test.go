package provider_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/acctest"
	"github.com/appreg/terraform-provider-appreg/internal/emulator"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/fault"
)

const renewed = `
  display_name      = "mail import"
  renew_before_days = 30`

func triggered(value string) string {
	return "  display_name = \"mail import\"\n  rotation_triggers = { incident = \"" + value + "\" }"
}

// A plan stays valid however much time passes before its apply, and in either direction: what it proposes is done a day
// later, and what it doesn't propose is not done, although it has become due.
func TestAccRotationOfASavedPlan(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	r, first := startRotation(t, x, rotating(renewed))
	saved := filepath.Join(r.w.Dir, "saved")
	save := func() { r.w.Must(t, "plan", "-out="+saved) }

	x.Clock.Advance(59 * day)
	r.w.Configure(t, rotating(renewed+"\n  overlap_days = 3"))
	save()
	x.Clock.Advance(2 * day)
	r.w.Must(t, "apply", saved)
	if r.w.Output(t, "secret") != first {
		t.Fatal("a plan without a rotation rotated")
	}

	r.proposes(t, "will be rotated", "stays valid for 3 days")
	save()
	x.Clock.Advance(day)
	r.w.Must(t, "apply", saved)
	second := r.w.Output(t, "secret")
	if second == first || r.w.Output(t, "consumer") != second {
		t.Fatal("a plan with a rotation didn't rotate a day later")
	}
	r.works(t, first, second)
	r.w.PlanIsEmpty(t)

	t.Log("the removal of the previous secret waits for its plan, too")
	x.Clock.Advance(2*day + 23*time.Hour)
	r.w.Configure(t, rotating(renewed+"\n  overlap_days = 5"))
	save()
	x.Clock.Advance(day)
	r.w.Must(t, "apply", saved)
	r.works(t, first)
	r.holds(t, 2)
	r.proposes(t, "will be removed")
	save()
	x.Clock.Advance(day)
	r.w.Must(t, "apply", saved)
	r.revoked(t, first)
	r.works(t, second)
	r.w.PlanIsEmpty(t)
	r.ends(t)
}

// A plan made before the secret's end and applied after it does what it said, and the secret that nobody can use any more
// goes at once.
func TestAccRotationPlannedBeforeTheEndAndAppliedAfter(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	r, first := startRotation(t, x, rotating(renewed))
	saved := filepath.Join(r.w.Dir, "saved")
	x.Clock.Advance(88 * day)
	r.w.Must(t, "plan", "-out="+saved)
	x.Clock.Advance(3 * day)
	r.w.Must(t, "apply", saved)
	r.works(t, r.w.Output(t, "secret"))
	r.revoked(t, first)
	r.holds(t, 1)
	r.w.PlanIsEmpty(t)
	r.ends(t)
}

// A refresh decides and changes nothing that is visible; without a refresh nothing new is decided.
func TestAccRotationAndRefresh(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	r, first := startRotation(t, x, rotating(renewed))
	x.Clock.Advance(61 * day)
	if plan := r.w.Terraform(t, "plan", "-refresh=false", "-detailed-exitcode"); plan.ExitCode != 0 {
		t.Errorf("without a refresh nobody has looked at the clock: exit status %d\n%s", plan.ExitCode, plan.Output)
	}
	demand(t, r.w.Must(t, "plan", "-refresh-only"), []string{"No changes."})
	r.w.Must(t, "apply", "-refresh-only", "-auto-approve")
	if r.w.Output(t, "secret") != first {
		t.Fatal("a refresh rotated")
	}
	serial := r.serial(t)
	r.w.Must(t, "apply", "-refresh-only", "-auto-approve")
	if next := r.serial(t); next != serial {
		t.Errorf("a refresh that decides nothing new moved the state's serial from %v to %v", serial, next)
	}
	second := r.rotated(t, "-refresh=false")
	r.works(t, first, second)

	x.Clock.Advance(8 * day)
	if plan := r.w.Terraform(t, "plan", "-refresh=false", "-detailed-exitcode"); plan.ExitCode != 0 {
		t.Errorf("a rotation's decision outlives it: exit status %d\n%s", plan.ExitCode, plan.Output)
	}
	r.works(t, first)
	r.w.Must(t, "apply", "-auto-approve")
	r.revoked(t, first)
	r.w.PlanIsEmpty(t)
	r.ends(t)
}

// Right after a rotation, and right after a removal, other processes meet replicas that show the secrets as they were:
// that is neither drift nor a reason for another rotation.
func TestAccRotationBeforeReplicasThatLag(t *testing.T) {
	t.Parallel()
	x := acctest.Calm(t, emulator.WithLag(3*time.Second), emulator.WithSeed(1)) // with this seed a plan meets such a replica
	r, _ := startRotation(t, x, rotating(triggered("one")+"\n  overlap_days = 0"))
	for _, trigger := range []string{"two", "three"} {
		r.w.Configure(t, rotating(triggered(trigger)+"\n  overlap_days = 0"))
		x.Clock.Advance(day) // what is remembered of earlier writes is of no use any more
		old := r.keyID(t)
		r.w.Must(t, "apply", "-auto-approve")
		current := r.keyID(t)
		for range 3 {
			r.w.Must(t, "apply", "-refresh-only", "-auto-approve")
			if r.keyID(t) != current || r.keyID(t, "previous") != old {
				t.Fatalf("a lagging replica was taken for drift: %v", values(t, r.w, "appreg_client_secret.test"))
			}
		}
	}
	r.w.Must(t, "apply", "-auto-approve")
	r.w.PlanIsEmpty(t)
	r.holds(t, 1)
	r.ends(t)
}

// serial counts the versions of the state.
func (r *rotation) serial(t *testing.T) any {
	t.Helper()
	return r.state(t)["serial"]
}

// state is the state file.
func (r *rotation) state(t *testing.T) (state map[string]any) {
	t.Helper()
	if err := json.Unmarshal([]byte(r.w.Must(t, "state", "pull")), &state); err != nil {
		t.Fatal(err)
	}
	return state
}

// A state from before there were rotations gets the defaults, and nothing else changes.
func TestAccSecretFromAnOlderState(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	r, first := startRotation(t, x, rotating("  display_name = \"mail import\""))
	state := r.state(t)
	resources, ok := state["resources"].([]any)
	if !ok {
		t.Fatalf("the state's resources are %T", state["resources"])
	}
	for _, entry := range resources {
		resource, ok := entry.(map[string]any)
		if !ok || resource["type"] != "appreg_client_secret" {
			continue
		}
		attributes, ok := resource["instances"].([]any)[0].(map[string]any)["attributes"].(map[string]any)
		if !ok {
			t.Fatalf("the attributes are %T", attributes)
		}
		for _, name := range []string{"renew_before_days", "rotation_triggers", "overlap_days", "revoke_on_destroy", "previous"} {
			delete(attributes, name)
		}
	}
	serial, ok := state["serial"].(float64)
	if !ok {
		t.Fatalf("the serial is %T", state["serial"])
	}
	state["serial"] = serial + 1
	older, err := json.Marshal(state)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(r.w.Dir, "older.tfstate"), older, 0o600); err != nil {
		t.Fatal(err)
	}
	r.w.Must(t, "state", "push", "older.tfstate")
	if n := changedAttributes(t, r.w, "appreg_client_secret.test"); n != 2 {
		t.Errorf("the plan changes %d attributes, want overlap_days and revoke_on_destroy", n)
	}
	x.ResetRequests()
	r.w.Must(t, "apply", "-auto-approve")
	if n := writes(x.Requests()); n != 0 {
		t.Errorf("%d writes", n)
	}
	r.works(t, first)
	r.w.PlanIsEmpty(t)
	r.ends(t)
}

// Secrets of one application rotate side by side, and none takes another's place.
func TestAccRotationOfManyAtOnce(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	configuration := func(trigger string) string {
		return minimalApplication + `
resource "appreg_client_secret" "many" {
  count             = 8
  application_id    = appreg_application.test.id
  rotation_triggers = { n = "` + trigger + `" }
}

output "generations" {
  value = length(distinct(appreg_client_secret.many[*].generation))
}

output "held" {
  value = length(distinct(concat(appreg_client_secret.many[*].key_id, [for s in appreg_client_secret.many : try(s.previous.key_id, s.key_id)])))
}
`
	}
	r := &rotation{Tenant: x, w: x.Workspace(t, configuration("one"))}
	r.w.Apply(t)
	r.w.Configure(t, configuration("two"))
	r.w.Must(t, "apply", "-auto-approve")
	r.holds(t, 16)
	if held, generations := r.w.Output(t, "held"), r.w.Output(t, "generations"); held != "16" || generations != "8" {
		t.Errorf("%s secrets of %s generations are in the state, want 16 of 8", held, generations)
	}
	r.w.PlanIsEmpty(t)
	x.Clock.Advance(8 * day)
	r.w.Must(t, "apply", "-auto-approve")
	r.holds(t, 8)
	r.w.PlanIsEmpty(t)
	r.ends(t)
}

// With -target the secret is rotated alone; what refers to it follows later, and has a valid secret all the while.
func TestAccRotationOfATarget(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	r, first := startRotation(t, x, rotating(renewed))
	x.Clock.Advance(61 * day)
	r.w.Must(t, "apply", "-auto-approve", "-target=appreg_client_secret.test")
	second := r.w.Output(t, "secret")
	if second == first {
		t.Fatal("the secret was not rotated")
	}
	if r.w.Output(t, "consumer") != first {
		t.Fatal("the consumer is no target")
	}
	r.works(t, first, second)
	r.w.Must(t, "apply", "-auto-approve")
	if r.w.Output(t, "consumer") != second {
		t.Error("the consumer did not follow")
	}
	r.w.PlanIsEmpty(t)
	r.ends(t)
}

// A rotation that fails before it made a secret has changed nothing.
func TestAccRotationThatIsRefused(t *testing.T) {
	t.Parallel()
	x := acctest.Calm(t)
	r, first := startRotation(t, x, rotating(triggered("one")))
	old := r.keyID(t)
	r.w.Configure(t, rotating(triggered("two")))
	if err := x.AddFaults(fault.Rule{Method: "POST", Route: "/applications/{id}/addPassword", Kind: fault.ErrorBefore, Status: 403}); err != nil {
		t.Fatal(err)
	}
	refused(t, r.w, []string{"Unable to rotate client secret", "Application.ReadWrite.OwnedBy"}, apply()...)
	x.ClearFaults()
	r.holds(t, 1)
	if r.keyID(t) != old || r.w.Output(t, "secret") != first {
		t.Fatal("a rotation that made no secret changed the state")
	}
	r.proposes(t, "rotation_triggers change")
	r.rotated(t)
	r.ends(t)
}

// A rotation that is interrupted once the secret exists keeps both: the new one is in the state, the old one works until
// the end of its overlap, and the next apply updates the consumer and makes no other secret.
func TestAccRotationThatIsInterrupted(t *testing.T) {
	t.Parallel()
	x := acctest.Calm(t)
	r, first := startRotation(t, x, rotating(triggered("one")))
	old := r.keyID(t)
	r.w.Configure(t, rotating(triggered("two")))
	if err := x.AddFaults(fault.Rule{Method: "POST", Route: "/applications/{id}/addPassword", Kind: fault.SlowAfter, Delay: fault.Duration(2 * time.Second)}); err != nil {
		t.Fatal(err)
	}
	x.ResetRequests()
	running := r.w.Start(t, "apply", "-auto-approve")
	seen := func(context.Context) (acctest.Claims, error) {
		for _, q := range x.Requests() {
			if q.Route == "/applications/{id}/addPassword" {
				return acctest.Claims{}, nil
			}
		}
		return acctest.Claims{}, errors.New("no secret was asked for")
	}
	acctest.Eventually(t.Context(), t, seen)
	if err := running.Interrupt(); err != nil {
		t.Fatal(err)
	}
	result := running.Wait(t)
	if result.ExitCode == 0 {
		t.Fatalf("the apply was to be interrupted\n%s", result.Output)
	}
	x.ClearFaults()
	second, ok := values(t, r.w, "appreg_client_secret.test")["value"].(string) // outputs come at the end of an apply
	if !ok || second == first || r.keyID(t, "previous") != old {
		t.Fatalf("the state must hold the new secret, and the old one as previous: %v\n%s", values(t, r.w, "appreg_client_secret.test"), result.Output)
	}
	if r.w.Output(t, "consumer") != first {
		t.Error("the consumer was updated by an apply that was interrupted before")
	}
	r.works(t, first, second)
	r.w.Must(t, "apply", "-auto-approve")
	if r.w.Output(t, "secret") != second || r.w.Output(t, "consumer") != second {
		t.Error("the next apply must hand over the secret that was made, and make no other")
	}
	r.holds(t, 2)
	r.w.PlanIsEmpty(t)
	x.Clock.Advance(8 * day)
	r.w.Must(t, "apply", "-auto-approve")
	r.revoked(t, first)
	r.works(t, second)
	r.ends(t)
}

// A rotation whose outcome can't be read back is done all the same: its consumers are not to wait for that.
func TestAccRotationThatCanNotBeReadBack(t *testing.T) {
	t.Parallel()
	x := acctest.Calm(t)
	r, first := startRotation(t, x, rotating(triggered("one")))
	r.w.Configure(t, rotating(triggered("two")))
	x.ClearFaults()
	// The first two reads are the plan's and that of the apply before it makes the secret.
	if err := x.AddFaults(fault.Rule{Method: "GET", Route: "/applications/{id}", Nth: []int{3, 4, 5, 6, 7, 8, 9}, Kind: fault.ErrorBefore, Status: 403}); err != nil {
		t.Fatal(err)
	}
	demand(t, r.w.Must(t, "apply", "-auto-approve"), []string{"The directory is slow to show the client secret"})
	x.ClearFaults()
	if second := r.w.Output(t, "consumer"); second == first {
		t.Error("the consumer did not follow")
	} else {
		r.works(t, first, second)
	}
	r.w.PlanIsEmpty(t)
	r.ends(t)
}

// What only Terraform knows is changed without a request beyond the refresh, and shows only itself.
func TestAccRotationArgumentsAreChangedInSilence(t *testing.T) {
	t.Parallel()
	x := acctest.Calm(t)
	r, first := startRotation(t, x, rotating(triggered("one")))
	r.w.Configure(t, rotating(triggered("two")))
	second := r.rotated(t) // so that there is a previous secret, which must not show either
	for _, arguments := range []string{"validity_days = 60", "renew_before_days = 20", "overlap_days = 1", "revoke_on_destroy = false", "revoke_on_destroy = true"} {
		configuration := rotating(triggered("two") + "\n  " + arguments)
		if arguments == "validity_days = 60" {
			configuration = rotatingFor("60", triggered("two"))
		}
		r.w.Configure(t, configuration)
		if n := changedAttributes(t, r.w, "appreg_client_secret.test"); n > 2 { // and back to the default of the one before
			t.Errorf("%s: the plan changes %d attributes", arguments, n)
		}
		x.ResetRequests()
		r.w.Must(t, "apply", "-auto-approve")
		if n := writes(x.Requests()); n != 0 {
			t.Errorf("%s: %d writes", arguments, n)
		}
		r.w.PlanIsEmpty(t)
	}
	r.works(t, first, second)
	r.ends(t)
}

// writes counts what changes something in the tenant.
func writes(requests []emulator.Request) (n int) {
	for _, r := range requests {
		if r.Method != "GET" && r.ClientID != "" {
			n++
		}
	}
	return n
}
