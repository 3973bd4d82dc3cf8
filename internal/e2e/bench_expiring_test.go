package e2e_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/acctest"
	"github.com/appreg/terraform-provider-appreg/internal/emulator"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

const report = `
data "appreg_expiring_credentials" "soon" {
  within_days     = 30
  include_expired = false
}

output "expiring" {
  value = length(data.appreg_expiring_credentials.soon.credentials)
}
`

// BenchmarkExpiring is a plan with the expiry report of a tenant with 5,000 applications of two secrets each, of which
// every nth holds one that expires soon.
func BenchmarkExpiring(b *testing.B) {
	const applications = 5000
	for _, nth := range []int{5000, 100, 10} {
		b.Run(fmt.Sprintf("applications=%d/expiring=%d", applications, applications/nth), func(b *testing.B) {
			for b.Loop() {
				x := acctest.Calm(b, emulator.WithLatency(50*time.Millisecond))
				for i := range applications {
					ends := []time.Time{x.Clock.Now().AddDate(1, 0, 0), x.Clock.Now().AddDate(2, 0, 0)}
					if i%nth == 0 {
						ends[0] = x.Clock.Now().AddDate(0, 0, 7)
					}
					crowd(b, x, i, ends)
				}
				w := x.Workspace(b, report)
				w.Mirror = mirror
				w.Init(b)
				peak := watchMemory(b)
				measure(b, x, w, []string{"plan"})
				b.ReportMetric(float64(peak())/1024, "provider-MB")
			}
		})
	}
}

// crowd adds an application whose secrets have these ends.
func crowd(b *testing.B, x *acctest.Tenant, i int, ends []time.Time) {
	b.Helper()
	secrets := make([]any, len(ends))
	for j, end := range ends {
		secrets[j] = tenant.Doc{"keyId": fmt.Sprintf("10000000-0000-4000-8000-%06d%06d", i, j), "displayName": "terraform", "hint": "abc",
			"startDateTime": end.AddDate(-2, 0, 0), "endDateTime": end}
	}
	owner := x.Objects(tenant.User)[0].String("id")
	if _, err := x.Emulator.Create(tenant.Application, tenant.Doc{"displayName": fmt.Sprintf("Product %d", i), "passwordCredentials": secrets, "owners": []any{owner}}); err != nil {
		b.Fatal(err)
	}
}
