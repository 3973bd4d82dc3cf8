package signin

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// tokenRequest is a request to one of the token endpoints. Version 1.0 names an API by resource= and takes no scopes.
type tokenRequest struct {
	*exchange
	form url.Values
	in   directory // what the address names
	presented
	v1 bool
}

func token(x *exchange) error   { return tokenEndpoint(x, false) }
func tokenV1(x *exchange) error { return tokenEndpoint(x, true) }

func tokenEndpoint(x *exchange, v1 bool) error {
	// A page of another origin must be able to read refusals too.
	if origin := x.r.Header.Get("Origin"); origin != "" {
		x.w.Header().Set("Access-Control-Allow-Origin", origin)
	}
	form, err := x.post()
	if err != nil {
		return err
	}
	grantType := form.Get("grant_type")
	if grantType == "" {
		return errMissingParameter("grant_type")
	}
	q := tokenRequest{exchange: x, form: form, v1: v1}
	var refusal *Error
	if q.in, refusal = x.directory(); refusal != nil {
		return refusal
	}
	if q.presented, refusal = x.presented(form); refusal != nil {
		return refusal
	}
	switch grantType {
	case "client_credentials":
		return q.clientCredentials()
	case "authorization_code":
		return q.authorizationCode()
	case "urn:ietf:params:oauth:grant-type:device_code", "device_code":
		return q.deviceCode()
	case "refresh_token":
		return q.refreshToken()
	case "password":
		return q.password()
	}
	return errUnsupportedGrant(grantType)
}

// asked reads what the request asks for; without a word about it, what the sign-in asked for.
func (q tokenRequest) asked(signedInFor *asked) (asked, *Error) {
	name := "scope"
	if q.v1 {
		name = "resource"
	}
	if !q.form.Has(name) {
		if signedInFor != nil {
			return *signedInFor, nil
		}
		return asked{}, errMissingParameter(name)
	}
	if !q.v1 {
		return parseScope(q.form.Get(name))
	}
	if q.form.Get(name) == "" {
		return asked{}, errMissingParameter(name)
	}
	// Version 1.0 always signs the user in and always gives a refresh token.
	return asked{resource: q.form.Get(name), all: true, oidc: []string{"openid", "profile", "offline_access"}}, nil
}

// clientCredentials is the grant of an application by itself.
func (q tokenRequest) clientCredentials() error {
	c, refusal := q.h.client(q.clientID, q.in, time.Time{})
	if refusal != nil {
		return refusal
	}
	if q.in.alias != "" {
		return errGrantNeedsTenant(q.in.alias)
	}
	a, refusal := q.asked(nil)
	if refusal != nil {
		return refusal
	}
	if !a.all {
		return errScopeNotDefault(q.form.Get("scope"))
	}
	acr, refusal := q.proven(c, q.in, q.presented, errCredentialMissingForApp())
	if refusal != nil {
		return refusal
	}
	sp, ok, refusal := c.principal(q.in.ID)
	if refusal != nil {
		return refusal
	}
	if !ok && (q.in.ID != c.homeTenantID || q.h.reading().AppTokenNeedsPrincipal) {
		return errUnknownApplication(q.clientID, q.in.name())
	}
	if policyID, control := c.view.ConditionalAccess(q.in.ID); control == tenant.GrantNoWorkload && q.in.ID == c.homeTenantID {
		return errBlocked().meeting(policyID)
	}
	r, refusal := q.resourceIn(c.view, q.in, a.resource)
	if refusal != nil {
		return refusal
	}
	if r.sp.Bool("appRoleAssignmentRequired") && !q.h.reading().UnassignedAppGetsToken && !c.assigned(q.in.ID, sp.String("id"), r.sp) {
		return errAppNotAssigned(c, r)
	}
	if refusal := r.mapped(c.view); refusal != nil {
		return refusal
	}
	access, err := q.appToken(c, q.in, r, sp, acr)
	if err != nil {
		return err
	}
	return q.reply(r, map[string]any{"token_type": "Bearer", "access_token": access})
}

// password is the resource owner's password grant: no second factor, no personal account.
func (q tokenRequest) password() error {
	if q.in.alias == aliasCommon || q.in.alias == aliasConsumers {
		return errGrantNeedsTenant(q.in.alias)
	}
	c, refusal := q.h.client(q.clientID, q.in, time.Time{})
	if refusal != nil {
		return refusal
	}
	for _, name := range []string{"username", "password"} {
		if q.form.Get(name) == "" {
			return errMissingParameter(name)
		}
	}
	a, refusal := q.asked(nil)
	if refusal != nil {
		return refusal
	}
	s := session{public: c.app.Bool("isFallbackPublicClient"), asked: a, methods: []string{methodPassword}, signedIn: q.now}
	acr, refusal := q.publicOrProven(c, q.in, q.presented, s.public)
	if refusal != nil {
		return refusal
	}
	if s.account, refusal = q.h.account(q.form.Get("username"), q.in); refusal != nil {
		return refusal
	}
	if s.account.Personal || q.in.ID != "" && q.in.ID != s.account.TenantID {
		return errUserNotFound(q.form.Get("username"), q.in.name())
	}
	if refusal := q.h.checkPassword(s.account, q.form.Get("password")); refusal != nil {
		return refusal
	}
	return q.userReply(c, s, a, acr, "")
}

// session is a signed-in user of a client: what codes and refresh tokens stand for.
type session struct {
	clientID    string
	account     tenant.Account
	asked       asked
	public, spa bool
	methods     []string // how the user proved who they are: pwd, mfa
	signedIn    time.Time
	asOf        time.Time // what the sign-in saw; what follows from it sees no less
}

// userReply answers with the tokens of a user, if the user may still sign in and has consented.
func (q tokenRequest) userReply(c *client, s session, a asked, acr, nonce string) error {
	var refusal *Error
	if s.account, refusal = q.h.stillThere(s.account, q.in); refusal != nil {
		return refusal
	}
	if refusal := conditions(c.view, s.account, s.methods, a.resource); refusal != nil {
		return refusal
	}
	in, refusal := q.h.userTenant(q.in, c, s.account)
	if refusal != nil {
		return refusal
	}
	v, refusal := q.weigh(c, in, a, s.account.ObjectID)
	if refusal != nil {
		return refusal
	}
	if v.needsConsent() {
		return errConsentNeeded(c.id, c.name)
	}
	if refusal := v.resource.mapped(c.view); refusal != nil {
		return refusal
	}
	access, err := q.userToken(v, s.account, acr, s.methods)
	if err != nil {
		return err
	}
	body := map[string]any{"token_type": "Bearer", "access_token": access, "scope": v.replyScopes()}
	if a.wants("openid") {
		if body["id_token"], err = q.idToken(v, s.account, nonce, nil); err != nil {
			return err
		}
	}
	if a.wants("offline_access") {
		s.clientID = c.id
		body["refresh_token"] = q.newRefreshToken(s)
	}
	if q.form.Get("client_info") == "1" {
		if body["client_info"], err = clientInfo(s.account); err != nil {
			return err
		}
	}
	return q.reply(v.resource, body)
}

// reply adds the lifetime. Version 1.0 writes numbers as texts and adds instants and the API.
func (q tokenRequest) reply(r resource, body map[string]any) error {
	body["expires_in"], body["ext_expires_in"] = expiresIn, expiresIn
	if q.v1 {
		text := strconv.Itoa(expiresIn)
		body["expires_in"], body["ext_expires_in"], body["resource"] = text, text, r.aud
		body["expires_on"] = strconv.FormatInt(q.now.Add(lifetime).Unix(), 10)
		body["not_before"] = strconv.FormatInt(q.now.Add(-backdated).Unix(), 10)
	}
	return q.json(http.StatusOK, body)
}
