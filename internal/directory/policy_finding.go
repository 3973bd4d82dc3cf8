package directory

import (
	"context"
	"fmt"
	"time"

	"github.com/microsoft/kiota-abstractions-go/serialization"
)

// NewCredential is a credential that is about to be made.
type NewCredential struct {
	Kind CredentialKind
	// ApplicationID is the holder's object id, "" while that isn't known.
	ApplicationID string
	Start, End    time.Time // End is zero while it isn't known
	// EarlierStart is by how much the start may yet be moved back, which makes the lifetime longer.
	EarlierStart time.Duration
}

// PolicyFinding is what an application management policy has against a new credential.
type PolicyFinding struct {
	// Forbidden says that no credential of the kind may be made; otherwise its lifetime exceeds MaxLifetime (ISO 8601).
	Forbidden   bool
	MaxLifetime string
	// Assigned says that the application's own policy has the rule, and not the tenant's default.
	Assigned bool
	// Doubt is why Graph may accept the credential nevertheless, as a clause; "" when it certainly refuses it.
	Doubt string
}

// PolicyOn tells what the tenant's application management policies have against a new credential; nil for nothing, or
// when that can't be told, which the log then says once. The policies are read once for the process, and shared. Graph:
// GET /policies/defaultAppManagementPolicy, GET /policies/appManagementPolicies, and where any are assigned GET
// /applications/{id}/appManagementPolicies; GET /applications/{id} where a rule spares older applications.
func (c *Client) PolicyOn(ctx context.Context, wanted NewCredential) (*PolicyFinding, error) {
	policies, err := c.policies(ctx)
	if err != nil || !policies.readable {
		return nil, c.fail(opReadPolicy, wanted.ApplicationID, err)
	}
	rules, assigned, doubt := policies.general, false, ""
	switch {
	case wanted.ApplicationID == "":
		doubt = "the application is known during the apply only"
	case policies.custom:
		own, err := c.policyOf(ctx, wanted.ApplicationID)
		if err != nil || !own.readable {
			return nil, c.fail(opReadPolicy, wanted.ApplicationID, err)
		}
		if own.exists {
			rules, assigned = own.rules, true
		}
	}
	var finding *PolicyFinding
	for _, r := range rules {
		found := r.against(wanted)
		if found == nil {
			continue
		}
		found.Assigned = assigned
		if found.Doubt == "" {
			found.Doubt = doubt
		}
		spared, unsure, err := c.spares(ctx, r, wanted.ApplicationID)
		switch {
		case err != nil:
			return nil, err
		case spared:
			continue
		case found.Doubt == "":
			found.Doubt = unsure
		}
		if found.outranks(finding) {
			finding = found
		}
	}
	return finding, nil
}

// outranks tells which of two findings is to be told: what is certain, and then what no other lifetime helps against.
func (f *PolicyFinding) outranks(other *PolicyFinding) bool {
	if other == nil {
		return true
	}
	if certain := f.Doubt == ""; certain != (other.Doubt == "") {
		return certain
	}
	return f.Forbidden && !other.Forbidden
}

// against judges a credential by a rule, without regard to whose it is.
func (r restriction) against(wanted NewCredential) *PolicyFinding {
	found := &PolicyFinding{}
	switch {
	case r.exempts:
		found.Doubt = "the policy exempts some identities, and the one that Terraform runs as may be one of them"
	case r.unknownState:
		found.Doubt = "the rule is in a state that this version of the provider doesn't know"
	}
	lifetime := map[CredentialKind]string{SecretCredential: "passwordLifetime", CertificateCredential: "asymmetricKeyLifetime"}[wanted.Kind]
	switch {
	case wanted.Kind == SecretCredential && r.kind == "passwordAddition":
		found.Forbidden = true
		return found
	case r.kind != lifetime || r.longest == nil || wanted.End.IsZero():
		return nil
	}
	found.MaxLifetime = inDays(r.longest)
	switch {
	case wanted.End.After(addDuration(wanted.Start, r.longest)):
		return found
	case wanted.End.After(addDuration(wanted.Start.Add(-wanted.EarlierStart), r.longest)):
		found.Doubt = "its start is moved back by up to an hour, which can make it a little longer than it is now"
		return found
	}
	return nil
}

// spares tells whether a rule is for applications that were created later. An application that is still to be made is
// created later than what has passed.
func (c *Client) spares(ctx context.Context, r restriction, applicationID string) (yes bool, doubt string, err error) {
	if r.createdAfter.IsZero() {
		return false, "", nil
	}
	created := c.now()
	if applicationID != "" {
		app, err := c.knownApplication(ctx, applicationID, anyAge)
		if err != nil {
			return false, "", err
		}
		if created = app.CreatedAt; created.IsZero() {
			return false, "Microsoft Graph doesn't say when the application was created, and the policy spares older ones", nil
		}
	}
	return created.Before(r.createdAfter), "", nil
}

// withMaxLifetime adds to a refusal what the tenant's policy would allow, where the caller may read it. It is a
// courtesy: a failure to read the policy leaves the refusal as it was.
func (c *Client) withMaxLifetime(ctx context.Context, applicationID string, kind CredentialKind, refusal error) error {
	e := *errorOf(refusal)
	if e.Code != "CredentialInvalidLifetimeAsPerAppPolicy" {
		return refusal
	}
	beyondAny := c.now().AddDate(1000, 0, 0)
	finding, err := c.PolicyOn(ctx, NewCredential{Kind: kind, ApplicationID: applicationID, Start: c.now(), End: beyondAny})
	if err != nil || finding == nil {
		return refusal
	}
	e.MaxLifetime = finding.MaxLifetime
	return &e
}

func addDuration(t time.Time, d *serialization.ISODuration) time.Time {
	return t.AddDate(d.GetYears(), 0, 7*d.GetWeeks()+d.GetDays()).
		Add(time.Duration(d.GetHours())*time.Hour + time.Duration(d.GetMinutes())*time.Minute + time.Duration(d.GetSeconds())*time.Second)
}

// inDays writes a duration as Graph does, in days; the SDK's own text makes weeks of them.
func inDays(d *serialization.ISODuration) string {
	days := d.GetWeeks()*7 + d.GetDays()
	if d.GetYears() != 0 || d.GetHours() != 0 || d.GetMinutes() != 0 || d.GetSeconds() != 0 || days == 0 {
		return d.String()
	}
	return fmt.Sprintf("P%dD", days)
}
