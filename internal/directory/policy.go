package directory

import (
	"context"
	"fmt"

	abstractions "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoft/kiota-abstractions-go/serialization"
	"github.com/microsoftgraph/msgraph-sdk-go/models"
	"github.com/microsoftgraph/msgraph-sdk-go/models/odataerrors"
)

// withMaxLifetime adds to a refusal what the tenant's policy would allow, where the caller may read it. It is a
// courtesy: a failure to read the policy leaves the refusal as it was.
func (c *Client) withMaxLifetime(ctx context.Context, applicationID string, refusal error) error {
	e := *errorOf(refusal)
	if e.Code != "CredentialInvalidLifetimeAsPerAppPolicy" {
		return refusal
	}
	lifetime, err := c.maxSecretLifetime(ctx, applicationID)
	if err != nil {
		c.log.InfoContext(ctx, "The application management policy could not be read", "error", c.fail(opReadPolicy, applicationID, err).Error())
		return refusal
	}
	e.MaxLifetime = lifetime
	return &e
}

// maxSecretLifetime is the longest lifetime that the policy assigned to the application allows, or else the tenant's
// default policy; "" without a limit. Graph: GET /applications/{id}/appManagementPolicies, GET
// /policies/defaultAppManagementPolicy.
func (c *Client) maxSecretLifetime(ctx context.Context, applicationID string) (string, error) {
	assigned, err := c.applicationBuilder(applicationID).AppManagementPolicies().Get(ctx, nil)
	if err == nil && assigned != nil {
		for _, policy := range assigned.GetValue() {
			if isTrue(policy.GetIsEnabled()) && policy.GetRestrictions() != nil {
				if lifetime := passwordLifetime(policy.GetRestrictions().GetPasswordCredentials()); lifetime != "" {
					return lifetime, nil
				}
			}
		}
	}
	// The SDK's package for policies is large, and this one request is all that is needed of it.
	request := abstractions.NewRequestInformationWithMethodAndUrlTemplateAndPathParameters(
		abstractions.GET, "{+baseurl}/policies/defaultAppManagementPolicy", c.pathParameters())
	request.Headers.Add("Accept", "application/json")
	reply, err := c.adapter.Send(ctx, request, models.CreateTenantAppManagementPolicyFromDiscriminatorValue, abstractions.ErrorMappings{
		"XXX": odataerrors.CreateODataErrorFromDiscriminatorValue,
	})
	if err != nil {
		return "", err
	}
	policy, ok := reply.(models.TenantAppManagementPolicyable)
	if !ok {
		return "", errNoBody
	}
	if !isTrue(policy.GetIsEnabled()) || policy.GetApplicationRestrictions() == nil {
		return "", nil
	}
	return passwordLifetime(policy.GetApplicationRestrictions().GetPasswordCredentials()), nil
}

func passwordLifetime(restrictions []models.PasswordCredentialConfigurationable) string {
	for _, r := range restrictions {
		kind, state := r.GetRestrictionType(), r.GetState()
		if kind == nil || *kind != models.PASSWORDLIFETIME_APPCREDENTIALRESTRICTIONTYPE || r.GetMaxLifetime() == nil {
			continue
		}
		if state == nil || *state == models.ENABLED_APPMANAGEMENTRESTRICTIONSTATE {
			return inDays(r.GetMaxLifetime())
		}
	}
	return ""
}

// inDays writes a duration as Graph does, in days; the SDK's own text makes weeks of them.
func inDays(d *serialization.ISODuration) string {
	days := d.GetWeeks()*7 + d.GetDays()
	if d.GetYears() != 0 || d.GetHours() != 0 || d.GetMinutes() != 0 || d.GetSeconds() != 0 || days == 0 {
		return d.String()
	}
	return fmt.Sprintf("P%dD", days)
}
