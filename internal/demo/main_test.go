package main

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
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
