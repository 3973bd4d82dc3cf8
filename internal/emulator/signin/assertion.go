package signin

import (
	"crypto/sha1" //nolint:gosec // x5t is a SHA-1 thumbprint by definition.
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// rounding is how far an assertion may begin in the future: clients such as MSAL for Node round the time to the nearest
// second instead of cutting it.
const rounding = time.Second

// assertionSubject reads the client id from an assertion that comes without a client_id beside it. It proves nothing.
func assertionSubject(assertion string) string {
	var claims jwt.RegisteredClaims
	if _, _, err := jwt.NewParser().ParseUnverified(assertion, &claims); err != nil {
		return ""
	}
	return claims.Subject
}

// checkAssertion verifies a JWT: of the client itself, signed with the key of a registered certificate, or of another
// identity provider that the application trusts. Which one it is shows in its issuer.
func (x *exchange) checkAssertion(c *client, d directory, p presented) *Error {
	var foreign foreignClaims
	if _, _, err := jwt.NewParser().ParseUnverified(p.assertion, &foreign); err == nil && strings.Contains(foreign.Issuer, "://") {
		return x.checkFederated(c, p.assertion, foreign)
	}
	return x.checkOwnAssertion(c, d, p.assertion)
}

func (x *exchange) checkOwnAssertion(c *client, d directory, assertion string) *Error {
	var (
		claims  jwt.RegisteredClaims
		refusal *Error
	)
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"RS256", "PS256"}), jwt.WithExpirationRequired(), jwt.WithTimeFunc(x.h.now),
		jwt.WithLeeway(rounding))
	_, err := parser.ParseWithClaims(assertion, &claims, func(t *jwt.Token) (any, error) { return x.registeredKey(c, d, t) })
	switch {
	case err == nil:
	case errors.As(err, &refusal):
		return refusal
	default:
		return errAssertion(err)
	}
	if !strings.EqualFold(claims.Subject, c.id) || !strings.EqualFold(claims.Issuer, c.id) {
		return errAssertionClaims(fmt.Sprintf("Issuer and subject must be the client id '%s'.", c.id))
	}
	if !slices.ContainsFunc(claims.Audience, func(aud string) bool { return x.isOwnAudience(aud, d) }) {
		return errAssertionClaims("The audience must be the token endpoint or the issuer.")
	}
	return nil
}

// errAssertion is the refusal of a JWT that the parser finds fault with.
func errAssertion(err error) *Error {
	if errors.Is(err, jwt.ErrTokenExpired) || errors.Is(err, jwt.ErrTokenNotValidYet) || errors.Is(err, jwt.ErrTokenRequiredClaimMissing) {
		return errAssertionTime()
	}
	return errAssertionSignature("The key was not found, or the signature does not fit.")
}

// isOwnAudience accepts the addresses of the token endpoints and the issuer, with the tenant by id, by domain or as
// written in the request.
func (x *exchange) isOwnAudience(aud string, d directory) bool {
	for _, segment := range []string{d.segment(), d.Domain, x.r.PathValue("tenant"), adfsPath} {
		base := x.origin + "/" + segment
		for _, own := range []string{base + "/oauth2/v2.0/token", base + "/oauth2/token", base + "/v2.0"} {
			if segment != "" && strings.EqualFold(aud, own) {
				return true
			}
		}
	}
	return false
}

// registeredKey finds the certificate that the assertion's header names by thumbprint.
func (x *exchange) registeredKey(c *client, d directory, t *jwt.Token) (any, error) {
	sha1Print, sha256Print := headerText(t, "x5t"), headerText(t, "x5t#S256")
	for _, credential := range c.credentials("keyCredentials", d) {
		der, err := base64.StdEncoding.DecodeString(credential.String("key"))
		if err != nil || credential.String("usage") != "Verify" {
			continue
		}
		short, long := sha1.Sum(der), sha256.Sum256(der) //nolint:gosec // x5t is a SHA-1 thumbprint by definition.
		if !samePrint(sha1Print, short[:]) && !samePrint(sha256Print, long[:]) {
			continue
		}
		if x.now.After(credential.Time("endDateTime")) {
			return nil, errAssertionSignature("The key used is expired.")
		}
		if x.now.Before(credential.Time("startDateTime")) {
			return nil, errAssertionSignature("The key used is not valid yet.")
		}
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, errAssertionSignature("The registered key is not a certificate.")
		}
		return cert.PublicKey, nil
	}
	return nil, errAssertionSignature("The key was not found.")
}

func headerText(t *jwt.Token, name string) string {
	text, ok := t.Header[name].(string)
	if !ok {
		return ""
	}
	return text
}

// samePrint compares a thumbprint from a header with a digest. Both base64 alphabets are in use.
func samePrint(given string, digest []byte) bool {
	given = strings.TrimRight(strings.NewReplacer("+", "-", "/", "_").Replace(given), "=")
	return given != "" && given == base64.RawURLEncoding.EncodeToString(digest)
}
