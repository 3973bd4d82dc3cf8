package chaos_test

import (
	"flag"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/emulator"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

var (
	everyDeath = flag.Bool("chaos.deaths", false, "whether each of the four deaths is died; else the first")
	every      = flag.Int64("chaos.every", 6, "1: a run is killed at each of its requests; 6: at every sixth")
)

// death is who dies, and when.
type death struct {
	name                  string
	provider, afterCommit bool
	often                 bool // also without -chaos.deaths
}

var deaths = []death{
	{"the provider dies after request", true, true, true}, // an answer that nobody hears is the worst that can happen
	{"the provider dies before request", true, false, false},
	{"terraform dies after request", false, true, false},
	{"terraform dies before request", false, false, false},
}

// killed is one run of Terraform that dies.
type killed struct {
	phase  string // what the run was to do: create, change or destroy
	number int    // of the application: the first adopts what it finds, the second has no unique name
	death  death
	nth    int64
}

// before and target are the configurations that are in place, and to be applied, when the run dies.
func (k killed) before(w *world) (before, target []*block) {
	s := span{k.number, 1}
	config := with(w.application(k.number), map[string]map[string]any{
		fmt.Sprintf("appreg_service_principal.app%d", k.number): {"adopt_existing": true},
		// One for personal accounts has no room for a secret that a run has left: the plan is an error that names both.
		fmt.Sprintf("appreg_application.app%d", k.number): {"sign_in_audience": "AzureADMultipleOrgs"},
	})
	switch k.phase {
	case "create":
		return nil, config
	case "change":
		return config, changed(config, s)
	default:
		return config, nil
	}
}

// TestKillAtEveryRequest kills the provider, or Terraform, at every request of an apply that creates, changes or destroys
// an application with everything that hangs on it. The next apply ends as if nothing had happened. What it can't know of
// is named by the next plan, at most one object of a kind, and nothing is removed that nobody asked for. What can be imported
// is; a secret without a value is all that remains.
func TestKillAtEveryRequest(t *testing.T) {
	t.Parallel()
	for _, phase := range []string{"create", "change", "destroy"} {
		for number := 1; number <= 2; number++ {
			var requests int64
			synctest.Test(t, func(t *testing.T) {
				k := killed{phase: phase, number: number}
				w, tf := k.prepare(t)
				_, target := k.before(w)
				counter := &killer{}
				if rep := tf.apply(t.Context(), target, counter); len(rep.errors)+len(rep.breaks) > 0 {
					t.Fatal(rep)
				}
				requests = counter.seen.Load()
			})
			for nth := int64(1); nth <= requests; nth += *every {
				for _, d := range deaths {
					if !d.often && !*everyDeath {
						continue
					}
					k := killed{phase, number, d, nth}
					t.Run(fmt.Sprintf("%s %d, %s %d", phase, number, d.name, nth), func(t *testing.T) {
						t.Parallel()
						synctest.Test(t, k.run)
					})
				}
			}
		}
	}
}

func (k killed) prepare(t *testing.T) (*world, *cli) {
	t.Helper()
	// A bit of latency keeps the order of requests the same from run to run.
	w := newWorld(t, emulator.WithLatency(20*time.Millisecond))
	tf := newCLI(t, w.Emulator)
	before, _ := k.before(w)
	if before != nil {
		if rep := tf.apply(t.Context(), before, nil); len(rep.errors)+len(rep.breaks) > 0 {
			t.Fatal(rep)
		}
		time.Sleep(later)
	}
	return w, tf
}

func (k killed) run(t *testing.T) {
	w, tf := k.prepare(t)
	_, target := k.before(w)
	from := len(w.Requests())
	reaper := &killer{nth: k.nth, afterCommit: k.death.afterCommit, provider: k.death.provider}
	tf.apply(t.Context(), target, reaper)
	time.Sleep(later) // A provider that survived its Terraform is done by then.
	t.Cleanup(func() {
		if at := reaper.killed.Load(); t.Failed() && at != nil {
			t.Logf("killed at %s\n%s", *at, requestLines(w.Requests()[from:]))
		}
	})

	next := tf.plan(t.Context(), target, nil)
	unknown := w.unknown(tf)
	kinds := map[string]bool{}
	for id, what := range unknown {
		kind := strings.TrimSuffix(strings.Split(what, id)[0], " ")
		if kinds[kind] {
			t.Errorf("more than %s is in no state: %v", kind, unknown)
		}
		kinds[kind] = true
		if target != nil && !strings.Contains(strings.Join(slices.Concat(next.warnings, next.errors), "\n"), id) {
			t.Errorf("the next plan names nothing of %s:\n%s", what, strings.Join(next.warnings, "\n"))
		}
	}
	if target != nil {
		k.follow(t, tf, unknown)
	}
	k.finish(t, w, tf, target)
}

// follow does what the plan advises: what nobody else knows is imported, unless that is of no use, as with a secret whose
// value is lost.
func (k killed) follow(t *testing.T, tf *cli, unknown map[string]string) {
	t.Helper()
	application := fmt.Sprintf("appreg_application.app%d", k.number)
	for id, what := range unknown {
		var rep *report
		switch {
		case strings.HasPrefix(what, "an application") && k.number != 1:
			rep = tf.imports(t.Context(), application, "appreg_application", id)
		case strings.HasPrefix(what, "a certificate"):
			of := texts(members(tf.get(application).value)["id"])
			rep = tf.imports(t.Context(), fmt.Sprintf("appreg_certificate.app%d", k.number), "appreg_certificate", of+"/"+id)
		default:
			continue
		}
		if len(rep.errors)+len(rep.breaks) > 0 {
			t.Fatal(rep)
		}
	}
}

// finish applies again, and looks at the outcome.
func (k killed) finish(t *testing.T, w *world, tf *cli, target []*block) {
	t.Helper()
	rep := tf.apply(t.Context(), target, nil)
	if address := fmt.Sprintf("appreg_federated_credential.app%d", k.number); len(rep.errors) == 1 && strings.HasPrefix(rep.errors[0], address) {
		// Graph lets its name be taken once. The error has the import block.
		if id := importID(rep.errors[0]); id == "" || len(tf.imports(t.Context(), address, "appreg_federated_credential", id).errors) > 0 {
			t.Fatalf("no way out of: %s", rep)
		}
		rep = tf.apply(t.Context(), target, nil)
	}
	if len(rep.errors)+len(rep.breaks) > 0 {
		t.Fatalf("the next apply: %s", rep)
	}
	found := w.check(tf, target)
	if len(found.extra) > 1 {
		t.Errorf("%d objects too much: %v", len(found.extra), found.extra)
	}
	for id := range found.extra {
		if _, isObject := w.Object(id); isObject {
			t.Errorf("%s", found.extra[id])
		}
	}
	if len(found.wrong) > 0 {
		t.Errorf("the tenant is not as configured:\n  %s", strings.Join(found.wrong, "\n  "))
	}
	if again := tf.plan(t.Context(), target, nil); len(again.pending())+len(again.errors)+len(again.breaks) > 0 {
		t.Errorf("the plan after that is not empty:\n%s", again)
	}
	if target == nil && !tf.empty() {
		t.Errorf("after destroy the state holds %v", slices.Sorted(maps.Keys(tf.current)))
	}
}

// unknown lists applications, secrets and certificates that are in no state.
func (w *world) unknown(tf *cli) map[string]string {
	out, known := map[string]string{}, map[string]bool{}
	for _, o := range tf.current {
		all := members(o.value)
		known[texts(all["id"])], known[texts(all["key_id"])] = true, true
		known[texts(members(all["previous"])["key_id"])] = true
	}
	for _, d := range w.Objects(tenant.Application) {
		if w.strangers[d.String("id")] {
			continue
		}
		if !known[d.String("id")] {
			out[d.String("id")] = "an application " + d.String("id")
			continue
		}
		for _, s := range d.Docs("passwordCredentials") {
			if id := s.String("keyId"); !known[id] {
				out[id] = "a secret " + id + " from " + s.String("startDateTime")
			}
		}
		for _, id := range keyIDs(d, "keyCredentials") {
			if !known[id] {
				out[id] = "a certificate " + id
			}
		}
	}
	return out
}

// importID is the id in the import block of a message.
func importID(message string) string {
	_, block, _ := strings.Cut(message, "import {")
	_, id, _ := strings.Cut(block, `id = "`)
	id, _, _ = strings.Cut(id, `"`)
	return id
}
