package e2e_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/acctest"
	"github.com/appreg/terraform-provider-appreg/internal/emulator"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/fault"
)

// longestStop tells a terraform that stops from one that waits for Graph, on the busiest machine, where it has taken nine
// seconds. How soon the provider stops is proven in virtual time, to a tenth of a second, by the tests of transport.
const longestStop = 30 * time.Second

// Ctrl-C between a commit and its reply: terraform ends within seconds, what was made is in the state, and the next apply
// makes nothing twice.
func TestInterruptBetweenCommitAndReply(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, method, route string }{
		{"application", http.MethodPost, "/applications"},
		{"secret", http.MethodPost, "/applications/{id}/addPassword"},
		{"service principal", http.MethodPost, "/servicePrincipals"},
		{"consent", http.MethodPost, "/oauth2PermissionGrants"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			x := acctest.Calm(t, emulator.WithFaults([]fault.Rule{
				{Method: c.method, Route: c.route, Nth: []int{1}, Kind: fault.SlowAfter, Delay: fault.Duration(3 * time.Second)},
			}))
			w := x.Workspace(t, "")
			w.Mirror = mirror
			w.ConfigureFrom(t, "examples/demo/main.tf")
			w.Init(t)

			apply := w.Start(t, "apply", "-auto-approve")
			committed(t, x, c.method, c.route)
			interrupted := time.Now()
			if err := apply.Interrupt(); err != nil {
				t.Fatal(err)
			}
			result := apply.Wait(t)
			if took := time.Since(interrupted); took > longestStop {
				t.Errorf("terraform took %s to stop\n%s", took, result.Output)
			}
			if result.ExitCode == 0 {
				t.Fatalf("the apply was to be interrupted, but it finished\n%s", result.Output)
			}

			w.Must(t, "apply", "-auto-approve")
			w.PlanIsEmpty(t)
			if n := len(x.Applications()); n != 1 {
				t.Errorf("the tenant holds %d applications, want 1\n%s", n, result.Output)
			}
			if n := len(x.Application(t, "Mail import").Docs("passwordCredentials")); n != 1 {
				t.Errorf("the application holds %d secrets, want 1\n%s", n, result.Output)
			}
			w.Destroy(t)
			if err := x.Left("Mail import"); err != nil {
				t.Errorf("%v\n%s", err, result.Output)
			}
		})
	}
}

// Ctrl-C while Graph wants to be left alone for a minute: terraform doesn't wait for that.
func TestInterruptWhileThrottled(t *testing.T) {
	t.Parallel()
	x := acctest.Calm(t, emulator.WithFaults([]fault.Rule{
		{Method: http.MethodPost, Route: "/applications", Kind: fault.Throttle, RetryAfter: "60"},
	}))
	w := x.Workspace(t, "")
	w.Mirror = mirror
	w.ConfigureFrom(t, "examples/demo/main.tf")
	w.Init(t)
	apply := w.Start(t, "apply", "-auto-approve")
	committed(t, x, http.MethodPost, "/applications")
	interrupted := time.Now()
	if err := apply.Interrupt(); err != nil {
		t.Fatal(err)
	}
	result := apply.Wait(t)
	took := time.Since(interrupted)
	t.Logf("terraform stopped after %v", took)
	if took > longestStop || result.ExitCode == 0 {
		t.Errorf("exit status %d after %v\n%s", result.ExitCode, took, result.Output)
	}
	if n := len(x.Applications()); n != 0 {
		t.Errorf("there are %d applications", n)
	}
}

// committed waits until the emulator has taken the request in hand whose reply it will hold back.
func committed(t *testing.T, x *acctest.Tenant, method, route string) {
	t.Helper()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); <-again.C {
		for _, r := range x.Requests() {
			if r.Method == method && r.Route == route {
				return
			}
		}
	}
	t.Fatalf("no %s %s was seen", method, route)
}
