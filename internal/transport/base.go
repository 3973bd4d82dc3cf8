package transport

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"
)

// Base makes the transport of production: TLS 1.2 or newer, HTTP/2, connections kept for reuse, the proxy from the
// environment, and the roots of the operating system plus those of each PEM bundle. Verification can't be turned off.
func Base(caPEM ...[]byte) (*http.Transport, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if len(caPEM) > 0 {
		roots, err := x509.SystemCertPool()
		if err != nil {
			return nil, fmt.Errorf("loading the system's certificates: %w", err)
		}
		for _, pem := range caPEM {
			if !roots.AppendCertsFromPEM(pem) {
				return nil, errors.New("no PEM certificate found in the CA bundle")
			}
		}
		config.RootCAs = roots
	}
	defaults, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return nil, errors.New("net/http's default transport was replaced by another type")
	}
	base := defaults.Clone()
	base.TLSClientConfig = config
	base.ForceAttemptHTTP2 = true
	base.MaxIdleConnsPerHost = 20
	base.ResponseHeaderTimeout = 2 * time.Minute
	// Left alone, a proxy that refuses the tunnel looks like a lost reply, although nothing was sent.
	base.OnProxyConnectResponse = func(_ context.Context, _ *url.URL, _ *http.Request, resp *http.Response) error {
		if resp.StatusCode == http.StatusOK {
			return nil
		}
		return &net.OpError{Op: "proxyconnect", Net: "tcp", Err: fmt.Errorf("the proxy answered %s", resp.Status)}
	}
	return base, nil
}
