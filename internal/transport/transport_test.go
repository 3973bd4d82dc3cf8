package transport_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/appreg/terraform-provider-appreg/internal/transport"
)

const endpoint = "https://graph.example.com"

// reply is one scripted outcome of an attempt.
type reply struct {
	status int
	header map[string]string
	body   string
	err    error
	after  time.Duration
}

// script plays its replies in order, the last one for ever, and records what it saw.
type script struct {
	replies []reply

	mu      sync.Mutex
	seen    []seen
	started time.Time
}

type seen struct {
	at            time.Duration
	method, body  string
	header        http.Header
	contentLength int64
}

func (s *script) RoundTrip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		var err error
		if body, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
	}
	s.mu.Lock()
	r := s.replies[min(len(s.seen), len(s.replies)-1)]
	s.seen = append(s.seen, seen{time.Since(s.started), req.Method, string(body), req.Header.Clone(), req.ContentLength})
	s.mu.Unlock()
	if r.after > 0 {
		select {
		case <-time.After(r.after):
		case <-req.Context().Done():
			return nil, req.Context().Err()
		}
	}
	if r.err != nil {
		return nil, r.err
	}
	resp := &http.Response{
		StatusCode: r.status, Header: http.Header{"Request-Id": {"id-of-graph"}}, Request: req,
		Body: io.NopCloser(strings.NewReader(r.body)), ContentLength: int64(len(r.body)),
	}
	if r.body != "" {
		resp.Header.Set("Content-Type", "application/json; charset=utf-8")
	}
	for name, value := range r.header {
		resp.Header.Set(name, value)
	}
	return resp, nil
}

func (s *script) attempts() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.seen)
}

// credential gives tokens that name how often it was asked.
type credential struct {
	mu     sync.Mutex
	asked  int
	forgot int
	scopes []string
	err    error
	after  time.Duration
	life   time.Duration
}

func (c *credential) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	c.mu.Lock()
	c.asked++
	c.scopes = o.Scopes
	asked, err := c.asked, c.err
	c.mu.Unlock()
	if c.after > 0 {
		select {
		case <-time.After(c.after):
		case <-ctx.Done():
			return azcore.AccessToken{}, ctx.Err()
		}
	}
	life := c.life
	if life == 0 {
		life = time.Hour
	}
	return azcore.AccessToken{Token: "token-" + strconv.Itoa(asked), ExpiresOn: time.Now().Add(life)}, err
}

// Forget notes that the tokens are to be given up.
func (c *credential) Forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forgot++
}

type setup struct {
	script *script
	cred   *credential
	log    *bytes.Buffer
	client *http.Client
}

func newSetup(t *testing.T, replies ...reply) *setup {
	t.Helper()
	played := &script{replies: replies, started: time.Now()}
	s := newSetupOver(t, played)
	s.script = played
	return s
}

// newSetupOver is a setup without a script.
func newSetupOver(t *testing.T, base http.RoundTripper) *setup {
	t.Helper()
	return newSetupAt(t, endpoint, base)
}

func newSetupAt(t *testing.T, endpoint string, base http.RoundTripper) *setup {
	t.Helper()
	s := &setup{cred: &credential{}, log: &bytes.Buffer{}}
	tokens, err := transport.NewTokens(s.cred, endpoint, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	s.client, err = transport.New(transport.Options{
		Endpoint: endpoint, Tokens: tokens, Window: &transport.Window{}, Clock: transport.NewClock(time.Now), Base: base, UserAgent: "appreg/test", Grace: 15 * time.Second,
		Logger: slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// do sends one request and returns the status of its reply.
func (s *setup) do(ctx context.Context, method, url, body string, header map[string]string) (int, error) {
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	if body == "" {
		req.Body = nil
	}
	for name, value := range header {
		req.Header.Set(name, value)
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return 0, err
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, errors.Join(err, resp.Body.Close())
}

const ok = `{"value":[]}`

func graphError(code string) string { return `{"error":{"code":"` + code + `","message":"m"}}` }

var (
	errReset = &net.OpError{Op: "read", Err: errors.New("connection reset by peer")}
	errDial  = &net.OpError{Op: "dial", Err: errors.New("connection refused")}
)

// TestRetryRules is the table of what is sent again. The second reply is always a success.
func TestRetryRules(t *testing.T) {
	t.Parallel()
	const get, post, patch, del = http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodDelete
	upsert := map[string]string{"Prefer": "create-if-missing"}
	tests := map[string]retryRule{
		"GET, 200":                        {get, nil, reply{status: 200, body: ok}, 1, false},
		"GET, 404":                        {get, nil, reply{status: 404, body: graphError("Request_ResourceNotFound")}, 1, false},
		"GET, 500":                        {get, nil, reply{status: 500, body: graphError("x")}, 2, false},
		"GET, 502 with a page":            {get, nil, reply{status: 502, body: "<html>", header: map[string]string{"Content-Type": "text/html"}}, 2, false},
		"GET, 503":                        {get, nil, reply{status: 503, body: graphError("x")}, 2, false},
		"GET, 504":                        {get, nil, reply{status: 504}, 2, false},
		"GET, 408":                        {get, nil, reply{status: 408}, 2, false},
		"GET, 501":                        {get, nil, reply{status: 501, body: graphError("x")}, 1, false},
		"GET, lost reply":                 {get, nil, reply{err: errReset}, 2, false},
		"GET, 429":                        {get, nil, reply{status: 429, body: graphError("TooManyRequests")}, 2, false},
		"PATCH, 503":                      {patch, nil, reply{status: 503, body: graphError("x")}, 2, false},
		"PATCH, lost reply":               {patch, nil, reply{err: errReset}, 2, false},
		"PATCH, 400":                      {patch, nil, reply{status: 400, body: graphError("Request_BadRequest")}, 1, false},
		"PATCH, 409 of concurrent writes": {patch, nil, reply{status: 409, body: graphError("Directory_ConcurrencyViolation")}, 2, false},
		"PATCH, 409 of a key":             {patch, nil, reply{status: 409, body: graphError("Request_MultipleObjectsWithSameKeyValue")}, 1, false},
		"DELETE, 504":                     {del, nil, reply{status: 504}, 2, false},
		"POST, 429":                       {post, nil, reply{status: 429, body: graphError("TooManyRequests")}, 2, false},
		"POST, 503 that names throttling": {post, nil, reply{status: 503, body: graphError("Request_ThrottledTemporarily")}, 2, false},
		"POST, 503":                       {post, nil, reply{status: 503, body: graphError("ServiceUnavailable"), header: map[string]string{"Retry-After": "1"}}, 1, true},
		"POST, 500":                       {post, nil, reply{status: 500, body: graphError("x")}, 1, true},
		"POST, 504":                       {post, nil, reply{status: 504}, 1, true},
		"POST, lost reply":                {post, nil, reply{err: errReset}, 1, true},
		"POST, no connection":             {post, nil, reply{err: errDial}, 2, false},
		"POST, no such host":              {post, nil, reply{err: &net.DNSError{Name: "graph.example.com", IsNotFound: true}}, 2, false},
		"POST, 400":                       {post, nil, reply{status: 400, body: graphError("Request_BadRequest")}, 1, false},
		"POST, 409 of concurrent writes":  {post, nil, reply{status: 409, body: graphError("Directory_ConcurrencyViolation")}, 2, false},
		"POST, 409 of personal accounts":  {post, nil, reply{status: 409, body: graphError("Error_MsaAppDoesNotExist")}, 2, false},
		"upsert, 503":                     {patch, upsert, reply{status: 503, body: graphError("x")}, 1, true},
		"upsert, lost reply":              {patch, upsert, reply{err: errReset}, 1, true},
		"upsert, 429":                     {patch, upsert, reply{status: 429, body: graphError("TooManyRequests")}, 2, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, tt.check)
		})
	}
}

// retryRule says how often a request is sent after a first reply, and whether its outcome stays in doubt.
type retryRule struct {
	method    string
	header    map[string]string
	first     reply
	attempts  int
	ambiguous bool
}

func (r retryRule) check(t *testing.T) {
	s := newSetup(t, r.first, reply{status: 200, body: ok})
	body := ""
	if r.method == http.MethodPost || r.method == http.MethodPatch {
		body = `{"displayName":"x"}`
	}
	status, err := s.do(t.Context(), r.method, endpoint+"/v1.0/applications", body, r.header)
	if got := s.script.attempts(); got != r.attempts {
		t.Errorf("%d attempts, want %d", got, r.attempts)
	}
	var ambiguous *transport.AmbiguousError
	if errors.As(err, &ambiguous) != r.ambiguous {
		t.Errorf("err = %v, want ambiguous %v", err, r.ambiguous)
	}
	if r.ambiguous && r.first.status != 0 && (ambiguous.Status != r.first.status || ambiguous.RequestID != "id-of-graph") {
		t.Errorf("the error tells %+v", ambiguous)
	}
	if !r.ambiguous && r.attempts == 2 && (err != nil || status != 200) {
		t.Errorf("ended with %d, %v", status, err)
	}
	for i, attempt := range s.script.seen {
		if attempt.body != body || attempt.contentLength != int64(len(body)) {
			t.Errorf("attempt %d carried %q (%d)", i, attempt.body, attempt.contentLength)
		}
	}
}

// TestLossesCountInARow: an endpoint that answers in between can be reached.
func TestLossesCountInARow(t *testing.T) {
	t.Parallel()
	lost, answered := reply{err: errReset}, reply{status: 503, body: graphError("x")}
	tests := map[string]struct {
		replies  []reply
		attempts int
		ok       bool
	}{
		"never an answer":      {[]reply{lost}, 5, false},
		"answers in between":   {[]reply{lost, lost, answered, lost, lost, lost, answered, lost, {status: 200, body: ok}}, 9, true},
		"after throttling":     {append(slices.Repeat([]reply{{status: 429}}, 14), lost, reply{status: 200, body: ok}), 16, true},
		"failures all the way": {[]reply{lost, answered, lost, answered, lost, answered, lost, answered, lost, answered, lost, lost, {status: 200, body: ok}}, 12, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newSetup(t, tt.replies...)
				status, err := s.do(t.Context(), http.MethodGet, endpoint+"/v1.0/x", "", nil)
				if got := s.script.attempts(); got != tt.attempts || (err == nil && status == 200) != tt.ok {
					t.Errorf("%d attempts, want %d; ended with %d, %v", got, tt.attempts, status, err)
				}
			})
		})
	}
}

func TestUnclearAttemptsAreNoted(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		first reply
		want  bool
	}{
		"lost":          {reply{err: errReset}, true},
		"503":           {reply{status: 503}, true},
		"429":           {reply{status: 429}, false},
		"no connection": {reply{err: errDial}, false},
		"success":       {reply{status: 204}, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := newSetup(t, tt.first, reply{status: 404, body: graphError("Request_ResourceNotFound")})
			ctx, unclear := transport.WithUnclear(t.Context())
			if _, err := s.do(ctx, http.MethodDelete, endpoint+"/v1.0/x", "", nil); err != nil || unclear.Yes() != tt.want {
				t.Errorf("%s: %v, unclear %v", name, err, unclear.Yes())
			}
		})
	}
}

func TestRetryAfterIsHonoured(t *testing.T) {
	t.Parallel()
	date := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	tests := map[string]struct {
		header   map[string]string
		min, max time.Duration
	}{
		"whole":    {map[string]string{"Retry-After": "10"}, 10 * time.Second, 11 * time.Second},
		"decimal":  {map[string]string{"Retry-After": "2.128"}, 2128 * time.Millisecond, 2400 * time.Millisecond},
		"date":     {map[string]string{"Retry-After": date.Add(20 * time.Second).Format(http.TimeFormat), "Date": date.Format(http.TimeFormat)}, 20 * time.Second, 22 * time.Second},
		"past":     {map[string]string{"Retry-After": date.Format(http.TimeFormat), "Date": date.Add(time.Minute).Format(http.TimeFormat)}, 0, 0},
		"absent":   {nil, 100 * time.Millisecond, 230 * time.Millisecond},
		"nonsense": {map[string]string{"Retry-After": "NaN"}, 100 * time.Millisecond, 230 * time.Millisecond},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newSetup(t, reply{status: 429, body: graphError("TooManyRequests"), header: tt.header}, reply{status: 200, body: ok})
				if _, err := s.do(t.Context(), http.MethodGet, endpoint+"/v1.0/x", "", nil); err != nil {
					t.Fatal(err)
				}
				if waited := s.script.seen[1].at; waited < tt.min || waited > tt.max {
					t.Errorf("waited %v, want %v to %v", waited, tt.min, tt.max)
				}
				if told := strings.Contains(s.log.String(), "level=INFO"); told != (tt.min > 3*time.Second) {
					t.Errorf("long wait told: %v\n%s", told, s.log)
				}
			})
		})
	}
}

func TestThrottlingHoldsBackEveryRequest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSetup(t, reply{status: 429, body: graphError("TooManyRequests"), header: map[string]string{"Retry-After": "30"}}, reply{status: 200, body: ok})
		var both sync.WaitGroup
		both.Go(func() {
			if _, err := s.do(t.Context(), http.MethodGet, endpoint+"/v1.0/a", "", nil); err != nil {
				t.Error(err)
			}
		})
		time.Sleep(time.Second)
		both.Go(func() {
			if _, err := s.do(t.Context(), http.MethodPost, endpoint+"/v1.0/b", "{}", nil); err != nil {
				t.Error(err)
			}
		})
		both.Wait()
		for _, attempt := range s.script.seen[1:] {
			if attempt.at < 30*time.Second {
				t.Errorf("%s was sent after %v", attempt.method, attempt.at)
			}
		}
	})
}

func TestAWaitThatDoesNotFitIsToldAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSetup(t, reply{status: 429, body: graphError("TooManyRequests"), header: map[string]string{"Retry-After": "600"}})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		if status, err := s.do(ctx, http.MethodGet, endpoint+"/v1.0/a", "", nil); status != 429 || err != nil {
			t.Errorf("got %d, %v", status, err)
		}
		if waited := time.Since(start); waited > 0 {
			t.Errorf("waited %v", waited)
		}
		// Nor is another request sent in the time that Graph asked for.
		_, err := s.do(ctx, http.MethodGet, endpoint+"/v1.0/b", "", nil)
		var throttled *transport.ThrottledError
		if !errors.As(err, &throttled) || s.script.attempts() != 1 {
			t.Errorf("err = %v after %d attempts", err, s.script.attempts())
		}
	})
}

func TestAnEndpointThatCannotBeReachedIsToldWithinSeconds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSetup(t, reply{err: errDial})
		_, err := s.do(t.Context(), http.MethodGet, endpoint+"/v1.0/x", "", nil)
		if !errors.Is(err, errDial.Err) || s.script.attempts() != 5 || time.Since(s.script.started) > 10*time.Second {
			t.Errorf("%v, %d attempts in %v", err, s.script.attempts(), time.Since(s.script.started))
		}
	})
}
