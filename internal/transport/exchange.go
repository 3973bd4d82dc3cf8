package transport

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

const (
	// maxReply bounds a reply. A full page of 999 applications takes a few megabytes.
	maxReply = 64 << 20
	// maxExchange bounds an attempt, so that a reply that trickles in for ever counts as lost. Graph itself gives up
	// earlier.
	maxExchange = 2 * time.Minute
)

var errTooSlow = fmt.Errorf("no whole reply within %v", maxExchange)

// exchange performs one attempt as a whole: when it returns, the reply's body is in memory and the connection is free
// again, and a reply that broke off in the middle is an error like any other lost reply.
//
// A write that was handed to the network is not torn down with its caller: for up to grace after the caller's end it
// runs on to its reply, so that what it made can be recorded.
type exchange struct {
	next  http.RoundTripper
	grace time.Duration
	// service is who answers, for messages.
	service string
}

// RoundTrip implements http.RoundTripper.
func (e *exchange) RoundTrip(req *http.Request) (*http.Response, error) {
	caller := req.Context()
	if err := caller.Err(); err != nil {
		return nil, unsentError{err}
	}
	ctx := caller
	if !isRead(req.Method) {
		detached, cancel := context.WithCancelCause(context.WithoutCancel(caller))
		defer cancel(nil)
		stop := context.AfterFunc(caller, func() {
			// context.AfterFunc runs this on a goroutine of its own, so it may wait.
			timer := time.NewTimer(e.grace)
			defer timer.Stop()
			select {
			case <-timer.C:
				cancel(fmt.Errorf("no reply within %v after the end of the caller: %w", e.grace, context.Cause(caller)))
			case <-detached.Done():
			}
		})
		defer stop()
		ctx = detached
	}
	ctx, cancel := context.WithTimeoutCause(ctx, maxExchange, errTooSlow)
	defer cancel()
	resp, err := e.next.RoundTrip(req.WithContext(ctx))
	if err != nil {
		return nil, causeOf(ctx, err)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxReply+1))
	if closeErr := resp.Body.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return nil, causeOf(ctx, fmt.Errorf("reading the reply: %w", err))
	}
	if len(body) > maxReply {
		return nil, unexpected(e.service, resp, "it is too long")
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	resp.ContentLength = int64(len(body))
	return resp, nil
}

func isRead(method string) bool { return method == http.MethodGet || method == http.MethodHead }

// causeOf adds why ctx ended, where that is why err happened.
func causeOf(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil && !errors.Is(err, cause) {
		return errors.Join(cause, err)
	}
	return err
}
