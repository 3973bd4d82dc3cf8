package graph_test

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/graph"
)

const eventual = "ConsistencyLevel: eventual"

// queried is a world with applications to ask for.
func queried(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	for _, body := range []string{
		`{"displayName":"Mail import","description":"reads a mailbox","tags":["red","blue"],"web":{"redirectUris":["https://a.example/cb"],"homePageUrl":"https://a.example"}}`,
		`{"displayName":"Mail export","notes":"old","tags":["red"],"requiredResourceAccess":[{"resourceAppId":"00000003-0000-0000-c000-000000000000","resourceAccess":[]}]}`,
		`{"displayName":"calendar","owners@odata.bind":["https://graph.test/v1.0/directoryObjects/` + w.facts.ServicePrincipalID + `"]}`,
	} {
		w.must(201, "POST", "/applications", body)
		w.clock.advance(1e9)
	}
	return w
}

// query is a path with query options in plain spelling, escaped.
func query(path string, options ...string) string {
	values := url.Values{}
	for _, o := range options {
		name, value, _ := strings.Cut(o, "=")
		values.Set(name, value)
	}
	return path + "?" + values.Encode()
}

func names(a answer) string {
	var out []string
	for _, v := range a.values() {
		name, _ := v["displayName"].(string)
		out = append(out, name)
	}
	return strings.Join(out, ", ")
}

// TestAdvancedQueries holds the table of the documentation (A4): what only the advanced mode answers, and what it answers.
func TestAdvancedQueries(t *testing.T) {
	t.Parallel()
	w := queried(t)
	mine := "not(appId eq '" + w.facts.ClientID + "') and "
	for filter, want := range map[string]string{
		`displayName ne 'calendar'`:                           "Mail import, Mail export",
		`endsWith(displayName,'port')`:                        "Mail import, Mail export",
		`not startsWith(displayName,'Mail')`:                  "calendar",
		`description eq 'reads a mailbox'`:                    "Mail import",
		`description eq null`:                                 "Mail export, calendar",
		`startsWith(notes,'o')`:                               "Mail export",
		`web/homePageUrl eq 'https://a.example'`:              "Mail import",
		`web/redirectUris/any(u:u eq 'https://a.example/cb')`: "Mail import",
		`requiredResourceAccess/any(x:x/resourceAppId eq 00000003-0000-0000-c000-000000000000)`: "Mail export",
		`tags/$count eq 0`:                                            "calendar",
		`owners/$count eq 1`:                                          "calendar",
		`not(tags/any(t:t eq 'blue'))`:                                "Mail export, calendar",
		`tags/all(t:t eq 'red') and tags/$count ne 0`:                 "Mail export",
		`federatedIdentityCredentials/$count eq 0 and notes eq 'old'`: "Mail export",
	} {
		plain := query("/applications", "$filter="+mine+filter)
		if got := w.must(400, "GET", plain, "").code(); got != "Request_UnsupportedQuery" {
			t.Errorf("%s, plain: %s", filter, got)
		}
		w.must(400, "GET", plain, "", eventual) // The header alone isn't enough.
		got := w.must(200, "GET", query("/applications", "$filter="+mine+filter, "$count=true"), "", eventual)
		if names(got) != want {
			t.Errorf("%s: %s, want %s", filter, names(got), want)
		}
		if count := len(strings.Split(want, ", ")); got.body["@odata.count"] != float64(count) {
			t.Errorf("%s: count %v", filter, got.body["@odata.count"])
		}
	}
}

func TestSortAndSearch(t *testing.T) {
	t.Parallel()
	w := queried(t)
	not := "$filter=appId ne '" + w.facts.ClientID + "'"
	for options, want := range map[string]string{
		"$orderby=displayName":                            "calendar, Mail export, Mail import",
		"$orderby=displayName desc":                       "Mail import, Mail export, calendar",
		"$orderby=createdDateTime desc":                   "calendar, Mail export, Mail import",
		`$search="displayName:mail"`:                      "Mail import, Mail export",
		`$search="description:mailbox"`:                   "Mail import",
		`$search="displayName:expo" OR "displayName:cal"`: "Mail export, calendar",
	} {
		if got := names(w.must(200, "GET", query("/applications", options, not, "$count=true"), "", eventual)); got != want {
			t.Errorf("%s: %s, want %s", options, got, want)
		}
		w.must(400, "GET", query("/applications", options), "")
	}
	// $search does without $count=true; @odata.count is then left out.
	got := w.must(200, "GET", query("/applications", `$search="displayName:mail"`), "", eventual)
	if _, counted := got.body["@odata.count"]; len(got.values()) != 2 || counted {
		t.Errorf("%s", got.Body)
	}
	// Pages keep the order, and count on the first one only; without the header the next one is refused.
	path, seen := query("/applications", "$orderby=displayName desc", not, "$count=true", "$top=2"), ""
	page := w.must(200, "GET", path, "", eventual)
	seen = names(page)
	next := strings.TrimPrefix(page.str("@odata.nextLink"), "https://graph.test/v1.0")
	w.must(400, "GET", next, "")
	page = w.must(200, "GET", next, "", eventual)
	if seen += ", " + names(page); seen != "Mail import, Mail export, calendar" || page.body["@odata.count"] != nil || page.str("@odata.nextLink") != "" {
		t.Errorf("%s: %s", seen, page.Body)
	}
	// A token is good for the query that it came with only.
	token, _ := url.Parse(next)
	other := query("/applications", "$orderby=displayName", not, "$count=true", "$skiptoken="+token.Query().Get("$skiptoken"))
	if got := w.must(400, "GET", other, "", eventual); got.code() != "Directory_ExpiredPageToken" {
		t.Error(got.code())
	}
}

func TestCountSegment(t *testing.T) {
	t.Parallel()
	w := queried(t)
	count := func(path string) string {
		t.Helper()
		reply := w.raw(path, eventual)
		if reply.Status != 200 || reply.Header.Get("Content-Type") != "text/plain" {
			t.Errorf("%s: %d %v", path, reply.Status, reply.Header)
		}
		return string(reply.Body)
	}
	if got := count("/applications/$count"); got != "4" {
		t.Errorf("applications: %s", got)
	}
	if got := count(query("/applications/$count", "$filter=endsWith(displayName,'port')")); got != "2" {
		t.Errorf("filtered: %s", got)
	}
	all := len(w.must(200, "GET", "/servicePrincipals", "").values())
	if got := count("/servicePrincipals/$count"); got != strconv.Itoa(all) {
		t.Errorf("service principals: %s of %d", got, all)
	}
	people := len(w.must(200, "GET", "/users", "").values())
	if got := count("/users/$count"); got != strconv.Itoa(people) {
		t.Errorf("users: %s of %d", got, people)
	}
	id, _ := w.must(200, "GET", query("/applications", "$filter=displayName eq 'calendar'"), "").values()[0]["id"].(string)
	if got := count("/applications/" + id + "/owners/$count"); got != "1" {
		t.Errorf("owners: %s", got)
	}
	if got := w.must(200, "GET", query("/applications", "$count=true"), ""); got.body["@odata.count"] != nil {
		t.Error("counted without the header")
	}
}

func TestExpandOwners(t *testing.T) {
	t.Parallel()
	w := queried(t)
	got := w.must(200, "GET", query("/applications", "$filter=displayName eq 'calendar'", "$expand=owners($select=id)", "$select=id"), "")
	owners, _ := got.values()[0]["owners"].([]any)
	if len(owners) != 1 || got.str("@odata.context") != "https://graph.test/v1.0/$metadata#applications(id,owners(id))" {
		t.Fatalf("%s", got.Body)
	}
	owner, _ := owners[0].(map[string]any)
	if owner["id"] != w.facts.ServicePrincipalID || owner["@odata.type"] != "#microsoft.graph.servicePrincipal" || len(owner) != 2 {
		t.Errorf("%v", owner)
	}
	id, _ := got.values()[0]["id"].(string)
	one := w.must(200, "GET", query("/applications/"+id, "$expand=owners"), "")
	if owners, _ := one.body["owners"].([]any); len(owners) != 1 || !slices.Contains(one.keys(), "displayName") {
		t.Errorf("%s", one.Body)
	}
}

// TestQueryRefusals is the table of refused queries. source names the section, as in the table of refusals.
func TestQueryRefusals(t *testing.T) {
	t.Parallel()
	w := queried(t)
	for _, tt := range []struct {
		source, path string
		header       bool
		code         string
		message      string
	}{
		{"A4", "/applications/$count", false, "Request_BadRequest", "$count is not currently supported."},
		{"E9", "/users/$count", false, "Request_BadRequest", "$count is not currently supported."},
		{"E9", "/applications(appId='" + w.facts.ClientID + "')/owners/$count", false, "Request_BadRequest", "$count is not currently supported."},
		{"E9", "/servicePrincipals/$count", false, "Request_BadRequest", "$count is not currently supported."},
		{"E9", query("/applications", "$filter=endsWith(displayName,'x')"), false, "Request_UnsupportedQuery", "Operator 'endsWith' is not supported because the required parameters might be missing. Try adding $count=true query parameter and ConsistencyLevel:eventual header."},
		{"E9", query("/applications", "$filter=web/redirectUris/any(u:u eq 'x')"), false, "Request_UnsupportedQuery", "Unsupported or invalid query filter clause specified for property 'web/redirectUris' of resource 'Application'."},
		{"A4", query("/applications", "$filter=tags/$count eq 0"), false, "Request_UnsupportedQuery", ""},
		{"A4", query("/applications", "$filter=not(displayName eq 'x')"), false, "Request_UnsupportedQuery", ""},
		{"A4", query("/applications", "$filter=notes gt 'x'", "$count=true"), true, "Request_UnsupportedQuery", ""},
		{"A4", query("/applications", "$filter=foo/any(f:f eq 'x')", "$count=true"), true, "Request_BadRequest", "Could not find a property named 'foo' on type 'microsoft.graph.application'."},
		{"A4", query("/applications", "$orderby=notes", "$count=true"), true, "Request_UnsupportedQuery", ""},
		{"A4", query("/applications", "$orderby=foo", "$count=true"), true, "Request_BadRequest", ""},
		{"A4", query("/applications", `$search="notes:x"`), true, "Request_UnsupportedQuery", ""},
		{"A4", query("/applications", `$search=x`), true, "Request_BadRequest", ""},
		{"A4", query("/applications", "$expand=owners,extensionProperties"), false, "Request_UnsupportedQuery", ""},
		{"A4", query("/applications", "$expand=owners", "$count=true"), true, "Request_UnsupportedQuery", ""},
		{"A4", query("/applications", "$expand=foo"), false, "Request_BadRequest", ""},
		{"A4", query("/oauth2PermissionGrants", "$select=foo"), false, "Request_BadRequest", "Could not find a property named 'foo' on type 'microsoft.graph.oAuth2PermissionGrant'."},
		{"E8", query("/applications", "$skiptoken=MTAwOmZvcmdlZA"), false, "Directory_ExpiredPageToken", ""},
		{"E8", query("/applications", "$top=0"), false, "Request_UnsupportedQuery", ""},
		{"S7", query("/oauth2PermissionGrants", "$orderby=id", "$count=true"), true, "Request_UnsupportedQuery", ""},
	} {
		var headers []string
		if tt.header {
			headers = append(headers, eventual)
		}
		got := w.must(400, "GET", tt.path, "", headers...)
		if got.code() != tt.code || tt.message != "" && got.message() != tt.message {
			t.Errorf("%s %s:\n%s: %s\nwant %s: %s", tt.source, tt.path, got.code(), got.message(), tt.code, tt.message)
		}
	}
}

// raw is do for a reply that isn't JSON.
func (w *world) raw(path string, headers ...string) *graph.Reply {
	w.t.Helper()
	return w.srv.Serve(w.request("GET", path, "", headers...), nil)
}
