package emulator_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/appreg/terraform-provider-appreg/internal/emulator"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/fault"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// numbers are the AADSTS numbers of a refusal.
func numbers(t *testing.T, w *httptest.ResponseRecorder) []int {
	t.Helper()
	var reply struct {
		Codes []int `json:"error_codes"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &reply); err != nil {
		t.Errorf("%d %s: %v", w.Code, w.Body, err)
	}
	return reply.Codes
}

// TestSignInFaultsByNumber has rules name an AADSTS number, or leave it to their kind.
func TestSignInFaultsByNumber(t *testing.T) {
	t.Parallel()
	const route = "/{tenant}/oauth2/v2.0/token"
	rows := []struct {
		rule           fault.Rule
		status, number int
	}{
		{fault.Rule{Kind: fault.Throttle, RetryAfter: "2"}, 429, 90055},
		{fault.Rule{Kind: fault.Throttle, Number: 50196}, 400, 50196},
		{fault.Rule{Kind: fault.ErrorBefore}, 503, 90033},
		{fault.Rule{Kind: fault.ErrorBefore, Number: 90012, Status: 504, RetryAfter: "0.5"}, 504, 90012},
		{fault.Rule{Kind: fault.ErrorAfter, Number: 90006}, 503, 90006},
	}
	for _, row := range rows {
		c := start(t)
		row.rule.Route = route
		if err := c.e.AddFaults(row.rule); err != nil {
			t.Fatal(err)
		}
		w, _ := c.serve(c.tokenRequest(t.Context()))
		if got := numbers(t, w); w.Code != row.status || !slices.Equal(got, []int{row.number}) || w.Header().Get("Retry-After") != row.rule.RetryAfter {
			t.Errorf("%+v: %d %v %q", row, w.Code, got, w.Header().Get("Retry-After"))
		}
	}
	for _, odd := range []fault.Rule{{Kind: fault.ErrorBefore, Number: 90033}, {Kind: fault.ErrorBefore, Number: 7000215, Route: route}, {Kind: fault.DropAfter, Number: 90033, Route: route}} {
		if err := start(t).e.AddFaults(odd); err == nil {
			t.Errorf("%+v is accepted", odd)
		}
	}
}

// TestConditionalAccessIsKept blocks everybody, and goes on from the data.
func TestConditionalAccessIsKept(t *testing.T) {
	t.Parallel()
	c := start(t)
	if err := c.e.SetConditionalAccess("passkey"); err == nil {
		t.Error("an unknown control is accepted")
	}
	if err := c.e.SetConditionalAccess(tenant.GrantBlocked); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(c.e.Snapshot())
	var data tenant.Snapshot
	if err := errors.Join(err, json.Unmarshal(text, &data)); err != nil {
		t.Fatal(err)
	}
	again := start(t, emulator.WithData(data))
	member := again.e.Accounts()[1]
	form := url.Values{"grant_type": {"password"}, "client_id": {again.e.Facts().ClientID}, "client_secret": {again.e.Facts().ClientSecret},
		"username": {member.UserName}, "password": {member.Password}, "scope": {"openid"}}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, origin+"/"+again.e.Facts().TenantID+"/oauth2/v2.0/token", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w, _ := again.serve(r)
	if got := numbers(t, w); !slices.Equal(got, []int{53003}) {
		t.Errorf("%d %v", w.Code, got)
	}
}
