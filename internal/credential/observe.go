package credential

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

const (
	// maxErrorBody is how much of a refusal is read, in bytes.
	maxErrorBody = 64 << 10
	// maxBody is how long any other reply may be, in bytes: keys and metadata take some kilobytes.
	maxBody = 4 << 20
)

var errTooLong = errors.New("the reply is too long")

// observation is what the transport saw last during one sign-in. azidentity flattens the causes of its failures into
// text; this keeps them apart, so that nothing has to be judged by text.
type observation struct {
	scopes   []string // what the token is asked for
	endpoint string   // scheme and host of the last request
	err      error    // why there was no reply
	status   int      // of the reply, 0 when there was none
	refusal  refusal  // the reply's body, where it is the identity platform's
	cause    *Error   // why there was no assertion to sign in with
	// tokenSent is true once a token request was answered with success: what follows may quote the token.
	tokenSent bool
}

// refusal is the identity platform's error body.
type refusal struct {
	Error         string `json:"error"`
	Description   string `json:"error_description"`
	Codes         []int  `json:"error_codes"`
	TraceID       string `json:"trace_id"`
	CorrelationID string `json:"correlation_id"`
}

type observationKey struct{}

func observe(ctx context.Context) (context.Context, *observation) {
	o := &observation{}
	return context.WithValue(ctx, observationKey{}, o), o
}

func observing(ctx context.Context) *observation {
	if o, ok := ctx.Value(observationKey{}).(*observation); ok {
		return o
	}
	return &observation{}
}

func (o *observation) failed(req *http.Request, err error) {
	o.endpoint, o.err, o.status, o.refusal = origin(req), err, 0, refusal{}
}

func (o *observation) answered(req *http.Request, status int, r refusal) {
	o.endpoint, o.err, o.status, o.refusal = origin(req), nil, status, r
	if req.Method == http.MethodPost && status < http.StatusMultipleChoices {
		o.tokenSent = true
	}
}

func origin(req *http.Request) string { return req.URL.Scheme + "://" + req.URL.Host }

// observed makes the client of azcore's pipelines. A redirect is an answer like any other: following one could carry a
// secret to another origin.
func observed(base http.RoundTripper) policy.Transporter {
	return &http.Client{
		Transport:     observer{base},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

type observer struct{ base http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (t observer) RoundTrip(req *http.Request) (*http.Response, error) {
	seen := observing(req.Context())
	resp, err := t.base.RoundTrip(req)
	if err != nil {
		seen.failed(req, err)
		if hopeless(err) {
			err = permanentError{err}
		}
		return nil, err
	}
	if resp.StatusCode < http.StatusMultipleChoices {
		seen.answered(req, resp.StatusCode, refusal{})
		resp.Body = &limited{ReadCloser: resp.Body, left: maxBody}
		return resp, nil
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
	if closeErr := resp.Body.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		seen.failed(req, err)
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	resp.ContentLength = int64(len(body))
	var r refusal
	if json.Unmarshal(body, &r) != nil {
		r = refusal{} // not the identity platform's words: only the status counts
	}
	seen.answered(req, resp.StatusCode, r)
	return resp, nil
}

// limited is a body that fails when it is longer than what is left; those who read it read to its end.
type limited struct {
	io.ReadCloser
	left int
}

// Read implements io.Reader.
func (l *limited) Read(p []byte) (int, error) {
	n, err := l.ReadCloser.Read(p)
	if l.left -= n; l.left < 0 {
		return 0, errTooLong
	}
	return n, err
}

// hopeless reports whether asking again can't help: an untrusted certificate, or a name that doesn't exist.
func hopeless(err error) bool {
	var dns *net.DNSError
	return untrusted(err) || errors.As(err, &dns) && dns.IsNotFound
}

func untrusted(err error) bool {
	var verification *tls.CertificateVerificationError
	return errors.As(err, &verification)
}

// permanentError tells azcore's retry policy to give up at once.
type permanentError struct{ error }

// NonRetriable is the marker that azcore looks for.
func (permanentError) NonRetriable() {}

func (e permanentError) Unwrap() error { return e.error }
