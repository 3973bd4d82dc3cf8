package directory_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/directory"
	"github.com/appreg/terraform-provider-appreg/internal/emulator"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// populate makes applications of which every nth holds a secret that ends within a month, and all one that doesn't.
func populate(t testing.TB, e *emulator.Emulator, applications, nth int) (ids []string) {
	t.Helper()
	for i := range applications {
		secrets := []any{tenant.Doc{"keyId": fmt.Sprintf("10000000-0000-4000-8000-%012d", i), "displayName": "later", "hint": "abc",
			"startDateTime": time.Now(), "endDateTime": time.Now().AddDate(1, 0, 0)}}
		if i%nth == 0 {
			secrets = append(secrets, tenant.Doc{"keyId": fmt.Sprintf("20000000-0000-4000-8000-%012d", i), "displayName": "soon", "hint": "abc",
				"startDateTime": time.Now(), "endDateTime": time.Now().AddDate(0, 0, 7)})
		}
		id, err := e.Create(tenant.Application, tenant.Doc{"displayName": fmt.Sprintf("Product %04d", i), "passwordCredentials": secrets})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	return ids
}

// paths counts the requests to Graph by method and path.
func paths(e *emulator.Emulator) map[string]int {
	n := make(map[string]int)
	for _, r := range e.Requests() {
		if strings.HasPrefix(r.Path, "/v1.0/") {
			n[r.Method+" "+strings.TrimPrefix(r.Path, "/v1.0")]++
		}
	}
	return n
}

// A large tenant costs one request per 999 applications, and one per 20 applications that are listed.
func TestExpiringCredentialsOfLargeTenant(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, e := newTenant(t)
		ids := populate(t, e, 2500, 50)
		e.ResetRequests()
		found, err := c.ExpiringCredentials(t.Context(), directory.ExpiringFilter{Before: time.Now().AddDate(0, 0, 30)})
		if err != nil || len(found) != 50 {
			t.Fatalf("%d credentials, %v, want 50", len(found), err)
		}
		if got, want := fmt.Sprint(paths(e)), "map[GET /applications:3 POST /$batch:3]"; got != want {
			t.Errorf("the requests are %s, want %s", got, want)
		}

		e.ResetRequests()
		found, err = c.ExpiringCredentials(t.Context(), directory.ExpiringFilter{Before: time.Now().AddDate(0, 0, 30), ApplicationIDs: ids[:31]})
		if err != nil || len(found) != 1 {
			t.Fatalf("%d credentials, %v, want 1", len(found), err)
		}
		if got, want := fmt.Sprint(paths(e)), "map[GET /applications:3 POST /$batch:1]"; got != want {
			t.Errorf("for 31 applications the requests are %s, want %s", got, want)
		}

		e.ResetRequests()
		found, err = c.ExpiringCredentials(t.Context(), directory.ExpiringFilter{Before: time.Now().AddDate(9, 0, 0), ApplicationIDs: []string{}})
		if err != nil || len(found) != 0 || len(e.Requests()) != 0 {
			t.Errorf("for no application: %d credentials with %d requests, %v", len(found), len(e.Requests()), err)
		}
	})
}

// A report in the run that made a secret shows it, although lists are behind, and shows none of what the run removed.
func TestExpiringCredentialsShowOwnWrites(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, e := newTenant(t, emulator.WithLag(20*time.Second))
		app, _, err := c.CreateApplication(t.Context(), directory.ApplicationSpec{DisplayName: "Mail import", SignInAudience: "AzureADMyOrg"}, directory.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		gone := populate(t, e, 1, 1)[0]
		time.Sleep(time.Minute) // in virtual time: lists show it then
		made, err := c.AddSecret(t.Context(), app.ID, "soon", time.Now().Add(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		if err := c.DeleteApplication(t.Context(), gone, false); err != nil {
			t.Fatal(err)
		}
		all := directory.ExpiringFilter{Before: time.Now().AddDate(1, 0, 0)}
		found, err := c.ExpiringCredentials(t.Context(), all)
		if err != nil {
			t.Fatal(err)
		}
		mine := func(f directory.ExpiringCredential) bool { return f.KeyID == made.KeyID && f.ApplicationID == app.ID }
		if !slices.ContainsFunc(found, mine) {
			t.Errorf("the new secret is not listed: %v", found)
		}
		if slices.ContainsFunc(found, func(f directory.ExpiringCredential) bool { return f.ApplicationID == gone }) {
			t.Error("the deleted application is listed")
		}
		all.ApplicationIDs = []string{strings.ToUpper(app.ID)}
		if found, err = c.ExpiringCredentials(t.Context(), all); err != nil || len(found) != 1 || !mine(found[0]) {
			t.Errorf("by its id: %v, %v", found, err)
		}
		all.ApplicationIDs = []string{gone}
		if _, err = c.ExpiringCredentials(t.Context(), all); directory.KindOf(err) != directory.KindNotFound {
			t.Errorf("a deleted application by its id: %v", err)
		}
	})
}
