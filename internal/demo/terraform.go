package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// terraformGrace is how long terraform may take to write its state after it was asked to stop.
const terraformGrace = 30 * time.Second

// workspace is a copy of the example that terraform works in.
type workspace struct {
	stage  *stage
	binary string
	dir    string
	env    []string
}

// newWorkspace copies the example and prepares terraform's surroundings, so that it reads nothing of the user's.
// variables are the configuration's, as name=value.
func (s *stage) newWorkspace(example string, e *emulator, variables ...string) (*workspace, error) {
	binary, err := terraform()
	if err != nil {
		return nil, err
	}
	w := &workspace{stage: s, binary: binary, dir: filepath.Join(s.dir, "workspaces", filepath.Base(example))}
	if err := os.CopyFS(w.dir, os.DirFS(example)); err != nil {
		return nil, err
	}
	config := filepath.Join(s.dir, "terraform.rc")
	if err := os.WriteFile(config, nil, 0o600); err != nil {
		return nil, err
	}
	w.env = append(foreign(os.Environ()), e.environment()...)
	w.env = append(w.env, "TF_CLI_CONFIG_FILE="+config, "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1")
	for _, v := range variables {
		w.env = append(w.env, "TF_VAR_"+v)
	}
	return w, nil
}

// foreign leaves out the variables that would reach our provider or steer terraform.
func foreign(env []string) []string {
	var out []string
	for _, v := range env {
		ours := false
		for _, prefix := range []string{"ARM_", "AZURE_", "APPREG_", "TF_"} {
			ours = ours || strings.HasPrefix(v, prefix)
		}
		if !ours {
			out = append(out, v)
		}
	}
	return out
}

// run runs a command and gives its standard output.
func (w *workspace) run(ctx context.Context, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, w.binary, args...)
	cmd.Dir, cmd.Env = w.dir, w.env
	detach(cmd) // terraform would take the terminal's Ctrl-C and ours together for an order to drop everything
	cmd.Cancel = func() error { return interrupt(cmd) }
	cmd.WaitDelay = terraformGrace
	var out, failure bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &failure
	if err := cmd.Run(); err != nil {
		name := filepath.Base(w.binary) + " " + strings.Join(args, " ")
		if ctx.Err() != nil {
			return nil, fmt.Errorf("%s: %w", name, context.Cause(ctx))
		}
		return nil, fmt.Errorf("%s: %w\n%s%s", name, err, out.Bytes(), failure.Bytes())
	}
	return out.Bytes(), nil
}

// show runs a command and retells the lines that matter to a reader.
func (w *workspace) show(ctx context.Context, args ...string) error {
	w.stage.say("$ %s %s", filepath.Base(w.binary), strings.Join(args, " "))
	out, err := w.run(ctx, append(args, "-no-color")...)
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(out)) {
		if line = strings.TrimSpace(line); telling.MatchString(line) {
			w.stage.say("  %s", line)
		}
	}
	return nil
}

// telling are the lines of terraform's output that matter to a reader.
var telling = regexp.MustCompile(`^appreg_.* complete after|^(Apply|Destroy) complete|^Plan:|^No changes|^(│ )?Warning: .*[Ss]ecret`)

// handedOver is what the configuration hands to the product, by its outputs.
type handedOver struct {
	ClientID, TenantID, ClientSecret string
	Application                      struct {
		DisplayName    string   `json:"display_name"`
		SignInAudience string   `json:"sign_in_audience"`
		PublicClient   bool     `json:"public_client"`
		Permissions    []string `json:"permissions"`
		Consented      []string `json:"consented"`
		SecretHint     string   `json:"secret_hint"`
		SecretEndDate  string   `json:"secret_end_date"`
	}
}

func (w *workspace) outputs(ctx context.Context) (handedOver, error) {
	var h handedOver
	text, err := w.run(ctx, "output", "-json")
	if err != nil {
		return h, err
	}
	var values map[string]struct{ Value json.RawMessage }
	if err := json.Unmarshal(text, &values); err != nil {
		return h, fmt.Errorf("reading the outputs: %w", err)
	}
	for name, into := range map[string]any{
		"client_id": &h.ClientID, "tenant_id": &h.TenantID, "client_secret": &h.ClientSecret, "application": &h.Application,
	} {
		if err := json.Unmarshal(values[name].Value, into); err != nil {
			return h, fmt.Errorf("reading the output %s: %w", name, err)
		}
	}
	return h, nil
}
