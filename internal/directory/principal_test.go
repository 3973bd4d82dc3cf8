package directory

import (
	"cmp"
	"context"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const (
	spID      = "dddddddd-0000-4000-8000-000000000001"
	graphSPID = "943603e4-e787-4fe9-93d1-e30f749aae39"
)

func spJSON(extra object) object {
	sp := object{
		"id": spID, "appId": clientID, "displayName": "Mail import", "accountEnabled": true, "appRoleAssignmentRequired": false,
		"appOwnerOrganizationId": testTenant, "signInAudience": "AzureADMyOrg", "tags": []string{}, "notes": nil,
		"createdDateTime": time.Now().UTC().Format(time.RFC3339),
	}
	for name, value := range extra {
		sp[name] = value
	}
	return sp
}

const spByClient = "GET /servicePrincipals(appId='" + clientID + "')"

// longAgo is before virtual time begins, with the year 2000.
const longAgo = "1999-12-31T00:00:00Z"

// principalCreation is one case of TestCreateServicePrincipal.
type principalCreation struct {
	ours, owned bool // the application was made by this process; the caller may write only what it owns
	seen        bool // the process has seen the application a moment ago, made by another, or restored
	adopt       bool
	clientID    string // as the configuration spells it, if not as Graph does
	posts       []answer
	held        object
	hidden      bool // the one that holds the client id can't be read by that
	deleted     bool // there is a deleted one
	restore     []answer
	kind        Kind // -1: success
	adopted     bool
	sent        int // POSTs; -1 for many
}

// know tells c of the application.
func (tt principalCreation) know(c *Client) {
	app := &Application{ID: appID, ClientID: clientID}
	if tt.seen {
		c.applications.accept(appID, app, time.Now())
	}
	if tt.ours {
		c.applications.created(appID, app)
	}
}

func (tt principalCreation) answer(line, _ string, seen int) answer {
	switch {
	case line == "POST /servicePrincipals":
		return tt.posts[min(seen, len(tt.posts)-1)]
	case line == spByClient && tt.hidden:
		return notFound()
	case line == spByClient:
		return answer{status: 200, body: spJSON(tt.held)}
	case line == "GET /directory/deletedItems/microsoft.graph.servicePrincipal?$filter=appId eq '"+clientID+"'" && tt.deleted:
		return answer{status: 200, body: list(spJSON(object{"deletedDateTime": longAgo, "notes": "old"}))}
	case strings.HasPrefix(line, "GET /directory/deletedItems/"):
		return answer{status: 200, body: list()}
	case line == "POST /directory/deletedItems/"+spID+"/restore":
		return tt.restore[min(seen, len(tt.restore)-1)]
	case line == "PATCH /servicePrincipals/"+spID && tt.deleted:
		return answer{status: 204}
	case line == "GET /servicePrincipals/"+spID:
		return answer{status: 200, body: spJSON(nil)}
	}
	return answer{}
}

func TestCreateServicePrincipal(t *testing.T) {
	t.Parallel()
	conflict := refusal(409, "Request_MultipleObjectsWithSameKeyValue", "already in use")
	noApplication := answer{status: 400, body: object{"error": object{"code": "Request_BadRequest", "message": "m",
		"details": []object{{"code": "NoBackingApplicationObject", "target": "appId"}}}}}
	forbidden := refusal(403, "Authorization_RequestDenied", "When using this permission, ...")
	made := answer{status: 201, body: spJSON(nil)}
	tests := map[string]principalCreation{
		"new":                               {posts: []answer{made}, kind: -1, sent: 1},
		"held":                              {posts: []answer{conflict}, held: object{"createdDateTime": longAgo}, kind: KindExists, sent: 1},
		"held, adopted":                     {posts: []answer{conflict}, held: object{"createdDateTime": longAgo}, adopt: true, kind: -1, adopted: true, sent: 1},
		"lost, applied":                     {posts: []answer{{lost: true}, conflict}, held: object{}, kind: -1, sent: 2},
		"lost, not applied":                 {posts: []answer{refusal(503, "x", ""), made}, kind: -1, sent: 2},
		"held by one that never shows":      {posts: []answer{conflict}, hidden: true, kind: KindConflict, sent: -1},
		"held by a deleted one":             {posts: []answer{conflict}, hidden: true, deleted: true, restore: []answer{{status: 200, body: spJSON(object{"@odata.type": "#microsoft.graph.servicePrincipal"})}}, kind: -1, sent: 2},
		"not restored at once":              {posts: []answer{conflict}, hidden: true, deleted: true, restore: []answer{notFound(), {lost: true}, notFound()}, kind: -1, sent: -1},
		"not ours to restore":               {posts: []answer{conflict}, hidden: true, deleted: true, restore: []answer{forbidden}, kind: KindForbidden, sent: 2},
		"lost, held by an older one":        {posts: []answer{{lost: true}, conflict}, held: object{"createdDateTime": longAgo}, kind: KindExists, sent: 2},
		"application not replicated":        {ours: true, posts: []answer{noApplication, noApplication, made}, kind: -1, sent: 3},
		"not replicated, spelled otherwise": {ours: true, clientID: strings.ToUpper(clientID), posts: []answer{noApplication, made}, kind: -1, sent: 2},
		"no such application":               {posts: []answer{noApplication}, kind: KindInvalid, sent: 1},
		"restored, not replicated":          {seen: true, posts: []answer{noApplication, made}, kind: -1, sent: 2},
		"seen, owned by another":            {seen: true, owned: true, posts: []answer{forbidden}, kind: KindForbidden, sent: 1},
		"not replicated for an owner":       {ours: true, owned: true, posts: []answer{forbidden, made}, kind: -1, sent: 2},
		"not permitted":                     {ours: true, posts: []answer{forbidden}, kind: KindForbidden, sent: 1},
		"foreign application, owner's call": {owned: true, posts: []answer{forbidden}, kind: KindForbidden, sent: 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				role := "Application.ReadWrite.All"
				if tt.owned {
					role = "Application.ReadWrite.OwnedBy"
				}
				c, f := newFakeFor(t, testCredential{roles: []string{role}}, tt.answer)
				tt.know(c)
				sp, adopted, err := c.CreateServicePrincipal(t.Context(), ServicePrincipalSpec{ClientID: cmp.Or(tt.clientID, clientID), AccountEnabled: true}, ServicePrincipalFields{}, tt.adopt)
				if n := f.count("POST"); n != tt.sent && tt.sent >= 0 {
					t.Errorf("%d attempts: %q", n, f.lines())
				}
				if tt.kind >= 0 {
					wantKind(t, err, tt.kind)
					if tt.kind == KindExists && errorOf(err).Candidates[0].ID != spID {
						t.Errorf("%+v", errorOf(err))
					}
					return
				}
				if err != nil || sp.ID != spID || adopted != tt.adopted || sp.Notes != "" {
					t.Fatal(sp, adopted, err)
				}
				whole := object{"accountEnabled": true, "appRoleAssignmentRequired": false, "notes": nil, "tags": []any{}}
				if tt.deleted && !reflect.DeepEqual(f.bodyOf("PATCH"), whole) {
					t.Errorf("wrote %v", f.bodyOf("PATCH"))
				}
			})
		})
	}
}

func TestAnInterruptedServicePrincipalIsRecorded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, _ := newFake(t, func(line, _ string, _ int) answer {
			if line == "POST /servicePrincipals" {
				return answer{status: 201, after: time.Hour}
			}
			return answer{status: 200, body: spJSON(nil)}
		})
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		sp, _, err := c.CreateServicePrincipal(ctx, ServicePrincipalSpec{ClientID: clientID, AccountEnabled: true}, ServicePrincipalFields{}, false)
		wantKind(t, err, KindUnsettled)
		if sp == nil || sp.ID != spID {
			t.Errorf("%v, %v", sp, err)
		}
	})
}

func TestAdoptionWritesOnlyWhatIsConfigured(t *testing.T) {
	t.Parallel()
	c, f := newFake(t, func(line, _ string, _ int) answer {
		switch {
		case line == "POST /servicePrincipals":
			return refusal(409, "Request_MultipleObjectsWithSameKeyValue", "already in use")
		case line == spByClient:
			return answer{status: 200, body: spJSON(object{"notes": "theirs", "accountEnabled": true, "appRoleAssignmentRequired": true})}
		case strings.HasPrefix(line, "PATCH"):
			return answer{status: 204}
		}
		return answer{}
	})
	sp, adopted, err := c.CreateServicePrincipal(t.Context(), ServicePrincipalSpec{ClientID: clientID, AccountEnabled: false},
		ServicePrincipalFields{AccountEnabled: true}, true)
	if err != nil || !adopted || sp.AccountEnabled || sp.Notes != "theirs" || !sp.AppRoleAssignmentRequired {
		t.Fatal(sp, adopted, err)
	}
	if body := f.bodyOf("PATCH /servicePrincipals/" + spID); !reflect.DeepEqual(body, object{"accountEnabled": false}) {
		t.Errorf("sent %v", body)
	}
}

func TestUpdateServicePrincipal(t *testing.T) {
	t.Parallel()
	c, f := newFake(t, func(line, _ string, _ int) answer {
		if strings.HasPrefix(line, "PATCH") {
			return answer{status: 204}
		}
		return answer{status: 200, body: spJSON(object{"notes": "n"})}
	})
	old := ServicePrincipalSpec{ClientID: clientID, AccountEnabled: true, Notes: "n", Tags: []string{"x"}}
	sp, err := c.UpdateServicePrincipal(t.Context(), spID, old, ServicePrincipalSpec{ClientID: clientID, AccountEnabled: true, AppRoleAssignmentRequired: true})
	if err != nil || sp.Notes != "" || !sp.AppRoleAssignmentRequired {
		t.Fatal(sp, err)
	}
	want := object{"notes": nil, "tags": []any{}, "appRoleAssignmentRequired": true}
	if body := f.bodyOf("PATCH"); !reflect.DeepEqual(body, want) {
		t.Errorf("sent %v", body)
	}
}

func TestTagsOfTheApplicationAreNotTheServicePrincipals(t *testing.T) {
	t.Parallel()
	marker := newMarker()
	c, _ := newFake(t, func(line, _ string, _ int) answer {
		if strings.HasPrefix(line, "GET /applications") {
			return answer{status: 200, body: appJSON(object{"tags": []string{marker, "of the application"}})}
		}
		return answer{status: 200, body: spJSON(object{"tags": []string{marker, "of the application", "own"}})}
	})
	sp, err := c.ServicePrincipal(t.Context(), spID)
	if err != nil || !slices.Equal(sp.Tags, []string{"own"}) {
		t.Errorf("%v, %v", sp, err)
	}
}

func TestGrantID(t *testing.T) {
	t.Parallel()
	key := GrantKey{ClientPrincipalID: "ef969797-201d-4f6b-960c-e9ed5f31dab5", ResourcePrincipalID: "943603e4-e787-4fe9-93d1-e30f749aae39"}
	if got := key.ID(); got != "l5eW7x0ga0-WDOntXzHateQDNpSH5-lPk9HjD3Sarjk" {
		t.Errorf("ID = %q", got)
	}
	key.UserID = testCaller
	if got := key.ID(); len(got) != 64 {
		t.Errorf("ID = %q", got)
	}
	if got := (GrantKey{ClientPrincipalID: "x"}).ID(); got != "" {
		t.Errorf("ID = %q", got)
	}
}

// grantCreation is one case of TestEnsureGrant.
type grantCreation struct {
	fresh    bool
	posts    []answer
	held     string // "" when there is none
	kind     Kind
	previous []string // nil when the grant is new
	patched  bool
	sent     int
}

// check judges a success.
func (tt grantCreation) check(t *testing.T, f *fakeGraph, key GrantKey, got, previous *Grant, err error) {
	t.Helper()
	if err != nil || !slices.Equal(got.Scopes, []string{"Mail.ReadWrite", "User.Read"}) || got.ID != key.ID() {
		t.Fatal(got, err)
	}
	if (previous == nil) != (tt.previous == nil) || previous != nil && !slices.Equal(previous.Scopes, tt.previous) {
		t.Errorf("previous %v", previous)
	}
	if tt.patched {
		if body := f.bodyOf("PATCH /oauth2PermissionGrants/" + key.ID()); !reflect.DeepEqual(body, object{"scope": "Mail.ReadWrite User.Read"}) {
			t.Errorf("sent %v", body)
		}
	}
	want := object{"clientId": spID, "resourceId": graphSPID, "consentType": "AllPrincipals", "scope": "Mail.ReadWrite User.Read"}
	if body := f.bodyOf("POST"); !reflect.DeepEqual(body, want) {
		t.Errorf("sent %v", body)
	}
}

func TestEnsureGrant(t *testing.T) {
	t.Parallel()
	key := GrantKey{ClientPrincipalID: spID, ResourcePrincipalID: graphSPID}
	grant := func(scope string) object {
		return object{"id": key.ID(), "clientId": spID, "resourceId": graphSPID, "consentType": "AllPrincipals", "principalId": nil, "scope": scope}
	}
	conflict := refusal(409, "Request_MultipleObjectsWithSameKeyValue", "Permission entry already exists.")
	tests := map[string]grantCreation{
		"new":                        {posts: []answer{{status: 201, body: grant("Mail.ReadWrite User.Read")}}, kind: -1, sent: 1},
		"held, other scopes":         {posts: []answer{conflict}, held: " User.Read offline_access", kind: -1, previous: []string{"User.Read", "offline_access"}, patched: true, sent: 1},
		"held, the old code":         {posts: []answer{refusal(400, "Request_BadRequest", "exists")}, held: "User.Read", kind: -1, previous: []string{"User.Read"}, patched: true, sent: 1},
		"held, same scopes":          {posts: []answer{conflict}, held: "User.Read Mail.ReadWrite", kind: -1, previous: []string{"Mail.ReadWrite", "User.Read"}, sent: 1},
		"lost, applied":              {posts: []answer{{lost: true}, conflict}, held: "User.Read Mail.ReadWrite", kind: -1, sent: 2},
		"lost, not applied":          {posts: []answer{refusal(500, "x", ""), {status: 201, body: grant("Mail.ReadWrite User.Read")}}, kind: -1, sent: 2},
		"principal not replicated":   {fresh: true, posts: []answer{notFound(), refusal(400, "Request_BadRequest", "m"), {status: 201, body: grant("Mail.ReadWrite User.Read")}}, kind: -1, sent: 3},
		"no such principal":          {posts: []answer{notFound()}, kind: KindNotFound, sent: 1},
		"refused":                    {posts: []answer{refusal(400, "Request_BadRequest", "m")}, kind: KindInvalid, sent: 1},
		"refused, fresh, for longer": {fresh: true, posts: []answer{refusal(400, "Request_BadRequest", "m")}, kind: KindInvalid, sent: -1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c, f := newFake(t, func(line, _ string, seen int) answer {
					switch {
					case strings.HasPrefix(line, "POST"):
						return tt.posts[min(seen, len(tt.posts)-1)]
					case strings.HasPrefix(line, "PATCH"):
						return answer{status: 204}
					case tt.held != "":
						return answer{status: 200, body: grant(tt.held)}
					}
					return notFound()
				})
				if tt.fresh {
					c.principals.created(spID, &ServicePrincipal{ID: spID})
				}
				start := time.Now()
				got, previous, err := c.EnsureGrant(t.Context(), key, []string{"User.Read", "Mail.ReadWrite"})
				if n := f.count("POST"); tt.sent >= 0 && n != tt.sent {
					t.Errorf("%d attempts: %q", n, f.lines())
				}
				if time.Since(start) > 70*time.Second {
					t.Errorf("took %v", time.Since(start))
				}
				if tt.kind >= 0 {
					wantKind(t, err, tt.kind)
					return
				}
				tt.check(t, f, key, got, previous, err)
			})
		})
	}
}
