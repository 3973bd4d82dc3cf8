package credential

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func resolver(t *testing.T, a *authority, domain string) func(context.Context) (string, error) {
	t.Helper()
	c := config(a)
	c.TenantID = domain
	return ResolveTenant(c)
}

func TestDomainIsResolvedOnce(t *testing.T) {
	t.Parallel()
	a := newAuthority()
	resolve := resolver(t, a, "contoso.test")
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			if id, err := resolve(t.Context()); err != nil || id != testTenant {
				t.Errorf("got %q, %v", id, err)
			}
		})
	}
	wg.Wait()
	if len(a.others) != 1 {
		t.Errorf("the metadata was asked for %d times", len(a.others))
	}
}

func TestFailureToResolveIsToldAndNotKept(t *testing.T) {
	t.Parallel()
	a := newAuthority()
	resolve := resolver(t, a, "later.test")
	_, err := resolve(t.Context())
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v", err)
	}
	wants(t, e, KindRefused, "Tenant later.test does not exist", "AADSTS90002")
	a.tenants["later.test"] = testTenant
	if id, err := resolve(t.Context()); err != nil || id != testTenant {
		t.Errorf("got %q, %v", id, err)
	}
}

func TestMetadataWithoutTenantID(t *testing.T) {
	t.Parallel()
	a := newAuthority()
	a.tenants["odd.test"] = "not-a-guid"
	_, err := resolver(t, a, "odd.test")(t.Context())
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v", err)
	}
	wants(t, e, KindUnreachable, "names no tenant id")
}

func TestResolvingLeavesACancelledCaller(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := config(roundTripper(func(req *http.Request) (*http.Response, error) {
			<-req.Context().Done()
			return nil, req.Context().Err()
		}))
		c.TenantID = "contoso.test"
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		if _, err := ResolveTenant(c)(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second {
			t.Errorf("after %s: %v", time.Since(start), err)
		}
		time.Sleep(resolveTimeout) // the bubble fails if the request outlives its own bound
	})
}
