package graph

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/edm"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

const (
	// proofAudience is whom a proof of possession is made out to: the directory of the API that came before Graph.
	proofAudience = "00000002-0000-0000-c000-000000000000"
	// longestProof is how long a proof may hold.
	longestProof = 10 * time.Minute
)

// keyParameters is the body of addKey or removeKey: members that neither knows are refused.
type keyParameters struct {
	credential tenant.Doc // of addKey
	keyID      string     // of removeKey
	proof      string
}

func (c *call) keyParameters(known ...string) (keyParameters, error) {
	var p keyParameters
	params, err := edm.Object(c.body)
	if err != nil {
		return p, fromBody(err)
	}
	for name, value := range params {
		switch {
		case !slices.Contains(known, name):
			return p, invalidProperty(name)
		case name == "keyCredential":
			if p.credential, err = edm.DecodeComplex(name, value); err != nil {
				return p, fromBody(err)
			}
		case name == "passwordCredential" && string(value) != "null":
			return p, notImplemented("keys with a password")
		case name == "proof" && json.Unmarshal(value, &p.proof) != nil:
			return p, invalidValue(name, "keyCredential")
		case name == "keyId":
			var text string
			id, ok := "", json.Unmarshal(value, &text) == nil
			if ok {
				id, ok = edm.GUID(text)
			}
			if !ok {
				return p, invalidValue(name, "keyCredential")
			}
			p.keyID = id
		}
	}
	return p, nil
}

func addKey(h holder) func(*call) (*result, error) {
	return func(c *call) (*result, error) {
		p, err := c.keyParameters("keyCredential", "passwordCredential", "proof")
		if err != nil {
			return nil, err
		}
		seen, err := h.find(c)
		if err != nil {
			return nil, err
		}
		var made tenant.Doc
		err = h.change(c, seen, func(tx *tenant.Tx, doc tenant.Doc) error {
			if err := checkProof(doc, p.proof, tx.Now()); err != nil {
				return err
			}
			if made, err = c.newCertificate(tx, doc, p.credential); err != nil {
				return err
			}
			if indexKey(doc.Docs("keyCredentials"), made.String("keyId")) >= 0 {
				return duplicate("keyId")
			}
			doc["keyCredentials"] = append(doc.Docs("keyCredentials"), made)
			return nil
		})
		if err != nil {
			return nil, err
		}
		shown := made.Clone()
		shown["key"] = nil
		shown["@odata.context"] = c.baseURL + "/$metadata#microsoft.graph.keyCredential"
		return &result{status: http.StatusOK, body: shown}, nil
	}
}

func removeKey(h holder) func(*call) (*result, error) {
	return func(c *call) (*result, error) {
		p, err := c.keyParameters("keyId", "proof")
		if err != nil {
			return nil, err
		}
		seen, err := h.find(c)
		if err != nil {
			return nil, err
		}
		// The replica that answers may not have heard of a new key.
		if indexKey(seen.Docs("keyCredentials"), p.keyID) < 0 {
			return nil, noKey(p.keyID)
		}
		err = h.change(c, seen, func(tx *tenant.Tx, doc tenant.Doc) error {
			if err := checkProof(doc, p.proof, tx.Now()); err != nil {
				return err
			}
			held := doc.Docs("keyCredentials")
			i := indexKey(held, p.keyID)
			if i < 0 {
				return noKey(p.keyID)
			}
			doc["keyCredentials"] = slices.Delete(held, i, i+1)
			return nil
		})
		if err != nil {
			return nil, err
		}
		return nothing()
	}
}

// checkProof verifies that a caller holds the private key of a certificate that the object has and that is valid now.
func checkProof(doc tenant.Doc, proof string, now time.Time) error {
	keys := jwt.VerificationKeySet{}
	for _, held := range doc.Docs("keyCredentials") {
		if held.String("usage") != "Verify" || now.Before(held.Time("startDateTime")) || now.After(held.Time("endDateTime")) {
			continue
		}
		der, err := base64.StdEncoding.DecodeString(held.String("key"))
		if err != nil {
			continue // Not put here by newCertificate: a test's own.
		}
		if cert, err := x509.ParseCertificate(der); err == nil {
			keys.Keys = append(keys.Keys, cert.PublicKey)
		}
	}
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"RS256", "PS256", "ES256"}), jwt.WithExpirationRequired(),
		jwt.WithAudience(proofAudience), jwt.WithIssuer(doc.String("id")), jwt.WithTimeFunc(func() time.Time { return now }))
	var claims jwt.RegisteredClaims
	_, err := parser.ParseWithClaims(proof, &claims, func(*jwt.Token) (any, error) { return keys, nil })
	if err != nil || claims.NotBefore == nil || claims.ExpiresAt.Sub(claims.NotBefore.Time) > longestProof {
		return badProof()
	}
	return nil
}
