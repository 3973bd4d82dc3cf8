package main

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// asDemo makes the test's binary the demo itself, in an environment of its own.
const asDemo = "APPREG_TEST_AS_DEMO"

func TestMain(m *testing.M) {
	if os.Getenv(asDemo) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// TestWithoutTerraform wants the ways to get one, and nothing left behind.
func TestWithoutTerraform(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "demo")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-dir", dir)
	cmd.Env = []string{asDemo + "=1", "PATH=" + t.TempDir()}
	var said bytes.Buffer
	cmd.Stderr = &said
	var exit *exec.ExitError
	if err := cmd.Run(); !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Errorf("ended with %v, want status 1", err)
	}
	for _, want := range []string{"developer.hashicorp.com", "opentofu.org"} {
		if !strings.Contains(said.String(), want) {
			t.Errorf("said %q, without %s", &said, want)
		}
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the temporary folder was left behind: %v", err)
	}
}

// TestEndedWhileBuilding wants neither the folder nor the compiler's temporary files left behind.
func TestEndedWhileBuilding(t *testing.T) {
	t.Parallel()
	temporary := t.TempDir()
	dir := filepath.Join(temporary, "demo")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-dir", dir)
	cmd.Dir = filepath.Join("..", "..")
	cmd.Env = append(os.Environ(), asDemo+"=1", "TMPDIR="+temporary, "GOTMPDIR=")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for building := false; !building; {
		select {
		case err := <-ended:
			t.Fatalf("it ended by itself: %v", err)
		case <-tick.C:
			for _, at := range []string{dir, temporary} {
				found, err := filepath.Glob(filepath.Join(at, "go-build*"))
				if err != nil {
					t.Fatal(err)
				}
				building = building || len(found) > 0
			}
		}
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	var exit *exec.ExitError
	if err := <-ended; !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Errorf("ended with %v, want status 1", err)
	}
	entries, err := os.ReadDir(temporary)
	if err != nil || len(entries) > 0 {
		t.Errorf("left behind: %v %v", entries, err)
	}
}
