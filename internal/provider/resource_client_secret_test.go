package provider

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

const (
	someID  = "5b8b0a36-7f41-4d3c-9a1e-0f1d5c1a9a01"
	olderID = "0cc2b8f4-7a37-4e0f-8f0e-3f0a5a1d2b02"
)

func number(n int64) tftypes.Value { return tftypes.NewValue(tftypes.Number, n) }

// existingSecret is the state of a secret that was made with validity_days.
func existingSecret(days, end tftypes.Value) map[string]tftypes.Value {
	return map[string]tftypes.Value{
		"application_id": str(someID), "display_name": str("terraform"), "validity_days": days, "end_date": end,
		"key_id": str(someID), "hint": str("abc"), "start_date": str("2026-05-01T00:00:00Z"), "value": str("the value"), "generation": number(1777593600),
		"overlap_days": number(7), "revoke_on_destroy": tftypes.NewValue(tftypes.Bool, true),
	}
}

// privateOf is what the framework keeps for a provider: base64 of JSON by key.
func privateOf(t *testing.T, v verdict) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	all, err := json.Marshal(map[string][]byte{verdictKey: text})
	if err != nil {
		t.Fatal(err)
	}
	return string(all)
}

func overlapOf(removeAfter string) tftypes.Value {
	typ := tftypes.Object{AttributeTypes: map[string]tftypes.Type{"key_id": tftypes.String, "end_date": tftypes.String, "remove_after": tftypes.String}}
	return tftypes.NewValue(typ, map[string]tftypes.Value{"key_id": str(olderID), "end_date": str("2026-12-01T00:00:00Z"), "remove_after": str(removeAfter)})
}

func triggers(values map[string]tftypes.Value) tftypes.Value {
	return tftypes.NewValue(tftypes.Map{ElementType: tftypes.String}, values)
}

// planSecret plans without reaching the tenant; what it could say of it is then left out.
func planSecret(t *testing.T, prior, config map[string]tftypes.Value, private string) planned {
	t.Helper()
	p := newProtocol(t)
	p.configure(t, map[string]tftypes.Value{"tenant_id": tftypes.NewValue(tftypes.String, tftypes.UnknownValue)})
	return p.plan(t, "appreg_client_secret", prior, config, private)
}

func TestSecretValidityIsFilledInAtPlan(t *testing.T) {
	t.Parallel()
	null, unknownText := tftypes.NewValue(tftypes.Number, nil), tftypes.NewValue(tftypes.String, tftypes.UnknownValue)
	base := map[string]tftypes.Value{"application_id": str(someID), "display_name": str("terraform")}
	with := func(name string, v tftypes.Value) map[string]tftypes.Value {
		return map[string]tftypes.Value{"application_id": str(someID), "display_name": str("terraform"), name: v}
	}
	for _, c := range []struct {
		what          string
		prior, config map[string]tftypes.Value
		want          tftypes.Value
	}{
		{"neither", nil, base, number(180)},
		{"days", nil, with("validity_days", number(30)), number(30)},
		{"a date", nil, with("end_date", str("2027-01-01T00:00:00Z")), null},
		{"a date to come", nil, with("end_date", unknownText), tftypes.NewValue(tftypes.Number, tftypes.UnknownValue)},
		{"an existing one keeps its days", existingSecret(number(30), str("2027-01-01T00:00:00Z")), base, number(30)},
		{"an imported one with a date", existingSecret(number(245), str("2027-01-01T00:00:00Z")), with("end_date", str("2027-01-01T00:00:00Z")), number(245)},
	} {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			got := planSecret(t, c.prior, c.config, "")
			if text := failures(got.diagnostics); text != "" {
				t.Fatal(text)
			}
			if !got.values["validity_days"].Equal(c.want) {
				t.Errorf("validity_days is planned as %s, want %s", got.values["validity_days"], c.want)
			}
		})
	}
}

// Two ends are an error, but for the configuration that Terraform generates for an imported secret: it names both.
func TestSecretWithBothEnds(t *testing.T) {
	t.Parallel()
	const end = "2027-01-01T00:00:00Z"
	both := map[string]tftypes.Value{"application_id": str(someID), "display_name": str("terraform"), "validity_days": number(30), "end_date": str(end)}
	if got := planSecret(t, nil, both, ""); !strings.Contains(failures(got.diagnostics), "Remove one of them") {
		t.Errorf("a creation: %q", failures(got.diagnostics))
	}
	if got := planSecret(t, existingSecret(number(30), str("2027-01-02T00:00:00Z")), both, ""); !strings.Contains(failures(got.diagnostics), "Remove one of them") {
		t.Errorf("another end: %q", failures(got.diagnostics))
	}
	got := planSecret(t, existingSecret(number(30), str(end)), both, "")
	if failures(got.diagnostics) != "" || rotates(t, got) {
		t.Errorf("as it is: %q", failures(got.diagnostics))
	}
	both["display_name"] = str("other")
	if got := planSecret(t, existingSecret(number(30), str(end)), both, ""); !strings.Contains(failures(got.diagnostics), "Remove one of them") {
		t.Errorf("a rotation: %q", failures(got.diagnostics))
	}
}

// whatRotates are the attributes that a rotation makes unknown.
var whatRotates = []string{"key_id", "hint", "start_date", "end_date", "value", "generation", "previous"}

// rotates tells whether a plan makes a new secret in place; a test fails when it does so halfway.
func rotates(t *testing.T, p planned, except ...string) bool {
	t.Helper()
	unknown := 0
	for _, name := range whatRotates {
		if p.values[name].IsKnown() == slices.Contains(except, name) {
			unknown++
		}
	}
	if unknown != 0 && unknown != len(whatRotates) {
		t.Errorf("of the attributes that change together, only some are unknown: %v", p.values)
	}
	if len(p.replace) != 0 {
		t.Errorf("it is replaced because of %q", p.replace)
	}
	return unknown > 0
}

// Each reason for a rotation is one, in place, and is told; what only looks like one is none, and nothing is told.
func TestSecretRotationReasons(t *testing.T) {
	t.Parallel()
	const end = "2027-01-01T00:00:00Z"
	type values = map[string]tftypes.Value
	unknownText := tftypes.NewValue(tftypes.String, tftypes.UnknownValue)
	due := func(why due) verdict { return verdict{KeyID: someID, Due: why} }
	for _, c := range []struct {
		what          string
		prior, config values // laid over the usual ones
		verdict       verdict
		fixedEnd      bool
		says          string // "" for no rotation and no word
	}{
		{what: "nothing"},
		{what: "another validity", config: values{"validity_days": number(7)}},
		{what: "another overlap", config: values{"overlap_days": number(0)}},
		{what: "renewal from now on", config: values{"renew_before_days": number(30)}},
		{what: "no revocation", config: values{"revoke_on_destroy": tftypes.NewValue(tftypes.Bool, false)}},
		{what: "the same end, spelled otherwise", config: values{"end_date": str("2027-01-01T01:00:00+01:00")}},
		{what: "the same application, spelled otherwise", config: values{"application_id": str(strings.ToUpper(someID))}},
		{what: "another end", config: values{"end_date": str("2027-01-02T00:00:00Z")}, fixedEnd: true, says: "end_date changes from 2027-01-01T00:00:00Z to 2027-01-02T00:00:00Z"},
		{what: "another name", config: values{"display_name": str("other")}, says: "display_name changes"},
		{what: "no name", config: values{"display_name": tftypes.NewValue(tftypes.String, nil)}, says: "display_name changes"},
		{what: "a name to come", config: values{"display_name": unknownText}, says: "display_name is known during the apply only"},
		{what: "the first triggers", config: values{"rotation_triggers": triggers(values{"month": str("1")})}},
		{what: "the first triggers after empty ones", prior: values{"rotation_triggers": triggers(values{})}, config: values{"rotation_triggers": triggers(values{"month": str("1")})}},
		{what: "the same triggers", prior: values{"rotation_triggers": triggers(values{"month": str("1")})}, config: values{"rotation_triggers": triggers(values{"month": str("1")})}},
		{what: "another trigger", prior: values{"rotation_triggers": triggers(values{"a": str("1"), "b": str("1")})}, config: values{"rotation_triggers": triggers(values{"a": str("2"), "b": str("1")})}, says: "rotation_triggers change: a."},
		{what: "one trigger more", prior: values{"rotation_triggers": triggers(values{"a": str("1")})}, config: values{"rotation_triggers": triggers(values{"a": str("1"), "b": str("1")})}, says: "rotation_triggers change: b."},
		{what: "no triggers", prior: values{"rotation_triggers": triggers(values{"a": str("1")})}, says: "rotation_triggers change: a."},
		{what: "a trigger to come", prior: values{"rotation_triggers": triggers(values{"a": str("1")})}, config: values{"rotation_triggers": triggers(values{"a": unknownText})}, says: "rotation_triggers change: a."},
		{what: "expired", verdict: due(dueExpired), says: "It expired at 2027-01-01T00:00:00Z."},
		{what: "due", prior: values{"renew_before_days": number(30)}, config: values{"renew_before_days": number(30)}, verdict: due(dueRenewal), says: "renew_before_days asks for a new one 30 days before that"},
		{what: "was due", prior: values{"renew_before_days": number(30)}, config: values{"renew_before_days": number(3)}, verdict: due(dueRenewal)},
		{what: "was due, with a number to come", prior: values{"renew_before_days": number(30)}, config: values{"renew_before_days": tftypes.NewValue(tftypes.Number, tftypes.UnknownValue)}, verdict: due(dueRenewal), says: "renew_before_days is known during the apply only"},
		{what: "another secret was due", verdict: verdict{KeyID: olderID, Due: dueExpired}},
	} {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			prior, config := existingSecret(number(180), str(end)), values{"application_id": str(someID), "display_name": str("terraform")}
			maps.Copy(prior, c.prior)
			maps.Copy(config, c.config)
			got := planSecret(t, prior, config, privateOf(t, c.verdict))
			if text := failures(got.diagnostics); text != "" {
				t.Fatal(text)
			}
			var except []string
			if c.fixedEnd {
				except = []string{"end_date"}
			}
			if text := warnings(got.diagnostics); rotates(t, got, except...) != (c.says != "") || !strings.Contains(text, c.says) || (text == "") != (c.says == "") {
				t.Errorf("it says: %q, want %q\nplanned: %v", text, c.says, got.values)
			}
		})
	}
}

// What is due is due at the very second, and stays so.
func TestSecretVerdict(t *testing.T) {
	t.Parallel()
	end := epoch.Add(90 * 24 * time.Hour)
	secret := func(renew types.Int64, previous *previousSecret) *clientSecretModel {
		m := &clientSecretModel{KeyID: text(someID), EndDate: instant(end), RenewBeforeDays: renew, Previous: types.ObjectNull(previousTypes())}
		if previous != nil {
			m.Previous = previous.object()
		}
		return m
	}
	before, renewed := secret(types.Int64Null(), nil), secret(types.Int64Value(30), nil)
	renewal, over := end.Add(-30*24*time.Hour), epoch.Add(24*time.Hour)
	overlap := secret(types.Int64Null(), &previousSecret{text(olderID), instant(end), instant(over)})
	outlived := secret(types.Int64Null(), &previousSecret{text(olderID), instant(over), instant(end)})
	for what, c := range map[string]struct {
		secret *clientSecretModel
		now    time.Time
		want   verdict
	}{
		"fresh":                         {before, epoch, verdict{}},
		"a second before its end":       {before, end.Add(-time.Second), verdict{}},
		"at its end":                    {before, end, verdict{KeyID: someID, Due: dueExpired}},
		"a second before its renewal":   {renewed, renewal.Add(-time.Second), verdict{}},
		"at its renewal":                {renewed, renewal, verdict{KeyID: someID, Due: dueRenewal}},
		"not renewed in time":           {renewed, end.Add(time.Hour), verdict{KeyID: someID, Due: dueExpired}},
		"a second before the overlap's": {overlap, over.Add(-time.Second), verdict{}},
		"at the overlap's end":          {overlap, over, verdict{Prune: olderID}},
		"a previous one that expired":   {outlived, over, verdict{Prune: olderID}},
		"everything":                    {overlap, end, verdict{KeyID: someID, Due: dueExpired, Prune: olderID}},
	} {
		if got := c.secret.judge(t.Context(), c.now, ""); got != c.want {
			t.Errorf("%s: %+v, want %+v", what, got, c.want)
		}
	}
}

// An overlap ends with the days granted, or with the secret.
func TestOverlapEndsWithTheSecret(t *testing.T) {
	t.Parallel()
	m := &clientSecretModel{KeyID: text(someID), EndDate: instant(epoch.Add(3 * 24 * time.Hour))}
	for days, want := range map[int64]time.Time{0: epoch, 2: epoch.Add(2 * 24 * time.Hour), 3: epoch.Add(3 * 24 * time.Hour), 7: epoch.Add(3 * 24 * time.Hour)} {
		if got := m.superseded(days, epoch).RemoveAfter; got != instant(want) {
			t.Errorf("%d days: until %s, want %s", days, got, want)
		}
	}
}

// A replacement is planned as a creation: a rotation beside it would be told in vain.
func TestSecretOfAnotherApplicationIsReplaced(t *testing.T) {
	t.Parallel()
	got := planSecret(t, existingSecret(number(30), str("2027-01-01T00:00:00Z")), map[string]tftypes.Value{
		"application_id": str(olderID), "display_name": str("other"),
	}, "")
	if !slices.Equal(got.replace, []string{`AttributeName("application_id")`}) || len(got.diagnostics) != 0 {
		t.Errorf("replaced because of %q, with %q", got.replace, warnings(got.diagnostics))
	}
}

// A plan whose rotation depends on a value to come plans nothing that would be wrong without one.
func TestUncertainRotationKeepsTheValidityOpen(t *testing.T) {
	t.Parallel()
	prior := existingSecret(number(30), str("2027-01-01T00:00:00Z"))
	config := map[string]tftypes.Value{"application_id": str(someID), "display_name": tftypes.NewValue(tftypes.String, tftypes.UnknownValue)}
	if got := planSecret(t, prior, config, ""); got.values["validity_days"].IsKnown() || !strings.Contains(warnings(got.diagnostics), `"terraform" may be rotated`) {
		t.Errorf("validity_days is planned as %s; without a rotation it stays 30; %q", got.values["validity_days"], warnings(got.diagnostics))
	}
	config["display_name"] = str("terraform")
	if got := planSecret(t, prior, config, ""); !got.values["validity_days"].Equal(number(30)) || rotates(t, got) {
		t.Errorf("planned: %v", got.values)
	}
	config["display_name"] = str("other")
	if got := planSecret(t, prior, config, ""); !got.values["validity_days"].Equal(number(180)) || !rotates(t, got) || !strings.Contains(warnings(got.diagnostics), `"terraform" will be rotated`) {
		t.Errorf("planned: %v, %q", got.values, warnings(got.diagnostics))
	}
}

// A new secret has none before it, and the plan says so.
func TestANewSecretHasNoPrevious(t *testing.T) {
	t.Parallel()
	got := planSecret(t, nil, map[string]tftypes.Value{"application_id": str(someID)}, "")
	if previous := got.values["previous"]; !previous.IsKnown() || !previous.IsNull() {
		t.Errorf("previous is planned as %s", previous)
	}
}

// The previous secret stays in the plan until the refresh has found its time to be over, and goes visibly.
func TestPreviousSecretInThePlan(t *testing.T) {
	t.Parallel()
	prior := existingSecret(number(180), str("2027-01-01T00:00:00Z"))
	prior["previous"] = overlapOf("2026-11-27T00:00:00Z")
	config := map[string]tftypes.Value{"application_id": str(someID), "display_name": str("terraform"), "overlap_days": number(3)}
	if got := planSecret(t, prior, config, ""); !got.values["previous"].Equal(prior["previous"]) || len(got.diagnostics) != 0 {
		t.Errorf("in the overlap: %v, with %q", got.values["previous"], warnings(got.diagnostics))
	}
	got := planSecret(t, prior, config, privateOf(t, verdict{Prune: olderID}))
	if text := warnings(got.diagnostics); !got.values["previous"].IsNull() || !strings.Contains(text, "was kept until 2026-11-27T00:00:00Z") || !strings.Contains(text, olderID) {
		t.Errorf("after the overlap: %v, with %q", got.values["previous"], text)
	}
	if !got.values["value"].Equal(prior["value"]) {
		t.Errorf("the value is planned as %s: consumers would wait for a new one", got.values["value"])
	}
	config["display_name"] = str("other")
	got = planSecret(t, prior, config, "")
	if text := warnings(got.diagnostics); !rotates(t, got) || !strings.Contains(text, "key id "+someID+", stays valid for 3 days after the apply") || !strings.Contains(text, olderID+", is removed in this apply, although") {
		t.Errorf("a rotation in the overlap: %q", text)
	}
}

// A rotation at a fixed end would be due again at once, and so would one that is to be renewed from its start.
func TestRenewalThatCouldNeverEnd(t *testing.T) {
	t.Parallel()
	days := func(n int64) map[string]tftypes.Value {
		return map[string]tftypes.Value{"application_id": str(someID), "renew_before_days": number(n)}
	}
	with := func(config map[string]tftypes.Value, name string, v tftypes.Value) map[string]tftypes.Value {
		config[name] = v
		return config
	}
	for _, c := range []struct {
		what   string
		config map[string]tftypes.Value
		want   string
	}{
		{"of the default", days(179), ""},
		{"all of the default", days(180), "valid for 180 days"},
		{"of its validity", with(days(29), "validity_days", number(30)), ""},
		{"all of its validity", with(days(30), "validity_days", number(30)), "valid for 30 days"},
		{"validity to come", with(days(30), "validity_days", tftypes.NewValue(tftypes.Number, tftypes.UnknownValue)), ""},
		{"fixed end", with(days(30), "end_date", str("2027-01-01T00:00:00Z")), "validity_days instead of end_date"},
		{"end to come", with(days(30), "end_date", tftypes.NewValue(tftypes.String, tftypes.UnknownValue)), ""},
	} {
		got := failures(newProtocol(t).validate(t, "appreg_client_secret", c.config))
		if !strings.Contains(got, c.want) || (got == "") != (c.want == "") {
			t.Errorf("%s: %q, want %q", c.what, got, c.want)
		}
	}
}

// An expired secret whose end the configuration names is only spoken of, or the plan would never end.
func TestExpiredSecretWithAFixedEnd(t *testing.T) {
	t.Parallel()
	const end = "2026-06-01T00:00:00Z"
	dated := map[string]tftypes.Value{"application_id": str(someID), "display_name": str("terraform"), "end_date": str(end)}
	moved := map[string]tftypes.Value{"application_id": str(someID), "display_name": str("terraform"), "end_date": str("2027-06-01T00:00:00Z")}
	expired := privateOf(t, verdict{KeyID: someID, Due: dueExpired})

	got := planSecret(t, existingSecret(number(31), str(end)), dated, expired)
	if rotates(t, got) || !strings.Contains(warnings(got.diagnostics), "Move end_date into the future") || failures(got.diagnostics) != "" {
		t.Errorf("with %q and %q", warnings(got.diagnostics), failures(got.diagnostics))
	}
	got = planSecret(t, existingSecret(number(31), str(end)), moved, expired)
	if text := warnings(got.diagnostics); !rotates(t, got, "end_date") || !strings.Contains(text, "is removed in the same apply") || strings.Contains(text, "Move end_date") {
		t.Errorf("a moved end: %q", text)
	}
}

// The tests' present is 2026-11-20. What depends on the clock is judged at the creation only.
func TestEndOfNewSecret(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ what, argument, value, problem, warning string }{
		{"passed", "end_date", "2026-11-20T12:00:00Z", "has passed", ""},
		{"soon", "end_date", "2026-11-20T12:00:01Z", "", ""},
		{"two years", "end_date", "2028-11-20T12:00:00Z", "", ""},
		{"more than two years", "end_date", "2028-11-20T12:00:01Z", "", "more than two years"},
	} {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := newProtocol(t)
				p.configure(t, nil)
				got := p.plan(t, "appreg_client_secret", nil, map[string]tftypes.Value{"application_id": str(someID), c.argument: str(c.value)}, "")
				if text := failures(got.diagnostics); !strings.Contains(text, c.problem) || (text == "") != (c.problem == "") {
					t.Errorf("errors: %q", text)
				}
				if text := warnings(got.diagnostics); !strings.Contains(text, c.warning) || (text == "") != (c.warning == "") {
					t.Errorf("warnings: %q", text)
				}
			})
		})
	}
	got := planSecret(t, nil, map[string]tftypes.Value{"application_id": str(someID), "validity_days": number(731)}, "")
	if !strings.Contains(warnings(got.diagnostics), "more than two years") {
		t.Errorf("731 days: %q", warnings(got.diagnostics))
	}
	got = planSecret(t, nil, map[string]tftypes.Value{"application_id": str(someID), "validity_days": number(730)}, "")
	if warnings(got.diagnostics) != "" {
		t.Errorf("730 days: %q", warnings(got.diagnostics))
	}
}
