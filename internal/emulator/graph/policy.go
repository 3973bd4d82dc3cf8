package graph

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/edm"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

func getAppPolicy(c *call) (*result, error) {
	policy, ok := c.near("policy").Get(c.caller.TenantID, tenant.AppPolicy, tenant.DefaultAppPolicyID)
	if !ok {
		return nil, notFound(tenant.DefaultAppPolicyID)
	}
	return c.one(http.StatusOK, "policies/defaultAppManagementPolicy", string(tenant.AppPolicy), policy, false)
}

func patchAppPolicy(c *call) (*result, error) {
	body, err := edm.Decode(string(tenant.AppPolicy), c.body, edm.Update)
	if err != nil {
		return nil, fromBody(err)
	}
	return c.changePolicy(tenant.AppPolicy, tenant.DefaultAppPolicyID, body)
}

// changePolicy merges an update into a policy.
func (c *call) changePolicy(kind tenant.Kind, id string, body tenant.Doc) (*result, error) {
	if err := c.mayGovern(); err != nil {
		return nil, err
	}
	err := c.Cloud.Update(func(tx *tenant.Tx) error {
		policy, ok := tx.Get(c.caller.TenantID, kind, id)
		if !ok {
			return notFound(id)
		}
		edm.Merge(policy, body)
		if err := CheckRules(policy); err != nil {
			return err
		}
		tx.Put(c.caller.TenantID, kind, policy)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return nothing()
}

// mayGovern refuses a signed-in user who is no administrator.
func (c *call) mayGovern() error {
	if c.caller.UserID != "" && !c.administrator {
		return denied()
	}
	return nil
}

// CheckRules judges the lifetimes in the rules of a policy on credentials: those that limit one need it, and no others take it.
func CheckRules(policy tenant.Doc) error {
	for _, part := range []string{"applicationRestrictions", "servicePrincipalRestrictions", "restrictions"} {
		for _, list := range []string{"passwordCredentials", "keyCredentials"} {
			for _, rule := range policy.Doc(part).Docs(list) {
				limits := strings.HasSuffix(rule.String("restrictionType"), "Lifetime")
				_, err := addISO(time.Time{}, rule.String("maxLifetime"))
				if rule.String("restrictionType") == "" || limits && err != nil || !limits && rule["maxLifetime"] != nil {
					return invalidValue(list, part)
				}
			}
		}
	}
	return nil
}

const customPolicySet = "policies/appManagementPolicies"

func listCustomPolicies(c *call) (*result, error) {
	return c.list(collection{kind: tenant.AssignedAppPolicy, set: customPolicySet})
}

func getCustomPolicy(c *call) (*result, error) {
	id, err := c.objectID()
	if err != nil {
		return nil, err
	}
	return c.read(tenant.AssignedAppPolicy, customPolicySet, id)
}

func createCustomPolicy(c *call) (*result, error) {
	body, err := edm.Decode(string(tenant.AssignedAppPolicy), c.body, edm.Create)
	if err != nil {
		return nil, fromBody(err)
	}
	if err := c.mayGovern(); err != nil {
		return nil, err
	}
	name := body.String("displayName")
	if name == "" {
		return nil, invalidValue("displayName", string(tenant.AssignedAppPolicy))
	}
	if err := CheckRules(body); err != nil {
		return nil, err
	}
	policy := tenant.Doc{"deletedDateTime": nil, "description": nil, "isEnabled": false, "restrictions": tenant.Doc{
		"passwordCredentials": []any{}, "keyCredentials": []any{}, "applicationRestrictions": nil}}.Clone()
	edm.Merge(policy, body)
	err = c.Cloud.Update(func(tx *tenant.Tx) error {
		policy["id"] = tx.NewID("custom policy", name)
		tx.Put(c.caller.TenantID, tenant.AssignedAppPolicy, policy)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return c.one(http.StatusCreated, customPolicySet, string(tenant.AssignedAppPolicy), policy, true)
}

func patchCustomPolicy(c *call) (*result, error) {
	body, err := edm.Decode(string(tenant.AssignedAppPolicy), c.body, edm.Update)
	if err != nil {
		return nil, fromBody(err)
	}
	id, err := c.objectID()
	if err != nil {
		return nil, err
	}
	return c.changePolicy(tenant.AssignedAppPolicy, id, body)
}

// deleteCustomPolicy removes a policy for good; who had it falls under the tenant's default again.
func deleteCustomPolicy(c *call) (*result, error) {
	id, err := c.objectID()
	if err != nil {
		return nil, err
	}
	if err := c.mayGovern(); err != nil {
		return nil, err
	}
	err = c.Cloud.Update(func(tx *tenant.Tx) error {
		if _, ok := tx.Get(c.caller.TenantID, tenant.AssignedAppPolicy, id); !ok {
			return notFound(id)
		}
		RemovePolicy(tx, c.caller.TenantID, id)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return nothing()
}

// RemovePolicy removes a policy of some applications and service principals, and takes it from them.
func RemovePolicy(tx *tenant.Tx, tenantID, id string) {
	tx.Remove(tenantID, tenant.AssignedAppPolicy, id)
	for _, kind := range restorable {
		for _, doc := range tx.Find(tenantID, kind, func(d tenant.Doc) bool { return slices.Contains(d.Strings("appManagementPolicies"), id) }) {
			doc["appManagementPolicies"] = []any{}
			tx.Put(tenantID, kind, doc)
		}
	}
}

// listAppPolicies lists the policies that are assigned to an application or service principal itself. The least
// permission isn't in the tables; it is taken to be the one of other reads of policies.
func listAppPolicies(h holder) func(*call) (*result, error) {
	return func(c *call) (*result, error) {
		doc, err := h.find(c)
		if err != nil {
			return nil, err
		}
		assigned := doc.Strings("appManagementPolicies")
		return c.list(collection{kind: tenant.AssignedAppPolicy, set: "appManagementPolicies",
			within: func(d tenant.Doc) bool { return slices.Contains(assigned, d.String("id")) }})
	}
}

// assignAppPolicy puts an application or service principal under a policy of its own. It has one at most: another is
// refused until the first is withdrawn.
func assignAppPolicy(h holder) func(*call) (*result, error) {
	return func(c *call) (*result, error) {
		id, err := c.reference()
		if err != nil {
			return nil, err
		}
		return c.changePolicies(h, func(tx *tenant.Tx, doc tenant.Doc) error {
			if _, ok := tx.Get(c.caller.TenantID, tenant.AssignedAppPolicy, id); !ok {
				return notFound(id)
			}
			if len(doc.Strings("appManagementPolicies")) > 0 {
				return badRequest("One or more added object references already exist for the following modified properties: 'appManagementPolicies'.")
			}
			doc["appManagementPolicies"] = []any{id}
			return nil
		})
	}
}

func withdrawAppPolicy(h holder) func(*call) (*result, error) {
	return func(c *call) (*result, error) {
		id, err := c.guid("policyId")
		if err != nil {
			return nil, err
		}
		return c.changePolicies(h, func(_ *tenant.Tx, doc tenant.Doc) error {
			if !slices.Contains(doc.Strings("appManagementPolicies"), id) {
				return notFound(id)
			}
			doc["appManagementPolicies"] = []any{}
			return nil
		})
	}
}

func (c *call) changePolicies(h holder, f func(*tenant.Tx, tenant.Doc) error) (*result, error) {
	if err := c.mayGovern(); err != nil {
		return nil, err
	}
	seen, err := h.find(c)
	if err != nil {
		return nil, err
	}
	if err := h.change(c, seen, f); err != nil {
		return nil, err
	}
	return nothing()
}

func getAuthorizationPolicy(c *call) (*result, error) {
	return c.read(tenant.AuthorizationPolicy, "policies/authorizationPolicy", tenant.AuthorizationPolicyID)
}

func patchAuthorizationPolicy(c *call) (*result, error) {
	body, err := edm.Decode(string(tenant.AuthorizationPolicy), c.body, edm.Update)
	if err != nil {
		return nil, fromBody(err)
	}
	return c.changePolicy(tenant.AuthorizationPolicy, tenant.AuthorizationPolicyID, body)
}

// mayRegister tells whether the caller may register applications: members may while their tenant lets them.
func (c *call) mayRegister() bool {
	if c.caller.UserID == "" || c.administrator {
		return true
	}
	policy, ok := c.Cloud.Latest().Get(c.caller.TenantID, tenant.AuthorizationPolicy, tenant.AuthorizationPolicyID)
	return !ok || policy.Doc("defaultUserRolePermissions").Bool("allowedToCreateApps")
}
