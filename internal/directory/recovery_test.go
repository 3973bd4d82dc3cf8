package directory

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/transport"
)

const markerSearch = "GET /applications?$filter=tags/any"

// firstTag is where the marker goes.
func firstTag(t *testing.T, app object) string {
	t.Helper()
	tags, ok := app["tags"].([]any)
	if !ok || len(tags) == 0 {
		t.Fatalf("no tags: %v", app)
	}
	return fmt.Sprint(tags[0])
}

// TestALostCreateIsFoundByItsMarker: the reply is lost after the commit, and the filter lags.
func TestALostCreateIsFoundByItsMarker(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var made object
		c, f := newFake(t, func(line, body string, seen int) answer {
			switch {
			case line == "POST /applications":
				if err := json.Unmarshal([]byte(body), &made); err != nil {
					t.Error(err)
				}
				return answer{lost: true}
			case strings.HasPrefix(line, markerSearch) && seen < 4:
				return answer{status: 200, body: list()}
			case strings.HasPrefix(line, markerSearch):
				return answer{status: 200, body: list(appJSON(made))}
			}
			return answer{status: 200, body: appJSON(made)}
		})
		app, _, err := c.CreateApplication(t.Context(), ApplicationSpec{DisplayName: "Mail import"}, CreateOptions{})
		if err != nil || app.ID != appID || f.count("POST") != 1 {
			t.Fatal(app, err, f.lines())
		}
		marker := firstTag(t, made)
		if !strings.Contains(f.lines()[1], "t eq '"+marker+"'") {
			t.Errorf("searched %q for %s", f.lines()[1], marker)
		}
	})
}

// sentMarkers are the markers of the creates that were sent, and when.
func sentMarkers(t *testing.T, f *fakeGraph) (tags []string, times []time.Time) {
	t.Helper()
	for _, r := range f.seen {
		if strings.HasPrefix(r.line, "POST") {
			var body object
			if err := json.Unmarshal([]byte(r.body), &body); err != nil {
				t.Fatal(err)
			}
			tags, times = append(tags, firstTag(t, body)), append(times, r.at)
		}
	}
	return tags, times
}

// TestALostCreateThatWasNotAppliedIsSentAgain and what shows up of it later is purged. A server that has answered is no
// longer at work, so there is less to wait for.
func TestALostCreateThatWasNotAppliedIsSentAgain(t *testing.T) {
	t.Parallel()
	const twin = "aaaaaaaa-0000-4000-8000-00000000dead"
	for _, tt := range []struct {
		first answer
		late  bool
		after time.Duration
	}{
		{refusal(503, "ServiceUnavailable", ""), false, 5 * time.Second},
		{refusal(503, "ServiceUnavailable", ""), true, 5 * time.Second},
		{refusal(504, "GatewayTimeout", ""), true, 20 * time.Second},
		{answer{lost: true}, false, 20 * time.Second},
		{answer{lost: true}, true, 20 * time.Second},
	} {
		late := tt.late
		synctest.Test(t, func(t *testing.T) {
			deleted, purged, start := false, false, time.Now()
			c, f := newFake(t, func(line, _ string, seen int) answer {
				switch {
				case line == "POST /applications" && seen == 0:
					return tt.first
				case line == "POST /applications":
					return answer{status: 201, body: appJSON(nil)}
				case strings.HasPrefix(line, markerSearch) && time.Since(start) < 2*time.Minute: // filters lag
					return answer{status: 200, body: list()}
				case strings.HasPrefix(line, markerSearch) && late:
					return answer{status: 200, body: list(appJSON(object{"id": twin}), appJSON(nil))}
				case strings.HasPrefix(line, markerSearch):
					return answer{status: 200, body: list(appJSON(nil))}
				case line == "DELETE /applications/"+twin:
					deleted = true
					return answer{status: 204}
				case line == "DELETE /directory/deletedItems/"+twin:
					purged = true
					return answer{status: 204}
				case line == "GET /applications/"+twin:
					return notFound()
				case line == "GET /directory/deletedItems/"+twin:
					return answer{status: 200, body: appJSON(object{"id": twin, "@odata.type": "#microsoft.graph.application"})}
				}
				return answer{status: 200, body: appJSON(nil)}
			})
			app, _, err := c.CreateApplication(t.Context(), ApplicationSpec{DisplayName: "Mail import"}, CreateOptions{})
			if err != nil || app.ID != appID || f.count("POST") != 2 {
				t.Fatal(app, err, f.lines())
			}
			if deleted != late || purged != late {
				t.Errorf("twin: deleted %v, purged %v, want %v", deleted, purged, late)
			}
			tags, times := sentMarkers(t, f)
			if at := times[1].Sub(start); at < tt.after || at > tt.after+3*time.Second {
				t.Errorf("sent again after %v, want %v", at, tt.after)
			}
			if tags[0] != tags[1] {
				t.Errorf("the attempts carry different markers: %v", tags)
			}
		})
	}
}

func TestACreateThatIsCancelledIsStillRecorded(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		post  answer
		found bool
		kind  Kind
		ends  time.Duration
	}{
		"the reply comes":               {answer{status: 201, after: 5 * time.Second}, true, KindUnsettled, 4 * time.Second},
		"the reply never comes, found":  {answer{status: 201, after: time.Hour}, true, KindUnsettled, 15 * time.Second},
		"the reply never comes, absent": {answer{status: 201, after: time.Hour}, false, KindAmbiguous, 30 * time.Second},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c, _ := newFake(t, func(line, _ string, _ int) answer {
					switch {
					case line == "POST /applications":
						tt.post.body = appJSON(nil)
						return tt.post
					case strings.HasPrefix(line, markerSearch) && tt.found:
						return answer{status: 200, body: list(appJSON(nil))}
					case strings.HasPrefix(line, markerSearch):
						return answer{status: 200, body: list()}
					}
					return answer{status: 200, body: appJSON(nil)}
				})
				ctx, cancel := context.WithCancel(t.Context())
				start := time.Now()
				time.AfterFunc(time.Second, cancel)
				app, _, err := c.CreateApplication(ctx, ApplicationSpec{DisplayName: "Mail import"}, CreateOptions{})
				wantKind(t, err, tt.kind)
				if (app != nil) != tt.found {
					t.Errorf("app = %v", app)
				}
				if took := time.Since(start) - time.Second; took < tt.ends || took > tt.ends+2*time.Second {
					t.Errorf("ended %v after the cancellation", took)
				}
			})
		})
	}
}

func TestARefusedCreateIsReported(t *testing.T) {
	t.Parallel()
	c, _ := newFake(t, func(string, string, int) answer {
		return refusal(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
	})
	app, _, err := c.CreateApplication(t.Context(), ApplicationSpec{DisplayName: "Mail import"}, CreateOptions{})
	wantKind(t, err, KindForbidden)
	e := errorOf(err)
	if app != nil || !slices.Equal(e.Permissions, []string{"Application.ReadWrite.OwnedBy"}) || e.RequestID != "request-1" ||
		e.Code != "Authorization_RequestDenied" || e.Status != 403 || e.Object != "Mail import" || e.Endpoint != testEndpoint {
		t.Errorf("%+v", e)
	}
	if text := err.Error(); !strings.Contains(text, "unable to create application") || !strings.Contains(text, "request-1") {
		t.Error(text)
	}
}

const byName = "/applications(uniqueName='mail''s')"

// uniqueCreation is one case of TestUniqueNames.
type uniqueCreation struct {
	adopt   bool
	answers map[string][]answer // by line; the last one stays
	kind    Kind                // -1: success
	adopted bool
	want    []string
}

func (tt uniqueCreation) run(t *testing.T, spec ApplicationSpec, now time.Time) {
	t.Helper()
	c, f := newFake(t, func(line, _ string, seen int) answer {
		script := tt.answers[line]
		if len(script) == 0 {
			return answer{}
		}
		return script[min(seen, len(script)-1)]
	})
	c.clock = transport.NewClock(func() time.Time { return now }) // the scripted objects were made by the clock outside
	app, adopted, err := c.CreateApplication(t.Context(), spec, CreateOptions{Adopt: tt.adopt})
	if !slices.Equal(f.lines(), tt.want) {
		t.Errorf("requests\n%s, want\n%s", strings.Join(f.lines(), "\n"), strings.Join(tt.want, "\n"))
	}
	if tt.kind >= 0 {
		wantKind(t, err, tt.kind)
		if tt.kind == KindExists && (len(errorOf(err).Candidates) != 1 || errorOf(err).Candidates[0].ID != appID || app != nil) {
			t.Errorf("%v, %+v", app, errorOf(err))
		}
		return
	}
	if err != nil || app.ID != appID || adopted != tt.adopted {
		t.Fatal(app, adopted, err)
	}
	if f.count("PATCH "+byName) > 0 {
		if prefer := f.seen[1].head.Get("Prefer"); prefer != "create-if-missing" {
			t.Errorf("Prefer: %q", prefer)
		}
	}
}

func TestUniqueNames(t *testing.T) {
	t.Parallel()
	spec := ApplicationSpec{DisplayName: "Mail import", SignInAudience: "AzureADMyOrg", UniqueName: "mail's"}
	held := func(extra object) answer {
		app := appJSON(object{"uniqueName": "mail's"})
		for k, v := range extra {
			app[k] = v
		}
		return answer{status: 200, body: app}
	}
	now := time.Now()
	old := now.Add(-time.Hour).UTC().Format(time.RFC3339)
	deletedApp := list(appJSON(object{"uniqueName": "mail's", "deletedDateTime": old}))
	const live, deletedFilter = "GET /applications/" + appID, "GET /directory/deletedItems/microsoft.graph.application?$filter=uniqueName eq 'mail''s'"
	tests := map[string]uniqueCreation{
		"free": {false, map[string][]answer{"GET " + byName: {notFound()}, "PATCH " + byName: {{status: 201, body: appJSON(nil)}}, live: {held(nil)}},
			-1, false, []string{"GET " + byName, "PATCH " + byName, live}},
		"held": {false, map[string][]answer{"GET " + byName: {held(nil)}}, KindExists, false, []string{"GET " + byName}},
		"held, adopted": {true, map[string][]answer{"GET " + byName: {held(object{"displayName": "Old"})}, "PATCH /applications/" + appID: {{status: 204}}},
			-1, true, []string{"GET " + byName, "PATCH /applications/" + appID}},
		"somebody was faster": {false, map[string][]answer{"GET " + byName: {notFound(), held(object{"createdByAppId": "x"})}, "PATCH " + byName: {{status: 204}}},
			KindExists, false, []string{"GET " + byName, "PATCH " + byName, "GET " + byName}},
		"lost, ours": {false, map[string][]answer{"GET " + byName: {notFound(), notFound(), held(nil)}, "PATCH " + byName: {{lost: true}}, live: {held(nil)}},
			-1, false, []string{"GET " + byName, "PATCH " + byName, "GET " + byName, "GET " + byName, live}},
		"lost, an older one": {false, map[string][]answer{"GET " + byName: {notFound(), held(object{"createdDateTime": old})}, "PATCH " + byName: {{lost: true}}},
			KindExists, false, []string{"GET " + byName, "PATCH " + byName, "GET " + byName}},
		"lost, somebody else's": {false, map[string][]answer{"GET " + byName: {notFound(), held(object{"createdByAppId": "x"})}, "PATCH " + byName: {{lost: true}}},
			KindExists, false, []string{"GET " + byName, "PATCH " + byName, "GET " + byName}},
		"held by a deleted one": {false, map[string][]answer{"GET " + byName: {notFound()}, "PATCH " + byName: {refusal(400, "Request_BadRequest", "Another object")},
			deletedFilter: {{status: 200, body: deletedApp}}}, KindExists, false, []string{"GET " + byName, "PATCH " + byName, deletedFilter}},
		"held by a deleted one, no filter there": {false, map[string][]answer{"GET " + byName: {notFound()}, "PATCH " + byName: {refusal(400, "Request_BadRequest", "Another object")},
			deletedFilter: {refusal(400, "Request_UnsupportedQuery", "")}, "GET /directory/deletedItems/microsoft.graph.application": {{status: 200, body: deletedApp}}},
			KindExists, false, []string{"GET " + byName, "PATCH " + byName, deletedFilter, "GET /directory/deletedItems/microsoft.graph.application"}},
		"held by a deleted one, adopted": {true, map[string][]answer{"GET " + byName: {notFound()}, "PATCH " + byName: {refusal(400, "Request_BadRequest", "Another object")},
			deletedFilter: {{status: 200, body: deletedApp}}, "POST /directory/deletedItems/" + appID + "/restore": {{status: 200, body: appJSON(object{"@odata.type": "#microsoft.graph.application"})}},
			live: {notFound(), held(nil)}},
			-1, true, []string{"GET " + byName, "PATCH " + byName, deletedFilter, "POST /directory/deletedItems/" + appID + "/restore", live, live}},
		"refused for another reason": {false, map[string][]answer{"GET " + byName: {notFound()}, "PATCH " + byName: {refusal(400, "Request_BadRequest", "Invalid value")},
			deletedFilter: {{status: 200, body: list()}}}, KindInvalid, false, []string{"GET " + byName, "PATCH " + byName, deletedFilter, "GET " + byName}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				tt.run(t, spec, now)
			})
		})
	}
}

func TestErrorsOfTheTransport(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		answer answer
		kind   Kind
	}{
		"lost":       {answer{lost: true}, KindUnreachable},
		"a page":     {answer{status: 502, body: "<html>"}, KindNotGraph},
		"not JSON":   {answer{status: 200, body: "{"}, KindNotGraph},
		"no body":    {answer{status: 200}, KindNotGraph},
		"401":        {refusal(401, "InvalidAuthenticationToken", "expired"), KindUnauthorized},
		"400":        {refusal(400, "Request_BadRequest", "bad"), KindInvalid},
		"no message": {answer{status: 400, body: object{"error": object{"code": "x"}}}, KindInvalid},
		"no error":   {answer{status: 400, body: object{}}, KindNotGraph},
		"no object":  {answer{status: 200, body: object{}}, KindNotGraph},
		"untrusted":  {answer{fail: &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}}, KindUntrusted},
		"no host":    {answer{fail: &net.DNSError{Name: "graph.example.com", IsNotFound: true}}, KindUnreachable},
		"429":        {refusal(429, "TooManyRequests", "m"), KindThrottled},
		"500":        {refusal(500, "Service_InternalServerError", ""), KindUnknown},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c, _ := newFake(t, func(string, string, int) answer { return tt.answer })
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				_, err := c.Application(ctx, appID)
				wantKind(t, err, tt.kind)
				if err.Error() == "" {
					t.Error("the error says nothing")
				}
			})
		})
	}
}

func TestSignInErrorsKeepTheCredentialsOwn(t *testing.T) {
	t.Parallel()
	own := errors.New("AADSTS7000215")
	c, f := newFakeFor(t, testCredential{err: own}, func(string, string, int) answer { return answer{} })
	_, err := c.Application(t.Context(), appID)
	wantKind(t, err, KindSignIn)
	if !errors.Is(err, own) || len(f.lines()) != 0 {
		t.Errorf("%v, %q", err, f.lines())
	}
	if _, err := c.TenantID(t.Context()); KindOf(err) != KindSignIn {
		t.Error(err)
	}
}
