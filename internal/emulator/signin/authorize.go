package signin

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// authorization is a sign-in that ends with an authorization code, or with tokens, at a redirect URI.
type authorization struct {
	redirectURI       string
	kinds             []string // of the answer: code, id_token, token
	mode              string   // query, fragment or form_post
	state, nonce      string
	challenge, method string
	asked             asked
	again             bool // prompt=consent
	public, spa       bool
}

// authorize opens a sign-in. Refusals about the client and its redirect URI stay on the page; all others go to the
// redirect URI.
func authorize(x *exchange) error {
	if err := x.r.ParseForm(); err != nil {
		return errMalformed()
	}
	form := x.r.Form
	d, refusal := x.directory()
	if refusal != nil {
		return refusal
	}
	if form.Get("client_id") == "" {
		return errMissingParameter("client_id")
	}
	c, refusal := x.h.client(form.Get("client_id"), d, time.Time{})
	if refusal != nil {
		return refusal
	}
	a := authorization{kinds: strings.Fields(form.Get("response_type")), state: form.Get("state"), nonce: form.Get("nonce"), again: form.Get("prompt") == "consent"}
	var platform string
	if a.redirectURI, platform, refusal = x.redirectURI(c, form.Get("redirect_uri")); refusal != nil {
		return refusal
	}
	a.spa, a.public = platform == platformSPA, platform != platformWeb
	if refusal := a.read(form, c); refusal != nil {
		return a.fail(x, refusal)
	}
	return x.ask(flow{stage: stageUser, at: d, clientID: c.id, appName: c.name, hint: form.Get("login_hint"), asOf: c.asOf, purpose: a}, nil)
}

// read takes what the redirect URI may hear about when it is wrong.
func (a *authorization) read(form url.Values, c *client) (refusal *Error) {
	if refusal := a.readMode(form.Get("response_mode")); refusal != nil {
		return refusal
	}
	if refusal := a.checkKinds(c); refusal != nil {
		return refusal
	}
	if !form.Has("scope") {
		return errMissingParameter("scope")
	}
	if a.asked, refusal = parseScope(form.Get("scope")); refusal != nil {
		return refusal
	}
	a.challenge, a.method = form.Get("code_challenge"), firstOf(form.Get("code_challenge_method"), "plain")
	if a.method != "plain" && a.method != "S256" {
		return errMalformed()
	}
	if a.challenge == "" {
		a.method = "plain" // There is nothing to prove, whatever the method.
	}
	if form.Get("prompt") == "none" {
		return errSignInNeeded()
	}
	return nil
}

// wants tells whether an answer of the kind is asked for.
func (a *authorization) wants(kind string) bool { return slices.Contains(a.kinds, kind) }

func (a *authorization) bringsTokens() bool { return a.wants(kindIDToken) || a.wants(kindToken) }

// readMode takes how the answer travels. Tokens never travel in a query, where logs would keep them.
func (a *authorization) readMode(mode string) *Error {
	a.mode = "query"
	if a.bringsTokens() {
		a.mode = "fragment"
	}
	switch {
	case mode == "":
		return nil
	case mode == "query" && a.bringsTokens(), !slices.Contains([]string{"query", "fragment", "form_post"}, mode):
		return errResponseMode(mode)
	}
	a.mode = mode
	return nil
}

// checkKinds refuses what the application's registration doesn't switch on.
func (a *authorization) checkKinds(c *client) *Error {
	settings := c.app.Doc(platformWeb).Doc("implicitGrantSettings")
	switch {
	case len(a.kinds) == 0:
		return errMissingParameter("response_type")
	case slices.ContainsFunc(a.kinds, func(kind string) bool { return !slices.Contains([]string{"code", kindIDToken, kindToken}, kind) }):
		return errResponseTypeUnknown(strings.Join(a.kinds, " "))
	case a.wants(kindIDToken) && !settings.Bool("enableIdTokenIssuance"):
		return errIDTokenOff()
	case a.wants(kindToken) && !settings.Bool("enableAccessTokenIssuance"):
		return errTokenOff()
	case a.wants(kindIDToken) && a.nonce == "":
		return errMissingParameter("nonce")
	}
	return nil
}

// The kinds of answers that are tokens.
const (
	kindIDToken = "id_token"
	kindToken   = "token"
)

// The platforms of redirect URIs.
const (
	platformWeb    = "web"
	platformSPA    = "spa"
	platformPublic = "publicClient"
)

// nativeClientPath is where desktop applications without a redirect URI of their own let a sign-in end.
const nativeClientPath = "/common/oauth2/nativeclient"

// redirectURI finds the requested redirect URI among the registered ones, and its platform. A URI that is registered for
// two platforms counts for the stricter one. Without a request the only registered one is meant.
func (x *exchange) redirectURI(c *client, requested string) (uri, platform string, refusal *Error) {
	var all []string
	for _, platform := range []string{platformWeb, platformSPA, platformPublic} {
		for _, registered := range c.app.Doc(platform).Strings("redirectUris") {
			all = append(all, registered)
			if x.sameRedirect(registered, requested) {
				return requested, platform, nil
			}
		}
	}
	switch {
	case len(all) == 0:
		return "", "", errNoRedirect(c.id)
	case requested == "" && len(all) == 1:
		return x.redirectURI(c, all[0])
	}
	return "", "", errRedirectMismatch(requested, c.id)
}

// sameRedirect compares letter by letter, except that http://localhost may be asked for with any port, a missing path is
// a slash, and the emulator's own nativeclient page stands for the real one.
func (x *exchange) sameRedirect(registered, requested string) bool {
	if registered == requested || registered == "https://login.microsoftonline.com"+nativeClientPath && requested == x.origin+nativeClientPath {
		return true
	}
	a, errA := url.Parse(registered)
	b, errB := url.Parse(requested)
	if errA != nil || errB != nil || a.Opaque != b.Opaque || a.Scheme != b.Scheme || b.User != nil {
		return false
	}
	sameHost := a.Host == b.Host || a.Scheme == "http" && a.Hostname() == "localhost" && b.Hostname() == "localhost"
	return sameHost && firstOf(a.Path, "/") == firstOf(b.Path, "/") && a.RawQuery == b.RawQuery && b.Fragment == ""
}

func (a authorization) consent(x *exchange, f flow, c *client, in directory) (consentRequest, *Error) {
	return x.userConsent(f, c, in, a.asked, a.again)
}

func (a authorization) finish(x *exchange, f flow, in directory) error {
	params := url.Values{"session_state": {tenant.ID(x.h.cloud.Seeded().Seed, "session", f.account.ObjectID)}}
	if a.wants("code") {
		id := x.h.newSecret()
		x.h.codes.put(id, authCode{
			session: session{
				clientID: f.clientID, account: f.account, asked: a.asked, public: a.public, spa: a.spa, methods: f.methods,
				signedIn: x.now, asOf: f.asOf,
			},
			tenantID: in.ID, redirectURI: a.redirectURI, nonce: a.nonce, challenge: a.challenge, method: a.method, expires: x.now.Add(codeLifetime),
		}, x.now, codeLifetime+afterlife)
		params.Set("code", id)
	}
	if a.bringsTokens() {
		if err := a.addTokens(x, f, in, params); err != nil {
			return err
		}
	}
	return a.send(x, params)
}

// addTokens puts tokens into the answer itself. An id token beside a code or an access token vouches for it.
func (a authorization) addTokens(x *exchange, f flow, in directory, params url.Values) error {
	c, refusal := x.h.client(f.clientID, f.at, f.asOf)
	if refusal != nil {
		return a.fail(x, refusal)
	}
	v, refusal := x.weigh(c, in, a.asked, f.account.ObjectID)
	if refusal != nil {
		return a.fail(x, refusal)
	}
	hashes := jwt.MapClaims{}
	if a.wants("code") {
		hashes["c_hash"] = halfHash(params.Get("code"))
	}
	if a.wants(kindToken) {
		access, err := x.userToken(v, f.account, acrPublic, f.methods)
		if err != nil {
			return err
		}
		hashes["at_hash"] = halfHash(access)
		params.Set("access_token", access)
		params.Set("token_type", "Bearer")
		params.Set("expires_in", strconv.Itoa(expiresIn))
		params.Set("scope", v.replyScopes())
	}
	if a.wants(kindIDToken) {
		token, err := x.idToken(v, f.account, a.nonce, hashes)
		if err != nil {
			return err
		}
		params.Set("id_token", token)
	}
	return nil
}

// halfHash is how an id token vouches for what comes with it.
func halfHash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
}

func (a authorization) declined() *Error { return errConsentDeclined() }

func (a authorization) fail(x *exchange, e *Error) error {
	if e.OnPage {
		return e
	}
	params := url.Values{"error": {e.Code}, "error_description": {x.describe(e)}, "error_uri": {x.errorURI(e)}}
	if e.Code == codeInvalidGrant {
		params.Set("error", "access_denied")
	}
	if e.SubError != "" {
		params.Set("error_subcode", e.SubError)
	}
	return a.send(x, params)
}

// send ends the sign-in at the redirect URI in the way that was asked for.
func (a authorization) send(x *exchange, params url.Values) error {
	if a.state != "" {
		params.Set("state", a.state)
	}
	if a.mode == "form_post" {
		return x.page(http.StatusOK, "reply", pageData{Title: "Signing in", Action: a.redirectURI, Fields: params})
	}
	target, err := url.Parse(a.redirectURI)
	if err != nil {
		return errMalformed()
	}
	if target.Path == "" && target.Opaque == "" {
		target.Path = "/"
	}
	address := target.String()
	switch {
	case a.mode == "fragment":
		address += "#" + params.Encode()
	case strings.Contains(address, "?"):
		address += "&" + params.Encode()
	default:
		address += "?" + params.Encode()
	}
	x.redirect(address)
	return nil
}

// redirect sends the browser away. http.Redirect would rewrite a URN.
func (x *exchange) redirect(address string) {
	x.w.Header().Set("Location", address)
	x.w.WriteHeader(http.StatusFound)
}

func logout(x *exchange) error {
	return x.page(http.StatusOK, "message", pageData{Title: "Signed out", Text: "You are signed out. The emulator keeps no session."})
}

// nativeClient is where a desktop application's sign-in ends: the page says nothing, its address holds the code.
func nativeClient(x *exchange) error {
	return x.page(http.StatusOK, "message", pageData{Title: "Signed in", Text: "This page's address holds the answer. Copy it into the application that asked for it."})
}
