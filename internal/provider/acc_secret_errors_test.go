package provider_test

import (
	"testing"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/acctest"
	"github.com/appreg/terraform-provider-appreg/internal/emulator"
)

func datedSecret(end string) string {
	return minimalApplication + `
resource "appreg_client_secret" "test" {
  application_id = appreg_application.test.id
  end_date       = "` + end + `"
}
`
}

// An end that has passed can't be given to a new secret. One that passes later is only spoken of, and the secret can
// still be destroyed.
func TestAccSecretEndDateThatHasPassed(t *testing.T) {
	t.Parallel()
	x := acctest.Calm(t)
	w := start(t, x, datedSecret("2020-01-01T00:00:00Z"))
	refused(t, w, []string{"has passed", "Choose a later one"}, "plan")

	w.Configure(t, datedSecret(time.Now().Add(24*time.Hour).UTC().Truncate(time.Second).Format(time.RFC3339)))
	w.Apply(t)
	w.PlanIsEmpty(t)
	x.Clock.Advance(25 * time.Hour)
	demand(t, w.Must(t, "plan", "-detailed-exitcode"), []string{"Client secret has expired", "Move end_date into the future", "No changes"})
	w.Destroy(t)
	if err := x.Left("Mail import"); err != nil {
		t.Error(err)
	}
}

func TestAccSecretThirdOnPersonalAccounts(t *testing.T) {
	t.Parallel()
	x := acctest.Calm(t)
	const application = `
resource "appreg_application" "test" {
  display_name     = "Mail import"
  sign_in_audience = "AzureADandPersonalMicrosoftAccount"
}

resource "appreg_client_secret" "two" {
  count          = 2
  application_id = appreg_application.test.id
}
`
	w := x.Workspace(t, application)
	w.Apply(t)
	var held []string
	for _, d := range x.Application(t, "Mail import").Docs("passwordCredentials") {
		held = append(held, d.String("keyId"))
	}
	w.Configure(t, application+`resource "appreg_client_secret" "third" { application_id = appreg_application.test.id }`)
	demand(t, w.Must(t, "plan"), append([]string{"holds two client secrets already"}, held...))
	refused(t, w, append([]string{"Unable to create client secret", "two client secrets at a time", "-replace"}, held...), apply()...)
}

// What the tenant's policy refuses is translated into the argument to write.
func TestAccSecretRefusedByPolicy(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		policy emulator.Policy
		want   []string
	}{
		"too long":  {emulator.Policy{LongestSecret: "P90D"}, []string{"A policy of the tenant", "set validity_days to 90 or less"}},
		"forbidden": {emulator.Policy{ForbidSecrets: true}, []string{"A policy of the tenant", "another kind of credential"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := acctest.Calm(t)
			if err := x.SetPolicy(c.policy); err != nil {
				t.Fatal(err)
			}
			w := start(t, x, minimalApplication+`resource "appreg_client_secret" "test" { application_id = appreg_application.test.id }`)
			refused(t, w, c.want, apply()...)
		})
	}
}
