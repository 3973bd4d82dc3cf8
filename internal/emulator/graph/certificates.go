package graph

import (
	"crypto/sha1" //nolint:gosec // Graph's thumbprints are SHA-1.
	"crypto/x509"
	"encoding/base64"
	"slices"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// replaceCertificates applies the keyCredentials of a body: entries with a known keyId are kept, those with a key are
// new. What a new one doesn't say of itself follows from its certificate.
func (c *call) replaceCertificates(tx *tenant.Tx, app, body tenant.Doc) error {
	if _, ok := body["keyCredentials"]; !ok {
		return nil
	}
	held := app.Docs("keyCredentials")
	kept := []tenant.Doc{}
	for _, given := range body.Docs("keyCredentials") {
		if id := given.String("keyId"); id != "" && indexKey(kept, id) >= 0 {
			return duplicate("keyId")
		}
		if i := indexKey(held, given.String("keyId")); i >= 0 {
			if altered(held[i], given) {
				return alteredCredential(given.String("keyId"))
			}
			kept = append(kept, held[i])
			continue
		}
		made, err := c.newCertificate(tx, app, given)
		if err != nil {
			return err
		}
		if hasKey(slices.Concat(held, kept), made.String("key")) && c.Readings.is(DuplicateCertificate, "refused") {
			return invalidValue("keyCredentials", "application")
		}
		kept = append(kept, made)
	}
	app["keyCredentials"] = kept
	delete(body, "keyCredentials")
	return nil
}

func hasKey(credentials []tenant.Doc, key string) bool {
	return slices.ContainsFunc(credentials, func(d tenant.Doc) bool { return d.String("key") == key })
}

// longestKeyName is where the display name of a certificate is cut.
const longestKeyName = 90

// newCertificate makes a credential of what a body says, within the policy that holds.
func (c *call) newCertificate(tx *tenant.Tx, app, given tenant.Doc) (tenant.Doc, error) {
	switch given.String("type") {
	case "AsymmetricX509Cert":
	case "Symmetric", "X509CertAndPassword":
		return nil, notImplemented("keys of type " + given.String("type"))
	default:
		return nil, invalidValue("type", "keyCredential")
	}
	if given.String("usage") != "Verify" && given.String("usage") != "Encrypt" {
		return nil, invalidValue("usage", "keyCredential")
	}
	der, err := base64.StdEncoding.DecodeString(given.String("key"))
	if err != nil {
		return nil, invalidValue("key", "keyCredential")
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, invalidValue("key", "keyCredential")
	}
	sum := sha1.Sum(cert.Raw) //nolint:gosec // See above.
	made := tenant.Doc{"customKeyIdentifier": base64.StdEncoding.EncodeToString(sum[:]),
		"displayName": cert.Subject.String(), "startDateTime": cert.NotBefore, "endDateTime": cert.NotAfter,
		"key": given.String("key"), "type": given["type"], "usage": given["usage"]}.Clone()
	for _, name := range []string{"customKeyIdentifier", "displayName", "startDateTime", "endDateTime", "keyId"} {
		if given[name] != nil {
			made[name] = given[name]
		}
	}
	if made.Time("endDateTime").After(cert.NotAfter) || made.Time("startDateTime").Before(cert.NotBefore) ||
		!made.Time("endDateTime").After(tx.Now()) {
		return nil, &Error{Status: 400, Code: "KeyCredentialsInvalidEndDate", Message: "Key credential end date is invalid."}
	}
	if name := []rune(made.String("displayName")); len(name) > longestKeyName {
		made["displayName"] = string(name[:longestKeyName])
	}
	if made["keyId"] == nil {
		made["keyId"] = tx.NewID("keyCredential", app.String("id"), made.String("customKeyIdentifier"))
	}
	return made, checkKeyPolicy(tx, c.caller.TenantID, app, made)
}
