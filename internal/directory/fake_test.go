package directory

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

const (
	testEndpoint = "https://graph.example.com"
	testTenant   = "11111111-1111-4111-8111-111111111111"
	testCaller   = "22222222-2222-4222-8222-222222222222"
	testClient   = "33333333-3333-4333-8333-333333333333"
	appID        = "aaaaaaaa-0000-4000-8000-000000000001"
	clientID     = "bbbbbbbb-0000-4000-8000-000000000001"
)

// testCredential gives unsigned tokens with the claims that Entra would give.
type testCredential struct {
	roles []string
	err   error
}

func (c testCredential) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	payload, err := json.Marshal(map[string]any{"tid": testTenant, "oid": testCaller, "appid": testClient, "roles": c.roles})
	if err != nil {
		return azcore.AccessToken{}, err
	}
	part := base64.RawURLEncoding.EncodeToString
	token := part([]byte(`{"alg":"none","typ":"JWT"}`)) + "." + part(payload) + "."
	return azcore.AccessToken{Token: token, ExpiresOn: time.Now().Add(time.Hour)}, c.err
}

// request is one that reached the fake; its query is decoded.
type request struct {
	line string // method, path and query
	body string
	at   time.Time
	head http.Header
}

// answer is a scripted reply.
type answer struct {
	status int
	body   any           // marshalled when it is not a string
	lost   bool          // the reply gets lost
	fail   error         // the exchange fails
	after  time.Duration // virtual time
}

// fakeGraph answers by a function of the request and of how often its line was seen before.
type fakeGraph struct {
	t      *testing.T
	answer func(line, body string, seen int) answer

	mu   sync.Mutex
	seen []request
}

func (f *fakeGraph) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
	}
	line := r.Method + " " + strings.TrimPrefix(r.URL.Path, "/v1.0")
	if r.URL.RawQuery != "" {
		query, err := url.QueryUnescape(r.URL.RawQuery)
		if err != nil {
			return nil, err
		}
		line += "?" + query
	}
	f.mu.Lock()
	before := 0
	for _, s := range f.seen {
		if s.line == line {
			before++
		}
	}
	f.seen = append(f.seen, request{line, string(body), time.Now(), r.Header.Clone()})
	a := f.answer(line, string(body), before)
	f.mu.Unlock()
	if a.after > 0 {
		select {
		case <-time.After(a.after):
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	if a.lost {
		return nil, io.ErrUnexpectedEOF
	}
	if a.fail != nil {
		return nil, a.fail
	}
	if a.status == 0 {
		f.t.Errorf("unexpected request: %s %s", line, body)
		a = refusal(501, "NotImplemented", line)
	}
	return reply(r, a)
}

func reply(r *http.Request, a answer) (*http.Response, error) {
	text, isText := a.body.(string)
	if !isText && a.body != nil {
		raw, err := json.Marshal(a.body)
		if err != nil {
			return nil, err
		}
		text = string(raw)
	}
	resp := &http.Response{StatusCode: a.status, Header: http.Header{"Request-Id": {"request-1"}}, Request: r,
		Body: io.NopCloser(strings.NewReader(text)), ContentLength: int64(len(text))}
	if text != "" {
		resp.Header.Set("Content-Type", "application/json;odata.metadata=minimal")
	}
	return resp, nil
}

// lines are the requests so far.
func (f *fakeGraph) lines() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []string
	for _, s := range f.seen {
		out = append(out, s.line)
	}
	return out
}

// count is how many requests began with a text.
func (f *fakeGraph) count(prefix string) int {
	n := 0
	for _, line := range f.lines() {
		if strings.HasPrefix(line, prefix) {
			n++
		}
	}
	return n
}

// bodyOf is the JSON of the last request that began with a text, without the type that the SDK adds.
func (f *fakeGraph) bodyOf(prefix string) map[string]any {
	f.t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, s := range slices.Backward(f.seen) {
		if strings.HasPrefix(s.line, prefix) {
			var body map[string]any
			if err := json.Unmarshal([]byte(s.body), &body); err != nil {
				f.t.Fatalf("%s: %v in %s", s.line, err, s.body)
			}
			delete(body, "@odata.type")
			return body
		}
	}
	f.t.Fatalf("no request %s", prefix)
	return nil
}

// newFake makes a Client and the Graph that it talks to.
func newFake(t *testing.T, answers func(line, body string, seen int) answer) (*Client, *fakeGraph) {
	t.Helper()
	return newFakeFor(t, testCredential{roles: []string{"Application.ReadWrite.All"}}, answers)
}

func newFakeFor(t *testing.T, credential azcore.TokenCredential, answers func(line, body string, seen int) answer) (*Client, *fakeGraph) {
	t.Helper()
	f := &fakeGraph{t: t, answer: answers}
	c, err := New(Options{
		GraphEndpoint: testEndpoint, Credential: credential, Base: f, UserAgent: "appreg/test", Now: time.Now,
		Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	return c, f
}

// object is JSON.
type object = map[string]any

// appJSON is an application as Graph shows it.
func appJSON(extra object) object {
	app := object{
		"id": appID, "appId": clientID, "displayName": "Mail import", "signInAudience": "AzureADMyOrg", "createdByAppId": testClient,
		"createdDateTime": time.Now().UTC().Format(time.RFC3339Nano), "tags": []string{}, "passwordCredentials": []object{},
		"requiredResourceAccess": []object{}, "web": object{"redirectUris": []string{}}, "api": object{"requestedAccessTokenVersion": nil},
		"isFallbackPublicClient": nil,
	}
	for name, value := range extra {
		app[name] = value
	}
	return app
}

func list(values ...object) object {
	return object{"value": append([]object{}, values...)} // never null
}

func refusal(status int, code, message string) answer {
	return answer{status: status, body: object{"error": object{"code": code, "message": message, "innerError": object{"request-id": "inner-1"}}}}
}

func notFound() answer {
	return refusal(404, "Request_ResourceNotFound", "Resource does not exist")
}

func password(keyID, name string, start, end time.Time) object {
	return object{"keyId": keyID, "displayName": name, "hint": "abc", "startDateTime": start.UTC().Format(time.RFC3339), "endDateTime": end.UTC().Format(time.RFC3339)}
}

func keyNumber(n int) string { return fmt.Sprintf("cccccccc-0000-4000-8000-%012d", n) }

func wantKind(t *testing.T, err error, kind Kind) {
	t.Helper()
	if KindOf(err) != kind || err == nil {
		t.Fatalf("err = %v, of kind %d, want kind %d", err, KindOf(err), kind)
	}
}
