package emulator

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/edm"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/fault"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/graph"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/keyvault"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// The second door. What it changes it changes in the main tenant, and as if somebody had done it a good while ago:
// every replica knows at once.

// Secrets are texts that must not be seen where they don't belong.
type Secrets struct {
	Secrets []string // client secrets, the automation application's included
	Tokens  []string // tokens, codes and refresh tokens
}

// Snapshot is the state of all tenants, to be gone on from with [WithData]. Sign-ins end with the emulator: tokens,
// codes and refresh tokens are not in it, nor are faults and readings.
func (e *Emulator) Snapshot() tenant.Snapshot { return e.cloud.Snapshot() }

// Requests lists what was asked so far, in the order of the answers: the newest of it, see WithRemembered.
func (e *Emulator) Requests() []Request { return e.requests.All() }

// ResetRequests forgets what was asked.
func (e *Emulator) ResetRequests() { e.requests.Reset() }

// Connections counts the connections that carried a request so far.
func (e *Emulator) Connections() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.connected
}

// Issued lists the secret texts that were handed out: all client secrets, and the newest tokens, see WithRemembered.
func (e *Emulator) Issued() Secrets {
	return Secrets{Secrets: slices.Sorted(maps.Values(e.cloud.Secrets())), Tokens: e.signin.Issued()}
}

// Accounts lists the people that can sign in, of all tenants.
func (e *Emulator) Accounts() []User { return e.cloud.Accounts() }

// SetAccount changes a person's password, second factor, role or lock: what a help desk does.
func (e *Emulator) SetAccount(u User) { e.cloud.SetAccount(u) }

// Objects lists the latest live objects of a kind: what a portal page shows after a reload.
func (e *Emulator) Objects(kind tenant.Kind) []tenant.Doc {
	return e.cloud.Latest().List(e.seeded.TenantID, kind)
}

// Deleted lists the soft-deleted objects of a kind: the portal's "Deleted applications".
func (e *Emulator) Deleted(kind tenant.Kind) []tenant.Doc {
	return e.cloud.Latest().ListDeleted(e.seeded.TenantID, kind)
}

// Object gives the latest state of a live object.
func (e *Emulator) Object(id string) (tenant.Doc, bool) {
	kind, ok := e.kindOf(id, false)
	if !ok {
		return nil, false
	}
	return e.cloud.Latest().Get(e.seeded.TenantID, kind, id)
}

// Vaults are the key vaults, with a second door of their own.
func (e *Emulator) Vaults() *keyvault.Server { return e.vaults }

// Cloud is the state itself, other tenants included, for what the other methods don't offer.
func (e *Emulator) Cloud() *tenant.Cloud { return e.cloud }

// Kinds lists the kinds of objects that the second door knows.
func Kinds() []tenant.Kind { return slices.Clone(kinds) }

var kinds = []tenant.Kind{tenant.Application, tenant.ServicePrincipal, tenant.Grant, tenant.AppRoleAssignment, tenant.User,
	tenant.Organization, tenant.AppPolicy, tenant.AssignedAppPolicy, tenant.AuthorizationPolicy,
	tenant.ConditionalAccessPolicy}

func (e *Emulator) kindOf(id string, deleted bool) (tenant.Kind, bool) {
	view := e.cloud.Latest()
	for _, kind := range kinds {
		_, ok := view.Get(e.seeded.TenantID, kind, id)
		if deleted {
			_, ok = view.GetDeleted(e.seeded.TenantID, kind, id)
		}
		if ok {
			return kind, true
		}
	}
	return "", false
}

// ErrNoObject is returned for an id that the main tenant doesn't hold.
var ErrNoObject = errors.New("no such object")

// change runs f on an object.
func (e *Emulator) change(id string, deleted bool, f func(tx *tenant.Tx, kind tenant.Kind, doc tenant.Doc) error) error {
	kind, ok := e.kindOf(id, deleted)
	if !ok {
		return fmt.Errorf("%w: %s", ErrNoObject, id)
	}
	return e.cloud.UpdateEverywhere(func(tx *tenant.Tx) error {
		doc, ok := tx.Get(e.seeded.TenantID, kind, id)
		if deleted {
			doc, ok = tx.GetDeleted(e.seeded.TenantID, kind, id)
		}
		if !ok {
			return fmt.Errorf("%w: %s", ErrNoObject, id)
		}
		return f(tx, kind, doc)
	})
}

// Change edits a live object: somebody changes a value in the portal. Nothing checks the outcome, but that the object
// keeps its id.
func (e *Emulator) Change(id string, edit func(tenant.Doc)) error {
	return e.change(id, false, func(tx *tenant.Tx, kind tenant.Kind, doc tenant.Doc) error {
		edit(doc)
		if doc.String("id") != id {
			return fmt.Errorf("object %s can't become %v", id, doc["id"])
		}
		tx.Put(e.seeded.TenantID, kind, doc)
		return nil
	})
}

// Delete deletes a live object with what goes with it: somebody presses the portal's Delete, or revokes a consent. What
// every tenant has stays.
func (e *Emulator) Delete(id string) error {
	return e.change(id, false, func(tx *tenant.Tx, kind tenant.Kind, doc tenant.Doc) error {
		switch kind {
		case tenant.Application:
			graph.RemoveApplication(tx, e.seeded.TenantID, doc)
		case tenant.ServicePrincipal:
			graph.RemovePrincipal(tx, e.seeded.TenantID, id)
		case tenant.AssignedAppPolicy:
			graph.RemovePolicy(tx, e.seeded.TenantID, id)
		case tenant.Organization, tenant.AppPolicy, tenant.AuthorizationPolicy:
			return fmt.Errorf("a tenant keeps its %s", kind)
		default:
			tx.Remove(e.seeded.TenantID, kind, id)
		}
		return nil
	})
}

// Purge removes a soft-deleted object for good: "Delete permanently", or thirty days have passed.
func (e *Emulator) Purge(id string) error {
	return e.change(id, true, func(tx *tenant.Tx, kind tenant.Kind, _ tenant.Doc) error {
		tx.Remove(e.seeded.TenantID, kind, id)
		return nil
	})
}

// Restore brings a soft-deleted object back: "Restore app registration".
func (e *Emulator) Restore(id string) error {
	return e.change(id, true, func(tx *tenant.Tx, kind tenant.Kind, doc tenant.Doc) error {
		return graph.Restore(tx, e.seeded.TenantID, kind, doc, true)
	})
}

// Create makes an object as somebody else would: an application (from its displayName on), the service principal of
// an appId, or a grant. It returns the object's id, which nothing else of its kind may have.
func (e *Emulator) Create(kind tenant.Kind, values tenant.Doc) (id string, err error) {
	err = e.cloud.UpdateEverywhere(func(tx *tenant.Tx) error {
		doc, err := e.fresh(tx, kind, values)
		if err != nil {
			return err
		}
		edm.Merge(doc, values.Clone())
		id = doc.String("id")
		_, live := tx.Get(e.seeded.TenantID, kind, id)
		_, deleted := tx.GetDeleted(e.seeded.TenantID, kind, id)
		if id == "" || live || deleted {
			return fmt.Errorf("a new %s can't have the id %q", kind, doc["id"])
		}
		tx.Put(e.seeded.TenantID, kind, doc)
		return nil
	})
	return id, err
}

func (e *Emulator) fresh(tx *tenant.Tx, kind tenant.Kind, values tenant.Doc) (tenant.Doc, error) {
	switch kind {
	case tenant.Application:
		name := values.String("displayName")
		return tenant.NewApplication(tx.NewID("application", name), tx.NewID("client", name), e.seeded.Domain, "", tx.Now()), nil
	case tenant.ServicePrincipal:
		appID := values.String("appId")
		home, app, ok := tx.ApplicationByClientID(appID)
		if !ok {
			return nil, fmt.Errorf("no application %s", appID)
		}
		return tenant.NewServicePrincipal(tx.NewID("principal", e.seeded.TenantID, appID), app, home, "", tx.Now()), nil
	case tenant.Grant:
		if values.String("clientId") == "" || values.String("resourceId") == "" {
			return nil, errors.New("a grant needs clientId and resourceId")
		}
		id, err := tenant.GrantID(values.String("clientId"), values.String("resourceId"), values.String("principalId"))
		return tenant.Doc{"id": id, "principalId": nil, "consentType": "AllPrincipals"}, err
	}
	return nil, fmt.Errorf("the door can't create a %s", kind)
}

// holdsCredentials refuses what isn't an application or a service principal.
func holdsCredentials(kind tenant.Kind, id string) error {
	if kind != tenant.Application && kind != tenant.ServicePrincipal {
		return fmt.Errorf("%s is a %s: neither application nor service principal", id, kind)
	}
	return nil
}

// AddSecret makes a client secret for an application or service principal, as somebody does in the portal, and returns
// key id and text. With a zero end it is valid for two years, as one made without an end is.
func (e *Emulator) AddSecret(id, displayName string, end time.Time) (keyID, text string, err error) {
	err = e.change(id, false, func(tx *tenant.Tx, kind tenant.Kind, doc tenant.Doc) error {
		if err := holdsCredentials(kind, id); err != nil {
			return err
		}
		if end.IsZero() {
			end = tx.Now().AddDate(2, 0, 0)
		}
		made := tx.AddPassword(doc, displayName, tx.Now(), end)
		keyID, text = made.String("keyId"), made.String("secretText")
		tx.Put(e.seeded.TenantID, kind, doc)
		return nil
	})
	return keyID, text, err
}

// SetRoles makes roles the whole of the Microsoft Graph application permissions that a client's service principal
// holds: an administrator grants or revokes them. Tokens issued before keep what they say.
func (e *Emulator) SetRoles(clientID string, roles ...string) error {
	return e.cloud.UpdateEverywhere(func(tx *tenant.Tx) error {
		sp, ok := tx.ServicePrincipalByClientID(e.seeded.TenantID, clientID)
		if !ok {
			return fmt.Errorf("%w: service principal of %s", ErrNoObject, clientID)
		}
		return tenant.SetRoles(tx, e.seeded.TenantID, sp.String("id"), roles)
	})
}

// RotateKeys rolls the keys that tokens are signed with: the next published one signs, a new one is published. Tokens
// from before stay good.
func (e *Emulator) RotateKeys() { e.signin.RotateKeys() }

// Policy is an application management policy: what a security team switches on. The zero value switches it off.
type Policy struct {
	ForbidSecrets bool   `json:"forbid_secrets"`
	LongestSecret string `json:"longest_secret"` // ISO 8601 duration, as in "P90D"; "" for no limit
	// LongestCertificate is a duration as LongestSecret, for certificates.
	LongestCertificate string    `json:"longest_certificate"`
	CreatedAfter       time.Time `json:"created_after"` // applications created before are spared
	// Audiences that are forbidden.
	ForbidMultipleOrgs bool `json:"forbid_multiple_orgs"`
	ForbidPersonal     bool `json:"forbid_personal"`
}

// passwordRules are the policy's rules on new secrets in Graph's form.
func (p Policy) passwordRules() []any {
	rules := []any{}
	if p.ForbidSecrets {
		rules = append(rules, p.rule("passwordAddition", nil))
	}
	if p.LongestSecret != "" {
		rules = append(rules, p.rule("passwordLifetime", p.LongestSecret))
	}
	return rules
}

// keyRules are the policy's rules on new certificates.
func (p Policy) keyRules() []any {
	if p.LongestCertificate == "" {
		return []any{}
	}
	return []any{p.rule("asymmetricKeyLifetime", p.LongestCertificate)}
}

func (p Policy) rule(restriction string, lifetime any) tenant.Doc {
	rule := tenant.Doc{"restrictionType": restriction, "state": "enabled", "maxLifetime": lifetime,
		"restrictForAppsCreatedAfterDateTime": nil, "excludeActors": nil}
	if !p.CreatedAfter.IsZero() {
		rule["restrictForAppsCreatedAfterDateTime"] = p.CreatedAfter
	}
	return rule
}

// SetPolicy replaces the tenant's default policy.
func (e *Emulator) SetPolicy(p Policy) error {
	state := map[bool]string{true: "enabled", false: "disabled"}
	return e.cloud.UpdateEverywhere(func(tx *tenant.Tx) error {
		doc, ok := tx.Get(e.seeded.TenantID, tenant.AppPolicy, tenant.DefaultAppPolicyID)
		if !ok {
			return fmt.Errorf("%w: the default policy", ErrNoObject)
		}
		doc["isEnabled"] = p != (Policy{})
		doc["applicationRestrictions"] = tenant.Doc{"passwordCredentials": p.passwordRules(),
			"keyCredentials": p.keyRules(), "identifierUris": nil}
		// Not in v1.0's published type, so it is enforced but not shown.
		doc["audiences"] = tenant.Doc{"azureAdMultipleOrgs": tenant.Doc{"state": state[p.ForbidMultipleOrgs]},
			"personalMicrosoftAccount": tenant.Doc{"state": state[p.ForbidPersonal]}}
		return e.putPolicy(tx, tenant.AppPolicy, doc)
	})
}

// AssignPolicy makes a policy that holds for one application or service principal instead of the tenant's default. Rules
// on audiences don't belong to such a policy and are ignored.
func (e *Emulator) AssignPolicy(holderID string, p Policy) error {
	return e.change(holderID, false, func(tx *tenant.Tx, kind tenant.Kind, holder tenant.Doc) error {
		if err := holdsCredentials(kind, holderID); err != nil {
			return err
		}
		id := tx.NewID("policy", holderID)
		holder["appManagementPolicies"] = []any{id}
		tx.Put(e.seeded.TenantID, kind, holder)
		return e.putPolicy(tx, tenant.AssignedAppPolicy, tenant.Doc{"id": id, "deletedDateTime": nil, "description": nil,
			"displayName": "Of one " + string(kind), "isEnabled": p != (Policy{}), "restrictions": tenant.Doc{
				"passwordCredentials": p.passwordRules(), "keyCredentials": p.keyRules(), "applicationRestrictions": nil}})
	})
}

// SetConditionalAccess has the tenant block everybody's sign-ins, ask for a second factor, block its own applications when
// they sign in by themselves, or let in: what a security team switches on. It is asked at every grant, refresh included.
func (e *Emulator) SetConditionalAccess(control tenant.GrantControl) error {
	if !slices.Contains(tenant.GrantControls(), control) {
		return fmt.Errorf("grant control %q: give one of %q", control, tenant.GrantControls())
	}
	return e.cloud.UpdateEverywhere(func(tx *tenant.Tx) error {
		tx.SetConditionalAccess(e.seeded.TenantID, control)
		return nil
	})
}

func (e *Emulator) putPolicy(tx *tenant.Tx, kind tenant.Kind, doc tenant.Doc) error {
	doc = doc.Clone()
	if err := graph.CheckRules(doc); err != nil {
		return fmt.Errorf("policy: %w", err)
	}
	tx.Put(e.seeded.TenantID, kind, doc)
	return nil
}

// AddFaults adds faults from now on, all or none. A rule that no request can meet is an error that names the nearest
// route. ClearFaults takes all away, hostility's throttling included, and starts counting occurrences anew.
func (e *Emulator) AddFaults(rules ...fault.Rule) error {
	if err := checkRules(rules); err != nil {
		return err
	}
	e.faults.Add(rules...)
	return nil
}

// Faults lists the rules, those that came with an option included.
func (e *Emulator) Faults() []fault.Rule { return e.faults.Rules() }

// ClearFaults is the opposite of AddFaults.
func (e *Emulator) ClearFaults() { e.faults.Clear() }
