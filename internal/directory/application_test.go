package directory

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestPatchBodies(t *testing.T) {
	t.Parallel()
	full := ApplicationSpec{
		DisplayName: "A", SignInAudience: "AzureADMyOrg", Description: "d", Notes: "n", ServiceManagementReference: "s", Tags: []string{"x"},
		RedirectURIs: RedirectURIs{Web: []string{"https://w"}, SPA: []string{"https://s"}, PublicClient: []string{"https://p"}},
		HomepageURL:  "https://h", LogoutURL: "https://l", ImplicitGrant: ImplicitGrant{AccessTokens: true, IDTokens: true}, UniqueName: "u",
	}
	edit := func(change func(*ApplicationSpec)) ApplicationSpec {
		spec := full.clone()
		change(&spec)
		return spec
	}
	tests := map[string]struct {
		old, updated ApplicationSpec
		want         string // JSON, "" when nothing is to be sent
	}{
		"nothing":              {full, full, ""},
		"order of a set":       {edit(func(s *ApplicationSpec) { s.Tags = []string{"x", "y"} }), edit(func(s *ApplicationSpec) { s.Tags = []string{"y", "x"} }), ""},
		"name":                 {full, edit(func(s *ApplicationSpec) { s.DisplayName = `B "quoted" ü` }), `{"displayName":"B \"quoted\" ü"}`},
		"description cleared":  {full, edit(func(s *ApplicationSpec) { s.Description = "" }), `{"description":null}`},
		"several cleared":      {full, edit(func(s *ApplicationSpec) { s.Notes, s.ServiceManagementReference = "", "" }), `{"notes":null,"serviceManagementReference":null}`},
		"homepage cleared":     {full, edit(func(s *ApplicationSpec) { s.HomepageURL = "" }), `{"web":{"homePageUrl":null}}`},
		"logout":               {full, edit(func(s *ApplicationSpec) { s.LogoutURL = "https://m" }), `{"web":{"logoutUrl":"https://m"}}`},
		"web URIs emptied":     {full, edit(func(s *ApplicationSpec) { s.RedirectURIs.Web = nil }), `{"web":{"redirectUris":[]}}`},
		"public URIs":          {full, edit(func(s *ApplicationSpec) { s.RedirectURIs.PublicClient = []string{"a", "b"} }), `{"publicClient":{"redirectUris":["a","b"]}}`},
		"SPA URIs emptied":     {full, edit(func(s *ApplicationSpec) { s.RedirectURIs.SPA = nil }), `{"spa":{"redirectUris":[]}}`},
		"implicit grant":       {full, edit(func(s *ApplicationSpec) { s.ImplicitGrant.IDTokens = false }), `{"web":{"implicitGrantSettings":{"enableIdTokenIssuance":false}}}`},
		"tags keep the marker": {full, edit(func(s *ApplicationSpec) { s.Tags = nil }), `{"tags":["appreg:m"]}`},
		"personal audience": {full, edit(func(s *ApplicationSpec) { s.SignInAudience = "AzureADandPersonalMicrosoftAccount" }),
			`{"signInAudience":"AzureADandPersonalMicrosoftAccount","api":{"requestedAccessTokenVersion":2}}`},
		"work audience":   {full, edit(func(s *ApplicationSpec) { s.SignInAudience = "AzureADMultipleOrgs" }), `{"signInAudience":"AzureADMultipleOrgs"}`},
		"new unique name": {edit(func(s *ApplicationSpec) { s.UniqueName = "" }), full, `{"uniqueName":"u"}`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			checkPatch(t, tt.old, tt.updated, tt.want)
		})
	}
}

// checkPatch looks at what an update sends; wantJSON is "" for nothing.
func checkPatch(t *testing.T, old, updated ApplicationSpec, wantJSON string) {
	t.Helper()
	c, f := newFake(t, func(line, _ string, _ int) answer {
		if strings.HasPrefix(line, "PATCH") {
			return answer{status: 204}
		}
		return answer{status: 200, body: appJSON(object{"tags": []string{"x"}})}
	})
	c.applications.created(appID, &Application{ApplicationSpec: old, ID: appID, markers: []string{"appreg:m"}})
	app, err := c.UpdateApplication(t.Context(), appID, old, updated)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(app.properties(), updated.properties()) {
		t.Errorf("returned %v", app.properties())
	}
	if wantJSON == "" {
		if n := len(f.lines()); n != 0 {
			t.Errorf("%d requests", n)
		}
		return
	}
	var want map[string]any
	if err := json.Unmarshal([]byte(wantJSON), &want); err != nil {
		t.Fatal(err)
	}
	if got := f.bodyOf("PATCH /applications/" + appID); !reflect.DeepEqual(got, want) {
		t.Errorf("sent %v, want %v", got, want)
	}
	if n := len(f.lines()); n != 1 {
		t.Errorf("%d requests: %q", n, f.lines())
	}
}

func TestUpdateLeavesAloneWhatItDoesNotChange(t *testing.T) {
	t.Parallel()
	c, f := newFake(t, func(line, _ string, _ int) answer {
		if strings.HasPrefix(line, "PATCH") {
			return answer{status: 204}
		}
		marker := newMarker()
		return answer{status: 200, body: appJSON(object{"tags": []string{marker, "x"}, "notes": "changed in the portal"})}
	})
	old := ApplicationSpec{DisplayName: "Mail import", SignInAudience: "AzureADMyOrg", Tags: []string{"x"}}
	updated := old.clone()
	updated.DisplayName = "Renamed"
	app, err := c.UpdateApplication(t.Context(), appID, old, updated)
	if err != nil {
		t.Fatal(err)
	}
	if app.DisplayName != "Renamed" || app.Notes != "changed in the portal" || !slices.Equal(app.Tags, []string{"x"}) {
		t.Errorf("got %+v", app.ApplicationSpec)
	}
	if want := []string{"GET /applications/" + appID, "PATCH /applications/" + appID}; !slices.Equal(f.lines(), want) {
		t.Errorf("requests %q", f.lines())
	}
}

func TestCreateSendsTheMarkerAndHidesIt(t *testing.T) {
	t.Parallel()
	var made object
	c, f := newFake(t, func(line, body string, _ int) answer {
		if line == "POST /applications" {
			if err := json.Unmarshal([]byte(body), &made); err != nil {
				t.Error(err)
			}
			return answer{status: 201, body: appJSON(made)}
		}
		return answer{status: 200, body: appJSON(made)}
	})
	app, adopted, err := c.CreateApplication(t.Context(), ApplicationSpec{
		DisplayName: "Mail import", SignInAudience: "PersonalMicrosoftAccount", Tags: []string{"team"},
	}, CreateOptions{})
	if err != nil || adopted {
		t.Fatal(adopted, err)
	}
	if !slices.Equal(app.Tags, []string{"team"}) {
		t.Errorf("tags %q", app.Tags)
	}
	tags, ok := made["tags"].([]any)
	if !ok || len(tags) != 2 || !strings.HasPrefix(fmt.Sprint(tags[0]), markerPrefix) {
		t.Errorf("sent tags %v", made["tags"])
	}
	want := object{"displayName": "Mail import", "signInAudience": "PersonalMicrosoftAccount", "tags": tags,
		"api": object{"requestedAccessTokenVersion": 2.0}}
	if sent := f.bodyOf("POST"); !reflect.DeepEqual(sent, want) {
		t.Errorf("sent %v, want %v", sent, want)
	}
	if want := []string{"POST /applications", "GET /applications/" + appID}; !slices.Equal(f.lines(), want) {
		t.Errorf("requests %q", f.lines())
	}
}

// TestTheWholeOfAnApplicationInFewRequests is the budget of create: application, secret, flag and permissions.
func TestTheWholeOfAnApplicationInFewRequests(t *testing.T) {
	t.Parallel()
	state := newFakeApplication()
	c, f := newFake(t, state.answer)
	app, _, err := c.CreateApplication(t.Context(), ApplicationSpec{DisplayName: "Mail import"}, CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		s, err := c.AddSecret(t.Context(), app.ID, "s", time.Now().Add(time.Hour))
		if err == nil {
			_, err = c.SettleSecret(t.Context(), app.ID, s.KeyID)
		}
		if err != nil {
			t.Error(err)
		}
	})
	all.Go(func() {
		yes := true
		if got, err := c.SetPublicClient(t.Context(), app.ID, &yes); err != nil || !*got.FallbackPublicClient {
			t.Error(err)
		}
	})
	all.Go(func() {
		if _, err := c.SetDelegatedPermissions(t.Context(), app.ID, MicrosoftGraphClientID, []string{keyNumber(1), keyNumber(2)}); err != nil {
			t.Error(err)
		}
	})
	all.Wait()
	if n := len(f.lines()); n > 7 {
		t.Errorf("%d requests: %q", n, f.lines())
	}
	after := c.applications.known(app.ID, anyAge)
	if len(after.Secrets) != 1 || !isTrue(after.FallbackPublicClient) || len(after.scopeIDs(MicrosoftGraphClientID)) != 2 {
		t.Errorf("the process knows %+v", after)
	}
}

func TestConcurrentReadsShareARequestAndMayLeaveAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, f := newFake(t, func(string, string, int) answer {
			return answer{status: 200, body: appJSON(nil), after: 10 * time.Second}
		})
		first, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		all.Go(func() {
			if _, err := c.Application(first, appID); KindOf(err) != KindCanceled {
				t.Errorf("the first: %v", err)
			}
		})
		synctest.Wait()
		for range 9 {
			all.Go(func() {
				app, err := c.Application(t.Context(), appID)
				if err != nil {
					t.Error(err)
					return
				}
				app.DisplayName = "mine to change"
			})
		}
		synctest.Wait()
		cancel()
		all.Wait()
		if n := len(f.lines()); n != 1 {
			t.Errorf("%d requests", n)
		}
	})
}

func TestAStaleReadIsReadAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		yes := object{"isFallbackPublicClient": true}
		c, f := newFake(t, func(line, _ string, seen int) answer {
			switch {
			case strings.HasPrefix(line, "PATCH"):
				return answer{status: 204}
			case seen == 1 || seen == 2 || seen == 4: // replicas that disagree, after the first read
				return answer{status: 200, body: appJSON(nil)}
			case seen == 0:
				return answer{status: 200, body: appJSON(nil)}
			}
			return answer{status: 200, body: appJSON(yes)}
		})
		on := true
		if _, err := c.SetPublicClient(t.Context(), appID, &on); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			app, err := c.Application(t.Context(), appID)
			if err != nil || !isTrue(app.FallbackPublicClient) {
				t.Fatalf("read %v, %v", app, err)
			}
		}
		if n := f.count("GET"); n != 6 {
			t.Errorf("%d reads", n)
		}
	})
}

func TestAForeignChangeIsBelievedAtOnceAndAnOldOneAfterAWhile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		name := "Mail import"
		c, f := newFake(t, func(line, _ string, _ int) answer {
			if strings.HasPrefix(line, "PATCH") {
				return answer{status: 204}
			}
			return answer{status: 200, body: appJSON(object{"displayName": name})}
		})
		old := ApplicationSpec{DisplayName: name, SignInAudience: "AzureADMyOrg"}
		updated := old
		updated.DisplayName = "Renamed"
		if _, err := c.UpdateApplication(t.Context(), appID, old, updated); err != nil {
			t.Fatal(err)
		}
		name = "Somebody's"
		if app, err := c.Application(t.Context(), appID); err != nil || app.DisplayName != name || f.count("GET") != 2 {
			t.Errorf("%v after %d reads", err, f.count("GET"))
		}
		// Back to what it was before our write: that is somebody's change too, now that somebody has been seen.
		name = old.DisplayName
		start := time.Now()
		if app, err := c.Application(t.Context(), appID); err != nil || app.DisplayName != name || time.Since(start) > 0 {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		if _, err := c.UpdateApplication(t.Context(), appID, old, updated); err != nil {
			t.Fatal(err)
		}
		// Never seen to change: believed when the write is no longer recent.
		if app, err := c.Application(t.Context(), appID); err != nil || app.DisplayName != name {
			t.Error(err)
		}
		if waited := time.Since(start); waited < 5*time.Minute || waited > 5*time.Minute+4*time.Second {
			t.Errorf("waited %v", waited)
		}
	})
}

func TestCreateOutlastsLag(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var log bytes.Buffer
		c, _ := newFake(t, func(line, _ string, _ int) answer {
			if line == "POST /applications" {
				return answer{status: 201, body: appJSON(nil)}
			}
			if time.Since(start) < 92*time.Second {
				return notFound()
			}
			return answer{status: 200, body: appJSON(nil)}
		})
		c.log = slog.New(slog.NewTextHandler(&log, nil))
		app, _, err := c.CreateApplication(t.Context(), ApplicationSpec{DisplayName: "Mail import"}, CreateOptions{})
		if err != nil || app.ID != appID {
			t.Fatal(app, err)
		}
		if !strings.Contains(log.String(), "level=INFO msg=Waiting reason=\"for the new application to be readable\"") {
			t.Errorf("the long wait is not told: %s", log.String())
		}
		if waited := time.Since(start); waited < 92*time.Second || waited > 96*time.Second {
			t.Errorf("waited %v", waited)
		}
	})
}

func TestAWaitThatRunsOutKeepsTheApplication(t *testing.T) {
	t.Parallel()
	for _, cancelled := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			c, _ := newFake(t, func(line, _ string, _ int) answer {
				if line == "POST /applications" {
					return answer{status: 201, body: appJSON(nil)}
				}
				return notFound()
			})
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if cancelled {
				time.AfterFunc(time.Minute, cancel)
			}
			start := time.Now()
			app, _, err := c.CreateApplication(ctx, ApplicationSpec{DisplayName: "Mail import"}, CreateOptions{})
			wantKind(t, err, KindUnsettled)
			if app == nil || app.ID != appID || errorOf(err).Waited == "" {
				t.Errorf("got %v, %v", app, err)
			}
			if waited := time.Since(start); cancelled && waited > 62*time.Second || !cancelled && waited != 10*time.Minute {
				t.Errorf("waited %v", waited)
			}
		})
	}
}

func TestDeleteWaitsUntilGoneAndPurges(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, f := newFake(t, func(line, _ string, seen int) answer {
			switch {
			case line == "GET /applications/"+appID && seen >= 2, strings.Contains(line, "deletedItems") && seen < 3:
				return notFound()
			case strings.HasPrefix(line, "DELETE"):
				return answer{status: 204}
			}
			return answer{status: 200, body: appJSON(object{"@odata.type": "#microsoft.graph.application"})}
		})
		if err := c.DeleteApplication(t.Context(), appID, true); err != nil {
			t.Fatal(err)
		}
		if f.count("GET /applications/") != 3 || f.count("DELETE /directory/") != 4 {
			t.Errorf("requests %q", f.lines())
		}
	})
}

func TestDeletingWhatIsGoneIsSuccess(t *testing.T) {
	t.Parallel()
	c, f := newFake(t, func(string, string, int) answer { return notFound() })
	for _, err := range []error{
		c.DeleteApplication(t.Context(), appID, false), c.DeleteServicePrincipal(t.Context(), appID), c.DeleteGrant(t.Context(), "x"),
		c.RemoveSecret(t.Context(), appID, keyNumber(1)),
	} {
		if err != nil {
			t.Error(err)
		}
	}
	if n := len(f.lines()); n != 7 { // each deletion is followed by a look
		t.Errorf("requests %q", f.lines())
	}
}

func TestPreventDuplicateNames(t *testing.T) {
	t.Parallel()
	c, f := newFake(t, func(string, string, int) answer { return answer{status: 200, body: list(appJSON(nil))} })
	app, _, err := c.CreateApplication(t.Context(), ApplicationSpec{DisplayName: "Mail import"}, CreateOptions{PreventDuplicateNames: true})
	wantKind(t, err, KindNameTaken)
	var e *Error
	if !errors.As(err, &e) || len(e.Candidates) != 1 || e.Candidates[0].ID != appID || app != nil || f.count("POST") != 0 {
		t.Errorf("%v, %v, %q", app, err, f.lines())
	}
}
