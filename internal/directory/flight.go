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
	waiters int
	cancel  context.CancelFunc
	done    chan struct{} // closed when value and err are there
	value   any
	err     error
}

// share joins the run for key, or starts it. The result is shared too: callers must not write to it.
func share[T any](ctx context.Context, f *flights, key string, work func(context.Context) (*T, error)) (*T, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	shared := f.join(ctx, key, func(ctx context.Context) (any, error) { return work(ctx) })
	defer f.leave(key, shared)
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-shared.done:
	}
	value, ok := shared.value.(*T)
	if shared.err == nil && !ok {
		return nil, errors.New("shared work ended without a result")
	}
	return value, shared.err
}

func (f *flights) join(ctx context.Context, key string, work func(context.Context) (any, error)) *flight {
	f.mu.Lock()
	defer f.mu.Unlock()
	if shared := f.running[key]; shared != nil {
		shared.waiters++
		return shared
	}
	if f.running == nil {
		f.running = make(map[string]*flight)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), sharedTimeout)
	shared := &flight{waiters: 1, cancel: cancel, done: make(chan struct{})}
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
