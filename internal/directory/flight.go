package directory

import (
	"context"
	"errors"
	"sync"
	"time"
)

// sharedTimeout bounds work that callers share, which therefore runs on no caller's context.
const sharedTimeout = 5 * time.Minute

// flights lets concurrent callers with the same key share one run of work. Each of them may leave alone, at the end of
// its own context; when the last one has left, the work is cancelled. (golang.org/x/sync/singleflight does the first
// and not the second: after an interruption its work would go on for nobody.)
type flights struct {
	mu      sync.Mutex
	running map[string]*flight
}

type flight struct {
	begun   time.Time
	waiters int
	cancel  context.CancelFunc
	done    chan struct{} // closed when value and err are there
	value   any
	err     error
}

// share joins the run for key that set out at most maxAge ago, or starts one; begun is when it set out. The result is
// shared too: callers must not write to it.
func share[T any](ctx context.Context, f *flights, key string, maxAge time.Duration, work func(context.Context) (*T, error)) (v *T, begun time.Time, err error) {
	if err := ctx.Err(); err != nil {
		return nil, time.Now(), err
	}
	shared := f.join(ctx, key, maxAge, func(ctx context.Context) (any, error) { return work(ctx) })
	defer f.leave(key, shared)
	select {
	case <-ctx.Done():
		return nil, shared.begun, ctx.Err()
	case <-shared.done:
	}
	value, ok := shared.value.(*T)
	if shared.err == nil && !ok {
		return nil, shared.begun, errors.New("shared work ended without a result")
	}
	return value, shared.begun, shared.err
}

func (f *flights) join(ctx context.Context, key string, maxAge time.Duration, work func(context.Context) (any, error)) *flight {
	f.mu.Lock()
	defer f.mu.Unlock()
	if shared := f.running[key]; shared != nil && recently(shared.begun, maxAge) {
		shared.waiters++
		return shared
	}
	if f.running == nil {
		f.running = make(map[string]*flight)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), sharedTimeout)
	shared := &flight{begun: time.Now(), waiters: 1, cancel: cancel, done: make(chan struct{})}
	f.running[key] = shared
	go func() {
		defer cancel()
		shared.value, shared.err = work(ctx)
		f.forget(key, shared)
		close(shared.done)
	}()
	return shared
}

// leave takes one waiter away; without waiters the work ends, and nobody joins it any more.
func (f *flights) leave(key string, shared *flight) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if shared.waiters--; shared.waiters == 0 {
		f.forgetLocked(key, shared)
		shared.cancel()
	}
}

func (f *flights) forget(key string, shared *flight) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.forgetLocked(key, shared)
}

func (f *flights) forgetLocked(key string, shared *flight) {
	if f.running[key] == shared {
		delete(f.running, key)
	}
}
