package provider_test

import (
	"testing"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/acctest"
	"github.com/appreg/terraform-provider-appreg/internal/emulator"
)

// The tenant's limit is told in the terms of the argument that was written, if it can be read.
func TestAccSecretLifetimeForbiddenByPolicy(t *testing.T) {
	t.Parallel()
	const refusal = "A policy of the tenant for applications forbids it"
	for name, c := range map[string]struct {
		arguments string
		roles     []string // all that are needed when nil
		want      string
	}{
		"validity_days":        {"validity_days = 91", nil, "The longest lifetime allowed is 90 days: set validity_days to 90 or less"},
		"end_date":             {`end_date = "` + time.Now().Add(100*24*time.Hour).UTC().Format(time.RFC3339) + `"`, nil, "or end_date to a time within 90 days"},
		"policy is unreadable": {"validity_days = 91", []string{"Application.ReadWrite.All"}, "choose a shorter validity_days or an earlier end_date"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := acctest.Hostile(t)
			if err := x.SetPolicy(emulator.Policy{LongestSecret: "P90D"}); err != nil {
				t.Fatal(err)
			}
			if c.roles != nil {
				setRoles(t, x, c.roles...)
			}
			w := start(t, x, minimalApplication+"resource \"appreg_client_secret\" \"test\" {\n  application_id = appreg_application.test.id\n  display_name = \"terraform\"\n  "+c.arguments+"\n}\n")
			refused(t, w, []string{`Unable to create client secret "terraform"`, refusal, c.want, "request-id"}, apply()...)
			if n := len(x.Application(t, "Mail import").Docs("passwordCredentials")); n != 0 {
				t.Errorf("the application holds %d secrets, want none", n)
			}

			// As advised it works, and nothing of the first attempt stands in the way.
			w.Configure(t, minimalApplication+"resource \"appreg_client_secret\" \"test\" {\n  application_id = appreg_application.test.id\n  display_name = \"terraform\"\n  validity_days = 90\n}\n")
			w.Apply(t)
			w.PlanIsEmpty(t)
		})
	}
}

// Longer than the portal offers is unwise, not wrong.
func TestAccSecretValidForMoreThanTwoYears(t *testing.T) {
	t.Parallel()
	for argument, value := range map[string]string{"validity_days": "732", "end_date": `"2099-01-01T00:00:00Z"`} {
		t.Run(argument, func(t *testing.T) {
			t.Parallel()
			x := acctest.Hostile(t, emulator.WithReading("overlong-secret", "accepted"))
			w := start(t, x, minimalApplication+"resource \"appreg_client_secret\" \"test\" {\n  application_id = appreg_application.test.id\n  "+argument+" = "+value+"\n}\n")
			demand(t, w.Must(t, "plan"), []string{"Warning: Client secret valid for more than two years", argument + " = " + value, "the longest that the portal offers"})
			w.Apply(t)
			w.PlanIsEmpty(t)
		})
	}
}

// A tenant may refuse what is longer, and that is told in the terms of the configuration, too.
func TestAccSecretRefusedAsOverlong(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t, emulator.WithReading("overlong-secret", "refused"))
	w := start(t, x, minimalApplication+"resource \"appreg_client_secret\" \"test\" {\n  application_id = appreg_application.test.id\n  validity_days = 732\n}\n")
	refused(t, w, []string{"Unable to create client secret", "no end that is more than two years ahead", "a shorter validity_days or an earlier end_date", "request-id"}, apply()...)
}

// Owners are people and service principals that exist.
func TestAccApplicationOwnerThatDoesNotExist(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	w := start(t, x, "resource \"appreg_application\" \"test\" {\n  display_name = \"Mail import\"\n  owners = [\""+stranger+"\"]\n}\n")
	refused(t, w, []string{`application "Mail import"`, stranger, "Check owners: each must be the object id of a user or service principal"}, apply()...)
}
