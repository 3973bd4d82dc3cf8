package serve_test

import (
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/emulator"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// TestObjectsChangeBehindTheClient makes, changes and reads an application, its service principal and a secret.
func TestObjectsChangeBehindTheClient(t *testing.T) {
	t.Parallel()
	r := start(t, nil)
	var app, sp tenant.Doc
	if got := r.control(http.MethodPost, "/objects?kind=application", `{"displayName":"theirs","web":{"redirectUris":["https://a.example"]}}`, &app); got != http.StatusOK {
		t.Fatalf("make an application: %d %v", got, app)
	}
	path := "/objects/" + app.String("id")
	if got := r.control(http.MethodPatch, path, `{"notes":"changed","web":{"logoutUrl":"https://a.example/out"}}`, nil); got != http.StatusOK {
		t.Errorf("change it: %d", got)
	}
	var shown struct {
		Notes string
		Web   struct {
			LogoutURL    string
			RedirectURIs []string
		}
	}
	r.control(http.MethodGet, path, "", &shown)
	if shown.Notes != "changed" || shown.Web.LogoutURL != "https://a.example/out" || len(shown.Web.RedirectURIs) != 1 {
		t.Errorf("it is %+v", shown)
	}
	if got := r.control(http.MethodPost, "/objects?kind=servicePrincipal", `{"appId":"`+app.String("appId")+`"}`, &sp); got != http.StatusOK || sp.String("displayName") != "theirs" {
		t.Errorf("its service principal: %d %v", got, sp)
	}
	var secret struct {
		KeyID string `json:"key_id"`
		Text  string
	}
	if got := r.control(http.MethodPost, path+"/secrets", `{"display_name":"theirs","end":"2090-01-01T00:00:00Z"}`, &secret); got != http.StatusOK {
		t.Errorf("a secret: %d", got)
	}
	if _, got := r.token(app.String("appId"), secret.Text); got != http.StatusOK || secret.KeyID == "" {
		t.Errorf("sign in with it: %d, key %q", got, secret.KeyID)
	}
	r.control(http.MethodPost, path+"/secrets", `{}`, &secret)
	if _, got := r.token(app.String("appId"), secret.Text); got != http.StatusOK {
		t.Errorf("sign in with one that names no end: %d", got)
	}
}

// TestRolesAndPolicies takes a permission away and gives it back, and forbids secrets for all but one application.
func TestRolesAndPolicies(t *testing.T) {
	t.Parallel()
	r := start(t, nil)
	id, _ := r.createApplication("one")
	other, _ := r.createApplication("other")
	roles := "/roles/" + r.emulator.Facts().ClientID
	r.control(http.MethodPut, roles, `["User.Read.All"]`, nil)
	if _, status := r.createApplication("another"); status != http.StatusForbidden {
		t.Errorf("without the permission: %d", status)
	}
	if got := r.control(http.MethodPut, roles, `["Application.ReadWrite.All","Application.ReadWrite.All"]`, nil); got != http.StatusOK {
		t.Errorf("give the permission back: %d", got)
	}
	if n := len(r.emulator.Objects(tenant.AppRoleAssignment)); n != 1 {
		t.Errorf("%d assignments for one permission", n)
	}
	addPassword := func(id string) int {
		return r.call(http.MethodPost, r.BaseURL+"/v1.0/applications/"+id+"/addPassword", strings.NewReader(`{"passwordCredential":{"displayName":"x"}}`), r.bearer(), nil)
	}
	r.control(http.MethodPut, "/policy", `{"forbid_secrets":true}`, nil)
	r.control(http.MethodPut, "/objects/"+id+"/policy", `{"longest_secret":"P36500D"}`, nil)
	if exempt, got := addPassword(id), addPassword(other); exempt != http.StatusOK || got == http.StatusOK {
		t.Errorf("with a policy of its own: %d; without: %d", exempt, got)
	}
	r.control(http.MethodPut, "/policy", `{}`, nil)
	if got := addPassword(other); got != http.StatusOK {
		t.Errorf("without a policy: %d", got)
	}
}

func TestAccounts(t *testing.T) {
	t.Parallel()
	r := start(t, nil)
	var before []tenant.Account
	r.control(http.MethodGet, "/accounts", "", &before)
	path := "/accounts/" + before[1].UserName
	want := before[1]
	want.Password, want.Administrator = "changed since", true
	if got := r.control(http.MethodPatch, path, `{"password":"changed since","administrator":true}`, nil); got != http.StatusOK || r.emulator.Accounts()[1] != want {
		t.Errorf("%d %+v", got, r.emulator.Accounts()[1])
	}
	if got := r.control(http.MethodPatch, path, `{"locked":true,"password_expired":true,"must_register_factor":true}`, nil); got != http.StatusOK ||
		!r.emulator.Accounts()[1].Locked || !r.emulator.Accounts()[1].PasswordExpired || !r.emulator.Accounts()[1].MustRegisterFactor {
		t.Errorf("%d %+v", got, r.emulator.Accounts()[1])
	}
	if got := r.control(http.MethodPatch, path, `{"tenant_id":"elsewhere"}`, nil); got != http.StatusBadRequest {
		t.Errorf("into another tenant: %d", got)
	}
	if got := r.control(http.MethodPatch, "/accounts/nobody@nowhere.example", `{}`, nil); got != http.StatusNotFound {
		t.Errorf("nobody: %d", got)
	}
}

// TestAccountsChangedAtOnce: neither change is lost.
func TestAccountsChangedAtOnce(t *testing.T) {
	t.Parallel()
	r := start(t, nil)
	path := "/accounts/" + r.emulator.Accounts()[1].UserName
	for round := range 20 {
		var both sync.WaitGroup
		on := round%2 == 0
		both.Go(func() { r.control(http.MethodPatch, path, fmt.Sprintf(`{"locked":%v}`, on), nil) })
		both.Go(func() { r.control(http.MethodPatch, path, fmt.Sprintf(`{"administrator":%v}`, on), nil) })
		both.Wait()
		if is := r.emulator.Accounts()[1]; is.Locked != on || is.Administrator != on {
			t.Fatalf("round %d: locked %v, administrator %v", round, is.Locked, is.Administrator)
		}
	}
}

// TestConditionalAccess asks more of everybody, and less again.
func TestConditionalAccess(t *testing.T) {
	t.Parallel()
	r := start(t, nil)
	for _, want := range tenant.GrantControls() {
		got := r.control(http.MethodPut, "/conditional-access", `{"grant_control":"`+string(want)+`"}`, nil)
		if _, is := r.emulator.Cloud().Latest().ConditionalAccess(r.emulator.Facts().TenantID); got != http.StatusOK || is != want {
			t.Errorf("%q: %d, %q", want, got, is)
		}
	}
	for _, odd := range []string{`{"grant_control":"passkey"}`, `{"control":"block"}`, `x`} {
		if got := r.control(http.MethodPut, "/conditional-access", odd, nil); got != http.StatusBadRequest {
			t.Errorf("%s: %d", odd, got)
		}
	}
}

// TestReadingsAreSwitched switches one reading of Graph and one of the sign-in side, and back.
func TestReadingsAreSwitched(t *testing.T) {
	t.Parallel()
	r := start(t, nil)
	graph := func() int {
		return r.call(http.MethodGet, r.BaseURL+"/v1.0/applications/not-an-id", nil, r.bearer(), nil)
	}
	signIn := func() int {
		form := url.Values{"grant_type": {"client_credentials"}, "client_id": {r.emulator.Facts().ClientID}, "scope": {r.BaseURL + "/.default"}}
		return r.call(http.MethodPost, r.BaseURL+"/"+r.emulator.Facts().TenantID+"/oauth2/v2.0/token", strings.NewReader(form.Encode()),
			http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, nil)
	}
	for _, step := range []struct {
		malformed, missing string
		graph, signIn      int
	}{{"404", "401", 404, 401}, {"400", "400", 400, 400}, {"404", "401", 404, 401}} {
		var now map[string]string
		r.control(http.MethodPost, "/readings", `{"malformed-id":"`+step.malformed+`","missing-credential":"`+step.missing+`"}`, nil)
		r.control(http.MethodGet, "/readings", "", &now)
		if got, signed := graph(), signIn(); got != step.graph || signed != step.signIn {
			t.Errorf("%+v: Graph %d, sign-in %d", step, got, signed)
		}
		if now["malformed-id"] != step.malformed || now["missing-credential"] != step.missing || len(now) != len(emulator.Readings()) {
			t.Errorf("%+v: %v", step, now)
		}
	}
}

func TestFaultsAndClockAreShown(t *testing.T) {
	t.Parallel()
	r := start(t, nil)
	var rules []map[string]any
	r.control(http.MethodPost, "/faults", `[{"kind":"latency","delay":"1s","route":"/me"}]`, nil)
	if r.control(http.MethodGet, "/faults", "", &rules); len(rules) != 1 || rules[0]["kind"] != "latency" || rules[0]["delay"] != "1s" {
		t.Errorf("the faults are %v", rules)
	}
	r.control(http.MethodPost, "/clock/advance?by=240h", "", nil)
	var clock struct{ Now time.Time }
	if r.control(http.MethodGet, "/clock", "", &clock); time.Until(clock.Now) < 239*time.Hour {
		t.Errorf("the time is %s", clock.Now)
	}
}

// TestSaveOnDemand kills nothing: what is on disk after the save must be enough for another emulator.
func TestSaveOnDemand(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "tenants.json")
	first := startWith(t, file)
	id, _ := first.createApplication("kept")
	if got := first.control(http.MethodPost, "/save", "", nil); got != http.StatusOK {
		t.Fatalf("save: %d", got)
	}
	if _, ok := startWith(t, file).emulator.Object(id); !ok {
		t.Error("the application isn't in the file")
	}
	if got := start(t, nil).control(http.MethodPost, "/save", "", nil); got != http.StatusBadRequest {
		t.Errorf("without a file: %d", got)
	}
}

func TestControlsThatCannotBe(t *testing.T) {
	t.Parallel()
	r := start(t, nil)
	id, _ := r.createApplication("watched")
	people := r.emulator.Accounts()
	for _, c := range []struct {
		method, path, body string
		status             int
	}{
		{"GET", "/objects/" + r.emulator.Facts().TenantID + "0", "", 404},
		{"PATCH", "/objects/nothing", "{}", 404},
		{"PATCH", "/objects/" + id, `{"id":"other"}`, 400},
		{"PATCH", "/objects/" + id, `[]`, 400},
		{"PATCH", "/objects/" + id, `{} {}`, 400},
		{"POST", "/objects?kind=group", `{}`, 400},
		{"POST", "/objects?kind=user", `{}`, 400},
		{"POST", "/objects?kind=servicePrincipal", `{"appId":"nobody"}`, 400},
		{"POST", "/objects?kind=oAuth2PermissionGrant", `{"clientId":"no id"}`, 400},
		{"POST", "/objects/nothing/secrets", `{}`, 404},
		{"POST", "/objects/" + r.emulator.Facts().TenantID + "/secrets", `{}`, 400},
		{"PUT", "/objects/nothing/policy", `{}`, 404},
		{"PUT", "/policy", `{"forbid":true}`, 400},
		{"PUT", "/roles/nobody", `[]`, 404},
		{"PUT", "/roles/" + r.emulator.Facts().ClientID, `["Make.Believe"]`, 400},
		{"POST", "/readings", `{"malformed-id":"418"}`, 400},
		{"POST", "/readings", `{"no-such":"yes"}`, 400},
		{"POST", "/readings", ``, 400},
		{"POST", "/readings", `{"malformed-id":"400","filter-case":"sometimes"}`, 400},
		{"POST", "/objects?kind=application", `{"id":5}`, 400},
		{"POST", "/objects?kind=application", `{"id":"` + id + `"}`, 400},
		{"POST", "/objects?kind=oAuth2PermissionGrant", `{}`, 400},
		{"POST", "/objects?kind=authorizationPolicy", `{}`, 400},
		{"POST", "/objects/" + people[0].ObjectID + "/secrets", `{}`, 400},
		{"PUT", "/objects/" + people[0].ObjectID + "/policy", `{}`, 400},
		{"PUT", "/objects/" + id + "/policy", `{"longest_secret":"soon"}`, 400},
		{"PUT", "/policy", `{"longest_secret":"soon"}`, 400},
		{"POST", "/objects/" + tenant.DefaultAppPolicyID + "/delete", "", 400},
		{"POST", "/objects/" + tenant.AuthorizationPolicyID + "/delete", "", 400},
		{"POST", "/objects/" + r.emulator.Facts().TenantID + "/delete", "", 400},
		{"PATCH", "/accounts/" + people[0].UserName, `{"username":"` + people[1].UserName + `"}`, 400},
		{"PATCH", "/accounts/" + people[0].UserName, `{"username":""}`, 400},
		{"POST", "/clock/advance?by=2000000h", "", 200},
		{"POST", "/clock/advance?by=2000000h", "", 400},
	} {
		if got := r.control(c.method, c.path, c.body, nil); got != c.status {
			t.Errorf("%s %s %s: %d, want %d", c.method, c.path, c.body, got, c.status)
		}
	}
	if now := r.emulator.CurrentReadings(); now["malformed-id"] != "404" {
		t.Error("half of a refused change of readings has stayed")
	}
	if _, err := tenant.Load(r.emulator.Snapshot(), time.Now); err != nil {
		t.Errorf("what has become of the tenants can't be loaded: %v", err)
	}
}

// TestPoliciesAreListed lists them by kind, and deletes the one of an application.
func TestPoliciesAreListed(t *testing.T) {
	t.Parallel()
	r := start(t, nil)
	id, _ := r.createApplication("governed")
	r.control(http.MethodPut, "/objects/"+id+"/policy", `{"forbid_secrets":true}`, nil)
	found := map[string][]tenant.Doc{}
	for _, kind := range []tenant.Kind{tenant.AppPolicy, tenant.AssignedAppPolicy, tenant.AuthorizationPolicy} {
		var docs []tenant.Doc
		if got := r.control(http.MethodGet, "/objects?kind="+string(kind), "", &docs); got != http.StatusOK || len(docs) != 1 {
			t.Fatalf("%s: %d %v", kind, got, docs)
		}
		found[string(kind)] = docs
	}
	own := found["appManagementPolicy"][0].String("id")
	if got := r.control(http.MethodPost, "/objects/"+own+"/delete", "", nil); got != http.StatusOK {
		t.Errorf("deleting it: %d", got)
	}
	if app, _ := r.emulator.Object(id); len(app.Strings("appManagementPolicies")) != 0 {
		t.Errorf("the application still has it: %v", app["appManagementPolicies"])
	}
}
