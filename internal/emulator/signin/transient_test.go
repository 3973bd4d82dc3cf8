package signin_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/fault"
)

// TestTransientRefusals is section 12, shaped as section 11 has it: every number that a fault may name.
func TestTransientRefusals(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	rows := map[int]struct {
		status int
		code   string
	}{
		50196: {400, "invalid_grant"}, 90055: {429, "temporarily_unavailable"}, 90006: {503, "temporarily_unavailable"},
		90012: {503, "temporarily_unavailable"}, 90024: {503, "temporarily_unavailable"}, 90033: {503, "temporarily_unavailable"},
	}
	fail := func(method, path string, number, status int) (*httptest.ResponseRecorder, answer) {
		w := httptest.NewRecorder()
		p.handler.Fail(w, httptest.NewRequestWithContext(t.Context(), method, path, nil), number, status)
		got := answer{status: w.Code, header: w.Header()}
		if strings.HasPrefix(w.Header().Get("Content-Type"), "application/json") {
			check(t, json.Unmarshal(w.Body.Bytes(), &got.body))
		}
		return w, got
	}
	for _, number := range fault.Numbers() {
		_, got := fail("POST", "/common/oauth2/v2.0/token", number, 0)
		want, known := rows[number]
		if !known || got.status != want.status || got.number() != number || got.text("error") != want.code || got.text("trace_id") != got.header.Get("x-ms-request-id") {
			t.Errorf("%d: %d %v", number, got.status, got.body)
		}
		if _, got := fail("POST", "/common/oauth2/v2.0/token", number, 500); got.status != 500 {
			t.Errorf("%d with a status of its own: %d", number, got.status)
		}
	}
	for method, path := range map[string]string{http.MethodGet: "/common/oauth2/v2.0/authorize", http.MethodDelete: "/nowhere"} {
		w, _ := fail(method, path, 90033, 0)
		if !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") || !strings.Contains(w.Body.String(), "AADSTS90033") {
			t.Errorf("%s: %s", path, w.Body)
		}
	}
}
