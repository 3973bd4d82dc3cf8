package credential

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"

	"software.sslmate.com/src/go-pkcs12"
)

// The failures of ParseCertificate that a reader can act on.
var (
	ErrCertificatePassword = errors.New("the password does not open the file")
	ErrEncryptedKey        = errors.New("the private key in the PEM file is encrypted, which is not supported: decrypt it, or pack certificate and key into a PFX file with a password")
	ErrNoCertificate       = errors.New("the file holds no certificate")
	ErrNoKey               = errors.New("the file holds no private key")
	ErrSeveralKeys         = errors.New("the file holds several private keys")
	ErrKeyNotRSA           = errors.New("the private key is not an RSA key, and Entra accepts no other")
	ErrKeyMismatch         = errors.New("the private key belongs to none of the certificates in the file")
)

// ParseCertificate reads a certificate with its private key, PEM (unencrypted) or PFX with any of the ciphers and MACs
// in use. password is for PFX; "" where it has none.
func ParseCertificate(data []byte, password string) (ClientCertificate, error) {
	parse := func(d []byte) (ClientCertificate, error) { return parsePFX(d, password) }
	if bytes.Contains(data, []byte("-----BEGIN ")) {
		parse = parsePEM
	}
	c, err := parse(data)
	if err != nil {
		return ClientCertificate{}, err
	}
	return c, c.check()
}

func (m ClientCertificate) check() error {
	key, ok := m.Key.(*rsa.PrivateKey)
	if !ok {
		return ErrKeyNotRSA
	}
	for _, c := range m.Chain {
		if key.PublicKey.Equal(c.PublicKey) {
			return nil
		}
	}
	return ErrKeyMismatch
}

func parsePFX(data []byte, password string) (ClientCertificate, error) {
	key, leaf, chain, err := pkcs12.DecodeChain(data, password)
	switch {
	case errors.Is(err, pkcs12.ErrIncorrectPassword):
		return ClientCertificate{}, ErrCertificatePassword
	case err != nil:
		return ClientCertificate{}, fmt.Errorf("the file is neither PEM nor a readable PFX: %w", err)
	}
	return ClientCertificate{Chain: append([]*x509.Certificate{leaf}, chain...), Key: key}, nil
}

func parsePEM(data []byte) (ClientCertificate, error) {
	var m ClientCertificate
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		switch block.Type {
		case "CERTIFICATE":
			c, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				return m, fmt.Errorf("a certificate in the PEM file is damaged: %w", err)
			}
			m.Chain = append(m.Chain, c)
		case "PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY":
			if m.Key != nil {
				return m, ErrSeveralKeys
			}
			var err error
			if m.Key, err = parseKey(block); err != nil {
				return m, err
			}
		}
	}
	switch {
	case len(m.Chain) == 0:
		return m, ErrNoCertificate
	case m.Key == nil:
		return m, ErrNoKey
	}
	return m, nil
}

func parseKey(block *pem.Block) (key any, err error) {
	_, legacyEncryption := block.Headers["DEK-Info"]
	switch {
	case block.Type == "ENCRYPTED PRIVATE KEY" || legacyEncryption:
		return nil, ErrEncryptedKey
	case block.Type == "EC PRIVATE KEY":
		return nil, ErrKeyNotRSA
	case block.Type == "RSA PRIVATE KEY":
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	default:
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	}
	if err != nil {
		return nil, fmt.Errorf("the private key in the PEM file is damaged: %w", err)
	}
	return key, nil
}
