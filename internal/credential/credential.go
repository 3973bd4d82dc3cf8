// Package credential turns provider arguments into an Azure credential whose failures are told in plain words. It is the
// only importer of azidentity.
//
// New performs no network I/O. What a credential obtains for an application it keeps until five minutes before the end,
// and callers that ask at the same moment share one request; the Azure CLI is asked each time.
package credential

import (
	"crypto"
	"crypto/x509"
	"net/http"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

// Config is where and as whom to sign in.
type Config struct {
	// AuthorityHost is an https origin without a path.
	AuthorityHost string
	// TenantID is the tenant's GUID or one of its domains; ManagedIdentity ignores it, and AzureCLI may leave it empty.
	TenantID string
	// ClientID is the application (client) id; ManagedIdentity takes it for that of a user-assigned identity, and
	// AzureCLI ignores it.
	ClientID string
	// DisableInstanceDiscovery is for an authority that is not Microsoft's.
	DisableInstanceDiscovery bool
	// Transport performs every exchange. On Azure Service Fabric, ManagedIdentity needs it to be an *http.Transport.
	Transport http.RoundTripper
}

func (c Config) options() azcore.ClientOptions {
	return azcore.ClientOptions{
		Cloud:     cloud.Configuration{ActiveDirectoryAuthorityHost: c.AuthorityHost},
		Telemetry: policy.TelemetryOptions{ApplicationID: "terraform-appreg"},
		Transport: observed(c.Transport),
	}
}

// Method is a way to sign in: ClientCertificate, ClientSecret, Federated, ManagedIdentity or AzureCLI.
type Method interface {
	build(c Config) (azcore.TokenCredential, error)
}

// New makes a credential. Its GetToken fails with an *Error; its method Forget has it ask for a new token next time.
func New(c Config, m Method) (azcore.TokenCredential, error) {
	inner, err := m.build(c)
	if err != nil {
		return nil, err
	}
	return &explained{config: c, method: m, inner: inner}, nil
}

// ClientCertificate signs in as an application with a certificate. See ParseCertificate.
type ClientCertificate struct {
	Chain []*x509.Certificate
	Key   crypto.PrivateKey
}

func (m ClientCertificate) build(c Config) (azcore.TokenCredential, error) {
	return azidentity.NewClientCertificateCredential(c.TenantID, c.ClientID, m.Chain, m.Key,
		&azidentity.ClientCertificateCredentialOptions{
			ClientOptions:            c.options(),
			DisableInstanceDiscovery: c.DisableInstanceDiscovery,
		})
}

// ClientSecret signs in as an application with the secret that it returns. It is a function so that it never prints.
type ClientSecret func() string

func (m ClientSecret) build(c Config) (azcore.TokenCredential, error) {
	return azidentity.NewClientSecretCredential(c.TenantID, c.ClientID, m(),
		&azidentity.ClientSecretCredentialOptions{
			ClientOptions:            c.options(),
			DisableInstanceDiscovery: c.DisableInstanceDiscovery,
		})
}

// Federated signs in as an application with an assertion of another identity provider (OIDC), obtained anew each time
// that a token is needed.
type Federated struct{ Assertion Assertion }

func (m Federated) build(c Config) (azcore.TokenCredential, error) {
	return azidentity.NewClientAssertionCredential(c.TenantID, c.ClientID, noting(m.Assertion, newPipeline(c)),
		&azidentity.ClientAssertionCredentialOptions{
			ClientOptions:            c.options(),
			DisableInstanceDiscovery: c.DisableInstanceDiscovery,
		})
}

// ManagedIdentity signs in as the identity that Azure gives to the machine.
type ManagedIdentity struct{}

func (ManagedIdentity) build(c Config) (azcore.TokenCredential, error) {
	o := &azidentity.ManagedIdentityCredentialOptions{ClientOptions: c.options()}
	// Not observed: on Service Fabric the library pins the certificate of the endpoint in a copy of this very client.
	o.Transport = &http.Client{Transport: c.Transport}
	if c.ClientID != "" {
		o.ID = azidentity.ClientID(c.ClientID)
	}
	return azidentity.NewManagedIdentityCredential(o)
}

// AzureCLI signs in as whoever is signed in to the Azure CLI.
type AzureCLI struct{}

func (AzureCLI) build(c Config) (azcore.TokenCredential, error) {
	return azidentity.NewAzureCLICredential(&azidentity.AzureCLICredentialOptions{TenantID: c.TenantID})
}
