package serve

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"slices"
	"time"
)

// certificateLife is how long the certificates are good: longer than any emulator runs.
const certificateLife = 365 * 24 * time.Hour

// identity is the server's certificate and the authority that vouches for it. The authority's key is forgotten at once:
// nobody can make a second certificate that a client of this emulator would trust.
type identity struct {
	ca   []byte // PEM
	leaf tls.Certificate
}

// LoopbackHosts are the names in every certificate.
func LoopbackHosts() []string { return []string{"localhost", "127.0.0.1", "::1"} }

func newIdentity(hosts []string, now time.Time) (identity, error) {
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return identity{}, fmt.Errorf("making a key: %w", err)
	}
	ca := &x509.Certificate{
		Subject: pkix.Name{CommonName: "appreg emulator"}, IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true,
		KeyUsage: x509.KeyUsageCertSign, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(certificateLife),
	}
	caDER, err := certify(ca, ca, caKey, caKey)
	if err != nil {
		return identity{}, err
	}
	leafKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return identity{}, fmt.Errorf("making a key: %w", err)
	}
	leaf := &x509.Certificate{
		Subject: pkix.Name{CommonName: "localhost"}, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		NotBefore: ca.NotBefore, NotAfter: ca.NotAfter,
	}
	for _, host := range slices.Compact(slices.Sorted(slices.Values(append(LoopbackHosts(), hosts...)))) {
		if ip := net.ParseIP(host); ip != nil {
			leaf.IPAddresses = append(leaf.IPAddresses, ip)
		} else {
			leaf.DNSNames = append(leaf.DNSNames, host)
		}
	}
	leafDER, err := certify(leaf, ca, leafKey, caKey)
	if err != nil {
		return identity{}, err
	}
	return identity{
		ca:   pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: caDER}),
		leaf: tls.Certificate{Certificate: [][]byte{leafDER, caDER}, PrivateKey: leafKey},
	}, nil
}

func certify(template, parent *x509.Certificate, key, signer *ecdsa.PrivateKey) ([]byte, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, fmt.Errorf("making a serial number: %w", err)
	}
	template.SerialNumber = serial
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		return nil, fmt.Errorf("making the certificate of %s: %w", template.Subject.CommonName, err)
	}
	return der, nil
}
