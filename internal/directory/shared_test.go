package directory

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestNamesAreBatchedWithoutATimer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, f := newFake(t, func(line, _ string, _ int) answer {
			var found []object
			for i := range 40 {
				if strings.Contains(line, fmt.Sprintf("'name %d'", i)) && i%2 == 0 {
					found = append(found, appJSON(object{"id": keyNumber(i), "displayName": fmt.Sprintf("name %d", i)}), appJSON(object{"id": keyNumber(100 + i), "displayName": fmt.Sprintf("NAME %d", i)}))
				}
			}
			return answer{status: 200, body: list(found...), after: time.Second}
		})
		var all sync.WaitGroup
		for i := range 33 {
			all.Go(func() {
				found, err := c.ApplicationsNamed(t.Context(), fmt.Sprintf("name %d", i))
				if err != nil || (len(found) == 1) != (i%2 == 0) || len(found) > 1 {
					t.Errorf("name %d: %v, %v", i, found, err)
				}
			})
			if i == 0 {
				synctest.Wait()
			}
		}
		all.Wait()
		if n := len(f.lines()); n != 4 { // one alone, then 15, 15 and 2
			t.Errorf("%d requests: %q", n, f.lines())
		}
		for _, line := range f.lines() {
			if n := strings.Count(line, "'name "); n > 15 {
				t.Errorf("%d names in one request", n)
			}
		}
	})
}

func TestAWaiterForANameMayLeaveAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, _ := newFake(t, func(string, string, int) answer { return answer{status: 200, body: list(), after: time.Minute} })
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var both sync.WaitGroup
		both.Go(func() {
			if _, err := c.ApplicationsNamed(ctx, "x"); KindOf(err) != KindUnreachable || !errors.Is(err, context.DeadlineExceeded) {
				t.Error(err)
			}
		})
		both.Go(func() {
			if _, err := c.ApplicationsNamed(t.Context(), "x"); err != nil {
				t.Error(err)
			}
		})
		both.Wait()
	})
}

func TestPagesStayOnTheirOriginAndEnd(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		links []string // of the first, second… page
		kind  Kind     // -1: success
		pages int
	}{
		"several":         {[]string{testEndpoint + "/v1.0/applications/x/owners?$skiptoken=1", testEndpoint + "/v1.0/applications/x/owners?$skiptoken=2", ""}, -1, 3},
		"another origin":  {[]string{"https://evil.example/v1.0/next"}, KindForeignOrigin, 1},
		"plain http":      {[]string{"http://graph.example.com/v1.0/next"}, KindForeignOrigin, 1},
		"for ever":        {[]string{testEndpoint + "/v1.0/next", testEndpoint + "/v1.0/next"}, KindNotGraph, 2},
		"a relative link": {[]string{"/v1.0/next"}, KindForeignOrigin, 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			page := 0
			c, f := newFake(t, func(string, string, int) answer {
				body := list(object{"@odata.type": "#microsoft.graph.user", "id": keyNumber(page)})
				if link := tt.links[min(page, len(tt.links)-1)]; link != "" {
					body["@odata.nextLink"] = link
				}
				page++
				return answer{status: 200, body: body}
			})
			owners, err := c.Owners(t.Context(), appID)
			if len(f.lines()) != tt.pages {
				t.Errorf("requests %q", f.lines())
			}
			if tt.kind >= 0 {
				wantKind(t, err, tt.kind)
			} else if err != nil || len(owners) != tt.pages {
				t.Errorf("%q, %v", owners, err)
			}
		})
	}
}

func TestOwners(t *testing.T) {
	t.Parallel()
	const added, dropped = "eeeeeeee-0000-4000-8000-000000000001", "eeeeeeee-0000-4000-8000-000000000002"
	c, f := newFake(t, func(line, _ string, seen int) answer {
		switch {
		case strings.HasPrefix(line, "GET /applications/"+appID+"/owners"):
			return answer{status: 200, body: list(object{"@odata.type": "#microsoft.graph.user", "id": added})}
		case strings.HasPrefix(line, "GET"):
			return answer{status: 200, body: appJSON(nil)}
		case strings.HasPrefix(line, "POST"):
			return refusal(400, "Request_BadRequest", "One or more added object references already exist")
		}
		return notFound() // the removed reference is absent
	})
	old := ApplicationSpec{DisplayName: "Mail import", Owners: []string{dropped, testCaller}}
	updated := ApplicationSpec{DisplayName: "Mail import", Owners: []string{added}}
	if _, err := c.UpdateApplication(t.Context(), appID, old, updated); err != nil {
		t.Fatal(err)
	}
	if body := f.bodyOf("POST /applications/" + appID + "/owners/$ref"); body["@odata.id"] != testEndpoint+"/v1.0/directoryObjects/"+added {
		t.Errorf("sent %v", body)
	}
	if f.count("DELETE /applications/"+appID+"/owners/"+dropped+"/$ref") != 1 || f.count("DELETE") != 1 {
		t.Errorf("requests %q", f.lines())
	}
}

func TestACallerThatWorksByOwnershipStaysOwner(t *testing.T) {
	t.Parallel()
	for role, want := range map[string]int{"Application.ReadWrite.OwnedBy": 2, "Application.ReadWrite.All": 1} {
		state := newFakeApplication()
		c, f := newFakeFor(t, testCredential{roles: []string{role}}, state.answer)
		if _, _, err := c.CreateApplication(t.Context(), ApplicationSpec{DisplayName: "x", Owners: []string{spID}}, CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		if bound, ok := f.bodyOf("POST")["owners@odata.bind"].([]any); !ok || len(bound) != want {
			t.Errorf("%s: bound %v", role, bound)
		}
	}
}

func TestReadSettled(t *testing.T) {
	t.Parallel()
	missing := &Error{Kind: KindNotFound}
	type value struct{ name string }
	tests := map[string]struct {
		age    time.Duration // of the write when the read begins
		create bool
		shows  func(elapsed time.Duration) (*value, error)
		want   string
		kind   Kind
		reads  int // 1, or -1 for several
		waits  time.Duration
	}{
		"as written":    {0, false, func(time.Duration) (*value, error) { return &value{"new"}, nil }, "new", -1, 1, 0},
		"changed since": {0, false, func(time.Duration) (*value, error) { return &value{"drift"}, nil }, "drift", -1, 1, 0},
		"stale for a while": {0, false, func(d time.Duration) (*value, error) {
			if d < 30*time.Second {
				return &value{"old"}, nil
			}
			return &value{"new"}, nil
		}, "new", -1, -1, 30 * time.Second},
		"changed back":           {0, false, func(time.Duration) (*value, error) { return &value{"old"}, nil }, "old", -1, -1, time.Minute},
		"changed back, part old": {4 * time.Minute, false, func(time.Duration) (*value, error) { return &value{"old"}, nil }, "old", -1, -1, time.Minute},
		"old write":              {6 * time.Minute, false, func(time.Duration) (*value, error) { return &value{"old"}, nil }, "old", -1, 1, 0},
		"gone":                   {0, true, func(time.Duration) (*value, error) { return nil, missing }, "", KindNotFound, -1, time.Minute},
		"gone long after":        {2 * time.Minute, true, func(time.Duration) (*value, error) { return nil, missing }, "", KindNotFound, 1, 0},
		"other failures":         {0, true, func(time.Duration) (*value, error) { return nil, &Error{Kind: KindForbidden} }, "", KindForbidden, 1, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c, _ := newFake(t, func(string, string, int) answer { return answer{} })
				props := func(v *value) Properties { return Properties{"name": v.name, "other": "same"} }
				before := props(&value{"old"})
				if tt.create {
					before = nil
				}
				m := c.Remember(before, props(&value{"new"}))
				if raw, err := json.Marshal(m); err != nil || strings.Contains(string(raw), "old") {
					t.Errorf("%s, %v", raw, err)
				}
				time.Sleep(tt.age)
				start, reads := time.Now(), 0
				got, err := ReadSettled(t.Context(), c, m, func(context.Context) (*value, error) {
					reads++
					return tt.shows(time.Since(start))
				}, props)
				if tt.kind >= 0 {
					wantKind(t, err, tt.kind)
				} else if err != nil || got.name != tt.want {
					t.Errorf("%v, %v", got, err)
				}
				if waited := time.Since(start); waited < tt.waits || waited > tt.waits+4*time.Second {
					t.Errorf("waited %v, want %v", waited, tt.waits)
				}
				if tt.reads == 1 && reads != 1 {
					t.Errorf("%d reads", reads)
				}
			})
		})
	}
}

// At the caller's deadline what was seen last is believed, be it the old value or a 404; a cancellation is none.
func TestReadSettledAtTheDeadline(t *testing.T) {
	t.Parallel()
	type value struct{ name string }
	props := func(v *value) Properties { return Properties{"name": v.name} }
	old := func(context.Context) (*value, error) { return &value{"old"}, nil }
	missing := func(context.Context) (*value, error) { return nil, &Error{Kind: KindNotFound} }
	for name, tt := range map[string]struct {
		read     func(context.Context) (*value, error)
		canceled bool
		kind     Kind // -1: success
	}{
		"an old value":           {old, false, -1},
		"missing":                {missing, false, KindNotFound},
		"an old value, canceled": {old, true, KindCanceled},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c, _ := newFake(t, func(string, string, int) answer { return answer{} })
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if tt.canceled {
					time.AfterFunc(20*time.Second, cancel)
				} else {
					ctx, cancel = context.WithTimeout(ctx, 20*time.Second)
					defer cancel()
				}
				start := time.Now()
				got, err := ReadSettled(ctx, c, c.Remember(props(&value{"old"}), props(&value{"new"})), tt.read, props)
				if tt.kind >= 0 {
					wantKind(t, err, tt.kind)
				} else if err != nil || got.name != "old" {
					t.Errorf("%v, %v", got, err)
				}
				if waited := time.Since(start); waited != 20*time.Second {
					t.Errorf("waited %v", waited)
				}
			})
		})
	}
}

// The same object in another spelling is the same object.
func TestSpellingOfAGUIDMakesNoOtherObject(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, _ := newFake(t, func(string, string, int) answer { return answer{} })
		unlock, err := c.locks.lock(t.Context(), appID)
		if err != nil {
			t.Fatal(err)
		}
		defer unlock()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := c.locks.lock(ctx, strings.ToUpper(appID)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("two writers at once: %v", err)
		}
		c.applications.created(appID, &Application{ID: appID})
		if !c.applications.madeByUs(strings.ToUpper(appID)) {
			t.Error("what was made is not known in another spelling")
		}
	})
}

func TestWritersOfDifferentApplicationsDoNotWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var l keyedLock
		unlock, err := l.lock(t.Context(), "a")
		if err != nil {
			t.Fatal(err)
		}
		other, err := l.lock(t.Context(), "b")
		if err != nil {
			t.Fatal(err)
		}
		other()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := l.lock(ctx, "a"); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		unlock()
		for range 3 {
			again, err := l.lock(t.Context(), "a")
			if err != nil {
				t.Fatal(err)
			}
			again()
		}
		if len(l.held) != 0 {
			t.Errorf("%d locks are left", len(l.held))
		}
	})
}

func TestCallerAndTenantComeFromTheToken(t *testing.T) {
	t.Parallel()
	c, f := newFake(t, func(string, string, int) answer { return answer{} })
	tenant, err := c.TenantID(t.Context())
	if err != nil || tenant != testTenant {
		t.Error(tenant, err)
	}
	if caller, err := c.CallerID(t.Context()); err != nil || caller != testCaller || len(f.lines()) != 0 {
		t.Error(caller, err)
	}
}

// TestNamesWithQuotesDoNotAlterAFilter follows such a name onto the wire.
func TestNamesWithQuotesDoNotAlterAFilter(t *testing.T) {
	t.Parallel()
	const name = `O'Neill') or startswith(displayName,'x & $select=id`
	c, f := newFake(t, func(string, string, int) answer { return answer{status: 200, body: list()} })
	if _, err := c.ApplicationsNamed(t.Context(), name); err != nil {
		t.Fatal(err)
	}
	want := `$filter=displayName in ('O''Neill'') or startswith(displayName,''x & $select=id')`
	if line := f.lines()[0]; !strings.Contains(line, want) || strings.Count(line, "$select=") != 2 {
		t.Errorf("sent %s", line)
	}
}

// TestARefreshLooksOnce: what reads the same application again a moment later sees what was shown then; everything else
// asks Graph.
func TestARefreshLooksOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		state := newFakeApplication()
		c, f := newFake(t, state.answer)
		props := (*Application).Properties
		refresh := func(m Memory) {
			t.Helper()
			_, err := ReadSettled(t.Context(), c, m, func(ctx context.Context) (*Application, error) { return c.Application(ctx, appID) }, props)
			if err != nil {
				t.Fatal(err)
			}
		}
		requests := 0
		costs := func(what string, n int) {
			t.Helper()
			if got := len(f.lines()) - requests; got != n {
				t.Errorf("%s: %d requests, want %d: %q", what, got, n, f.lines())
			}
			requests = len(f.lines())
		}
		refresh(Memory{})
		costs("the first look", 1)
		refresh(Memory{})
		refresh(c.Remember(Properties{"display_name": "Old"}, Properties{"display_name": "Mail import"}))
		costs("looks at the same time", 0)
		if _, err := c.Application(t.Context(), appID); err != nil {
			t.Fatal(err)
		}
		costs("a read that is no refresh", 1)
		state.mu.Lock()
		state.body["displayName"] = "New"
		state.mu.Unlock()
		refresh(c.Remember(Properties{"display_name": "Mail import"}, Properties{"display_name": "New"}))
		costs("a look from before the last write", 1)
		time.Sleep(refreshFor) // virtual
		refresh(Memory{})
		costs("a look later", 1)
		yes := true
		if _, err := c.SetPublicClient(t.Context(), appID, &yes); err != nil {
			t.Fatal(err)
		}
		costs("a write", 1)
		refresh(Memory{})
		costs("a look after a write", 1)
	})
}
