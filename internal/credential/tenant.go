package credential

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/google/uuid"
	"golang.org/x/sync/singleflight"
)

// resolveTimeout bounds the resolution, retries included: it runs on no caller's context.
const resolveTimeout = 2 * time.Minute

// ResolveTenant makes a function that gives the GUID of the tenant that c.TenantID, a domain, belongs to. The authority
// is asked once for all callers, without credentials, through the tenant's OpenID Connect metadata. Failures are an
// *Error, or the context's error for a caller that gave up, and are not kept.
func ResolveTenant(c Config) func(context.Context) (string, error) {
	var (
		pipeline = newPipeline(c)
		flight   singleflight.Group
		known    string // touched inside the flight alone: its turns are ordered
	)
	resolve := func(ctx context.Context) (any, error) {
		if known != "" {
			return known, nil
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), resolveTimeout)
		defer cancel()
		ctx, seen := observe(ctx)
		id, err := askTenant(ctx, c, pipeline)
		if err != nil {
			return "", c.explain(ctx, seen, err)
		}
		known = id
		return known, nil
	}
	return func(ctx context.Context) (string, error) {
		if err := ctx.Err(); err != nil {
			return "", err
		}
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case r := <-flight.DoChan("", func() (any, error) { return resolve(ctx) }):
			id, _ := r.Val.(string)
			return id, r.Err
		}
	}
}

// askTenant reads the tenant from the issuer, "https://<authority>/<tenant GUID>/v2.0".
func askTenant(ctx context.Context, c Config, p runtime.Pipeline) (string, error) {
	endpoint := runtime.JoinPaths(c.AuthorityHost, url.PathEscape(c.TenantID), "v2.0/.well-known/openid-configuration")
	req, err := runtime.NewRequest(ctx, http.MethodGet, endpoint)
	if err != nil {
		return "", err
	}
	var metadata struct {
		Issuer string `json:"issuer"`
	}
	if err := getJSON(p, req, &metadata); err != nil {
		return "", err
	}
	issuer, err := url.Parse(metadata.Issuer)
	if err != nil {
		return "", err
	}
	first, _, _ := strings.Cut(strings.TrimPrefix(issuer.Path, "/"), "/")
	id, err := uuid.Parse(first)
	if err != nil {
		return "", errors.New("the issuer in the tenant's OpenID Connect metadata names no tenant id")
	}
	return id.String(), nil
}
