package e2e_test

import (
	"testing"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/acctest"
)

// A terraform that is killed can't end its providers. Ours notices, also while it waits for a reply and says nothing.
func TestTheProviderEndsWithTerraform(t *testing.T) {
	t.Parallel()
	x := acctest.Calm(t)
	w := x.Workspace(t, `resource "appreg_application" "test" { display_name = "Mail import" }`)
	w.Mirror = mirror
	w.Init(t)
	started, struck, reply := make(chan *acctest.Process, 1), make(chan []int, 1), make(chan struct{})
	defer close(reply)
	x.At(acctest.Moment{Nth: 1, Writes: true}, func() {
		_, providers, err := terraformKilled.strike(<-started)
		if err != nil {
			t.Error(err)
		}
		struck <- providers
		<-reply
	})
	command := w.Start(t, "apply", "-auto-approve")
	started <- command
	command.Wait(t)
	providers := <-struck
	if len(providers) != 1 {
		t.Fatalf("terraform had the providers %v, want one", providers)
	}
	gone(t, providers, 10*time.Second)
}
