package provider

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// FuzzImportID: an id is refused with a message or gives GUIDs in lower case, which stand for themselves.
func FuzzImportID(f *testing.F) {
	const id = "5B8B0A36-7f41-4d3c-9a1e-0f1d5c1a9a01"
	for _, seed := range []string{"", id, id + "/" + id, " " + id + "/" + id + "\n", id + "/", "/" + id, id + "/" + id + "/" + id, "client_id:" + id, "unique_name:x' or 'y", "{" + id + "}"} {
		f.Add(seed)
	}
	form := importForm{"x", "appreg_x", "<id>"}
	f.Fuzz(func(t *testing.T, id string) {
		var diags diag.Diagnostics
		one, single := form.single(&diags, id)
		first, second, pair := form.pair(&diags, id)
		for _, guid := range []string{one, first, second} {
			if guid != "" && (!isGUID(guid) || guid != strings.ToLower(guid) || !strings.Contains(strings.ToLower(id), guid)) {
				t.Errorf("%q gives %q", id, guid)
			}
		}
		if single == (one == "") || pair == (second == "") || single && pair {
			t.Errorf("%q: %v, %v", id, single, pair)
		}
		if !single && !pair && !diags.HasError() {
			t.Errorf("%q is refused without a word", id)
		}
		isGrantID(id)
	})
}

// FuzzURI: a redirect URI that is accepted stays accepted in its canonical spelling, which is final.
func FuzzURI(f *testing.F) {
	for _, seed := range []string{"https://a.example/x?y", "HTTPS://A.Example", "http://localhost:80", "urn:ietf:wg:oauth:2.0:oob", "ms-app://x", "https://[::1]", "https://u@x", "https://x#", "://", "msal1:\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, uri string) {
		canonical := canonicalURI(uri)
		if canonicalURI(canonical) != canonical {
			t.Errorf("%q: %q is not final", uri, canonical)
		}
		for _, platform := range []string{"web", platformSPA, platformPublic} {
			for _, audience := range []string{"AzureADMyOrg", "PersonalMicrosoftAccount"} {
				if redirectProblem(platform, uri, audience) == "" && redirectProblem(platform, canonical, audience) != "" {
					t.Errorf("%s: %q is right, and %q is not", platform, uri, canonical)
				}
			}
		}
	})
}

// FuzzTimestamp: a time that is accepted means the same after it was read, and is written as Graph keeps it.
func FuzzTimestamp(f *testing.F) {
	for _, seed := range []string{"2027-06-30T00:00:00Z", "2027-06-30T00:00:00+14:00", "2027-06-30T00:00:00.5Z", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59-23:59", "2027-02-30T00:00:00Z"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var resp validator.StringResponse
		timestamp().ValidateString(t.Context(), validator.StringRequest{ConfigValue: types.StringValue(text)}, &resp)
		if resp.Diagnostics.HasError() {
			return
		}
		read := timeOf(types.StringValue(text))
		if again := timeOf(instant(read)); !again.Equal(read) && read.UTC().Year() <= 9999 && read.UTC().Year() >= 0 {
			t.Errorf("%q: %v, then %v", text, read, again)
		}
	})
}

// FuzzISODays: a duration gives no days, or as many as it has at least seconds for.
func FuzzISODays(f *testing.F) {
	for _, seed := range []string{"P90D", "PT24H", "P1DT1H", "P", "PT", "P1Y", "P99999999999999999999D", "P1000000DT1000000H"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		days, ok := isoDays(text)
		if days < 0 || ok == (days == 0) {
			t.Errorf("%q: %d days", text, days)
		}
	})
}
