package provider

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

const someID = "5b8b0a36-7f41-4d3c-9a1e-0f1d5c1a9a01"

func number(n int64) tftypes.Value { return tftypes.NewValue(tftypes.Number, n) }

// existingSecret is the state of a secret that was made with validity_days.
func existingSecret(days, end tftypes.Value) map[string]tftypes.Value {
	return map[string]tftypes.Value{
		"application_id": str(someID), "display_name": str("terraform"), "validity_days": days, "end_date": end,
		"key_id": str(someID), "hint": str("abc"), "start_date": str("2026-05-01T00:00:00Z"), "value": str("the value"), "generation": number(1777593600),
	}
}

// private is what the framework keeps for a provider: base64 of JSON by key.
func expiredPrivate(t *testing.T) string {
	t.Helper()
	inner, err := json.Marshal(map[string][]byte{expiredKey: []byte("true")})
	if err != nil {
		t.Fatal(err)
	}
	return string(inner)
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
	base := map[string]tftypes.Value{"application_id": str(someID)}
	with := func(name string, v tftypes.Value) map[string]tftypes.Value {
		return map[string]tftypes.Value{"application_id": str(someID), name: v}
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
	if failures(got.diagnostics) != "" || len(got.replace) != 0 {
		t.Errorf("as it is: %q, replaced because of %q", failures(got.diagnostics), got.replace)
	}
}

// Only what makes another secret replaces it.
func TestSecretReplacement(t *testing.T) {
	t.Parallel()
	const end = "2027-01-01T00:00:00Z"
	for _, c := range []struct {
		what    string
		config  map[string]tftypes.Value
		replace []string
	}{
		{"nothing", map[string]tftypes.Value{"application_id": str(someID), "display_name": str("terraform")}, nil},
		{"another validity", map[string]tftypes.Value{"application_id": str(someID), "display_name": str("terraform"), "validity_days": number(7)}, nil},
		{"the same end, spelled otherwise", map[string]tftypes.Value{"application_id": str(someID), "display_name": str("terraform"), "end_date": str("2027-01-01T01:00:00+01:00")}, nil},
		{"the same application, spelled otherwise", map[string]tftypes.Value{"application_id": str(strings.ToUpper(someID)), "display_name": str("terraform")}, nil},
		{"another end", map[string]tftypes.Value{"application_id": str(someID), "display_name": str("terraform"), "end_date": str("2027-01-02T00:00:00Z")}, []string{`AttributeName("end_date")`}},
		{"another application", map[string]tftypes.Value{"application_id": str("6b8b0a36-7f41-4d3c-9a1e-0f1d5c1a9a01"), "display_name": str("terraform")}, []string{`AttributeName("application_id")`}},
		{"another name", map[string]tftypes.Value{"application_id": str(someID), "display_name": str("other")}, []string{`AttributeName("display_name")`}},
	} {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			got := planSecret(t, existingSecret(number(30), str(end)), c.config, "")
			if text := failures(got.diagnostics); text != "" {
				t.Fatal(text)
			}
			if !slices.Equal(got.replace, c.replace) {
				t.Errorf("replaced because of %q, want %q", got.replace, c.replace)
			}
			if len(c.replace) == 0 && !got.values["value"].Equal(str("the value")) {
				t.Errorf("the value is planned as %s: consumers would wait for a new one", got.values["value"])
			}
		})
	}
}

// An expired secret is replaced; one whose end the configuration names is only spoken of, or the plan would never end.
func TestExpiredSecret(t *testing.T) {
	t.Parallel()
	const end = "2026-06-01T00:00:00Z"
	plain := map[string]tftypes.Value{"application_id": str(someID), "display_name": str("terraform")}
	dated := map[string]tftypes.Value{"application_id": str(someID), "display_name": str("terraform"), "end_date": str(end)}
	moved := map[string]tftypes.Value{"application_id": str(someID), "display_name": str("terraform"), "end_date": str("2027-06-01T00:00:00Z")}

	got := planSecret(t, existingSecret(number(31), str(end)), plain, expiredPrivate(t))
	if !slices.Equal(got.replace, []string{`AttributeName("key_id")`}) {
		t.Errorf("replaced because of %q", got.replace)
	}
	for _, name := range []string{"key_id", "hint", "start_date", "end_date", "value", "generation"} {
		if got.values[name].IsKnown() {
			t.Errorf("%s is planned as known, so consumers would not follow", name)
		}
	}

	got = planSecret(t, existingSecret(number(31), str(end)), dated, expiredPrivate(t))
	if len(got.replace) != 0 || !strings.Contains(warnings(got.diagnostics), "Move end_date into the future") || failures(got.diagnostics) != "" {
		t.Errorf("replaced because of %q, with %q and %q", got.replace, warnings(got.diagnostics), failures(got.diagnostics))
	}

	got = planSecret(t, existingSecret(number(31), str(end)), moved, expiredPrivate(t))
	if !slices.Equal(got.replace, []string{`AttributeName("end_date")`}) || warnings(got.diagnostics) != "" {
		t.Errorf("a moved end: replaced because of %q, with %q", got.replace, warnings(got.diagnostics))
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
