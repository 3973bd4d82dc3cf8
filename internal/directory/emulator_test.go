package directory_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/appreg/terraform-provider-appreg/internal/acctest"
	"github.com/appreg/terraform-provider-appreg/internal/directory"
	"github.com/appreg/terraform-provider-appreg/internal/emulator"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/fault"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

const graphOrigin = "https://graph.test"

// automation signs in as the emulator's automation application.
type automation struct {
	base  acctest.InProcess
	facts emulator.Facts
}

func (a automation) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {a.facts.ClientID}, "client_secret": {a.facts.ClientSecret}, "scope": o.Scopes}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, graphOrigin+"/"+a.facts.TenantID+"/oauth2/v2.0/token", strings.NewReader(form.Encode()))
	if err != nil {
		return azcore.AccessToken{}, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := a.base.RoundTrip(req)
	if err != nil {
		return azcore.AccessToken{}, err
	}
	var token struct {
		AccessToken string `json:"access_token"`
		ExpiresIn   int    `json:"expires_in"`
	}
	err = errors.Join(json.NewDecoder(resp.Body).Decode(&token), resp.Body.Close())
	if err == nil && token.AccessToken == "" {
		err = fmt.Errorf("no token: status %d", resp.StatusCode)
	}
	return azcore.AccessToken{Token: token.AccessToken, ExpiresOn: time.Now().Add(time.Duration(token.ExpiresIn) * time.Second)}, err
}

// newTenant makes an emulator and a client of it.
func newTenant(t *testing.T, opts ...emulator.Option) (*directory.Client, *emulator.Emulator) {
	t.Helper()
	e, err := emulator.New(append([]emulator.Option{emulator.WithClock(time.Now)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	return newClient(t, e), e
}

func newClient(t *testing.T, e *emulator.Emulator) *directory.Client {
	t.Helper()
	base := acctest.InProcess{Handler: e}
	c, err := directory.New(directory.Options{
		GraphEndpoint: graphOrigin, Credential: automation{base, e.Facts()}, Base: base, UserAgent: "appreg/test",
		Logger: slog.New(slog.DiscardHandler), Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// world is what one run makes.
type world struct {
	app    *directory.Application
	secret *directory.Secret
	sp     *directory.ServicePrincipal
	grant  *directory.Grant
}

// settled keeps a wait that ran out from counting as a failure.
func settled(err error) error {
	if directory.KindOf(err) == directory.KindUnsettled {
		return nil
	}
	return err
}

// build does what an apply of the mail-import guide does, with the same concurrency.
func build(ctx context.Context, c *directory.Client, spec directory.ApplicationSpec) (w world, err error) {
	api, err := c.API(ctx, "Microsoft Graph")
	if err != nil {
		return w, err
	}
	var scopes []string
	for _, s := range api.Scopes {
		if s.Name == "User.Read" || s.Name == "Mail.ReadWrite" {
			scopes = append(scopes, s.ID)
		}
	}
	if w.app, _, err = c.CreateApplication(ctx, spec, directory.CreateOptions{}); settled(err) != nil {
		return w, fmt.Errorf("application: %w", err)
	}
	var all sync.WaitGroup
	failures := make([]error, 4)
	all.Go(func() {
		w.secret, failures[0] = c.AddSecret(ctx, w.app.ID, "terraform", time.Now().Add(24*time.Hour))
		if failures[0] == nil {
			_, err := c.SettleSecret(ctx, w.app.ID, w.secret.KeyID)
			failures[0] = settled(err)
		}
	})
	all.Go(func() { yes := true; _, failures[1] = c.SetPublicClient(ctx, w.app.ID, &yes) })
	all.Go(func() {
		_, err := c.SetDelegatedPermissions(ctx, w.app.ID, api.ClientID, scopes)
		failures[2] = settled(err)
	})
	all.Go(func() {
		var err error
		w.sp, _, err = c.CreateServicePrincipal(ctx, directory.ServicePrincipalSpec{ClientID: w.app.ClientID, AccountEnabled: true},
			directory.ServicePrincipalFields{}, false)
		if failures[3] = settled(err); failures[3] == nil {
			key := directory.GrantKey{ClientPrincipalID: w.sp.ID, ResourcePrincipalID: api.ServicePrincipalID}
			w.grant, _, failures[3] = c.EnsureGrant(ctx, key, []string{"User.Read", "Mail.ReadWrite"})
		}
	})
	all.Wait()
	return w, errors.Join(failures...)
}

// destroy takes everything away again, children first.
func destroy(ctx context.Context, c *directory.Client, w world) error {
	var all sync.WaitGroup
	failures := make([]error, 5)
	all.Go(func() { failures[0] = c.RemoveSecret(ctx, w.app.ID, w.secret.KeyID) })
	all.Go(func() { _, failures[1] = c.SetPublicClient(ctx, w.app.ID, nil) })
	all.Go(func() {
		_, failures[2] = c.SetDelegatedPermissions(ctx, w.app.ID, directory.MicrosoftGraphClientID, nil)
	})
	all.Go(func() {
		failures[3] = errors.Join(c.DeleteGrant(ctx, w.grant.ID), settled(c.DeleteServicePrincipal(ctx, w.sp.ID)))
	})
	all.Wait()
	return errors.Join(errors.Join(failures...), settled(c.DeleteApplication(ctx, w.app.ID, true)))
}

// ours lists the applications of a name, without those that were seeded.
func ours(name string, list func(tenant.Kind) []tenant.Doc) []tenant.Doc {
	return slices.DeleteFunc(list(tenant.Application), func(d tenant.Doc) bool { return d.String("displayName") != name })
}

// TestConvergence runs the whole life of an application against directories that misbehave, and looks at what is left.
func TestConvergence(t *testing.T) {
	t.Parallel()
	writes := func(kind fault.Kind, nth ...int) []fault.Rule {
		var rules []fault.Rule
		for _, route := range [][2]string{
			{"POST", "/applications"}, {"PATCH", "/applications(uniqueName='{uniqueName}')"}, {"POST", "/applications/{id}/addPassword"},
			{"POST", "/applications/{id}/removePassword"}, {"PATCH", "/applications/{id}"}, {"DELETE", "/applications/{id}"},
			{"POST", "/servicePrincipals"}, {"DELETE", "/servicePrincipals/{id}"}, {"POST", "/oauth2PermissionGrants"},
			{"DELETE", "/oauth2PermissionGrants/{id}"}, {"DELETE", "/directory/deletedItems/{id}"},
		} {
			rules = append(rules, fault.Rule{Method: route[0], Route: route[1], Kind: kind, Nth: nth})
		}
		return rules
	}
	profiles := map[string][]emulator.Option{
		"calm":        nil,
		"lag of 92 s": {emulator.WithLag(92 * time.Second)},
		"create lost, lag of 92 s": {emulator.WithLag(92 * time.Second), emulator.WithFaults([]fault.Rule{
			{Method: "POST", Route: "/applications", Kind: fault.ErrorAfter, Nth: []int{1}},
			{Method: "PATCH", Route: "/applications(uniqueName='{uniqueName}')", Kind: fault.DropAfter, Nth: []int{1}},
		})},
		"reply lost":           {emulator.WithFaults(writes(fault.DropAfter, 1)), emulator.WithLag(5 * time.Second)},
		"503 after the commit": {emulator.WithFaults(writes(fault.ErrorAfter, 1)), emulator.WithLag(5 * time.Second)},
		"503 before it":        {emulator.WithFaults(writes(fault.ErrorBefore, 1))},
		"reset before it":      {emulator.WithFaults(writes(fault.ResetBefore, 1))},
		"conflicts":            {emulator.WithFaults(writes(fault.Conflict, 1, 2))},
		"hostile, everything": {emulator.WithHostile(), emulator.WithFaults([]fault.Rule{
			{Kind: fault.ErrorBefore, Probability: 0.03}, {Kind: fault.ErrorAfter, Probability: 0.03}, {Kind: fault.DropAfter, Probability: 0.03},
			{Kind: fault.Throttle, RetryAfter: "3", Probability: 0.03}, {Kind: fault.Conflict, Probability: 0.03},
			{Kind: fault.Latency, Delay: fault.Duration(2 * time.Second), Probability: 0.1},
		})},
	}
	for name, opts := range profiles {
		for seed := range uint64(2) {
			for _, unique := range []string{"", "mail-import"} {
				t.Run(fmt.Sprintf("%s, seed %d, unique name %q", name, seed, unique), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) { converge(t, unique, append(slices.Clone(opts), emulator.WithSeed(seed+1))...) })
				})
			}
		}
	}
}

func converge(t *testing.T, unique string, opts ...emulator.Option) {
	c, e := newTenant(t, opts...)
	const name = `Mail "import" of O'Neill`
	spec := directory.ApplicationSpec{DisplayName: name, SignInAudience: "AzureADandPersonalMicrosoftAccount", UniqueName: unique, Tags: []string{"team"}}
	w, err := build(t.Context(), c, spec)
	if err != nil {
		t.Fatal(err)
	}
	live := ours(name, e.Objects)
	if len(live) != 1 || live[0].String("id") != w.app.ID {
		t.Fatalf("%d live applications", len(live))
	}
	if twins := ours(name, e.Deleted); len(twins) != 0 {
		t.Errorf("%d applications were deleted and not purged", len(twins))
	}
	raw, err := json.Marshal(live[0])
	if err != nil {
		t.Fatal(err)
	}
	var graph struct {
		IsFallbackPublicClient bool
		PasswordCredentials    []struct{ KeyID string }
		RequiredResourceAccess []struct{ ResourceAccess []any }
		Tags                   []string
		UniqueName             *string
	}
	if err := json.Unmarshal(raw, &graph); err != nil {
		t.Fatal(err)
	}
	if !graph.IsFallbackPublicClient || len(graph.PasswordCredentials) != 1 || graph.PasswordCredentials[0].KeyID != w.secret.KeyID ||
		len(graph.RequiredResourceAccess) != 1 || len(graph.RequiredResourceAccess[0].ResourceAccess) != 2 || len(graph.Tags) != 2 {
		t.Errorf("the application is %+v, the secret %s", graph, w.secret.KeyID)
	}
	if (unique != "") != (graph.UniqueName != nil) {
		t.Errorf("unique name %v", graph.UniqueName)
	}

	updated := spec
	updated.Description, updated.Tags = "renamed", nil
	updated.DisplayName = name + "!"
	if _, err := c.UpdateApplication(t.Context(), w.app.ID, spec, updated); err != nil {
		t.Fatal(err)
	}
	if app, err := c.Application(t.Context(), w.app.ID); err != nil || app.DisplayName != updated.DisplayName || len(app.Tags) != 0 {
		t.Errorf("%+v, %v", app, err)
	}
	if err := destroy(t.Context(), c, w); err != nil {
		t.Fatal(err)
	}
	for what, left := range map[string][]tenant.Doc{
		"live": ours(updated.DisplayName, e.Objects), "deleted": ours(updated.DisplayName, e.Deleted),
		"first name": ours(name, e.Objects), "grants": e.Objects(tenant.Grant),
	} {
		if len(left) != 0 {
			t.Errorf("%s: %d left", what, len(left))
		}
	}
}

// TestBudgetOfRequests counts what create and destroy of the first four resources cost.
func TestBudgetOfRequests(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, e := newTenant(t, emulator.WithLatency(50*time.Millisecond))
		api, err := c.API(t.Context(), "Microsoft Graph")
		if err != nil {
			t.Fatal(err)
		}
		e.ResetRequests()
		app, _, err := c.CreateApplication(t.Context(), directory.ApplicationSpec{DisplayName: "x", SignInAudience: "AzureADMyOrg"}, directory.CreateOptions{PreventDuplicateNames: true})
		if err != nil {
			t.Fatal(err)
		}
		var secret *directory.Secret
		yes := true
		together(t, func() (err error) {
			if secret, err = c.AddSecret(t.Context(), app.ID, "s", time.Now().Add(time.Hour)); err == nil {
				_, err = c.SettleSecret(t.Context(), app.ID, secret.KeyID)
			}
			return err
		}, func() error { _, err := c.SetPublicClient(t.Context(), app.ID, &yes); return err },
			func() error {
				_, err := c.SetDelegatedPermissions(t.Context(), app.ID, api.ClientID, []string{api.Scopes[0].ID})
				return err
			})
		budget(t, e, "create", 8)

		later := newClient(t, e)
		read := func() error {
			_, err := directory.ReadSettled(t.Context(), later, directory.Memory{}, func(ctx context.Context) (*directory.Application, error) {
				return later.Application(ctx, app.ID)
			}, (*directory.Application).Properties)
			return err
		}
		if err := read(); err != nil {
			t.Fatal(err)
		}
		together(t, read, read, read)
		budget(t, e, "no-op plan", 1)

		last := newClient(t, e)
		together(t, func() error { return last.RemoveSecret(t.Context(), app.ID, secret.KeyID) },
			func() error { _, err := last.SetPublicClient(t.Context(), app.ID, nil); return err },
			func() error {
				_, err := last.SetDelegatedPermissions(t.Context(), app.ID, api.ClientID, nil)
				return err
			})
		if err := last.DeleteApplication(t.Context(), app.ID, false); err != nil {
			t.Fatal(err)
		}
		budget(t, e, "destroy", 6)
	})
}

// Each credential of an application is looked for once, also while others are being made.
func TestWritersLookOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		// While one is looked for the next is made: the list that was asked for before does not show it.
		c, e := newTenant(t, emulator.WithFaults([]fault.Rule{
			{Kind: fault.Latency, Method: "POST", Probability: 1, Delay: fault.Duration(50 * time.Millisecond)},
			{Kind: fault.SlowAfter, Method: "GET", Probability: 1, Delay: fault.Duration(200 * time.Millisecond)},
		}))
		app, _, err := c.CreateApplication(t.Context(), directory.ApplicationSpec{DisplayName: "x", SignInAudience: "AzureADMyOrg"}, directory.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		e.ResetRequests()
		const n = 5
		var create []func() error
		for i := range n {
			create = append(create, func() error {
				name := fmt.Sprint("branch", i)
				_, err := c.CreateFederatedCredential(t.Context(), app.ID, directory.FederatedSpec{Name: name, Issuer: "https://issuer.example", Subject: name, Audience: "api://AzureADTokenExchange"})
				return err
			})
		}
		together(t, create...)
		budget(t, e, "create", 2*n)
	})
}

// budget looks at how many requests to Graph there were since it last did.
func budget(t *testing.T, e *emulator.Emulator, what string, limit int) {
	t.Helper()
	var lines []string
	for _, r := range e.Requests() {
		if r.ClientID != "" {
			lines = append(lines, r.Method+" "+r.Route)
		}
	}
	if len(lines) > limit {
		t.Errorf("%s: %d requests, at most %d: %q", what, len(lines), limit, lines)
	}
	e.ResetRequests()
}

// together does things at the same time.
func together(t *testing.T, do ...func() error) {
	t.Helper()
	var all sync.WaitGroup
	for _, f := range do {
		all.Go(func() {
			if err := f(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

// TestInterruption cancels a build at every moment of its life: afterwards every application that lives is one that a
// result told of, and no secret lives that nobody knows.
func TestInterruption(t *testing.T) {
	t.Parallel()
	for ms := 50; ms <= 2050; ms += 100 {
		t.Run(fmt.Sprintf("after %d ms", ms), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c, e := newTenant(t, emulator.WithLatency(300*time.Millisecond))
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(time.Duration(ms)*time.Millisecond, cancel)
				start := time.Now()
				w, err := build(ctx, c, directory.ApplicationSpec{DisplayName: "interrupted", SignInAudience: "AzureADMyOrg"})
				if took := time.Since(start); took > time.Duration(ms)*time.Millisecond+2*time.Second {
					t.Errorf("ended after %v", took)
				}
				time.Sleep(time.Minute) // virtual; what the server was at when its client left is done now
				for _, app := range ours("interrupted", e.Objects) {
					if w.app == nil || w.app.ID != app.String("id") {
						t.Errorf("an application lives that nobody was told of (%v)", err)
					}
					if raw, marshalErr := json.Marshal(app["passwordCredentials"]); marshalErr != nil || strings.Contains(string(raw), "keyId") &&
						(w.secret == nil || !strings.Contains(string(raw), w.secret.KeyID)) {
						t.Errorf("a secret lives that nobody was told of: %s (%v)", raw, err)
					}
				}
			})
		})
	}
}
