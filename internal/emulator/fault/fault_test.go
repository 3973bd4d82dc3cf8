package fault_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/fault"
)

func TestRuleChoosesRequests(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name          string
		rule          fault.Rule
		method, route string
		nth           int
		want          bool
	}{
		{"any", fault.Rule{}, "GET", "/me", 3, true},
		{"method", fault.Rule{Method: "POST"}, "GET", "/me", 1, false},
		{"route", fault.Rule{Route: "/me"}, "GET", "/me", 1, true},
		{"another route", fault.Rule{Route: "/me"}, "GET", "/me/x", 1, false},
		{"sign-in is not meant", fault.Rule{}, "POST", "/{tenant}/oauth2/v2.0/token", 1, false},
		{"sign-in", fault.Rule{Route: "/{tenant}/oauth2/v2.0/token"}, "POST", "/{tenant}/oauth2/v2.0/token", 1, true},
		{"prefix", fault.Rule{Route: "/applications*"}, "GET", "/applications/{id}", 1, true},
		{"nth", fault.Rule{Nth: []int{2, 3}}, "GET", "/me", 3, true},
		{"not the nth", fault.Rule{Nth: []int{2, 3}}, "GET", "/me", 1, false},
		{"certain", fault.Rule{Probability: 1}, "GET", "/me", 1, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := tt.rule.Fires(1, tt.method, tt.route, "o", tt.nth); got != tt.want {
				t.Errorf("Fires = %v, want %v", got, tt.want)
			}
		})
	}
}

func TestProbabilityIsPureAndFair(t *testing.T) {
	t.Parallel()
	rule := fault.Rule{Probability: 0.25}
	hits := 0
	for nth := range 4000 {
		first := rule.Fires(9, "GET", "/me", "o", nth)
		if first != rule.Fires(9, "GET", "/me", "o", nth) {
			t.Fatal("the same request was decided twice in different ways")
		}
		if first {
			hits++
		}
	}
	if hits < 850 || hits > 1150 {
		t.Errorf("%d of 4000 at a probability of a quarter", hits)
	}
}

func TestInjectorCountsPerObject(t *testing.T) {
	t.Parallel()
	i := fault.NewInjector(1, []fault.Rule{{Nth: []int{2}, Kind: fault.ErrorAfter}})
	var got []bool
	for _, object := range []string{"a", "b", "a", "a", "b"} {
		_, fired := i.Decide("POST", "/applications", object)
		got = append(got, fired)
	}
	want := []bool{false, false, true, false, true}
	for n := range want {
		if got[n] != want[n] {
			t.Fatalf("fired = %v, want %v", got, want)
		}
	}
	i.Clear()
	i.Add(fault.Rule{Nth: []int{1}, Kind: fault.Conflict})
	if r, fired := i.Decide("POST", "/applications", "a"); !fired || r.Kind != fault.Conflict {
		t.Errorf("after Clear and Add: %v, %v", r, fired)
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	rules, err := fault.Parse(strings.NewReader(`[{"method":"POST","route":"/applications","nth":[1],"kind":"slow-after","delay":"1.5s"},
		{"kind":"throttle","retry_after":"date:3s","probability":0.1}]`))
	if err != nil {
		t.Fatal(err)
	}
	if time.Duration(rules[0].Delay) != 1500*time.Millisecond || rules[0].Nth[0] != 1 {
		t.Errorf("rules = %+v", rules)
	}
	now := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	if got := rules[1].RetryAfterHeader(now); got != "Fri, 20 Nov 2026 09:00:03 GMT" {
		t.Errorf("Retry-After = %q", got)
	}
	for _, bad := range []string{`{}`, `[{"kind":"x"}]`, `[{"kind":"latency","unknown":1}]`, `[{"kind":"latency","probability":2}]`,
		`[{"kind":"latency","delay":"-1s"}]`, `[{"kind":"throttle","retry_after":"soon"}]`, `[{"kind":"error-before","status":200}]`,
		`[{"kind":"throttle","retry_after":"date:soon"}]`, `[{"kind":"throttle","retry_after":"NaN"}]`, `[{"kind":"throttle","retry_after":"-1"}]`,
		`[{"kind":"latency"}] [{"kind":"plague"}]`} {
		if _, err := fault.Parse(strings.NewReader(bad)); err == nil {
			t.Errorf("Parse accepts %s", bad)
		}
	}
	if err := (fault.Rule{Kind: fault.Latency, Probability: math.NaN()}).Validate(); err == nil {
		t.Error("a probability may be anything")
	}
}
