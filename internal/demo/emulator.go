package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

const (
	startTimeout = 30 * time.Second
	stopTimeout  = 10 * time.Second
	pollInterval = 50 * time.Millisecond
)

// emulator is a running emulator, with what it says about itself in emulator.json.
type emulator struct {
	BaseURL      string `json:"base_url"`
	VaultURI     string `json:"vault_uri"`
	ControlURL   string `json:"control_url"`
	PortalURL    string `json:"portal_url"`
	TenantID     string `json:"tenant_id"`
	Domain       string `json:"domain"`
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
	CAFile       string `json:"ca_file"`
	Users        []struct {
		UserName     string  `json:"username"`
		Password     string  `json:"password"`
		SecondFactor *string `json:"second_factor"`
		TenantID     string  `json:"tenant_id"`
	} `json:"users"`

	dir    string
	cmd    *exec.Cmd
	exited chan struct{} // closed when the process has ended
	client *http.Client  // trusts the emulator's certificate
}

// startEmulator starts an emulator on a free port and waits until it serves. It is no child of ctx: it must outlive a
// cancelled terraform, and stop ends it.
func (s *stage) startEmulator(ctx context.Context) (*emulator, error) {
	e := &emulator{dir: filepath.Join(s.dir, "emulator"), exited: make(chan struct{})}
	log, err := os.Create(filepath.Join(s.dir, "emulator.log"))
	if err != nil {
		return nil, err
	}
	e.cmd = exec.CommandContext(context.WithoutCancel(ctx), s.emulatorBinary(), "-addr", "127.0.0.1:0", "-dir", e.dir)
	e.cmd.Stdout, e.cmd.Stderr = log, log
	detach(e.cmd)
	err = errors.Join(e.cmd.Start(), log.Close())
	if err != nil {
		return nil, fmt.Errorf("starting the emulator: %w", err)
	}
	go func() {
		// How it ended is read from ProcessState.
		_ = e.cmd.Wait()
		close(e.exited)
	}()
	if err := e.wait(ctx); err != nil {
		said, readErr := os.ReadFile(log.Name())
		return nil, errors.Join(fmt.Errorf("starting the emulator: %w\n%s", err, said), readErr, e.stop())
	}
	return e, nil
}

// wait returns when the emulator has written emulator.json, which it writes last.
func (e *emulator) wait(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for {
		text, err := os.ReadFile(filepath.Join(e.dir, "emulator.json"))
		if err == nil {
			return e.introduce(text)
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-e.exited:
			return fmt.Errorf("it ended at once: %s", e.cmd.ProcessState)
		case <-tick.C:
		}
	}
}

// introduce takes over what emulator.json says.
func (e *emulator) introduce(text []byte) error {
	if err := json.Unmarshal(text, e); err != nil {
		return fmt.Errorf("reading emulator.json: %w", err)
	}
	pem, err := os.ReadFile(e.CAFile)
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return fmt.Errorf("%s holds no certificate", e.CAFile)
	}
	e.client = &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
	}}
	return nil
}

// stop ends the process, gently at first, and waits for its end.
func (e *emulator) stop() error {
	if e.client != nil {
		e.client.CloseIdleConnections()
	}
	if err := interrupt(e.cmd); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stopping the emulator: %w", err)
	}
	timeout := time.NewTimer(stopTimeout)
	defer timeout.Stop()
	select {
	case <-e.exited:
		return nil
	case <-timeout.C:
	}
	if err := e.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("killing the emulator: %w", err)
	}
	<-e.exited
	return fmt.Errorf("the emulator did not stop within %s and was killed", stopTimeout)
}

// interrupt asks a process to end; Windows knows no such request.
func interrupt(cmd *exec.Cmd) error {
	if runtime.GOOS == "windows" {
		return cmd.Process.Kill()
	}
	return cmd.Process.Signal(os.Interrupt)
}

// environment is what a provider needs in order to use the emulator.
func (e *emulator) environment() []string {
	return []string{
		"ARM_TENANT_ID=" + e.TenantID,
		"ARM_CLIENT_ID=" + e.ClientID,
		"ARM_CLIENT_SECRET=" + e.ClientSecret,
		"APPREG_GRAPH_ENDPOINT=" + e.BaseURL,
		"APPREG_AUTHORITY_HOST=" + e.BaseURL,
		"APPREG_CA_FILE=" + e.CAFile,
		"APPREG_DISABLE_INSTANCE_DISCOVERY=true",
	}
}

// invite says how to use the emulator, and keeps it until the reader has enough.
func (s *stage) invite(ctx context.Context, e *emulator) error {
	binary, err := terraform()
	if err != nil {
		return err
	}
	s.title("The emulator serves Microsoft Graph and sign-in for %s at %s", e.Domain, e.BaseURL)
	s.say("In another terminal, in the folder of your configuration:\n")
	s.say("    . %s", filepath.Join(e.dir, "emulator.env"))
	s.say("    %[1]s init -plugin-dir=%[2]s && %[1]s apply", strings.TrimSuffix(filepath.Base(binary), ".exe"), s.mirror())
	s.say("\nWhat is registered is shown at %s", e.PortalURL)
	s.say("Users, passwords and ids are in %s. Ctrl-C stops it.", filepath.Join(e.dir, "emulator.json"))
	select {
	case <-ctx.Done():
		s.say("\nStopping the emulator.")
		return nil
	case <-e.exited:
		return fmt.Errorf("the emulator ended by itself: %s", e.cmd.ProcessState)
	}
}
