package provider_test

import (
	"strings"
	"testing"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/acctest"
	"github.com/appreg/terraform-provider-appreg/internal/emulator"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// What the resources without a secret cost, beside an application that exists: one write each, and few reads, because
// they share one look at the application and one list of its federated credentials. A plan without changes is these two
// requests, however many there are, or twice these on a machine that takes more than five seconds for it.
func TestAccSecretlessRequests(t *testing.T) {
	t.Parallel()
	const (
		app, list, one = "", "/federatedIdentityCredentials", "/federatedIdentityCredentials/{subId}"
		n              = 5
	)
	x := acctest.Calm(t)
	w := x.Workspace(t, minimalApplication)
	w.Apply(t)
	hcl := func(subject, timeouts string) string {
		return minimalApplication + federated("test", "branch-${count.index}", subject+"${count.index}", "count = 5", timeouts) +
			"resource \"appreg_certificate\" \"test\" {\n  application_id = appreg_application.test.id\n  certificate = " +
			hclText(exampleText(t, examples+"/resources/appreg_certificate/mail-import.pem")) + "\n}\n"
	}
	for _, c := range []struct {
		what, hcl string
		command   []string
		writes    map[string]int // exactly
		reads     map[string]int // at most
	}{
		// Refresh, plan, the same at apply, and each new credential until it shows. Plan and apply read the policies once each.
		// Because the application is new, each plan looks once for what a run that was cut off may have left.
		{"create", hcl("a", ""), apply(), map[string]int{"POST " + list: n, "PATCH " + app: 1}, map[string]int{
			"GET " + app: 5, "GET /applications": 1, "GET " + list: 3 + n, "GET /policies/appManagementPolicies": 2, "GET /policies/defaultAppManagementPolicy": 2}},
		{"plan", hcl("a", ""), []string{"plan", "-detailed-exitcode"}, nil, map[string]int{"GET " + app: 2, "GET /applications": 1, "GET " + list: 2}},
		{"update", hcl("b", ""), apply(), map[string]int{"PATCH " + one: n}, map[string]int{"GET " + app: 3, "GET /applications": 1, "GET " + list: 4}},
		{"timeouts", hcl("b", "timeouts = {}"), apply(), nil, map[string]int{"GET " + app: 2, "GET /applications": 1, "GET " + list: 2}},
		{"destroy", minimalApplication, apply(), map[string]int{"DELETE " + one: n, "PATCH " + app: 1}, map[string]int{"GET " + app: 4, "GET /applications": 1, "GET " + list: 3}},
	} {
		w.Configure(t, c.hcl)
		x.ResetRequests()
		w.Must(t, c.command...)
		writes, reads := map[string]int{}, map[string]int{}
		for _, r := range x.Requests() {
			if r.ClientID == "" {
				continue // a sign-in
			}
			line := r.Method + " " + strings.TrimPrefix(r.Route, "/applications/{id}")
			if r.Method == "GET" {
				reads[line]++
			} else {
				writes[line]++
			}
		}
		if len(writes) != len(c.writes) || len(reads) > len(c.reads) {
			t.Errorf("%s: %v and %v, want %v and at most %v", c.what, writes, reads, c.writes, c.reads)
		}
		for line, want := range c.writes {
			if writes[line] != want {
				t.Errorf("%s: %d times %s, want %d", c.what, writes[line], line, want)
			}
		}
		for line, most := range c.reads {
			if reads[line] > most {
				t.Errorf("%s: %d times %s, want %d at most", c.what, reads[line], line, most)
			}
		}
	}
}

// Right after the apply, and without a refresh, a replica may not show the credentials yet: the removal waits for it, so
// that nothing is left that signs in.
func TestAccSecretlessRemovedRightAfterTheApply(t *testing.T) {
	t.Parallel()
	x := acctest.Calm(t, emulator.WithLag(15*time.Second))
	id := x.Create(t, tenant.Application, tenant.Doc{"displayName": "Mail import"})
	w := x.Workspace(t, "")
	certificate := hclText(exampleText(t, examples+"/resources/appreg_certificate/mail-import.pem"))
	hcl := "resource \"appreg_certificate\" \"test\" {\n  application_id = \"" + id + "\"\n  certificate = " + certificate + "\n}\n" +
		strings.Replace(federated("test", "github", mainBranch), "appreg_application.test.id", `"`+id+`"`, 1)
	w.Configure(t, hcl)
	w.Apply(t)
	w.Must(t, "destroy", "-auto-approve", "-refresh=false")
	app, _ := x.Object(id)
	if n, m := len(app.Docs("keyCredentials")), len(app.Docs("federatedIdentityCredentials")); n+m != 0 {
		t.Errorf("%d certificates and %d federated credentials are left", n, m)
	}
}
