package witness_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http/httptest"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/microsoft/kiota-abstractions-go/serialization"
	jsonserialization "github.com/microsoft/kiota-serialization-json-go"
	"github.com/microsoftgraph/msgraph-sdk-go/models"
	"github.com/microsoftgraph/msgraph-sdk-go/models/odataerrors"

	"github.com/appreg/terraform-provider-appreg/internal/emulator"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

const origin = "https://graph.test"

// known lists the members that Graph sends and the library's models lack.
var known = map[string][]string{
	"Application":      {"createdByAppId", "isDisabled"},
	"ServicePrincipal": {"createdByAppId", "createdDateTime", "isDisabled"},
}

type session struct {
	t     *testing.T
	e     *emulator.Emulator
	token string
}

func signIn(t *testing.T) *session {
	t.Helper()
	e, err := emulator.New()
	if err != nil {
		t.Fatal(err)
	}
	s := &session{t: t, e: e}
	f := e.Facts()
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {f.ClientID}, "client_secret": {f.ClientSecret},
		"scope": {origin + "/.default"}}
	r := httptest.NewRequestWithContext(t.Context(), "POST", origin+"/"+f.TenantID+"/oauth2/v2.0/token", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	e.ServeHTTP(w, r)
	var reply struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &reply); err != nil {
		t.Fatal(err)
	}
	s.token = reply.AccessToken
	return s
}

func (s *session) do(status int, method, path, body string) []byte {
	s.t.Helper()
	r := httptest.NewRequestWithContext(s.t.Context(), method, origin+"/v1.0"+path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+s.token)
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	s.e.ServeHTTP(w, r)
	if w.Code != status {
		s.t.Fatalf("%s %s: %d %s", method, path, w.Code, w.Body)
	}
	return w.Body.Bytes()
}

// everything is an application with a value in every place that has one.
const everything = `{"displayName":"Everything","description":"d","notes":"n","serviceManagementReference":"r","tags":["t"],
	"signInAudience":"AzureADMultipleOrgs","isFallbackPublicClient":true,"identifierUris":["https://bergsee.onmicrosoft.com/everything"],
	"web":{"homePageUrl":"https://a.example","logoutUrl":"https://a.example/out","redirectUris":["https://a.example/in"],
		"implicitGrantSettings":{"enableIdTokenIssuance":true}},
	"spa":{"redirectUris":["https://a.example/spa"]},"publicClient":{"redirectUris":["myapp://auth"]},
	"api":{"requestedAccessTokenVersion":2,"knownClientApplications":["11111111-1111-4111-8111-111111111111"],
		"oauth2PermissionScopes":[{"id":"22222222-2222-4222-8222-222222222222","value":"Use","type":"User","isEnabled":true}],
		"preAuthorizedApplications":[{"appId":"11111111-1111-4111-8111-111111111111","delegatedPermissionIds":["22222222-2222-4222-8222-222222222222"]}]},
	"appRoles":[{"id":"33333333-3333-4333-8333-333333333333","value":"Run","displayName":"Run","description":"Run","allowedMemberTypes":["Application"],"isEnabled":true}],
	"optionalClaims":{"idToken":[{"name":"email","essential":false}]},
	"requiredResourceAccess":[{"resourceAppId":"00000003-0000-0000-c000-000000000000","resourceAccess":[{"id":"e1fe6dd8-ba31-4d61-89e7-88639da4683d","type":"Scope"}]}],
	"passwordCredentials":[{"displayName":"p"}]}`

func TestModelsDecodeEverything(t *testing.T) {
	t.Parallel()
	s := signIn(t)
	var app, sp, api struct{ ID, AppID string }
	decode := func(body []byte, into any) []byte {
		if err := json.Unmarshal(body, into); err != nil {
			t.Fatal(err)
		}
		return body
	}
	created := decode(s.do(201, "POST", "/applications", everything), &app)
	principal := decode(s.do(201, "POST", "/servicePrincipals", `{"appId":"`+app.AppID+`"}`), &sp)
	graph := s.do(200, "GET", "/servicePrincipals(appId='"+tenant.MicrosoftGraphClientID+"')", "")
	decode(graph, &api)
	grant := s.do(201, "POST", "/oauth2PermissionGrants",
		`{"clientId":"`+sp.ID+`","resourceId":"`+api.ID+`","consentType":"AllPrincipals","scope":"User.Read"}`)
	secret := s.do(200, "POST", "/applications/"+app.ID+"/addPassword", `{}`)
	policy := emulator.Policy{LongestSecret: "P90D"}
	if err := errors.Join(s.e.SetPolicy(policy), s.e.AssignPolicy(app.ID, policy)); err != nil {
		t.Fatal(err)
	}
	owner := s.e.Facts().Users[0].ObjectID
	s.do(204, "POST", "/applications/"+app.ID+"/owners/$ref", `{"@odata.id":"`+origin+`/v1.0/directoryObjects/`+owner+`"}`)

	extension := s.do(201, "POST", "/applications/"+app.ID+"/extensionProperties", `{"name":"size","dataType":"Integer","targetObjects":["User"]}`)
	trust := s.do(201, "POST", "/applications/"+app.ID+"/federatedIdentityCredentials",
		`{"name":"main","issuer":"https://i.example","subject":"s","audiences":["a"]}`)

	tests := []struct {
		name    string
		body    []byte
		factory serialization.ParsableFactory
	}{
		{"created application", created, models.CreateApplicationFromDiscriminatorValue},
		{"application", s.do(200, "GET", "/applications/"+app.ID, ""), models.CreateApplicationFromDiscriminatorValue},
		{"applications", s.do(200, "GET", "/applications", ""), models.CreateApplicationCollectionResponseFromDiscriminatorValue},
		{"secret", secret, models.CreatePasswordCredentialFromDiscriminatorValue},
		{"owners", s.do(200, "GET", "/applications/"+app.ID+"/owners", ""), models.CreateDirectoryObjectCollectionResponseFromDiscriminatorValue},
		{"extension property", extension, models.CreateExtensionPropertyFromDiscriminatorValue},
		{"application, expanded", s.do(200, "GET", "/applications/"+app.ID+"?$expand=extensionProperties", ""), models.CreateApplicationFromDiscriminatorValue},
		{"federated identity credential", trust, models.CreateFederatedIdentityCredentialFromDiscriminatorValue},
		{"created principal", principal, models.CreateServicePrincipalFromDiscriminatorValue},
		{"Microsoft Graph", graph, models.CreateServicePrincipalFromDiscriminatorValue},
		{"grant", grant, models.CreateOAuth2PermissionGrantFromDiscriminatorValue},
		{"grants", s.do(200, "GET", "/oauth2PermissionGrants", ""), models.CreateOAuth2PermissionGrantCollectionResponseFromDiscriminatorValue},
		{"assignments", s.do(200, "GET", "/servicePrincipals/"+api.ID+"/appRoleAssignedTo", ""), models.CreateAppRoleAssignmentCollectionResponseFromDiscriminatorValue},
		{"principal, expanded", s.do(200, "GET", "/servicePrincipals/"+sp.ID+"?$expand=oauth2PermissionGrants", ""), models.CreateServicePrincipalFromDiscriminatorValue},
		{"organization", s.do(200, "GET", "/organization", ""), models.CreateOrganizationCollectionResponseFromDiscriminatorValue},
		{"user", s.do(200, "GET", "/users/"+owner, ""), models.CreateUserFromDiscriminatorValue},
		{"policy", s.do(200, "GET", "/policies/defaultAppManagementPolicy", ""), models.CreateTenantAppManagementPolicyFromDiscriminatorValue},
		{"assigned policies", s.do(200, "GET", "/applications/"+app.ID+"/appManagementPolicies", ""), models.CreateAppManagementPolicyCollectionResponseFromDiscriminatorValue},
		{"error", s.do(404, "GET", "/applications/"+owner, ""), odataerrors.CreateODataErrorFromDiscriminatorValue},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			checkModel(t, tt.body, tt.factory)
		})
	}
}

// checkModel decodes a body into a model, which must have a place for every member.
func checkModel(t *testing.T, body []byte, factory serialization.ParsableFactory) {
	t.Helper()
	node, err := jsonserialization.NewJsonParseNodeFactory().GetRootParseNode("application/json", body)
	if err != nil {
		t.Fatal(err)
	}
	model, err := node.GetObjectValue(factory)
	if err != nil {
		t.Fatal(err)
	}
	if left := append(leftovers(reflect.ValueOf(model)), unknownKeys(t, model, body)...); len(left) > 0 {
		t.Errorf("the models don't know %v in\n%s", left, body[:min(len(body), 2000)])
	}
}

// unknownKeys lists the members of a body that the model has no field for, nulls included, which leave no leftovers.
func unknownKeys(t *testing.T, model serialization.Parsable, body []byte) []string {
	t.Helper()
	var members map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil {
		t.Fatal(err)
	}
	var out []string
	fields := model.GetFieldDeserializers()
	name := reflect.TypeOf(model).Elem().Name()
	for _, member := range slices.Sorted(maps.Keys(members)) {
		if _, ok := fields[member]; !ok && !strings.HasPrefix(member, "@odata.") && !slices.Contains(known[name], member) {
			out = append(out, fmt.Sprintf("%s.%s", name, member))
		}
	}
	return out
}

// leftovers lists what a model and the models inside it couldn't place.
func leftovers(v reflect.Value) []string {
	for v.IsValid() && (v.Kind() == reflect.Interface || v.Kind() == reflect.Slice && v.Len() == 0) {
		if v.Kind() == reflect.Slice {
			return nil
		}
		v = v.Elem()
	}
	if !v.IsValid() {
		return nil
	}
	var out []string
	if v.Kind() == reflect.Slice {
		for i := range v.Len() {
			out = append(out, leftovers(v.Index(i))...)
		}
		return out
	}
	holder, ok := v.Interface().(serialization.AdditionalDataHolder)
	if !ok || v.Kind() != reflect.Pointer || v.IsNil() {
		return nil
	}
	name := v.Elem().Type().Name()
	for _, member := range slices.Sorted(maps.Keys(holder.GetAdditionalData())) {
		if !strings.HasPrefix(member, "@odata.") && !slices.Contains(known[name], member) {
			out = append(out, fmt.Sprintf("%s.%s", name, member))
		}
	}
	for i := range v.NumMethod() {
		m := v.Type().Method(i)
		if strings.HasPrefix(m.Name, "Get") && m.Type.NumIn() == 1 && m.Type.NumOut() == 1 &&
			m.Name != "GetAdditionalData" && m.Name != "GetBackingStore" && m.Name != "GetFieldDeserializers" {
			out = append(out, leftovers(v.Method(i).Call(nil)[0])...)
		}
	}
	return out
}
