package graph_test

import (
	"strings"
	"testing"
)

func TestDirectoryObjects(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	app, _ := w.app("Thing")
	mara := w.person("mara").ObjectID
	if got := w.must(200, "GET", "/directoryObjects/"+mara, ""); got.str("@odata.type") != "#microsoft.graph.user" {
		t.Errorf("a person: %v", got.body)
	}
	w.must(404, "GET", "/directoryObjects/"+w.facts.ClientID, "")
	ids := `"ids":["` + app + `","` + strings.ToUpper(mara) + `","` + w.facts.ServicePrincipalID + `","` + w.facts.ClientID + `"]`
	for types, want := range map[string]int{"": 3, `,"types":["user"]`: 1, `,"types":["application","servicePrincipal","group"]`: 2, `,"types":["group"]`: 0} {
		if got := w.must(200, "POST", "/directoryObjects/getByIds", `{`+ids+types+`}`).values(); len(got) != want {
			t.Errorf("%s: %v", types, got)
		}
	}
	many := `{"ids":["` + strings.Repeat(app+`","`, 1000) + app + `"]}`
	for _, body := range []string{many, `{"ids":[]}`, `{"ids":["foo"]}`, `{"ids":"foo"}`, `{"names":[]}`} {
		w.must(400, "POST", "/directoryObjects/getByIds", body)
	}
}

func TestPeopleAndDomains(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	people := w.must(200, "GET", "/users?$select=userPrincipalName", "").values()
	if len(people) != 3 || len(people[0]) != 1 {
		t.Errorf("people: %v", people)
	}
	if got := w.must(200, "GET", "/users?$filter=startswith(displayName,'Mara')", "").values(); len(got) != 1 {
		t.Errorf("filtered: %v", got)
	}
	w.must(200, "GET", "/users/"+w.person("finn").UserName+"?$select=id", "")
	w.must(404, "GET", "/users/nobody@"+w.facts.Domain, "")
	domains := w.must(200, "GET", "/domains", "").values()
	if len(domains) != 1 || domains[0]["id"] != w.facts.Domain || domains[0]["isDefault"] != true || domains[0]["isVerified"] != true {
		t.Errorf("domains: %v", domains)
	}
	w.must(200, "GET", "/domains/"+w.facts.Domain, "")
	w.must(404, "GET", "/domains/elsewhere.example", "")
}
