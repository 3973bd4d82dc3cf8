// Package settle waits for a directory that lags: it polls until a predicate holds.
package settle

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"
)

const (
	firstPause = 100 * time.Millisecond
	maxPause   = 3 * time.Second
)

// TimeoutError says that the context ended before the predicate held.
type TimeoutError struct {
	Tries int   // completed tries
	Last  error // what the last completed try failed with; nil when it succeeded with a value that would not do
	Cause error // why the context ended
}

// Error implements error.
func (e *TimeoutError) Error() string {
	if e.Last != nil {
		return fmt.Sprintf("gave up after %d tries: %v (last seen: %v)", e.Tries, e.Cause, e.Last)
	}
	return fmt.Sprintf("gave up after %d tries: %v", e.Tries, e.Cause)
}

// Unwrap gives both why the wait ended and what was last seen.
func (e *TimeoutError) Unwrap() []error {
	if e.Last == nil {
		return []error{e.Cause}
	}
	return []error{e.Cause, e.Last}
}

// Until reads at once and then with growing, jittered pauses (from about 100 ms to 3 s) until done says that what was
// read will do, and returns that. done judges the error too: an error that it accepts ends the wait and is returned.
// When ctx ends first, Until returns the value last seen, beside a *TimeoutError.
func Until[T any](ctx context.Context, read func(context.Context) (T, error), done func(T, error) bool) (T, error) {
	var last T
	var lastErr error
	pause := firstPause
	for tries := 0; ; tries++ {
		v, err := read(ctx)
		if done(v, err) {
			return v, err
		}
		// A try that the end of ctx cut short saw nothing: what was seen before it stands.
		if ctx.Err() != nil && err != nil {
			return last, &TimeoutError{Tries: tries, Last: lastErr, Cause: context.Cause(ctx)}
		}
		last, lastErr = v, err
		if Sleep(ctx, jitter(pause)) != nil {
			return last, &TimeoutError{Tries: tries + 1, Last: lastErr, Cause: context.Cause(ctx)}
		}
		pause = min(pause*2, maxPause)
	}
}

// Sleep waits for d, or until ctx ends, whose error it then returns.
func Sleep(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// jitter spreads d over its upper half, so that callers that started together do not stay together.
func jitter(d time.Duration) time.Duration {
	return d/2 + rand.N(d/2+1) //nolint:gosec // Nothing secret depends on when a try is made.
}
