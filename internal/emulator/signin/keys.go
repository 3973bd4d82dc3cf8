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
	"slices"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// keysAhead is how many keys a platform publishes beyond the one that signs: those about to be rolled in, so that a
// client has to choose by kid.
const keysAhead = 1

// rsaKeys are the process's RSA keys, each made when it is needed first: making one takes a good part of a second.
// Instances don't share tokens all the same, because each makes certificates, and so key ids, of its own.
var rsaKeys struct {
	mu   sync.Mutex
	made []func() (*rsa.PrivateKey, error)
}

// rsaKey gives the process's nth RSA key.
func rsaKey(n int) (*rsa.PrivateKey, error) {
	rsaKeys.mu.Lock()
	for len(rsaKeys.made) <= n {
		rsaKeys.made = append(rsaKeys.made, sync.OnceValues(newRSAKey))
	}
	made := rsaKeys.made[n]
	rsaKeys.mu.Unlock()
	return made()
}

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

// keyRing is the keys of a platform, oldest first. All are published; the last but keysAhead signs.
type keyRing struct {
	mu   sync.Mutex
	keys []func() (signingKey, error)
}

// newKeyRing gives the keys of a platform that starts now. They are made when they are asked for, so that starting
// costs nothing.
func newKeyRing(now time.Time) *keyRing {
	ring := &keyRing{}
	for range 1 + keysAhead {
		ring.add(now)
	}
	return ring
}

// add publishes one more key, and thereby rolls in the one that was next.
func (ring *keyRing) add(now time.Time) {
	ring.mu.Lock()
	defer ring.mu.Unlock()
	n := len(ring.keys)
	ring.keys = append(ring.keys, sync.OnceValues(func() (signingKey, error) {
		key, err := rsaKey(n)
		if err != nil {
			return signingKey{}, err
		}
		cert, err := selfSigned(key, now)
		if err != nil {
			return signingKey{}, err
		}
		sum := sha1.Sum(cert) //nolint:gosec // x5t is a SHA-1 thumbprint by definition.
		return signingKey{key: key, cert: cert, kid: base64.RawURLEncoding.EncodeToString(sum[:])}, nil
	}))
}

// published are all keys, oldest first.
func (ring *keyRing) published() ([]signingKey, error) {
	ring.mu.Lock()
	made := slices.Clone(ring.keys)
	ring.mu.Unlock()
	out := make([]signingKey, 0, len(made))
	for _, f := range made {
		k, err := f()
		if err != nil {
			return nil, err
		}
		out = append(out, k)
	}
	return out, nil
}

// signer is the key that signs.
func (ring *keyRing) signer() (signingKey, error) {
	ring.mu.Lock()
	made := ring.keys[len(ring.keys)-1-keysAhead]
	ring.mu.Unlock()
	return made()
}

// RotateKeys has the next published key sign from now on and publishes a new one after it. Old keys stay published, so
// that what they signed stays good.
func (h *Handler) RotateKeys() { h.keys.add(h.now()) }

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
	key, err := h.keys.signer()
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
	h.issued.Add(text)
	return text, nil
}

// publicKey finds the key that a token says it was signed with.
func (h *Handler) publicKey(token *jwt.Token) (any, error) {
	keys, err := h.keys.published()
	if err != nil {
		return nil, err
	}
	for _, k := range keys {
		if token.Header["kid"] == k.kid {
			return k.key.Public(), nil
		}
	}
	return nil, fmt.Errorf("key id %v: %w", token.Header["kid"], jwt.ErrTokenUnverifiable)
}
