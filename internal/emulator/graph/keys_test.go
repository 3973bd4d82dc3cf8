package graph_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/graph"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// holder is somebody with a certificate.
type holder struct {
	t   *testing.T
	key *ecdsa.PrivateKey
	der string
}

func newHolder(t *testing.T, from time.Time) holder {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "holder"}, NotBefore: from, NotAfter: from.AddDate(0, 6, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return holder{t, key, base64.StdEncoding.EncodeToString(der)}
}

// credential is the certificate as Graph takes it.
func (h holder) credential() string {
	return fmt.Sprintf(`{"type":"AsymmetricX509Cert","usage":"Verify","key":%q}`, h.der)
}

// TestDuplicateCertificate: nothing says whether an application can hold a certificate twice.
func TestDuplicateCertificate(t *testing.T) {
	t.Parallel()
	for choice, status := range map[string]int{"accepted": 204, "refused": 400} {
		w := newWorld(t, reading(graph.DuplicateCertificate, choice))
		id, _ := w.app("Twice")
		h := newHolder(t, w.clock.now())
		w.must(status, "PATCH", "/applications/"+id, fmt.Sprintf(`{"keyCredentials":[%s,%s]}`, h.credential(), h.credential()))
		w.must(204, "PATCH", "/applications/"+id, fmt.Sprintf(`{"keyCredentials":[%s]}`, h.credential()))
	}
}

// proof is a proof of possession for an object, with the claims changed.
func (h holder) proof(objectID string, now time.Time, change func(*jwt.RegisteredClaims)) string {
	h.t.Helper()
	claims := jwt.RegisteredClaims{Audience: jwt.ClaimStrings{"00000002-0000-0000-c000-000000000000"}, Issuer: objectID,
		NotBefore: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(10 * time.Minute))}
	if change != nil {
		change(&claims)
	}
	text, err := jwt.NewWithClaims(jwt.SigningMethodES256, claims).SignedString(h.key)
	if err != nil {
		h.t.Fatal(err)
	}
	return text
}

func TestKeysNeedProof(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, appID := w.app("Rolling")
	now := w.clock.now()
	first, second := newHolder(t, now), newHolder(t, now)
	add := func(proof string) answer {
		return w.do("POST", "/applications/"+id+"/addKey", fmt.Sprintf(`{"keyCredential":%s,"passwordCredential":null,"proof":%q}`, second.credential(), proof))
	}
	good := first.proof(id, now, nil)
	if got := add(good); got.Status != 400 {
		t.Errorf("without a certificate: %d", got.Status)
	}
	w.must(204, "PATCH", "/applications/"+id, `{"keyCredentials":[`+first.credential()+`]}`)
	for what, proof := range map[string]string{
		"none":           "",
		"another key":    second.proof(id, now, nil),
		"another object": first.proof(appID, now, nil),
		"too long":       first.proof(id, now, func(c *jwt.RegisteredClaims) { c.ExpiresAt = jwt.NewNumericDate(now.Add(11 * time.Minute)) }),
		"expired":        first.proof(id, now.Add(-time.Hour), nil),
		"not yet":        first.proof(id, now.Add(time.Hour), nil),
		"no start":       first.proof(id, now, func(c *jwt.RegisteredClaims) { c.NotBefore = nil }),
		"no end":         first.proof(id, now, func(c *jwt.RegisteredClaims) { c.ExpiresAt = nil }),
		"for Graph":      first.proof(id, now, func(c *jwt.RegisteredClaims) { c.Audience = jwt.ClaimStrings{"https://graph.microsoft.com"} }),
	} {
		if got := add(proof); got.Status != 400 || got.code() != "Request_BadRequest" {
			t.Errorf("%s: %d %s", what, got.Status, got.Body)
		}
	}
	made := add(good)
	if made.Status != 200 || made.body["key"] != nil || made.str("displayName") != "CN=holder" || made.str("keyId") == "" ||
		made.str("@odata.context") != "https://graph.test/v1.0/$metadata#microsoft.graph.keyCredential" {
		t.Fatalf("%d %s", made.Status, made.Body)
	}
	remove := func(keyID, proof string) answer {
		return w.do("POST", "/applications(appId='"+appID+"')/removeKey", fmt.Sprintf(`{"keyId":%q,"proof":%q}`, keyID, proof))
	}
	if got := remove(id, good); got.Status != 400 || got.message() != "No key credential found with keyId '"+id+"'." {
		t.Errorf("an unknown key: %s", got.Body)
	}
	if got := remove(made.str("keyId"), "x"); got.Status != 400 {
		t.Errorf("without proof: %d", got.Status)
	}
	if got := remove(made.str("keyId"), second.proof(id, now, nil)); got.Status != 204 {
		t.Errorf("by its own proof: %s", got.Body)
	}
	if held, _ := w.must(200, "GET", "/applications/"+id, "").body["keyCredentials"].([]any); len(held) != 1 {
		t.Errorf("%d keys are left", len(held))
	}
	// A certificate that has run out proves nothing.
	w.clock.advance(200 * 24 * time.Hour)
	if got := add(first.proof(id, w.clock.now(), nil)); got.Status != 400 {
		t.Errorf("by an expired certificate: %d", got.Status)
	}
}

func TestServicePrincipalsHaveKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, appID := w.app("Principal")
	sp := w.must(201, "POST", "/servicePrincipals", `{"appId":"`+appID+`"}`).str("id")
	h := newHolder(t, w.clock.now())
	w.must(204, "PATCH", "/servicePrincipals/"+sp, `{"keyCredentials":[`+h.credential()+`]}`)
	w.must(200, "POST", "/servicePrincipals/"+sp+"/addKey", fmt.Sprintf(`{"keyCredential":%s,"proof":%q}`,
		newHolder(t, w.clock.now()).credential(), h.proof(sp, w.clock.now(), nil)))
}

func TestPoliciesHoldForAddedKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, _ := w.app("Short-lived")
	h := newHolder(t, w.clock.now())
	w.must(204, "PATCH", "/applications/"+id, `{"keyCredentials":[`+h.credential()+`]}`)
	if err := w.cloud.Update(func(tx *tenant.Tx) error {
		policy, _ := tx.Get(w.facts.TenantID, tenant.AppPolicy, tenant.DefaultAppPolicyID)
		policy["isEnabled"] = true
		policy.Doc("applicationRestrictions")["keyCredentials"] = []tenant.Doc{{"restrictionType": "asymmetricKeyLifetime", "state": "enabled", "maxLifetime": "P30D"}}
		tx.Put(w.facts.TenantID, tenant.AppPolicy, policy)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	got := w.must(400, "POST", "/applications/"+id+"/addKey", fmt.Sprintf(`{"keyCredential":%s,"proof":%q}`,
		newHolder(t, w.clock.now()).credential(), h.proof(id, w.clock.now(), nil)))
	if got.code() != "CredentialInvalidLifetimeAsPerAppPolicy" {
		t.Errorf("%s", got.Body)
	}
}

// TestHeldCertificatesStay: what is sent back may lack the key, but nothing of it may be another.
func TestHeldCertificatesStay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, _ := w.app("Held")
	h := newHolder(t, w.clock.now())
	w.must(204, "PATCH", "/applications/"+id, `{"keyCredentials":[`+strings.Replace(h.credential(), "{", `{"displayName":"`+letters(100)+`",`, 1)+`]}`)
	list, _ := w.must(200, "GET", "/applications/"+id, "").body["keyCredentials"].([]any)
	held, _ := list[0].(map[string]any)
	if name, _ := held["displayName"].(string); len(name) != 90 {
		t.Errorf("the name has %d characters", len(name))
	}
	keyID, _ := held["keyId"].(string)
	entry := func(more string) string {
		return fmt.Sprintf(`{"keyCredentials":[{"keyId":%q%s}]}`, keyID, more)
	}
	w.must(204, "PATCH", "/applications/"+id, entry(``))
	w.must(204, "PATCH", "/applications/"+id, entry(fmt.Sprintf(`,"endDateTime":%q,"type":"AsymmetricX509Cert"`, held["endDateTime"])))
	for _, more := range []string{`,"displayName":"other"`, `,"usage":"Encrypt"`, `,"endDateTime":"2027-01-01T00:00:00Z"`, fmt.Sprintf(`,"key":%q`, newHolder(t, w.clock.now()).der)} {
		if got := w.must(400, "PATCH", "/applications/"+id, entry(more)); got.message() != "Update to existing credential with KeyId '"+keyID+"' is not allowed." {
			t.Errorf("%s: %s", more, got.Body)
		}
	}
	// No two have one key id, be they kept, new or added.
	const same = "44444444-4444-4444-8444-444444444444"
	fresh := strings.Replace(h.credential(), "{", `{"keyId":"`+same+`",`, 1)
	for _, list := range []string{`{"keyId":"` + keyID + `"},{"keyId":"` + keyID + `"}`, fresh + "," + fresh} {
		if got := w.must(400, "PATCH", "/applications/"+id, `{"keyCredentials":[`+list+`]}`); got.message() != "Property keyId cannot have duplicate values." {
			t.Errorf("%s: %s", list, got.Body)
		}
	}
	again := strings.Replace(h.credential(), "{", `{"keyId":"`+keyID+`",`, 1)
	w.must(400, "POST", "/applications/"+id+"/addKey", fmt.Sprintf(`{"keyCredential":%s,"proof":%q}`, again, h.proof(id, w.clock.now(), nil)))
	w.must(204, "PATCH", "/applications/"+id, `{"keyCredentials":[]}`)
}

// TestPrincipalsAreMadeWithCertificates: those in the body of a create are read like those of an update.
func TestPrincipalsAreMadeWithCertificates(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, appID := w.app("Certified")
	made := w.must(201, "POST", "/servicePrincipals", `{"appId":"`+appID+`","keyCredentials":[`+newHolder(t, w.clock.now()).credential()+`]}`)
	list, _ := made.body["keyCredentials"].([]any)
	held, _ := list[0].(map[string]any)
	for _, name := range []string{"keyId", "customKeyIdentifier", "startDateTime", "endDateTime", "displayName"} {
		if held[name] == nil {
			t.Errorf("no %s: %v", name, held)
		}
	}
}

func TestSecretsLeftOut(t *testing.T) {
	t.Parallel()
	for choice, status := range map[string]int{"accepted": 204, "refused": 400} {
		w := newWorld(t, reading(graph.ShorterSecrets, choice))
		id, _ := w.app("Shorter")
		entry := `{"keyId":"` + w.must(200, "POST", "/applications/"+id+"/addPassword", `{}`).str("keyId") + `"}`
		w.must(400, "PATCH", "/applications/"+id, `{"passwordCredentials":[`+entry+","+entry+`]}`)
		w.must(status, "PATCH", "/applications/"+id, `{"passwordCredentials":[]}`)
	}
}
