package signin

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // x5t is a SHA-1 thumbprint by definition.
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"fmt"
	"math/big"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// signingKeys is how many keys a platform publishes. The first one signs; the others stand for those that are about to
// be rolled in, so that a client has to choose by kid.
const signingKeys = 2

// rsaKeys are the process's RSA keys, each made when it is needed first: making one takes a good part of a second.
// Instances don't share tokens all the same, because each makes certificates, and so key ids, of its own.
var rsaKeys = [signingKeys]func() (*rsa.PrivateKey, error){sync.OnceValues(newRSAKey), sync.OnceValues(newRSAKey)}

func newRSAKey() (*rsa.PrivateKey, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, fmt.Errorf("making a signing key: %w", err)
	}
	return key, nil
}

// signingKey is one published key.
type signingKey struct {
	key  *rsa.PrivateKey
	cert []byte // DER
	kid  string // the certificate's thumbprint, also served as x5t
}

// newSigningKeys gives the keys of a platform that starts now. They are made when they are asked for, so that starting
// costs nothing.
func newSigningKeys(now time.Time) (keys [signingKeys]func() (signingKey, error)) {
	for i := range keys {
		keys[i] = sync.OnceValues(func() (signingKey, error) {
			key, err := rsaKeys[i]()
			if err != nil {
				return signingKey{}, err
			}
			cert, err := selfSigned(key, now)
			if err != nil {
				return signingKey{}, err
			}
			sum := sha1.Sum(cert) //nolint:gosec // x5t is a SHA-1 thumbprint by definition.
			return signingKey{key: key, cert: cert, kid: base64.RawURLEncoding.EncodeToString(sum[:])}, nil
		})
	}
	return keys
}

func selfSigned(key *rsa.PrivateKey, now time.Time) ([]byte, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, fmt.Errorf("making a serial number: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: "accounts.accesscontrol.windows.net"},
		NotBefore:    now.AddDate(0, 0, -30),
		NotAfter:     now.AddDate(5, 0, 0),
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("signing a certificate: %w", err)
	}
	return cert, nil
}

// sign makes a JWT of the claims.
func (h *Handler) sign(claims jwt.MapClaims) (string, error) {
	key, err := h.keys[0]()
	if err != nil {
		return "", err
	}
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, claims)
	token.Header["kid"] = key.kid
	token.Header["x5t"] = key.kid
	text, err := token.SignedString(key.key)
	if err != nil {
		return "", fmt.Errorf("signing a token: %w", err)
	}
	h.issued.put(text, struct{}{})
	return text, nil
}

// publicKey finds the key that a token says it was signed with.
func (h *Handler) publicKey(token *jwt.Token) (any, error) {
	for _, made := range h.keys {
		k, err := made()
		if err != nil {
			return nil, err
		}
		if token.Header["kid"] == k.kid {
			return k.key.Public(), nil
		}
	}
	return nil, fmt.Errorf("key id %v: %w", token.Header["kid"], jwt.ErrTokenUnverifiable)
}
