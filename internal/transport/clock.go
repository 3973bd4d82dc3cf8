package transport

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

const (
	// smallSkew is how far a reply's Date may be from our clock without meaning anything: it is in whole seconds, and
	// the reply was under way.
	smallSkew = 10 * time.Second
	// largeSkew is the difference from which on other things than ours begin to fail, so that it is worth a warning.
	largeSkew = 5 * time.Minute
)

// Clock is the time as Graph sees it, by which the age of its objects is judged and the validity of a secret begins. It
// is this machine's until a reply tells that this one is wrong.
type Clock struct {
	now func() time.Time

	mu     sync.Mutex
	ahead  time.Duration // of Graph, to this machine
	warned bool
}

// NewClock makes a Clock that begins as this machine's.
func NewClock(now func() time.Time) *Clock { return &Clock{now: now} }

// Now is Graph's time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now().Add(c.ahead)
}

// learn takes the Date of a reply of Graph.
func (c *Clock) learn(ctx context.Context, h http.Header, log *slog.Logger) {
	date, err := http.ParseTime(h.Get("Date"))
	if err != nil || RequestID(h) == "" {
		return // a proxy's clock is nobody's business
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead = date.Sub(c.now())
	if c.ahead.Abs() < smallSkew {
		c.ahead = 0
	}
	if c.ahead.Abs() > largeSkew && !c.warned {
		c.warned = true
		log.LogAttrs(ctx, slog.LevelWarn, "The clock of this machine is not Microsoft Graph's",
			slog.Duration("graph_ahead", c.ahead.Round(time.Second)), slog.String("advice", "set this machine's clock"))
	}
}
