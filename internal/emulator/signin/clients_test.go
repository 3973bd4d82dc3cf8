package signin_test

import (
	"context"
	"crypto"
	"crypto/x509"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/public"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/graph"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/signin"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
	"github.com/appreg/terraform-provider-appreg/internal/webuser"
)

const graphDefault = "https://graph.microsoft.com/.default"

// options make a real client library talk to the emulator.
func (p *platform) options() azcore.ClientOptions {
	return azcore.ClientOptions{
		Cloud:     cloud.Configuration{ActiveDirectoryAuthorityHost: p.server.URL},
		Transport: p.server.Client(),
		Retry:     policy.RetryOptions{MaxRetries: -1},
	}
}

// signedIn gets a token and has the platform read it.
func (p *platform) signedIn(credential azcore.TokenCredential, scopes ...string) graph.Caller {
	p.t.Helper()
	token, err := credential.GetToken(p.t.Context(), policy.TokenRequestOptions{Scopes: scopes})
	check(p.t, err)
	caller, err := p.handler.Verify(token.Token)
	check(p.t, err)
	return caller
}

func TestClientSecretWithLibrary(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	for _, segment := range []string{p.seeded.TenantID, p.seeded.Domain} {
		credential, err := azidentity.NewClientSecretCredential(segment, p.seeded.ClientID, p.seeded.ClientSecret,
			&azidentity.ClientSecretCredentialOptions{ClientOptions: p.options(), DisableInstanceDiscovery: true})
		check(t, err)
		caller := p.signedIn(credential, graphDefault)
		want := tenant.AutomationRoles()
		slices.Sort(want)
		if !slices.Equal(caller.Roles, want) {
			t.Errorf("roles %v, want %v", caller.Roles, want)
		}
		if caller.TenantID != p.seeded.TenantID || caller.ClientID != p.seeded.ClientID || caller.ServicePrincipalID != p.seeded.ServicePrincipalID {
			t.Errorf("caller %+v, want %+v", caller, p.seeded)
		}
		if caller.Audience != "https://graph.microsoft.com" || time.Until(caller.Expires) < 59*time.Minute {
			t.Errorf("audience %q, expires %v", caller.Audience, caller.Expires)
		}
	}
}

func TestOwnOriginAsAudienceWithLibrary(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	credential, err := azidentity.NewClientSecretCredential(p.seeded.TenantID, p.seeded.ClientID, p.seeded.ClientSecret,
		&azidentity.ClientSecretCredentialOptions{ClientOptions: p.options(), DisableInstanceDiscovery: true})
	check(t, err)
	if caller := p.signedIn(credential, p.server.URL+"/.default"); caller.Audience != p.server.URL || len(caller.Roles) == 0 {
		t.Errorf("audience %q with roles %v, want the emulator's own origin with Graph's roles", caller.Audience, caller.Roles)
	}
}

func TestCertificateWithLibrary(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	cert, key := certificate(t)
	a := p.register("with certificate", withCertificate(cert, cert.NotAfter), true)
	credential, err := azidentity.NewClientCertificateCredential(p.seeded.TenantID, a.clientID, []*x509.Certificate{cert}, crypto.PrivateKey(key),
		&azidentity.ClientCertificateCredentialOptions{ClientOptions: p.options(), DisableInstanceDiscovery: true})
	check(t, err)
	if caller := p.signedIn(credential, graphDefault); caller.ServicePrincipalID != a.principalID || len(caller.Roles) != 0 {
		t.Errorf("caller %+v, want principal %s without roles", caller, a.principalID)
	}
}

// TestAssertionWithLibrary brings foreign tokens by a function and by a file, as in a cluster.
func TestAssertionWithLibrary(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	p := newPlatform(t, func(c *signin.Config) { c.Client = i.server.Client() })
	a := p.register("workload", trust(i.server.URL), true)
	text := i.sign(t, "one", i.key, i.claims())
	byFunction, err := azidentity.NewClientAssertionCredential(p.seeded.TenantID, a.clientID, func(context.Context) (string, error) { return text, nil },
		&azidentity.ClientAssertionCredentialOptions{ClientOptions: p.options(), DisableInstanceDiscovery: true})
	check(t, err)
	file := filepath.Join(t.TempDir(), "token")
	check(t, os.WriteFile(file, []byte(text), 0o600))
	byFile, err := azidentity.NewWorkloadIdentityCredential(&azidentity.WorkloadIdentityCredentialOptions{ClientOptions: p.options(),
		DisableInstanceDiscovery: true, TenantID: p.seeded.TenantID, ClientID: a.clientID, TokenFilePath: file})
	check(t, err)
	for name, credential := range map[string]azcore.TokenCredential{"function": byFunction, "file": byFile} {
		if caller := p.signedIn(credential, graphDefault); caller.ServicePrincipalID != a.principalID {
			t.Errorf("%s: caller %+v, want principal %s", name, caller, a.principalID)
		}
	}
}

func TestDeviceCodeWithLibrary(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	a := p.register("mail import", func(d tenant.Doc) { d["isFallbackPublicClient"] = true }, true)
	p.allow(a, "User.Read Mail.ReadWrite")
	approved := make(chan error, 1)
	credential, err := azidentity.NewDeviceCodeCredential(&azidentity.DeviceCodeCredentialOptions{
		ClientOptions: p.options(), TenantID: p.seeded.TenantID, ClientID: a.clientID, DisableInstanceDiscovery: true,
		UserPrompt: func(ctx context.Context, m azidentity.DeviceCodeMessage) error {
			approved <- webuser.ApproveDeviceCode(ctx, p.server.Client(), m.VerificationURL, m.UserCode, person(p.factorMember()), webuser.Decline)
			return nil
		},
	})
	check(t, err)
	caller := p.signedIn(credential, "https://graph.microsoft.com/Mail.ReadWrite", "https://graph.microsoft.com/User.Read")
	check(t, <-approved)
	if caller.UserID != p.factorMember().ObjectID || !slices.Contains(caller.Scopes, "Mail.ReadWrite") || !slices.Contains(caller.Scopes, "User.Read") {
		t.Errorf("caller %+v", caller)
	}
}

func TestUserNamePasswordWithLibrary(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	a := p.register("public", func(d tenant.Doc) { d["isFallbackPublicClient"] = true }, true)
	p.allow(a, "User.Read")
	user := p.member()
	options := &azidentity.UsernamePasswordCredentialOptions{ClientOptions: p.options(), DisableInstanceDiscovery: true} //nolint:staticcheck // Deprecated, and still what programs use.
	credential, err := azidentity.NewUsernamePasswordCredential(p.seeded.TenantID, a.clientID, user.UserName, user.Password, options)
	check(t, err)
	if caller := p.signedIn(credential, graphDefault); caller.UserID != user.ObjectID || !slices.Contains(caller.Scopes, "User.Read") {
		t.Errorf("caller %+v", caller)
	}
}

// TestNativeClientWithLibrary signs in in a window, copies the address it ends at, and redeems its code with PKCE.
func TestNativeClientWithLibrary(t *testing.T) {
	t.Parallel()
	const nativeClient = "https://login.microsoftonline.com/common/oauth2/nativeclient"
	p := newPlatform(t)
	a := p.register("business application", func(d tenant.Doc) {
		d["publicClient"] = tenant.Doc{"redirectUris": []string{nativeClient}}
	}, true)
	for _, redirect := range []string{nativeClient, p.server.URL + "/common/oauth2/nativeclient"} {
		client, err := public.New(a.clientID, public.WithAuthority(p.server.URL+"/"+p.seeded.TenantID), public.WithInstanceDiscovery(false),
			public.WithHTTPClient(p.server.Client()))
		check(t, err)
		scopes := []string{"User.Read", "Mail.Read"}
		page, err := client.AuthCodeURL(t.Context(), a.clientID, redirect, scopes)
		check(t, err)
		const verifier = "a-verifier-that-is-long-enough-for-the-standard-0123456789"
		page += "&" + url.Values{"code_challenge": {verifier}, "code_challenge_method": {"plain"}, "state": {"s1"}}.Encode()
		end, err := webuser.SignIn(t.Context(), p.server.Client(), page, person(p.factorMember()), webuser.Accept)
		check(t, err)
		if !strings.HasPrefix(end.String(), redirect+"?") || end.Query().Get("state") != "s1" {
			t.Fatalf("the sign-in ended at %s", end)
		}
		result, err := client.AcquireTokenByAuthCode(t.Context(), end.Query().Get("code"), redirect, scopes, public.WithChallenge(verifier))
		check(t, err)
		caller, err := p.handler.Verify(result.AccessToken)
		check(t, err)
		if caller.UserID != p.factorMember().ObjectID || !slices.Contains(caller.Scopes, "Mail.Read") {
			t.Errorf("caller %+v", caller)
		}
		if result.IDToken.PreferredUsername != p.factorMember().UserName {
			t.Errorf("id token %+v", result.IDToken)
		}
		// The library's cache goes on with the refresh token.
		if _, err := client.AcquireTokenSilent(t.Context(), []string{"Mail.Read"}, public.WithSilentAccount(result.Account)); err != nil {
			t.Errorf("refreshing: %v", err)
		}
	}
}
