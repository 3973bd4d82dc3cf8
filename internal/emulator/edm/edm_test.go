package edm_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/edm"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, entity, body string
		mode               edm.Mode
		want               edm.Error
	}{
		{"not JSON", "application", `{"displayName":`, edm.Create, edm.Error{Fault: edm.NotJSON}},
		{"null", "application", `null`, edm.Create, edm.Error{Fault: edm.NotJSON}},
		{"two values", "application", `{} {}`, edm.Create, edm.Error{Fault: edm.NotJSON}},
		{"unknown", "application", `{"xyz":1}`, edm.Create, edm.Error{Fault: edm.UnknownProperty, Property: "xyz", Resource: "application"}},
		{"unknown member", "application", `{"web":{"xyz":1}}`, edm.Update, edm.Error{Fault: edm.UnknownProperty, Property: "xyz", Resource: "webApplication"}},
		{"number for text", "application", `{"displayName":1}`, edm.Create, edm.Error{Fault: edm.WrongType, Property: "displayName", Resource: "application"}},
		{"object for list", "application", `{"tags":{}}`, edm.Create, edm.Error{Fault: edm.WrongType, Property: "tags", Resource: "application"}},
		{"fraction", "application", `{"api":{"requestedAccessTokenVersion":1.5}}`, edm.Update, edm.Error{Fault: edm.WrongType, Property: "requestedAccessTokenVersion", Resource: "apiApplication"}},
		{"null list", "application", `{"tags":null}`, edm.Update, edm.Error{Fault: edm.InvalidValue, Property: "tags", Resource: "application"}},
		{"null in list", "application", `{"tags":[null]}`, edm.Update, edm.Error{Fault: edm.InvalidValue, Property: "tags", Resource: "application"}},
		{"bad GUID", "application", `{"requiredResourceAccess":[{"resourceAppId":"x","resourceAccess":[{"id":"Mail.Send","type":"Scope"}]}]}`, edm.Update, edm.Error{Fault: edm.InvalidValue, Property: "id", Resource: "resourceAccess"}},
		{"missing id", "application", `{"requiredResourceAccess":[{"resourceAppId":"x","resourceAccess":[{"type":"Scope"}]}]}`, edm.Update, edm.Error{Fault: edm.InvalidValue, Property: "id", Resource: "resourceAccess"}},
		{"no enum", "application", `{"nativeAuthenticationApisEnabled":"unknownFutureValue"}`, edm.Update, edm.Error{Fault: edm.InvalidValue, Property: "nativeAuthenticationApisEnabled", Resource: "application"}},
		{"bad enum", "application", `{"nativeAuthenticationApisEnabled":"some"}`, edm.Update, edm.Error{Fault: edm.InvalidValue, Property: "nativeAuthenticationApisEnabled", Resource: "application"}},
		{"read-only", "application", `{"appId":"x"}`, edm.Update, edm.Error{Fault: edm.ReadOnly, Property: "appId", Resource: "application"}},
		{"id chosen by the caller", "application", `{"id":"x"}`, edm.Create, edm.Error{Fault: edm.ReadOnly, Property: "id", Resource: "application"}},
		{"references in an update", "application", `{"owners@odata.bind":[]}`, edm.Update, edm.Error{Fault: edm.UnknownProperty, Property: "owners@odata.bind", Resource: "application"}},
		{"inherited", "servicePrincipal", `{"displayName":"x"}`, edm.Update, edm.Error{Fault: edm.ReadOnly, Property: "displayName", Resource: "servicePrincipal"}},
		{"only at creation", "servicePrincipal", `{"appId":"x"}`, edm.Update, edm.Error{Fault: edm.ReadOnly, Property: "appId", Resource: "servicePrincipal"}},
		{"not in v1.0's bodies", "application", `{"oauth2RequirePostResponse":true}`, edm.Create, edm.Error{Fault: edm.UnknownProperty, Property: "oauth2RequirePostResponse", Resource: "application"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := edm.Decode(tt.entity, []byte(tt.body), tt.mode)
			var got *edm.Error
			if !errors.As(err, &got) || *got != tt.want {
				t.Errorf("Decode(%s) = %v, want %v", tt.body, err, &tt.want)
			}
		})
	}
}

func TestDecodeAccepts(t *testing.T) {
	t.Parallel()
	doc, err := edm.Decode("application", []byte(`{"@odata.type":"#microsoft.graph.application","id":"x","displayName":"n",
		"description":null,"tags":["a"],"web":{"redirectUris":["https://a.example"]},
		"requiredResourceAccess":[{"resourceAppId":"r","resourceAccess":[{"id":"E1FE6DD8-BA31-4D61-89E7-88639DA4683D","type":"Scope"}]}]}`), edm.Update)
	if err != nil {
		t.Fatal(err)
	}
	access := doc.Docs("requiredResourceAccess")[0].Docs("resourceAccess")[0]
	if access.String("id") != "e1fe6dd8-ba31-4d61-89e7-88639da4683d" {
		t.Errorf("GUIDs are written in lower case, got %v", access)
	}
	if v, ok := doc["description"]; !ok || v != nil {
		t.Errorf("an explicit null must arrive as one, got %v, %v", v, ok)
	}
	if _, ok := doc["id"]; ok {
		t.Error("the id of an update is to be ignored")
	}
	const bind = `{"displayName":"n","owners@odata.bind":["https://graph.microsoft.com/v1.0/directoryObjects/1"]}`
	if doc, err = edm.Decode("application", []byte(bind), edm.Create); err != nil || len(doc.Strings("owners@odata.bind")) != 1 {
		t.Errorf("references = %v, %v", doc["owners@odata.bind"], err)
	}
}

func TestMergeIsDeepForComplexValuesOnly(t *testing.T) {
	t.Parallel()
	doc := tenant.Doc{"web": tenant.Doc{"homePageUrl": "https://a.example", "redirectUris": []any{"https://b.example"},
		"implicitGrantSettings": tenant.Doc{"enableIdTokenIssuance": true, "enableAccessTokenIssuance": false}}}
	update, err := edm.Decode("application", []byte(`{"web":{"redirectUris":[],"implicitGrantSettings":{"enableAccessTokenIssuance":true}}}`), edm.Update)
	if err != nil {
		t.Fatal(err)
	}
	edm.Merge(doc, update)
	web := doc.Doc("web")
	implicit := web.Doc("implicitGrantSettings")
	if web.String("homePageUrl") == "" || len(web.Strings("redirectUris")) != 0 ||
		!implicit.Bool("enableIdTokenIssuance") || !implicit.Bool("enableAccessTokenIssuance") {
		t.Errorf("merged: %v", doc)
	}
}

func TestEntityHidesWhatGraphHides(t *testing.T) {
	t.Parallel()
	doc := tenant.NewApplication("1", "2", "d", "", testTime)
	doc["keyCredentials"] = []any{tenant.Doc{"key": "MIIB"}}
	all := edm.Entity("application", doc, nil)
	for _, hidden := range []string{"owners", "authenticationBehaviors", "logo"} {
		if _, ok := all[hidden]; ok {
			t.Errorf("%s is shown", hidden)
		}
	}
	if all.Docs("keyCredentials")[0]["key"] != nil {
		t.Error("the key is shown without $select")
	}
	selected := edm.Entity("application", doc, []string{"keyCredentials"})
	if selected.Docs("keyCredentials")[0]["key"] == nil || len(selected) != 1 {
		t.Errorf("selected: %v", selected)
	}
	if !slices.IsSorted(edm.Properties("application")) {
		t.Error("the properties are not in order")
	}
}

var testTime = time.Date(2026, 11, 20, 9, 2, 39, 723888400, time.UTC)

func TestCompleteFillsNewComplexValues(t *testing.T) {
	t.Parallel()
	body := tenant.Doc{"servicePrincipalLockConfiguration": tenant.Doc{"allProperties": true}, "web": tenant.Doc{"homePageUrl": "h"}}
	if err := edm.Complete("application", tenant.Doc{"web": tenant.Doc{}}, body); err != nil {
		t.Fatal(err)
	}
	if lock := body.Doc("servicePrincipalLockConfiguration"); len(lock) != 5 || lock["isEnabled"] != false || lock["allProperties"] != true {
		t.Errorf("the lock: %v", lock)
	}
	if web := body.Doc("web"); len(web) != 1 {
		t.Errorf("what merges stays as it is: %v", web)
	}
}

func TestEmptyNulls(t *testing.T) {
	t.Parallel()
	if got, want := string(edm.EmptyNulls("application", []byte(`{"notes":null,"tags":null}`))), `{"notes":null,"tags":[]}`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got := string(edm.EmptyNulls("application", []byte(`{`))); got != "{" {
		t.Error(got)
	}
}
