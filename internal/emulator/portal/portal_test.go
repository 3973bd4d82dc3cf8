package portal_test

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/portal"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

var today = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

// site is the portal of a tenant with one more application.
type site struct {
	t      *testing.T
	cloud  *tenant.Cloud
	seeded tenant.Seeded
	pages  http.Handler
}

const (
	appID    = "11111111-2222-4333-8444-555555555555"
	objectID = "99999999-2222-4333-8444-555555555555"
)

var everyPage = []string{"", appID + "/", appID + "/authentication", appID + "/credentials", appID + "/permissions"}

func newSite(t *testing.T, change func(tenant.Doc)) *site {
	t.Helper()
	cloud := tenant.New(func() time.Time { return today })
	seeded, err := tenant.Seed(cloud, 1)
	check(t, err)
	s := &site{t: t, cloud: cloud, seeded: seeded, pages: portal.New(cloud)}
	app := tenant.NewApplication(objectID, appID, seeded.Domain, "", today.AddDate(0, 0, -3))
	app["displayName"] = "Mail import"
	if change != nil {
		change(app)
	}
	s.put(tenant.Application, app)
	return s
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (s *site) put(kind tenant.Kind, doc tenant.Doc) {
	s.t.Helper()
	check(s.t, s.cloud.Update(func(tx *tenant.Tx) error { tx.Put(s.seeded.TenantID, kind, doc); return nil }))
}

func (s *site) get(path string) *httptest.ResponseRecorder {
	s.t.Helper()
	w := httptest.NewRecorder()
	s.pages.ServeHTTP(w, httptest.NewRequestWithContext(s.t.Context(), http.MethodGet, portal.Path+path, nil))
	return w
}

// rows are the page's table rows and definitions, cells joined by " | ", in the order of the page.
func (s *site) rows(path string) string {
	s.t.Helper()
	w := s.get(path)
	if w.Code != http.StatusOK {
		s.t.Fatalf("%s: %d", path, w.Code)
	}
	doc, err := html.Parse(w.Body)
	check(s.t, err)
	var b strings.Builder
	for n := range doc.Descendants() {
		switch n.Data {
		case "tr":
			var cells []string
			for cell := range n.ChildNodes() {
				cells = append(cells, text(cell))
			}
			b.WriteString(strings.Join(cells, " | ") + "\n")
		case "dt":
			b.WriteString(text(n) + ": ")
		case "dd", "caption", "h2":
			b.WriteString(text(n) + "\n")
		}
	}
	return b.String()
}

func text(n *html.Node) string {
	var b strings.Builder
	if n.Type == html.TextNode {
		b.WriteString(n.Data)
	}
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

func (s *site) shows(path string, lines ...string) {
	s.t.Helper()
	got := s.rows(path)
	for _, line := range lines {
		if !strings.Contains(got, line+"\n") {
			s.t.Errorf("%s lacks %q:\n%s", path, line, got)
		}
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	s.shows("", "Mail import | "+appID+" | 2026-05-01 | -")
	check(t, s.cloud.Update(func(tx *tenant.Tx) error {
		tx.SoftDelete(s.seeded.TenantID, tenant.Application, objectID)
		return nil
	}))
	s.shows("", "Deleted applications", "Mail import | "+appID+" | 2026-05-04")
	if got := s.get(appID + "/").Code; got != http.StatusNotFound {
		t.Errorf("the deleted application's page: %d", got)
	}
}

// TestEveryTenantIsOneClickAway goes from the main tenant's list to another one's, to an application there, and back.
func TestEveryTenantIsOneClickAway(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	const theirs = "22222222-2222-4333-8444-555555555555"
	other := s.cloud.Tenants()[1]
	check(t, s.cloud.Update(func(tx *tenant.Tx) error {
		app := tenant.NewApplication("88888888-2222-4333-8444-555555555555", theirs, other.Domain, "", today)
		app["displayName"] = "Loading ramp"
		tx.Put(other.ID, tenant.Application, app)
		return nil
	}))
	list := "directories/" + other.ID + "/"
	for _, path := range append([]string{list, theirs + "/", "no/such/page"}, everyPage...) {
		page := s.get(path).Body.String()
		for _, in := range s.cloud.Tenants()[:2] {
			if !strings.Contains(page, `<a href="/portal/directories/`+in.ID+`/"`) {
				t.Errorf("no way from %q to %s", path, in.DisplayName)
			}
		}
		current := s.seeded.TenantID
		if path == list || path == theirs+"/" {
			current = other.ID
		}
		if strings.Count(page, `aria-current="true"`) != 1 || !strings.Contains(page, current+`/" aria-current="true"`) {
			t.Errorf("%q doesn't say that it is about %s", path, current)
		}
	}
	s.shows(list, "Loading ramp | "+theirs+" | 2026-05-04 | -")
	s.shows("directories/"+other.Domain+"/", "Loading ramp | "+theirs+" | 2026-05-04 | -")
	s.shows(theirs+"/", "Directory (tenant) ID: "+other.ID)
	if got := s.rows(""); strings.Contains(got, "Loading ramp") {
		t.Errorf("the main tenant shows another one's application:\n%s", got)
	}
	if got := s.rows(list); strings.Contains(got, "Mail import") {
		t.Errorf("the other tenant shows the main one's application:\n%s", got)
	}
	if got := s.get("directories/nobody.example/").Code; got != http.StatusNotFound {
		t.Errorf("an unknown tenant: %d", got)
	}
}

func TestOverview(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"AzureADMyOrg": "My organization only", "AzureADMultipleOrgs": "Multiple organizations",
		"AzureADandPersonalMicrosoftAccount": "All Microsoft account users", "PersonalMicrosoftAccount": "Personal Microsoft account users",
	} {
		s := newSite(t, func(app tenant.Doc) {
			app["signInAudience"] = value
			app["spa"] = tenant.Doc{"redirectUris": []string{"https://a.example", "https://b.example"}}
		})
		s.shows(appID+"/", "Display name: Mail import", "Application (client) ID: "+appID, "Object ID: "+objectID,
			"Directory (tenant) ID: "+s.seeded.TenantID, "Supported account types: "+want,
			"Redirect URIs: 0 web, 2 spa, 0 public client", "Client credentials: 0 certificate, 0 secret")
	}
}

func TestAuthentication(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(app tenant.Doc) {
		app["publicClient"] = tenant.Doc{"redirectUris": []string{"http://localhost", "urn:ietf:wg:oauth:2.0:oob"}}
	})
	s.shows(appID+"/authentication", "Mobile and desktop applications", "http://localhost", "urn:ietf:wg:oauth:2.0:oob",
		"Supported account types: Accounts in this organizational directory only (Bergsee Handels GmbH only - Single tenant)",
		"Allow public client flows: No")
	if got := s.rows(appID + "/authentication"); strings.Contains(got, "Web\n") {
		t.Errorf("a platform without redirect URIs:\n%s", got)
	}
	// The next look shows what has changed.
	check(t, s.cloud.Update(func(tx *tenant.Tx) error {
		app, _ := tx.Get(s.seeded.TenantID, tenant.Application, objectID)
		app["isFallbackPublicClient"] = true
		tx.Put(s.seeded.TenantID, tenant.Application, app)
		return nil
	}))
	s.shows(appID+"/authentication", "Allow public client flows: Yes")
}

func TestCredentials(t *testing.T) {
	t.Parallel()
	thumbprint := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("\xab", 20)))
	s := newSite(t, func(app tenant.Doc) {
		app["keyCredentials"] = []tenant.Doc{{"keyId": "k", "customKeyIdentifier": thumbprint, "displayName": "CN=import",
			"startDateTime": today, "endDateTime": today.AddDate(1, 0, 0)}}
		app["federatedIdentityCredentials"] = []tenant.Doc{{"name": "pipeline", "issuer": "https://issuer.example", "subject": "repo:a/b",
			"audiences": []string{"api://AzureADTokenExchange"}}}
	})
	var kept, past tenant.Doc
	check(t, s.cloud.Update(func(tx *tenant.Tx) error {
		app, _ := tx.Get(s.seeded.TenantID, tenant.Application, objectID)
		kept = tx.AddPassword(app, "product", today, today.AddDate(0, 6, 0))
		past = tx.AddPassword(app, nil, today.AddDate(0, -2, 0), today)
		tx.Put(s.seeded.TenantID, tenant.Application, app)
		return nil
	}))
	s.shows(appID+"/credentials", "Client secrets (2)", "product | 2026-11-04 | "+kept.String("hint")+"… | "+kept.String("keyId"),
		"- | Expired 2026-05-04 | "+past.String("hint")+"… | "+past.String("keyId"),
		"Federated credentials (1)", "pipeline | https://issuer.example | repo:a/b | api://AzureADTokenExchange",
		strings.Repeat("AB", 20)+" | CN=import | 2026-05-04 | 2027-05-04 | k")
	s.shows("", "Mail import | "+appID+" | 2026-05-01 | Current")
	for _, path := range everyPage {
		page := s.get(path).Body.String()
		for _, secret := range s.cloud.Secrets() {
			if strings.Contains(page, secret) {
				t.Errorf("%q shows a secret", path)
			}
		}
	}
}

func TestPermissions(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	view := s.cloud.Latest()
	graph, ok := view.ServicePrincipalByClientID(s.seeded.TenantID, tenant.MicrosoftGraphClientID)
	if !ok {
		t.Fatal("no Microsoft Graph")
	}
	id := func(list, value string) string {
		for _, p := range graph.Docs(list) {
			if p.String("value") == value {
				return p.String("id")
			}
		}
		t.Fatalf("no %s", value)
		return ""
	}
	const unknown = "abababab-2222-4333-8444-555555555555"
	app, _ := view.Get(s.seeded.TenantID, tenant.Application, objectID)
	app["requiredResourceAccess"] = []tenant.Doc{{"resourceAppId": tenant.MicrosoftGraphClientID, "resourceAccess": []tenant.Doc{
		{"id": id("oauth2PermissionScopes", "User.Read"), "type": "Scope"}, {"id": id("oauth2PermissionScopes", "Mail.ReadWrite"), "type": "Scope"},
		{"id": id("oauth2PermissionScopes", "User.Read.All"), "type": "Scope"}, {"id": id("appRoles", "Mail.Read"), "type": "Role"},
		{"id": id("appRoles", "Mail.Send"), "type": "Role"}, {"id": unknown, "type": "Scope"},
	}}}
	s.put(tenant.Application, app)
	principal := tenant.NewServicePrincipal(unknown, app, s.seeded.TenantID, "", today)
	s.put(tenant.ServicePrincipal, principal)
	s.put(tenant.Grant, tenant.Doc{"id": "g", "clientId": unknown, "resourceId": graph["id"], "consentType": "AllPrincipals", "principalId": nil, "scope": " user.read Files.Read made.up"})
	s.put(tenant.Grant, tenant.Doc{"id": "h", "clientId": unknown, "resourceId": graph["id"], "consentType": "Principal", "principalId": objectID, "scope": "Mail.ReadWrite"})
	s.put(tenant.AppRoleAssignment, tenant.Doc{"id": "a", "principalId": unknown, "resourceId": graph["id"], "appRoleId": id("appRoles", "Mail.Read")})
	s.shows(appID+"/permissions", "Configured permissions", "Microsoft Graph (6)",
		"User.Read | Delegated | Sign in and read user profile | No | Granted for Bergsee Handels GmbH",
		"Mail.ReadWrite | Delegated | Read and write access to user mail | No | -",
		"User.Read.All | Delegated | Read all users' full profiles and company properties | Yes | Not granted for Bergsee Handels GmbH",
		"Mail.Read | Application | Read mail in all mailboxes | Yes | Granted for Bergsee Handels GmbH",
		"Mail.Send | Application | Send mail as any user | Yes | Not granted for Bergsee Handels GmbH",
		unknown+" | Delegated | - | No | -",
		"Other permissions granted for Bergsee Handels GmbH", "Microsoft Graph (2)",
		"Files.Read | Delegated | Read user files | No | Granted for Bergsee Handels GmbH",
		"made.up | Delegated | - | No | Granted for Bergsee Handels GmbH")
}

// TestNothingIsMarkup names an application so that a careless page would run a script.
func TestNothingIsMarkup(t *testing.T) {
	t.Parallel()
	const evil = `</title><script>alert(1)</script>"'><img src=x onerror=alert(1)>`
	s := newSite(t, func(app tenant.Doc) {
		app["displayName"], app["description"] = evil, evil
		app["identifierUris"] = []string{"javascript:alert(1)//" + evil}
		app["web"] = tenant.Doc{"redirectUris": []string{"javascript:" + evil}, "logoutUrl": evil}
		app["requiredResourceAccess"] = []tenant.Doc{{"resourceAppId": evil, "resourceAccess": []tenant.Doc{{"id": evil, "type": "Scope"}}}}
		app["passwordCredentials"] = []tenant.Doc{{"displayName": evil, "hint": "<b>", "keyId": evil}}
		app["keyCredentials"] = []tenant.Doc{{"displayName": evil, "customKeyIdentifier": evil, "keyId": evil}}
	})
	for _, path := range everyPage {
		w := s.get(path)
		if body := w.Body.String(); strings.Contains(body, "<script") || strings.Contains(body, "<img") || !strings.Contains(body, "&lt;script&gt;") {
			t.Errorf("%s: markup gets through:\n%s", path, body)
		}
		if policy := w.Header().Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'") {
			t.Errorf("%s: policy %q", path, policy)
		}
	}
}

// TestPagesCanBeReadAloud looks for what a screen reader steers by.
func TestPagesCanBeReadAloud(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	for _, path := range append([]string{"no/such/page"}, everyPage...) {
		doc, err := html.Parse(s.get(path).Body)
		check(t, err)
		seen := map[string]int{}
		for n := range doc.Descendants() {
			if n.Type != html.ElementNode {
				continue
			}
			seen[n.Data]++
			for _, a := range n.Attr {
				seen[n.Data+" "+a.Key+"="+a.Val]++
				if n.Data == "th" && a.Key == "scope" {
					seen["th scope"]++
				}
			}
		}
		for _, once := range []string{"html lang=en", "title", "header", "main", "footer", "h1"} {
			if seen[once] != 1 {
				t.Errorf("%q has %d %s", path, seen[once], once)
			}
		}
		if seen["th"] != seen["th scope"] || seen["script"]+seen["form"]+seen["style"] > 0 {
			t.Errorf("%q: %v", path, seen)
		}
		if about := strings.HasPrefix(path, appID); about != (seen["a aria-current=page"] == 1) {
			t.Errorf("%q: the menu marks %d pages", path, seen["a aria-current=page"])
		}
	}
}

func TestOnlyToRead(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	for _, path := range []string{"", appID + "/", appID + "/credentials"} {
		w := httptest.NewRecorder()
		s.pages.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, portal.Path+path, nil))
		if w.Code != http.StatusMethodNotAllowed {
			t.Errorf("POST %s: %d", path, w.Code)
		}
	}
	if w := s.get("style.css"); w.Code != http.StatusOK || w.Header().Get("Content-Type") != "text/css; charset=utf-8" || w.Body.Len() == 0 {
		t.Errorf("style sheet: %d %v", w.Code, w.Header())
	}
	for _, path := range []string{"nobody/", appID, appID + "/secrets", appID + "/credentials/x"} {
		if got := s.get(path).Code; got == http.StatusOK {
			t.Errorf("%s: %d", path, got)
		}
	}
}
