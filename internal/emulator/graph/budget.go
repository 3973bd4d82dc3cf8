package graph

import (
	"encoding/json"
	"maps"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// budget counts what callers use up of Graph's documented quotas, in fixed windows of time.
type budget struct {
	// scale is the share of each quota that is given; 0 gives no end of everything.
	scale float64

	mu      sync.Mutex
	windows map[string]*window // by scope and quota
}

// window is what is used until it ends.
type window struct {
	ends time.Time
	used int
}

// charge is what a request takes from one quota.
type charge struct {
	scope, quota string // as in the headers of a refusal
	units, limit int
	per          time.Duration
}

// The quotas as x-ms-throttle-information calls them.
const (
	resourceUnits = "ResourceUnitLimitExceeded"
	writes        = "WriteLimitExceeded"
)

// verdict is the outcome of taking charges.
type verdict struct {
	refused    bool
	charge     charge  // the one that decides
	share      float64 // of it that is used
	retryAfter time.Duration
}

// take counts charges. A refused request counts, too.
func (b *budget) take(now time.Time, charges []charge) verdict {
	var worst verdict
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range charges {
		key := c.scope + " " + c.quota + " " + c.per.String()
		w := b.windows[key]
		if w == nil || !now.Before(w.ends) {
			maps.DeleteFunc(b.windows, func(_ string, w *window) bool { return !now.Before(w.ends) })
			w = &window{ends: now.Add(c.per)}
			b.windows[key] = w
		}
		w.used += c.units
		limit := max(1, math.Floor(float64(c.limit)*b.scale))
		share, wait := float64(w.used)/limit, w.ends.Sub(now)
		// Of several that are exceeded the longest wait counts, otherwise the fullest.
		switch {
		case share > 1 && (!worst.refused || wait > worst.retryAfter), share <= 1 && !worst.refused && share > worst.share:
			worst = verdict{share > 1, c, share, wait}
		}
	}
	return worst
}

// costs are the resource units of the requests that don't cost one.
var costs = map[string]int{
	"GET /applications": 2, "GET /applications/{id}/extensionProperties": 2, "GET /oauth2PermissionGrants": 2,
	"GET /servicePrincipals/{id}/appRoleAssignments": 2, "POST /directoryObjects/getByIds": 5,
}

// units is what a request costs.
func (c *call) units(r *route) int {
	request := r.method + " " + keyedByID(r.pattern)
	cost, ok := costs[request]
	if !ok {
		cost = 1
	}
	if strings.HasSuffix(request, "/getByIds") {
		if len(c.query.Select) > 0 {
			cost = 2
		}
		return cost
	}
	const small = 20
	if len(c.query.Select) > 0 {
		cost--
	}
	if c.query.Expand != nil {
		cost++
	}
	if c.query.Top > 0 && c.query.Top < small {
		cost--
	}
	return max(1, cost)
}

// keyedByID writes a pattern with an alternate key as the one with the id.
func keyedByID(pattern string) string {
	before, rest, keyed := strings.Cut(pattern, "(")
	_, after, closed := strings.Cut(rest, ")")
	if !keyed || !closed {
		return pattern
	}
	return before + "/{id}" + after
}

// spend takes a request's cost from the budgets of its caller and puts it into the reply's headers. It refuses what is
// too much.
func (c *call) spend(r *route) error {
	if r.pattern == batchPath { // Each of its requests counts.
		return nil
	}
	units := c.units(r)
	c.header.Set("x-ms-resource-unit", strconv.Itoa(units))
	if c.budget.scale == 0 {
		return nil
	}
	verdict := c.budget.take(c.Cloud.Now(), c.charges(r, units))
	const told, most = 0.8, 1.8
	if verdict.share > told {
		c.header.Set("x-ms-throttle-limit-percentage", strconv.FormatFloat(min(verdict.share, most), 'f', 2, 64))
	}
	if !verdict.refused {
		return nil
	}
	c.header.Set("x-ms-throttle-scope", verdict.charge.scope)
	c.header.Set("x-ms-throttle-information", verdict.charge.quota)
	return Throttled(strconv.Itoa(int(math.Ceil(verdict.retryAfter.Seconds()))))
}

// charges follow the documentation's table of limits.
func (c *call) charges(r *route, units int) []charge {
	app, home := c.caller.ClientID, c.caller.TenantID
	both := "Tenant_Application/ReadWrite/" + app + "/" + home
	anywhere, everyone := "Application/ReadWrite/"+app, "Tenant/ReadWrite/"+home
	out := []charge{
		{both, resourceUnits, units, c.readQuota(), 10 * time.Second},
		{anywhere, resourceUnits, units, 150_000, 20 * time.Second},
	}
	if r.method == http.MethodGet || strings.HasSuffix(r.pattern, "/getByIds") {
		if slices.Contains(c.query.Select, "keyCredentials") {
			out = append(out, charge{everyone, resourceUnits, 1, 150, time.Minute})
		}
		return out
	}
	out = append(out, charge{both, writes, 1, 3_000, 150 * time.Second}, charge{anywhere, writes, 1, 35_000, 5 * time.Minute},
		charge{everyone, writes, 1, 18_000, 5 * time.Minute})
	switch {
	case !strings.HasPrefix(r.pattern, "/applications"):
	case c.writesPersonal():
		out = append(out, charge{both, writes, 1, 60, time.Minute})
	default:
		out = append(out, charge{anywhere, writes, 1, 70_000, 5 * time.Minute})
	}
	return out
}

// readQuota follows the size of the tenant.
func (c *call) readQuota() int {
	const small, medium = 50, 500
	switch people := c.Cloud.Latest().Count(tenant.Query{TenantID: c.caller.TenantID, Kind: tenant.User}); {
	case people < small:
		return 3_500
	case people <= medium:
		return 5_000
	default:
		return 8_000
	}
}

// writesPersonal tells whether a write is about an application for personal accounts.
func (c *call) writesPersonal() bool {
	var asked struct {
		SignInAudience string `json:"signInAudience"`
	}
	if json.Unmarshal(c.body, &asked) == nil && asked.SignInAudience != "" {
		return personal(tenant.Doc{"signInAudience": asked.SignInAudience})
	}
	if len(c.params) == 0 {
		return false
	}
	_, by, err := c.key()
	if err != nil {
		return false // The handler says what is wrong.
	}
	app, ok := c.Cloud.Latest().Lookup(c.caller.TenantID, tenant.Application, by)
	return ok && personal(app)
}
