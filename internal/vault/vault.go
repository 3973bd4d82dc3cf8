// Package vault hands secrets to Azure Key Vault: it writes a version, reads what versions there are without their
// values, and disables one. It is the only importer of azsecrets, and it never reads a value.
//
// A version carries in its tags whose secret it is, so that a write whose reply was lost is found again, and what
// somebody else has put under the name is told from what we did.
package vault

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"

	"github.com/appreg/terraform-provider-appreg/internal/transport"
)

// Options is what Vaults are made from.
type Options struct {
	// Suffix ends the host names of the cloud's vaults, as in vault.azure.net; "" for a cloud without Key Vault.
	Suffix string
	// AnyHost lets a vault be elsewhere, which is for a sign-in authority that isn't Microsoft's: hosts are then not
	// compared with the suffix, nor challenges with the host. A token is still asked for the cloud's Key Vault only.
	AnyHost bool
	// Credential gives the tokens.
	Credential azcore.TokenCredential
	// Base performs the HTTP exchanges.
	Base http.RoundTripper
	// UserAgent names the provider, its version and Terraform's.
	UserAgent string
	// Logger receives one line per exchange and per wait; never a body or a header that holds a credential.
	Logger *slog.Logger
	// Now is the clock by which tokens expire.
	Now func() time.Time
	// Grace is how long a write that was already sent may run on after the caller was cancelled; 0 means 15 s.
	Grace time.Duration
}

// Vaults are the vaults of a cloud. They are safe for concurrent use.
type Vaults struct {
	options Options
	tokens  *transport.Tokens // nil without a suffix

	mu     sync.Mutex
	opened map[string]*Client // by origin
}

// New performs no I/O.
func New(o Options) (*Vaults, error) {
	if o.Credential == nil || o.Base == nil || o.Logger == nil || o.Now == nil {
		return nil, errors.New("vault: Credential, Base, Logger and Now are required")
	}
	o.Grace = cmp.Or(o.Grace, 15*time.Second)
	v := &Vaults{options: o, opened: map[string]*Client{}}
	if o.Suffix == "" {
		return v, nil
	}
	var err error
	v.tokens, err = transport.NewTokens(o.Credential, "https://"+o.Suffix, o.Now)
	return v, err
}

// Check judges the address of a vault without asking anybody. Its *Error is of KindAddress, KindWrongCloud or
// KindNoKeyVault.
func (v *Vaults) Check(uri string) error {
	_, err := v.origin(uri)
	return err
}

func (v *Vaults) origin(uri string) (string, error) {
	refuse := func(kind Kind, err error) error {
		return &Error{Kind: kind, Op: "reach key vault", Vault: uri, Suffix: v.options.Suffix, Err: err}
	}
	u, err := transport.ParseOrigin(uri)
	switch {
	case err != nil:
		return "", refuse(KindAddress, err)
	case v.options.Suffix == "":
		return "", refuse(KindNoKeyVault, nil)
	case v.options.AnyHost:
	case u.Port() != "" && u.Port() != "443", !strings.HasSuffix(strings.ToLower(u.Hostname()), "."+v.options.Suffix):
		return "", refuse(KindWrongCloud, nil)
	}
	return transport.OriginOf(u.String()), nil
}

// nameForm is what a secret in a vault may be called.
var nameForm = regexp.MustCompile(`^[0-9a-zA-Z-]{1,127}$`)

// ValidName tells whether a secret in a vault may have this name: 1 to 127 letters, digits and hyphens.
func ValidName(name string) bool { return nameForm.MatchString(name) }

// At gives the vault at an address, after Check.
func (v *Vaults) At(uri string) (*Client, error) {
	origin, err := v.origin(uri)
	if err != nil {
		return nil, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if c := v.opened[origin]; c != nil {
		return c, nil
	}
	c, err := v.open(origin)
	if err == nil {
		v.opened[origin] = c
	}
	return c, err
}

func (v *Vaults) open(origin string) (*Client, error) {
	o := v.options
	client, err := transport.New(transport.Options{
		Service: "Key Vault", Endpoint: origin, Window: &transport.Window{}, Base: o.Base, UserAgent: o.UserAgent, Logger: o.Logger, Grace: o.Grace,
	})
	if err != nil {
		return nil, err
	}
	secrets, err := azsecrets.NewClient(origin, challenged{v.tokens}, &azsecrets.ClientOptions{
		ClientOptions: azcore.ClientOptions{
			Transport: requester{client},
			// Retries and who asks are our own transport's business.
			Retry:     policy.RetryOptions{MaxRetries: -1},
			Telemetry: policy.TelemetryOptions{Disabled: true},
		},
		DisableChallengeResourceVerification: o.AnyHost,
	})
	if err != nil {
		return nil, err
	}
	return &Client{origin: origin, secrets: secrets, grace: o.Grace}, nil
}

// challenged answers a vault's challenge. It gives out tokens for the cloud's Key Vault and nothing else, whatever the
// challenge asks for, and of the tenant that the provider signs in to, whichever the challenge names.
type challenged struct{ tokens *transport.Tokens }

// GetToken implements azcore.TokenCredential.
func (c challenged) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	if len(o.Scopes) != 1 || !strings.EqualFold(o.Scopes[0], c.tokens.Scope()) {
		return azcore.AccessToken{}, &foreignScopeError{asked: o.Scopes, want: c.tokens.Scope()}
	}
	token, err := c.tokens.Get(callOf(ctx).ctx) //nolint:contextcheck // The caller's own, which ctx carries.
	// It counts as expired at once, so that the next request asks again: Tokens knows when a new one is due.
	return azcore.AccessToken{Token: token, ExpiresOn: time.Now()}, err
}

// foreignScopeError says that what answered as a vault asked for a token of something else.
type foreignScopeError struct {
	asked []string
	want  string
}

// Error implements error.
func (e *foreignScopeError) Error() string {
	return fmt.Sprintf("it asks for a token for %s; only %s is given", strings.Join(e.asked, " "), e.want)
}
