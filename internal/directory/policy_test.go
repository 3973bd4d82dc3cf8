package directory

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// tenantPolicy answers for policies: the default's rules, and one that is assigned when own is not nil.
func tenantPolicy(general, own []object, enabled bool) func(line, body string, seen int) answer {
	policy := object{"id": "p", "isEnabled": enabled, "restrictions": object{"passwordCredentials": own, "keyCredentials": []object{}}}
	return func(line, _ string, _ int) answer {
		switch {
		case line == "GET /policies/defaultAppManagementPolicy":
			keys := []object{{"restrictionType": "asymmetricKeyLifetime", "state": "enabled", "maxLifetime": "P1Y"}}
			return answer{status: 200, body: object{"isEnabled": true, "applicationRestrictions": object{"passwordCredentials": general, "keyCredentials": keys}}}
		case strings.HasPrefix(line, "GET /policies/appManagementPolicies") && own == nil:
			return answer{status: 200, body: list()}
		case strings.HasPrefix(line, "GET /policies/appManagementPolicies"), strings.HasSuffix(line, "/appManagementPolicies"):
			return answer{status: 200, body: list(policy)}
		case line == "GET /applications/"+appID:
			return answer{status: 200, body: appJSON(object{"createdDateTime": "2026-06-01T00:00:00Z"})}
		}
		return answer{}
	}
}

// What a policy has against a credential, and whether that is certain.
func TestPolicyFindings(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	rule := func(kind string, members ...any) object {
		r := object{"restrictionType": kind, "state": "enabled", "maxLifetime": nil, "restrictForAppsCreatedAfterDateTime": nil, "excludeActors": nil}
		for i := 0; i+1 < len(members); i += 2 {
			r[members[i].(string)] = members[i+1] //nolint:forcetypeassert // A test's own.
		}
		return r
	}
	ninety := rule("passwordLifetime", "maxLifetime", "P90D")
	days := func(n int) NewCredential {
		return NewCredential{Kind: SecretCredential, ApplicationID: appID, Start: start, End: start.AddDate(0, 0, n)}
	}
	certificate := days(366)
	certificate.Kind = CertificateCredential
	nobody, named, unknownEnd := days(91), days(90), days(0)
	nobody.ApplicationID, named.EarlierStart, unknownEnd.End = "", time.Hour, time.Time{}
	for _, c := range []struct {
		what     string
		general  []object
		own      []object // assigned to the application
		disabled bool     // the assigned policy
		wanted   NewCredential
		want     string // "" for no finding
	}{
		{what: "no rules", wanted: days(9999)},
		{what: "at the limit", general: []object{ninety}, wanted: days(90)},
		{what: "beyond it", general: []object{ninety}, wanted: days(91), want: "P90D certain"},
		{what: "at the limit, with an end that stays", general: []object{ninety}, wanted: named, want: "P90D doubt: its start is moved back"},
		{what: "an end to come", general: []object{ninety}, wanted: unknownEnd},
		{what: "switched off", general: []object{rule("passwordLifetime", "maxLifetime", "P90D", "state", "disabled")}, wanted: days(91)},
		{what: "a new state", general: []object{rule("passwordLifetime", "maxLifetime", "P90D", "state", "audit")}, wanted: days(91), want: "P90D doubt: the rule is in a state"},
		{what: "no secrets", general: []object{rule("passwordAddition"), ninety}, wanted: days(1), want: "forbidden certain"},
		{what: "no secrets whatever their end", general: []object{ninety, rule("passwordAddition")}, wanted: days(91), want: "forbidden certain"},
		{what: "no secrets of one's own making", general: []object{rule("customPasswordAddition"), rule("symmetricKeyAddition")}, wanted: days(91)},
		{what: "certainty comes first", general: []object{rule("passwordAddition", "excludeActors", object{}), ninety}, wanted: days(91), want: "P90D certain"},
		{what: "the application is older", general: []object{rule("passwordLifetime", "maxLifetime", "P90D", "restrictForAppsCreatedAfterDateTime", "2026-06-01T00:00:01Z")}, wanted: days(91)},
		{what: "the application is newer", general: []object{rule("passwordLifetime", "maxLifetime", "P90D", "restrictForAppsCreatedAfterDateTime", "2026-06-01T00:00:00Z")}, wanted: days(91), want: "P90D certain"},
		{what: "somebody is exempt", general: []object{rule("passwordLifetime", "maxLifetime", "P90D", "excludeActors", object{"customSecurityAttributes": []object{}})}, wanted: days(91), want: "P90D doubt: the policy exempts"},
		{what: "an application to come", general: []object{ninety}, wanted: nobody, want: "P90D doubt: the application is known"},
		{what: "a policy of its own that allows it", general: []object{ninety}, own: []object{}, wanted: days(91)},
		{what: "a policy of its own that is stricter", general: []object{ninety}, own: []object{rule("passwordLifetime", "maxLifetime", "P30D")}, wanted: days(31), want: "assigned P30D certain"},
		{what: "a policy of its own that is off", general: []object{ninety}, own: []object{}, disabled: true, wanted: days(91), want: "P90D certain"},
		{what: "a certificate", general: []object{rule("passwordAddition")}, wanted: certificate, want: "P1Y certain"},
	} {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			client, _ := newFake(t, tenantPolicy(c.general, c.own, !c.disabled))
			found, err := client.PolicyOn(t.Context(), c.wanted)
			if err != nil {
				t.Fatal(err)
			}
			if got := told(found); !strings.HasPrefix(got, c.want) || (got == "") != (c.want == "") {
				t.Errorf("found %q, want %q", got, c.want)
			}
		})
	}
}

// told is a finding in a line.
func told(f *PolicyFinding) string {
	if f == nil {
		return ""
	}
	text := f.MaxLifetime
	if f.Forbidden {
		text = "forbidden"
	}
	if f.Assigned {
		text = "assigned " + text
	}
	if f.Doubt == "" {
		return text + " certain"
	}
	return text + " doubt: " + f.Doubt
}

// Many who ask at once, and those who ask later, share one reading, be it a success or a failure, which is told once.
func TestPoliciesAreReadOnce(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer func(line, body string, seen int) answer
		reads  int
		lines  int
		found  bool
	}{
		"readable": {tenantPolicy([]object{{"restrictionType": "passwordAddition", "state": "enabled"}}, nil, true), 2, 0, true},
		"refused": {func(string, string, int) answer {
			return refusal(403, "Authorization_RequestDenied", "Insufficient privileges")
		}, 1, 1, false},
		"not Graph":   {func(string, string, int) answer { return answer{status: 200, body: object{}} }, 2, 1, false},
		"unreachable": {func(string, string, int) answer { return answer{status: 200, body: list(), after: time.Hour} }, 1, 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				client, f := newFake(t, c.answer)
				var log bytes.Buffer
				client.log = slog.New(slog.NewTextHandler(&log, nil))
				ask := func() {
					found, err := client.PolicyOn(t.Context(), NewCredential{Kind: SecretCredential, ApplicationID: appID})
					if err != nil || (found != nil) != c.found {
						t.Errorf("found %v, %v", found, err)
					}
				}
				var all sync.WaitGroup
				for range 20 {
					all.Go(ask)
				}
				all.Wait()
				ask()
				if n := f.count("GET /policies/"); n != c.reads {
					t.Errorf("%d requests, want %d: %q", n, c.reads, f.lines())
				}
				if n := strings.Count(log.String(), "policies could not be read"); n != c.lines {
					t.Errorf("%d lines in the log, want %d: %s", n, c.lines, log.String())
				}
			})
		})
	}
}

// Who gives up while the policies are read leaves nothing behind: the next one reads them.
func TestPoliciesAfterACaller(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		answers := tenantPolicy([]object{{"restrictionType": "passwordAddition", "state": "enabled"}}, nil, true)
		client, _ := newFake(t, func(line, body string, seen int) answer {
			a := answers(line, body, seen)
			if seen == 0 {
				a.after = 10 * time.Second
			}
			return a
		})
		wanted := NewCredential{Kind: SecretCredential, ApplicationID: appID}
		hasty, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if found, err := client.PolicyOn(hasty, wanted); err == nil {
			t.Errorf("found %v without waiting", found)
		}
		synctest.Wait()
		if found, err := client.PolicyOn(t.Context(), wanted); err != nil || told(found) != "forbidden certain" {
			t.Errorf("found %v, %v", found, err)
		}
	})
}
