package signin

import (
	"crypto/subtle"
	"net/url"
	"slices"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// The claim appidacr: how the client proved who it is.
const (
	acrPublic      = "0"
	acrSecret      = "1"
	acrCertificate = "2"
)

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// presented is what a token request says about its client.
type presented struct{ clientID, secret, assertion string }

func (p presented) nothing() bool { return p.secret == "" && p.assertion == "" }

// presented reads the client's credential from the form or from a Basic header, where both parts are form-encoded. An
// empty secret counts as absent.
func (x *exchange) presented(form url.Values) (presented, *Error) {
	p := presented{clientID: form.Get("client_id"), secret: form.Get("client_secret")}
	if id, secret, ok := x.r.BasicAuth(); ok {
		id, errID := url.QueryUnescape(id)
		secret, errSecret := url.QueryUnescape(secret)
		if errID != nil || errSecret != nil || p.clientID != "" && p.clientID != id {
			return p, errMalformed()
		}
		p.clientID, p.secret = id, secret
	}
	if form.Get("client_assertion") != "" {
		if form.Get("client_assertion_type") != assertionType {
			return p, errMissingParameter("client_assertion_type")
		}
		p.assertion = form.Get("client_assertion")
		if p.clientID == "" {
			p.clientID = assertionSubject(p.assertion)
		}
	}
	if p.clientID == "" {
		return p, errMissingParameter("client_id")
	}
	return p, nil
}

// publicOrProven is the rule of every flow with a user: a public client must not present a credential, a confidential
// one must.
func (x *exchange) publicOrProven(c *client, d directory, p presented, public bool) (acr string, refusal *Error) {
	if !public {
		return x.proven(c, d, p, errCredentialMissing())
	}
	if !p.nothing() {
		return "", errPublicClientSecret()
	}
	return acrPublic, nil
}

// proven checks the presented credential; missing is the refusal when there is none.
func (x *exchange) proven(c *client, d directory, p presented, missing *Error) (acr string, refusal *Error) {
	switch {
	case p.assertion != "":
		return acrCertificate, x.checkAssertion(c, d, p)
	case p.secret != "":
		return acrSecret, x.checkSecret(c, d, p.secret)
	}
	return "", missing
}

// checkSecret looks for the secret among those of the application and of its service principal. One that was removed, or
// that the replica hasn't seen yet, is a wrong one.
func (x *exchange) checkSecret(c *client, d directory, secret string) *Error {
	for _, credential := range c.credentials("passwordCredentials", d) {
		text, ok := x.h.cloud.Secret(credential.String("keyId"))
		if !ok || subtle.ConstantTimeCompare([]byte(text), []byte(secret)) != 1 {
			continue
		}
		if x.now.After(credential.Time("endDateTime")) {
			return errSecretExpired(c.id)
		}
		if x.now.Before(credential.Time("startDateTime")) {
			return errWrongSecret(c.id)
		}
		return nil
	}
	return errWrongSecret(c.id)
}

// credentials lists those of the application and of its service principal in the tenant that the client signs in to, or
// at home when the address names no tenant; both authenticate.
func (c *client) credentials(property string, d directory) []tenant.Doc {
	own := c.app.Docs(property)
	sp, ok := c.view.ServicePrincipalByClientID(firstOf(d.ID, c.homeTenantID), c.id)
	if !ok {
		return own
	}
	return slices.Concat(own, sp.Docs(property))
}
