// Package fault describes misbehaviour as data: which request, which occurrence of it, what goes wrong. Whether a rule
// fires is a pure function of the seed, the method, the route, the object and how often that object was seen there, so
// that parallel clients meet the same faults on every run.
package fault

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/bounded"
)

// Kind is what goes wrong.
type Kind string

// The kinds of faults. "Before" and "after" speak of the commit: after it the write has happened, whatever the client
// sees.
const (
	// Latency delays a request: a distant or busy front end.
	Latency Kind = "latency"
	// Throttle answers 429: the tenant's or the application's request quota is used up.
	Throttle Kind = "throttle"
	// ErrorBefore answers Status (503 unless set) without doing anything: a front end that can't reach the directory.
	ErrorBefore Kind = "error-before"
	// ErrorAfter does the work and answers Status (503 unless set): a gateway whose timeout was too short.
	ErrorAfter Kind = "error-after"
	// Conflict answers 409 Directory_ConcurrencyViolation: another writer was at the same object.
	Conflict Kind = "conflict"
	// NoMSAApplication answers 409 Error_MsaAppDoesNotExist: an application for personal accounts whose copy in their
	// directory isn't there yet.
	NoMSAApplication Kind = "no-msa-application"
	// DropAfter does the work and closes the connection without an answer.
	DropAfter Kind = "drop-after"
	// ResetBefore closes the connection before anything happens.
	ResetBefore Kind = "reset-before"
	// SlowAfter does the work and holds the answer back for Delay: time to interrupt the client in between.
	SlowAfter Kind = "slow-after"
)

var kinds = []Kind{Latency, Throttle, ErrorBefore, ErrorAfter, Conflict, NoMSAApplication, DropAfter, ResetBefore, SlowAfter}

// Kinds lists the kinds.
func Kinds() []Kind { return slices.Clone(kinds) }

// numbers are the AADSTS numbers of what passes: too many requests, or a platform in trouble.
var numbers = []int{50196, 90006, 90012, 90024, 90033, 90055}

// Numbers lists the AADSTS numbers that a rule may name.
func Numbers() []int { return slices.Clone(numbers) }

// SignInPrefix begins the routes of the sign-in side: "/{tenant}/oauth2/v2.0/token".
const SignInPrefix = "/{tenant}"

// VaultPrefix begins the routes of Key Vault: "vault:/secrets/{name}".
const VaultPrefix = "vault:"

// Rule is one kind of fault. Method and Route choose the requests: no Method is any, no Route is any of Graph; a Route
// may end in "*". Sign-in and Key Vault are hit only by a Route that names them (see SignInPrefix, VaultPrefix). Of the chosen requests those with a
// number in Nth are hit (counted per method, route and object, from 1), or, without Nth, each with the given
// Probability, or, without either, all.
type Rule struct {
	Method      string   `json:"method,omitempty"`
	Route       string   `json:"route,omitempty"` // as in "/applications/{id}/addPassword"
	Nth         []int    `json:"nth,omitempty"`
	Probability float64  `json:"probability,omitempty"`
	Kind        Kind     `json:"kind"`
	Delay       Duration `json:"delay,omitzero"`
	Status      int      `json:"status,omitempty"`
	// Number is the AADSTS number of a refusal by the sign-in side, one of Numbers; 0 lets the kind choose.
	Number int `json:"aadsts,omitempty"`
	// RetryAfter is the header's value: "2", "2.128", "date:3s" for an HTTP date that far ahead, "" for no header.
	RetryAfter string `json:"retry_after,omitempty"`
}

// Duration is a time.Duration that JSON writes as "1.5s".
type Duration time.Duration

// MarshalText writes the duration as time.Duration prints it.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads what time.ParseDuration reads.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	*d = Duration(v)
	return err
}

// Parse reads a JSON array of rules. Unknown members are errors.
func Parse(r io.Reader) ([]Rule, error) {
	d := json.NewDecoder(r)
	d.DisallowUnknownFields()
	var rules []Rule
	if err := d.Decode(&rules); err != nil {
		return nil, fmt.Errorf("fault rules: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("fault rules: something follows their list")
	}
	for i, rule := range rules {
		if err := rule.Validate(); err != nil {
			return nil, fmt.Errorf("fault rule %d: %w", i+1, err)
		}
	}
	return rules, nil
}

// Validate tells what is wrong with a rule.
func (r Rule) Validate() error {
	switch {
	case !slices.Contains(kinds, r.Kind):
		return fmt.Errorf("unknown kind %q", r.Kind)
	case !(r.Probability >= 0 && r.Probability <= 1): // NaN neither.
		return fmt.Errorf("probability %v is not between 0 and 1", r.Probability)
	case r.Delay < 0:
		return errors.New("a delay can't be negative")
	case r.Status != 0 && (r.Status < 400 || r.Status > 599):
		return fmt.Errorf("status %d is not an error", r.Status)
	case r.Number != 0 && !slices.Contains(numbers, r.Number):
		return fmt.Errorf("aadsts is one of %v, not %d", numbers, r.Number)
	case r.Number != 0 && !slices.Contains([]Kind{Throttle, ErrorBefore, ErrorAfter}, r.Kind):
		return fmt.Errorf("a %s has no AADSTS number", r.Kind)
	case r.Number != 0 && !strings.HasPrefix(r.Route, SignInPrefix):
		return fmt.Errorf("an AADSTS number is for a route of sign-in, not %q", r.Route)
	}
	if delay, ok := strings.CutPrefix(r.RetryAfter, "date:"); ok {
		_, err := time.ParseDuration(delay)
		return err
	}
	if r.RetryAfter != "" {
		if seconds, err := strconv.ParseFloat(r.RetryAfter, 64); err != nil || !(seconds >= 0 && seconds <= math.MaxInt32) {
			return fmt.Errorf("retry_after: %q is no number of seconds", r.RetryAfter)
		}
	}
	return nil
}

// RetryAfterHeader gives the header's value at an instant; "" means that it is left out.
func (r Rule) RetryAfterHeader(now time.Time) string {
	delay, ok := strings.CutPrefix(r.RetryAfter, "date:")
	if !ok {
		return r.RetryAfter
	}
	d, err := time.ParseDuration(delay)
	if err != nil {
		return "" // Validate has seen to it.
	}
	return now.Add(d).UTC().Format("Mon, 02 Jan 2006 15:04:05") + " GMT"
}

// Covers tells whether a request is one of those that the rule chooses from.
func (r Rule) Covers(method, route string) bool {
	return (r.Method == "" || r.Method == method) && matchRoute(r.Route, route)
}

// Fires decides for one request. nth counts from 1.
func (r Rule) Fires(seed uint64, method, route, object string, nth int) bool {
	if !r.Covers(method, route) {
		return false
	}
	switch {
	case len(r.Nth) > 0:
		return slices.Contains(r.Nth, nth)
	case r.Probability > 0:
		return Fraction(seed, string(r.Kind), r.RetryAfter, r.Route, r.Method, method, route, object, strconv.Itoa(nth)) < r.Probability
	}
	return true
}

func matchRoute(pattern, route string) bool {
	if prefix, ok := strings.CutSuffix(pattern, "*"); ok {
		return strings.HasPrefix(route, prefix)
	}
	return pattern == route || pattern == "" && !strings.HasPrefix(route, SignInPrefix) && !strings.HasPrefix(route, VaultPrefix)
}

// Fraction is a number in [0, 1) that depends on its arguments only.
func Fraction(seed uint64, parts ...string) float64 {
	h := sha256.New()
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], seed)
	h.Write(b[:])
	for _, p := range parts {
		// The length keeps ("ab", "c") apart from ("a", "bc"). A hash never fails to write.
		binary.LittleEndian.PutUint64(b[:], uint64(len(p)))
		h.Write(b[:])
		h.Write([]byte(p))
	}
	return float64(binary.LittleEndian.Uint64(h.Sum(nil))>>11) / (1 << 53)
}

// Injector keeps rules and counts requests. It is safe for concurrent use.
type Injector struct {
	seed uint64

	mu    sync.Mutex
	rules []Rule
	seen  bounded.Counter[[3]string]
}

// NewInjector makes an Injector.
func NewInjector(seed uint64, rules []Rule) *Injector {
	return &Injector{seed: seed, rules: slices.Clone(rules)}
}

// Rules lists the rules.
func (i *Injector) Rules() []Rule {
	i.mu.Lock()
	defer i.mu.Unlock()
	return slices.Clone(i.rules)
}

// Add appends rules. Requests seen so far keep their count.
func (i *Injector) Add(rules ...Rule) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.rules = append(i.rules, rules...)
}

// Clear takes all rules away and starts counting anew.
func (i *Injector) Clear() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.rules = nil
	i.seen.Reset()
}

// Decide counts a request and gives the first rule that fires, if any.
func (i *Injector) Decide(method, route, object string) (Rule, bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	nth := 1 + i.seen.Next([3]string{method, route, object})
	for _, r := range i.rules {
		if r.Fires(i.seed, method, route, object, nth) {
			return r, true
		}
	}
	return Rule{}, false
}
