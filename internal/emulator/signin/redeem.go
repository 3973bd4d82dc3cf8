package signin

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"strings"
	"time"
)

// How long what is handed out stays good.
const (
	codeLifetime       = 10 * time.Minute
	deviceLifetime     = 15 * time.Minute
	refreshLifetime    = 90 * 24 * time.Hour // without use
	spaRefreshLifetime = 24 * time.Hour      // whatever the use
	flowLifetime       = time.Hour           // of a page that nobody answers
)

// afterlife is how long a code is known after its end, so that it is refused as expired and not as unknown. A refresh
// token is known for twice its lifetime.
const afterlife = 24 * time.Hour

// authCode is what an authorization code stands for.
type authCode struct {
	session
	tenantID          string
	redirectURI       string
	nonce             string
	challenge, method string // of PKCE; empty without it
	expires           time.Time
	redeemed          bool
}

// authorizationCode redeems a code.
func (q tokenRequest) authorizationCode() error {
	for _, name := range []string{"code", "redirect_uri"} {
		if q.form.Get(name) == "" {
			return errMissingParameter(name)
		}
	}
	code, ok := q.h.codes.get(q.form.Get("code"), q.now)
	if !ok || !strings.EqualFold(code.clientID, q.clientID) {
		return errGrantMalformed()
	}
	c, refusal := q.h.client(q.clientID, q.in, code.asOf)
	if refusal != nil {
		return refusal
	}
	acr, refusal := q.publicOrProven(c, q.in, q.presented, code.public)
	if refusal != nil {
		return refusal
	}
	if refusal := q.checkCode(code); refusal != nil {
		return refusal
	}
	a, refusal := q.asked(&code.asked)
	if refusal != nil {
		return refusal
	}
	if _, err := q.h.codes.change(q.form.Get("code"), func(c authCode) (authCode, error) {
		if c.redeemed {
			return c, errCodeRedeemed()
		}
		c.redeemed = true
		return c, nil
	}); err != nil {
		return err
	}
	// Clients repeat the API's scopes here, not always the OpenID Connect ones: what was signed in for stays.
	if len(a.oidc) == 0 {
		a.oidc = code.asked.oidc
	}
	return q.userReply(c, code.session, a, acr, code.nonce)
}

func (q tokenRequest) checkCode(code authCode) *Error {
	verifier := q.form.Get("code_verifier")
	switch {
	case q.now.After(code.expires):
		return errGrantExpired()
	case q.in.ID != "" && q.in.ID != code.tenantID:
		return errCodeOfOtherTenant()
	case q.form.Get("redirect_uri") != code.redirectURI:
		return errRedirectChanged()
	}
	if refusal := q.checkOrigin(code.session); refusal != nil {
		return refusal
	}
	switch {
	case verifier == "" && (code.challenge != "" || code.spa):
		return errPKCENeeded()
	case !verifies(verifier, code.challenge, code.method):
		return errVerifierMismatch()
	}
	return nil
}

// checkOrigin keeps what single-page applications were given, and nothing else, to requests of pages.
func (q tokenRequest) checkOrigin(s session) *Error {
	switch crossOrigin := q.r.Header.Get("Origin") != ""; {
	case s.spa && !crossOrigin:
		return errSPAOrigin()
	case !s.spa && crossOrigin:
		return errCrossOrigin()
	}
	return nil
}

// verifies checks PKCE's proof of possession.
func verifies(verifier, challenge, method string) bool {
	if method == "S256" {
		sum := sha256.Sum256([]byte(verifier))
		verifier = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	return subtle.ConstantTimeCompare([]byte(verifier), []byte(challenge)) == 1
}

// deviceCode redeems a device code, or says how the person is getting on.
func (q tokenRequest) deviceCode() error {
	id := firstOf(q.form.Get("device_code"), q.form.Get("code"))
	if id == "" {
		return errMissingParameter("device_code")
	}
	d, ok := q.h.devices.get(id, q.now)
	if !ok || !strings.EqualFold(d.clientID, q.clientID) {
		return errDeviceUnknown()
	}
	switch {
	case q.now.After(d.expires):
		return errDeviceExpired()
	case d.state == devicePending:
		return errDevicePending()
	case d.state == deviceDeclined:
		return errDeviceDeclined()
	}
	c, refusal := q.h.client(q.clientID, q.in, d.asOf)
	if refusal != nil {
		return refusal
	}
	s := d.session
	s.public = c.app.Bool("isFallbackPublicClient")
	acr, refusal := q.publicOrProven(c, q.in, q.presented, s.public)
	if refusal != nil {
		return refusal
	}
	if _, ok := q.h.devices.take(id, q.now); !ok {
		return errDeviceUnknown()
	}
	return q.userReply(c, s, s.asked, acr, "")
}

// refreshToken is what a refresh token stands for.
type refreshToken struct {
	session
	issued time.Time
}

func (q tokenRequest) newRefreshToken(s session) string {
	id := q.h.newSecret()
	q.h.refresh.put(id, refreshToken{session: s, issued: q.now}, q.now, 2*refreshLifetime)
	return id
}

// refreshToken answers with new tokens. The old refresh token stays good.
func (q tokenRequest) refreshToken() error {
	id := q.form.Get("refresh_token")
	if id == "" {
		return errMissingParameter("refresh_token")
	}
	t, ok := q.h.refresh.get(id, q.now)
	switch {
	case !ok:
		return errGrantMalformed()
	case !strings.EqualFold(t.clientID, q.clientID):
		return errGrantMalformed().sub("client_mismatch")
	case t.spa && q.now.Sub(t.signedIn) > spaRefreshLifetime:
		return errSPARefreshExpired()
	case q.now.Sub(t.issued) > refreshLifetime:
		return errRefreshExpired()
	}
	if refusal := q.checkOrigin(t.session); refusal != nil {
		return refusal
	}
	c, refusal := q.h.client(q.clientID, q.in, t.asOf)
	if refusal != nil {
		return refusal
	}
	acr, refusal := q.publicOrProven(c, q.in, q.presented, t.public)
	if refusal != nil {
		return refusal
	}
	a, refusal := q.asked(&t.asked)
	if refusal != nil {
		return refusal
	}
	// A refresh always gives a new refresh token, asked for or not.
	if !a.wants("offline_access") {
		a.oidc = append(a.oidc[:len(a.oidc):len(a.oidc)], "offline_access")
	}
	return q.userReply(c, t.session, a, acr, "")
}
