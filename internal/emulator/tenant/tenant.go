// Package tenant is the state of a small cloud: several tenants with their applications, service principals, grants,
// users and organizations, and what a directory knows without showing it (secret texts, passwords).
//
// Every object keeps its versions with their commit times, so that a reader can be given the state as of an earlier
// instant: that is how a lagging replica is played. How long they are kept is up to [Cloud.KeepHistory]. Writes are exclusive, atomic and act on the latest state. Documents
// are copied on their way in and out; nobody outside shares memory with the store.
package tenant

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
)

// Kind is the type of a directory object, spelt as in Graph's schema.
type Kind string

// The kinds of objects.
const (
	Application       Kind = "application"
	ServicePrincipal  Kind = "servicePrincipal"
	Grant             Kind = "oAuth2PermissionGrant"
	AppRoleAssignment Kind = "appRoleAssignment"
	User              Kind = "user"
	Organization      Kind = "organization"
	AppPolicy         Kind = "tenantAppManagementPolicy"
	AssignedAppPolicy Kind = "appManagementPolicy"

	AuthorizationPolicy     Kind = "authorizationPolicy"
	ConditionalAccessPolicy Kind = "conditionalAccessPolicy"

	// What Key Vault keeps. Graph knows nothing of it.
	VaultSecret Kind = "vaultSecret" // by "vault/name"
	VaultAccess Kind = "vaultAccess" // by vault
)

// TenantInfo names a tenant.
type TenantInfo struct {
	ID          string `json:"id"`
	Domain      string `json:"domain"`
	DisplayName string `json:"display_name"`
}

// Account is what a person signs in with. ObjectID is the user object in TenantID; a personal account lives in
// ConsumersTenantID.
type Account struct {
	UserName      string `json:"username"`
	Password      string `json:"password"`
	SecondFactor  string `json:"second_factor,omitempty"` // "" when the password is enough
	TenantID      string `json:"tenant_id"`
	ObjectID      string `json:"object_id"`
	DisplayName   string `json:"display_name"`
	Personal      bool   `json:"personal,omitempty"`
	Administrator bool   `json:"administrator,omitempty"`
	// Locked is after too many wrong passwords; the right one doesn't help.
	Locked bool `json:"locked,omitempty"`
	// PasswordExpired is when a new password must be chosen, which these pages don't offer.
	PasswordExpired bool `json:"password_expired,omitempty"`
	// MustRegisterFactor is when a second factor is demanded, and holds as long as SecondFactor is "".
	MustRegisterFactor bool `json:"must_register_factor,omitempty"`
}

type key struct {
	tenantID string
	kind     Kind
	id       string
}

type version struct {
	commit uint64
	at     time.Time
	doc    Doc // nil: the object is gone without a trace
}

type object struct {
	key      key
	sequence int // its place in the order of creation, from 1
	versions []version
	trimmed  bool // there were versions before the first
}

// Cloud is several tenants. It is safe for concurrent use.
type Cloud struct {
	now func() time.Time

	mu       sync.RWMutex
	seeded   Seeded
	commit   uint64
	sequence int // of the newest object
	keep     time.Duration
	forgets  bool
	replaced []replacement // what will be forgotten, the earliest first
	objects  map[key]*object
	order    map[tenantKind][]*object // in creation order
	index    map[indexKey][]*object   // of all tenants, in creation order
	secrets  map[string]string
	ids      map[string]uint64
	tenants  []TenantInfo
	accounts []Account
}

type tenantKind struct {
	tenantID string
	kind     Kind
}

// New makes a cloud without tenants. now stamps commits.
func New(now func() time.Time) *Cloud {
	return &Cloud{
		now:     now,
		objects: map[key]*object{},
		order:   map[tenantKind][]*object{},
		index:   map[indexKey][]*object{},
		secrets: map[string]string{},
		ids:     map[string]uint64{},
	}
}

// Now is the cloud's clock.
func (c *Cloud) Now() time.Time { return c.now() }

// Seeded tells what the cloud was seeded with, which may have changed since.
func (c *Cloud) Seeded() Seeded {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.seeded
}

// Tenants lists the tenants in the order they were added.
func (c *Cloud) Tenants() []TenantInfo {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return slices.Clone(c.tenants)
}

// Tenant finds a tenant by id or domain, without regard to case.
func (c *Cloud) Tenant(idOrDomain string) (TenantInfo, bool) {
	for _, t := range c.Tenants() {
		if strings.EqualFold(t.ID, idOrDomain) || strings.EqualFold(t.Domain, idOrDomain) {
			return t, true
		}
	}
	return TenantInfo{}, false
}

// AddTenant adds a tenant.
func (c *Cloud) AddTenant(t TenantInfo) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tenants = append(c.tenants, t)
}

// Accounts lists all accounts in the order they were added.
func (c *Cloud) Accounts() []Account {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return slices.Clone(c.accounts)
}

// Account finds an account by its user name, without regard to case.
func (c *Cloud) Account(userName string) (Account, bool) {
	for _, a := range c.Accounts() {
		if strings.EqualFold(a.UserName, userName) {
			return a, true
		}
	}
	return Account{}, false
}

// AccountOf finds the account of a user object.
func (c *Cloud) AccountOf(objectID string) (Account, bool) {
	for _, a := range c.Accounts() {
		if a.ObjectID == objectID {
			return a, true
		}
	}
	return Account{}, false
}

// SetAccount adds an account, or replaces the one of the same user object.
func (c *Cloud) SetAccount(a Account) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range c.accounts {
		if c.accounts[i].ObjectID == a.ObjectID {
			c.accounts[i] = a
			return
		}
	}
	c.accounts = append(c.accounts, a)
}

// Secret gives the text of a client secret by its key id. It says nothing about whether the credential still exists:
// the application's or service principal's passwordCredentials do.
func (c *Cloud) Secret(keyID string) (string, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	text, ok := c.secrets[keyID]
	return text, ok
}

// Secrets lists every secret text ever issued by key id, those of removed credentials included.
func (c *Cloud) Secrets() map[string]string {
	c.mu.RLock()
	defer c.mu.RUnlock()
	out := make(map[string]string, len(c.secrets))
	for k, v := range c.secrets {
		out[k] = v
	}
	return out
}

// Digest is a number that depends on the seed and the parts only.
func Digest(seed uint64, parts ...string) [sha256.Size]byte {
	h := sha256.New()
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], seed)
	h.Write(b[:])
	for _, p := range parts {
		binary.LittleEndian.PutUint64(b[:], uint64(len(p)))
		h.Write(b[:])
		h.Write([]byte(p))
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// ID is a GUID that depends on the seed and the parts only.
func ID(seed uint64, parts ...string) string {
	sum := Digest(seed, parts...)
	u := uuid.UUID(sum[:16])
	u[6] = u[6]&0x0f | 0x40
	u[8] = u[8]&0x3f | 0x80
	return u.String()
}

// SecretText is a client secret in the form that Entra issues: three characters, a digit, "Q~", 34 more; 40 in all.
func SecretText(seed uint64, parts ...string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789~._-"
	first := Digest(seed, append([]string{"secret"}, parts...)...)
	second := Digest(seed, append([]string{"secret, continued"}, parts...)...)
	digits := append(first[:], second[:]...)
	letter := func(i int) byte { return alphabet[int(digits[i])%len(alphabet)] }
	text := []byte{alphabet[int(digits[0])%62], letter(1), letter(2), '8', 'Q', '~'}
	for i := range 34 {
		text = append(text, letter(3+i))
	}
	return string(text)
}

// GrantID is the id of a delegated permission grant, which follows from its key: base64url of the GUIDs' bytes in
// .NET's order. principalID is "" for a grant to all users. The ids must be GUIDs.
func GrantID(clientID, resourceID, principalID string) (string, error) {
	var raw []byte
	for _, id := range []string{clientID, resourceID, principalID} {
		if id == "" {
			continue
		}
		b, err := guidBytes(id)
		if err != nil {
			return "", fmt.Errorf("grant id: %w", err)
		}
		raw = append(raw, b...)
	}
	return base64url(raw), nil
}
