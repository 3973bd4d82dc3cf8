package directory

import (
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

const exchangeClientID = "00000002-0000-0ff1-ce00-000000000000"

func access(api string, scopeIDs ...string) object {
	var all []object
	for _, id := range scopeIDs {
		all = append(all, object{"id": id, "type": "Scope"})
	}
	return object{"resourceAppId": api, "resourceAccess": all}
}

func TestPermissionsOfOneAPILeaveTheRest(t *testing.T) {
	t.Parallel()
	state := newFakeApplication()
	mixed := object{"resourceAppId": MicrosoftGraphClientID, "resourceAccess": []object{{"id": keyNumber(1), "type": "Scope"}, {"id": keyNumber(2), "type": "Role"}}}
	state.body["requiredResourceAccess"] = []object{mixed, access(exchangeClientID, keyNumber(3))}
	c, f := newFake(t, state.answer)
	app, err := c.SetDelegatedPermissions(t.Context(), appID, MicrosoftGraphClientID, []string{keyNumber(5), keyNumber(4)})
	if err != nil {
		t.Fatal(err)
	}
	want := []APIPermissions{
		{APIClientID: MicrosoftGraphClientID, ScopeIDs: []string{keyNumber(5), keyNumber(4)}, RoleIDs: []string{keyNumber(2)}},
		{APIClientID: exchangeClientID, ScopeIDs: []string{keyNumber(3)}},
	}
	if !reflect.DeepEqual(app.Permissions, want) {
		t.Errorf("got %+v", app.Permissions)
	}
	if app, err = c.SetDelegatedPermissions(t.Context(), appID, exchangeClientID, nil); err != nil || len(app.Permissions) != 1 {
		t.Errorf("%+v, %v", app, err)
	}
	if app, err = c.SetDelegatedPermissions(t.Context(), appID, MicrosoftGraphClientID, nil); err != nil || len(app.Permissions) != 1 ||
		len(app.Permissions[0].ScopeIDs) != 0 || !slices.Equal(app.Permissions[0].RoleIDs, []string{keyNumber(2)}) {
		t.Errorf("%+v, %v", app, err)
	}
	if f.count("PATCH") != 3 {
		t.Errorf("requests %q", f.lines())
	}
}

func TestConcurrentWritersOfPermissionsKeepEachOthers(t *testing.T) {
	t.Parallel()
	state := newFakeApplication()
	c, _ := newFake(t, state.answer)
	var all sync.WaitGroup
	for _, api := range []string{MicrosoftGraphClientID, exchangeClientID, keyNumber(50), keyNumber(51)} {
		all.Go(func() {
			if _, err := c.SetDelegatedPermissions(t.Context(), appID, api, []string{keyNumber(1)}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	app, err := c.Application(t.Context(), appID)
	if err != nil || len(app.Permissions) != 4 {
		t.Errorf("%+v, %v", app, err)
	}
}

// TestPermissionsAreMergedAgain: another process writes between our read and our write, and takes ours away.
func TestPermissionsAreMergedAgain(t *testing.T) {
	t.Parallel()
	for _, stubborn := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			state := newFakeApplication()
			c, f := newFake(t, nil)
			f.answer = func(line, body string, seen int) answer {
				a := state.answer(line, body, seen)
				if strings.HasPrefix(line, "PATCH") && (seen == 0 || stubborn) {
					state.body["requiredResourceAccess"] = []object{
						access(exchangeClientID, keyNumber(9)), access(MicrosoftGraphClientID, keyNumber(100+seen)),
					}
				}
				return a
			}
			app, err := c.SetDelegatedPermissions(t.Context(), appID, MicrosoftGraphClientID, []string{keyNumber(1)})
			if stubborn {
				wantKind(t, err, KindConflict)
				return
			}
			if err != nil || !slices.Equal(app.scopeIDs(MicrosoftGraphClientID), []string{keyNumber(1)}) || !slices.Equal(app.scopeIDs(exchangeClientID), []string{keyNumber(9)}) {
				t.Errorf("%+v, %v", app, err)
			}
			if f.count("PATCH") != 2 {
				t.Errorf("requests %q", f.lines())
			}
		})
	}
}

// A run that was killed has just taken the permissions away, and a replica that lags still shows them.
func TestPermissionsThatALateReplicaShowsAreWritten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		state := newFakeApplication()
		stale := appJSON(object{"requiredResourceAccess": []object{access(MicrosoftGraphClientID, keyNumber(1)), access(exchangeClientID, keyNumber(9))}})
		c, _ := newFake(t, func(line, body string, seen int) answer {
			if strings.HasPrefix(line, "GET") && seen == 0 {
				return answer{status: 200, body: stale}
			}
			return state.answer(line, body, seen)
		})
		if _, err := c.SetDelegatedPermissions(t.Context(), appID, MicrosoftGraphClientID, []string{keyNumber(1)}); err != nil {
			t.Fatal(err)
		}
		app, err := c.Application(t.Context(), appID)
		if err != nil || !slices.Equal(app.scopeIDs(MicrosoftGraphClientID), []string{keyNumber(1)}) {
			t.Errorf("%+v, %v", app, err)
		}
	})
}

func TestAPI(t *testing.T) {
	t.Parallel()
	graph := object{"id": graphSPID, "appId": MicrosoftGraphClientID, "displayName": "Microsoft Graph", "oauth2PermissionScopes": []object{
		{"id": keyNumber(1), "value": "Mail.ReadWrite", "type": "User", "isEnabled": true, "adminConsentDisplayName": "Read and write mail"},
		{"id": keyNumber(2), "value": "Mail.Read", "type": "User", "isEnabled": true},
		{"id": keyNumber(3), "value": "User.Read.All", "type": "Admin", "isEnabled": true},
		{"id": keyNumber(4), "value": "Mail.Raed", "type": "User", "isEnabled": false},
	}}
	const identifier = "https://o'neill.example/api"
	c, f := newFake(t, func(line, _ string, _ int) answer {
		switch {
		case strings.HasPrefix(line, "GET /servicePrincipals(appId='"+MicrosoftGraphClientID+"')?"):
			return answer{status: 200, body: graph, after: time.Millisecond}
		case strings.Contains(line, "servicePrincipalNames/any(n:n eq 'https://o''neill.example/api')"):
			return answer{status: 200, body: list(object{"id": spID, "appId": clientID})}
		case strings.HasPrefix(line, "GET /servicePrincipals?"):
			return answer{status: 200, body: list()}
		}
		return notFound()
	})
	var all sync.WaitGroup
	for _, name := range []string{"Microsoft Graph", MicrosoftGraphClientID, "https://graph.microsoft.com", "https://graph.microsoft.com/"} {
		all.Go(func() {
			api, err := c.API(t.Context(), name)
			if err != nil || api.ServicePrincipalID != graphSPID || len(api.Scopes) != 4 {
				t.Error(api, err)
			}
		})
	}
	all.Wait()
	if n := len(f.lines()); n != 1 {
		t.Errorf("%d requests: %q", n, f.lines())
	}
	api, err := c.API(t.Context(), "Microsoft Graph")
	if err != nil {
		t.Fatal(err)
	}
	if want := (Scope{ID: keyNumber(1), Name: "Mail.ReadWrite", DisplayName: "Read and write mail", Enabled: true}); api.Scopes[0] != want {
		t.Errorf("%+v", api.Scopes[0])
	}
	if got := api.Nearest("Mail.ReadWrit"); !slices.Equal(got, []string{"Mail.ReadWrite", "Mail.Read"}) {
		t.Errorf("nearest: %q", got)
	}
	if got := api.Nearest("Calendars.Nothing.AlikeAtAll"); len(got) != 0 {
		t.Errorf("nearest: %q", got)
	}
	if api, err := c.API(t.Context(), identifier); err != nil || api.ClientID != clientID {
		t.Error(api, err)
	}
	_, err = c.API(t.Context(), "https://nobody.example")
	wantKind(t, err, KindNotFound)
	_, err = c.API(t.Context(), clientID)
	wantKind(t, err, KindNotFound)
	_, err = c.API(t.Context(), "Some Display Name")
	wantKind(t, err, KindInvalid)
}

func TestResolveAPIClientID(t *testing.T) {
	t.Parallel()
	for api, want := range map[string]string{
		"Microsoft Graph": MicrosoftGraphClientID, "Office 365 Exchange Online": exchangeClientID, "https://outlook.office365.com/": exchangeClientID,
		"SharePoint Online": "00000003-0000-0ff1-ce00-000000000000", strings.ToUpper(clientID): clientID,
		"microsoft graph": "", "api://x": "", "": "", "https://graph.microsoft.com/v1.0": "",
	} {
		if got, ok := ResolveAPIClientID(api); got != want || ok != (want != "") {
			t.Errorf("%q: %q, %v", api, got, ok)
		}
	}
	if KnownAPIName(exchangeClientID) != "Office 365 Exchange Online" || KnownAPIName(clientID) != "" {
		t.Error("KnownAPIName")
	}
}
