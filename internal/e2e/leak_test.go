package e2e_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"math/big"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"software.sslmate.com/src/go-pkcs12"

	"github.com/appreg/terraform-provider-appreg/internal/acctest"
	"github.com/appreg/terraform-provider-appreg/internal/emulator"
)

// disguises are the ways in which a text is commonly written into something else.
func disguises(secret string) []string {
	raw := []byte(secret)
	return []string{
		secret, strings.Trim(strconv.Quote(secret), `"`), url.QueryEscape(secret), url.PathEscape(secret), hex.EncodeToString(raw),
		base64.StdEncoding.EncodeToString(raw), base64.RawURLEncoding.EncodeToString(raw),
	}
}

// holds tells whether a text holds a secret, plainly or in disguise.
func holds(text, secret string) bool {
	for _, d := range disguises(secret) {
		if strings.Contains(text, d) {
			return true
		}
	}
	return false
}

// expose fails the test for each secret that a channel shows.
func expose(t *testing.T, channel, text string, secrets ...string) {
	t.Helper()
	if text == "" {
		t.Errorf("%s is empty, which proves nothing", channel)
	}
	for _, secret := range secrets {
		if secret != "" && holds(text, secret) {
			t.Errorf("%s holds the secret that begins with %q", channel, secret[:3])
		}
	}
}

// places are the paths of the JSON values that hold a secret; what is base64, as private state is, is looked into.
func places(value any, path, secret string) (found []string) {
	switch v := value.(type) {
	case map[string]any:
		for key, child := range v {
			found = append(found, places(child, path+"/"+key, secret)...)
		}
	case []any:
		for _, child := range v {
			found = append(found, places(child, path, secret)...)
		}
	case string:
		decoded, err := base64.StdEncoding.DecodeString(v)
		if holds(v, secret) || err == nil && holds(string(decoded), secret) {
			found = append(found, path)
		}
	}
	return found
}

// onlyIn fails the test when a secret is in a JSON document anywhere but in the value of a client secret or in an output,
// which the configuration has made of that. It returns how often it is there.
func onlyIn(t *testing.T, channel, document string, secrets ...string) (times int) {
	t.Helper()
	var parsed any
	if err := json.Unmarshal([]byte(document), &parsed); err != nil {
		t.Fatalf("%s: %v", channel, err)
	}
	for _, secret := range secrets {
		for _, path := range places(parsed, "", secret) {
			times++
			if !strings.HasSuffix(path, "/attributes/value") && !strings.HasSuffix(path, "/values/value") &&
				!strings.HasSuffix(path, "/before/value") && !strings.HasSuffix(path, "/after/value") && !strings.Contains(path, "/outputs/") && !strings.Contains(path, "/output_changes/") {
				t.Errorf("%s holds a secret at %s", channel, path)
			}
		}
	}
	return times
}

// logFile is the emulator's log.
type logFile struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logFile) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// A whole life at TRACE: no secret that the emulator issued and none of the provider's own credentials is in what
// terraform and the provider print, nor in the emulator's log; in the state, in a plan file and in their JSON only the one
// attribute that is meant to hold a secret does.
func TestNothingLeaks(t *testing.T) {
	t.Parallel()
	log := &logFile{}
	x := acctest.Hostile(t, emulator.WithLog(log))
	w := x.Workspace(t, "")
	w.Mirror = mirror
	w.Variables = map[string]string{"TF_LOG": "TRACE"}
	w.ConfigureFrom(t, "examples/demo/main.tf")

	printed := w.Apply(t)
	printed += w.Must(t, "plan", "-out=saved", "-replace=appreg_client_secret.mail_import")
	printed += w.Must(t, "show", "saved")
	w.Variables = nil
	planned := w.Must(t, "show", "-json", "saved")
	planFile := contents(t, filepath.Join(w.Dir, "saved"))
	w.Variables = map[string]string{"TF_LOG": "TRACE"}
	printed += w.Must(t, "apply", "saved")
	printed += w.Must(t, "show")
	printed += w.Terraform(t, "import", "appreg_client_secret.mail_import", "not-an-id").Output
	w.Variables = nil
	shown := w.Must(t, "show", "-json")
	state, err := os.ReadFile(filepath.Join(w.Dir, "terraform.tfstate"))
	if err != nil {
		t.Fatal(err)
	}

	issued, own := x.Issued(), x.Facts().ClientSecret
	if len(issued.Secrets) < 2 || len(issued.Tokens) == 0 {
		t.Fatalf("the emulator issued %d secrets and %d tokens; the test would prove nothing", len(issued.Secrets), len(issued.Tokens))
	}
	hidden := append(append([]string{own}, issued.Tokens...), issued.Secrets...)
	expose(t, "the output at TRACE", printed, hidden...)
	expose(t, "the emulator's log", log.b.String(), hidden...)
	for channel, text := range map[string]string{"the plan file": planFile, "the plan's JSON": planned, "the state": string(state), "the state's JSON": shown} {
		expose(t, channel, text, append([]string{own}, issued.Tokens...)...)
	}
	for channel, document := range map[string]string{"the plan's JSON": planned, "the state": string(state), "the state's JSON": shown} {
		if times := onlyIn(t, channel, document, issued.Secrets...); times == 0 {
			t.Errorf("%s holds no secret at all, which proves nothing", channel)
		}
	}
	w.Destroy(t)
	if err := x.Left("Mail import"); err != nil {
		t.Error(err)
	}
}

// Where signing in fails, the message tells of everything but what the provider signs in with.
func TestOwnCredentialsDoNotLeak(t *testing.T) {
	t.Parallel()
	const password, secret = "certificate~pass-word", "wrong~Secret.of.the-provider"
	oidc := "eyJhbGciOiJub25lIn0." + base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"canary"}`)) + ".c2lnbmF0dXJl"
	pfx := filepath.Join(t.TempDir(), "certificate.pfx")
	writePFX(t, pfx, password)
	for name, c := range map[string]struct {
		variables map[string]string
		hidden    string
		told      string
	}{
		"secret":      {map[string]string{"ARM_CLIENT_SECRET": secret}, secret, "AADSTS7000215"},
		"certificate": {map[string]string{"ARM_CLIENT_SECRET": "", "ARM_CLIENT_CERTIFICATE_PATH": pfx, "ARM_CLIENT_CERTIFICATE_PASSWORD": password}, password, "AADSTS700027"},
		"wrong password": {map[string]string{"ARM_CLIENT_SECRET": "", "ARM_CLIENT_CERTIFICATE_PATH": pfx, "ARM_CLIENT_CERTIFICATE_PASSWORD": password + "x"},
			password, "client_certificate_password"},
		"OIDC token": {map[string]string{"ARM_CLIENT_SECRET": "", "ARM_USE_OIDC": "true", "ARM_OIDC_TOKEN": oidc}, oidc, "AADSTS"},
		"OIDC request token": {map[string]string{"ARM_CLIENT_SECRET": "", "ARM_USE_OIDC": "true", "ARM_OIDC_REQUEST_URL": "https://127.0.0.1:1/", "ARM_OIDC_REQUEST_TOKEN": secret},
			secret, "127.0.0.1:1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := acctest.Calm(t).Workspace(t, `data "appreg_application" "test" { display_name = "Mail import" }`)
			w.Mirror = mirror
			w.Init(t)
			w.Variables = map[string]string{"TF_LOG": "TRACE"}
			for k, v := range c.variables {
				w.Variables[k] = v
			}
			r := w.Terraform(t, "plan")
			if r.ExitCode != 1 || !strings.Contains(r.Output, c.told) {
				t.Errorf("exit status %d, and %q is missing", r.ExitCode, c.told)
			}
			expose(t, "the output", r.Output, c.hidden)
		})
	}
}

// writePFX makes a certificate of nobody's, with a password.
func writePFX(t *testing.T, file, password string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pfx, err := pkcs12.Modern.Encode(key, certificate, nil, password)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, pfx, 0o600); err != nil {
		t.Fatal(err)
	}
}
