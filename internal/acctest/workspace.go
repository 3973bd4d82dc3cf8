package acctest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	tfjson "github.com/hashicorp/terraform-json"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"
	testinginterface "github.com/mitchellh/go-testing-interface"
)

// address is where configurations find the provider.
const address = "registry.terraform.io/appreg/appreg"

// Workspace is a folder with a configuration and the real terraform beside it. Each command gets a provider of its own,
// as a process of its own would: in the test's process, or with Mirror the built binary.
type Workspace struct {
	Dir string
	// Mirror is a plugin directory that holds the built provider, "" for the provider in the test's process.
	Mirror string
	// Variables are laid over the tenant's environment for the provider, and over terraform's own.
	Variables map[string]string
	tenant    *Tenant
	env       []string
}

// Result is what a terraform command left.
type Result struct {
	ExitCode int
	Output   string // standard output and error, in order
}

// Workspace makes a workspace with one file of configuration; a terraform block for the provider is added when hcl has
// none.
func (x *Tenant) Workspace(t testing.TB, hcl string) *Workspace {
	t.Helper()
	w := &Workspace{Dir: t.TempDir(), tenant: x}
	rc := filepath.Join(t.TempDir(), "terraform.rc")
	w.file(t, rc, "")
	w.env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + filepath.Dir(rc), "TF_CLI_CONFIG_FILE=" + rc, "CHECKPOINT_DISABLE=1",
		"TF_IN_AUTOMATION=1", "TF_INPUT=0",
	}
	w.Configure(t, hcl)
	return w
}

// Configure replaces the configuration.
func (w *Workspace) Configure(t testing.TB, hcl string) {
	t.Helper()
	if !strings.Contains(hcl, "required_providers") {
		hcl = "terraform {\n  required_providers {\n    appreg = {\n      source = \"appreg/appreg\"\n    }\n  }\n}\n" + hcl
	}
	w.file(t, filepath.Join(w.Dir, "main.tf"), hcl)
}

// ConfigureFrom replaces the configuration with the file of an example, named from the repository's top.
func (w *Workspace) ConfigureFrom(t testing.TB, example string) {
	t.Helper()
	hcl, err := os.ReadFile(filepath.Join(repository(t), filepath.FromSlash(example)))
	if err != nil {
		t.Fatal(err)
	}
	w.Configure(t, string(hcl))
}

func (w *Workspace) file(t testing.TB, name, content string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Terraform runs a command to its end and returns what came of it; only a command that can't be run fails the test.
func (w *Workspace) Terraform(t testing.TB, args ...string) Result {
	t.Helper()
	return w.Start(t, args...).Wait(t)
}

// Process is a terraform command under way.
type Process struct {
	Cmd    *exec.Cmd
	output *transcript
	stop   func()
}

// Printed is what the command has printed so far.
func (p *Process) Printed() string { return colours.ReplaceAllString(p.output.String(), "") }

// Interrupt sends SIGINT and waits until terraform says that it has it: of two at once it would see one, and what the test
// does next could come before.
func (p *Process) Interrupt() error {
	if err := p.Cmd.Process.Signal(os.Interrupt); err != nil {
		return err
	}
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for deadline := time.Now().Add(40 * time.Second); time.Now().Before(deadline); <-again.C {
		if strings.Contains(p.Printed(), "Interrupt received") {
			return nil
		}
	}
	return errors.New("terraform doesn't notice an interrupt")
}

// transcript keeps what a process prints, to be read meanwhile.
type transcript struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (t *transcript) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.Write(p)
}

func (t *transcript) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.String()
}

// Start begins a command, to be interrupted by the test; Wait ends it.
func (w *Workspace) Start(t testing.TB, args ...string) *Process {
	t.Helper()
	return w.start(t, "terraform", append([]string{"-chdir=" + w.Dir}, args...)...)
}

// Script runs a shell script in the workspace; what it calls terraform talks to the same tenant.
func (w *Workspace) Script(t testing.TB, file string) Result {
	t.Helper()
	return w.start(t, "sh", filepath.Join(repository(t), filepath.FromSlash(file))).Wait(t)
}

func (w *Workspace) start(t testing.TB, program string, args ...string) *Process {
	t.Helper()
	env, stop := slices.Clone(w.env), func() {}
	if w.Mirror == "" {
		var reattach string
		reattach, stop = w.serve(t)
		env = append(env, "TF_REATTACH_PROVIDERS="+reattach, "PLUGIN_PROTOCOL_VERSIONS=6")
	} else {
		for name, value := range w.tenant.Environment() {
			env = append(env, name+"="+value)
		}
	}
	for name, value := range w.Variables { // of two values of one name the last one counts
		env = append(env, name+"="+value)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = w.Dir
	output := &transcript{}
	cmd.Stdout, cmd.Stderr = output, output
	cmd.Env = env
	if err := cmd.Start(); err != nil {
		t.Fatalf("%s must be on the PATH: %v", program, err)
	}
	return &Process{Cmd: cmd, output: output, stop: func() { cancel(); stop() }}
}

// Wait waits for the command's end.
func (p *Process) Wait(t testing.TB) Result {
	t.Helper()
	defer p.stop()
	err := p.Cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("terraform: %v", err)
	}
	return Result{ExitCode: p.Cmd.ProcessState.ExitCode(), Output: p.Printed()}
}

var colours = regexp.MustCompile("\x1b\\[[0-9;]*m")

// serve starts a fresh provider for one command and tells terraform where it is.
func (w *Workspace) serve(t testing.TB) (reattach string, stop func()) {
	t.Helper()
	server, err := w.tenant.Server(w.Variables)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	configs, closed := make(chan *plugin.ReattachConfig, 1), make(chan struct{})
	options := []tf6server.ServeOpt{
		tf6server.WithDebug(ctx, configs, closed), tf6server.WithoutLogStderrOverride(), tf6server.WithGoPluginLogger(hclog.NewNullLogger()),
	}
	// Without a sink the provider would log everything, because it is terraform that filters.
	if sink, ok := t.(testinginterface.T); ok {
		options = append(options, tf6server.WithLoggingSink(sink))
	}
	ended := make(chan error, 1)
	go func() {
		ended <- tf6server.Serve(address, func() tfprotov6.ProviderServer { return server }, options...)
	}()
	var config *plugin.ReattachConfig
	select {
	case config = <-configs:
	case err := <-ended:
		t.Fatalf("serve the provider: %v", err)
	}
	encoded, err := json.Marshal(map[string]any{address: map[string]any{
		"Protocol": config.Protocol, "ProtocolVersion": config.ProtocolVersion, "Pid": config.Pid, "Test": true,
		"Addr": map[string]string{"Network": config.Addr.Network(), "String": config.Addr.String()},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return string(encoded), func() {
		cancel()
		<-closed
		if err := <-ended; err != nil {
			t.Errorf("serve the provider: %v", err)
		}
	}
}

// Must runs a command that has to succeed and returns its output.
func (w *Workspace) Must(t testing.TB, args ...string) string {
	t.Helper()
	r := w.Terraform(t, args...)
	if r.ExitCode != 0 {
		t.Fatalf("terraform %s: exit status %d\n%s", strings.Join(args, " "), r.ExitCode, r.Output)
	}
	return r.Output
}

// Apply initialises and applies without asking.
func (w *Workspace) Apply(t testing.TB, args ...string) string {
	t.Helper()
	w.Init(t)
	return w.Must(t, append([]string{"apply", "-auto-approve"}, args...)...)
}

// Init initialises the workspace.
func (w *Workspace) Init(t testing.TB) {
	t.Helper()
	args := []string{"init"}
	if w.Mirror != "" {
		args = append(args, "-plugin-dir="+w.Mirror)
	}
	w.Must(t, args...)
}

// Destroy destroys everything without asking.
func (w *Workspace) Destroy(t testing.TB) string {
	t.Helper()
	return w.Must(t, "destroy", "-auto-approve")
}

// PlanIsEmpty fails the test when a plan proposes anything.
func (w *Workspace) PlanIsEmpty(t testing.TB) {
	t.Helper()
	if r := w.Terraform(t, "plan", "-detailed-exitcode"); r.ExitCode != 0 {
		t.Errorf("the plan is not empty (exit status %d)\n%s", r.ExitCode, r.Output)
	}
}

// Output is the text of an output value.
func (w *Workspace) Output(t testing.TB, name string) string {
	t.Helper()
	return w.Must(t, "output", "-raw", name)
}

// State is the state as terraform shows it.
func (w *Workspace) State(t testing.TB) *tfjson.State {
	t.Helper()
	var state tfjson.State
	if err := state.UnmarshalJSON([]byte(w.Must(t, "show", "-json"))); err != nil {
		t.Fatal(err)
	}
	return &state
}

// repository is the top of the checkout: the folder that holds go.mod.
func repository(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal("the test does not run inside the repository")
		}
		dir = parent
	}
}
