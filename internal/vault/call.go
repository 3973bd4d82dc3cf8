package vault

import (
	"context"
	"net/http"
)

// call is one call of the SDK. The SDK forgets a reply when the caller has been cancelled meanwhile, although the reply
// says that a version was written. So the SDK never learns of the caller's end; the transport below it does, and obeys it
// in everything that wasn't sent yet.
type call struct {
	ctx    context.Context
	status int // of the last reply, 0 when there was none
}

type callKey struct{}

// newCall gives the context for the SDK.
func newCall(ctx context.Context) (context.Context, *call) {
	c := &call{ctx: ctx}
	return context.WithValue(context.WithoutCancel(ctx), callKey{}, c), c
}

// callOf finds the call that a context of the SDK belongs to.
func callOf(ctx context.Context) *call {
	if c, ok := ctx.Value(callKey{}).(*call); ok {
		return c
	}
	return &call{ctx: ctx}
}

// requester sends requests under the caller's own context.
type requester struct{ client *http.Client }

// Do implements policy.Transporter.
func (r requester) Do(req *http.Request) (*http.Response, error) {
	c := callOf(req.Context())
	c.status = 0
	resp, err := r.client.Do(req.WithContext(c.ctx)) //nolint:gosec,contextcheck // The client lets requests pass to the vault alone, and the context is the caller's own.
	if err == nil {
		c.status = resp.StatusCode
	}
	return resp, err
}
