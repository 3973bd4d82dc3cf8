package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// asProgram is the variable that makes the program of this test the emulator.
const asProgram = "APPREG_EMULATOR_TEST_RUNS_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// process is the emulator as a program of its own.
type process struct {
	t       *testing.T
	cmd     *exec.Cmd
	control string
}

func startProcess(t *testing.T, data string) *process {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	p := &process{t: t, cmd: exec.CommandContext(t.Context(), self, "-dir", dir, "-data", data)}
	p.cmd.Env = append(os.Environ(), asProgram+"=yes")
	var stderr bytes.Buffer
	p.cmd.Stderr = &stderr
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	var text []byte
	p.until("it serves", func() bool {
		text, err = os.ReadFile(filepath.Join(dir, "emulator.json"))
		return err == nil
	})
	var described struct {
		ControlURL string `json:"control_url"`
	}
	if err := json.Unmarshal(text, &described); err != nil {
		t.Fatal(err)
	}
	p.control = described.ControlURL
	return p
}

// until looks every tenth of a millisecond, for half a minute.
func (p *process) until(what string, f func() bool) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), 30*time.Second)
	defer cancel()
	again := time.NewTicker(100 * time.Microsecond)
	defer again.Stop()
	for !f() {
		select {
		case <-ctx.Done():
			p.t.Fatalf("waiting until %s: %v\n%s", what, ctx.Err(), p.cmd.Stderr)
		case <-again.C:
		}
	}
}

// kill leaves the program no chance to do anything.
func (p *process) kill() {
	if p.cmd.ProcessState == nil {
		_, _ = p.cmd.Process.Kill(), p.cmd.Wait() // It ends by a signal, as it should.
	}
}

func (p *process) ask(method, path, body string) (text []byte, err error) {
	req, err := http.NewRequestWithContext(p.t.Context(), method, p.control+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err = io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s %s: %s %s", method, path, resp.Status, text)
	}
	return text, err
}

func (p *process) must(method, path, body string) []byte {
	p.t.Helper()
	text, err := p.ask(method, path, body)
	if err != nil {
		p.t.Fatal(err)
	}
	return text
}

// TestKilledWhileItSaves kills the program while it writes its data file, until that has left the file's successor behind.
func TestKilledWhileItSaves(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "tenants.json")
	beside := func() []string {
		found, err := filepath.Glob(data + ".*")
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	p := startProcess(t, data)
	for i := range 60 { // Writing so much takes a moment.
		p.must(http.MethodPost, "/objects?kind=application", fmt.Sprintf(`{"displayName":"kept %d","notes":%q}`, i, strings.Repeat("x", 100_000)))
	}
	p.must(http.MethodPost, "/save", "")
	var saved []byte
	for attempt := 0; len(beside()) == 0; attempt++ {
		if attempt == 50 {
			t.Fatal("the program is always faster")
		}
		if attempt > 0 {
			p = startProcess(t, data)
		}
		var err error
		if saved, err = os.ReadFile(data); err != nil {
			t.Fatal(err)
		}
		p.must(http.MethodPost, "/objects?kind=application", `{"displayName":"not saved"}`)
		answered := make(chan bool, 1)
		go func() {
			_, err := p.ask(http.MethodPost, "/save", "")
			answered <- err == nil
		}()
		p.until("it saves", func() bool { return len(beside()) > 0 || len(answered) > 0 })
		p.kill()
		<-answered
	}
	text, err := os.ReadFile(data)
	if err != nil || !bytes.Equal(text, saved) {
		t.Fatalf("%d bytes instead of %d, %v", len(text), len(saved), err)
	}
	after := startProcess(t, data)
	if found := string(after.must(http.MethodGet, "/objects?kind=application", "")); strings.Count(found, `"kept `) != 60 {
		t.Errorf("%d applications", strings.Count(found, `"kept `))
	}
	if left := beside(); len(left) > 0 {
		t.Errorf("%s is left", left)
	}
}
