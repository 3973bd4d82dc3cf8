package provider_test

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/acctest"
	"github.com/appreg/terraform-provider-appreg/internal/emulator"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/graph"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// A private key is refused wherever it comes from, and is in no output, log or state, also with logs at their finest.
func TestAccCertificatePrivateKeyIsRefused(t *testing.T) {
	t.Parallel()
	s := valid(t, "mail import")
	der, err := x509.MarshalPKCS8PrivateKey(s.key)
	if err != nil {
		t.Fatal(err)
	}
	both := s.pem() + string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	for name, hcl := range map[string]string{
		"in a variable":     "variable \"key\" {\n  type = string\n  default = " + hclText(both) + "\n}\n" + strings.Replace(certificateConfiguration("X"), `"X"`, "var.key", 1),
		"in place":          strings.Replace(certificateConfiguration("X"), `"X"`, "<<EOT\n"+both+"EOT\n", 1),
		"in one line":       certificateConfiguration(both),
		"known at apply":    later("key", hclText(both)) + strings.Replace(certificateConfiguration("X"), `"X"`, "terraform_data.key.output", 1),
		"known and in file": strings.Replace(certificateConfiguration("X"), `"X"`, `file("${path.module}/both.pem")`, 1),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := acctest.Hostile(t)
			w := start(t, x, hcl)
			if err := os.WriteFile(filepath.Join(w.Dir, "both.pem"), []byte(both), 0o600); err != nil {
				t.Fatal(err)
			}
			log := filepath.Join(t.TempDir(), "log")
			w.Variables = map[string]string{"TF_LOG": "TRACE", "TF_LOG_PATH": log}
			r := w.Terraform(t, "apply", "-auto-approve", "-no-color")
			if r.ExitCode != 1 || !strings.Contains(said(r.Output), "Invalid certificate") || !strings.Contains(said(r.Output), "It holds a private key") {
				t.Errorf("exit status %d:\n%s", r.ExitCode, r.Output)
			}
			everything := r.Output + string(mustRead(t, log))
			if name != "known at apply" { // there the state and plan of terraform_data hold what was put into it
				everything += string(mustRead(t, filepath.Join(w.Dir, "terraform.tfstate")))
			}
			for _, line := range strings.Split(both[strings.Index(both, "-----BEGIN PRIVATE"):], "\n")[1:20] {
				if strings.Contains(everything, line) && name != "known at apply" {
					t.Fatalf("the key's text is in what terraform wrote: %s", line)
				}
			}
			if apps := x.Applications(); len(apps) == 1 && len(apps[0].Docs("keyCredentials")) != 0 {
				t.Error("a certificate was registered")
			}
		})
	}
}

// mustRead reads a file; one that is not there is empty.
func mustRead(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Clean(name))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return text
}

// Expiry is judged by the clock, at plan, and stands in the way of no destroy.
func TestAccCertificateExpiry(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	now := time.Now()
	past := issue(t, "past", now.AddDate(-1, 0, 0), now.Add(-time.Hour))
	future := issue(t, "future", now.AddDate(0, 1, 0), now.AddDate(0, 2, 0))
	brief := issue(t, "brief", now.Add(-time.Hour), now.Add(time.Hour))
	w := start(t, x, certificateConfiguration(past.pem()))
	refused(t, w, []string{"Unable to create certificate that has expired already", "valid until " + past.NotAfter.UTC().Format(time.RFC3339), "Have a new one issued"}, "plan")
	w.Configure(t, certificateConfiguration(future.pem()))
	demand(t, w.Must(t, "plan"), []string{"Certificate that is not valid yet", "valid from " + future.NotBefore.UTC().Format(time.RFC3339)})

	w.Configure(t, certificateConfiguration(brief.pem(), newFirst))
	w.Must(t, "plan", "-out=saved.tfplan")
	x.Clock.Advance(2 * time.Hour)
	refused(t, w, []string{"has expired already"}, "apply", "saved.tfplan")
	next := issue(t, "next", now.Add(-time.Hour), now.Add(4*time.Hour))
	w.Configure(t, certificateConfiguration(next.pem(), newFirst))
	w.Apply(t)
	x.Clock.Advance(3 * time.Hour)
	demand(t, w.Must(t, "plan", "-detailed-exitcode"), []string{"Certificate has expired", "Put the next certificate into the configuration", "No changes"})
	w.Destroy(t)
	if err := x.Left("Mail import"); err != nil {
		t.Error(err)
	}
}

// A certificate that the application has already is told with the import block, which then works.
func TestAccCertificateHeldAlready(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	s := valid(t, "mail import")
	w := x.Workspace(t, certificateConfiguration(s.pem()))
	w.Apply(t)
	x.CatchUp()
	app := x.Application(t, "Mail import").String("id")
	key, _ := values(t, w, "appreg_certificate.test")["key_id"].(string)
	w.Must(t, "state", "rm", "appreg_certificate.test")
	demand(t, w.Must(t, "plan"), []string{"The application has this certificate already", "to = appreg_certificate.example", fmt.Sprintf("id = %q", app+"/"+key)})
	w.Must(t, "import", "appreg_certificate.test", app+"/"+key)
	w.PlanIsEmpty(t)
	w.Destroy(t)
}

// Where Graph takes no second credential for a certificate, the error says which one stands in the way.
func TestAccCertificateTakenOnce(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t, emulator.WithReading(graph.DuplicateCertificate, "refused"))
	s := valid(t, "mail import")
	w := x.Workspace(t, certificateConfiguration(s.pem(), newFirst))
	w.Apply(t)
	key, _ := values(t, w, "appreg_certificate.test")["key_id"].(string)
	refused(t, w, []string{`Unable to create certificate "CN=mail import"`, "a credential for the same certificate", key, "remove create_before_destroy", "request-id"},
		append(apply(), "-replace=appreg_certificate.test")...)
	w.Configure(t, certificateConfiguration(s.pem()))
	w.Apply(t, "-replace=appreg_certificate.test")
	w.PlanIsEmpty(t)
}

// What can't be imported as a certificate says why.
func TestAccCertificateImportOfASymmetricKey(t *testing.T) {
	t.Parallel()
	x := acctest.Calm(t)
	const key = "11111111-2222-4333-8444-555555555555"
	id := x.Create(t, tenant.Application, tenant.Doc{"displayName": "Mail import"})
	x.Change(t, id, func(d tenant.Doc) {
		d["keyCredentials"] = []any{map[string]any{"keyId": key, "type": "Symmetric", "usage": "Verify", "key": nil, "displayName": "old",
			"customKeyIdentifier": nil, "startDateTime": "2026-01-02T03:04:05Z", "endDateTime": "2099-01-02T03:04:05Z"}}
	})
	const encryption = "11111111-2222-4333-8444-666666666666"
	x.Change(t, id, func(d tenant.Doc) {
		d["keyCredentials"] = append(d.Docs("keyCredentials"), tenant.Doc{"keyId": encryption, "type": "AsymmetricX509Cert", "usage": "Encrypt", "key": valid(t, "x").base64(),
			"displayName": nil, "customKeyIdentifier": nil, "startDateTime": "2026-01-02T03:04:05Z", "endDateTime": "2099-01-02T03:04:05Z"})
	})
	w := start(t, x, certificateConfiguration(valid(t, "x").pem()))
	refused(t, w, []string{"Unable to import certificate", "Its usage is Encrypt"}, "import", "appreg_certificate.test", id+"/"+encryption)
	refused(t, w, []string{"Unable to import certificate", "Microsoft Graph shows no certificate for this key", "symmetric"}, "import", "appreg_certificate.test", id+"/"+key)
	refused(t, w, []string{"Cannot import non-existent remote object"}, "import", "appreg_certificate.test", id+"/"+stranger)
}

// The tenant's policy can limit how long certificates last.
func TestAccCertificateLifetimeForbiddenByPolicy(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	if err := x.SetPolicy(emulator.Policy{LongestCertificate: "P90D"}); err != nil {
		t.Fatal(err)
	}
	w := start(t, x, certificateConfiguration(valid(t, "long").pem()))
	refused(t, w, []string{`Unable to create certificate "CN=long"`, "A policy of the tenant", "Have a certificate issued that is valid for 90 days or less", "request-id"}, apply()...)
	if n := len(x.Application(t, "Mail import").Docs("keyCredentials")); n != 0 {
		t.Errorf("the application holds %d certificates, want none", n)
	}
	now := time.Now()
	w.Configure(t, certificateConfiguration(issue(t, "short", now.Add(-time.Hour), now.AddDate(0, 0, 60)).pem()))
	w.Apply(t)
	w.PlanIsEmpty(t)
}
