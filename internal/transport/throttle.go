package transport

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// ThrottledError says that the service asked to wait for longer than the caller's deadline allows.
type ThrottledError struct {
	Wait   time.Duration
	Reason string
}

// Error implements error.
func (e *ThrottledError) Error() string {
	return fmt.Sprintf("%s: to be asked again in %v, which is longer than the timeout allows", e.Reason, e.Wait.Round(time.Second))
}

// Window is the time in which nobody sends. Requests made while throttled count against the limit too, so one refusal
// holds back every request of the process.
type Window struct {
	mu      sync.Mutex
	until   time.Time
	reason  string
	refused bool // by the last answer, because of the number of requests
}

func (w *Window) extend(d time.Duration, v verdict, service string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if until := time.Now().Add(d); until.After(w.until) {
		w.until = until
		w.reason = service + " " + cmp.Or(v.reason, "is not available")
	}
	w.refused = v.throttled
}

// answered notes an answer that was no refusal.
func (w *Window) answered() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.refused = false
}

// Throttled tells whether the service refuses requests: its last answer was a refusal, whether or not the wait is over.
func (w *Window) Throttled() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.refused
}

// Remaining is how long nobody sends from now on, and why; zero or less means that everybody may.
func (w *Window) Remaining() (left time.Duration, reason string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Until(w.until), w.reason
}

// wait returns when the window has passed; others may have extended it meanwhile. Those who waited set out over a tenth
// of the wait rather than all at once.
func (w *Window) wait(ctx context.Context, log *slog.Logger) error {
	for {
		left, reason := w.Remaining()
		if left <= 0 {
			return nil
		}
		if !fits(ctx, left) {
			return &ThrottledError{Wait: left, Reason: reason}
		}
		spread := rand.N(left/10 + 1) //nolint:gosec // Nothing secret depends on when an attempt is made.
		if !fits(ctx, left+spread) {
			spread = 0
		}
		if err := pause(ctx, log, left+spread, reason); err != nil {
			return err
		}
	}
}

// absurd is a wait that no server means: thirty years.
const absurd = 1e9 * time.Second

// retryAfter reads the header of that name: whole or decimal seconds, or a date, which is the server's and therefore
// compared with the server's own clock.
func retryAfter(resp *http.Response) (wait time.Duration, ok bool) {
	if resp == nil {
		return 0, false
	}
	text := strings.TrimSpace(resp.Header.Get("Retry-After"))
	if text == "" {
		return 0, false
	}
	if seconds, err := strconv.ParseFloat(text, 64); err == nil {
		// The comparison also rejects NaN, and what would overflow a Duration.
		if !(seconds >= 0 && seconds < absurd.Seconds()) {
			return 0, false
		}
		return time.Duration(seconds * float64(time.Second)), true
	}
	date, err := http.ParseTime(text)
	if err != nil {
		return 0, false
	}
	server := time.Now()
	if stamp, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		server = stamp
	}
	wait = max(date.Sub(server), 0)
	if wait >= absurd {
		return 0, false
	}
	return wait, true
}
