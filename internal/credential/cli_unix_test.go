//go:build unix

package credential

import (
	"context"
	"errors"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// asCLIUser makes the test binary sign in with the Azure CLI on its PATH: a process has one environment, and parallel
// tests can't each have their own.
const asCLIUser = "CREDENTIAL_TEST_CLI_USER"

func TestMain(m *testing.M) {
	if os.Getenv(asCLIUser) == "" {
		os.Exit(m.Run())
	}
	cred, err := New(Config{TenantID: testTenant}, AzureCLI{})
	if err != nil {
		log.Fatal(err)
	}
	token, err := cred.GetToken(context.Background(), tokenRequest())
	if err != nil {
		log.Fatal(err)
	}
	if _, err := io.WriteString(os.Stdout, token.Token); err != nil {
		log.Fatal(err)
	}
}

// asCLI signs in with a shell script in place of the Azure CLI, "" for none.
func asCLI(t *testing.T, script string) (stdout, stderr string) {
	t.Helper()
	dir := t.TempDir()
	if script != "" {
		if err := os.WriteFile(filepath.Join(dir, "az"), []byte("#!/bin/sh\n"+script), 0o700); err != nil { //nolint:gosec // It is to be run.
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = []string{asCLIUser + "=1", "PATH=" + dir}
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return string(out), string(exit.Stderr)
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(out), ""
}

func TestAzureCLI(t *testing.T) {
	t.Parallel()
	t.Run("signed in", func(t *testing.T) {
		t.Parallel()
		out, failed := asCLI(t, `echo "{\"accessToken\":\"for $*\",\"expires_on\":4102444800}"`)
		want := "for account get-access-token -o json --resource https://graph.test --tenant " + testTenant
		if out != want || failed != "" {
			t.Errorf("got %q, %q", out, failed)
		}
	})
	t.Run("not signed in", func(t *testing.T) {
		t.Parallel()
		out, failed := asCLI(t, `echo "Please run 'az login' to setup account." >&2; exit 1`)
		if out != "" || !strings.Contains(failed, "setup account") || !strings.Contains(failed, "az login --tenant "+testTenant) {
			t.Errorf("got %q, %q", out, failed)
		}
	})
	t.Run("not installed", func(t *testing.T) {
		t.Parallel()
		out, failed := asCLI(t, "")
		if out != "" || !strings.Contains(failed, "not installed") || !strings.Contains(failed, "ARM_CLIENT_SECRET") {
			t.Errorf("got %q, %q", out, failed)
		}
	})
}
