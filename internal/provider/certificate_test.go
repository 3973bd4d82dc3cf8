package provider

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"software.sslmate.com/src/go-pkcs12"
)

// keyMaterial is one key in the forms in which people keep it.
type keyMaterial struct {
	certificate *x509.Certificate
	public      string            // the certificate in PEM
	private     map[string]string // forms that hold the private key
	request     string
}

func newKeyMaterial(t *testing.T) keyMaterial {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mail import"}, NotBefore: epoch.AddDate(0, -1, 0), NotAfter: epoch.AddDate(1, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	must(t, err)
	certificate, err := x509.ParseCertificate(der)
	must(t, err)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	sec1, err := x509.MarshalECPrivateKey(curve)
	must(t, err)
	pfx, err := pkcs12.Modern.Encode(key, certificate, nil, "password")
	must(t, err)
	encrypted, err := asn1.Marshal(struct {
		Cipher pkix.AlgorithmIdentifier
		Data   []byte
	}{pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}}, pkcs8})
	must(t, err)
	request, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: template.Subject}, key)
	must(t, err)
	block := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	public, pkcs1 := block("CERTIFICATE", der), x509.MarshalPKCS1PrivateKey(key)
	in64 := base64.StdEncoding.EncodeToString
	return keyMaterial{certificate: certificate, public: public, request: block("CERTIFICATE REQUEST", request), private: map[string]string{
		"PKCS #8":                block("PRIVATE KEY", pkcs8),
		"PKCS #1":                block("RSA PRIVATE KEY", pkcs1),
		"SEC 1":                  block("EC PRIVATE KEY", sec1),
		"encrypted":              block("ENCRYPTED PRIVATE KEY", pkcs8),
		"key and certificate":    public + block("PRIVATE KEY", pkcs8),
		"certificate and key":    block("PRIVATE KEY", pkcs8) + public,
		"a key that was cut":     strings.TrimSuffix(block("PRIVATE KEY", pkcs8), "-----END PRIVATE KEY-----\n"),
		"DER of PKCS #8":         in64(pkcs8),
		"DER of PKCS #1":         in64(pkcs1),
		"DER of SEC 1":           in64(sec1),
		"PFX":                    in64(pfx),
		"DER that is encrypted":  in64(encrypted),
		"PEM in base64":          in64([]byte(block("PRIVATE KEY", pkcs8))),
		"PEM of both, in base64": in64([]byte(public + block("PRIVATE KEY", pkcs8))),
	}}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A private key is refused in every form, and nothing of it is repeated: not by the error, and not by Terraform, which
// quotes the lines of an attribute at which an error points.
func TestPrivateKeysAreRefused(t *testing.T) {
	t.Parallel()
	material := newKeyMaterial(t)
	for form, text := range material.private {
		ds := newProtocol(t).validate(t, "appreg_certificate", map[string]tftypes.Value{"application_id": str(someID), "certificate": str(text)})
		got := failures(ds)
		if !strings.HasPrefix(got, "Invalid certificate: a private key") || !strings.Contains(got, "holds a private key") {
			t.Errorf("%s: %s", form, got)
		}
		for _, line := range strings.Fields(text) {
			if len(line) > 20 && strings.Contains(got, line[:20]) && !strings.HasPrefix(line, "-----") {
				t.Errorf("%s: the error repeats the text: %s", form, got)
			}
		}
	}
	if got := failures(newProtocol(t).validate(t, "appreg_certificate", map[string]tftypes.Value{"application_id": str(someID), "certificate": str(material.public)})); got != "" {
		t.Errorf("the public part is refused: %s", got)
	}
}

func TestParseCertificate(t *testing.T) {
	t.Parallel()
	material := newKeyMaterial(t)
	in64 := base64.StdEncoding.EncodeToString
	public, err := x509.MarshalPKIXPublicKey(material.certificate.PublicKey)
	must(t, err)
	for what, c := range map[string]struct{ text, problem string }{
		"PEM":                  {material.public, ""},
		"an editor's PEM":      {"\ufeff" + material.public, ""},
		"base64":               {in64(material.certificate.Raw), ""},
		"a chain":              {material.public + material.public, severalCertificates},
		"a chain in base64":    {in64(append(material.certificate.Raw, material.certificate.Raw...)), severalCertificates},
		"a request":            {material.request, requestOnly},
		"nothing":              {"", noCertificate},
		"a path":               {"./certificate.pem", noCertificate},
		"a public key":         {string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})), noCertificate},
		"a public key's DER":   {in64(public), unreadable},
		"PEM in base64":        {in64([]byte(material.public)), pemInBase64},
		"a certificate's half": {in64(material.certificate.Raw[:200]), unreadable},
		"half of PEM":          {material.public[:200], noCertificate},
	} {
		got, problem := parseCertificate(c.text)
		if problem != c.problem || (got == nil) != (c.problem != "") {
			t.Errorf("%s: %q", what, problem)
		}
		if got != nil && !got.Equal(material.certificate) {
			t.Errorf("%s is another certificate", what)
		}
	}
}

func TestWeakness(t *testing.T) {
	t.Parallel()
	if got := weakness(newKeyMaterial(t).certificate); got != "" {
		t.Errorf("a good certificate: %s", got)
	}
	short := &x509.Certificate{PublicKey: &rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(1), 1023), E: 65537}}
	if got := weakness(short); !strings.Contains(got, "1024 bits") {
		t.Errorf("a short key: %q", got)
	}
	curve := &x509.Certificate{PublicKey: &ecdsa.PublicKey{}, PublicKeyAlgorithm: x509.ECDSA}
	if got := weakness(curve); !strings.Contains(got, "of type ECDSA") || !strings.Contains(got, "RSA key") {
		t.Errorf("an elliptic curve: %q", got)
	}
}

// What the issuer can't write is told; what is merely unusual is not.
func TestFederatedHints(t *testing.T) {
	t.Parallel()
	const devOps = devOpsIssuer + someID
	for _, c := range []struct{ issuer, subject, want string }{
		{githubIssuer, "repo:o/r:ref:refs/heads/main", ""},
		{githubIssuer, "repo:o@1/r@2:ref:refs/heads/main", ""},
		{githubIssuer, "repo:o/r:environment:production", ""},
		{githubIssuer, "repo:o/r:pull_request", ""},
		{githubIssuer, "repository_owner_id:7:job_workflow_ref:o/r/.github/workflows/w.yml@refs/heads/main", ""},
		{githubIssuer, "repo:o/r", ""},
		{githubIssuer + "/", "repo:o/r:pull_request", "without a / at the end"},
		{githubIssuer + discoveryAddress, "repo:o/r:pull_request", "discovery document"},
		{githubIssuer, "repo:o/r:ref:main", "ref:refs/heads/main"},
		{githubIssuer, "repo:o/r:ref:heads/main", "refs in full"},
		{githubIssuer, "repo:o/r:branch:main", "ref:refs/heads/main"},
		{githubIssuer, "repo:o/r:tag:v1", "ref:refs/tags/v1"},
		{githubIssuer, "repo:o/r:env:production", "environment:production"},
		{githubIssuer, "repo:o/r:pull-request", "pull_request"},
		{githubIssuer, "repo:o/r:refs/heads/main", "repo:o/r:ref:refs/heads/main"},
		{githubIssuer, "repo:r:ref:refs/heads/main", `"r" lacks the owner`},
		{githubIssuer, "o/r:ref:refs/heads/main", "begins a subject with the name of a claim"},
		{githubIssuer, "Repo:o/r:ref:refs/heads/main", "in small letters"},
		{githubIssuer, "https://github.com/o/r:ref:refs/heads/main", "without an address"},
		{githubIssuer, "repo:https://github.com/o/r:ref:refs/heads/main", "without an address"},
		{githubIssuer, "repo:github.com/o/r:ref:refs/heads/main", "without an address"},
		{githubIssuer, "repo:o/*:ref:refs/heads/main", "no wildcards"},
		{githubIssuer, "repo:o/r:pull_request ", "blank"},
		{devOps, "sc://org/project/connection", ""},
		{devOps, "p://org/project/pipeline", ""},
		{devOps, "org/project/connection", "sc://<organization>/<project>"},
		{devOps, "sc://org/project", "sc://<organization>/<project>"},
		{"https://cluster.example", "system:serviceaccount:ns:name", ""},
		{"https://cluster.example", "system:serviceaccount:name", "one namespace and one name"},
		{"https://cluster.example", "system:serviceaccount::name", "one namespace and one name"},
		{"https://cluster.example", "serviceaccount:ns:name", "system: at the beginning"},
		{"https://cluster.example/", "anything", ""},
	} {
		got := ""
		for _, h := range federatedHints(c.issuer, c.subject) {
			got += h.attribute + ": " + h.advice + "\n"
		}
		if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s, %s: %q lacks %q", c.issuer, c.subject, got, c.want)
		}
	}
}

// A credential that was imported without a name keeps having none, whatever else changes; so does one in another spelling.
func TestACertificateWithoutNameIsNotReplaced(t *testing.T) {
	t.Parallel()
	material := newKeyMaterial(t)
	p := newProtocol(t)
	prior := map[string]tftypes.Value{
		"application_id": str(someID), "certificate": str(material.public), "key_id": str(someID), "thumbprint": str("AB"), "start_date": str("2026-01-01T00:00:00Z"), "end_date": str("2027-01-01T00:00:00Z"),
	}
	for what, config := range map[string]map[string]tftypes.Value{
		"the id in capitals": {"application_id": str(strings.ToUpper(someID)), "certificate": str(material.public)},
		"another spelling":   {"application_id": str(someID), "certificate": str(base64.StdEncoding.EncodeToString(material.certificate.Raw))},
	} {
		got := p.plan(t, "appreg_certificate", prior, config, "")
		if len(got.replace) != 0 || !got.values["key_id"].IsKnown() || !got.values["display_name"].IsNull() {
			t.Errorf("%s: replaced because of %q, key id %s, name %s", what, got.replace, got.values["key_id"], got.values["display_name"])
		}
	}
	if got := p.plan(t, "appreg_certificate", prior, map[string]tftypes.Value{"application_id": str(someID), "certificate": str(newKeyMaterial(t).public)}, ""); len(got.replace) != 1 {
		t.Errorf("another certificate is replaced because of %q", got.replace)
	}
}
