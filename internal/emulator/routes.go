package emulator

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/agext/levenshtein"
	"github.com/google/uuid"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/fault"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/graph"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/keyvault"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/signin"
)

// place is where a fault can happen.
type place struct {
	method  string // "" for any
	route   string // as a rule has it
	address string // as the README has it
}

// anyUser ends the one route of sign-in that names a person, whose place a rule may have something else in.
const anyUser = "{user}"

// places are all requests that a rule can choose.
func places() []place {
	all := []place{{"", fault.VaultPrefix, fault.VaultPrefix}} // What a vault has no route for.
	for _, o := range graph.Operations() {
		all = append(all, place{o.Method, o.Path, o.Path})
	}
	for _, o := range keyvault.Operations() {
		all = append(all, place{o.Method, fault.VaultPrefix + o.Path, o.Path})
	}
	for _, e := range signin.Endpoints() {
		method, address, ok := strings.Cut(e[0], " ")
		if !ok {
			method, address = "", e[0]
		}
		all = append(all, place{method, signInRoute(strings.Replace(address, "{realm}", "userrealm", 1)), address})
	}
	return all
}

// signInRoute is the route of a path of the sign-in side: whatever comes first stands for the tenant.
func signInRoute(path string) string {
	_, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return fault.SignInPrefix + "/" + rest
}

// hit tells whether a rule can ever fire at a place.
func (p place) hit(r fault.Rule) bool {
	route := p.route
	if stem, ok := strings.CutSuffix(route, anyUser); ok && strings.HasPrefix(r.Route, stem) {
		route = strings.TrimSuffix(r.Route, "*")
	}
	return r.Covers(cmp.Or(p.method, r.Method), route)
}

// checkRules tells what is wrong with fault rules. One that no request can meet would be accepted and never fire.
func checkRules(rules []fault.Rule) error {
	all := places()
	for i, r := range rules {
		if err := r.Validate(); err != nil {
			return fmt.Errorf("fault rule %d: %w", i+1, err)
		}
		if slices.ContainsFunc(all, func(p place) bool { return p.hit(r) }) {
			continue
		}
		if methods := methodsAt(all, r); len(methods) > 0 {
			return fmt.Errorf("fault rule %d: route %q has no %s, only %s", i+1, r.Route, r.Method, strings.Join(methods, ", "))
		}
		return fmt.Errorf("fault rule %d: no route %q; the nearest is %q", i+1, r.Route, nearest(all, r.Route))
	}
	return nil
}

// methodsAt lists the methods with which a rule's route can be met.
func methodsAt(all []place, r fault.Rule) (methods []string) {
	r.Method = ""
	for _, p := range all {
		if p.hit(r) {
			methods = append(methods, p.method)
		}
	}
	slices.Sort(methods)
	return slices.Compact(methods)
}

// nearest finds the route that somebody may have meant, who perhaps wrote the path of a request. Of a pattern that ends
// in "*" what comes before is compared with how the routes begin. Of several the
// shortest is taken.
func nearest(all []place, route string) string {
	text, open := strings.CutSuffix(route, "*")
	for _, version := range []string{"/v1.0/", "/beta/"} {
		if rest, ok := strings.CutPrefix(text, version); ok {
			text = "/" + rest
		}
	}
	parts := strings.Split(text, "/")
	for i, part := range parts {
		if uuid.Validate(part) == nil {
			parts[i] = "{id}"
		}
	}
	text = strings.Join(parts, "/")
	best, least := "", math.MaxInt
	for _, p := range all {
		if far := min(distance(text, p.route, open), distance(text, p.address, open)); far < least || far == least && len(p.route) < len(best) {
			best, least = p.route, far
		}
	}
	return best
}

// distance tells how far a text is from a route, or from how it begins: there a letter may be missing from the text.
func distance(text, route string, begins bool) int {
	if !begins {
		return levenshtein.Distance(text, route, nil)
	}
	short, long := route[:min(len(route), len(text))], route[:min(len(route), len(text)+1)]
	return min(levenshtein.Distance(text, short, nil), levenshtein.Distance(text, long, nil))
}
