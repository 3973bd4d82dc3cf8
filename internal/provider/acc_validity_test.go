package provider_test

import (
	"testing"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/acctest"
)

// A secret is valid for exactly the days that were asked for, so that a policy's limit can be used to its full; an end
// of one's own is kept to the second.
func TestAccSecretValidity(t *testing.T) {
	t.Parallel()
	end := time.Now().Add(100 * 24 * time.Hour).Truncate(time.Second)
	for name, c := range map[string]struct {
		arguments string
		days      int // 0 when it ends at end
	}{
		"default": {"", 180},
		"days":    {"validity_days = 90", 90},
		"end":     {`end_date = "` + end.In(time.FixedZone("", 3600)).Format(time.RFC3339) + `"`, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := acctest.Hostile(t)
			w := x.Workspace(t, minimalApplication+"resource \"appreg_client_secret\" \"test\" {\n  application_id = appreg_application.test.id\n  "+c.arguments+"\n}\n")
			w.Apply(t)
			w.PlanIsEmpty(t)
			made := x.Application(t, "Mail import").Docs("passwordCredentials")[0]
			want := end
			if c.days > 0 {
				want = made.Time("startDateTime").AddDate(0, 0, c.days)
			}
			if got := made.Time("endDateTime"); !got.Equal(want) {
				t.Errorf("it ends at %s, want %s", got, want)
			}
		})
	}
}
