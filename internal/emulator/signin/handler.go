// Package signin is the sign-in side of the emulator: the Microsoft identity platform's discovery documents, its token
// endpoint, device codes, the pages where a person signs in and consents, and the check of the tokens it issued.
//
// It shares its state with the Graph side through package tenant and knows applications, secrets and grants the way
// the real platform does: from a replica that lags. A new secret may be refused for a moment, a new application
// unknown. It never waits: how far a request's replica lags follows from the seed and from how often that client was
// asked for.
//
// The emulator keeps no browser session: every authorize page asks who signs in, and prompt=none is refused.
package signin

import (
	"cmp"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/bounded"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/fault"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// Config is what a platform is made of.
type Config struct {
	Cloud *tenant.Cloud
	// Now is the clock; nil takes the cloud's.
	Now func() time.Time
	// Seed decides what may fall out either way.
	Seed uint64
	// Lag is how far a replica may be behind at most.
	Lag time.Duration
	// Readings choose how to play what no source decides.
	Readings Readings
	// Hosts are names by which the emulator is reached, without port.
	Hosts []string
	// Client fetches the keys of federated identity credentials' issuers; nil takes the default client.
	Client *http.Client
	// Remembered is how many of the texts that were handed out Issued lists, 0 for all.
	Remembered int
	// Log takes failures of the platform itself; nil takes the default logger.
	Log *slog.Logger
}

// Readings are behaviours of the real platform that no source settles. The zero value is the likelier reading of each.
type Readings struct {
	// OIDCScopesNeedGrant asks for consent to openid, profile, email and offline_access like to any other scope, even
	// when the client's other scopes are consented to. Otherwise they come along with those.
	OIDCScopesNeedGrant bool
	// AppTokenNeedsPrincipal refuses client credentials (700016) of an application that has no service principal in its
	// own tenant. Otherwise it gets a token that names no principal and holds no roles.
	AppTokenNeedsPrincipal bool
	// MissingCredentialIs400 answers 7000218 and 7000216 with 400, as one report has it, instead of 401.
	MissingCredentialIs400 bool
	// RecommendedSparesOwn lets users consent to mail and its like under the recommended policy when the application is
	// registered in their own tenant.
	RecommendedSparesOwn bool
	// UnassignedAppGetsToken gives an application a token for an API that demands assignment, though it has none.
	UnassignedAppGetsToken bool
	// StrongAuthentication says 50074 instead of 50076 where a second factor is lacking.
	StrongAuthentication bool
	// InteractionRequired answers 50074, 50079 and 50158 with interaction_required, as older reports have it, instead of
	// invalid_grant.
	InteractionRequired bool
	// MissingFieldIs90014 says 90014 instead of 900144 where a parameter beside grant_type and client_id is missing.
	MissingFieldIs90014 bool
	// InvalidScopeIs28002 says 28002 instead of 70011.
	InvalidScopeIs28002 bool
	// FederatedMismatch is how a foreign token is refused that no federated identity credential names.
	FederatedMismatch FederatedMismatch
}

// FederatedMismatch is a way to refuse a foreign token.
type FederatedMismatch int

// The ways to refuse a foreign token.
const (
	// MismatchNamed names the claim that doesn't fit: 700211, 700212, 700213, all with 401.
	MismatchNamed FederatedMismatch = iota
	// MismatchBadRequest is the same with 400 for 700211 and 700212.
	MismatchBadRequest
	// MismatchUnnamed says 70021 whatever doesn't fit.
	MismatchUnnamed
)

// Handler is an identity platform. It is safe for concurrent use.
type Handler struct {
	cloud   *tenant.Cloud
	now     func() time.Time
	seed    uint64
	lag     time.Duration
	hosts   []string
	issuers *http.Client
	log     *slog.Logger
	started time.Time
	keys    *keyRing
	mux     *http.ServeMux
	// renderers are how the endpoints refuse, by pattern.
	renderers map[string]renderer

	mu       sync.Mutex
	readings Readings

	asked     bounded.Counter[string]
	issued    bounded.Recent[string]
	flows     store[flow]
	codes     store[authCode]
	devices   store[device] // by device code
	userCodes store[string] // device codes by user code
	refresh   store[refreshToken]
}

// SetReadings replaces the readings.
func (h *Handler) SetReadings(r Readings) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.readings = r
}

func (h *Handler) reading() Readings {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.readings
}

// New makes an identity platform over a seeded cloud.
func New(c Config) *Handler {
	h := &Handler{cloud: c.Cloud, now: c.Now, seed: c.Seed, lag: c.Lag, readings: c.Readings, hosts: c.Hosts, issuers: cmp.Or(c.Client, http.DefaultClient), log: cmp.Or(c.Log, slog.Default()), issued: bounded.Recent[string]{Most: c.Remembered}}
	if h.now == nil {
		h.now = c.Cloud.Now
	}
	h.started = h.now()
	h.keys = newKeyRing(h.started)
	h.mux, h.renderers = http.NewServeMux(), map[string]renderer{}
	for _, e := range endpoints() {
		render := renderJSON
		if e.page {
			render = renderPage
		}
		h.route(e.pattern, e.serve, render)
	}
	h.route("/", notFound, renderPage)
	return h
}

// ServeHTTP answers everything that isn't Graph.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.mux.ServeHTTP(w, r) }

// Issued lists the secret texts that the platform has handed out, the oldest first: tokens, codes and refresh tokens.
func (h *Handler) Issued() []string { return h.issued.All() }

// newSecret makes an unguessable text and remembers it as issued.
func (h *Handler) newSecret() string {
	text := "1." + opaque()
	h.issued.Add(text)
	return text
}

// endpoint is one address of the platform. A page is for a person, everything else for a program.
type endpoint struct {
	pattern, what string
	page          bool
	serve         handlerFunc
}

func endpoints() []endpoint {
	return []endpoint{
		{"GET /{tenant}/v2.0/.well-known/openid-configuration", "discovery document", false, openIDConfiguration},
		{"GET /{tenant}/.well-known/openid-configuration", "discovery document of version 1.0, in part", false, openIDConfigurationV1},
		{"GET /{tenant}/discovery/v2.0/keys", "signing keys", false, publishedKeys},
		{"GET /{tenant}/discovery/keys", "signing keys", false, publishedKeys},
		{"GET /{tenant}/discovery/instance", "instance discovery", false, instanceDiscovery},
		{"/{tenant}/{realm}/{user}", "user realm, where {realm} is userrealm", false, userRealm},
		{"GET /oidc/userinfo", "who a token of Graph was issued for, by its OpenID Connect scopes", false, userInfo},
		{"POST /oidc/userinfo", "the same", false, userInfo},
		{"GET /metadata/endpoints", "Azure's addresses of a cloud", false, cloudMetadata},
		{"GET /subscriptions", "an empty list, for tools that ask after signing in", false, noSubscriptions},
		{"/{tenant}/oauth2/v2.0/token", "tokens", false, token},
		{"/{tenant}/oauth2/token", "tokens by version 1.0, with resource=", false, tokenV1},
		{"GET /adfs/.well-known/openid-configuration", "discovery document in the style of a federation server", false, adfsConfiguration},
		{"GET /adfs/discovery/keys", "signing keys", false, publishedKeys},
		{"/adfs/oauth2/token", "tokens of the main tenant, with scope=", false, token},
		{"/adfs/oauth2/devicecode", "device code", false, deviceCode},
		{"GET /adfs/oauth2/authorize", "sign-in for an authorization code", true, authorize},
		{"/{tenant}/oauth2/v2.0/devicecode", "device code", false, deviceCode},
		{"GET /{tenant}/oauth2/v2.0/authorize", "sign-in for an authorization code", true, authorize},
		{"POST /{tenant}/oauth2/v2.0/authorize", "the same", true, authorize},
		{"GET /{tenant}/v2.0/adminconsent", "an administrator's consent to the scope", true, adminConsent},
		{"GET /{tenant}/adminconsent", "an administrator's consent to all that is configured", true, adminConsentV1},
		{"POST /{tenant}/login", "where the forms of the pages go", true, login},
		{"GET /devicelogin", "where a person types a device's code", true, deviceLogin},
		{"POST /devicelogin", "the same", true, deviceLogin},
		{"GET /{tenant}/oauth2/nativeclient", "where a desktop application's sign-in ends", true, nativeClient},
		{"GET /{tenant}/oauth2/v2.0/logout", "a page that says so; there is no session", true, logout},
		{"GET /error", "where the error_uri of a refusal leads", true, errorPage},
		{"/{tenant}/kerberos", "not emulated: 501", true, lacking},
		{"/{tenant}/saml2", "not emulated: 501", true, lacking},
		{"/{tenant}/wsfed", "not emulated: 501", true, lacking},
		{"/{tenant}/oauth2/authorize", "sign-in by version 1.0, not emulated: 501", true, lacking},
		{"/{tenant}/oauth2/devicecode", "device code by version 1.0, not emulated: 501", true, lacking},
		{"/{tenant}/oauth2/logout", "sign-out by version 1.0, not emulated: 501", true, lacking},
	}
}

// Endpoints lists the addresses of the platform, as patterns of net/http, with what each is.
func Endpoints() [][2]string {
	var out [][2]string
	for _, e := range endpoints() {
		out = append(out, [2]string{e.pattern, e.what})
	}
	return out
}

func (h *Handler) route(pattern string, serve handlerFunc, render renderer) {
	h.renderers[pattern] = render
	h.mux.Handle(pattern, h.handle(serve, render))
}

// view is what the replica that answers this request knows: the state of up to h.lag ago, chosen by the seed and by how
// often key was asked for. What was there when the platform started is everywhere; notBefore is an instant that the
// replica has surely caught up to.
func (h *Handler) view(key string, notBefore time.Time) (*tenant.View, time.Time) {
	if h.lag <= 0 {
		return h.cloud.Latest(), h.now()
	}
	nth := h.asked.Next(key)
	behind := fault.Fraction(h.seed, "sign-in lag", key, strconv.Itoa(nth)) * float64(h.lag)
	asOf := h.now().Add(-time.Duration(behind))
	for _, floor := range []time.Time{h.started, notBefore} {
		if asOf.Before(floor) {
			asOf = floor
		}
	}
	return h.cloud.View(asOf), asOf
}
