package directory

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/settle"
)

// longWait is the wait from which on a user wants to know why nothing happens.
const longWait = 3 * time.Second

// wait says what a wait is for, in errors and in the log.
type wait struct {
	op              operation
	object, awaited string
}

// await is settle.Until with the failures of this package: an error that ended the wait as it is, and the end of the
// wait itself as KindCanceled or KindUnsettled. What was last seen comes back beside the error. A long wait is logged.
func await[T any](ctx context.Context, c *Client, w wait, read func(context.Context) (T, error), done func(T, error) bool) (T, error) {
	told := time.AfterFunc(longWait, func() {
		c.log.LogAttrs(ctx, slog.LevelInfo, "Waiting",
			slog.String("reason", "for "+w.awaited), slog.String("operation", w.op.name), slog.String("object", w.object))
	})
	defer told.Stop()
	v, err := settle.Until(ctx, read, done)
	var timeout *settle.TimeoutError
	if !errors.As(err, &timeout) {
		return v, c.fail(w.op, w.object, err)
	}
	kind := KindUnsettled
	if errors.Is(timeout.Cause, context.Canceled) {
		kind = KindCanceled
	}
	return v, &Error{
		Kind: kind, Op: w.op.name, Object: w.object, Endpoint: c.endpoint, RequestID: errorOf(timeout.Last).RequestID,
		Waited: "waiting for " + w.awaited, Err: err,
	}
}

// lookFor is await for at most d, in afterwards' sense. It goes on for another d when Graph wanted to be left alone all
// the while, so that nothing was seen that could count.
func lookFor[T any](ctx context.Context, c *Client, d time.Duration, w wait, read func(context.Context) (T, error), done func(T, error) bool) (T, error) {
	seen := false
	watched := func(ctx context.Context) (T, error) {
		v, err := read(ctx)
		seen = seen || err == nil || KindOf(err) == KindNotFound
		return v, err
	}
	for {
		look, cancel := c.afterwards(ctx, d)
		v, err := await(look, c, w, watched, done)
		cancel()
		if left, _ := c.window.Remaining(); seen || left <= 0 || KindOf(err) != KindUnsettled || ctx.Err() != nil {
			return v, err
		}
	}
}

// refused is for a write that was sent again until the wait ran out, so that nothing was written: what Graph last said
// to it, where that is known.
func refused(err error) error {
	var timeout *settle.TimeoutError
	if KindOf(err) == KindUnsettled && errors.As(err, &timeout) && timeout.Last != nil {
		return timeout.Last
	}
	return err
}
