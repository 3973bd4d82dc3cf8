package graph

import (
	"fmt"
	"slices"
)

// Reading is a behaviour of Graph that no source settles. The emulator plays any of its choices; a client has to get by
// with each.
type Reading struct {
	Name    string
	Choices []string // the first is the default: the likelier, or the stricter
	Why     string
}

// The names of the readings.
const (
	MalformedID          = "malformed-id"
	UpsertVisible        = "upsert-visible"
	PostUniqueName       = "post-unique-name"
	EmptyAddPassword     = "empty-add-password"
	EmptyGrantScope      = "empty-grant-scope"
	GrantReference       = "grant-reference"
	RequiredAccessIDs    = "required-access-ids"
	RequiredAccessOrder  = "required-access-order"
	DuplicateRedirectURI = "duplicate-redirect-uri"
	OutOfBandURI         = "out-of-band-uri"
	PrincipalAfterDelete = "principal-after-delete"
	RestorePrincipal     = "restore-principal"
	FilterCase           = "filter-case"
	AbsentOwner          = "absent-owner"
	CallerBecomesOwner   = "caller-becomes-owner"
	DeletedItemsFilter   = "deleted-items-filter"
	OverlongSecret       = "overlong-secret"
	FirstPartyChanges    = "first-party-changes"
	LockedPrincipal      = "locked-principal"
	DuplicateSubject     = "duplicate-subject"
	DuplicateCertificate = "duplicate-certificate"
	DeletedIdentifierURI = "deleted-identifier-uri"
	PreAuthorizedScopes  = "pre-authorized-scopes"
	NullValue            = "null-value"
	ShorterSecrets       = "shorter-secrets"
	LogoSize             = "logo-size"
)

// AllReadings lists the readings with their choices.
func AllReadings() []Reading {
	return []Reading{
		{MalformedID, []string{"404", "400"}, "a malformed object id in a path may be an unknown resource or an invalid identifier"},
		{UpsertVisible, []string{"lags", "at-once"}, "whether a read by uniqueName shows an upsert at once; replicas suggest that it lags like others"},
		{PostUniqueName, []string{"refused", "accepted"}, "no client is known to send uniqueName in a POST body"},
		{EmptyAddPassword, []string{"accepted", "refused"}, "the body of addPassword is called optional, but no sample leaves it out"},
		{EmptyGrantScope, []string{"kept", "removed"}, "a grant whose last scope was taken away may stay without scopes or go"},
		{GrantReference, []string{"400", "404"}, "an unknown client or resource of a new grant was seen to give either"},
		{RequiredAccessIDs, []string{"accepted", "refused"}, "unknown permission ids in requiredResourceAccess are said to be accepted, but refusals were seen"},
		{RequiredAccessOrder, []string{"kept", "changed"}, "nothing says that requiredResourceAccess is given back in the order in which it was written"},
		{DuplicateRedirectURI, []string{"refused", "accepted"}, "the portal refuses one URI on two platforms; Graph's answer isn't documented"},
		{OutOfBandURI, []string{"accepted", "refused"}, "urn:ietf:wg:oauth:2.0:oob was refused in 2021 and accepted later"},
		{PrincipalAfterDelete, []string{"allowed", "refused"}, "a new service principal beside a soft-deleted one of the same application"},
		{RestorePrincipal, []string{"restored", "left"}, "whether restoring an application brings its service principal back"},
		{FilterCase, []string{"ignored", "counts"}, "whether eq on texts looks at case"},
		{AbsentOwner, []string{"404", "400"}, "removing an owner who is none"},
		{CallerBecomesOwner, []string{"no", "yes"}, "whether an application with ReadWrite.All becomes owner of what it creates"},
		{DeletedItemsFilter, []string{"supported", "refused"}, "$filter on deleted items is documented as advanced and without a list of properties"},
		{OverlongSecret, []string{"accepted", "refused"}, "ends beyond two years are accepted without a policy, by old reports"},
		{FirstPartyChanges, []string{"refused", "accepted"}, "whether Microsoft's own service principals take updates, credentials and owners from a tenant"},
		{LockedPrincipal, []string{"400", "403"}, "how a change is refused that an application's servicePrincipalLockConfiguration forbids in other tenants"},
		{DuplicateSubject, []string{"409", "400"}, "a second federated identity credential for the same issuer and subject"},
		{DuplicateCertificate, []string{"accepted", "refused"}, "an application's second credential for the same certificate"},
		{DeletedIdentifierURI, []string{"reserved", "free"}, "whether a soft-deleted application keeps its identifier URIs, as it keeps its unique name"},
		{PreAuthorizedScopes, []string{"checked", "any"}, "whether preauthorised clients may be given scopes that are missing or disabled"},
		{NullValue, []string{"refused", "cleared"}, "null for a collection or a complex property that can't be null"},
		{ShorterSecrets, []string{"accepted", "refused"}, "whether an update may remove secrets by leaving them out; there is an action for it"},
		{LogoSize, []string{"100KB", "any"}, "how large a logo may be"},
	}
}

// Readings chooses among the readings by name. What is absent is at its default.
type Readings map[string]string

// Validate tells of an unknown name or choice.
func (r Readings) Validate() error {
	all := AllReadings()
	for name, choice := range r {
		i := slices.IndexFunc(all, func(x Reading) bool { return x.Name == name })
		if i < 0 {
			return fmt.Errorf("no reading %q", name)
		}
		if !slices.Contains(all[i].Choices, choice) {
			return fmt.Errorf("reading %q has the choices %q, not %q", name, all[i].Choices, choice)
		}
	}
	return nil
}

// is tells whether a reading is at a choice.
func (r Readings) is(name, choice string) bool {
	if given, ok := r[name]; ok {
		return given == choice
	}
	for _, x := range AllReadings() {
		if x.Name == name {
			return x.Choices[0] == choice
		}
	}
	return false
}
