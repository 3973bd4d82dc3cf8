package directory

import (
	"context"
	"sync"
	"time"

	abstractions "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoft/kiota-abstractions-go/serialization"
	"github.com/microsoftgraph/msgraph-sdk-go/models"
)

// policiesTimeout bounds the reading of policies: a courtesy, for which nobody is to wait long.
const policiesTimeout = 20 * time.Second

// policySet is what the process knows of the tenant's application management policies. They are read once: within one
// run they are taken not to change, and a failure is told once.
type policySet struct {
	mu       sync.Mutex
	read     *tenantPolicies            // nil until they were read, or that failed
	assigned map[string]*assignedPolicy // by application
}

// tenantPolicies are the rules on new credentials of all applications, and whether some have rules of their own.
type tenantPolicies struct {
	readable bool
	general  []restriction
	custom   bool
}

// assignedPolicy is the policy of one application, which replaces the tenant's default for it.
type assignedPolicy struct {
	readable, exists bool
	rules            []restriction
}

// restriction is one rule that is not switched off.
type restriction struct {
	kind         string // as Graph names it: passwordAddition, passwordLifetime, asymmetricKeyLifetime
	longest      *serialization.ISODuration
	createdAfter time.Time // applications that were created before are spared; zero for none
	exempts      bool      // some callers are exempt, and we may be one of them
	unknownState bool
}

// policies reads the tenant's policies, once for the process. Graph: GET /policies/defaultAppManagementPolicy, GET
// /policies/appManagementPolicies.
func (c *Client) policies(ctx context.Context) (*tenantPolicies, error) {
	shared, _, err := share(ctx, &c.reads, "policies", anyAge, func(ctx context.Context) (*tenantPolicies, error) {
		if known := c.policy.known(); known != nil {
			return known, nil
		}
		bounded, cancel := context.WithTimeout(ctx, policiesTimeout)
		defer cancel()
		read, err := c.readPolicies(bounded)
		if ctx.Err() != nil {
			return nil, ctx.Err() // nobody waits any more
		}
		if err != nil {
			c.skippedPolicies(ctx, "", err)
			read = &tenantPolicies{}
		}
		c.policy.mu.Lock()
		defer c.policy.mu.Unlock()
		c.policy.read = read
		return read, nil
	})
	return shared, err
}

func (p *policySet) known() *tenantPolicies {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.read
}

func (p *policySet) knownOf(applicationID string) *assignedPolicy {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.assigned[applicationID]
}

func (c *Client) skippedPolicies(ctx context.Context, applicationID string, err error) {
	c.log.InfoContext(ctx, "The application management policies could not be read, so new credentials are not checked against them",
		"error", c.fail(opReadPolicy, applicationID, err).Error())
}

func (c *Client) readPolicies(ctx context.Context) (*tenantPolicies, error) {
	reply, err := c.getPolicies(ctx, "{+baseurl}/policies/defaultAppManagementPolicy", models.CreateTenantAppManagementPolicyFromDiscriminatorValue)
	if err != nil {
		return nil, err
	}
	general, ok := reply.(models.TenantAppManagementPolicyable)
	if !ok {
		return nil, errNoBody
	}
	read := &tenantPolicies{readable: true}
	if isTrue(general.GetIsEnabled()) && general.GetApplicationRestrictions() != nil {
		read.general = restrictions(general.GetApplicationRestrictions())
	}
	// One page tells whether there are any: which of them an application has, the application says.
	reply, err = c.getPolicies(ctx, "{+baseurl}/policies/appManagementPolicies?%24select=id%2CisEnabled", models.CreateAppManagementPolicyCollectionResponseFromDiscriminatorValue)
	if err != nil {
		return nil, err
	}
	list, ok := reply.(models.AppManagementPolicyCollectionResponseable)
	if !ok || emptyPage(list) {
		return nil, errNoBody
	}
	read.custom = list.GetOdataNextLink() != nil
	for _, policy := range list.GetValue() {
		read.custom = read.custom || isTrue(policy.GetIsEnabled())
	}
	return read, nil
}

// getPolicies sends one request. The SDK's package for policies is large, and these few are all that is needed of it.
func (c *Client) getPolicies(ctx context.Context, template string, factory serialization.ParsableFactory) (serialization.Parsable, error) {
	return c.adapter.Send(ctx, c.request(abstractions.GET, template), factory, errorBodies)
}

// policyOf reads the policy that an application has itself, once for the process. Graph: GET
// /applications/{id}/appManagementPolicies.
func (c *Client) policyOf(ctx context.Context, applicationID string) (*assignedPolicy, error) {
	shared, _, err := share(ctx, &c.reads, "policy of "+applicationID, anyAge, func(ctx context.Context) (*assignedPolicy, error) {
		if known := c.policy.knownOf(applicationID); known != nil {
			return known, nil
		}
		read, err := c.readPolicyOf(ctx, applicationID)
		if ctx.Err() != nil {
			return nil, ctx.Err() // nobody waits any more
		}
		if err != nil {
			c.skippedPolicies(ctx, applicationID, err)
			read = &assignedPolicy{}
		}
		c.policy.mu.Lock()
		defer c.policy.mu.Unlock()
		if c.policy.assigned == nil {
			c.policy.assigned = make(map[string]*assignedPolicy)
		}
		c.policy.assigned[applicationID] = read
		return read, nil
	})
	return shared, err
}

func (c *Client) readPolicyOf(ctx context.Context, applicationID string) (*assignedPolicy, error) {
	read := &assignedPolicy{readable: true}
	builder := c.applicationBuilder(applicationID).AppManagementPolicies()
	err := pages(ctx, c,
		func(ctx context.Context) (models.AppManagementPolicyCollectionResponseable, error) {
			return builder.Get(ctx, nil)
		},
		func(ctx context.Context, link string) (models.AppManagementPolicyCollectionResponseable, error) {
			return builder.WithUrl(link).Get(ctx, nil)
		},
		func(page models.AppManagementPolicyCollectionResponseable) {
			for _, policy := range page.GetValue() { // one at most
				if isTrue(policy.GetIsEnabled()) && policy.GetRestrictions() != nil {
					read.exists, read.rules = true, restrictions(policy.GetRestrictions())
				}
			}
		})
	return read, err
}

// restrictions are the rules on credentials that are not switched off.
func restrictions(policy models.AppManagementConfigurationable) []restriction {
	var out []restriction
	for _, r := range policy.GetPasswordCredentials() {
		if kind := r.GetRestrictionType(); kind != nil {
			out = appendRule(out, kind.String(), r)
		}
	}
	for _, r := range policy.GetKeyCredentials() {
		if kind := r.GetRestrictionType(); kind != nil {
			out = appendRule(out, kind.String(), r)
		}
	}
	return out
}

// rule is what the SDK's models of rules have in common.
type rule interface {
	GetAdditionalData() map[string]any
	GetMaxLifetime() *serialization.ISODuration
	GetRestrictForAppsCreatedAfterDateTime() *time.Time
	GetState() *models.AppManagementRestrictionState
}

func appendRule(to []restriction, kind string, r rule) []restriction {
	state := r.GetState()
	if state != nil && *state == models.DISABLED_APPMANAGEMENTRESTRICTIONSTATE {
		return to
	}
	return append(to, restriction{
		kind: kind, longest: r.GetMaxLifetime(), createdAfter: instant(r.GetRestrictForAppsCreatedAfterDateTime()),
		exempts:      r.GetAdditionalData()["excludeActors"] != nil, // the SDK's model doesn't know it
		unknownState: state == nil || *state != models.ENABLED_APPMANAGEMENTRESTRICTIONSTATE,
	})
}
