// Package transport carries requests to Microsoft Graph and to Key Vault: who asks, with which token, how often, and what the log says.
//
// Each concern is one http.RoundTripper, assembled by New in this order, the outermost first:
//
//	retry      decides whether an attempt is repeated, so that everything below happens once per attempt
//	authorize  gives each attempt a token that is valid now, and refuses other origins before there is a token
//	identify   gives each attempt its own client-request-id, which the log line below can then show
//	log        writes one line per attempt, timed around the exchange alone
//	exchange   performs the attempt whole, reply body included, and lets a write that was sent reach its reply
//	base       net/http
package transport

import (
	"cmp"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"
)

// Options is what a client is assembled from.
type Options struct {
	// Endpoint is the only origin that is ever contacted: https, host and port, no path.
	Endpoint string
	// Service is what answers there, for messages; "" means Microsoft Graph.
	Service string
	// Tokens gives the bearer tokens; nil leaves them to the caller.
	Tokens *Tokens
	// Window holds requests back while the service throttles.
	Window *Window
	// Clock learns Graph's time from the replies; nil leaves it at that.
	Clock *Clock
	// Base performs the exchanges.
	Base http.RoundTripper
	// UserAgent is sent with each attempt.
	UserAgent string
	// Logger receives a line per attempt (debug) and per long wait (info).
	Logger *slog.Logger
	// Grace is how long a write that was sent may run on after its caller was cancelled.
	Grace time.Duration
}

// New assembles the client. It performs no I/O.
func New(o Options) (*http.Client, error) {
	endpoint, err := ParseOrigin(o.Endpoint)
	if err != nil {
		return nil, err
	}
	service := cmp.Or(o.Service, "Microsoft Graph")
	var rt http.RoundTripper = &exchange{next: o.Base, grace: o.Grace, service: service}
	rt = &logger{next: rt, log: o.Logger, service: service, clock: o.Clock}
	rt = &identify{next: rt, userAgent: o.UserAgent}
	rt = &authorize{next: rt, endpoint: endpoint, tokens: o.Tokens}
	rt = &retry{next: rt, log: o.Logger, window: o.Window, service: service}
	return &http.Client{Transport: rt, CheckRedirect: func(req *http.Request, via []*http.Request) error {
		if !sameOrigin(endpoint, req.URL) {
			return &ForeignOriginError{Origin: originOf(req.URL), Endpoint: originOf(endpoint)}
		}
		if len(via) >= 5 {
			return unexpected(service, req.Response, "it redirects again and again")
		}
		return nil
	}}, nil
}

// ParseOrigin parses an https origin without path, query or user.
func ParseOrigin(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("not an address: %w", err)
	}
	if u.Scheme != "https" || u.Host == "" || u.User != nil || (u.Path != "" && u.Path != "/") || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("%q is not an https origin such as https://graph.microsoft.com", text)
	}
	u.Path = ""
	return u, nil
}

// SameOrigin tells whether the absolute address link is on endpoint's origin.
func SameOrigin(endpoint, link string) bool {
	e, err := url.Parse(endpoint)
	if err != nil {
		return false
	}
	l, err := url.Parse(link)
	return err == nil && sameOrigin(e, l)
}

func sameOrigin(a, b *url.URL) bool { return originOf(a) == originOf(b) }

func originOf(u *url.URL) string {
	port := u.Port()
	if port == "" && u.Scheme == "https" {
		port = "443"
	}
	origin := url.URL{Scheme: lower(u.Scheme), Host: lower(u.Hostname())}
	if port == "443" && origin.Scheme == "https" {
		return origin.String()
	}
	origin.Host += ":" + port
	return origin.String()
}

// scope is the token scope of an endpoint: everything that was granted to the caller.
func scope(endpoint *url.URL) string { return originOf(endpoint) + "/.default" }

// OriginOf is the origin of an address, for messages; the address as it is when it can't be parsed.
func OriginOf(link string) string {
	u, err := url.Parse(link)
	if err != nil {
		return link
	}
	return originOf(u)
}
