// Package e2e tests and measures what is released: the built provider, run by the real terraform as processes of their
// own, against an emulated tenant.
package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

// mirror is a plugin directory with the built provider; binary is the provider itself.
var mirror, binary string

func TestMain(m *testing.M) {
	log.SetOutput(io.Discard)
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	dir, err := os.MkdirTemp("", "appreg-e2e-")
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	mirror = filepath.Join(dir, "mirror")
	binary = filepath.Join(mirror, "registry.terraform.io", "appreg", "appreg", "0.0.1", runtime.GOOS+"_"+runtime.GOARCH, "terraform-provider-appreg_v0.0.1")
	build := exec.CommandContext(context.Background(), "go", "build", "-ldflags=-s -w", "-o", binary, "../..")
	build.Stdout, build.Stderr = os.Stderr, os.Stderr
	if err := build.Run(); err != nil {
		return 1, fmt.Errorf("build the provider: %w", err)
	}
	return m.Run(), nil
}
