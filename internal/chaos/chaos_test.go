package chaos_test

import (
	"flag"
	"fmt"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/emulator"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/fault"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

var (
	seedsFlag        = flag.Int("chaos.seeds", 3, "how many seeds each profile is tried with")
	seedFlag         = flag.Int("chaos.seed", -1, "the one seed to try")
	profileFlag      = flag.String("chaos.profile", "", "the one profile to try")
	applicationsFlag = flag.Int("chaos.applications", 0, "how many applications every life has; 0: mostly one, sometimes three, and twenty for the first seed of some profiles")
)

// spanOf is the applications of a seed.
func spanOf(p profile, seed int) span {
	switch {
	case *applicationsFlag > 0:
		return span{1 + seed%4, *applicationsFlag}
	case p.many && seed == 0:
		return span{1, 20}
	case seed%24 == 23:
		return span{1 + seed%4, 3}
	}
	return span{1 + seed%4, 1}
}

// figures are what many lives come to.
type figures struct {
	mu       sync.Mutex
	lives    int
	requests int
	faults   map[fault.Kind]int
	applies  map[string]int // the most that one change took, by profile
}

func (f *figures) add(profile string, l *life) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lives++
	for _, r := range l.world.Requests() {
		f.requests++
		if r.Fault != "" {
			f.faults[r.Fault]++
		}
	}
	f.applies[profile] = max(f.applies[profile], l.worst)
}

// TestChaos lets configurations live through bad days: applied until it works, planned, changed, meddled with by others,
// repaired and destroyed. After each step the tenant holds what the configuration says, and nothing else.
func TestChaos(t *testing.T) {
	t.Parallel()
	total := &figures{faults: map[fault.Kind]int{}, applies: map[string]int{}}
	t.Cleanup(func() {
		t.Logf("%d lives, %d requests, faults %v, most applies for one change %v", total.lives, total.requests, total.faults, total.applies)
	})
	for _, p := range profiles() {
		if *profileFlag != "" && *profileFlag != p.name {
			continue
		}
		for seed := range *seedsFlag {
			if *seedFlag >= 0 {
				seed = *seedFlag
			}
			t.Run(fmt.Sprintf("%s %d", p.name, seed), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					l := newLife(t, p, seed)
					t.Cleanup(func() { total.add(p.name, l) })
					l.run()
				})
			})
			if *seedFlag >= 0 {
				break
			}
		}
	}
}

// life is one configuration under one seed.
type life struct {
	*testing.T
	world   *world
	tf      *cli
	profile profile
	random  *rand.Rand
	span    span
	worst   int // applies that one change took
	story   []chapter
	failed  bool     // an apply had errors, or an application was deleted and comes back with what it held
	told    []string // its diagnostics, and those of all others
}

// chapter is a step of a life: what was done, from which request on.
type chapter struct {
	what string
	from int
}

func newLife(t *testing.T, p profile, seed int) *life {
	t.Helper()
	h := fnv.New64a()
	_, _ = h.Write([]byte(p.name))
	l := &life{T: t, profile: p, random: rand.New(rand.NewPCG(h.Sum64(), uint64(seed))), span: spanOf(p, seed)} //nolint:gosec // It repeats.
	l.world = newWorld(t, append(p.options(l.random), emulator.WithSeed(l.random.Uint64()))...)
	l.tf = newCLI(t, l.world.Emulator)
	l.tf.identity = l.random.IntN(4) > 0
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("again: go test ./internal/chaos -run '^TestChaos$' -chaos.profile='%s' -chaos.seed=%d -chaos.applications=%d", p.name, seed, *applicationsFlag)
			t.Log(l.tell())
		}
	})
	return l
}

// tell is what happened, request by request.
func (l *life) tell() string {
	var out strings.Builder
	requests := l.world.Requests()
	for i, c := range l.story {
		until := len(requests)
		if i+1 < len(l.story) {
			until = l.story[i+1].from
		}
		fmt.Fprintf(&out, "--- %s\n", c.what)
		out.WriteString(requestLines(requests[c.from:until]))
	}
	return out.String()
}

// requestLines writes one line for each request.
func requestLines(requests []emulator.Request) string {
	var out strings.Builder
	for _, r := range requests {
		fmt.Fprintf(&out, "%s %-6s %s", r.At.Format("15:04:05.000"), r.Method, r.Path)
		if r.Query != "" {
			fmt.Fprintf(&out, "?%s", r.Query)
		}
		fmt.Fprintf(&out, " -> %d %s\n", r.Status, r.Fault)
	}
	return out.String()
}

func (l *life) begin(what string, args ...any) {
	l.story = append(l.story, chapter{fmt.Sprintf(what, args...), len(l.world.Requests())})
}

func (l *life) run() {
	config := l.world.configuration(l.span)
	l.converge("create", config)
	config = changed(config, l.span)
	l.converge("change", config)
	l.meddle()
	l.converge("repair", config)
	l.converge("destroy", nil)
	if !l.tf.empty() {
		l.Errorf("after destroy the state holds %v", slices.Sorted(maps.Keys(l.tf.current)))
	}
}

// converge applies until that works, and looks at the outcome: the tenant is as configured, and a plan made right after
// is empty.
func (l *life) converge(what string, config []*block) {
	l.Helper()
	for n := 1; ; n++ {
		l.begin("%s, apply %d", what, n)
		rep := l.tf.apply(l.Context(), config, nil)
		l.worst = max(l.worst, n)
		l.told = append(l.told, slices.Concat(rep.warnings, rep.errors)...)
		l.failed = l.failed || len(rep.errors) > 0
		if len(rep.breaks) > 0 {
			l.Fatalf("%s, apply %d breaks Terraform's rules:\n  %s", what, n, strings.Join(rep.breaks, "\n  "))
		}
		if len(rep.errors) == 0 {
			break
		}
		if l.imported(rep) {
			n--
			continue
		}
		if n >= l.profile.applies {
			l.Fatalf("%s: no success in %d applies:\n%s", what, n, rep)
		}
		if l.random.IntN(2) == 0 {
			time.Sleep(2 * time.Minute)
		}
	}
	found := l.world.check(l.tf, config)
	if l.failed {
		// What an apply that failed may have left has been named, and is taken away as the message says.
		if unnamed := found.unnamed(l.told...); len(unnamed) > 0 {
			l.Fatalf("%s: nothing named what is left:\n  %s", what, strings.Join(unnamed, "\n  "))
		}
		l.tidy(found.extra)
		found.extra = nil
	}
	if !found.none() {
		l.Fatalf("%s: the tenant is not as configured:\n  %s", what, &found)
	}
	l.second(what, config)
}

// second is a plan right after a success. Where runs may fail it may have to be made again, like an apply.
func (l *life) second(what string, config []*block) {
	l.Helper()
	for n := 1; ; n++ {
		l.begin("%s, second plan", what)
		rep := l.tf.plan(l.Context(), config, nil)
		if len(rep.pending())+len(rep.breaks) > 0 || len(rep.errors) > 0 && n >= l.profile.applies {
			l.Fatalf("%s: the second plan is not empty:\n%s", what, rep)
		}
		if len(rep.errors) == 0 {
			return
		}
	}
}

// imported does as an error advises whose only way out is an import: Graph lets a federated credential's name be taken
// once, and may take a certificate once.
func (l *life) imported(rep *report) (helped bool) {
	l.Helper()
	for _, text := range rep.errors {
		address, _, _ := strings.Cut(text, ":")
		kind, _, _ := strings.Cut(address, ".")
		if id := importID(text); id != "" && (kind == "appreg_federated_credential" || kind == "appreg_certificate") {
			imports := l.tf.imports(l.Context(), address, kind, id)
			helped = helped || len(imports.errors) == 0
		}
	}
	return helped
}

// tidy removes applications, secrets and certificates by the emulator's own door.
func (l *life) tidy(extra map[string]string) {
	l.Helper()
	for id := range extra {
		if _, ok := l.world.Object(id); ok {
			l.door(l.world.Delete(id))
			l.door(l.world.Purge(id))
			continue
		}
		for _, app := range l.world.Objects(tenant.Application) {
			l.door(l.world.Change(app.String("id"), func(d tenant.Doc) {
				for _, kind := range []string{"passwordCredentials", "keyCredentials"} {
					d[kind] = slices.DeleteFunc(d.Docs(kind), func(c tenant.Doc) bool { return c.String("keyId") == id })
				}
			}))
		}
	}
}
