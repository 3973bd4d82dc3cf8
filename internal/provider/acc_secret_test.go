package provider_test

import (
	"strings"
	"testing"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/acctest"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

const secretConfiguration = `
resource "appreg_application" "test" {
  display_name = "Mail import"
}

resource "appreg_service_principal" "test" {
  client_id = appreg_application.test.client_id
}

resource "appreg_client_secret" "test" {
  application_id = appreg_application.test.id
  display_name   = "mail import"
  validity_days  = 90

  lifecycle {
    create_before_destroy = CREATE_BEFORE_DESTROY
  }
}

output "client_id" {
  value = appreg_application.test.client_id
}

output "secret" {
  value     = appreg_client_secret.test.value
  sensitive = true
}

output "generation" {
  value = appreg_client_secret.test.generation
}
`

func secretWorkspace(t *testing.T, x *acctest.Tenant, createBeforeDestroy string) *acctest.Workspace {
	t.Helper()
	w := x.Workspace(t, strings.ReplaceAll(secretConfiguration, "CREATE_BEFORE_DESTROY", createBeforeDestroy))
	w.Apply(t)
	return w
}

// Replacing a secret, in either order and by either command, makes the new one work and revokes the old one at once.
func TestAccSecretReplacement(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, createBeforeDestroy, by string }{
		{"replace, create before destroy", "true", "-replace"},
		{"replace, destroy before create", "false", "-replace"},
		{"taint, create before destroy", "true", "taint"},
		{"taint, destroy before create", "false", "taint"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			x := acctest.Hostile(t)
			w := secretWorkspace(t, x, c.createBeforeDestroy)
			product := x.Product(t, x.Facts().TenantID, w.Output(t, "client_id"))
			old, generation := w.Output(t, "secret"), w.Output(t, "generation")
			acctest.Eventually(t.Context(), t, product.Secret(old))

			x.Clock.Advance(time.Second) // generation counts whole seconds
			if c.by == "taint" {
				w.Must(t, "taint", "appreg_client_secret.test")
				w.Apply(t)
			} else {
				w.Apply(t, "-replace=appreg_client_secret.test")
			}
			if w.Output(t, "secret") == old {
				t.Fatal("the secret was not replaced")
			}
			if next := w.Output(t, "generation"); next <= generation {
				t.Errorf("generation went from %s to %s; consumers wait for a larger one", generation, next)
			}
			acctest.Eventually(t.Context(), t, product.Secret(w.Output(t, "secret")))
			acctest.Refused(t.Context(), t, product.Secret(old), 7000215)
			if n := len(x.Application(t, "Mail import").Docs("passwordCredentials")); n != 1 {
				t.Errorf("the application holds %d secrets, want the new one alone", n)
			}
			w.PlanIsEmpty(t)
			w.Destroy(t)
			if err := x.Left("Mail import"); err != nil {
				t.Error(err)
			}
		})
	}
}

// An expired secret is rotated, whatever else is unchanged. Nobody can use it, so it goes in the same apply.
func TestAccSecretExpired(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	w := secretWorkspace(t, x, "true")
	w.PlanIsEmpty(t)
	x.Clock.Advance(91 * 24 * time.Hour)
	plan := w.Terraform(t, "plan", "-detailed-exitcode")
	if plan.ExitCode != 2 || !strings.Contains(plan.Output, "updated in-place") {
		t.Fatalf("the plan must propose a rotation in place: exit status %d\n%s", plan.ExitCode, plan.Output)
	}
	demand(t, plan.Output, []string{"It expired at ", "is removed in the same apply"})
	product := x.Product(t, x.Facts().TenantID, w.Output(t, "client_id"))
	acctest.Refused(t.Context(), t, product.Secret(w.Output(t, "secret")), 7000222)
	w.Apply(t)
	acctest.Eventually(t.Context(), t, product.Secret(w.Output(t, "secret")))
	if n := len(x.Application(t, "Mail import").Docs("passwordCredentials")); n != 1 {
		t.Errorf("the application holds %d secrets, want the new one alone", n)
	}
	if previous := values(t, w, "appreg_client_secret.test")["previous"]; previous != nil {
		t.Errorf("previous is %v", previous)
	}
	w.PlanIsEmpty(t)
	w.Destroy(t)
	if err := x.Left("Mail import"); err != nil {
		t.Error(err)
	}
}

// A secret that somebody removed is made again; one that somebody added is nobody's business.
func TestAccSecretGoneBehindTerraformsBack(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	w := secretWorkspace(t, x, "true")
	old := w.Output(t, "secret")
	x.Change(t, x.Application(t, "Mail import").String("id"), func(d tenant.Doc) { d["passwordCredentials"] = []any{} })
	w.Apply(t)
	if w.Output(t, "secret") == old {
		t.Error("the removed secret was not made again")
	}
	w.PlanIsEmpty(t)
	w.Destroy(t)
	if err := x.Left("Mail import"); err != nil {
		t.Error(err)
	}
}
