package directory_test

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/acctest"
	"github.com/appreg/terraform-provider-appreg/internal/directory"
	"github.com/appreg/terraform-provider-appreg/internal/emulator"
)

// tollgate is in front of a tenant. It refuses as it is told, and counts what comes in while it has asked for patience,
// refusals of the tenant itself included. What comes in the very instant of a refusal was under way.
type tollgate struct {
	next http.RoundTripper
	// refuse answers in the tenant's place, nil lets a request pass; nth counts all requests from 1.
	refuse func(nth int) *http.Response

	mu                         sync.Mutex
	seen, refusals, trespassed int
	refusedAt, until           time.Time
}

func (g *tollgate) RoundTrip(r *http.Request) (*http.Response, error) {
	g.mu.Lock()
	g.seen++
	nth := g.seen
	if now := time.Now(); now.After(g.refusedAt) && now.Before(g.until) {
		g.trespassed++
	}
	g.mu.Unlock()
	var resp *http.Response
	if g.refuse != nil {
		resp = g.refuse(nth)
	}
	if resp == nil {
		var err error
		if resp, err = g.next.RoundTrip(r); err != nil {
			return nil, err
		}
	}
	resp.Request = r
	if resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusServiceUnavailable {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.refusals++
		g.refusedAt = time.Now()
		if until := time.Now().Add(asked(resp.Header)); until.After(g.until) {
			g.until = until
		}
	}
	return resp, nil
}

// asked is how long Retry-After asks to wait.
func asked(h http.Header) time.Duration {
	if seconds, err := strconv.ParseFloat(h.Get("Retry-After"), 64); err == nil {
		return time.Duration(seconds * float64(time.Second))
	}
	if at, err := http.ParseTime(h.Get("Retry-After")); err == nil {
		return time.Until(at)
	}
	return 0
}

// refusalOf is what Graph says when it wants to be left alone.
func refusalOf(status int, retryAfter string) *http.Response {
	code := "TooManyRequests"
	if status == http.StatusServiceUnavailable {
		code = "ServiceUnavailable"
	}
	body := fmt.Sprintf(`{"error":{"code":%q,"message":"m"}}`, code)
	h := http.Header{"Content-Type": {"application/json"}, "Request-Id": {"r"}, "Date": {time.Now().UTC().Format(http.TimeFormat)}}
	if d, err := time.ParseDuration(strings.TrimPrefix(retryAfter, "date:")); err == nil && strings.HasPrefix(retryAfter, "date:") {
		retryAfter = time.Now().Add(d).UTC().Format(http.TimeFormat)
	}
	if retryAfter != "" {
		h.Set("Retry-After", retryAfter)
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body))}
}

// throughTollgate makes an emulator and a client with a tollgate in between, and the client's log.
func throughTollgate(t *testing.T, g *tollgate, opts ...emulator.Option) (*directory.Client, *emulator.Emulator, *syncBuffer) {
	t.Helper()
	e, err := emulator.New(append([]emulator.Option{emulator.WithClock(time.Now), emulator.WithLatency(20 * time.Millisecond)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	base, log := acctest.InProcess{Handler: e}, &syncBuffer{}
	g.next = base
	c, err := directory.New(directory.Options{
		GraphEndpoint: graphOrigin, Credential: automation{base, e.Facts()}, Base: g, UserAgent: "appreg/test", Now: time.Now,
		Logger: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelInfo})),
	})
	if err != nil {
		t.Fatal(err)
	}
	return c, e, log
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// Whatever every third request is refused with, everything is made once, nobody asks while patience was asked for, and
// what takes long is told with its reason.
func TestEveryThirdRequestRefused(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusTooManyRequests, http.StatusServiceUnavailable} {
		for _, retryAfter := range []string{"1", "2.128", "date:5s", "", "60"} {
			t.Run(fmt.Sprintf("%d, %q", status, retryAfter), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					g := &tollgate{}
					c, e, log := throughTollgate(t, g)
					g.refuse = func(nth int) *http.Response {
						if nth%3 != 0 {
							return nil
						}
						return refusalOf(status, retryAfter)
					}
					w, err := build(t.Context(), c, directory.ApplicationSpec{DisplayName: "Mail import", SignInAudience: "AzureADMyOrg"})
					if err != nil {
						t.Fatal(err)
					}
					if apps := ours("Mail import", e.Objects); len(apps) != 1 || len(apps[0].Docs("passwordCredentials")) != 1 {
						t.Errorf("the tenant holds %v", apps)
					}
					if err := destroy(t.Context(), c, w); err != nil {
						t.Error(err)
					}
					t.Logf("%d requests, %d refused, %d while patience was asked for", g.seen, g.refusals, g.trespassed)
					// Four may be under way when one of them is refused.
					if g.refusals == 0 || g.trespassed > 0 || g.seen > 150 {
						t.Errorf("%d requests, %d refused, %d while patience was asked for", g.seen, g.refusals, g.trespassed)
					}
					long := retryAfter == "60" || retryAfter == "date:5s"
					reason := map[int]string{429: "Microsoft Graph throttles", 503: "Microsoft Graph"}[status]
					if told := strings.Contains(log.String(), "level=INFO msg=Waiting wait="); told != long || long && !strings.Contains(log.String(), reason) {
						t.Errorf("long waits told: %v, want %v\n%s", told, long, log)
					}
				})
			})
		}
	}
}

// Fifty applications for personal accounts, each with a secret, are written at Graph's own pace: 60 writes a minute.
func TestFiftyPersonalApplications(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := &tollgate{}
		c, e, log := throughTollgate(t, g, emulator.WithBudget(1))
		start := time.Now()
		slots := make(chan struct{}, 10) // as Terraform
		var all sync.WaitGroup
		for i := range 50 {
			all.Go(func() {
				slots <- struct{}{}
				defer func() { <-slots }()
				ctx := t.Context()
				app, _, err := c.CreateApplication(ctx, directory.ApplicationSpec{DisplayName: fmt.Sprint("Personal ", i), SignInAudience: "PersonalMicrosoftAccount"}, directory.CreateOptions{})
				if err := settled(err); err != nil {
					t.Error(err)
					return
				}
				if _, err := c.AddSecret(ctx, app.ID, "s", time.Now().Add(time.Hour)); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		made := 0
		for i := range 50 {
			for _, app := range ours(fmt.Sprint("Personal ", i), e.Objects) {
				made += len(app.Docs("passwordCredentials"))
			}
		}
		t.Logf("%d requests in %v, %d refused, %d while patience was asked for", g.seen, time.Since(start), g.refusals, g.trespassed)
		// In each window of a minute at most the ten that are under way are refused.
		if made != 50 || g.trespassed > 0 || g.refusals == 0 || g.refusals > 20 || time.Since(start) > 3*time.Minute {
			t.Errorf("%d secrets; %d refused, %d while patience was asked for, %v", made, g.refusals, g.trespassed, time.Since(start))
		}
		if !strings.Contains(log.String(), "reason=\"Microsoft Graph throttles\"") {
			t.Errorf("the wait is not told:\n%s", log)
		}
	})
}
