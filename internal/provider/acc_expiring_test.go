package provider_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/acctest"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// expiring lists what ends within days, of some applications or of all.
func expiring(days int, arguments string) string {
	return fmt.Sprintf(`
data "appreg_expiring_credentials" "test" {
  within_days = %d
  %s
}

output "found" {
  value = jsonencode([for c in data.appreg_expiring_credentials.test.credentials : merge(c, { owners = join(" ", c.owners) })])
}
`, days, arguments)
}

// reported reads the output of expiring after an apply.
func reported(t *testing.T, w *acctest.Workspace, hcl string) []map[string]string {
	t.Helper()
	w.Configure(t, hcl)
	w.Apply(t)
	var found []map[string]string
	if err := json.Unmarshal([]byte(w.Output(t, "found")), &found); err != nil {
		t.Fatal(err)
	}
	return found
}

// products are two applications of which one holds a secret and a certificate that expire soon, besides others.
type products struct {
	app, other                            string // object ids
	owners                                []string
	soon, expired, certificate, elsewhere string // key ids
	soonEnds, certificateEnds             time.Time
}

func newProducts(t *testing.T, x *acctest.Tenant) products {
	t.Helper()
	now := x.Clock.Now().UTC().Truncate(time.Second)
	people := x.Objects(tenant.User)
	p := products{
		owners: []string{people[1].String("id"), people[0].String("id")}, certificate: "20000000-0000-4000-8000-000000000001",
		soonEnds: now.AddDate(0, 0, 10), certificateEnds: now.AddDate(0, 0, 20),
	}
	p.app = x.Create(t, tenant.Application, tenant.Doc{"displayName": "Mail import", "owners": []any{p.owners[0], p.owners[1]}, "keyCredentials": []any{tenant.Doc{
		"keyId": p.certificate, "type": "AsymmetricX509Cert", "usage": "Verify", "displayName": "CN=mail", "key": nil,
		"customKeyIdentifier": "q83v", "startDateTime": now.AddDate(-1, 0, 0), "endDateTime": p.certificateEnds}}})
	p.other = x.Create(t, tenant.Application, tenant.Doc{"displayName": "Other"})
	secret := func(id, name string, end time.Time) string {
		keyID, _, err := x.AddSecret(id, name, end)
		if err != nil {
			t.Fatal(err)
		}
		return keyID
	}
	p.soon, p.expired = secret(p.app, "soon", p.soonEnds), secret(p.app, "expired", now.AddDate(0, 0, -1))
	secret(p.app, "later", now.AddDate(0, 0, 31))
	p.elsewhere = secret(p.other, "elsewhere", now.AddDate(0, 0, 5))
	x.CatchUp()
	slices.Sort(p.owners)
	return p
}

// of are the key ids among what was found; the tenant came with credentials of its own.
func (p products) of(found []map[string]string) (keys []string) {
	for _, c := range found {
		if c["application_id"] == p.app || c["application_id"] == p.other {
			keys = append(keys, c["key_id"])
		}
	}
	return keys
}

// What expires is listed soonest first; what has expired too, unless it is left out.
func TestAccExpiringCredentials(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	p := newProducts(t, x)
	w := x.Workspace(t, "")
	only := `application_ids = ["` + strings.ToUpper(p.app) + `"]`
	for _, c := range []struct {
		days      int
		arguments string
		want      []string
	}{
		{30, only, []string{p.expired, p.soon, p.certificate}},
		{30, only + "\n  include_expired = true", []string{p.expired, p.soon, p.certificate}},
		{30, only + "\n  include_expired = false", []string{p.soon, p.certificate}},
		{0, only, []string{p.expired}},
		{30, "", []string{p.expired, p.elsewhere, p.soon, p.certificate}},
		{30, "application_ids = []", nil},
	} {
		if got := p.of(reported(t, w, expiring(c.days, c.arguments))); !slices.Equal(got, c.want) {
			t.Errorf("within %d days, %s: %q, want %q", c.days, c.arguments, got, c.want)
		}
	}
	w.PlanIsEmpty(t)
	x.Clock.Advance(11 * 24 * time.Hour)
	if got := p.of(reported(t, w, expiring(30, only+"\n  include_expired = false"))); len(got) != 2 || got[0] != p.certificate {
		t.Errorf("after eleven days: %q, want the certificate and what was later", got)
	}
}

// A report needs everything that tells which credential it is, and whom to tell.
func TestAccExpiringCredentialsInFull(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	p := newProducts(t, x)
	app, _ := x.Object(p.app)
	hint := ""
	for _, s := range app.Docs("passwordCredentials") {
		if s.String("keyId") == p.soon {
			hint = s.String("hint")
		}
	}
	want := []map[string]string{
		{"kind": "secret", "display_name": "soon", "key_id": p.soon, "hint": hint, "end_date": p.soonEnds.Format(time.RFC3339)},
		{"kind": "certificate", "display_name": "CN=mail", "key_id": p.certificate, "hint": "ABCDEF", "end_date": p.certificateEnds.Format(time.RFC3339)},
	}
	for i := range want {
		want[i]["application_name"], want[i]["application_id"], want[i]["client_id"] = "Mail import", p.app, app.String("appId")
		want[i]["owners"] = strings.Join(p.owners, " ")
	}
	found := reported(t, x.Workspace(t, ""), expiring(30, `application_ids = ["`+p.app+`"]`+"\n  include_expired = false"))
	if fmt.Sprint(found) != fmt.Sprint(want) {
		t.Errorf("found %v\nwant  %v", found, want)
	}
}

// An application that is named has to exist, or the report would be silent on it.
func TestAccExpiringCredentialsOfNobody(t *testing.T) {
	t.Parallel()
	w := start(t, acctest.Hostile(t), expiring(30, `application_ids = ["`+stranger+`"]`))
	refused(t, w, []string{"Unable to read expiring credentials", stranger, "Check application_ids", "not a client id", "request-id"}, "plan")
	w.Configure(t, expiring(30, `application_ids = ["mail-import"]`))
	refused(t, w, []string{`"mail-import" is not a GUID`}, "plan")
	w.Configure(t, expiring(-1, ""))
	refused(t, w, []string{"within_days"}, "plan")
}
