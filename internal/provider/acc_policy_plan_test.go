package provider_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/acctest"
	"github.com/appreg/terraform-provider-appreg/internal/emulator"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// secretOf is a client secret of an application that is there already.
func secretOf(id, arguments string) string {
	return fmt.Sprintf("resource \"appreg_client_secret\" \"test\" {\n  application_id = %q\n  display_name = \"terraform\"\n  %s\n}\n", id, arguments)
}

// handmade is an application that somebody has made in the portal, a moment before the policies of a test.
func handmade(t *testing.T, x *acctest.Tenant) string {
	t.Helper()
	return x.Create(t, tenant.Application, tenant.Doc{"displayName": "Made by hand"})
}

func setPolicy(t *testing.T, x *acctest.Tenant, p emulator.Policy) {
	t.Helper()
	if err := x.SetPolicy(p); err != nil {
		t.Fatal(err)
	}
	x.CatchUp()
}

// What the tenant's policy certainly refuses is an error of the plan, before anything is written.
func TestAccPolicyForbidsAtPlan(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	id := handmade(t, x)
	setPolicy(t, x, emulator.Policy{LongestSecret: "P90D", LongestCertificate: "P90D"})
	end := x.Clock.Now().AddDate(0, 0, 100).UTC().Format(time.RFC3339)
	w := start(t, x, secretOf(id, ""))
	default90 := []string{"The tenant's policy forbids this client secret", "The tenant's default application management policy allows a client secret to be valid for 90 days at most",
		"set validity_days to 90 or less, or end_date to a time within 90 days"}
	refused(t, w, append(default90, "at most, and this one would be valid for 180 days."), "plan")
	w.Configure(t, secretOf(id, `end_date = "`+end+`"`))
	refused(t, w, append(default90, `end_date`, end), "plan")
	w.Configure(t, strings.ReplaceAll(certificateConfiguration(valid(t, "long").pem()), "appreg_application.test.id", `"`+id+`"`))
	refused(t, w, []string{"The tenant's policy forbids this certificate", "allows a certificate to be valid for 90 days at most, and this one would be valid for ", "Have a certificate issued that is valid for 90 days or less"}, "plan")
	if n := len(x.Requests()); n == 0 {
		t.Error("nobody was asked")
	}
	for _, r := range x.Requests() {
		if r.Method != "GET" && strings.HasPrefix(r.Path, "/v1.0/") {
			t.Errorf("a plan sent %s %s", r.Method, r.Path)
		}
	}

	w.Configure(t, secretOf(id, "validity_days = 90"))
	w.Apply(t)
	w.PlanIsEmpty(t)

	t.Log("a rotation is a new secret, too; a plan without one is not kept up by the policy")
	setPolicy(t, x, emulator.Policy{ForbidSecrets: true})
	w.PlanIsEmpty(t)
	w.Configure(t, secretOf(id, "validity_days = 60"))
	w.Apply(t)
	refused(t, w, []string{"The tenant's policy forbids this client secret", "forbids new client secrets.", "another kind of credential, or an exemption for this application"},
		"plan", "-replace=appreg_client_secret.test")
	w.Configure(t, strings.Replace(secretOf(id, "validity_days = 60"), `"terraform"`, `"other"`, 1))
	refused(t, w, []string{"The tenant's policy forbids this client secret"}, "plan")

	t.Log("terraform destroy makes such a plan first, unless it is told not to refresh")
	w.Must(t, "destroy", "-auto-approve", "-refresh=false")
}

// What isn't certain is a warning, and what doesn't concern the application is nothing.
func TestAccPolicyThatMayForbid(t *testing.T) {
	t.Parallel()
	const maybe = "The tenant's policy may forbid this client secret"
	for name, c := range map[string]struct {
		policy   emulator.Policy
		arrange  func(t *testing.T, x *acctest.Tenant, id string)
		toCome   bool // the application is made by the same plan
		want     []string
		accepted bool
	}{
		"an application to come": {policy: emulator.Policy{LongestSecret: "P90D"}, toCome: true, want: []string{maybe, "because the application is known during the apply only", "90 days"}},
		"exemptions": {policy: emulator.Policy{LongestSecret: "P90D"}, want: []string{maybe, "the policy exempts some identities"},
			arrange: func(t *testing.T, x *acctest.Tenant, _ string) {
				t.Helper()
				x.Change(t, tenant.DefaultAppPolicyID, func(d tenant.Doc) {
					d.Doc("applicationRestrictions").Docs("passwordCredentials")[0]["excludeActors"] = map[string]any{"customSecurityAttributes": []any{}}
				})
			}},
		"older than the rule": {policy: emulator.Policy{LongestSecret: "P90D", CreatedAfter: time.Now().AddDate(1, 0, 0)}, accepted: true},
		"a policy of its own": {policy: emulator.Policy{LongestSecret: "P90D"}, accepted: true,
			arrange: func(t *testing.T, x *acctest.Tenant, id string) {
				t.Helper()
				if err := x.AssignPolicy(id, emulator.Policy{LongestSecret: "P200D"}); err != nil {
					t.Fatal(err)
				}
				x.CatchUp()
			}},
		"policies that may not be read": {policy: emulator.Policy{LongestSecret: "P90D"},
			arrange: func(t *testing.T, x *acctest.Tenant, _ string) {
				t.Helper()
				setRoles(t, x, "Application.ReadWrite.All")
			}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := acctest.Hostile(t)
			id := handmade(t, x)
			setPolicy(t, x, c.policy)
			if c.arrange != nil {
				c.arrange(t, x, id)
			}
			hcl := secretOf(id, "")
			if c.toCome {
				hcl = minimalApplication + strings.Replace(hcl, `"`+id+`"`, "appreg_application.test.id", 1)
			}
			w := start(t, x, hcl)
			out := w.Must(t, "plan")
			demand(t, out, c.want)
			if warned := strings.Contains(out, "policy"); warned != (len(c.want) > 0) {
				t.Errorf("warned: %t\n%s", warned, out)
			}
			if c.accepted {
				w.Apply(t)
				w.PlanIsEmpty(t)
			}
		})
	}
}

// Policies are read where a credential is made, once in a process, and never for a plan without changes.
func TestAccPolicyRequests(t *testing.T) {
	t.Parallel()
	requests := func(x *acctest.Tenant) (all, policies int) {
		for _, r := range x.Requests() {
			if strings.HasPrefix(r.Path, "/v1.0/") {
				all++
			}
			if strings.Contains(strings.ToLower(r.Path), "managementpolic") {
				policies++
			}
		}
		x.ResetRequests()
		return all, policies
	}
	var without int
	for _, policy := range []emulator.Policy{{}, {LongestSecret: "P365D", LongestCertificate: "P365D"}} {
		x := acctest.Calm(t)
		id := handmade(t, x)
		setPolicy(t, x, policy)
		hcl := strings.Replace(secretOf(id, ""), "{\n", "{\n  count = 8\n", 1)
		w := start(t, x, hcl)
		x.ResetRequests()
		w.Must(t, "plan")
		if _, n := requests(x); n != 2 {
			t.Errorf("a plan of eight secrets reads policies %d times, want 2", n)
		}
		w.Apply(t)
		requests(x)
		w.PlanIsEmpty(t)
		all, n := requests(x)
		if n != 0 {
			t.Errorf("a plan without changes reads policies %d times", n)
		}
		if without == 0 {
			without = all
		}
		if all != without || all == 0 {
			t.Errorf("a plan without changes takes %d requests with the policy %+v, want %d", all, policy, without)
		}
		t.Logf("%+v: %d requests of a plan without changes", policy, all)
	}
}
