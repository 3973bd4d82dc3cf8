package graph_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/graph"
)

func TestFederatedIdentityCredentials(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, appID := w.app("Federated")
	all := "/applications/" + id + "/federatedIdentityCredentials"
	made := w.must(201, "POST", all, trust(`"name":"gh-main"`))
	if got, want := fmt.Sprint(made.keys()), "[audiences description id issuer name subject]"; got != want {
		t.Errorf("keys %s, want %s", got, want)
	}
	if got, want := made.str("@odata.context"), "https://graph.test/v1.0/$metadata#applications('"+id+"')/federatedIdentityCredentials/$entity"; got != want {
		t.Errorf("context %s, want %s", got, want)
	}
	for _, path := range []string{all + "/gh-main", all + "/" + made.str("id"), all + "(name='gh-main')",
		"/applications(appId='" + appID + "')/federatedIdentityCredentials/gh-main"} {
		if got := w.must(200, "GET", path, ""); got.str("id") != made.str("id") {
			t.Errorf("%s: %v", path, got.body)
		}
	}
	w.must(201, "POST", all, trust(`"name":"other","subject":"elsewhere"`))
	if got := w.must(200, "GET", all+"?$filter=subject+eq+'elsewhere'&$select=name", ""); len(got.values()) != 1 || got.values()[0]["name"] != "other" {
		t.Errorf("filtered: %s", got.Body)
	}
	if got := w.must(400, "GET", all+"?$filter=issuer+eq+'x'", ""); got.code() != "Request_UnsupportedQuery" {
		t.Errorf("filter by issuer: %s", got.Body)
	}
	w.must(204, "PATCH", all+"/gh-main", `{"subject":"repo:org/other","description":"d"}`)
	if got := w.must(200, "GET", all+"/gh-main", ""); got.str("subject") != "repo:org/other" || got.str("issuer") == "" || got.str("description") != "d" {
		t.Errorf("after the update: %v", got.body)
	}
	w.must(400, "PATCH", all+"/gh-main", `{"name":"renamed"}`)
	w.must(204, "PATCH", all+"/gh-main", `{"name":"gh-main"}`)
	w.must(400, "PATCH", all+"/gh-main", `{"audiences":[]}`)
	w.must(204, "DELETE", all+"/gh-main", "")
	w.must(404, "DELETE", all+"/gh-main", "")
	// It is kept with its application, also through the deleted items.
	w.must(204, "DELETE", "/applications/"+id, "")
	w.must(404, "GET", all+"/other", "")
	w.must(200, "POST", "/directory/deletedItems/"+id+"/restore", "")
	w.must(200, "GET", all+"/other", "")
	w.as = "reader"
	w.must(200, "GET", all, "")
	w.must(403, "DELETE", all+"/other", "")
}

func TestFederatedUpsert(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const app, create = "/applications(uniqueName='a')", "Prefer: create-if-missing"
	w.must(404, "PATCH", app+"/federatedIdentityCredentials(name='n-1')", `{"subject":"x"}`, create)
	w.must(201, "PATCH", app, `{"displayName":"a"}`, create)
	const path = app + "/federatedIdentityCredentials(name='n-1')"
	const body = `{"issuer":"https://i.example","subject":"s","audiences":["a"]}`
	w.must(404, "PATCH", path, body)
	if made := w.must(201, "PATCH", path, body, create); made.str("name") != "n-1" {
		t.Errorf("made: %v", made.body)
	}
	w.must(204, "PATCH", path, `{"subject":"t"}`, create)
	if got := w.must(200, "GET", path, ""); got.str("subject") != "t" {
		t.Errorf("read: %v", got.body)
	}
	w.must(400, "PATCH", app+"/federatedIdentityCredentials(name='n-2')", strings.Replace(body, "{", `{"name":"n-3",`, 1), create)
}

func TestFederatedLimits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, _ := w.app("Many")
	all := "/applications/" + id + "/federatedIdentityCredentials"
	for i := range 20 {
		w.must(201, "POST", all, trust(fmt.Sprintf(`"name":"name-%d","subject":"s%d"`, i, i)))
	}
	w.must(400, "POST", all, trust(`"name":"name-20"`))
	if got := w.must(200, "GET", all, ""); len(got.values()) != 20 {
		t.Errorf("%d of 20", len(got.values()))
	}
}

func TestFederatedDuplicates(t *testing.T) {
	t.Parallel()
	for choice, status := range map[string]int{"409": 409, "400": 400} {
		w := newWorld(t, reading(graph.DuplicateSubject, choice))
		id, _ := w.app("Twice")
		all := "/applications/" + id + "/federatedIdentityCredentials"
		w.must(201, "POST", all, trust(`"name":"first"`))
		again := w.must(409, "POST", all, trust(`"name":"first","subject":"another"`))
		if again.code() != "Request_MultipleObjectsWithSameKeyValue" || again.message() != "FederatedIdentityCredential with name first already exists." {
			t.Errorf("the same name: %s", again.Body)
		}
		w.must(status, "POST", all, trust(`"name":"second"`))
		w.must(201, "POST", all, trust(`"name":"second","subject":"another"`))
		w.must(status, "PATCH", all+"/second", `{"subject":"repo:org/repo"}`)
	}
}

// TestFederatedLags: a replica that is behind doesn't know a new credential.
func TestFederatedLags(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *graph.Config) { c.Lag = time.Hour })
	w.clock.advance(3 * time.Hour)
	id, _ := w.app("Late")
	w.clock.advance(2 * time.Hour)
	all := "/applications/" + id + "/federatedIdentityCredentials"
	made := w.must(201, "POST", all, trust(`"name":"late"`))
	w.clock.advance(time.Second)
	w.must(404, "GET", all+"/"+made.str("id"), "")
	w.clock.advance(time.Hour)
	w.must(200, "GET", all+"/"+made.str("id"), "")
}
