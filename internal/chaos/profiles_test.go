package chaos_test

import (
	"math/rand/v2"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/emulator"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/fault"
)

// profile is a kind of bad days. What a seed makes of one is always the same.
type profile struct {
	name string
	// applies is how many applies a change may take at most: one where the provider can carry on by itself.
	applies int
	many    bool // its first seed has twenty applications
	options func(r *rand.Rand) []emulator.Option
}

// longestLag is the farthest that a read by id may be behind; a list may be behind twice as far.
const longestLag = 60 * time.Second

// lags are half of them everyday ones.
func lags(r *rand.Rand) emulator.Option {
	if r.IntN(2) == 0 {
		return emulator.WithLag(time.Duration(r.Int64N(int64(5 * time.Second))))
	}
	return emulator.WithLag(time.Duration(r.Int64N(int64(longestLag) + 1)))
}

// faults are those of Graph, and the same of the key vault.
func faults(rules ...fault.Rule) emulator.Option {
	for _, r := range rules {
		if r.Route == "" && r.Kind != fault.Conflict && r.Kind != fault.NoMSAApplication {
			r.Route = fault.VaultPrefix + "*"
			rules = append(rules, r)
		}
	}
	return emulator.WithFaults(rules)
}

func status(r *rand.Rand) int { return []int{500, 502, 503, 504}[r.IntN(4)] }

// retryAfter is a form in which a service asks for patience: whole, decimal, dated, and not at all.
func retryAfter(r *rand.Rand) string { return []string{"1", "2.128", "date:3s", ""}[r.IntN(4)] }

func profiles() []profile {
	return []profile{
		{"calm", 1, false, func(*rand.Rand) []emulator.Option { return nil }},
		{"lag", 1, true, func(r *rand.Rand) []emulator.Option {
			return []emulator.Option{emulator.WithLag(time.Duration(r.Int64N(int64(longestLag) + 1)))}
		}},
		{"throttled", 1, false, func(r *rand.Rand) []emulator.Option {
			return []emulator.Option{lags(r), faults(fault.Rule{Kind: fault.Throttle, RetryAfter: retryAfter(r), Probability: 0.33})}
		}},
		{"throttled for a minute", 1, false, func(r *rand.Rand) []emulator.Option {
			// Each holds up everything, and an operation gives up after 20 of them: no more for more applications.
			return []emulator.Option{lags(r), faults(fault.Rule{Kind: fault.Throttle, RetryAfter: "60", Probability: 0.01 / float64(max(1, *applicationsFlag))})}
		}},
		{"errors before the commit", 1, false, func(r *rand.Rand) []emulator.Option {
			return []emulator.Option{lags(r), faults(fault.Rule{Kind: fault.ErrorBefore, Status: status(r), RetryAfter: retryAfter(r), Probability: 0.1})}
		}},
		{"errors after the commit", 2, false, func(r *rand.Rand) []emulator.Option {
			return []emulator.Option{lags(r), faults(fault.Rule{Kind: fault.ErrorAfter, Status: status(r), Probability: 0.1})}
		}},
		{"lost replies", 2, false, func(r *rand.Rand) []emulator.Option {
			return []emulator.Option{lags(r), faults(fault.Rule{Kind: fault.DropAfter, Probability: 0.1})}
		}},
		{"resets", 2, false, func(r *rand.Rand) []emulator.Option {
			return []emulator.Option{lags(r), faults(fault.Rule{Kind: fault.ResetBefore, Probability: 0.1})}
		}},
		{"slow replies", 1, false, func(r *rand.Rand) []emulator.Option {
			return []emulator.Option{lags(r), emulator.WithLatency(time.Duration(r.Int64N(int64(2 * time.Second)))),
				faults(fault.Rule{Kind: fault.SlowAfter, Delay: fault.Duration(40 * time.Second), Probability: 0.05})}
		}},
		{"concurrent writes", 1, false, func(r *rand.Rand) []emulator.Option {
			return []emulator.Option{lags(r), faults(fault.Rule{Kind: fault.Conflict, Probability: 0.2}, fault.Rule{Kind: fault.NoMSAApplication, Method: "PATCH", Probability: 0.1})}
		}},
		{"any reading", 1, false, func(r *rand.Rand) []emulator.Option {
			return []emulator.Option{emulator.WithHostile(), lags(r)}
		}},
		{"everything", 4, true, func(r *rand.Rand) []emulator.Option { return everything(r, 0.02) }},
		{"storm", 8, false, func(r *rand.Rand) []emulator.Option { return everything(r, 0.05) }},
	}
}

// everything is each kind of fault with the same probability, any reading, lag and small pages.
func everything(r *rand.Rand, probability float64) []emulator.Option {
	rules := []fault.Rule{{Route: fault.SignInPrefix + "/oauth2/v2.0/token", Kind: fault.ErrorBefore, Probability: probability}}
	for _, kind := range fault.Kinds() {
		rule := fault.Rule{Kind: kind, Probability: probability, RetryAfter: retryAfter(r), Delay: fault.Duration(3 * time.Second)}
		if kind == fault.ErrorBefore || kind == fault.ErrorAfter {
			rule.Status = status(r)
		}
		rules = append(rules, rule)
	}
	return []emulator.Option{emulator.WithHostile(), lags(r), faults(rules...)}
}
