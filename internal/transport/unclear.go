package transport

import (
	"context"
	"sync/atomic"
)

// Unclear tells, after a request, that an attempt of it ended without telling whether it was applied, so that what
// the next attempt was answered has to be read with care: a 404 can mean that the first one has deleted.
type Unclear struct{ yes atomic.Bool }

// Yes tells whether there was such an attempt.
func (u *Unclear) Yes() bool { return u.yes.Load() }

type unclearKey struct{}

// WithUnclear gives a context whose requests note in the Unclear when an attempt was unclear.
func WithUnclear(ctx context.Context) (context.Context, *Unclear) {
	u := &Unclear{}
	return context.WithValue(ctx, unclearKey{}, u), u
}

func noteUnclear(ctx context.Context) {
	if u, ok := ctx.Value(unclearKey{}).(*Unclear); ok {
		u.yes.Store(true)
	}
}
