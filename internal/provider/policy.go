package provider

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/appreg/terraform-provider-appreg/internal/directory"
)

// checkPolicy tells what the tenant's application management policies have against a credential that this plan makes: an
// error when Graph will certainly refuse it, else a warning. certain says whether the plan makes it for certain. It is a
// courtesy, and none for an application that this process has made: Graph judges that one in a moment.
func (s *session) checkPolicy(ctx context.Context, act action, p path.Path, applicationID types.String, wanted directory.NewCredential, certain bool, diags *diag.Diagnostics) {
	wanted.ApplicationID = canonical(applicationID).ValueString()
	if !s.online() || s.made.has(wanted.ApplicationID) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, courtesyTimeout)
	defer cancel()
	finding, err := s.client.PolicyOn(ctx, wanted)
	if err != nil {
		if !errors.Is(err, context.Canceled) {
			tflog.Info(ctx, "Skipped the check against the tenant's application management policies.", map[string]any{"application_id": wanted.ApplicationID, "reason": err.Error()})
		}
		return
	}
	if finding == nil {
		return
	}
	refusal := &directory.Error{Kind: directory.KindPolicy, Code: "CredentialInvalidLifetimeAsPerAppPolicy", MaxLifetime: finding.MaxLifetime}
	if finding.Forbidden {
		refusal.Code = "CredentialTypeNotAllowedAsPerAppPolicy"
		p = path.Empty() // no other value of an argument would help
	}
	rule := act.policyRule(finding, wanted)
	if certain && finding.Doubt == "" {
		diags.AddAttributeError(p, fmt.Sprintf("The tenant's policy forbids this %s", act.noun), paragraphs(rule+" Microsoft Graph would refuse it.", act.policyAdvice(refusal)))
		return
	}
	doubt := finding.Doubt
	if doubt == "" {
		doubt = "whether a new one is needed is known during the apply only"
	}
	diags.AddAttributeWarning(p, fmt.Sprintf("The tenant's policy may forbid this %s", act.noun),
		paragraphs(rule+" Microsoft Graph may refuse it during the apply. That isn't certain, because "+doubt+".", act.policyAdvice(refusal)))
}

// policyRule says what the policy demands, and what was wanted.
func (a action) policyRule(f *directory.PolicyFinding, wanted directory.NewCredential) string {
	whose := "The tenant's default application management policy"
	if f.Assigned {
		whose = "The application management policy that is assigned to this application"
	}
	if f.Forbidden {
		return fmt.Sprintf("%s forbids new %ss.", whose, a.noun)
	}
	longest := f.MaxLifetime + " (ISO 8601)"
	if days, ok := isoDays(f.MaxLifetime); ok {
		longest = dayCount(int64(days))
	}
	const oneDay = 24 * time.Hour
	asked := int64((wanted.End.Sub(wanted.Start.Add(-wanted.EarlierStart)) + oneDay - 1) / oneDay)
	return fmt.Sprintf("%s allows a %s to be valid for %s at most, and this one would be valid for %s.", whose, a.noun, longest, dayCount(asked))
}

// checkSecretPolicy is checkPolicy for a client secret with the configuration's end.
func (r *clientSecretResource) checkSecretPolicy(ctx context.Context, s newSecret, diags *diag.Diagnostics) {
	config, now := s.config, r.now()
	wanted, p := directory.NewCredential{Kind: directory.SecretCredential, Start: now}, path.Root("validity_days")
	switch days := config.newValidity(); {
	case !config.EndDate.IsNull():
		// Named ends stay, while starts are moved back by what tells secrets apart.
		p, wanted.End, wanted.EarlierStart = path.Root("end_date"), timeOf(config.EndDate), time.Hour
	case !days.IsUnknown():
		wanted.End = now.Add(daysOf(days.ValueInt64()))
	}
	r.checkPolicy(ctx, s.plan.action("create"), p, s.plan.ApplicationID, wanted, s.certain, diags)
}
