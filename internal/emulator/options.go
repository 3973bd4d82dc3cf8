package emulator

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/fault"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/graph"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/keyvault"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/signin"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// Option configures an Emulator.
type Option func(*options)

type options struct {
	seed     uint64
	data     *tenant.Snapshot
	now      func() time.Time
	latency  time.Duration
	lag      time.Duration
	pageSize int
	budget   float64
	rules    []fault.Rule
	hostile  bool
	readings graph.Readings
	// remembered is how many requests and tokens are.
	remembered int

	hosts   []string
	issuers *http.Client
	log     *slog.Logger
}

// WithSeed chooses the ids, names and secrets of the tenants, unless WithData brings them, and what hostility looks like.
// The default is 1.
func WithSeed(seed uint64) Option { return func(o *options) { o.seed = seed } }

// WithData goes on from what [Emulator.Snapshot] gave.
func WithData(s tenant.Snapshot) Option { return func(o *options) { o.data = &s } }

// WithClock sets the clock for dates: creation, expiry, replication. Waits use the real timer.
func WithClock(now func() time.Time) Option { return func(o *options) { o.now = now } }

// WithLatency delays each request to Graph: the way to a data centre and back.
func WithLatency(d time.Duration) Option { return func(o *options) { o.latency = d } }

// WithLag lets replicas be behind: up to d for reads by id and for sign-in, up to twice as far for lists.
func WithLag(d time.Duration) Option { return func(o *options) { o.lag = d } }

// WithBudget throttles callers that use up Graph's documented quotas of reads and writes, or a share of them: 1 is what
// the documentation says, 0.01 a hundredth, 0 (the default) no limit. Windows of time follow the clock for dates.
func WithBudget(share float64) Option { return func(o *options) { o.budget = share } }

// WithFaults adds faults.
func WithFaults(rules []fault.Rule) Option {
	return func(o *options) { o.rules = append(o.rules, rules...) }
}

// WithHostile lets the seed choose what real tenants do now and then: replicas up to 700 ms behind, 429 for three
// requests in a hundred, 409 of concurrent writes for one write in a hundred, small pages, and any reading of each
// behaviour that no source settles. Other options override its choices.
func WithHostile() Option { return func(o *options) { o.hostile = true } }

// WithReading fixes one behaviour that no source settles; see Readings for names and choices.
func WithReading(name, choice string) Option {
	return func(o *options) { o.readings[name] = choice }
}

// WithHosts gives the names by which the emulator is reached: a token for the origin of one is good at all of them. The
// name that a request came by needs no mention.
func WithHosts(names ...string) Option {
	return func(o *options) { o.hosts = append(o.hosts, names...) }
}

// WithIssuers sets the client that fetches the keys of federated identity credentials' issuers: the only thing that the
// emulator asks of others.
func WithIssuers(client *http.Client) Option { return func(o *options) { o.issuers = client } }

// DefaultRemembered is how many requests, and how many tokens and codes, are remembered unless WithRemembered says
// otherwise: some 30 MB in all.
const DefaultRemembered = 20_000

// WithRemembered bounds what [Emulator.Requests] and [Emulator.Issued] list: the newest n requests, and the newest n
// tokens and codes. 0 is all of them, at the price of memory that grows with every request.
func WithRemembered(n int) Option { return func(o *options) { o.remembered = n } }

// WithLog writes one JSON line per request: no bodies, no secrets.
func WithLog(w io.Writer) Option {
	return func(o *options) { o.log = slog.New(slog.NewJSONHandler(w, nil)) }
}

// The readings of the sign-in side.
const (
	OIDCScopesNeedGrant    = "oidc-scopes-need-grant"
	AppTokenNeedsPrincipal = "app-token-needs-principal"
	MissingCredential      = "missing-credential"
	FederatedMismatch      = "federated-mismatch"
	RecommendedConsent     = "recommended-consent"
	UnassignedApp          = "unassigned-app"
	SecondFactorNumber     = "second-factor-number"
	InteractionCode        = "interaction-code"
	MissingField           = "missing-field"
	InvalidScope           = "invalid-scope"
)

// Readings lists all behaviours that no source settles, with their choices; the first one is the default.
func Readings() []graph.Reading {
	return slices.Concat(graph.AllReadings(), []graph.Reading{
		{Name: OIDCScopesNeedGrant, Choices: []string{"no", "yes"},
			Why: "whether openid, profile, email and offline_access need a grant of their own"},
		{Name: AppTokenNeedsPrincipal, Choices: []string{"no", "yes"},
			Why: "whether an application without service principal in its own tenant gets a token"},
		{Name: MissingCredential, Choices: []string{"401", "400"},
			Why: "the status of AADSTS7000218 and 7000216, seen as either"},
		{Name: RecommendedConsent, Choices: []string{"all", "foreign"},
			Why: "which applications Microsoft's recommended consent policy withholds mail and the like from: all, or those of other tenants"},
		{Name: UnassignedApp, Choices: []string{"refused", "served"},
			Why: "an application's own token for an API that demands assignment, without any: 501051 isn't confirmed"},
		{Name: SecondFactorNumber, Choices: []string{"50076", "50074"},
			Why: "which number a program is given when a second factor is lacking"},
		{Name: InteractionCode, Choices: []string{"invalid_grant", "interaction_required"},
			Why: "the error that goes with AADSTS50074, 50079 and 50158"},
		{Name: MissingField, Choices: []string{"900144", "90014"},
			Why: "the number when a parameter is missing; for grant_type and client_id it is 900144"},
		{Name: InvalidScope, Choices: []string{"70011", "28002"},
			Why: "the number when a scope isn't valid"},
		{Name: FederatedMismatch, Choices: []string{"named", "named-400", "unnamed"},
			Why: "a foreign token that isn't trusted: 700211, 700212 or 700213 by the claim, with 401 or 400, or 70021 as older reports have it"},
	}, keyvault.AllReadings())
}

// cloud is the state to start with.
func (o *options) cloud() (*tenant.Cloud, error) {
	if o.data != nil {
		cloud, err := tenant.Load(*o.data, o.now)
		if err != nil {
			return nil, fmt.Errorf("load the tenants: %w", err)
		}
		return cloud, nil
	}
	cloud := tenant.New(o.now)
	if _, err := tenant.Seed(cloud, o.seed); err != nil {
		return nil, fmt.Errorf("seed the tenants: %w", err)
	}
	return cloud, nil
}

func (o *options) fraction(about string) float64 { return fault.Fraction(o.seed, "hostile", about) }

func (o *options) makeHostile() {
	const longestLag = 700 * time.Millisecond
	if o.lag == 0 {
		o.lag = time.Duration(o.fraction("lag") * float64(longestLag))
	}
	o.pageSize = 1 + int(o.fraction("page")*5)
	for _, after := range []string{"0.25", "1", "date:1s"} {
		o.rules = append(o.rules, fault.Rule{Kind: fault.Throttle, RetryAfter: after, Probability: 0.01})
	}
	o.rules = append(o.rules, fault.Rule{Kind: fault.Throttle, Route: fault.VaultPrefix + "*", Probability: 0.03})
	for _, method := range []string{http.MethodPost, http.MethodPatch, http.MethodDelete} {
		for _, set := range []string{"/applications*", "/servicePrincipals*", "/oauth2PermissionGrants*"} {
			o.rules = append(o.rules, fault.Rule{Kind: fault.Conflict, Method: method, Route: set, Probability: 0.01})
		}
	}
	for _, r := range Readings() {
		if _, fixed := o.readings[r.Name]; !fixed {
			o.readings[r.Name] = r.Choices[int(o.fraction("reading "+r.Name)*float64(len(r.Choices)))]
		}
	}
}

// signInReadings takes the readings of the sign-in side out of the options.
func (o *options) signInReadings() signin.Readings {
	take := func(name, choice string) bool {
		given := o.readings[name]
		delete(o.readings, name)
		return given == choice
	}
	mismatch := map[string]signin.FederatedMismatch{"named-400": signin.MismatchBadRequest, "unnamed": signin.MismatchUnnamed}[o.readings[FederatedMismatch]]
	delete(o.readings, FederatedMismatch)
	return signin.Readings{
		OIDCScopesNeedGrant:    take(OIDCScopesNeedGrant, "yes"),
		AppTokenNeedsPrincipal: take(AppTokenNeedsPrincipal, "yes"),
		MissingCredentialIs400: take(MissingCredential, "400"),
		RecommendedSparesOwn:   take(RecommendedConsent, "foreign"),
		UnassignedAppGetsToken: take(UnassignedApp, "served"),
		StrongAuthentication:   take(SecondFactorNumber, "50074"),
		InteractionRequired:    take(InteractionCode, "interaction_required"),
		MissingFieldIs90014:    take(MissingField, "90014"),
		InvalidScopeIs28002:    take(InvalidScope, "28002"),
		FederatedMismatch:      mismatch,
	}
}
