// Package chaos_test proves that nothing is lost, doubled or left behind when Microsoft Graph lags, throttles, drops
// replies, or the process dies.
//
// It plays Terraform against the provider over the plugin protocol, in process: plan with refresh, the second plan of an
// apply, replacements in both orders, private state, identity, tainted results, ten operations at once. What Terraform
// itself checks is checked here, too. The provider talks to the emulator's handler, which may lag, throttle and fail, and
// all of it runs in a bubble of testing/synctest, so that a minute of replication lag takes no time. What the tenant then
// holds is judged by the emulator's own door.
//
// For time to move on, every goroutine of a bubble must wait for something inside it. Sockets and files don't count, so
// requests go straight to a handler, and nothing is written to disk. Mutexes don't count either, but are held briefly.
// What the process shares (RSA keys, parsed schemas, registries) is made under sync.Once or a mutex and never waited for
// by channel. The provider signs in with a secret: of azidentity's credentials it is the one that neither starts a process
// nor reads the system's clock or certificates.
package chaos_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/appreg/terraform-provider-appreg/internal/emulator"
)

// object is what Terraform's state keeps of a resource.
type object struct {
	kind     string
	value    tftypes.Value
	private  []byte
	identity *tfprotov6.ResourceIdentityData
	tainted  bool
	depends  []string // addresses
}

// state is Terraform's state: by address, the object, and those that a replacement has not deleted yet.
type state struct {
	mu      sync.Mutex
	current map[string]*object
	deposed map[string][]*object
}

func (s *state) get(address string) *object {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.current[address]
}

func (s *state) put(address string, o *object) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if o == nil {
		delete(s.current, address)
		return
	}
	s.current[address] = o
}

// depose sets an object aside until its replacement exists; with back it is taken back.
func (s *state) depose(address string, o *object, back bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if back {
		s.undepose(address, o)
		s.current[address] = o
		return
	}
	delete(s.current, address)
	s.deposed[address] = append(s.deposed[address], o)
}

func (s *state) undepose(address string, o *object) {
	s.deposed[address] = slices.DeleteFunc(s.deposed[address], func(other *object) bool { return other == o })
	if len(s.deposed[address]) == 0 {
		delete(s.deposed, address)
	}
}

// drop forgets a deposed object.
func (s *state) drop(address string, o *object) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.undepose(address, o)
}

// empty tells whether nothing is managed any more.
func (s *state) empty() bool { return len(s.current)+len(s.deposed) == 0 }

// cli is a Terraform with one state.
type cli struct {
	*state
	emulator  *emulator.Emulator
	arguments *tfprotov6.Schema            // of the provider
	schemas   map[string]*tfprotov6.Schema // of resource types
	identity  bool                         // Terraform 1.12 or newer keeps identities
	say       func(...any)
	managed   map[string]bool // every object id that was ever in the state
	managedMu sync.Mutex
}

// newCLI starts with an empty state.
func newCLI(t testing.TB, e *emulator.Emulator) *cli {
	t.Helper()
	p, err := start(t.Context(), e, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer p.stop()
	resp, err := rpc(p, p.GetProviderSchema, &tfprotov6.GetProviderSchemaRequest{})
	if err != nil || len(resp.Diagnostics) > 0 {
		t.Fatalf("get the schemas: %v %v", err, resp)
	}
	return &cli{emulator: e, arguments: resp.Provider, schemas: resp.ResourceSchemas, identity: true, managed: map[string]bool{}, say: func(...any) {},
		state: &state{current: map[string]*object{}, deposed: map[string][]*object{}}}
}

// report is what a command tells: diagnostics, what it did, and where the provider broke Terraform's rules.
type report struct {
	mu                       sync.Mutex
	errors, warnings, breaks []string
	changes                  map[string]action
}

type action string

const (
	noop           action = "no-op"
	create         action = "create"
	update         action = "update"
	deleteCreate   action = "delete, then create"
	createDelete   action = "create, then delete"
	remove         action = "delete"
	deletesDeposed action = "delete deposed"
)

// tell adds diagnostics and reports whether there is no error among them.
func (r *report) tell(address string, diagnostics []*tfprotov6.Diagnostic, err error) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	good := err == nil
	if err != nil {
		r.errors = append(r.errors, address+": "+err.Error())
	}
	for _, d := range diagnostics {
		text := address + ": " + d.Summary + ": " + d.Detail
		if d.Severity == tfprotov6.DiagnosticSeverityError {
			r.errors = append(r.errors, text)
			good = false
		} else {
			r.warnings = append(r.warnings, text)
		}
	}
	return good
}

// broken notes a breach of the protocol.
func (r *report) broken(address, what string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.breaks = append(r.breaks, address+": "+fmt.Sprintf(what, args...))
}

func (r *report) did(address string, what action) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.changes[address] == "" || what != noop {
		r.changes[address] = what
	}
}

// pending lists what a plan would change.
func (r *report) pending() (out []string) {
	for address, what := range r.changes {
		if what != noop {
			out = append(out, string(what)+" "+address)
		}
	}
	slices.Sort(out)
	return out
}

func (r *report) String() string {
	return fmt.Sprintf("changes %v\nerrors: %s\nbreaches: %s", r.pending(), strings.Join(r.errors, "\n  "), strings.Join(r.breaks, "\n  "))
}

// configured starts a provider and configures it from its environment.
func (tf *cli) configured(ctx context.Context, k *killer, rep *report) (*process, bool) {
	p, err := start(ctx, tf.emulator, k)
	if err != nil {
		return nil, rep.tell("provider", nil, err)
	}
	values := attributes{}
	for _, a := range tf.arguments.Block.Attributes {
		values[a.Name] = null(a.ValueType())
	}
	config := tftypes.NewValue(tf.arguments.ValueType(), values)
	resp, err := rpc(p, p.ConfigureProvider, &tfprotov6.ConfigureProviderRequest{TerraformVersion: "1.12.0", Config: wire(config)})
	if err != nil {
		return nil, rep.tell("provider", nil, err)
	}
	return p, rep.tell("provider", resp.Diagnostics, nil)
}

func (tf *cli) schema(kind string) *tfprotov6.Schema {
	s := tf.schemas[kind]
	if s == nil {
		panic("no resource type " + kind)
	}
	return s
}

// remember notes the object ids that the state has held, and the key ids of secrets.
func (tf *cli) remember(o *object) {
	tf.managedMu.Lock()
	defer tf.managedMu.Unlock()
	all := members(o.value)
	for _, name := range []string{"id", "key_id"} {
		if id := texts(all[name]); id != "" {
			tf.managed[id] = true
		}
	}
}
