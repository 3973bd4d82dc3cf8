package graph_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

func TestExtensionProperties(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, appID := w.app("Extended")
	all := "/applications/" + id + "/extensionProperties"
	made := w.must(http.StatusCreated, "POST", all, extension(`"isMultiValued":true`))
	name := "extension_" + strings.ReplaceAll(appID, "-", "") + "_jobGroup"
	if got, want := fmt.Sprint(made.keys()), "[appDisplayName dataType deletedDateTime id isMultiValued isSyncedFromOnPremises name targetObjects]"; got != want {
		t.Errorf("keys %s, want %s", got, want)
	}
	for property, want := range map[string]any{"name": name, "appDisplayName": "Extended", "isMultiValued": true, "isSyncedFromOnPremises": false,
		"dataType": "String", "deletedDateTime": nil, "@odata.context": "https://graph.test/v1.0/$metadata#applications('" + id + "')/extensionProperties/$entity"} {
		if made.body[property] != want {
			t.Errorf("%s = %v, want %v", property, made.body[property], want)
		}
	}
	if again := w.must(400, "POST", all, extension(``)); again.message() != "An extension property exists with the name "+name+"." {
		t.Errorf("twice: %s", again.Body)
	}
	if other := w.must(201, "POST", all, extension(`"name":"skypeId"`)); other.body["isMultiValued"] != false {
		t.Errorf("by default: %s", other.Body)
	}
	if got := w.must(200, "GET", query(all, "$filter=name eq '"+name+"'", "$select=name"), ""); field(got, "name") != name {
		t.Errorf("filtered: %s", got.Body)
	}
	if n := w.raw(all+"/$count", eventual); string(n.Body) != "2" {
		t.Errorf("%s counted", n.Body)
	}
	// The display name is the application's of today; a name is no key.
	w.must(204, "PATCH", "/applications/"+id, `{"displayName":"Renamed"}`)
	one := "/applications(appId='" + appID + "')/extensionProperties/" + made.str("id")
	if got := w.must(200, "GET", one, ""); got.str("appDisplayName") != "Renamed" {
		t.Errorf("after renaming: %s", got.Body)
	}
	w.must(404, "GET", all+"/"+name, "")
	w.as = "reader"
	w.must(200, "GET", one, "")
	w.must(403, "DELETE", one, "")
	w.must(403, "POST", all, extension(`"name":"other"`))
	w.as = "automation"
	w.must(204, "DELETE", one, "")
	w.must(404, "GET", one, "")
	// It never shows among an application's own properties.
	if _, ok := w.must(200, "GET", "/applications/"+id, "").body["extensionProperties"]; ok {
		t.Error("shown without $expand")
	}
}
