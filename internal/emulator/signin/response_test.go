package signin_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
	"github.com/appreg/terraform-provider-appreg/internal/webuser"
)

// implicit registers a web application that may get tokens without a code.
func implicit(idToken, accessToken bool) func(tenant.Doc) {
	return func(d tenant.Doc) {
		d["web"] = tenant.Doc{"redirectUris": []string{callback},
			"implicitGrantSettings": tenant.Doc{"enableIdTokenIssuance": idToken, "enableAccessTokenIssuance": accessToken}}
	}
}

// answered is what a redirect brings, by query or fragment.
func answered(t *testing.T, end *url.URL) url.Values {
	t.Helper()
	if end.Fragment == "" {
		return end.Query()
	}
	values, err := url.ParseQuery(end.Fragment)
	check(t, err)
	return values
}

// TestResponseTypes is section 2's list of response types: each needs its switch on the registration.
func TestResponseTypes(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	none, ids, all := p.register("code only", implicit(false, false), true), p.register("id tokens", implicit(true, false), true), p.register("tokens", implicit(true, true), true)
	for _, a := range []app{none, ids, all} {
		p.allow(a, "User.Read")
	}
	rows := []struct {
		name   string
		app    app
		more   []string
		number int
		brings []string
	}{
		{"code", none, []string{"response_type", "code"}, 0, []string{"code"}},
		{"id token", ids, []string{"response_type", "id_token", "nonce", "n"}, 0, []string{"id_token"}},
		{"code and id token", ids, []string{"response_type", "code id_token", "nonce", "n"}, 0, []string{"code", "id_token"}},
		{"both tokens", all, []string{"response_type", "id_token token", "nonce", "n"}, 0, []string{"access_token", "id_token"}},
		{"access token", all, []string{"response_type", "token"}, 0, []string{"access_token"}},
		{"id token, off", none, []string{"response_type", "id_token", "nonce", "n"}, 700054, nil},
		{"access token, off", ids, []string{"response_type", "token"}, 700051, nil},
		{"unknown", all, []string{"response_type", "magic"}, 70005, nil},
		{"none", all, []string{"response_type", ""}, 900144, nil},
		{"id token without nonce", ids, []string{"response_type", "id_token"}, 900144, nil},
		{"tokens by query", all, []string{"response_type", "token", "response_mode", "query"}, 70007, nil},
		{"unknown mode", all, []string{"response_mode", "pigeon"}, 70007, nil},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			end, err := webuser.SignIn(t.Context(), p.server.Client(), p.page(p.seeded.TenantID, row.app, callback, "openid User.Read", row.more...), person(p.member()), webuser.Decline)
			check(t, err)
			got := answered(t, end)
			if number := "AADSTS" + strconv.Itoa(row.number) + ":"; row.number != 0 && !strings.HasPrefix(got.Get("error_description"), number) {
				t.Fatalf("%v, want %s", got, number)
			}
			for _, name := range []string{"code", "access_token", "id_token"} {
				if (got.Get(name) != "") != slices.Contains(row.brings, name) {
					t.Errorf("%s: %q", name, got.Get(name))
				}
			}
			if onlyCode := slices.Equal(row.brings, []string{"code"}); row.brings != nil && (end.Fragment == "") != onlyCode {
				t.Errorf("ended at %s", end)
			}
			if got.Get("state") != "s" {
				t.Errorf("state %q", got.Get("state"))
			}
		})
	}
}

// TestTokensOfTheFrontChannel reads tokens that came without a code.
func TestTokensOfTheFrontChannel(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	a := p.register("tokens", implicit(true, true), true)
	end, err := p.signIn(p.page(p.seeded.TenantID, a, callback, "openid User.Read", "response_type", "id_token token", "nonce", "n-1"), p.member(), webuser.Accept)
	check(t, err)
	got := answered(t, end)
	caller, err := p.handler.Verify(got.Get("access_token"))
	check(t, err)
	if caller.UserID != p.member().ObjectID || !slices.Contains(caller.Scopes, "User.Read") || got.Get("token_type") != "Bearer" || got.Get("expires_in") != "3599" {
		t.Errorf("caller %+v, answer %v", caller, got)
	}
	claims := answer{body: map[string]any{"id_token": got.Get("id_token")}}.claims(t, "id_token")
	sum := sha256.Sum256([]byte(got.Get("access_token")))
	if claims["nonce"] != "n-1" || claims["aud"] != a.clientID || claims["at_hash"] != base64.RawURLEncoding.EncodeToString(sum[:16]) {
		t.Errorf("id token %v", claims)
	}
}

// TestPrompts asks for each prompt: without a session all but two are the same.
func TestPrompts(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	a := p.register("web", implicit(false, false), true)
	p.allow(a, "User.Read")
	for prompt, consented := range map[string]string{"": "code", "login": "code", "select_account": "code", "consent": "error", "none": "error"} {
		end, err := p.signIn(p.page(p.seeded.TenantID, a, callback, "User.Read", "prompt", prompt, "login_hint", p.member().UserName), p.member(), webuser.Decline)
		check(t, err)
		if end.Query().Get(consented) == "" {
			t.Errorf("prompt=%s, consent declined: %s", prompt, end)
		}
		if silent := strings.HasPrefix(end.Query().Get("error_description"), "AADSTS50058:"); silent != (prompt == "none") {
			t.Errorf("prompt=%s: %s", prompt, end)
		}
	}
}
