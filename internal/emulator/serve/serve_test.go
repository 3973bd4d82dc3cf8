package serve_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/appreg/terraform-provider-appreg/internal/emulator"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/serve"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// running is an emulator that serves, and a client that trusts it.
type running struct {
	*serve.Running
	t        *testing.T
	emulator *emulator.Emulator
	dir      string
	client   *http.Client
}

func start(t *testing.T, change func(*serve.Config)) *running {
	t.Helper()
	clock := &serve.Clock{}
	e, err := emulator.New(emulator.WithSeed(3), emulator.WithClock(clock.Now), emulator.WithHosts("login.example"))
	check(t, err)
	c := serve.Config{Addr: "127.0.0.1:0", Dir: filepath.Join(t.TempDir(), "it's new"), Emulator: e, Clock: clock}
	if change != nil {
		change(&c)
	}
	r, err := serve.Start(t.Context(), c)
	check(t, err)
	pem, err := os.ReadFile(r.CAFile)
	check(t, err)
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		t.Fatal("ca.pem holds no certificate")
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return &running{Running: r, t: t, emulator: c.Emulator, dir: c.Dir, client: &http.Client{Transport: transport}}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// call sends a request and decodes the JSON of the answer into out, unless out is nil.
func (r *running) call(method, address string, body io.Reader, header http.Header, out any) int {
	r.t.Helper()
	text, status := r.send(method, address, body, header)
	if out != nil {
		if err := json.Unmarshal(text, out); err != nil {
			r.t.Fatalf("%s %s: %v in %q", method, address, err, text)
		}
	}
	return status
}

func (r *running) send(method, address string, body io.Reader, header http.Header) (text []byte, status int) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, address, body)
	check(r.t, err)
	if header != nil {
		req.Header = header
	}
	resp, err := r.client.Do(req)
	check(r.t, err)
	text, err = io.ReadAll(resp.Body)
	check(r.t, errors.Join(err, resp.Body.Close()))
	return text, resp.StatusCode
}

func (r *running) control(method, path string, body string, out any) int {
	r.t.Helper()
	return r.call(method, r.ControlURL+path, strings.NewReader(body), nil, out)
}

// bearer signs in as the automation application.
func (r *running) bearer() http.Header {
	r.t.Helper()
	facts := r.emulator.Facts()
	token, status := r.token(facts.ClientID, facts.ClientSecret)
	if status != http.StatusOK || token == "" {
		r.t.Fatalf("no token: %d", status)
	}
	return http.Header{"Authorization": {"Bearer " + token}, "Content-Type": {"application/json"}}
}

// token signs in to Graph as an application of the main tenant.
func (r *running) token(clientID, secret string) (token string, status int) {
	r.t.Helper()
	return r.tokenFor(r.BaseURL+"/.default", clientID, secret)
}

func (r *running) tokenFor(scope, clientID, secret string) (token string, status int) {
	r.t.Helper()
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {clientID}, "client_secret": {secret}, "scope": {scope}}
	var reply struct {
		AccessToken string `json:"access_token"`
	}
	status = r.call(http.MethodPost, r.BaseURL+"/"+r.emulator.Facts().TenantID+"/oauth2/v2.0/token", strings.NewReader(form.Encode()),
		http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, &reply)
	return reply.AccessToken, status
}

func (r *running) createApplication(name string) (id string, status int) {
	r.t.Helper()
	var app struct{ ID string }
	status = r.call(http.MethodPost, r.BaseURL+"/v1.0/applications", strings.NewReader(`{"displayName":"`+name+`"}`), r.bearer(), &app)
	return app.ID, status
}

func TestServesGraphAndSignIn(t *testing.T) {
	t.Parallel()
	r := start(t, nil)
	if id, status := r.createApplication("over the wire"); status != http.StatusCreated || id == "" {
		t.Errorf("%d %q", status, id)
	}
}

func TestDescription(t *testing.T) {
	t.Parallel()
	r := start(t, nil)
	facts := r.emulator.Facts()
	var d struct {
		BaseURL      string `json:"base_url"`
		ControlURL   string `json:"control_url"`
		PortalURL    string `json:"portal_url"`
		TenantID     string `json:"tenant_id"`
		Domain       string
		ClientID     string `json:"client_id"`
		ClientSecret string `json:"client_secret"`
		CAFile       string `json:"ca_file"`
		PID          int
		Users        []struct {
			UserName, Password string
			SecondFactor       *string `json:"second_factor"`
			TenantID           string  `json:"tenant_id"`
		}
		Tenants []struct {
			TenantID    string `json:"tenant_id"`
			Domain      string
			DisplayName string `json:"display_name"`
		}
	}
	text, err := os.ReadFile(filepath.Join(r.dir, "emulator.json"))
	check(t, err)
	check(t, json.Unmarshal(text, &d))
	if d.BaseURL != r.BaseURL || d.ControlURL != r.ControlURL || d.PortalURL != r.PortalURL || d.TenantID != facts.TenantID || d.Domain != facts.Domain ||
		d.ClientID != facts.ClientID || d.ClientSecret != facts.ClientSecret || d.CAFile != r.CAFile || d.PID != os.Getpid() {
		t.Errorf("emulator.json says %+v", d)
	}
	factors := 0
	for i, u := range d.Users {
		if want := facts.Users[i]; u.UserName != want.UserName || u.Password != want.Password || u.TenantID != want.TenantID {
			t.Errorf("user %+v, want %+v", u, want)
		}
		if u.SecondFactor != nil {
			factors++
		}
	}
	if len(d.Users) != len(facts.Users) || factors == 0 || factors == len(d.Users) || len(d.Tenants) != len(facts.Tenants) || d.Tenants[0].TenantID != facts.TenantID {
		t.Errorf("users %+v, tenants %+v", d.Users, d.Tenants)
	}
}

func TestEnvironmentFile(t *testing.T) {
	t.Parallel()
	r := start(t, nil)
	facts := r.emulator.Facts()
	env, err := os.ReadFile(filepath.Join(r.dir, "emulator.env"))
	check(t, err)
	for _, line := range []string{
		"export ARM_TENANT_ID='" + facts.TenantID + "'\n", "export ARM_CLIENT_ID='" + facts.ClientID + "'\n", "export ARM_CLIENT_SECRET='" + facts.ClientSecret + "'\n",
		"export APPREG_GRAPH_ENDPOINT='" + r.BaseURL + "'\n", "export APPREG_AUTHORITY_HOST='" + r.BaseURL + "'\n", "export APPREG_DISABLE_INSTANCE_DISCOVERY='true'\n",
		"export APPREG_CA_FILE='" + strings.ReplaceAll(r.CAFile, "'", `'\''`) + "'\n", "# export SSL_CERT_FILE=", "# export REQUESTS_CA_BUNDLE=",
	} {
		if !bytes.Contains(env, []byte(line)) {
			t.Errorf("emulator.env lacks %q:\n%s", line, env)
		}
	}
}

func TestFilesAreTheOwnersAlone(t *testing.T) {
	t.Parallel()
	r := start(t, nil)
	entries, err := os.ReadDir(r.dir)
	check(t, err)
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
		info, err := entry.Info()
		check(t, err)
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s can be read by others: %v", entry.Name(), info.Mode())
		}
	}
	if want := []string{"ca.pem", "emulator.env", "emulator.json"}; !slices.Equal(names, want) {
		t.Errorf("files %v, want %v", names, want)
	}
}

func TestCertificateNames(t *testing.T) {
	t.Parallel()
	r := start(t, func(c *serve.Config) { c.Hosts = []string{"login.example", "192.0.2.1"} })
	base, err := url.Parse(r.BaseURL)
	check(t, err)
	transport, ok := r.client.Transport.(*http.Transport)
	if !ok {
		t.Fatal("not the transport that the test made")
	}
	for name, good := range map[string]bool{"localhost": true, "127.0.0.1": true, "::1": true, "login.example": true, "192.0.2.1": true, "graph.microsoft.com": false} {
		config := transport.TLSClientConfig.Clone()
		config.ServerName = name
		conn, err := (&tls.Dialer{Config: config}).DialContext(t.Context(), "tcp", base.Host)
		if (err == nil) != good {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil {
			check(t, conn.Close())
		}
	}
}

// TestOneTokenForAllNames gets a token by one name of the emulator for another, and uses it by a third.
func TestOneTokenForAllNames(t *testing.T) {
	t.Parallel()
	r := start(t, nil)
	facts := r.emulator.Facts()
	port := r.BaseURL[strings.LastIndex(r.BaseURL, ":"):]
	for scope, status := range map[string]int{
		"https://login.example" + port: http.StatusOK, "https://LOGIN.example" + port: http.StatusOK, "https://graph.microsoft.com": http.StatusOK,
		"https://login.example:1": http.StatusBadRequest, "https://login.example" + port + "/v1.0": http.StatusBadRequest,
		"http://login.example" + port: http.StatusBadRequest, "https://other.example" + port: http.StatusBadRequest,
	} {
		token, got := r.tokenFor(scope+"/.default", facts.ClientID, facts.ClientSecret)
		if got != status {
			t.Errorf("a token for %s: %d, want %d", scope, got, status)
		}
		if got != http.StatusOK {
			continue
		}
		if got := r.call(http.MethodGet, r.BaseURL+"/v1.0/organization", nil, http.Header{"Authorization": {"Bearer " + token}}, nil); got != http.StatusOK {
			t.Errorf("with a token for %s: %d", scope, got)
		}
	}
}

func TestOnlyLoopback(t *testing.T) {
	t.Parallel()
	e, err := emulator.New()
	check(t, err)
	for _, addr := range []string{":0", "0.0.0.0:0", "[::]:0", "192.0.2.1:0", "example.com:0"} {
		dir := t.TempDir()
		if _, err := serve.Start(t.Context(), serve.Config{Addr: addr, Dir: dir, Emulator: e}); !errors.Is(err, serve.ErrNotLoopback) {
			t.Errorf("%s: %v", addr, err)
		}
		if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
			t.Errorf("%s left %v %v", addr, entries, err)
		}
	}
}

// TestOtherInterfaces asks for all of them, which leaves the controls where they were.
func TestOtherInterfaces(t *testing.T) {
	t.Parallel()
	for addr, want := range map[string]string{"0.0.0.0:0": "https://login.example:", "[::]:0": "https://login.example:", ":0": "https://login.example:", "127.0.0.1:0": "https://127.0.0.1:"} {
		r := start(t, func(c *serve.Config) { c.Addr, c.AnyInterface, c.Hosts = addr, true, []string{"login.example"} })
		if !strings.HasPrefix(r.BaseURL, want) || !strings.HasPrefix(r.ControlURL, "http://127.0.0.1:") {
			t.Errorf("%s: serves at %s, controls at %s", addr, r.BaseURL, r.ControlURL)
		}
		port := r.BaseURL[strings.LastIndex(r.BaseURL, ":"):]
		if got := r.call(http.MethodGet, "https://127.0.0.1"+port+"/common/discovery/v2.0/keys", nil, nil, nil); got != http.StatusOK {
			t.Errorf("%s: %d", addr, got)
		}
	}
	if r := start(t, func(c *serve.Config) { c.Addr, c.AnyInterface = "0.0.0.0:0", true }); !strings.HasPrefix(r.BaseURL, "https://127.0.0.1:") {
		t.Errorf("without a name: %s", r.BaseURL)
	}
}

func TestAddressTaken(t *testing.T) {
	t.Parallel()
	r := start(t, nil)
	base, err := url.Parse(r.BaseURL)
	check(t, err)
	if _, err := serve.Start(t.Context(), serve.Config{Addr: base.Host, Dir: t.TempDir(), Emulator: r.emulator}); err == nil {
		t.Error("two emulators at one address")
	}
}

func TestStopsWithContext(t *testing.T) {
	t.Parallel()
	e, err := emulator.New()
	check(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	r, err := serve.Start(ctx, serve.Config{Addr: "localhost:0", Dir: t.TempDir(), Emulator: e})
	check(t, err)
	if !strings.HasPrefix(r.BaseURL, "https://localhost:") {
		t.Errorf("base URL %s", r.BaseURL)
	}
	cancel()
	check(t, r.Wait())
}

func TestBodyLimit(t *testing.T) {
	t.Parallel()
	r := start(t, nil)
	for name, body := range map[string]io.Reader{
		"announced":   strings.NewReader(strings.Repeat("x", 5<<20)),
		"unannounced": io.MultiReader(strings.NewReader(strings.Repeat("x", 5<<20))),
	} {
		if status := r.call(http.MethodPost, r.BaseURL+"/v1.0/applications", body, r.bearer(), nil); status != http.StatusRequestEntityTooLarge {
			t.Errorf("%s: %d", name, status)
		}
	}
}

func TestControls(t *testing.T) {
	t.Parallel()
	r := start(t, nil)
	id, _ := r.createApplication("watched")
	var asked []struct {
		Method, Path, Route string
		Status              int
		ClientID            string `json:"client_id"`
	}
	r.control(http.MethodGet, "/requests", "", &asked)
	if last := asked[len(asked)-1]; last.Method != "POST" || last.Path != "/v1.0/applications" || last.Status != 201 || last.ClientID != r.emulator.Facts().ClientID {
		t.Errorf("last request %+v", last)
	}
	r.control(http.MethodDelete, "/requests", "", nil)
	if r.control(http.MethodGet, "/requests", "", &asked); len(asked) != 0 {
		t.Errorf("requests after the reset: %v", asked)
	}
	bearer := strings.TrimPrefix(r.bearer().Get("Authorization"), "Bearer ")
	var issued struct{ Secrets, Tokens []string }
	r.control(http.MethodGet, "/issued", "", &issued)
	if !slices.Contains(issued.Secrets, r.emulator.Facts().ClientSecret) || !slices.Contains(issued.Tokens, bearer) {
		t.Errorf("issued %v", issued)
	}

	has := func(deleted string) bool {
		var docs []tenant.Doc
		r.control(http.MethodGet, "/objects?kind=application&deleted="+deleted, "", &docs)
		return slices.ContainsFunc(docs, func(d tenant.Doc) bool { return d.String("id") == id })
	}
	for _, step := range []struct {
		verb          string
		status        int
		live, deleted bool
	}{
		{"purge", 404, true, false}, {"delete", 200, false, true}, {"restore", 200, true, false}, {"delete", 200, false, true},
		{"delete", 404, false, true}, {"purge", 200, false, false}, {"restore", 404, false, false},
	} {
		if got := r.control(http.MethodPost, "/objects/"+id+"/"+step.verb, "", nil); got != step.status || has("false") != step.live || has("true") != step.deleted {
			t.Errorf("%s: %d, live %v, deleted %v; want %+v", step.verb, got, has("false"), has("true"), step)
		}
	}
}

func TestControlOfFaultsAndClock(t *testing.T) {
	t.Parallel()
	r := start(t, nil)
	if got := r.control(http.MethodPost, "/faults", `[{"route":"/applications","method":"POST","kind":"throttle","probability":1}]`, nil); got != 200 {
		t.Fatalf("adding faults: %d", got)
	}
	if _, status := r.createApplication("throttled"); status != http.StatusTooManyRequests {
		t.Errorf("with the fault: %d", status)
	}
	r.control(http.MethodDelete, "/faults", "", nil)
	if _, status := r.createApplication("spared"); status != http.StatusCreated {
		t.Errorf("without the fault: %d", status)
	}
	if got := r.control(http.MethodPost, "/faults", `[{"kind":"plague"}]`, nil); got != http.StatusBadRequest {
		t.Errorf("an unknown kind: %d", got)
	}
	if got := r.control(http.MethodPost, "/faults", `[{"kind":"throttle","route":"/nowhere"}]`, nil); got != http.StatusBadRequest {
		t.Errorf("an unknown route: %d", got)
	}
	header := r.bearer()
	if status := r.call(http.MethodGet, r.BaseURL+"/v1.0/organization", nil, header, nil); status != http.StatusOK {
		t.Errorf("a fresh token: %d", status)
	}
	if got := r.control(http.MethodPost, "/keys/rotate", "", nil); got != 200 {
		t.Errorf("rotating the keys: %d", got)
	}
	if status := r.call(http.MethodGet, r.BaseURL+"/v1.0/organization", nil, header, nil); status != http.StatusOK {
		t.Errorf("a token of the old key: %d", status)
	}
	if got := r.control(http.MethodPost, "/clock/advance?by=2h", "", nil); got != 200 {
		t.Errorf("moving the clock: %d", got)
	}
	if status := r.call(http.MethodGet, r.BaseURL+"/v1.0/organization", nil, header, nil); status != http.StatusUnauthorized {
		t.Errorf("the token two hours later: %d", status)
	}
	for _, by := range []string{"", "-1h", "soon"} {
		if got := r.control(http.MethodPost, "/clock/advance?by="+by, "", nil); got != http.StatusBadRequest {
			t.Errorf("by=%s: %d", by, got)
		}
	}
}

func TestControlsRefuseBrowsers(t *testing.T) {
	t.Parallel()
	r := start(t, nil)
	if got := r.call(http.MethodDelete, r.ControlURL+"/requests", nil, http.Header{"Origin": {"https://evil.example"}}, nil); got != http.StatusBadRequest {
		t.Errorf("with an Origin: %d", got)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.ControlURL+"/requests", nil)
	check(t, err)
	req.Host = "evil.example"
	resp, err := r.client.Do(req)
	check(t, err)
	check(t, resp.Body.Close())
	if resp.StatusCode != http.StatusBadRequest {
		t.Errorf("by another name: %d", resp.StatusCode)
	}
	// The emulated cloud has no controls.
	if got := r.call(http.MethodGet, r.BaseURL+"/requests", nil, nil, nil); got != http.StatusNotFound {
		t.Errorf("controls on the cloud's listener: %d", got)
	}
}

// TestPortalIsForBrowsers looks at the portal as a browser does, by its own name and by one that was made to point here.
func TestPortalIsForBrowsers(t *testing.T) {
	t.Parallel()
	r := start(t, nil)
	header := http.Header{"Sec-Fetch-Mode": {"navigate"}}
	if got := r.call(http.MethodGet, r.PortalURL, nil, header, nil); got != http.StatusOK {
		t.Errorf("the portal: %d", got)
	}
	if got := r.call(http.MethodGet, r.ControlURL+"/issued", nil, header, nil); got != http.StatusBadRequest {
		t.Errorf("a control, by a browser: %d", got)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.PortalURL, nil)
	check(t, err)
	req.Host = "evil.example"
	resp, err := r.client.Do(req)
	check(t, err)
	check(t, resp.Body.Close())
	if resp.StatusCode != http.StatusBadRequest {
		t.Errorf("by another name: %d", resp.StatusCode)
	}
	if got := r.call(http.MethodGet, r.BaseURL+"/portal/", nil, nil, nil); got != http.StatusNotFound {
		t.Errorf("the portal on the cloud's listener: %d", got)
	}
}

// TestReadyFileIsTheLastEmulators starts a second emulator in the same directory before the first one has ended.
func TestReadyFileIsTheLastEmulators(t *testing.T) {
	t.Parallel()
	first := start(t, nil)
	ready := filepath.Join(first.dir, "emulator.json")
	second := start(t, func(c *serve.Config) { c.Dir = first.dir })
	check(t, first.Close())
	if text, err := os.ReadFile(ready); err != nil || !bytes.Contains(text, []byte(second.BaseURL)) {
		t.Errorf("after the end of the first: %s %v", text, err)
	}
	second.bearer()
	check(t, second.Close())
	if _, err := os.Stat(ready); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after the end of both: %v", err)
	}
}
