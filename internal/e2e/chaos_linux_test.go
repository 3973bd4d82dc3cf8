package e2e_test

import (
	_ "embed"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/acctest"
	"github.com/appreg/terraform-provider-appreg/internal/emulator"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/fault"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

var (
	seedsFlag = flag.Int("chaos.seeds", 4, "how many seeds the real terraform is tried with")
	seedFlag  = flag.Int("chaos.seed", -1, "the one seed to try")
)

// Bounds of a life. A command that is told to stop lets a write that was sent run to its reply, and takes something back,
// for 15 s each.
const (
	longestLag  = 5 * time.Second
	longestEnd  = 40 * time.Second
	mostApplies = 8
	// In good weather an apply makes some 45 requests to Graph, 14 of them writes; a destroy makes some more.
	requests, writes = 45, 14
)

//go:embed testdata/chaos.tf
var everyResource string

// weather is what a seed makes of a kind of bad days.
type weather struct {
	name  string
	rules func(*rand.Rand) []fault.Rule
}

func weathers() []weather {
	some := func(p float64, kind fault.Kind) func(*rand.Rand) []fault.Rule {
		return func(r *rand.Rand) []fault.Rule {
			rule := fault.Rule{Kind: kind, Probability: p, RetryAfter: []string{"1", "0.25", "date:2s", ""}[r.IntN(4)], Delay: fault.Duration(2 * time.Second)}
			if kind == fault.ErrorBefore || kind == fault.ErrorAfter {
				rule.Status = []int{500, 502, 503, 504}[r.IntN(4)]
			}
			return []fault.Rule{rule}
		}
	}
	return []weather{
		{"lag", func(*rand.Rand) []fault.Rule { return nil }},
		{"throttling", some(0.1, fault.Throttle)},
		{"errors before the commit", some(0.05, fault.ErrorBefore)},
		{"errors after the commit", some(0.05, fault.ErrorAfter)},
		{"lost replies", some(0.05, fault.DropAfter)},
		{"resets", some(0.05, fault.ResetBefore)},
		{"everything", func(r *rand.Rand) []fault.Rule {
			var all []fault.Rule
			for _, kind := range fault.Kinds() {
				all = append(all, some(0.015, kind)(r)...)
			}
			return all
		}},
	}
}

// figures are what many lives come to.
type figures struct {
	mu                                   sync.Mutex
	lives, struck, extras, late, applies int
	requests                             int
	faults                               map[fault.Kind]int
	stopped                              map[fate]time.Duration // the longest
	lingering                            time.Duration          // the longest that a provider outlived its terraform
}

func (f *figures) add(requests []emulator.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lives++
	f.requests += len(requests)
	for _, r := range requests {
		if r.Fault != "" {
			f.faults[r.Fault]++
		}
	}
}

func (f *figures) most(applies int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.applies = max(f.applies, applies)
}

// TestChaosTerraform runs the built provider, as a process of its own, through the real terraform's apply or destroy in
// bad weather. At a moment that the seed chooses something is killed, or interrupted. Then a person applies until that
// works: the tenant holds what the configuration says, and of what was made at that moment at most one object more of
// each kind, which was named; a second plan is empty; a destroy leaves nothing live. Who applied before the replicas showed
// what was removed looks once more before that.
func TestChaosTerraform(t *testing.T) {
	t.Parallel()
	total := &figures{faults: map[fault.Kind]int{}, stopped: map[fate]time.Duration{}}
	t.Cleanup(func() {
		t.Logf("%d lives, %d of them struck; %d requests, faults %v; most applies to converge %d; extra objects %d, of them %d named late, because the lists were behind; longest from the signal to the end %v; longest that a provider outlived its terraform %v",
			total.lives, total.struck, total.requests, total.faults, total.applies, total.extras, total.late, total.stopped, total.lingering)
	})
	for seed := range *seedsFlag {
		if *seedFlag >= 0 {
			seed = *seedFlag
		}
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			newLife(t, seed, total).run()
		})
		if *seedFlag >= 0 {
			break
		}
	}
}

// life is one workspace under one seed.
type life struct {
	*testing.T
	tenant    *acctest.Tenant
	terraform *acctest.Workspace
	random    *rand.Rand
	total     *figures

	fate       fate
	destroying bool            // the fate comes over a destroy
	obedient   bool            // the person writes the import blocks that a plan proposes; else only those that an error demands
	patient    bool            // the person comes back when lists show what was written
	named      string          // what the plan after it said
	extras     []string        // ids of the objects too much
	late       []string        // those of them that no plan has named so far, because the lists were behind
	adopted    string          // id of the partner's service principal, when a repeated creation took it over: a destroy leaves it alone
	managed    map[string]bool // ids of applications that the state has held
	mirage     bool            // a replica that lags has shown what was gone, and it was imported
	told       int             // requests that the story holds
	story      []string
}

func newLife(t *testing.T, seed int, total *figures) *life {
	t.Helper()
	r := rand.New(rand.NewPCG(2026, uint64(seed))) //nolint:gosec // It repeats.
	l := &life{T: t, random: r, total: total, fate: fates[seed%len(fates)], destroying: seed/len(fates)%3 == 2,
		obedient: r.IntN(2) == 0, patient: r.IntN(2) == 0, managed: map[string]bool{}}
	w := weathers()[r.IntN(len(weathers()))]
	lag := time.Duration(r.Int64N(int64(longestLag)))
	l.tenant = acctest.Calm(t, emulator.WithSeed(r.Uint64()), emulator.WithLag(lag), emulator.WithFaults(w.rules(r)))
	l.terraform = l.tenant.Workspace(t, everyResource)
	l.terraform.Mirror = mirror
	l.terraform.Variables = map[string]string{"TF_VAR_partner": partner(t, l.tenant), "TF_VAR_certificate": certificate(t)}
	t.Cleanup(func() {
		total.add(l.tenant.Requests())
		if t.Failed() {
			t.Logf("again: go test ./internal/e2e -run '^TestChaosTerraform$' -chaos.seed=%d", seed)
			t.Logf("%s, with lag up to %v, %s while destroying: %v; imports at once: %v\n%s", w.name, lag, l.fate, l.destroying, l.obedient, strings.Join(l.story, ""))
		}
	})
	return l
}

func (l *life) run() {
	l.terraform.Init(l.T)
	if l.destroying {
		l.total.most(l.converge())
		l.check()
	}
	l.strike()
	if l.patient {
		l.tenant.CatchUp()
	}
	l.plan()
	applies := l.converge()
	// Nobody remembers what a destroy removed that was cut off, and a replica that lags may still have shown it.
	if l.mirage || l.destroying && !l.patient && l.fate != goesThrough {
		applies += l.later()
	}
	l.total.most(applies)
	l.check()
	l.second()
	l.destroy()
}

// strike lets the fate come over an apply or a destroy.
func (l *life) strike() {
	l.Helper()
	m := acctest.Moment{Nth: 1 + l.random.IntN(requests), Served: l.random.IntN(2) == 0}
	if l.random.IntN(2) == 0 {
		m.Nth, m.Writes = 1+l.random.IntN(writes), true
	}
	verb := "apply"
	if l.destroying {
		verb = "destroy"
	}
	s := l.fate.run(l.T, l.tenant, l.terraform, m, verb, "-auto-approve")
	l.tell(fmt.Sprintf("%s, %s at %+v (come: %v, after %d)", verb, l.fate, m, s.come, s.requests), s.Result)
	l.total.mu.Lock()
	defer l.total.mu.Unlock()
	if !s.come {
		return
	}
	l.total.struck++
	l.total.stopped[l.fate] = max(l.total.stopped[l.fate], s.stopped)
	l.total.lingering = max(l.total.lingering, s.lingering)
	if s.stopped > longestEnd && l.fate != goesThrough {
		l.Errorf("terraform took %v to end", s.stopped)
	}
}

// plan is the first look after the blow. What Terraform says from here on must name what is too much: this plan, or the
// one of the apply where this plan came before the lists had caught up, or before the application was taken over that
// holds it.
func (l *life) plan() {
	l.Helper()
	r := l.terraform.Terraform(l.T, "plan")
	l.tell("plan", r)
	l.named = r.Output // what an apply before the blow said is not to the point
	if l.obedient {
		l.follow(r.Output)
	}
}

// converge applies until that works, and imports what an error names. It counts its applies.
func (l *life) converge() (applies int) {
	l.Helper()
	for n := 1; ; n++ {
		r := l.terraform.Terraform(l.T, "apply", "-auto-approve")
		l.tell(fmt.Sprintf("apply %d", n), r)
		l.named += r.Output
		if r.ExitCode == 0 {
			return n
		}
		if n == mostApplies {
			l.Fatalf("no success in %d applies", n)
		}
		l.follow(r.Output)
	}
}

// later is for who applied too soon: once the replicas agree, a plan tells whether another apply is due.
func (l *life) later() (applies int) {
	l.Helper()
	l.tenant.CatchUp()
	r := l.terraform.Terraform(l.T, "plan", "-detailed-exitcode")
	l.tell("later plan", r)
	l.named += r.Output
	if r.ExitCode == 0 {
		return 0
	}
	return l.converge()
}

// proposal is an import block as diagnostics show it.
var proposal = regexp.MustCompile(`to = (appreg_\w+)\.example[\s│]*id = "([^"]+)"`)

// importable are the blocks whose objects a repeated creation can't take over by itself.
var importable = map[string]string{
	"appreg_application": "plain", "appreg_service_principal": "plain", "appreg_federated_credential": "plain", "appreg_certificate": "claimed",
}

// follow imports what a diagnostic proposes, unless the state has it.
func (l *life) follow(output string) {
	l.Helper()
	var state []string // An apply that was killed early has left none.
	if listed := l.terraform.Terraform(l.T, "state", "list"); listed.ExitCode == 0 {
		state = strings.Fields(listed.Output)
	}
	for _, found := range proposal.FindAllStringSubmatch(output, -1) {
		address := found[1] + "." + importable[found[1]]
		if !slices.Contains(state, address) {
			there := l.holds(found[2])
			r := l.terraform.Terraform(l.T, "import", address, found[2])
			l.tell("import "+address, r)
			l.mirage = l.mirage || r.ExitCode == 0 && !there
			state = append(state, address)
		}
	}
}

// holds tells whether the tenant has what an import id is for: an object, or a part of one.
func (l *life) holds(id string) bool {
	l.Helper()
	object, part, _ := strings.Cut(id, "/")
	d, there := l.tenant.Object(object)
	text, err := json.Marshal(d)
	if err != nil {
		l.Fatal(err)
	}
	return there && strings.Contains(string(text), part)
}

// second is a plan right after a success. Another one, when the lists have caught up, names what nobody was told of before.
func (l *life) second() {
	l.Helper()
	r := l.terraform.Terraform(l.T, "plan", "-detailed-exitcode")
	l.tell("second plan", r)
	if r.ExitCode != 0 {
		l.Errorf("the second plan is not empty")
	}
	if len(l.late) == 0 {
		return
	}
	l.tenant.CatchUp()
	r = l.terraform.Terraform(l.T, "plan", "-detailed-exitcode")
	l.tell("third plan", r)
	for _, id := range l.late {
		if r.ExitCode != 0 || !strings.Contains(r.Output, id) {
			l.Errorf("the third plan is to find nothing to do, and to name %s", id)
		}
	}
}

// destroy takes everything away, and leaves what was too much.
func (l *life) destroy() {
	l.Helper()
	for n := 1; ; n++ {
		r := l.terraform.Terraform(l.T, "destroy", "-auto-approve")
		l.tell(fmt.Sprintf("destroy %d", n), r)
		if r.ExitCode == 0 {
			break
		}
		if n == mostApplies {
			l.Fatalf("no success in %d destroys", n)
		}
	}
	for _, kind := range []tenant.Kind{tenant.Application, tenant.ServicePrincipal, tenant.Grant} {
		for _, d := range l.tenant.Made(kind) {
			if id := d.String("id"); !slices.Contains(l.extras, id) && id != l.adopted {
				l.Errorf("after the destroy there is a %s: %s %q", kind, d.String("id"), d.String("displayName"))
			}
		}
	}
	l.checkDeleted()
}

// tell keeps what a command did.
func (l *life) tell(what string, r acctest.Result) {
	var out strings.Builder
	fmt.Fprintf(&out, "--- %s: exit status %d\n", what, r.ExitCode)
	all := l.tenant.Requests()
	for _, q := range all[l.told:] {
		fmt.Fprintf(&out, "%s %s %s", q.At.Format("15:04:05.000"), q.Method, q.Path)
		if q.Query != "" {
			fmt.Fprintf(&out, "?%s", q.Query)
		}
		fmt.Fprintf(&out, " -> %d %s\n", q.Status, q.Fault)
	}
	l.told = len(all)
	l.story = append(l.story, out.String(), r.Output)
}
