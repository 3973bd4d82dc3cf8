package directory

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/odata"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// FuzzQuoteOData: whatever a name is, a parser reads a filter for it as a filter for it, and for nothing else.
func FuzzQuoteOData(f *testing.F) {
	for _, seed := range []string{"", "x", "'", "''", "a' or displayName ne 'b", "x') or startswith(displayName,'", "ü'&$select=id", `\'`, "%27", "x','y"} {
		f.Add(seed, "other")
	}
	f.Fuzz(func(t *testing.T, name, other string) {
		if !utf8.ValidString(name) || !utf8.ValidString(other) {
			return // the configuration is UTF-8
		}
		filter := inFilter("displayName", []string{name})
		parsed, err := odata.ParseFilter(filter)
		if err != nil {
			t.Fatalf("%q: %v", filter, err)
		}
		if !parsed.Match(tenant.Doc{"displayName": name}, false) {
			t.Errorf("%q doesn't find %q", filter, name)
		}
		if other != name && parsed.Match(tenant.Doc{"displayName": other}, false) {
			t.Errorf("%q finds %q, too", filter, other)
		}
		if marked, err := odata.ParseFilter("tags/any(t:t eq " + quoteOData(name) + ")"); err != nil || !marked.Match(tenant.Doc{"tags": []any{other, name}}, false) {
			t.Errorf("the tag %q: %v", name, err)
		}
	})
}

// FuzzReply: no reply makes a read panic or last, and an error says something.
func FuzzReply(f *testing.F) {
	app, err := json.Marshal(appJSON(object{"passwordCredentials": []object{password(keyNumber(1), "x", time.Unix(0, 0), time.Unix(1, 0))}}))
	if err != nil {
		f.Fatal(err)
	}
	for status, bodies := range map[int][]string{
		200: {string(app), `{"value":[null]}`, `{"value":[` + string(app) + `],"@odata.nextLink":"` + testEndpoint + `/v1.0/x"}`, `{"id":5}`, `{"id":"x","tags":[null],"passwordCredentials":[null],"web":null}`,
			`{"id":"x","keyCredentials":[{"key":"%"}],"createdDateTime":"yesterday"}`},
		201: {`{"isEnabled":true,"value":[{"isEnabled":true,"restrictions":{"passwordCredentials":[null,{"restrictionType":"x","maxLifetime":"P1Y"}]}}],"applicationRestrictions":{"passwordCredentials":[null],"keyCredentials":[null]}}`,
			`{"responses":[{"id":"0","status":200,"body":"x"}],"value":[` + string(app) + `]}`},
		400: {`{"error":{"code":"x","message":"m","details":[null,{"code":null}],"innerError":{"request-id":"r"}}}`, `{"error":{"code":null}}`, `{"error":"x"}`, `{"error":{"message":{"lang":"en","value":"v"},"details":{}}}`},
		404: {`{"error":{"code":"Request_ResourceNotFound","message":""}}`, `{"error":{}}`},
		409: {`{"error":{"code":"Directory_ConcurrencyViolation"}}`, `{"error":{"code":"Error_MsaAppDoesNotExist"}}`},
		429: {`{"error":{"code":"TooManyRequests"}}`, "0"},
		503: {`{"error":{"code":"TooManyRequests"}}`, `{"error":{"code":"Request_ThrottledTemporarily"}}`, "<html>"},
	} {
		for _, body := range bodies {
			f.Add(status, body)
		}
	}
	f.Fuzz(func(t *testing.T, status int, body string) {
		if status < 200 || status > 599 {
			return
		}
		synctest.Test(t, func(t *testing.T) {
			c, _ := newFake(t, func(string, string, int) answer { return answer{status: status, body: body} })
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
			defer cancel()
			_, byID := c.Application(ctx, appID)
			_, byName := c.ApplicationsNamed(ctx, "x")
			_, principal := c.ServicePrincipal(ctx, appID)
			_, grant := c.Grant(ctx, "x")
			_, api := c.API(ctx, "api://x")
			_, owners := c.Owners(ctx, appID)
			_, deleted := c.deletedHolder(ctx, "x")
			_, policies := c.readPolicies(ctx)
			_, policy := c.readPolicyOf(ctx, appID)
			// The SDK's own error may not be printed.
			policies, policy = c.fail(opReadPolicy, appID, policies), c.fail(opReadPolicy, appID, policy)
			_, expiring := c.ExpiringCredentials(ctx, ExpiringFilter{Before: time.Now()})
			for what, err := range map[string]error{"id": byID, "name": byName, "principal": principal, "grant": grant, "API": api, "owners": owners, "deleted": deleted, "policies": policies, "policy": policy, "expiring": expiring} {
				if err != nil && strings.TrimSpace(err.Error()) == "" {
					t.Errorf("%s: the error says nothing", what)
				}
				if err == nil && status >= 400 && what != "API" {
					t.Errorf("%s: status %d passes for a success", what, status)
				}
			}
			// Throttling is waited out for as long as the operation may take.
			if ctx.Err() != nil && !c.window.Throttled() {
				t.Error("the reads took longer than any operation may")
			}
		})
	})
}
