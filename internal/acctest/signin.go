package acctest

import (
	"cmp"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/public"
	"github.com/golang-jwt/jwt/v5"

	"github.com/appreg/terraform-provider-appreg/internal/webuser"
)

// Product is a program that was handed a client id and perhaps a secret, and signs in with Microsoft's own libraries.
type Product struct {
	TenantID, ClientID string
	tenant             *Tenant
	http               *http.Client
}

// Product makes a product that signs in to tenantID.
func (x *Tenant) Product(t testing.TB, tenantID, clientID string) *Product {
	t.Helper()
	client := x.HTTP(t)
	client.Transport = noting{client.Transport}
	return &Product{TenantID: tenantID, ClientID: clientID, tenant: x, http: client}
}

// HTTP is a client that trusts the tenant's certificate.
func (x *Tenant) HTTP(t testing.TB) *http.Client {
	t.Helper()
	pem, err := os.ReadFile(x.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		t.Fatalf("%s holds no certificate", x.CAFile)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// Claims are what a token says.
type Claims struct {
	jwt.RegisteredClaims
	TenantID string   `json:"tid"`
	Scopes   string   `json:"scp"`
	Roles    []string `json:"roles"`
	UserName string   `json:"upn"`
}

// scope is what products ask Graph for.
func (p *Product) scope() string { return p.tenant.URL + "/.default" }

func (p *Product) options() policy.ClientOptions {
	return policy.ClientOptions{
		Cloud:     cloud.Configuration{ActiveDirectoryAuthorityHost: p.tenant.URL},
		Transport: p.http,
		Retry:     policy.RetryOptions{MaxRetries: -1},
	}
}

// WithSecret signs in as the application itself.
func (p *Product) WithSecret(ctx context.Context, secret string) (Claims, error) {
	cred, err := azidentity.NewClientSecretCredential(p.TenantID, p.ClientID, secret,
		&azidentity.ClientSecretCredentialOptions{ClientOptions: p.options(), DisableInstanceDiscovery: true})
	if err != nil {
		return Claims{}, err
	}
	return p.token(ctx, cred)
}

// WithCertificate signs in as the application itself, with a certificate's private key.
func (p *Product) WithCertificate(ctx context.Context, certificate *x509.Certificate, key crypto.PrivateKey) (Claims, error) {
	cred, err := azidentity.NewClientCertificateCredential(p.TenantID, p.ClientID, []*x509.Certificate{certificate}, key,
		&azidentity.ClientCertificateCredentialOptions{ClientOptions: p.options(), DisableInstanceDiscovery: true})
	if err != nil {
		return Claims{}, err
	}
	return p.token(ctx, cred)
}

// WithAssertion signs in as the application itself, with a token of another issuer.
func (p *Product) WithAssertion(ctx context.Context, assertion string) (Claims, error) {
	cred, err := azidentity.NewClientAssertionCredential(p.TenantID, p.ClientID, func(context.Context) (string, error) { return assertion, nil },
		&azidentity.ClientAssertionCredentialOptions{ClientOptions: p.options(), DisableInstanceDiscovery: true})
	if err != nil {
		return Claims{}, err
	}
	return p.token(ctx, cred)
}

// WithDeviceCode signs user in with a code that is typed on another device.
func (p *Product) WithDeviceCode(ctx context.Context, user webuser.User, consent webuser.Consent) (Claims, error) {
	var stopped error // on the page; the library keeps its text only
	cred, err := azidentity.NewDeviceCodeCredential(&azidentity.DeviceCodeCredentialOptions{
		ClientOptions: p.options(), TenantID: p.TenantID, ClientID: p.ClientID, DisableInstanceDiscovery: true,
		UserPrompt: func(ctx context.Context, m azidentity.DeviceCodeMessage) error {
			stopped = webuser.ApproveDeviceCode(ctx, p.http, m.VerificationURL, m.UserCode, user, consent)
			return stopped
		},
	})
	if err != nil {
		return Claims{}, err
	}
	claims, err := p.token(ctx, cred)
	return claims, cmp.Or(stopped, err)
}

func (p *Product) token(ctx context.Context, cred azcore.TokenCredential) (Claims, error) {
	token, err := cred.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{p.scope()}})
	if err != nil {
		return Claims{}, err
	}
	return read(token.Token)
}

func read(token string) (Claims, error) {
	var c Claims
	if _, _, err := jwt.NewParser().ParseUnverified(token, &c); err != nil {
		return Claims{}, fmt.Errorf("read the token: %w", err)
	}
	return c, nil
}

// WithCode signs user in on a page that ends at redirectURI, and redeems the code in the address of that page: a window
// that watches its own address (http://localhost), or a person who copies the address of the blank nativeclient page.
func (p *Product) WithCode(ctx context.Context, redirectURI string, scopes []string, user webuser.User, consent webuser.Consent) (Claims, error) {
	client, err := public.New(p.ClientID, public.WithAuthority(p.tenant.URL+"/"+p.TenantID), public.WithHTTPClient(p.http), public.WithInstanceDiscovery(false))
	if err != nil {
		return Claims{}, err
	}
	verifier := rand.Text() + rand.Text()
	digest := sha256.Sum256([]byte(verifier))
	challenge := url.Values{
		"code_challenge": {base64.RawURLEncoding.EncodeToString(digest[:])}, "code_challenge_method": {"S256"},
		"client_id": {p.ClientID}, "response_type": {"code"}, "redirect_uri": {redirectURI}, "scope": {strings.Join(scopes, " ") + " openid offline_access profile"},
	}
	page := p.tenant.URL + "/" + p.TenantID + "/oauth2/v2.0/authorize?" + challenge.Encode()
	end, err := webuser.SignIn(ctx, p.http, page, user, consent)
	if err != nil {
		return Claims{}, err
	}
	if failure := end.Query().Get("error"); failure != "" {
		return Claims{}, fmt.Errorf("%s: %s", failure, end.Query().Get("error_description"))
	}
	result, err := client.AcquireTokenByAuthCode(ctx, end.Query().Get("code"), redirectURI, scopes, public.WithChallenge(verifier))
	if err != nil {
		return Claims{}, err
	}
	return read(result.AccessToken)
}

// Secret is WithSecret as a function of the context, for Eventually and Refused.
func (p *Product) Secret(secret string) func(context.Context) (Claims, error) {
	return func(ctx context.Context) (Claims, error) { return p.WithSecret(ctx, secret) }
}

// Certificate is WithCertificate as a function of the context.
func (p *Product) Certificate(certificate *x509.Certificate, key crypto.PrivateKey) func(context.Context) (Claims, error) {
	return func(ctx context.Context) (Claims, error) { return p.WithCertificate(ctx, certificate, key) }
}

// Assertion is WithAssertion as a function of the context.
func (p *Product) Assertion(assertion string) func(context.Context) (Claims, error) {
	return func(ctx context.Context) (Claims, error) { return p.WithAssertion(ctx, assertion) }
}

// DeviceCode is WithDeviceCode as a function of the context.
func (p *Product) DeviceCode(user webuser.User, consent webuser.Consent) func(context.Context) (Claims, error) {
	return func(ctx context.Context) (Claims, error) { return p.WithDeviceCode(ctx, user, consent) }
}

// Code is WithCode as a function of the context.
func (p *Product) Code(redirectURI string, scopes []string, user webuser.User, consent webuser.Consent) func(context.Context) (Claims, error) {
	return func(ctx context.Context) (Claims, error) { return p.WithCode(ctx, redirectURI, scopes, user, consent) }
}
