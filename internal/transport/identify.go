package transport

import (
	"net/http"

	"github.com/google/uuid"
)

// identify says who asks, and names the attempt so that Graph's own logs can be searched for it.
type identify struct {
	next      http.RoundTripper
	userAgent string
}

// RoundTrip implements http.RoundTripper.
func (i *identify) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.Header.Set("User-Agent", i.userAgent)
	req.Header.Set("client-request-id", uuid.NewString())
	return i.next.RoundTrip(req)
}
