package provider_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/acctest"
	"github.com/appreg/terraform-provider-appreg/internal/emulator"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/graph"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// signer is a certificate with the private key that Terraform never sees.
type signer struct {
	*x509.Certificate
	key *rsa.PrivateKey
}

// issue makes a self-signed certificate.
func issue(t *testing.T, name string, from, to time.Time) signer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(from.Unix()), Subject: pkix.Name{CommonName: name}, NotBefore: from, NotAfter: to}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return signer{certificate, key}
}

// valid makes one for a year.
func valid(t *testing.T, name string) signer {
	t.Helper()
	return issue(t, name, time.Now().Add(-time.Hour), time.Now().AddDate(1, 0, 0))
}

func (s signer) pem() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Raw}))
}

func (s signer) base64() string { return base64.StdEncoding.EncodeToString(s.Raw) }

// certificateConfiguration registers a certificate; more are further lines of its block.
func certificateConfiguration(certificate string, more ...string) string {
	return held + fmt.Sprintf("resource \"appreg_certificate\" \"test\" {\n  application_id = appreg_application.test.id\n  certificate = %s\n  %s\n}\n", hclText(certificate), strings.Join(more, "\n  ")) +
		"output \"client_id\" {\n  value = appreg_application.test.client_id\n}\n"
}

// hclText writes a text as an expression of one line.
func hclText(s string) string {
	text, _ := json.Marshal(s) //nolint:errchkjson // A string always marshals.
	return string(text)
}

const newFirst = "lifecycle {\n    create_before_destroy = true\n  }"

// held keys are what Graph holds of an application's certificates, as JSON by key id.
func heldKeys(t *testing.T, app tenant.Doc) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, k := range app.Docs("keyCredentials") {
		raw, err := json.Marshal(k)
		if err != nil {
			t.Fatal(err)
		}
		out[k.String("keyId")] = string(raw)
	}
	return out
}

// A renewal adds the new certificate before it removes the old one: at every moment one of them is registered, and in the
// end the new one signs in and the old one is refused.
func TestAccCertificateRenewal(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	first, second := valid(t, "first"), valid(t, "second")
	w := x.Workspace(t, certificateConfiguration(first.pem(), newFirst))
	w.Apply(t)
	product := x.Product(t, x.Facts().TenantID, w.Output(t, "client_id"))
	acctest.Eventually(t.Context(), t, product.Certificate(first.Certificate, first.key))

	counted := watchCertificates(t, x)
	w.Configure(t, certificateConfiguration(second.pem(), newFirst))
	out := w.Apply(t)
	demand(t, out, []string{"1 added, 0 changed, 1 destroyed"})
	if fewest, most := counted(); fewest != 1 || most != 2 {
		t.Errorf("during the renewal the application held %d to %d certificates, want 1 to 2", fewest, most)
	}
	acctest.Eventually(t.Context(), t, product.Certificate(second.Certificate, second.key))
	acctest.Refused(t.Context(), t, product.Certificate(first.Certificate, first.key), 700027)
	w.PlanIsEmpty(t)
	w.Destroy(t)
	acctest.Refused(t.Context(), t, product.Certificate(second.Certificate, second.key), 700016)
	if err := x.Left("Mail import"); err != nil {
		t.Error(err)
	}
}

// A host that Terraform does not manage gets two blocks for a while: both certificates sign in, until the first is removed.
func TestAccCertificateOverlap(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	first, second := valid(t, "first"), valid(t, "second")
	block := func(label string, s signer) string {
		return fmt.Sprintf("resource \"appreg_certificate\" %q {\n  application_id = appreg_application.test.id\n  certificate = %s\n}\n", label, hclText(s.pem()))
	}
	w := x.Workspace(t, "")
	var product *acctest.Product
	signIn := func(s signer) {
		t.Helper()
		acctest.Eventually(t.Context(), t, product.Certificate(s.Certificate, s.key))
	}
	for i, blocks := range []string{block("first", first), block("first", first) + block("second", second), block("second", second)} {
		w.Configure(t, held+blocks+"output \"client_id\" {\n  value = appreg_application.test.client_id\n}\n")
		w.Apply(t)
		product = x.Product(t, x.Facts().TenantID, w.Output(t, "client_id"))
		if i < 2 {
			signIn(first)
		}
		if i > 0 {
			signIn(second)
		}
		w.PlanIsEmpty(t)
	}
	acctest.Refused(t.Context(), t, product.Certificate(first.Certificate, first.key), 700027)
}

// watchCertificates counts the application's certificates now and after each write to the tenant.
func watchCertificates(t *testing.T, x *acctest.Tenant) (counted func() (fewest, most int)) {
	t.Helper()
	id := x.Application(t, "Mail import").String("id")
	var mu sync.Mutex
	var counts []int
	var count func()
	count = func() {
		app, _ := x.Object(id)
		mu.Lock()
		counts = append(counts, len(app.Docs("keyCredentials")))
		mu.Unlock()
		// The next write follows this one: its reply has not left yet.
		x.At(acctest.Moment{Nth: 1, Writes: true, Served: true}, count)
	}
	count()
	return func() (int, int) {
		mu.Lock()
		defer mu.Unlock()
		return slices.Min(counts), slices.Max(counts)
	}
}

// A credential that is removed alone is refused at once, while the application stays.
func TestAccCertificateRemoved(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	s := valid(t, "mail import")
	w := x.Workspace(t, certificateConfiguration(s.base64()))
	w.Apply(t)
	product := x.Product(t, x.Facts().TenantID, w.Output(t, "client_id"))
	acctest.Eventually(t.Context(), t, product.Certificate(s.Certificate, s.key))
	w.Must(t, "destroy", "-auto-approve", "-target=appreg_certificate.test")
	acctest.Refused(t.Context(), t, product.Certificate(s.Certificate, s.key), 700027)
	w.Destroy(t)
	if err := x.Left("Mail import"); err != nil {
		t.Error(err)
	}
}

// Replacing a certificate by itself, in either order and by either command, leaves one credential, another one.
func TestAccCertificateReplacement(t *testing.T) {
	t.Parallel()
	for _, order := range []string{"", newFirst} {
		for _, by := range []string{"-replace", "taint"} {
			t.Run(by+order[:min(len(order), 9)], func(t *testing.T) {
				t.Parallel()
				x := acctest.Hostile(t, emulator.WithReading(graph.DuplicateCertificate, "accepted"))
				s := valid(t, "mail import")
				w := x.Workspace(t, certificateConfiguration(s.pem(), order))
				w.Apply(t)
				old := values(t, w, "appreg_certificate.test")["key_id"]
				if by == "taint" {
					w.Must(t, "taint", "appreg_certificate.test")
					w.Apply(t)
				} else {
					w.Apply(t, "-replace=appreg_certificate.test")
				}
				if got := values(t, w, "appreg_certificate.test")["key_id"]; got == old {
					t.Error("the credential was not replaced")
				}
				if n := len(x.Application(t, "Mail import").Docs("keyCredentials")); n != 1 {
					t.Errorf("the application holds %d certificates, want 1", n)
				}
				w.PlanIsEmpty(t)
				w.Destroy(t)
				if err := x.Left("Mail import"); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// The same certificate in another spelling is no change, and neither is what was left out before; another one is a
// replacement.
func TestAccCertificateSpellings(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	s, other := valid(t, "mail import"), valid(t, "other")
	w := x.Workspace(t, certificateConfiguration(s.pem()))
	w.Apply(t)
	v := values(t, w, "appreg_certificate.test")
	for name, want := range map[string]string{
		"display_name": "CN=mail import", "start_date": s.NotBefore.UTC().Format(time.RFC3339), "end_date": s.NotAfter.UTC().Format(time.RFC3339),
	} {
		if v[name] != want {
			t.Errorf("%s is %v, want %s", name, v[name], want)
		}
	}
	if got := x.Application(t, "Mail import").Docs("keyCredentials")[0].String("customKeyIdentifier"); base64Of(t, v["thumbprint"]) != got {
		t.Errorf("thumbprint is %v, and Graph's is %s", v["thumbprint"], got)
	}
	folded := s.base64()[:64] + "\n" + s.base64()[64:] + "\n"
	for _, spelling := range []string{s.base64(), folded, strings.ReplaceAll(s.pem(), "\n", "\r\n"), "subject=CN=mail import\n" + s.pem() + "\n\n", "  " + s.base64()} {
		w.Configure(t, certificateConfiguration(spelling, "timeouts = {}"))
		x.ResetRequests()
		w.Must(t, "apply", "-auto-approve")
		for _, r := range x.Requests() {
			if r.Method == "PATCH" {
				t.Errorf("a spelling wrote: %s %s", r.Method, r.Path)
			}
		}
		w.PlanIsEmpty(t)
	}
	w.Configure(t, certificateConfiguration(other.base64()))
	demand(t, w.Must(t, "plan"), []string{"must be replaced", "forces replacement", "1 to add, 0 to change, 1 to destroy"})
	w.Apply(t)
	if got := values(t, w, "appreg_certificate.test")["display_name"]; got != "CN=other" {
		t.Errorf("the new credential is named %v", got)
	}
	w.PlanIsEmpty(t)
}

// base64Of turns a thumbprint of the portal into Graph's form.
func base64Of(t *testing.T, thumbprint any) string {
	t.Helper()
	n, ok := new(big.Int).SetString(fmt.Sprint(thumbprint), 16)
	if !ok || fmt.Sprint(thumbprint) != strings.ToUpper(fmt.Sprint(thumbprint)) {
		t.Fatalf("thumbprint %v", thumbprint)
	}
	return base64.StdEncoding.EncodeToString(n.FillBytes(make([]byte, 20)))
}

// Certificates that others registered stay as they are, whatever is added, replaced and removed beside them, by several
// resources at once and beside secrets and permissions.
func TestAccCertificatesOfOthersStay(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	id := x.Create(t, tenant.Application, tenant.Doc{"displayName": "Mail import"})
	theirs := valid(t, "theirs")
	x.Change(t, id, func(d tenant.Doc) {
		d["keyCredentials"] = []any{map[string]any{
			"keyId": "11111111-2222-4333-8444-555555555555", "type": "AsymmetricX509Cert", "usage": "Encrypt", "key": theirs.base64(), "displayName": nil,
			"customKeyIdentifier": base64.StdEncoding.EncodeToString([]byte("not a thumbprint")),
			"startDateTime":       "2026-01-02T03:04:05.1234567Z", "endDateTime": theirs.NotAfter.UTC().Format(time.RFC3339),
		}}
	})
	before, _ := x.Object(id)
	want := heldKeys(t, before)
	hcl := "locals { app = \"" + id + "\" }\n"
	for i := range 3 {
		hcl += fmt.Sprintf("resource \"appreg_certificate\" \"c%d\" {\n  application_id = local.app\n  certificate = %s\n}\n", i, hclText(valid(t, fmt.Sprint(i)).pem()))
	}
	w := x.Workspace(t, hcl+`
resource "appreg_client_secret" "test" { application_id = local.app }
resource "appreg_delegated_permissions" "test" {
  application_id = local.app
  scopes         = ["User.Read"]
}
`)
	w.Apply(t)
	w.PlanIsEmpty(t)
	w.Apply(t, "-replace=appreg_certificate.c1")
	after, _ := x.Object(id)
	got := heldKeys(t, after)
	if len(got) != 4 || len(after.Docs("passwordCredentials")) != 1 || len(required(after, graphClientID, "Scope")) != 1 {
		t.Errorf("the application holds %d certificates, want 4, and %v", len(got), after)
	}
	w.Destroy(t)
	last, _ := x.Object(id)
	for what, got := range map[string]map[string]string{"the apply": got, "the destroy": heldKeys(t, last)} {
		for key, entry := range want {
			if got[key] != entry {
				t.Errorf("after %s the other certificate is %s, and was %s", what, got[key], entry)
			}
		}
	}
	if n := len(last.Docs("keyCredentials")); n != 1 {
		t.Errorf("after the destroy the application holds %d certificates, want 1", n)
	}
}

// A certificate that somebody removed is registered again.
func TestAccCertificateGoneBehindTerraformsBack(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	s := valid(t, "mail import")
	w := x.Workspace(t, certificateConfiguration(s.pem()))
	w.Apply(t)
	x.Change(t, x.Application(t, "Mail import").String("id"), func(d tenant.Doc) { d["keyCredentials"] = []any{} })
	demand(t, w.Apply(t), []string{"1 added, 0 changed, 0 destroyed"})
	w.PlanIsEmpty(t)
	x.Change(t, x.Application(t, "Mail import").String("id"), func(d tenant.Doc) { d["keyCredentials"] = []any{} })
	w.Must(t, "destroy", "-auto-approve", "-refresh=false")
	if err := x.Left("Mail import"); err != nil {
		t.Error(err)
	}
}
