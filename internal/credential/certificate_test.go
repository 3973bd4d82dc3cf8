package credential

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"testing"

	"software.sslmate.com/src/go-pkcs12"
)

func block(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func join(parts ...[]byte) (all []byte) {
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

func TestParseCertificate(t *testing.T) {
	t.Parallel()
	key, certificate := newCertificate(t)
	_, stranger := newCertificate(t)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	curveKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	curve, err := x509.MarshalPKCS8PrivateKey(curveKey)
	if err != nil {
		t.Fatal(err)
	}
	pfx := func(e *pkcs12.Encoder, password string) []byte {
		data, err := e.Encode(key, certificate, []*x509.Certificate{stranger}, password)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	cert, pkcs1 := block("CERTIFICATE", certificate.Raw), block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key))
	legacy := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: []byte("x"), Headers: map[string]string{"DEK-Info": "AES-256-CBC,00"}})
	cases := map[string]struct {
		data     []byte
		password string
		want     error
	}{
		"PEM, PKCS#8":               {data: join(cert, block("PRIVATE KEY", pkcs8))},
		"PEM, PKCS#1, key first":    {data: join(pkcs1, cert)},
		"PEM, another certificate":  {data: join(block("CERTIFICATE", stranger.Raw), cert, pkcs1)},
		"modern PFX":                {data: pfx(pkcs12.Modern2023, "pw"), password: "pw"},
		"newest PFX":                {data: pfx(pkcs12.Modern2026, "pw"), password: "pw"},
		"old PFX":                   {data: pfx(pkcs12.LegacyRC2, "pw"), password: "pw"},
		"PFX without password":      {data: pfx(pkcs12.Modern2023, "")},
		"PFX, wrong password":       {data: pfx(pkcs12.Modern2023, "pw"), password: "other", want: ErrCertificatePassword},
		"PFX, no password given":    {data: pfx(pkcs12.Modern2023, "pw"), want: ErrCertificatePassword},
		"encrypted PKCS#8":          {data: join(cert, block("ENCRYPTED PRIVATE KEY", pkcs8)), want: ErrEncryptedKey},
		"encrypted PKCS#1":          {data: join(cert, legacy), want: ErrEncryptedKey},
		"no key":                    {data: cert, want: ErrNoKey},
		"no certificate":            {data: pkcs1, want: ErrNoCertificate},
		"two keys":                  {data: join(cert, pkcs1, pkcs1), want: ErrSeveralKeys},
		"elliptic curve":            {data: join(cert, block("PRIVATE KEY", curve)), want: ErrKeyNotRSA},
		"somebody else's key":       {data: join(block("CERTIFICATE", stranger.Raw), pkcs1), want: ErrKeyMismatch},
		"elliptic curve, old block": {data: join(cert, block("EC PRIVATE KEY", curve)), want: ErrKeyNotRSA},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := ParseCertificate(c.data, c.password)
			if !errors.Is(err, c.want) {
				t.Fatalf("got error %v, want %v", err, c.want)
			}
			if c.want == nil && !key.Equal(got.Key) {
				t.Error("the key is another one")
			}
		})
	}
}

func TestParseCertificateTellsGarbageApart(t *testing.T) {
	t.Parallel()
	for name, data := range map[string][]byte{
		"nothing":             nil,
		"text":                []byte("hello"),
		"damaged key":         join(block("PRIVATE KEY", []byte("x"))),
		"damaged certificate": block("CERTIFICATE", []byte("x")),
	} {
		if _, err := ParseCertificate(data, ""); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
