package serve_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/keyvault"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/serve"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// vaultURI is what emulator.json says of the vault.
func (r *running) vaultURI() string {
	r.t.Helper()
	text, err := os.ReadFile(filepath.Join(r.dir, "emulator.json"))
	check(r.t, err)
	var d struct {
		VaultURI string `json:"vault_uri"`
	}
	check(r.t, json.Unmarshal(text, &d))
	return d.VaultURI
}

// TestTheVaultOutlivesTheEmulator writes a secret over the vault's own listener, lets others at it, and restarts.
func TestTheVaultOutlivesTheEmulator(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "tenants.json")
	first := startWith(t, file)
	address := first.vaultURI()
	if address != first.VaultURI || !strings.HasSuffix(address, "/") || strings.HasPrefix(address, first.BaseURL) {
		t.Fatalf("the vault is at %q", address)
	}
	header := http.Header{"Authorization": {"Bearer " + first.bearerFor("https://vault.azure.net")}, "Content-Type": {"application/json"}}
	var made struct{ ID string }
	status := first.call(http.MethodPut, address+"secrets/mail-import?api-version=7.4", strings.NewReader(`{"value":"ours"}`), header, &made)
	if status != http.StatusOK || !strings.HasPrefix(made.ID, address+"secrets/mail-import/") {
		t.Fatalf("%d, %+v", status, made)
	}
	version := made.ID[strings.LastIndex(made.ID, "/")+1:]
	for _, step := range []struct {
		method, path, body string
		want               int
	}{
		{http.MethodPost, "/vault/secrets/mail-import", `{"value":"theirs","tags":{"by":"hand"}}`, http.StatusOK},
		{http.MethodPatch, "/vault/secrets/mail-import/" + version, `{"enabled":false,"tags":{"by":"us"}}`, http.StatusOK},
		{http.MethodPatch, "/vault/secrets/mail-import/" + version, `{"value":"other"}`, http.StatusBadRequest},
		{http.MethodPatch, "/vault/secrets/mail-import/absent", `{"enabled":false}`, http.StatusNotFound},
		{http.MethodPost, "/vault/secrets/absent/delete", "", http.StatusNotFound},
		{http.MethodPost, "/vault/secrets/mail-import/delete", "", http.StatusOK},
		{http.MethodPost, "/vault/secrets/mail-import", `{"value":"x"}`, http.StatusBadRequest},
		{http.MethodPost, "/vault/secrets/mail-import/recover", "", http.StatusOK},
		{http.MethodPut, "/vault/access", `{"rbac":true,"secrets":{"` + first.emulator.Cloud().Seeded().ServicePrincipalID + `":["get"]}}`, http.StatusOK},
		{http.MethodPut, "/vault/access", `{"secrets":{"x":["everything"]}}`, http.StatusBadRequest},
	} {
		if got := first.control(step.method, step.path, step.body, nil); got != step.want {
			t.Errorf("%s %s: %d, want %d", step.method, step.path, got, step.want)
		}
	}
	check(t, first.Close())

	second := startWith(t, file)
	var held []keyvault.Secret
	second.control(http.MethodGet, "/vault/secrets", "", &held)
	if len(held) != 1 || len(held[0].Versions) != 2 || held[0].Versions[0].Value != "ours" || held[0].Versions[0].Enabled || held[0].Versions[0].Tags["by"] != "us" ||
		held[0].Versions[1].Value != "theirs" {
		t.Errorf("the vault holds %+v", held)
	}
	var access keyvault.Access
	second.control(http.MethodGet, "/vault/access", "", &access)
	if !access.RBAC || len(access.Secrets) != 1 {
		t.Errorf("access is %+v", access)
	}
	header.Set("Authorization", "Bearer "+second.bearerFor("https://vault.azure.net"))
	var shown struct{ Value string }
	if got := second.call(http.MethodGet, second.VaultURI+"secrets/mail-import?api-version=7.4", nil, header, &shown); got != http.StatusOK || shown.Value != "theirs" {
		t.Errorf("%d %q", got, shown.Value)
	}
}

// TestAnOlderDataFileGetsVaults loads a file from before there were any.
func TestAnOlderDataFileGetsVaults(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "tenants.json")
	first := startWith(t, file)
	check(t, first.Close())
	text, err := os.ReadFile(file)
	check(t, err)
	var d map[string]any
	check(t, json.Unmarshal(text, &d))
	cloud, ok := d["cloud"].(map[string]any)
	if !ok {
		t.Fatal("no cloud")
	}
	var kept []any
	objects, _ := cloud["objects"].([]any)
	for _, o := range objects {
		if text, err := json.Marshal(o); err != nil || !strings.Contains(string(text), tenant.KeyVaultClientID) {
			kept = append(kept, o)
		}
	}
	if len(kept) == len(objects) {
		t.Fatal("the file knows no Key Vault")
	}
	cloud["objects"] = kept
	text, err = json.Marshal(d)
	check(t, err)
	check(t, os.WriteFile(file, text, 0o600))
	if startWith(t, file).bearerFor("https://vault.azure.net") == "" {
		t.Error("no token for Key Vault")
	}
}

// bearerFor signs in to an API as the automation application.
func (r *running) bearerFor(resource string) string {
	r.t.Helper()
	facts := r.emulator.Facts()
	token, status := r.tokenFor(resource+"/.default", facts.ClientID, facts.ClientSecret)
	if status != http.StatusOK || token == "" {
		r.t.Fatalf("no token: %d", status)
	}
	return token
}

// TestARefusedChangeOfAVersionDoesNothing tries to change what stays, and something else with it.
func TestARefusedChangeOfAVersionDoesNothing(t *testing.T) {
	t.Parallel()
	r := start(t, nil)
	var made struct{ Version string }
	r.control(http.MethodPost, "/vault/secrets/mail", `{"value":"ours","tags":{"by":"us"}}`, &made)
	for _, body := range []string{`{"tags":{"by":"them"},"value":"theirs"}`, `{"enabled":false,"tags":{"more":"x"},"id":"1"}`, `{"tags":{"by":"them"},"odd":1}`} {
		if got := r.control(http.MethodPatch, "/vault/secrets/mail/"+made.Version, body, nil); got != http.StatusBadRequest {
			t.Errorf("%s: %d", body, got)
		}
	}
	var held []keyvault.Secret
	r.control(http.MethodGet, "/vault/secrets", "", &held)
	if v := held[0].Versions[0]; v.Value != "ours" || !v.Enabled || len(v.Tags) != 1 || v.Tags["by"] != "us" {
		t.Errorf("after refused changes: %+v", v)
	}
}

// TestASlowChangeHoldsNobodyUp has a client begin a change and not go on.
func TestASlowChangeHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	r := start(t, nil)
	var made struct{ Version string }
	r.control(http.MethodPost, "/vault/secrets/mail", `{"value":"ours"}`, &made)
	body, rest := io.Pipe()
	read := make(chan struct{})
	controls := serve.Control(r.emulator, nil)
	done := make(chan int, 1)
	go func() {
		q := httptest.NewRequestWithContext(t.Context(), http.MethodPatch, "http://localhost/vault/secrets/mail/"+made.Version,
			&told{Reader: io.MultiReader(strings.NewReader(`{"enabled":`), body), at: read})
		w := httptest.NewRecorder()
		controls.ServeHTTP(w, q)
		done <- w.Code
	}()
	<-read
	changed := make(chan error, 1)
	go func() {
		_, err := r.emulator.Create(tenant.Application, tenant.Doc{"displayName": "Meanwhile"})
		changed <- err
	}()
	select {
	case err := <-changed:
		check(t, err)
	case <-time.After(20 * time.Second):
		t.Error("nobody can change anything while a body is on its way")
	}
	_, err := io.WriteString(rest, "false}")
	check(t, errors.Join(err, rest.Close()))
	if got := <-done; got != http.StatusOK {
		t.Errorf("the slow change: %d", got)
	}
}

// told closes a channel when it is read for the second time: the first part has come.
type told struct {
	io.Reader
	at    chan struct{}
	reads int
}

func (r *told) Read(p []byte) (int, error) {
	if r.reads++; r.reads == 2 {
		close(r.at)
	}
	return r.Reader.Read(p)
}
