package provider_test

import (
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	tfjson "github.com/hashicorp/terraform-json"

	"github.com/appreg/terraform-provider-appreg/internal/acctest"
)

const day = 24 * time.Hour

// rotating is a product whose secret a consumer holds, with further arguments of the secret.
func rotating(arguments string) string { return rotatingFor("90", arguments) }

// rotatingFor is rotating with another validity than 90 days.
func rotatingFor(days, arguments string) string {
	return `
resource "appreg_application" "test" {
  display_name = "Mail import"
}

resource "appreg_service_principal" "test" {
  client_id = appreg_application.test.client_id
}

resource "appreg_client_secret" "test" {
  application_id = appreg_application.test.id
  validity_days  = ` + days + `
` + arguments + `
}

resource "terraform_data" "consumer" {
  input = {
    value      = appreg_client_secret.test.value
    generation = appreg_client_secret.test.generation
  }
}

output "client_id" {
  value = appreg_application.test.client_id
}

output "secret" {
  value     = appreg_client_secret.test.value
  sensitive = true
}

output "consumer" {
  value     = terraform_data.consumer.output.value
  sensitive = true
}

output "generation" {
  value = terraform_data.consumer.output.generation
}
`
}

// rotation is a test's view of a secret that is rotated.
type rotation struct {
	*acctest.Tenant
	w       *acctest.Workspace
	product *acctest.Product
}

// startRotation applies, and signs in with what the consumer was given.
func startRotation(t *testing.T, x *acctest.Tenant, configuration string) (r *rotation, first string) {
	t.Helper()
	w := x.Workspace(t, configuration)
	w.Apply(t)
	r = &rotation{Tenant: x, w: w, product: x.Product(t, x.Facts().TenantID, w.Output(t, "client_id"))}
	first = w.Output(t, "secret")
	r.works(t, first)
	return r, first
}

// works demands that a secret signs in.
func (r *rotation) works(t *testing.T, secrets ...string) {
	t.Helper()
	for _, secret := range secrets {
		acctest.Eventually(t.Context(), t, r.product.Secret(secret))
	}
}

// revoked demands that a secret is refused as one that the application doesn't hold.
func (r *rotation) revoked(t *testing.T, secrets ...string) {
	t.Helper()
	for _, secret := range secrets {
		acctest.Refused(t.Context(), t, r.product.Secret(secret), 7000215)
	}
}

// proposes demands a plan with changes that says all of this.
func (r *rotation) proposes(t *testing.T, says ...string) {
	t.Helper()
	plan := r.w.Terraform(t, "plan", "-detailed-exitcode")
	if plan.ExitCode != 2 {
		t.Fatalf("the plan must propose a change: exit status %d\n%s", plan.ExitCode, plan.Output)
	}
	demand(t, plan.Output, says)
}

// rotated applies, and demands a new secret of a later generation that the consumer holds and that works.
func (r *rotation) rotated(t *testing.T, apply ...string) (current string) {
	t.Helper()
	old, generation := r.w.Output(t, "secret"), r.w.Output(t, "generation")
	r.w.Must(t, append([]string{"apply", "-auto-approve"}, apply...)...)
	current = r.w.Output(t, "secret")
	if current == old {
		t.Fatal("the secret was not rotated")
	}
	if got := r.w.Output(t, "consumer"); got != current {
		t.Error("the consumer did not follow in the same apply")
	}
	if next := r.w.Output(t, "generation"); next <= generation {
		t.Errorf("generation went from %s to %s; consumers wait for a larger one", generation, next)
	}
	r.works(t, current)
	return current
}

// holds demands that the application holds a number of secrets.
func (r *rotation) holds(t *testing.T, want int) {
	t.Helper()
	if n := len(r.Application(t, "Mail import").Docs("passwordCredentials")); n != want {
		t.Errorf("the application holds %d secrets, want %d", n, want)
	}
}

// changedAttributes counts what a plan changes of a resource.
func changedAttributes(t *testing.T, w *acctest.Workspace, address string) (n int) {
	t.Helper()
	file := filepath.Join(w.Dir, "counted")
	w.Must(t, "plan", "-out="+file)
	var plan tfjson.Plan
	if err := plan.UnmarshalJSON([]byte(w.Must(t, "show", "-json", file))); err != nil {
		t.Fatal(err)
	}
	for _, c := range plan.ResourceChanges {
		if c.Address != address {
			continue
		}
		before, ok1 := c.Change.Before.(map[string]any)
		after, ok2 := c.Change.After.(map[string]any)
		if !ok1 || !ok2 {
			t.Fatalf("the plan makes or destroys %s", address)
		}
		for name, value := range before {
			if !reflect.DeepEqual(value, after[name]) {
				n++
			}
		}
	}
	return n
}

// ends destroys, and demands that nothing is left.
func (r *rotation) ends(t *testing.T) {
	t.Helper()
	r.w.Destroy(t)
	if err := r.Left("Mail import"); err != nil {
		t.Error(err)
	}
}

// keyID is the key id of the secret, or of "previous".
func (r *rotation) keyID(t *testing.T, of ...string) string {
	t.Helper()
	v := values(t, r.w, "appreg_client_secret.test")
	for _, name := range of {
		nested, ok := v[name].(map[string]any)
		if !ok {
			t.Fatalf("%s is %v", name, v[name])
		}
		v = nested
	}
	id, ok := v["key_id"].(string)
	if !ok {
		t.Fatalf("the key id is %v", v["key_id"])
	}
	return id
}

// TestAccRotationTimeline follows two secrets from the making of the first to the removal of it, and signs in at each step.
func TestAccRotationTimeline(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	r, first := startRotation(t, x, rotating(`
  display_name      = "mail import"
  renew_before_days = 30`))
	r.w.PlanIsEmpty(t)

	t.Log("day 59: not due yet")
	x.Clock.Advance(59 * day)
	r.w.PlanIsEmpty(t)

	t.Log("day 61: due, with a plan that says what happens")
	x.Clock.Advance(2 * day)
	old := r.keyID(t)
	r.proposes(t, `Client secret "mail import" will be rotated`, "It expires at ", "30 days before that", "key id "+old+", stays valid for 7 days after the apply",
		"updated in-place", "generation =", "previous = (known after apply)")
	second := r.rotated(t)
	r.works(t, first)
	r.holds(t, 2)
	if got := r.keyID(t, "previous"); got != old {
		t.Errorf("previous is %s, want %s", got, old)
	}
	r.w.PlanIsEmpty(t)

	t.Log("day 67: both work")
	x.Clock.Advance(6 * day)
	r.w.PlanIsEmpty(t)
	r.works(t, first, second)

	t.Log("day 69: the overlap is over, and the removal is a change that the plan shows")
	x.Clock.Advance(2 * day)
	r.proposes(t, `The secret before client secret "mail import" will be removed`, "was kept until ", old, "updated in-place", "} -> null")
	r.works(t, first, second)
	output := r.w.Must(t, "apply", "-auto-approve")
	if strings.Contains(output, "terraform_data.consumer: Mod") {
		t.Error("the consumer was touched by the removal of the old secret")
	}
	r.revoked(t, first)
	r.works(t, second)
	r.holds(t, 1)
	r.w.PlanIsEmpty(t)
	if r.w.Output(t, "consumer") != second {
		t.Error("the consumer holds another secret than the current one")
	}
	r.ends(t)
}
