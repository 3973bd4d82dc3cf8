package graph

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

func getAppPolicy(c *call) (*result, error) {
	policy, ok := c.near("policy").Get(c.caller.TenantID, tenant.AppPolicy, tenant.DefaultAppPolicyID)
	if !ok {
		return nil, notFound(tenant.DefaultAppPolicyID)
	}
	return c.one(http.StatusOK, "policies/defaultAppManagementPolicy", string(tenant.AppPolicy), policy, false)
}

// listAppPolicies lists the policies that are assigned to an application itself. The least permission isn't in the
// tables; it is taken to be the one of other reads of policies.
func listAppPolicies(c *call) (*result, error) {
	app, err := c.application()
	if err != nil {
		return nil, err
	}
	assigned := app.Strings("appManagementPolicies")
	return c.list(collection{kind: tenant.AssignedAppPolicy, set: "appManagementPolicies",
		within: func(d tenant.Doc) bool { return slices.Contains(assigned, d.String("id")) }})
}

// passwordRules gives the rules for new secrets of an application and the id of the policy that holds them: its own
// policy, or else the tenant's.
func passwordRules(tx *tenant.Tx, tenantID string, app tenant.Doc) (rules []tenant.Doc, policyID string) {
	for _, id := range app.Strings("appManagementPolicies") {
		if own, ok := tx.Get(tenantID, tenant.AssignedAppPolicy, id); ok && own.Bool("isEnabled") {
			return own.Doc("restrictions").Docs("passwordCredentials"), id
		}
	}
	return appPolicy(tx, tenantID).Doc("applicationRestrictions").Docs("passwordCredentials"), tenant.DefaultAppPolicyID
}

// appPolicy gives the tenant's policy on applications; nil while it is off.
func appPolicy(tx *tenant.Tx, tenantID string) tenant.Doc {
	policy, ok := tx.Get(tenantID, tenant.AppPolicy, tenant.DefaultAppPolicyID)
	if !ok || !policy.Bool("isEnabled") {
		return nil
	}
	return policy
}

// checkPasswordPolicy judges a new secret by the policy that holds for its application.
func checkPasswordPolicy(tx *tenant.Tx, tenantID string, app tenant.Doc, start, end time.Time) error {
	rules, policyID := passwordRules(tx, tenantID, app)
	for _, rule := range rules {
		since := rule.Time("restrictForAppsCreatedAfterDateTime")
		if rule.String("state") == "disabled" || app.Time("createdDateTime").Before(since) {
			continue
		}
		switch rule.String("restrictionType") {
		case "passwordAddition":
			return credentialTypeRefused(policyID)
		case "passwordLifetime":
			longest, err := addISO(start, rule.String("maxLifetime"))
			if err != nil {
				return err
			}
			// A moment of grace: clients compute the end before the server stamps the start.
			if end.After(longest.Add(time.Minute)) {
				return lifetimeRefused(policyID)
			}
		}
	}
	return nil
}

// checkAudiencePolicy judges a change of audience. The members are named as in newer versions of the policy.
func checkAudiencePolicy(tx *tenant.Tx, tenantID string, before, app tenant.Doc) error {
	if before["displayName"] != nil && before["signInAudience"] == app["signInAudience"] {
		return nil
	}
	rules := appPolicy(tx, tenantID).Doc("audiences")
	for audience, rule := range map[string]string{multipleOrgs: "azureAdMultipleOrgs", andPersonal: "personalMicrosoftAccount",
		onlyPersonal: "personalMicrosoftAccount"} {
		if app.String("signInAudience") == audience && rules.Doc(rule).String("state") == "enabled" {
			return audienceRefused(tenant.DefaultAppPolicyID)
		}
	}
	return nil
}

var isoDuration = regexp.MustCompile(`^P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$`)

// addISO adds an ISO 8601 duration to an instant.
func addISO(t time.Time, text string) (time.Time, error) {
	m := isoDuration.FindStringSubmatch(text)
	if m == nil || text == "P" {
		return time.Time{}, fmt.Errorf("not an ISO 8601 duration: %q", text)
	}
	var n [7]int
	for i := range n {
		if m[i+1] == "" {
			continue
		}
		v, err := strconv.Atoi(m[i+1])
		if err != nil {
			return time.Time{}, fmt.Errorf("ISO 8601 duration: %w", err)
		}
		n[i] = v
	}
	return t.AddDate(n[0], n[1], 7*n[2]+n[3]).
		Add(time.Duration(n[4])*time.Hour + time.Duration(n[5])*time.Minute + time.Duration(n[6])*time.Second), nil
}
