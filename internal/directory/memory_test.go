package directory

import (
	"testing"
	"testing/synctest"
	"time"
)

// A replica may be two writes behind, so that both values before are stale.
func TestAMemoryKeepsWhatEarlierOnesTell(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	now := start
	c := &Client{bounds: DefaultBounds(), now: func() time.Time { return now }}
	value := func(text string) Properties { return Properties{"notes": text, "tags": "same"} }
	first := c.Remember(value("a"), value("b"))
	now = start.Add(time.Minute)
	second := c.Following(first, c.Remember(value("b"), value("c")))
	now = start.Add(2 * time.Minute)
	back := c.Following(second, c.Remember(value("c"), value("a")))
	now = start.Add(20 * time.Minute)
	later := c.Following(second, c.Remember(value("c"), value("d")))
	for name, tt := range map[string]struct {
		m     Memory
		stale map[string]bool
	}{
		"one write":                 {first, map[string]bool{"a": true, "b": false, "c": false}},
		"two writes":                {second, map[string]bool{"a": true, "b": true, "c": false, "x": false}},
		"back to the first value":   {back, map[string]bool{"a": false, "b": true, "c": true}},
		"long after the last write": {later, map[string]bool{"a": false, "b": false, "c": true, "d": false}},
	} {
		for text, stale := range tt.stale {
			if got := tt.m.contradicts(value(text)); got != stale {
				t.Errorf("%s: %q is stale: %v, want %v", name, text, got, stale)
			}
		}
	}
}

// Time in which nothing could be seen doesn't count as time in which something was looked for.
func TestASearchCountsWhatItSees(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := search{enough: 10 * time.Second}
		looks := func(n int, pause time.Duration, err error) (over bool) {
			for range n {
				over = s.over(err)
				time.Sleep(pause)
			}
			return over
		}
		throttled := &Error{Kind: KindThrottled}
		if looks(4, 3*time.Second, nil) {
			t.Error("over after 9 s")
		}
		if looks(10, time.Minute, throttled) {
			t.Error("over while nothing was seen")
		}
		if !looks(1, 0, &Error{Kind: KindNotFound}) {
			t.Error("not over after 9 s, a wait of which little counts, and another look")
		}
	})
}

func TestWhoMadeAServicePrincipal(t *testing.T) {
	t.Parallel()
	sent := ServicePrincipalSpec{ClientID: clientID, AccountEnabled: true, Notes: "ours", Tags: []string{"a"}}
	began := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	own := claims{ClientID: testClient}
	for name, tt := range map[string]struct {
		change func(*ServicePrincipal)
		want   bool
	}{
		"as sent":                  {func(*ServicePrincipal) {}, true},
		"creator not told":         {func(sp *ServicePrincipal) { sp.createdBy = "" }, true},
		"with its application's":   {func(sp *ServicePrincipal) { sp.InheritedTags = []string{"b"} }, true},
		"older":                    {func(sp *ServicePrincipal) { sp.CreatedAt = began.Add(-time.Second) }, false},
		"made by somebody else":    {func(sp *ServicePrincipal) { sp.createdBy = testCaller }, false},
		"with other notes":         {func(sp *ServicePrincipal) { sp.Notes = "" }, false},
		"disabled":                 {func(sp *ServicePrincipal) { sp.AccountEnabled = false }, false},
		"without a tag":            {func(sp *ServicePrincipal) { sp.Tags = nil }, false},
		"with assignment required": {func(sp *ServicePrincipal) { sp.AppRoleAssignmentRequired = true }, false},
	} {
		sp := &ServicePrincipal{ServicePrincipalSpec: sent, CreatedAt: began, createdBy: testClient}
		tt.change(sp)
		if got := sp.madeAs(sent, began, own); got != tt.want {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}

// What was read before an earlier process's write was recalled may lack it, and is no ground to decide on.
func TestARecalledPartOutdatesWhatWasReadBefore(t *testing.T) {
	t.Parallel()
	m := newMemory(DefaultBounds(), (*Application).Properties, (*Application).clone)
	bare := &Application{ID: appID}
	whole := &Application{ID: appID, Secrets: []Secret{{KeyID: "k"}}}
	m.accept(appID, bare, time.Now())
	m.recall(appID, time.Second, "secret/k")
	if m.known(appID, anyAge) != nil {
		t.Error("what lacks the secret still counts as known")
	}
	if m.accept(appID, bare, time.Now()) || !m.accept(appID, whole, time.Now()) || m.accept(appID, bare, time.Now()) {
		t.Error("a read without the secret is stale, before and after one with it")
	}
	if m.accept(appID, bare, time.Now().Add(-time.Minute)) {
		t.Error("so is one that seems to have been asked for before the write: clocks of two processes may differ")
	}
	m.recall(appID, 2*DefaultBounds().Missing, "secret/other")
	if !m.accept(appID, whole, time.Now()) {
		t.Error("what was written long ago may be gone")
	}
}

// A read is judged by what was written before it set out: of two writes in a row, the later one does not excuse the value
// before the earlier one.
func TestAReadIsJudgedByWhenItSetOut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMemory(DefaultBounds(), (*Application).Properties, (*Application).clone)
		named := func(name string) *Application {
			return &Application{ID: appID, ApplicationSpec: ApplicationSpec{DisplayName: name}}
		}
		before := time.Now()
		time.Sleep(time.Second) // virtual
		m.wrote(appID, named("a"), named("b"))
		time.Sleep(time.Second)
		between := time.Now()
		time.Sleep(time.Second)
		m.wrote(appID, named("b"), named("c"))
		time.Sleep(time.Second)
		for _, tt := range []struct {
			name  string
			asked time.Time
			will  bool
		}{
			{"a", before, true}, {"a", between, false}, {"a", time.Now(), false},
			{"b", between, true}, {"b", time.Now(), false}, {"c", time.Now(), true},
		} {
			if got := m.accept(appID, named(tt.name), tt.asked); got != tt.will {
				t.Errorf("%s, asked for at %v: %t, want %t", tt.name, tt.asked, got, tt.will)
			}
			if known := m.known(appID, anyAge); known.DisplayName != "c" {
				t.Errorf("%s, asked for at %v, replaces what was written since: %s", tt.name, tt.asked, known.DisplayName)
			}
		}
	})
}
