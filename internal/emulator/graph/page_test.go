package graph_test

import (
	"encoding/base64"
	"net/url"
	"strings"
	"testing"
)

// FuzzPageToken: whatever a client sends as a page token, which isn't the one that this query's reply gave, is refused as
// expired; every collection does so, and none panics.
func FuzzPageToken(f *testing.F) {
	w := newWorld(f)
	id, _ := w.app("Pages")
	for range 2 {
		w.app("Pages")
	}
	lists := []string{"/applications?", "/applications?$filter=displayName+eq+'Pages'&", "/servicePrincipals?", "/users?",
		"/applications/" + id + "/owners?", "/applications/" + id + "/federatedIdentityCredentials?",
		"/servicePrincipals/" + w.facts.ServicePrincipalID + "/appRoleAssignments?", "/directory/deletedItems/microsoft.graph.application?"}
	given := map[string]string{} // the tokens that are good, by query
	for _, list := range lists {
		next, err := url.Parse(w.must(200, "GET", list+"$top=1", "").str("@odata.nextLink"))
		if err != nil {
			f.Fatal(err)
		}
		token := next.Query().Get("$skiptoken")
		if token == "" {
			continue
		}
		given[list] = token
		raw, err := base64.RawURLEncoding.DecodeString(token)
		if err != nil {
			f.Fatal(err)
		}
		position, sum, _ := strings.Cut(string(raw), ":")
		for _, seed := range []string{token, token[:len(token)/2], token + "A", token + token, "2:" + sum, "-" + position + ":" + sum,
			"0" + position + ":" + sum, "+" + position + ":" + sum, position + ":"} {
			f.Add(seed)
			f.Add(base64.RawURLEncoding.EncodeToString([]byte(seed)))
		}
	}
	if len(given) < 4 {
		f.Fatalf("only %d of the lists have pages", len(given))
	}
	for _, seed := range []string{" ", "%", "é", "\x00", strings.Repeat("A", 1<<16), base64.RawURLEncoding.EncodeToString([]byte("99999999999999999999:x"))} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		w := *w
		w.t = t
		for _, list := range lists {
			got := w.do("GET", list+"$top=1&$skiptoken="+url.QueryEscape(token), "")
			good := token == "" || token == given[list]
			if good && got.Status != 200 || !good && (got.Status != 400 || got.code() != "Directory_ExpiredPageToken") {
				t.Errorf("%s with %q: %d %s", list, token, got.Status, got.Body)
			}
		}
	})
}
