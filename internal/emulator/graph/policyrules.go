package graph

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// restrictions gives the rules that hold for an application or service principal and the id of the policy that has
// them: its own policy, or else the tenant's. Without any the rules are nil.
func restrictions(tx *tenant.Tx, tenantID string, doc tenant.Doc) (rules tenant.Doc, policyID string) {
	for _, id := range doc.Strings("appManagementPolicies") {
		if own, ok := tx.Get(tenantID, tenant.AssignedAppPolicy, id); ok && own.Bool("isEnabled") {
			return own.Doc("restrictions"), id
		}
	}
	part := "applicationRestrictions"
	if doc["servicePrincipalType"] != nil {
		part = "servicePrincipalRestrictions"
	}
	return appPolicy(tx, tenantID).Doc(part), tenant.DefaultAppPolicyID
}

// appPolicy gives the tenant's policy on applications; nil while it is off.
func appPolicy(tx *tenant.Tx, tenantID string) tenant.Doc {
	policy, ok := tx.Get(tenantID, tenant.AppPolicy, tenant.DefaultAppPolicyID)
	if !ok || !policy.Bool("isEnabled") {
		return nil
	}
	return policy
}

// holds tells whether a rule is on and meant for what was created when doc was.
func holds(rule, doc tenant.Doc) bool {
	return rule != nil && rule.String("state") != "disabled" &&
		!doc.Time("createdDateTime").Before(rule.Time("restrictForAppsCreatedAfterDateTime"))
}

// checkPasswordPolicy judges a new secret by the policy that holds for its application or service principal.
func checkPasswordPolicy(tx *tenant.Tx, tenantID string, doc tenant.Doc, start, end time.Time) error {
	return checkCredentialPolicy(tx, tenantID, doc, "password", start, end)
}

// checkKeyPolicy judges a new certificate, or symmetric key, by the policy that holds.
func checkKeyPolicy(tx *tenant.Tx, tenantID string, doc, key tenant.Doc) error {
	family := "asymmetricKey"
	if key.String("type") == "Symmetric" {
		family = "symmetricKey"
	}
	return checkCredentialPolicy(tx, tenantID, doc, family, key.Time("startDateTime"), key.Time("endDateTime"))
}

// checkCredentialPolicy applies the rules on one family of credentials: <family>Addition and <family>Lifetime.
func checkCredentialPolicy(tx *tenant.Tx, tenantID string, doc tenant.Doc, family string, start, end time.Time) error {
	rules, policyID := restrictions(tx, tenantID, doc)
	for _, rule := range slices.Concat(rules.Docs("passwordCredentials"), rules.Docs("keyCredentials")) {
		if !holds(rule, doc) {
			continue
		}
		switch rule.String("restrictionType") {
		case family + "Addition":
			return credentialTypeRefused(policyID)
		case family + "Lifetime":
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

// checkURIPolicy judges the identifier URIs that a write adds. Default URIs are api://<client id> and
// api://<tenant id>/<client id>.
func checkURIPolicy(tx *tenant.Tx, tenantID string, before, app tenant.Doc) error {
	rules, policyID := restrictions(tx, tenantID, app)
	uris := rules.Doc("identifierUris")
	if uris == nil { // A policy of its own has them one level deeper.
		uris = rules.Doc("applicationRestrictions").Doc("identifierUris")
	}
	spared := func(rule tenant.Doc) bool {
		return !holds(rule, app) || rule.Bool("excludeAppsReceivingV2Tokens") &&
			app.Doc("api")["requestedAccessTokenVersion"] == float64(2)
	}
	clientID := app.String("appId")
	for _, uri := range app.Strings("identifierUris") {
		if slices.Contains(before.Strings("identifierUris"), uri) {
			continue
		}
		standard := slices.Contains([]string{"api://" + clientID, "api://" + tenantID + "/" + clientID}, uri)
		if !standard && !spared(uris.Doc("nonDefaultUriAddition")) {
			return uriRefused(uri, policyID)
		}
		unique := strings.Contains(uri, clientID) || strings.Contains(uri, tenantID)
		if !unique && !spared(uris.Doc("uriAdditionWithoutUniqueTenantIdentifier")) {
			return uriRefused(uri, policyID)
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
