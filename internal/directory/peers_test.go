package directory_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/acctest"
	"github.com/appreg/terraform-provider-appreg/internal/directory"
	"github.com/appreg/terraform-provider-appreg/internal/emulator"
)

// garbage is what a proxy makes of a success; Graph's request-id is lost with it.
type garbage struct {
	contentType, body string
}

var allGarbage = map[string]garbage{
	"truncated":      {"application/json", `{"@odata.context":"x","id":"5b8b`},
	"a page":         {"text/html; charset=utf-8", "<html><title>Sign in to the network</title></html>"},
	"empty":          {"", ""},
	"another object": {"application/json", `{"status":"ok"}`},
}

// garbler hands each request on, and then spoils the replies that it chooses: what was asked for has happened.
type garbler struct {
	next    http.RoundTripper
	garbage garbage
	// spoils chooses by request, how often that was sent, and Graph's status.
	spoils func(method, path string, nth, status int) bool

	mu   sync.Mutex
	seen map[string]int
	sent int
}

func (g *garbler) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := g.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.sent++
	g.seen[r.Method+" "+r.URL.Path]++
	if !g.spoils(r.Method, r.URL.Path, g.seen[r.Method+" "+r.URL.Path], resp.StatusCode) {
		return resp, nil
	}
	if err := resp.Body.Close(); err != nil {
		return nil, err
	}
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {g.garbage.contentType}}, Request: r,
		Body: io.NopCloser(strings.NewReader(g.garbage.body)), ContentLength: int64(len(g.garbage.body)),
	}, nil
}

// throughGarbler makes an emulator and a client with a garbler in between; sign-in is left alone.
func throughGarbler(t *testing.T, junk garbage, spoils func(method, path string, nth, status int) bool) (*directory.Client, *emulator.Emulator, *garbler) {
	t.Helper()
	e, err := emulator.New(emulator.WithClock(time.Now))
	if err != nil {
		t.Fatal(err)
	}
	base := acctest.InProcess{Handler: e}
	g := &garbler{next: base, garbage: junk, spoils: spoils, seen: make(map[string]int)}
	c, err := directory.New(directory.Options{
		GraphEndpoint: graphOrigin, Credential: automation{base, e.Facts()}, Base: g, UserAgent: "appreg/test",
		Logger: slog.New(slog.DiscardHandler), Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	return c, e, g
}

// Each request's first reply is spoilt, writes' and reads' alike: everything is there once all the same, and goes away.
func TestGarbledRepliesAreRecoveredFrom(t *testing.T) {
	t.Parallel()
	for name, junk := range allGarbage {
		for _, uniqueName := range []string{"", "mail-import"} {
			t.Run(name+" "+uniqueName, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					// A read that is another object needs no second try to be known for what it is.
					c, e, _ := throughGarbler(t, junk, func(method, _ string, nth, status int) bool {
						return nth == 1 && status < 300 && (method != http.MethodGet || junk != allGarbage["another object"])
					})
					spec := directory.ApplicationSpec{DisplayName: "Mail import", SignInAudience: "AzureADMyOrg", UniqueName: uniqueName}
					w, err := build(t.Context(), c, spec)
					if err != nil {
						t.Fatal(err)
					}
					renamed := spec
					renamed.DisplayName = "Mail"
					if _, err := c.UpdateApplication(t.Context(), w.app.ID, spec, renamed); err != nil {
						t.Error(err)
					}
					apps := ours("Mail", e.Objects)
					if len(apps) != 1 || len(apps[0].Docs("passwordCredentials")) != 1 || apps[0].Docs("passwordCredentials")[0].String("keyId") != w.secret.KeyID {
						t.Errorf("the tenant holds %v", apps)
					}
					if err := destroy(t.Context(), c, w); err != nil {
						t.Error(err)
					}
					if left := len(ours("Mail", e.Objects)) + len(ours("Mail", e.Deleted)); left != 0 {
						t.Errorf("%d applications are left", left)
					}
				})
			})
		}
	}
}

// operations are what callers do, by what they do it to.
var operations = map[string]func(ctx context.Context, c *directory.Client, w world) error{
	"application": func(ctx context.Context, c *directory.Client, _ world) error {
		_, _, err := c.CreateApplication(ctx, directory.ApplicationSpec{DisplayName: "Other", SignInAudience: "AzureADMyOrg"}, directory.CreateOptions{})
		return err
	},
	"unique name": func(ctx context.Context, c *directory.Client, _ world) error {
		_, _, err := c.CreateApplication(ctx, directory.ApplicationSpec{DisplayName: "Other", SignInAudience: "AzureADMyOrg", UniqueName: "other"}, directory.CreateOptions{})
		return err
	},
	"secret": func(ctx context.Context, c *directory.Client, w world) error {
		_, err := c.AddSecret(ctx, w.app.ID, "other", time.Now().Add(time.Hour))
		return err
	},
	"principal": func(ctx context.Context, c *directory.Client, w world) error {
		_, _, err := c.CreateServicePrincipal(ctx, directory.ServicePrincipalSpec{ClientID: w.app.ClientID, AccountEnabled: true}, directory.ServicePrincipalFields{}, false)
		return err
	},
	"consent": func(ctx context.Context, c *directory.Client, w world) error {
		_, _, err := c.EnsureGrant(ctx, directory.GrantKey{ClientPrincipalID: w.sp.ID, ResourcePrincipalID: w.sp.ID}, []string{"x"})
		return err
	},
	"change": func(ctx context.Context, c *directory.Client, w world) error {
		changed := w.app.ApplicationSpec
		changed.Notes = "changed"
		_, err := c.UpdateApplication(ctx, w.app.ID, w.app.ApplicationSpec, changed)
		return err
	},
	"owner": func(ctx context.Context, c *directory.Client, w world) error {
		changed := w.app.ApplicationSpec
		changed.Owners = []string{w.sp.ID}
		_, err := c.UpdateApplication(ctx, w.app.ID, w.app.ApplicationSpec, changed)
		return err
	},
	"removal of a secret": func(ctx context.Context, c *directory.Client, w world) error {
		return c.RemoveSecret(ctx, w.app.ID, w.secret.KeyID)
	},
	"deletion": func(ctx context.Context, c *directory.Client, w world) error {
		return c.DeleteApplication(ctx, w.app.ID, true)
	},
	"read": func(ctx context.Context, c *directory.Client, w world) error {
		_, err := c.Application(ctx, w.app.ID)
		return err
	},
	"list": func(ctx context.Context, c *directory.Client, _ world) error {
		_, err := c.ApplicationsNamed(ctx, "Other")
		return err
	},
}

// A peer that answers so for ever, as a proxy does that blocks with a page, ends each operation in a clear error, within
// minutes and after few requests; also one that lets refusals through.
func TestAPeerThatIsNeverGraph(t *testing.T) {
	t.Parallel()
	for what, do := range operations {
		for _, name := range []string{"a page", "another object"} {
			junk := allGarbage[name]
			t.Run(what+", "+name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					err := neverGraph(t, junk, 600, do)
					if kind := directory.KindOf(err); kind != directory.KindNotGraph && kind != directory.KindAmbiguous {
						// A change or a deletion asks for no object: one of another API is all that says that it was heard.
						if err != nil || junk != allGarbage["another object"] {
							t.Errorf("kind %d: %v", kind, err)
						}
					}
					if err != nil && !strings.Contains(err.Error(), "not one of Microsoft Graph") && !strings.Contains(err.Error(), "holds no object") {
						t.Errorf("the error doesn't say what came instead: %v", err)
					}
				})
			})
		}
		t.Run(what+", refusals come through", func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				err := neverGraph(t, allGarbage["a page"], 300, do)
				// That what was deleted is not found is proof.
				if err == nil && what != "deletion" {
					t.Error("nothing but refusals was heard, and all is said to be well")
				}
			})
		})
	}
}

// neverGraph does something while every reply with a status below the given one is spoilt.
func neverGraph(t *testing.T, junk garbage, below int, do func(context.Context, *directory.Client, world) error) error {
	t.Helper()
	spoiling := false
	c, e, g := throughGarbler(t, junk, func(_, _ string, _, status int) bool { return spoiling && status < below })
	w, err := build(t.Context(), c, directory.ApplicationSpec{DisplayName: "Mail import", SignInAudience: "AzureADMyOrg"})
	if err != nil {
		t.Fatal(err)
	}
	g.mu.Lock()
	spoiling = true
	before := g.sent
	g.mu.Unlock()
	start := time.Now()
	err = do(t.Context(), c, w)
	if took, sent := time.Since(start), g.sent-before; took > 2*time.Minute || sent > 70 {
		t.Errorf("it took %v and %d requests: %v", took, sent, err)
	}
	if n := len(ours("Other", e.Objects)); n > 1 {
		t.Errorf("%d applications were made", n)
	}
	return err
}
