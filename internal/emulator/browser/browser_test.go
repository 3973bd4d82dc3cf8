//go:build browser

// Package browser_test looks at the emulator's pages through Chromium: make test-browser runs it.
package browser_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"image/png"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/emulator"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/serve"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

var screenshot = flag.String("screenshot", "", "`file` for a picture of the portal's API permissions")

// stage is an emulator that serves, with an application in it.
type stage struct {
	*serve.Running
	t        *testing.T
	emulator *emulator.Emulator
	facts    emulator.Facts
	clientID string
	callback string            // where sign-ins end
	arrived  chan url.Values   // what they bring there
	delegate map[string]string // ids of Graph's delegated permissions
	roles    map[string]string // ids of Graph's application permissions
}

func newStage(t *testing.T) *stage {
	t.Helper()
	e, err := emulator.New(emulator.WithHosts(serve.LoopbackHosts()...))
	check(t, err)
	running, err := serve.Start(t.Context(), serve.Config{Addr: "127.0.0.1:0", Dir: t.TempDir(), Emulator: e})
	check(t, err)
	t.Cleanup(func() {
		if err := running.Close(); err != nil {
			t.Error(err)
		}
	})
	s := &stage{Running: running, t: t, emulator: e, facts: e.Facts(), arrived: make(chan url.Values, 1)}
	product := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/callback" {
			s.arrived <- r.URL.Query()
		}
		if _, err := w.Write([]byte("The product takes over.")); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(product.Close)
	s.callback = product.URL + "/callback"
	s.register()
	return s
}

// register makes the application: a web client that wants to read mail, with a secret and half of its consent.
func (s *stage) register() {
	s.t.Helper()
	graph, ok := s.emulator.Cloud().Latest().ServicePrincipalByClientID(s.facts.TenantID, tenant.MicrosoftGraphClientID)
	if !ok {
		s.t.Fatal("no Microsoft Graph")
	}
	ids := func(list string) map[string]string {
		out := map[string]string{}
		for _, p := range graph.Docs(list) {
			out[p.String("value")] = p.String("id")
		}
		return out
	}
	s.delegate, s.roles = ids("oauth2PermissionScopes"), ids("appRoles")
	var wanted []tenant.Doc
	for _, name := range []string{"User.Read", "Mail.ReadWrite", "offline_access"} {
		wanted = append(wanted, tenant.Doc{"id": s.delegate[name], "type": "Scope"})
	}
	wanted = append(wanted, tenant.Doc{"id": s.roles["Mail.Read"], "type": "Role"})
	id, err := s.emulator.Create(tenant.Application, tenant.Doc{
		"displayName": "Mail import", "isFallbackPublicClient": true, "web": tenant.Doc{"redirectUris": []string{s.callback}},
		"requiredResourceAccess": []tenant.Doc{{"resourceAppId": tenant.MicrosoftGraphClientID, "resourceAccess": wanted}},
	})
	check(s.t, err)
	_, _, err = s.emulator.AddSecret(id, "product", time.Now().AddDate(0, 6, 0))
	check(s.t, err)
	app, _ := s.emulator.Object(id)
	s.clientID = app.String("appId")
	client, err := s.emulator.Create(tenant.ServicePrincipal, tenant.Doc{"appId": s.clientID})
	check(s.t, err)
	_, err = s.emulator.Create(tenant.Grant, tenant.Doc{"clientId": client, "resourceId": graph.String("id"), "scope": "User.Read offline_access"})
	check(s.t, err)
}

// person finds somebody in the main tenant, with or without a second factor; no administrator if there is a choice.
func (s *stage) person(secondFactor bool) (found emulator.User) {
	s.t.Helper()
	for _, u := range s.facts.Users {
		if u.TenantID == s.facts.TenantID && (u.SecondFactor != "") == secondFactor && (found.UserName == "" || !u.Administrator) {
			found = u
		}
	}
	if found.UserName == "" {
		s.t.Fatal("nobody")
	}
	return found
}

func (s *stage) authorize(redirect string) string {
	return s.BaseURL + "/" + s.facts.TenantID + "/oauth2/v2.0/authorize?" + url.Values{
		"client_id": {s.clientID}, "response_type": {"code"}, "redirect_uri": {redirect}, "state": {"s"},
		"scope": {"User.Read Mail.ReadWrite Mail.Send"},
	}.Encode()
}

// introduce signs a person in, up to the consent.
func (b *browser) introduce(u emulator.User) {
	b.t.Helper()
	b.answer("User name", u.UserName, "Next")
	b.answer("Password", u.Password, "Sign in")
	if u.SecondFactor != "" {
		b.answer("Code from your authenticator app", u.SecondFactor, "Verify")
	}
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	b := open(t, s.CAFile)
	b.visit(s.authorize(s.callback))
	b.introduce(s.person(true))
	asked := b.shows("Permissions requested", "Mail import", "Mail.ReadWrite", "Mail.Send", "Send mail as you")
	if strings.Contains(asked, "User.Read\n") {
		t.Errorf("the page asks for what is granted:\n%s", asked)
	}
	b.press("Accept")
	b.shows("The product takes over.")
	if end := <-s.arrived; end.Get("code") == "" || end.Get("state") != "s" {
		t.Errorf("the product is given %v", end)
	}
}

func TestDeviceCode(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	b := open(t, s.CAFile)
	device, user := s.deviceCode()
	b.visit(s.BaseURL + "/devicelogin")
	b.answer("Code shown by your app or device", user, "Next")
	b.introduce(s.person(false))
	b.shows("Permissions requested", "Mail.ReadWrite")
	b.press("Accept")
	b.eventually("a token for the device", func() error {
		var reply struct {
			AccessToken string `json:"access_token"`
			Error       string
		}
		s.post("token", url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:device_code"}, "device_code": {device}}, &reply)
		if reply.AccessToken == "" {
			return errors.New(reply.Error)
		}
		return nil
	})
}

func (s *stage) deviceCode() (device, user string) {
	s.t.Helper()
	var reply struct {
		Device string `json:"device_code"`
		User   string `json:"user_code"`
	}
	s.post("devicecode", url.Values{"scope": {"Mail.ReadWrite"}}, &reply)
	return reply.Device, reply.User
}

// post asks the emulator as the product does that the person uses; its certificate is another test's business.
func (s *stage) post(endpoint string, form url.Values, out any) {
	s.t.Helper()
	form.Set("client_id", s.clientID)
	r := httptest.NewRequestWithContext(s.t.Context(), http.MethodPost, s.BaseURL+"/"+s.facts.TenantID+"/oauth2/v2.0/"+endpoint,
		strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	s.emulator.ServeHTTP(w, r)
	check(s.t, json.Unmarshal(w.Body.Bytes(), out))
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	b := open(t, s.CAFile)
	b.visit(s.authorize("https://elsewhere.example/"))
	b.shows("AADSTS50011", "https://elsewhere.example/")
	b.visit(s.authorize(s.callback))
	u := s.person(false)
	b.answer("User name", u.UserName, "Next")
	b.answer("Password", "not it", "Sign in")
	b.shows("AADSTS50126")
	b.answer("Password", u.Password, "Sign in")
	b.shows("Permissions requested")
	b.press("Cancel")
	b.shows("The product takes over.")
	if end := <-s.arrived; end.Get("error") != "access_denied" {
		t.Errorf("the product is given %v", end)
	}
}

func TestPortal(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	b := open(t, s.CAFile)
	b.visit(s.PortalURL)
	b.shows("App registrations", s.facts.Tenants[0].DisplayName, s.clientID)
	if color := b.css("//header", "background-color"); color != "rgba(11, 61, 102, 1)" {
		t.Errorf("the header is %s: is there no style sheet?", color)
	}
	b.press("Mail import")
	b.shows("Application (client) ID", s.clientID, s.facts.TenantID, "My organization only")
	b.press("Authentication")
	b.shows(s.callback, "Allow public client flows\nYes")
	b.press("Certificates & secrets")
	b.shows("Client secrets (1)", "product", time.Now().AddDate(0, 6, 0).UTC().Format(time.DateOnly))
	b.press("API permissions")
	b.shows("Microsoft Graph (4)", "Mail.ReadWrite Delegated Read and write access to user mail No -",
		"User.Read Delegated Sign in and read user profile No Granted for "+s.facts.Tenants[0].DisplayName,
		"Mail.Read Application Read mail in all mailboxes Yes Not granted for "+s.facts.Tenants[0].DisplayName)
	image := b.screenshot()
	if size, err := png.DecodeConfig(bytes.NewReader(image)); err != nil || size.Width < 1000 {
		t.Errorf("the screenshot is %+v: %v", size, err)
	}
	if *screenshot != "" {
		check(t, os.MkdirAll(filepath.Dir(*screenshot), 0o750))
		check(t, os.WriteFile(*screenshot, image, 0o600))
	}
	b.press("App registrations")
	b.shows("All applications")
	b.press(s.facts.Tenants[1].DisplayName)
	b.shows("This tenant has no app registrations.", s.facts.Tenants[1].Domain)
}
