package emulator_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"

	"github.com/appreg/terraform-provider-appreg/internal/emulator"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/fault"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/keyvault"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// inProcess is the emulator as a client's transport.
type inProcess struct{ http.Handler }

// Do implements policy.Transporter.
func (p inProcess) Do(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Host, r.RemoteAddr = r.URL.Host, "in process"
	if r.Body == nil {
		r.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	resp := w.Result()
	resp.Request = r
	return resp, nil
}

// vaultWorld is a vault of an emulator, by its name in the public cloud: Azure's client compares it with the challenge.
type vaultWorld struct {
	*emulator.Emulator
	now time.Time
}

func newVaultWorld(t *testing.T, options ...emulator.Option) *vaultWorld {
	t.Helper()
	w := &vaultWorld{now: time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)}
	e, err := emulator.New(append([]emulator.Option{emulator.WithClock(func() time.Time { return w.now })}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	w.Emulator = e
	return w
}

// as gives a client of the vault that signs in as an application.
func (w *vaultWorld) as(t *testing.T, tenantID, clientID, clientSecret string) *azsecrets.Client {
	t.Helper()
	options := azcore.ClientOptions{Transport: inProcess{w}, Retry: policy.RetryOptions{MaxRetries: -1}}
	login := options
	login.Cloud = cloud.Configuration{ActiveDirectoryAuthorityHost: origin}
	credential, err := azidentity.NewClientSecretCredential(tenantID, clientID, clientSecret,
		&azidentity.ClientSecretCredentialOptions{ClientOptions: login, DisableInstanceDiscovery: true})
	if err != nil {
		t.Fatal(err)
	}
	c, err := azsecrets.NewClient("https://"+keyvault.MainVault+keyvault.HostSuffix, credential, &azsecrets.ClientOptions{ClientOptions: options})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (w *vaultWorld) automation(t *testing.T) *azsecrets.Client {
	f := w.Facts()
	return w.as(t, f.TenantID, f.ClientID, f.ClientSecret)
}

// permit gives the automation application secret permissions.
func (w *vaultWorld) permit(t *testing.T, rbac bool, permissions ...string) {
	t.Helper()
	access := keyvault.Access{RBAC: rbac, Secrets: map[string][]string{w.Cloud().Seeded().ServicePrincipalID: permissions}}
	if err := w.Vaults().SetAccess(keyvault.MainVault, access); err != nil {
		t.Fatal(err)
	}
}

// refusal is what an error says, as "403 Forbidden/AccessDenied".
func refusal(err error) string {
	var e *azcore.ResponseError
	if !errors.As(err, &e) {
		return fmt.Sprint(err)
	}
	var body struct {
		Error struct {
			Code  string
			Inner struct{ Code string } `json:"innererror"`
		}
	}
	text, readErr := io.ReadAll(e.RawResponse.Body)
	if readErr != nil || json.Unmarshal(text, &body) != nil {
		return fmt.Sprint(err)
	}
	return fmt.Sprintf("%d %s/%s", e.StatusCode, body.Error.Code, body.Error.Inner.Code)
}

func wantRefusal(t *testing.T, err error, want string) {
	t.Helper()
	if got := refusal(err); got != want {
		t.Errorf("refused with %q, want %q", got, want)
	}
}

// TestAVaultKeepsVersions follows a secret through the vault with Azure's own client.
func TestAVaultKeepsVersions(t *testing.T) {
	t.Parallel()
	w := newVaultWorld(t)
	w.permit(t, false, keyvault.Permissions()...)
	ctx, c := t.Context(), w.automation(t)
	end := w.now.AddDate(0, 6, 0)
	var versions []string
	for i := range 28 {
		made, err := c.SetSecret(ctx, "mail-import", azsecrets.SetSecretParameters{Value: to.Ptr(fmt.Sprint("value ", i)), ContentType: to.Ptr("text/plain"),
			Tags: map[string]*string{"nth": to.Ptr(fmt.Sprint(i))}, SecretAttributes: &azsecrets.SecretAttributes{Expires: &end}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if !made.Attributes.Expires.Equal(end) || !made.Attributes.Created.Equal(w.now) || *made.Value != fmt.Sprint("value ", i) || made.ID.Name() != "mail-import" {
			t.Fatalf("made %+v", made)
		}
		versions = append(versions, made.ID.Version())
	}
	seen := map[string]string{}
	pages := 0
	for pager := c.NewListSecretPropertiesVersionsPager("mail-import", nil); pager.More(); pages++ {
		page, err := pager.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range page.Value {
			seen[v.ID.Version()] = *v.Tags["nth"]
		}
	}
	if len(seen) != 28 || pages != 2 || seen[versions[3]] != "3" {
		t.Errorf("%d versions on %d pages", len(seen), pages)
	}
	if _, err := c.UpdateSecretProperties(ctx, "mail-import", versions[27], azsecrets.UpdateSecretPropertiesParameters{
		SecretAttributes: &azsecrets.SecretAttributes{Enabled: to.Ptr(false)}}, nil); err != nil {
		t.Fatal(err)
	}
	_, err := c.GetSecret(ctx, "mail-import", "", nil)
	wantRefusal(t, err, "403 Forbidden/SecretDisabled")
	got, err := c.GetSecret(ctx, "mail-import", versions[3], nil)
	if err != nil || *got.Value != "value 3" {
		t.Errorf("%v, %v", got.Value, err)
	}
	_, err = c.GetSecret(ctx, "mail-import", "0123456789abcdef0123456789abcdef", nil)
	wantRefusal(t, err, "404 SecretNotFound/")
}

// TestADeletedSecretKeepsItsName follows a secret to the deleted ones, back, and away for good.
func TestADeletedSecretKeepsItsName(t *testing.T) {
	t.Parallel()
	w := newVaultWorld(t, emulator.WithReading(keyvault.VersionsOfAbsent, "404"))
	w.permit(t, false, keyvault.Permissions()...)
	ctx, c := t.Context(), w.automation(t)
	set := func() error {
		_, err := c.SetSecret(ctx, "mail-import", azsecrets.SetSecretParameters{Value: to.Ptr("v")}, nil)
		return err
	}
	if err := set(); err != nil {
		t.Fatal(err)
	}
	if _, err := c.DeleteSecret(ctx, "Mail-Import", nil); err != nil {
		t.Fatal(err)
	}
	wantRefusal(t, set(), "409 Conflict/ObjectIsDeletedButRecoverable")
	_, err := c.GetSecret(ctx, "mail-import", "", nil)
	wantRefusal(t, err, "404 SecretNotFound/")
	_, err = c.NewListSecretPropertiesVersionsPager("mail-import", nil).NextPage(ctx)
	wantRefusal(t, err, "404 SecretNotFound/")
	if _, err := c.RecoverDeletedSecret(ctx, "mail-import", nil); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(set(), w.Vaults().Delete(keyvault.MainVault, "mail-import"), w.Vaults().Purge(keyvault.MainVault, "mail-import"), set()); err != nil {
		t.Error(err)
	}
	if got := w.Vaults().Secrets(); len(got) != 1 || len(got[0].Versions) != 1 {
		t.Errorf("the vault holds %+v", got)
	}
	if err := w.SetReadings(map[string]string{keyvault.VersionsOfAbsent: "empty"}); err != nil {
		t.Fatal(err)
	}
	page, err := c.NewListSecretPropertiesVersionsPager("absent", nil).NextPage(ctx)
	if err != nil || len(page.Value) != 0 {
		t.Errorf("%v, %v", page.Value, err)
	}
}

// TestAVaultRefuses holds the vault to the codes that clients decide by.
func TestAVaultRefuses(t *testing.T) {
	t.Parallel()
	w := newVaultWorld(t)
	ctx, c := t.Context(), w.automation(t)
	set := func(name string, p azsecrets.SetSecretParameters) error {
		_, err := c.SetSecret(ctx, name, p, nil)
		return err
	}
	valid := azsecrets.SetSecretParameters{Value: to.Ptr("v")}
	if err := set("mail-import", valid); err != nil {
		t.Fatalf("at the start the automation application may set: %v", err)
	}
	_, err := c.GetSecret(ctx, "mail-import", "", nil)
	wantRefusal(t, err, "403 Forbidden/AccessDenied")
	w.permit(t, true, "list")
	wantRefusal(t, set("mail-import", valid), "403 Forbidden/ForbiddenByRbac")
	w.permit(t, false, "set")
	_, err = c.NewListSecretPropertiesVersionsPager("mail-import", nil).NextPage(ctx)
	wantRefusal(t, err, "403 Forbidden/AccessDenied")
	for name, p := range map[string]azsecrets.SetSecretParameters{
		"mail_import":     valid,
		"no-value":        {},
		"long-value":      {Value: to.Ptr(strings.Repeat("x", 25<<10+1))},
		"long-type":       {Value: to.Ptr("v"), ContentType: to.Ptr(strings.Repeat("x", 256))},
		"backwards":       {Value: to.Ptr("v"), SecretAttributes: &azsecrets.SecretAttributes{NotBefore: to.Ptr(w.now), Expires: to.Ptr(w.now)}},
		"a-tag-too-long":  {Value: to.Ptr("v"), Tags: map[string]*string{"x": to.Ptr(strings.Repeat("x", 257))}},
		"a-tag-too-empty": {Value: to.Ptr("v"), Tags: map[string]*string{"": to.Ptr("x")}},
	} {
		wantRefusal(t, set(name, p), "400 BadParameter/")
	}
	if err := w.AddFaults(fault.Rule{Kind: fault.Throttle, Route: "vault:/secrets/{name}"}); err != nil {
		t.Fatal(err)
	}
	wantRefusal(t, set("mail-import", valid), "429 Throttled/VaultRequestTypeLimitReached")
	if held := w.Vaults().Secrets(); len(held) != 1 || len(held[0].Versions) != 1 {
		t.Errorf("refusals wrote: %+v", held)
	}
}

// TestAVaultChecksTokens presents tokens that are for somebody else.
func TestAVaultChecksTokens(t *testing.T) {
	t.Parallel()
	w := newVaultWorld(t)
	f := w.Facts()
	token := func(tenantID, resource string) string {
		body := fmt.Sprintf("grant_type=client_credentials&client_id=%s&client_secret=%s&scope=%s/.default", f.ClientID, f.ClientSecret, resource)
		req := httptest.NewRequestWithContext(t.Context(), "POST", origin+"/"+tenantID+"/oauth2/v2.0/token", strings.NewReader(body))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		rec := httptest.NewRecorder()
		w.ServeHTTP(rec, req)
		var reply struct {
			Token string `json:"access_token"`
		}
		if err := json.Unmarshal(rec.Body.Bytes(), &reply); err != nil || reply.Token == "" {
			t.Fatalf("%v %s", err, rec.Body)
		}
		return reply.Token
	}
	ask := func(bearer string) *httptest.ResponseRecorder {
		req := httptest.NewRequestWithContext(t.Context(), "GET", "https://"+keyvault.MainVault+keyvault.HostSuffix+"/secrets?api-version=7.4", nil)
		req.Header.Set("Authorization", bearer)
		rec := httptest.NewRecorder()
		w.ServeHTTP(rec, req)
		return rec
	}
	good := "Bearer " + token(f.TenantID, "https://vault.azure.net")
	if got := ask(good); got.Code != 200 {
		t.Fatalf("%d %s", got.Code, got.Body)
	}
	expired := good
	if err := w.shareAutomation(); err != nil {
		t.Fatal(err)
	}
	cases := map[string]string{
		"AKV10000:": "", "AKV10046:": good + "x", "AKV10022:": "Bearer " + token(f.TenantID, "https://graph.microsoft.com"),
		"AKV10032:": "Bearer " + token(f.Tenants[1].ID, "https://vault.azure.net"),
	}
	for want, bearer := range cases {
		got := ask(bearer)
		if challenge := got.Header().Get("WWW-Authenticate"); got.Code != 401 || !strings.Contains(got.Body.String(), want) ||
			challenge != fmt.Sprintf(`Bearer authorization="https://login.microsoftonline.com/%s", resource="https://vault.azure.net"`, f.TenantID) {
			t.Errorf("%s: %d %s %q", want, got.Code, got.Body, challenge)
		}
	}
	w.now = w.now.Add(2 * time.Hour)
	if got := ask(expired); got.Code != 401 || !strings.Contains(got.Body.String(), "TokenExpired") {
		t.Errorf("%d %s", got.Code, got.Body)
	}
}

// shareAutomation lets the automation application sign in to the second tenant, too.
func (w *vaultWorld) shareAutomation() error {
	s := w.Cloud().Seeded()
	if err := w.Change(s.ApplicationID, func(d tenant.Doc) { d["signInAudience"] = "AzureADMultipleOrgs" }); err != nil {
		return err
	}
	return w.Cloud().UpdateEverywhere(func(tx *tenant.Tx) error {
		_, app, _ := tx.ApplicationByClientID(s.ClientID)
		other := tx.Tenants()[1].ID
		tx.Put(other, tenant.ServicePrincipal, tenant.NewServicePrincipal(tx.NewID("guest"), app, s.TenantID, "", tx.Now()))
		return nil
	})
}
