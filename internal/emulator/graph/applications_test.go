package graph_test

import (
	"compress/gzip"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"fmt"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/graph"
)

func TestApplicationLifeCycle(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made := w.must(201, "POST", "/applications", `{"displayName":"Mail import","tags":["a"],"web":{"redirectUris":["https://a.example/x"]}}`)
	id, appID := made.str("id"), made.str("appId")
	if made.str("createdDateTime") != "2026-11-20T09:02:39.7238884Z" || made.str("createdByAppId") != w.facts.ClientID {
		t.Errorf("created: %s by %s", made.str("createdDateTime"), made.str("createdByAppId"))
	}
	if made.str("publisherDomain") != w.facts.Domain || made.str("signInAudience") != "AzureADMyOrg" {
		t.Errorf("defaults: %v", made.body)
	}
	w.must(204, "PATCH", "/applications/"+id, `{"web":{"homePageUrl":"https://a.example"},"isFallbackPublicClient":true}`)
	read := w.must(200, "GET", "/applications/"+id, "")
	web, _ := read.body["web"].(map[string]any)
	if fmt.Sprint(web["redirectUris"]) != "[https://a.example/x]" || web["homePageUrl"] != "https://a.example" ||
		read.body["isFallbackPublicClient"] != true {
		t.Errorf("after the update: %v", read.body)
	}
	if read.str("createdDateTime") != "2026-11-20T09:02:39Z" {
		t.Errorf("reads have whole seconds, got %s", read.str("createdDateTime"))
	}
	if got := w.must(200, "GET", "/applications(appId='"+appID+"')", ""); got.str("id") != id {
		t.Errorf("by client id: %v", got.body)
	}
	w.must(204, "PATCH", "/applications/"+id, `{"isFallbackPublicClient":null}`)
	if got := w.must(200, "GET", "/applications/"+id+"?$select=isFallbackPublicClient", ""); got.body["isFallbackPublicClient"] != nil || len(got.keys()) != 1 {
		t.Errorf("after null: %v", got.body)
	}
	w.must(204, "DELETE", "/applications/"+id, "")
	w.must(404, "GET", "/applications/"+id, "")
	w.must(404, "DELETE", "/applications/"+id, "")
}

func TestSecrets(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, appID := w.app("Secrets")
	made := w.must(200, "POST", "/applications/"+id+"/addPassword",
		`{"passwordCredential":{"displayName":"terraform","endDateTime":"2027-02-18T00:00:00Z"}}`)
	secret := made.str("secretText")
	if len(secret) != 40 || made.str("hint") != secret[:3] || made.str("endDateTime") != "2027-02-18T00:00:00Z" {
		t.Errorf("made: %v", made.body)
	}
	read := w.must(200, "GET", "/applications/"+id+"?$select=passwordCredentials", "")
	held, _ := read.body["passwordCredentials"].([]any)
	entry, _ := held[0].(map[string]any)
	if entry["secretText"] != nil || entry["keyId"] != made.str("keyId") || entry["endDateTime"] != "2027-02-18T00:00:00Z" {
		t.Errorf("read: %v", entry)
	}
	byAppID := w.must(200, "POST", "/applications(appId='"+appID+"')/addPassword", `{}`)
	if byAppID.body["displayName"] != nil || byAppID.str("endDateTime") != "2028-11-20T09:02:39.7238884Z" {
		t.Errorf("defaults: %v", byAppID.body)
	}
	if text, ok := w.cloud.Secret(made.str("keyId")); !ok || text != secret {
		t.Error("the side table doesn't know the secret")
	}
	w.must(204, "POST", "/applications/"+id+"/removePassword", `{"keyId":"`+made.str("keyId")+`"}`)
	again := w.must(400, "POST", "/applications/"+id+"/removePassword", `{"keyId":"`+made.str("keyId")+`"}`)
	if again.message() != "No password credential found with keyId '"+made.str("keyId")+"'." {
		t.Error(again.message())
	}
}

func TestPasswordsInBodies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made := w.must(201, "POST", "/applications", `{"displayName":"With secret","passwordCredentials":[{"displayName":"first"}]}`)
	held, _ := made.body["passwordCredentials"].([]any)
	first, _ := held[0].(map[string]any)
	if text, _ := first["secretText"].(string); len(text) != 40 {
		t.Fatalf("no secret: %v", first)
	}
	id := made.str("id")
	patch := func(body string) answer { return w.do("PATCH", "/applications/"+id, body) }
	if got := patch(`{"passwordCredentials":[{"displayName":"new"}]}`); got.message() != "New password credentials must be generated using service actions." {
		t.Error(got.message())
	}
	altered := fmt.Sprintf(`{"passwordCredentials":[{"keyId":%q,"displayName":"other"}]}`, first["keyId"])
	if got := patch(altered); got.message() != fmt.Sprintf("Update to existing credential with KeyId '%s' is not allowed.", first["keyId"]) {
		t.Error(got.message())
	}
	read := w.must(200, "GET", "/applications/"+id, "")
	same := fmt.Sprintf(`{"passwordCredentials":[{"keyId":%q,"displayName":"first","hint":%q}]}`, first["keyId"], first["hint"])
	if got := patch(same); got.Status != 204 {
		t.Errorf("an unchanged entry: %s of %v", got.Body, read.body["passwordCredentials"])
	}
	if got := patch(`{"passwordCredentials":[]}`); got.Status != 204 {
		t.Errorf("a shorter list: %s", got.Body)
	}
}

func TestPersonalAudience(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, _ := w.app("Personal")
	alone := w.must(400, "PATCH", "/applications/"+id, `{"signInAudience":"AzureADandPersonalMicrosoftAccount"}`)
	if alone.code() != "InvalidAccessTokenVersion" {
		t.Error(alone.code())
	}
	w.must(204, "PATCH", "/applications/"+id, `{"signInAudience":"AzureADandPersonalMicrosoftAccount","api":{"requestedAccessTokenVersion":2}}`)
	for range 2 {
		w.must(200, "POST", "/applications/"+id+"/addPassword", `{}`)
	}
	third := w.must(400, "POST", "/applications/"+id+"/addPassword", `{}`)
	if third.code() != "TooManyAppPasswords" || third.message() != "Not allowed to add 3 passwords. You can only add a maximum of 2 passwords." {
		t.Errorf("%s", third.Body)
	}
}

func TestUpsert(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const path, create = "/applications(uniqueName='o''brien')", "Prefer: create-if-missing"
	w.must(404, "PATCH", path, `{"displayName":"x"}`)
	made := w.must(201, "PATCH", path, `{"displayName":"x"}`, create)
	if made.str("uniqueName") != "o'brien" {
		t.Errorf("made: %v", made.body)
	}
	if got := w.must(204, "PATCH", path, `{"displayName":"y"}`, create); len(got.Body) != 0 {
		t.Errorf("a 204 with a body: %s", got.Body)
	}
	if got := w.must(200, "GET", path, ""); got.str("id") != made.str("id") || got.str("displayName") != "y" {
		t.Errorf("read: %v", got.body)
	}
	if got := w.must(400, "PATCH", "/applications/"+made.str("id"), `{"uniqueName":"z"}`); !strings.Contains(got.message(), "uniqueName") {
		t.Error(got.message())
	}
	other, _ := w.app("Other")
	const taken = "Another object with the same value for property uniqueName already exists."
	if got := w.must(400, "PATCH", "/applications/"+other, `{"uniqueName":"o'brien"}`); got.message() != taken {
		t.Error(got.message())
	}
	// A soft-deleted holder keeps the name until it is purged.
	w.must(204, "DELETE", "/applications/"+made.str("id"), "")
	if got := w.must(400, "PATCH", path, `{"displayName":"x"}`, create); got.message() != taken {
		t.Error(got.message())
	}
	w.must(204, "DELETE", "/directory/deletedItems/"+made.str("id"), "")
	w.must(201, "PATCH", path, `{"displayName":"x"}`, create)
}

// TestUpsertsMeet: of several at once one creates, and the others update what it has made.
func TestUpsertsMeet(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	statuses := make([]int, 16)
	var group sync.WaitGroup
	for i := range statuses {
		group.Go(func() {
			statuses[i] = w.do("PATCH", "/applications(uniqueName='meet')", `{"displayName":"x"}`, "Prefer: create-if-missing").Status
		})
	}
	group.Wait()
	slices.Sort(statuses)
	if statuses[0] != 201 || statuses[1] != 204 || statuses[15] != 204 {
		t.Errorf("%v", statuses)
	}
	w.must(400, "PATCH", "/applications(uniqueName='one')", `{"displayName":"x","uniqueName":"two"}`, "Prefer: create-if-missing")
}

// TestPrincipalUpsertGoesToThePrimary: a service principal that a replica doesn't know yet is there nevertheless.
func TestPrincipalUpsertGoesToThePrimary(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *graph.Config) { c.Lag = time.Hour })
	_, appID := w.app("Late")
	w.clock.advance(3 * time.Hour)
	path := "/servicePrincipals(appId='" + appID + "')"
	w.must(201, "PATCH", path, `{"notes":"made"}`, "Prefer: create-if-missing")
	w.clock.advance(time.Second)
	w.must(404, "GET", path, "")
	w.must(204, "PATCH", path, `{"notes":"changed"}`, "Prefer: create-if-missing")
}

func TestDeletedItems(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, appID := w.app("Gone")
	sp := w.must(201, "POST", "/servicePrincipals", `{"appId":"`+appID+`"}`)
	w.must(204, "DELETE", "/applications/"+id, "")
	w.must(404, "GET", "/servicePrincipals/"+sp.str("id"), "")
	listed := w.must(200, "GET", "/directory/deletedItems/microsoft.graph.application", "")
	if got := listed.values(); len(got) != 1 || got[0]["id"] != id || got[0]["@odata.type"] != "#microsoft.graph.application" || got[0]["deletedDateTime"] == nil {
		t.Errorf("listed: %v", listed.body)
	}
	for _, kind := range []string{"application", "servicePrincipal"} {
		latest := query("/directory/deletedItems/microsoft.graph."+kind, "$orderby=deletedDateTime desc", "$count=true")
		if got := w.must(200, "GET", latest, "", eventual); len(got.values()) != 1 || got.body["@odata.count"] != float64(1) {
			t.Errorf("%s: %s", latest, got.Body)
		}
	}
	item := w.must(200, "GET", "/directory/deletedItems/"+id, "")
	if item.str("@odata.type") != "#microsoft.graph.application" {
		t.Errorf("item: %v", item.body)
	}
	restored := w.must(200, "POST", "/directory/deletedItems/"+id+"/restore", "")
	if restored.str("appId") != appID || restored.body["deletedDateTime"] != nil {
		t.Errorf("restored: %v", restored.body)
	}
	w.must(200, "GET", "/servicePrincipals/"+sp.str("id"), "")
	w.must(204, "DELETE", "/applications/"+id, "")
	w.clock.advance(31 * 24 * time.Hour)
	w.must(404, "GET", "/directory/deletedItems/"+id, "")
}

func TestGzipBody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var packed strings.Builder
	z := gzip.NewWriter(&packed)
	if _, err := z.Write([]byte(`{"displayName":"Packed"}`)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	w.must(201, "POST", "/applications", packed.String(), "Content-Encoding: gzip")
	w.must(400, "POST", "/applications", "not packed", "Content-Encoding: gzip")
	w.must(http.StatusUnsupportedMediaType, "POST", "/applications", "{}", "Content-Type: text/plain")
}

func TestPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *graph.Config) { c.PageSize = 2 })
	for i := range 5 {
		w.app(fmt.Sprintf("Page %d", i))
	}
	path, seen, pages := "/applications?$filter=startsWith(displayName,'Page')&$select=displayName", 0, 0
	for path != "" {
		got := w.must(200, "GET", path, "")
		seen += len(got.values())
		pages++
		path = strings.TrimPrefix(got.str("@odata.nextLink"), "https://graph.test/v1.0")
	}
	if seen != 5 || pages != 3 {
		t.Errorf("%d applications on %d pages", seen, pages)
	}
	if got := w.must(400, "GET", "/applications?$skiptoken=invented", ""); got.code() != "Directory_ExpiredPageToken" {
		t.Error(got.code())
	}
}

// TestUpsertIsReadAsTheReadingSays: an upsert goes to the primary, a read by the same name to a replica, or not.
func TestUpsertIsReadAsTheReadingSays(t *testing.T) {
	t.Parallel()
	for choice, late := range map[string]bool{"lags": true, "at-once": false} {
		w := newWorld(t, func(c *graph.Config) { c.Lag = time.Hour }, func(c *graph.Config) {
			c.Readings = graph.Readings{graph.UpsertVisible: choice}
		})
		w.must(201, "PATCH", "/applications(uniqueName='u')", `{"displayName":"x"}`, "Prefer: create-if-missing")
		w.must(204, "PATCH", "/applications(uniqueName='u')", `{"displayName":"y"}`, "Prefer: create-if-missing")
		w.clock.advance(time.Second)
		got := w.do("GET", "/applications(uniqueName='u')", "")
		if (got.Status == 404) != late {
			t.Errorf("%s: %d", choice, got.Status)
		}
	}
}

func TestCertificates(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, _ := w.app("Certified")
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	from := w.clock.now()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "certified"}, NotBefore: from, NotAfter: from.AddDate(1, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	entry := func(more string) string {
		return fmt.Sprintf(`{"keyCredentials":[{"type":"AsymmetricX509Cert","usage":"Verify","key":%q%s}]}`, base64.StdEncoding.EncodeToString(der), more)
	}
	w.must(400, "PATCH", "/applications/"+id, entry(`,"endDateTime":"2040-01-01T00:00:00Z"`))
	w.must(400, "PATCH", "/applications/"+id, `{"keyCredentials":[{"type":"AsymmetricX509Cert","usage":"Verify","key":"AAAA"}]}`)
	w.must(204, "PATCH", "/applications/"+id, entry(""))
	held := func(query string) map[string]any {
		t.Helper()
		list, _ := w.must(200, "GET", "/applications/"+id+query, "").body["keyCredentials"].([]any)
		if len(list) != 1 {
			t.Fatalf("%d certificates", len(list))
		}
		first, _ := list[0].(map[string]any)
		return first
	}
	shown := held("")
	if shown["key"] != nil || shown["displayName"] != "CN=certified" || shown["endDateTime"] != "2027-11-20T09:02:39Z" {
		t.Errorf("shown: %v", shown)
	}
	if held("?$select=keyCredentials")["key"] == nil {
		t.Error("no key on $select")
	}
	// Sent back without its key, by its id, it stays.
	w.must(204, "PATCH", "/applications/"+id, fmt.Sprintf(`{"keyCredentials":[{"keyId":%q,"type":"AsymmetricX509Cert","usage":"Verify","key":null}]}`, shown["keyId"]))
	if held("?$select=keyCredentials")["key"] == nil {
		t.Error("the key was lost")
	}
}

func TestLagMakesReadsFlap(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *graph.Config) { c.Lag = 10 * time.Second })
	id, appID := w.app("Late")
	w.clock.advance(5 * time.Second)
	seen := map[int]int{}
	for range 40 {
		seen[w.do("GET", "/applications/"+id, "").Status]++
	}
	if seen[200] == 0 || seen[404] == 0 {
		t.Errorf("five seconds into a lag of ten: %v", seen)
	}
	if got := w.do("POST", "/servicePrincipals", `{"appId":"`+appID+`"}`); got.Status != 201 && !strings.Contains(string(got.Body), "NoBackingApplicationObject") {
		t.Errorf("service principal of a new application: %s", got.Body)
	}
	w.clock.advance(16 * time.Second)
	for range 40 {
		w.must(200, "GET", "/applications/"+id, "")
		if got := w.must(200, "GET", "/applications?$filter=appId+eq+'"+appID+"'", ""); len(got.values()) != 1 {
			t.Fatal("a list is behind for longer than twice the lag")
		}
	}
}
