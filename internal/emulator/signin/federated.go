package signin

import (
	"context"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

const (
	// issuerTimeout bounds each request to a foreign issuer.
	issuerTimeout = 10 * time.Second
	// issuerLimit bounds what a foreign issuer may answer, in bytes.
	issuerLimit = 1 << 20
)

// foreignClaims are what an application's federated identity credentials are compared with.
type foreignClaims struct {
	jwt.RegisteredClaims
	Kind string `json:"idtyp"` // in tokens of this platform
}

// checkFederated verifies the token of another identity provider: one of the application's federated identity
// credentials must name its issuer, subject and audience letter by letter, and the issuer must publish its key.
func (x *exchange) checkFederated(c *client, assertion string, presented foreignClaims) *Error {
	if refusal := x.matchFederated(c, presented); refusal != nil {
		return refusal
	}
	var refusal *Error
	parser := jwt.NewParser(jwt.WithValidMethods([]string{jwt.SigningMethodRS256.Alg()}), jwt.WithExpirationRequired(), jwt.WithTimeFunc(x.h.now),
		jwt.WithLeeway(rounding))
	_, err := parser.ParseWithClaims(assertion, &foreignClaims{}, func(t *jwt.Token) (any, error) {
		if x.isOwnIssuer(presented.Issuer) {
			return x.h.publicKey(t)
		}
		keys, err := x.h.issuerKeys(x.r.Context(), presented.Issuer)
		if err != nil {
			x.h.log.InfoContext(x.r.Context(), "no keys of a federated issuer", "issuer", presented.Issuer, "error", err)
			return nil, errIssuerUnreachable()
		}
		return chooseKey(keys, t)
	})
	switch {
	case err == nil:
		return nil
	case errors.As(err, &refusal):
		return refusal
	}
	return errAssertion(err)
}

// matchFederated says which of the three claims no credential has.
func (x *exchange) matchFederated(c *client, presented foreignClaims) *Error {
	match := func(of []tenant.Doc, has func(tenant.Doc) bool) []tenant.Doc {
		return slices.DeleteFunc(slices.Clone(of), func(d tenant.Doc) bool { return !has(d) })
	}
	audience := strings.Join(presented.Audience, " ")
	all := x.h.reading().FederatedMismatch
	sameIssuer := match(c.federatedCredentials(), func(d tenant.Doc) bool { return d.String("issuer") == presented.Issuer })
	sameSubject := match(sameIssuer, func(d tenant.Doc) bool { return d.String("subject") == presented.Subject })
	same := match(sameSubject, func(d tenant.Doc) bool { return slices.Equal(d.Strings("audiences"), presented.Audience) })
	switch {
	case len(same) == 0 && all == MismatchUnnamed:
		return errNoFederatedRecord(presented.Issuer, presented.Subject, audience)
	case len(sameIssuer) == 0:
		return errFederatedIssuer(presented.Issuer).at(all)
	case x.isOwnIssuer(presented.Issuer) && presented.Kind != "app":
		return errFederatedUserToken()
	case len(sameSubject) == 0:
		return errFederatedSubject(presented.Subject)
	case len(same) == 0:
		return errFederatedAudience(audience).at(all)
	}
	return nil
}

func (c *client) federatedCredentials() []tenant.Doc {
	return c.app.Docs("federatedIdentityCredentials")
}

// isOwnIssuer knows the names under which this platform issues access tokens.
func (x *exchange) isOwnIssuer(issuer string) bool {
	return slices.ContainsFunc(x.h.cloud.Tenants(), func(t tenant.TenantInfo) bool {
		return issuer == x.origin+"/"+t.ID+"/v2.0" || issuer == "https://sts.windows.net/"+t.ID+"/"
	})
}

// webKey is a key of a JSON Web Key Set, as far as it concerns RSA.
type webKey struct {
	Type     string `json:"kty"`
	ID       string `json:"kid"`
	Modulus  string `json:"n"`
	Exponent string `json:"e"`
}

// issuerKeys asks an issuer for its keys by OpenID Connect discovery. They are not kept: an issuer that rolls its keys
// is believed at once.
func (h *Handler) issuerKeys(ctx context.Context, issuer string) ([]webKey, error) {
	ctx, cancel := context.WithTimeout(ctx, issuerTimeout)
	defer cancel()
	var document struct {
		Issuer string `json:"issuer"`
		Keys   string `json:"jwks_uri"`
	}
	if err := h.fetch(ctx, strings.TrimSuffix(issuer, "/")+"/.well-known/openid-configuration", &document); err != nil {
		return nil, err
	}
	if document.Issuer != issuer {
		return nil, fmt.Errorf("the discovery document is of %q", document.Issuer)
	}
	var set struct {
		Keys []webKey `json:"keys"`
	}
	err := h.fetch(ctx, document.Keys, &set)
	return set.Keys, err
}

func (h *Handler) fetch(ctx context.Context, address string, into any) (err error) {
	if !strings.HasPrefix(address, "https://") {
		return fmt.Errorf("%q is no https address", address)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return fmt.Errorf("asking an issuer: %w", err)
	}
	resp, err := h.issuers.Do(req)
	if err != nil {
		return fmt.Errorf("asking an issuer: %w", err)
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", address, resp.Status)
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, issuerLimit)).Decode(into); err != nil {
		return fmt.Errorf("reading %s: %w", address, err)
	}
	return nil
}

// chooseKey finds the key that a token names.
func chooseKey(keys []webKey, t *jwt.Token) (any, error) {
	for _, k := range keys {
		if k.Type != "RSA" || k.ID != headerText(t, "kid") {
			continue
		}
		n, errN := base64.RawURLEncoding.DecodeString(k.Modulus)
		e, errE := base64.RawURLEncoding.DecodeString(k.Exponent)
		exponent := new(big.Int).SetBytes(e)
		if errN != nil || errE != nil || exponent.BitLen() > 31 {
			return nil, errAssertionSignature("The issuer's key can't be read.")
		}
		return &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(exponent.Int64())}, nil
	}
	return nil, errAssertionSignature("The key was not found.")
}
