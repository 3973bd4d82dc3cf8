package chaos_test

import (
	"testing"
	"testing/synctest"

	"github.com/appreg/terraform-provider-appreg/internal/emulator"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/fault"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// TestAHalfMadeApplicationIsPurged: what replaces a tainted application needs the unique name, which a deleted one keeps.
func TestAHalfMadeApplicationIsPurged(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, emulator.WithFaults([]fault.Rule{
			{Method: "POST", Route: "/applications/{id}/owners/$ref", Kind: fault.ErrorBefore, Status: 403},
			{Method: "DELETE", Route: "/applications/{id}", Kind: fault.ErrorBefore, Status: 403},
		}))
		tf := newCLI(t, w.Emulator)
		config := w.application(3)[:1] // with owners and a unique name that it doesn't adopt
		if rep := tf.apply(t.Context(), config, nil); len(rep.errors) == 0 {
			t.Fatal("the owners must be refused")
		}
		if o := tf.get("appreg_application.app3"); o == nil || !o.tainted {
			t.Fatalf("the application must be tainted: %+v", o)
		}
		w.ClearFaults()
		if rep := tf.apply(t.Context(), config, nil); len(rep.errors)+len(rep.breaks) > 0 {
			t.Fatal(rep)
		}
		if found := w.check(tf, config); !found.none() {
			t.Error(&found)
		}
		if deleted := w.Deleted(tenant.Application); len(deleted) > 0 {
			t.Errorf("%d applications are among the deleted items", len(deleted))
		}
	})
}
