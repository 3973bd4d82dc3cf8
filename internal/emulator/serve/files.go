package serve

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// The files that describe a running emulator. A client waits for the last one.
const (
	caFile   = "ca.pem"
	envFile  = "emulator.env"
	jsonFile = "emulator.json"
)

// description is emulator.json.
type description struct {
	BaseURL      string            `json:"base_url"`
	VaultURI     string            `json:"vault_uri"`
	ControlURL   string            `json:"control_url"`
	PortalURL    string            `json:"portal_url"`
	TenantID     string            `json:"tenant_id"`
	Domain       string            `json:"domain"`
	ClientID     string            `json:"client_id"`
	ClientSecret string            `json:"client_secret"`
	CAFile       string            `json:"ca_file"`
	PID          int               `json:"pid"`
	Users        []describedUser   `json:"users"`
	Tenants      []describedTenant `json:"tenants"`
}

type describedUser struct {
	UserName     string  `json:"username"`
	Password     string  `json:"password"`
	SecondFactor *string `json:"second_factor"`
	TenantID     string  `json:"tenant_id"`
}

type describedTenant struct {
	TenantID    string `json:"tenant_id"`
	Domain      string `json:"domain"`
	DisplayName string `json:"display_name"`
}

// writeFiles writes the certificate and the environment, and takes away what an earlier emulator has left, so that
// nobody mistakes it for this one.
func writeFiles(c Config, r *Running, ca []byte) (caPath string, err error) {
	dir, err := filepath.Abs(c.Dir)
	if err != nil {
		return "", err
	}
	if c.Dir == "" {
		return "", errors.New("the emulator needs a directory for its files")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	if err := os.Remove(filepath.Join(dir, jsonFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	caPath = filepath.Join(dir, caFile)
	if err := replaceFile(caPath, ca); err != nil {
		return "", err
	}
	return caPath, replaceFile(filepath.Join(dir, envFile), environment(c, r, caPath))
}

func environment(c Config, r *Running, caPath string) []byte {
	facts := c.Emulator.Facts()
	var b strings.Builder
	for _, v := range [][2]string{
		{"ARM_TENANT_ID", facts.TenantID}, {"ARM_CLIENT_ID", facts.ClientID}, {"ARM_CLIENT_SECRET", facts.ClientSecret},
		{"APPREG_GRAPH_ENDPOINT", r.BaseURL}, {"APPREG_AUTHORITY_HOST", r.BaseURL}, {"APPREG_CA_FILE", caPath}, {"APPREG_DISABLE_INSTANCE_DISCOVERY", "true"},
	} {
		fmt.Fprintf(&b, "export %s=%s\n", v[0], quote(v[1]))
	}
	fmt.Fprintln(&b, "# For other tools, which bring trust stores of their own:")
	for _, name := range []string{"SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"} {
		fmt.Fprintf(&b, "# export %s=%s\n", name, quote(caPath))
	}
	return []byte(b.String())
}

// quote writes a word for a POSIX shell.
func quote(word string) string { return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'" }

// writeReady writes emulator.json: from here on the emulator can be used.
func writeReady(c Config, r *Running) error {
	facts := c.Emulator.Facts()
	d := description{
		BaseURL: r.BaseURL, VaultURI: r.VaultURI, ControlURL: r.ControlURL, PortalURL: r.PortalURL, TenantID: facts.TenantID, Domain: facts.Domain, ClientID: facts.ClientID,
		ClientSecret: facts.ClientSecret, CAFile: r.CAFile, PID: os.Getpid(),
	}
	for _, u := range facts.Users {
		user := describedUser{UserName: u.UserName, Password: u.Password, TenantID: u.TenantID}
		if u.SecondFactor != "" {
			user.SecondFactor = &u.SecondFactor
		}
		d.Users = append(d.Users, user)
	}
	for _, t := range facts.Tenants {
		d.Tenants = append(d.Tenants, describedTenant{TenantID: t.ID, Domain: t.Domain, DisplayName: t.DisplayName})
	}
	text, err := json.MarshalIndent(d, "", "  ") //nolint:gosec // Handing out the secret is what the file is for.
	if err != nil {
		return fmt.Errorf("describing the emulator: %w", err)
	}
	r.ready = append(text, '\n')
	return replaceFile(r.readyFile(), r.ready)
}

func (r *Running) readyFile() string { return filepath.Join(filepath.Dir(r.CAFile), jsonFile) }

// removeReady takes emulator.json away, unless another emulator has put its own there meanwhile.
func (r *Running) removeReady() error {
	text, err := os.ReadFile(r.readyFile())
	if err == nil && bytes.Equal(text, r.ready) {
		err = os.Remove(r.readyFile())
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// successor is what the name of a file that is being replaced is continued with, before a number.
const successor = ".new-"

// replaceFile writes a file so that a reader sees all of it or none, also when the program or the machine stops in the
// middle. It is for the owner only, because passwords may be in it.
func replaceFile(path string, text []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+successor+"*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	if _, err := f.Write(text); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// removeSuccessors takes away what a program that was killed has left of its attempts to replace a file.
func removeSuccessors(path string) error {
	entries, err := os.ReadDir(filepath.Dir(path))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), filepath.Base(path)+successor) {
			err = errors.Join(err, os.Remove(filepath.Join(filepath.Dir(path), entry.Name())))
		}
	}
	return err
}
