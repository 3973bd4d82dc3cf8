package e2e_test

import (
	"net/http"
	"testing"

	"github.com/appreg/terraform-provider-appreg/internal/acctest"
	"github.com/appreg/terraform-provider-appreg/internal/emulator"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/fault"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// Two pipelines with one identity apply the same configuration at the same moment, and the reply of each one's create is
// lost. Each ends with an application of its own, and the destroy of one leaves the other's alone.
func TestTwoPipelinesAtOnce(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t, emulator.WithFaults([]fault.Rule{
		{Method: http.MethodPost, Route: "/applications", Nth: []int{1, 2}, Kind: fault.DropAfter},
	}))
	var pipelines [2]*acctest.Workspace
	var applies [2]*acctest.Process
	for i := range pipelines {
		pipelines[i] = x.Workspace(t, "")
		pipelines[i].Mirror = mirror
		pipelines[i].ConfigureFrom(t, "examples/demo/main.tf")
		pipelines[i].Init(t)
	}
	for i, w := range pipelines {
		applies[i] = w.Start(t, "apply", "-auto-approve")
	}
	clients := map[string]bool{}
	for i, w := range pipelines {
		if r := applies[i].Wait(t); r.ExitCode != 0 {
			t.Fatalf("pipeline %d: exit status %d\n%s", i, r.ExitCode, r.Output)
		}
		clients[w.Output(t, "client_id")] = true
	}
	if n := len(x.Applications()); n != 2 || len(clients) != 2 {
		t.Errorf("the tenant holds %d applications, and the states %d of them", n, len(clients))
	}
	pipelines[0].PlanIsEmpty(t)
	pipelines[0].Destroy(t)
	pipelines[1].PlanIsEmpty(t)
	if apps, grants := len(x.Applications()), len(x.Made(tenant.Grant)); apps != 1 || grants != 1 {
		t.Errorf("after one's destroy the tenant holds %d applications and %d grants", apps, grants)
	}
	pipelines[1].Destroy(t)
	if err := x.Left("Mail import", "Mail import"); err != nil {
		t.Error(err)
	}
}
