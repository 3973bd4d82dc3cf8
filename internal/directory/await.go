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
	v, err := settle.Until(ctx, func(ctx context.Context) (T, error) {
		asked := time.Now()
		v, err := read(ctx)
		return v, askedAt(err, asked)
	}, done)
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

// lookFor is await for what a request without reply may have made. It looks until done, or until it could look for d: time
// in which nothing was seen, because Graph throttled or failed, doesn't count. Then it returns what it saw last. When the
// caller is gone already it has Bounds.Grace.
func lookFor[T any](ctx context.Context, c *Client, d time.Duration, w wait, read func(context.Context) (T, error), done func(T, error) bool) (T, error) {
	look, cancel := c.afterwards(ctx, c.bounds.Visible)
	defer cancel()
	s := search{enough: d}
	return await(look, c, w, read, func(v T, err error) bool { return done(v, err) || s.over(err) })
}

// search tells when something was looked for long enough.
type search struct {
	enough, looked time.Duration
	last           time.Time
}

// longestLook is more than the pause between two looks that nothing holds up.
const longestLook = 4 * time.Second

// over counts a look and tells whether it was the last one.
func (s *search) over(err error) bool {
	now := time.Now()
	saw := err == nil || KindOf(err) == KindNotFound
	if saw && !s.last.IsZero() {
		s.looked += min(now.Sub(s.last), longestLook)
	}
	s.last = now
	return saw && s.looked >= s.enough
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
