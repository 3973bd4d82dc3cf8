package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// started runs the command until it says that it serves, and gives what emulator.json holds.
func started(t *testing.T, args ...string) (described map[string]any, stop func() error) {
	t.Helper()
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	out, in := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := run(ctx, append([]string{"-dir", dir}, args...), in, io.Discard)
		ended <- errors.Join(err, in.CloseWithError(err))
	}()
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		// The rest of the message isn't looked at, and the pipe must not block.
		_, _ = io.Copy(io.Discard, out)
	}()
	text, err := os.ReadFile(filepath.Join(dir, "emulator.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &described); err != nil {
		t.Fatal(err)
	}
	base, ok := described["base_url"].(string)
	if !ok || !strings.Contains(line, base) {
		t.Errorf("it says %q, and emulator.json %q", line, base)
	}
	return described, func() error { cancel(); return <-ended }
}

func TestServesUntilStopped(t *testing.T) {
	t.Parallel()
	log := filepath.Join(t.TempDir(), "requests.log")
	described, stop := started(t, "-seed", "5", "-log", log, "-host", "one.example", "-host", "two.example", "-latency", "1ms", "-lag", "1s")
	control, ok := described["control_url"].(string)
	if !ok {
		t.Fatal(described)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, control+"/requests", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("controls: %d %v", resp.StatusCode, err)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(log); err != nil {
		t.Error(err)
	}
	again, stop := started(t, "-seed", "5")
	if again["client_id"] != described["client_id"] || again["tenant_id"] != described["tenant_id"] {
		t.Error("the same seed gives other ids")
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

func TestFlags(t *testing.T) {
	t.Parallel()
	faults := filepath.Join(t.TempDir(), "faults.json")
	if err := os.WriteFile(faults, []byte(`[{"kind":"plague"}]`), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, args := range map[string][]string{
		"no directory":    {},
		"an argument":     {"-dir", t.TempDir(), "now"},
		"unknown flag":    {"-dir", t.TempDir(), "-hostile"},
		"not loopback":    {"-dir", t.TempDir(), "-addr", "0.0.0.0:0"},
		"no faults file":  {"-dir", t.TempDir(), "-faults", filepath.Join(t.TempDir(), "missing")},
		"unknown fault":   {"-dir", t.TempDir(), "-faults", faults},
		"log in a vacuum": {"-dir", t.TempDir(), "-log", filepath.Join(t.TempDir(), "missing", "log")},
	} {
		if err := run(t.Context(), args, io.Discard, io.Discard); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	var help bytes.Buffer
	if err := run(t.Context(), []string{"-h"}, io.Discard, &help); !errors.Is(err, flag.ErrHelp) || !strings.Contains(help.String(), "-latency") {
		t.Errorf("-h: %v\n%s", err, help.String())
	}
}

// TestReadmeHoldsTheUsage compares the flags with the emulator's README.
func TestReadmeHoldsTheUsage(t *testing.T) {
	t.Parallel()
	var usage bytes.Buffer
	if _, err := parse([]string{"-h"}, &usage); !errors.Is(err, flag.ErrHelp) {
		t.Fatal(err)
	}
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	if want := strings.ReplaceAll(usage.String(), "\t", "    "); !strings.Contains(string(readme), "```text\n"+want+"```\n") {
		t.Errorf("README.md lacks the flags as they are:\n%s", want)
	}
}

func TestReadingsAreTaken(t *testing.T) {
	t.Parallel()
	_, stop := started(t, "-reading", "malformed-id=400", "-reading", "filter-case=counts")
	if err := stop(); err != nil {
		t.Error(err)
	}
	for _, wrong := range []string{"malformed-id=418", "no-such-reading=yes", "malformed-id"} {
		if err := run(t.Context(), []string{"-dir", t.TempDir(), "-reading", wrong}, io.Discard, io.Discard); err == nil {
			t.Errorf("-reading %s is accepted", wrong)
		}
	}
}

func TestDataIsGoneOnFrom(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "tenants.json")
	first, stop := started(t, "-seed", "5", "-data", file)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	second, stop := started(t, "-seed", "6", "-data", file)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	for _, member := range []string{"tenant_id", "client_id", "client_secret"} {
		if first[member] != second[member] {
			t.Errorf("%s is another one", member)
		}
	}
	if err := os.WriteFile(file, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := run(t.Context(), []string{"-dir", t.TempDir(), "-data", file}, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("a spoilt file: %v", err)
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != "{" {
		t.Errorf("the spoilt file is overwritten: %q %v", text, err)
	}
}
