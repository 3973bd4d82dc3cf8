package acctest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
)

// InProcess carries requests to a handler without a network, so that client and server can run in virtual time: in a
// bubble of testing/synctest a socket would count as activity of the outside world, and time would stand still.
type InProcess struct{ Handler http.Handler }

// RoundTrip implements http.RoundTripper. The handler goes on when the client leaves, as a server does. A handler that
// panics with http.ErrAbortHandler drops the connection.
func (p InProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		raw, err := io.ReadAll(r.Body)
		if err = errors.Join(err, r.Body.Close()); err != nil {
			return nil, err
		}
		body = raw
	}
	in := httptest.NewRequestWithContext(context.WithoutCancel(r.Context()), r.Method, r.URL.String(), bytes.NewReader(body))
	in.Header = r.Header.Clone()
	type outcome struct {
		resp *http.Response
		err  error
	}
	done := make(chan outcome, 1)
	go func() {
		resp, err := p.serve(in) //nolint:bodyclose // The caller of RoundTrip closes it.
		done <- outcome{resp, err}
	}()
	select {
	case <-r.Context().Done():
		return nil, r.Context().Err()
	case o := <-done:
		return o.resp, o.err
	}
}

func (p InProcess) serve(r *http.Request) (resp *http.Response, err error) {
	defer func() {
		if v := recover(); v != nil {
			if aborted, ok := v.(error); !ok || !errors.Is(aborted, http.ErrAbortHandler) {
				panic(v)
			}
			err = io.ErrUnexpectedEOF
		}
	}()
	w := httptest.NewRecorder()
	p.Handler.ServeHTTP(w, r)
	return w.Result(), nil
}
