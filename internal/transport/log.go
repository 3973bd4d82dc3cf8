package transport

import (
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// logger writes one line per attempt, and one when the clocks disagree. What it does not write can't leak: no bodies, no
// headers but the ids, and of the query the names only, because filters hold names of people and things.
type logger struct {
	next    http.RoundTripper
	log     *slog.Logger
	service string
	clock   *Clock
}

// RoundTrip implements http.RoundTripper.
func (l *logger) RoundTrip(req *http.Request) (*http.Response, error) {
	start := time.Now()
	resp, err := l.next.RoundTrip(req)
	attrs := []slog.Attr{
		slog.String("method", req.Method),
		slog.String("path", pathOf(req.URL)),
		slog.Duration("duration", time.Since(start)),
		slog.String("client_request_id", req.Header.Get("client-request-id")),
	}
	if err != nil {
		attrs = append(attrs, slog.String("error", err.Error()))
	} else {
		attrs = append(attrs, slog.Int("status", resp.StatusCode), slog.String("request_id", RequestID(resp.Header)))
	}
	l.log.LogAttrs(req.Context(), slog.LevelDebug, l.service+" request", attrs...)
	if err == nil && l.clock != nil {
		l.clock.learn(req.Context(), resp.Header, l.log)
	}
	return resp, err
}

// pathOf is the path and the names of the query parameters.
func pathOf(u *url.URL) string {
	query := u.Query()
	if len(query) == 0 {
		return u.Path
	}
	names := make([]string, 0, len(query))
	for name := range query {
		names = append(names, name)
	}
	slices.Sort(names)
	return u.Path + "?" + strings.Join(names, "&")
}
