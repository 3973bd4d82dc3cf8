package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// The provider's address in both registries, and the version that the build pretends to be.
const (
	terraformRegistry = "registry.terraform.io"
	tofuRegistry      = "registry.opentofu.org"
	version           = "0.0.1"
)

// mirror is the folder that terraform takes for a registry.
func (s *stage) mirror() string { return filepath.Join(s.dir, "mirror") }

// emulatorBinary is the built emulator.
func (s *stage) emulatorBinary() string { return filepath.Join(s.dir, "appreg-emulator"+exe()) }

// build compiles provider and emulator, and lays the provider out as a registry would.
func (s *stage) build(ctx context.Context) error {
	s.title("Building the provider and the emulator (the first time this takes minutes)")
	if err := s.goBuild(ctx, s.emulatorBinary(), "./internal/emulator/cmd/appreg-emulator"); err != nil {
		return err
	}
	file := fmt.Sprintf("terraform-provider-appreg_v%s%s", version, exe())
	at := func(registry string) string {
		return filepath.Join(s.mirror(), registry, "appreg", "appreg", version, runtime.GOOS+"_"+runtime.GOARCH, file)
	}
	if err := s.goBuild(ctx, at(terraformRegistry), "."); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(at(tofuRegistry)), 0o750); err != nil {
		return err
	}
	return os.Link(at(terraformRegistry), at(tofuRegistry))
}

// goBuild compiles a package. Its temporary files are ours, and it may tidy up when it is interrupted.
func (s *stage) goBuild(ctx context.Context, to, pkg string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-o", to, pkg)
	cmd.Env = append(os.Environ(), "GOTMPDIR="+s.dir)
	cmd.Cancel = func() error { return interrupt(cmd) }
	cmd.WaitDelay = stopTimeout
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building %s: %w\n%s", pkg, err, output)
	}
	return nil
}

func exe() string {
	if runtime.GOOS == "windows" {
		return ".exe"
	}
	return ""
}

// terraform finds terraform, else tofu.
func terraform() (string, error) {
	for _, name := range []string{"terraform", "tofu"} {
		path, err := exec.LookPath(name)
		if err == nil {
			return path, nil
		}
		if !errors.Is(err, exec.ErrNotFound) {
			return "", err
		}
	}
	return "", errors.New(strings.TrimSpace(`
neither terraform nor tofu is on the PATH. Get one of them and try again:
  Terraform 1.8 or newer: https://developer.hashicorp.com/terraform/install
  OpenTofu 1.8 or newer:  https://opentofu.org/docs/intro/install`))
}
