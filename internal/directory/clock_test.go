package directory_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/appreg/terraform-provider-appreg/internal/acctest"
	"github.com/appreg/terraform-provider-appreg/internal/directory"
	"github.com/appreg/terraform-provider-appreg/internal/emulator"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/fault"
)

// wrongClock is a machine whose clock is off: its tokens end by that clock.
type wrongClock struct {
	automation
	off time.Duration
}

func (w wrongClock) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	token, err := w.automation.GetToken(ctx, o)
	token.ExpiresOn = token.ExpiresOn.Add(w.off)
	return token, err
}

// A machine whose clock is an hour off makes the same things: what it made under a lost reply is known for its own, and
// its secrets are valid at once.
func TestAClockThatIsAnHourOff(t *testing.T) {
	t.Parallel()
	for _, off := range []time.Duration{time.Hour, -time.Hour} {
		for _, uniqueName := range []string{"", "mail-import"} {
			t.Run(off.String()+" "+uniqueName, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					e, err := emulator.New(emulator.WithClock(time.Now), emulator.WithFaults([]fault.Rule{
						{Method: "POST", Nth: []int{1}, Kind: fault.DropAfter}, {Method: "PATCH", Nth: []int{1}, Kind: fault.DropAfter},
						{Method: "GET", Nth: []int{3}, Kind: fault.Throttle, RetryAfter: "date:20s"},
					}))
					if err != nil {
						t.Fatal(err)
					}
					base, log := acctest.InProcess{Handler: e}, &syncBuffer{}
					c, err := directory.New(directory.Options{
						GraphEndpoint: graphOrigin, Credential: wrongClock{automation{base, e.Facts()}, off}, Base: base, UserAgent: "appreg/test",
						Logger: slog.New(slog.NewTextHandler(log, nil)), Now: func() time.Time { return time.Now().Add(off) },
					})
					if err != nil {
						t.Fatal(err)
					}
					start := time.Now()
					w, err := build(t.Context(), c, directory.ApplicationSpec{DisplayName: "Mail import", SignInAudience: "AzureADMyOrg", UniqueName: uniqueName})
					if err != nil {
						t.Fatal(err)
					}
					if w.secret.Start.After(time.Now()) || w.secret.Start.Before(start.Add(-time.Hour)) {
						t.Errorf("the secret is valid from %v, and it is %v", w.secret.Start, time.Now())
					}
					if apps := ours("Mail import", e.Objects); len(apps) != 1 || len(apps[0].Docs("passwordCredentials")) != 1 {
						t.Errorf("the tenant holds %v", apps)
					}
					if err := destroy(t.Context(), c, w); err != nil {
						t.Error(err)
					}
					if took := time.Since(start); took > 5*time.Minute {
						t.Errorf("it took %v", took)
					}
					if strings.Count(log.String(), "level=WARN msg=\"The clock of this machine") != 1 {
						t.Errorf("the clock is not told of once:\n%s", log)
					}
				})
			})
		}
	}
}
