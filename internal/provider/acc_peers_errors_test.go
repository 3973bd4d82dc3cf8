package provider_test

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/acctest"
)

// gateway stands between Terraform and a tenant. What it intercepts has reached the tenant all the same.
type gateway struct {
	*acctest.Tenant
	URL string

	mu        sync.Mutex
	intercept func(w http.ResponseWriter, r *http.Request) (instead bool)
}

func newGateway(t *testing.T, x *acctest.Tenant, intercept func(http.ResponseWriter, *http.Request) bool) *gateway {
	t.Helper()
	g := &gateway{Tenant: x, intercept: intercept}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.mu.Lock()
		intercept := g.intercept
		g.mu.Unlock()
		if intercept == nil || !strings.HasPrefix(r.URL.Path, "/v1.0/") {
			x.ServeHTTP(w, r)
			return
		}
		if intercept(w, r) {
			x.ServeHTTP(httptest.NewRecorder(), r)
			return
		}
		x.ServeHTTP(w, r)
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	g.URL = server.URL
	return g
}

// open lets everything through from now on.
func (g *gateway) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.intercept = nil
}

func (g *gateway) start(t *testing.T, hcl string) *acctest.Workspace {
	t.Helper()
	w := start(t, g.Tenant, hcl)
	w.Variables = map[string]string{"APPREG_GRAPH_ENDPOINT": g.URL, "APPREG_AUTHORITY_HOST": g.URL}
	return w
}

// page is what a network shows before one has signed in to it.
func page(w http.ResponseWriter) bool {
	w.Header().Set("Content-Type", "text/html")
	_, err := io.WriteString(w, "<html><title>Sign in to the network</title></html>")
	return err == nil
}

// A proxy's page instead of Graph is told as that, with the endpoint and what to check.
func TestAccPageInsteadOfGraph(t *testing.T) {
	t.Parallel()
	g := newGateway(t, acctest.Calm(t), func(w http.ResponseWriter, _ *http.Request) bool { return page(w) })
	refused(t, g.start(t, readApplication), []string{
		`Unable to read application "Mail import"`, "What answered at " + g.URL + " is not Microsoft Graph", `content type "text/html"`,
		"HTTPS_PROXY and NO_PROXY", "graph_endpoint (APPREG_GRAPH_ENDPOINT)",
	}, "plan")
}

// A page instead of the reply to a write leaves open what happened: the search finds it, or, when that sees nothing but
// pages as well, the error says by which tag to look, and the next plan names the application with its import block.
func TestAccPageInsteadOfTheReplyToACreate(t *testing.T) {
	t.Parallel()
	t.Run("once", func(t *testing.T) {
		t.Parallel()
		var once sync.Once
		g := newGateway(t, acctest.Calm(t), func(w http.ResponseWriter, r *http.Request) (instead bool) {
			if r.Method == http.MethodPost {
				once.Do(func() { instead = page(w) })
			}
			return instead
		})
		w := g.start(t, minimalApplication)
		w.Must(t, apply()...)
		g.Application(t, "Mail import")
		w.PlanIsEmpty(t)
	})
	t.Run("from then on", func(t *testing.T) {
		t.Parallel()
		var mu sync.Mutex
		posted := false
		g := newGateway(t, acctest.Calm(t), func(w http.ResponseWriter, r *http.Request) bool {
			mu.Lock()
			defer mu.Unlock()
			posted = posted || r.Method == http.MethodPost
			return posted && page(w)
		})
		w := g.start(t, minimalApplication)
		refused(t, w, []string{
			`Unable to create application "Mail import"`, "can't be told whether the change was made", g.URL, `content type "text/html"`, "no application tagged appreg:", "correct HTTPS_PROXY",
		}, apply()...)
		g.open()
		g.CatchUp()
		demand(t, w.Must(t, "plan"), []string{"import {", g.Application(t, "Mail import").String("id")})
	})
}

// A token that is not accepted any more is replaced in mid-apply; one that is never accepted is told as that.
func TestAccTokenThatEndsInMidApply(t *testing.T) {
	t.Parallel()
	for name, forEver := range map[string]bool{"once": false, "for ever": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			ended := map[string]bool{}
			var x *acctest.Tenant
			refuse := func(r *http.Request) bool {
				mu.Lock()
				defer mu.Unlock()
				token := r.Header.Get("Authorization")
				if r.Method == http.MethodPost && len(ended) == 0 {
					x.Clock.Advance(2 * time.Minute)
					ended[token] = true
				}
				return len(ended) > 0 && (forEver || ended[token])
			}
			x = acctest.Calm(t)
			g := newGateway(t, x, nil)
			// A refusal for the token happens before anything else: unlike other replies it keeps the request from the tenant.
			g.intercept = func(_ http.ResponseWriter, r *http.Request) bool {
				if refuse(r) {
					r.Header.Set("Authorization", "Bearer ended")
				}
				return false
			}
			w := g.start(t, minimalApplication)
			if !forEver {
				w.Must(t, apply()...)
				x.Application(t, "Mail import")
				return
			}
			refused(t, w, []string{`Unable to create application "Mail import"`, "did not accept the access token", "InvalidAuthenticationToken", "belong to the same cloud", "request-id"}, apply()...)
			if n := len(x.Applications()); n != 0 {
				t.Errorf("%d applications were made", n)
			}
		})
	}
}
