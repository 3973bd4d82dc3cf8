package directory

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/singleflight"
)

// sharedTimeout bounds work that callers share, which therefore runs on no caller's context.
const sharedTimeout = 5 * time.Minute

// share lets concurrent callers with the same key share one run of work. Each of them may leave alone, at the end of
// its own ctx. The result is shared too: callers must not write to it.
func share[T any](ctx context.Context, group *singleflight.Group, key string, work func(context.Context) (*T, error)) (*T, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	flight := group.DoChan(key, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), sharedTimeout)
		defer cancel()
		return work(ctx)
	})
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case r := <-flight:
		v, ok := r.Val.(*T)
		if r.Err == nil && !ok {
			return nil, errors.New("a shared request ended without a result")
		}
		return v, r.Err
	}
}
