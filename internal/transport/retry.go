package transport

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"time"
)

const (
	firstBackoff = 200 * time.Millisecond
	maxBackoff   = 10 * time.Second
	// maxLost is how often in a row a request that got no reply is sent: an endpoint that can't be reached is to be
	// reported within seconds.
	maxLost = 5
	// maxFailed is how often a request is sent that fails in passing, one way or another: about a minute.
	maxFailed = 12
	// longWait is the wait from which on a user wants to know why nothing happens.
	longWait = 3 * time.Second
)

// retry repeats what is safe to repeat, judged by status and method:
//
//	429, and a 503 that names throttling     any method: refused before anything was done; Retry-After is honoured
//	409 of concurrent writes                 any method: refused likewise
//	no connection                            any method: nothing was sent
//	408, 500, 502, 503, 504, a lost reply,   only what may be applied twice; a create is an *AmbiguousError instead,
//	a success that is not one of Graph       which the caller resolves by looking for what it may have made
//
// Everything else is delivered as it came. A 429, and a 503 that says how long, hold back every request of the process.
// All waits end with the request's context.
type retry struct {
	next   http.RoundTripper
	log    *slog.Logger
	window *Window
	// service is who answers, for messages.
	service string
}

// verdict is what follows from one attempt.
type verdict struct {
	again     bool
	ambiguous bool
	unclear   bool   // the attempt may have been applied
	throttled bool   // Graph refuses because of the number of requests
	lost      bool   // nothing of Graph came back
	reason    string // what the service does, as in: Microsoft Graph throttles
}

// RoundTrip implements http.RoundTripper.
func (r *retry) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	body, err := takeBody(req)
	if err != nil {
		return nil, err
	}
	failed, lost := 0, 0 // in all but for throttling, and in a row
	for attempt := 1; ; attempt++ {
		if err := r.window.wait(ctx, r.log); err != nil {
			return nil, err
		}
		resp, err := r.next.RoundTrip(withBody(req, body))
		v := judge(req, resp, err)
		wait, told := retryAfter(resp)
		if !told {
			wait = backoff(attempt)
		}
		everybody := v.throttled || told && resp.StatusCode == http.StatusServiceUnavailable
		if resp != nil && !v.throttled {
			r.window.answered()
		}
		if everybody {
			r.window.extend(wait, v, r.service)
		}
		if v.ambiguous {
			return nil, r.ambiguous(req, resp, err)
		}
		if v.unclear {
			noteUnclear(ctx)
		}
		if !v.throttled { // how long to bear with throttling is for the context to say
			failed++
		}
		if lost++; !v.lost {
			lost = 0
		}
		if !v.again || ctx.Err() != nil || lost >= maxLost || failed >= maxFailed || !fits(ctx, wait) {
			return r.deliver(req, resp, err)
		}
		if everybody {
			continue // the window above is waited for
		}
		if err := pause(ctx, r.log, wait, r.service+" "+v.reason); err != nil {
			return nil, err
		}
	}
}

// judge decides by status and method.
func judge(req *http.Request, resp *http.Response, err error) verdict {
	if err != nil {
		return judgeError(req, err)
	}
	switch status := resp.StatusCode; {
	case status == http.StatusTooManyRequests:
		return verdict{again: true, throttled: true, reason: "throttles"}
	case status == http.StatusConflict:
		switch errorCode(resp) {
		case "Directory_ConcurrencyViolation", "Error_MsaAppDoesNotExist":
			return verdict{again: true, reason: "asks to try again after concurrent writes"}
		}
	case status == http.StatusServiceUnavailable:
		switch errorCode(resp) {
		case "Request_ThrottledTemporarily", "TooManyRequests":
			return verdict{again: true, throttled: true, reason: "throttles"}
		}
		return judgeUnclear(req, fmt.Sprintf("answered %d", status))
	case status == http.StatusRequestTimeout, status == http.StatusInternalServerError, status == http.StatusBadGateway, status == http.StatusGatewayTimeout:
		return judgeUnclear(req, fmt.Sprintf("answered %d", status))
	case status < http.StatusMultipleChoices && flaw(req, resp) != "":
		v := judgeUnclear(req, "did not answer: something else did")
		v.lost = true
		return v
	}
	return verdict{}
}

func judgeUnclear(req *http.Request, reason string) verdict {
	if !repeatable(req) {
		return verdict{ambiguous: true}
	}
	return verdict{again: true, unclear: true, reason: reason}
}

func judgeError(req *http.Request, err error) verdict {
	var unsent unsentError
	var certificate *tls.CertificateVerificationError
	var noTLS tls.RecordHeaderError
	var dns *net.DNSError
	var op *net.OpError
	var overlong *UnexpectedReplyError
	switch {
	case errors.As(err, &unsent), errors.As(err, &certificate), errors.As(err, &noTLS):
		return verdict{}
	case errors.As(err, &dns), errors.As(err, &op) && (op.Op == "dial" || op.Op == "proxyconnect"):
		return verdict{again: true, lost: true, reason: "can't be reached"}
	case !repeatable(req):
		return verdict{ambiguous: true}
	case errors.As(err, &overlong):
		return verdict{unclear: true}
	}
	return verdict{again: true, unclear: true, lost: true, reason: "sent a reply that was lost"}
}

// repeatable tells whether applying the request twice is the same as applying it once. An upsert is not: its second
// reply would say that somebody else made the object. Nor is a PUT: to a vault it adds a version.
func repeatable(req *http.Request) bool {
	if req.Method == http.MethodPost || req.Method == http.MethodPut {
		return false
	}
	return !strings.Contains(req.Header.Get("Prefer"), "create-if-missing")
}

func (r *retry) ambiguous(req *http.Request, resp *http.Response, err error) error {
	e := &AmbiguousError{Method: req.Method, Err: err}
	if resp != nil {
		e.Status, e.RequestID = resp.StatusCode, RequestID(resp.Header)
		if why := flaw(req, resp); why != "" {
			e.Err = unexpected(r.service, resp, why)
		}
	}
	return e
}

// deliver hands over the outcome. A reply that is not Graph's is an error: the JSON reader behind would forget its status.
func (r *retry) deliver(req *http.Request, resp *http.Response, err error) (*http.Response, error) {
	var unsent unsentError
	if errors.As(err, &unsent) {
		return nil, unsent.error
	}
	if err != nil {
		return nil, err
	}
	if why := flaw(req, resp); why != "" {
		return nil, unexpected(r.service, resp, why)
	}
	return resp, nil
}

// takeBody reads the request's body, which each attempt then sends anew.
func takeBody(req *http.Request) ([]byte, error) {
	if req.Body == nil || req.Body == http.NoBody {
		return nil, nil
	}
	body, err := io.ReadAll(req.Body)
	if closeErr := req.Body.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return nil, fmt.Errorf("reading the request's body: %w", err)
	}
	return body, nil
}

func withBody(req *http.Request, body []byte) *http.Request {
	req = req.Clone(req.Context())
	if body == nil {
		req.Body, req.GetBody, req.ContentLength = nil, nil, 0
		return req
	}
	req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	req.Body = io.NopCloser(bytes.NewReader(body))
	req.ContentLength = int64(len(body))
	return req
}

// backoff grows with the attempts and is jittered, so that requests that failed together do not return together.
func backoff(attempt int) time.Duration {
	d := maxBackoff
	if attempt < 8 {
		d = min(firstBackoff<<(attempt-1), maxBackoff)
	}
	return d/2 + rand.N(d/2+1) //nolint:gosec // Nothing secret depends on when an attempt is made.
}

// fits tells whether ctx leaves the time for a wait. When it does not, the failure at hand is told at once.
func fits(ctx context.Context, wait time.Duration) bool {
	deadline, ok := ctx.Deadline()
	return !ok || time.Until(deadline) > wait
}

// pause waits, and says so when it takes long.
func pause(ctx context.Context, log *slog.Logger, wait time.Duration, reason string) error {
	if wait > longWait {
		log.LogAttrs(ctx, slog.LevelInfo, "Waiting", slog.Duration("wait", wait), slog.String("reason", reason))
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
