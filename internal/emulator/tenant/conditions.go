package tenant

// GrantControl is what a tenant's conditional access asks of everybody who signs in, or of its applications.
type GrantControl string

// The controls.
const (
	GrantFreely         GrantControl = ""         // no policy
	GrantBlocked        GrantControl = "block"    // nobody gets in
	GrantSecondFactor   GrantControl = "mfa"      // a second factor
	GrantExternalFactor GrantControl = "external" // the factor of another provider, which can't be given here
	// GrantNoWorkload blocks the tenant's own applications when they sign in by themselves, and no person.
	GrantNoWorkload GrantControl = "block-workloads"
)

// GrantControls lists the controls.
func GrantControls() []GrantControl {
	return []GrantControl{GrantFreely, GrantBlocked, GrantSecondFactor, GrantExternalFactor, GrantNoWorkload}
}

// SetConditionalAccess makes one policy the whole of a tenant's conditional access.
func (tx *Tx) SetConditionalAccess(tenantID string, control GrantControl) {
	id := ID(tx.view.cloud.seeded.Seed, "conditional access", tenantID)
	if control == GrantFreely {
		tx.Remove(tenantID, ConditionalAccessPolicy, id)
		return
	}
	controls := Doc{"operator": "OR", "builtInControls": []any{string(control)}, "customAuthenticationFactors": []any{}}
	if control == GrantExternalFactor {
		controls["builtInControls"], controls["customAuthenticationFactors"] = []any{}, []any{"External provider"}
	}
	conditions := Doc{"users": Doc{"includeUsers": []any{"All"}}}
	if control == GrantNoWorkload {
		controls["builtInControls"] = []any{string(GrantBlocked)}
		conditions = Doc{"clientApplications": Doc{"includeServicePrincipals": []any{"ServicePrincipalsInMyTenant"}}}
	}
	tx.Put(tenantID, ConditionalAccessPolicy, Doc{"id": id, "displayName": "Emulated policy", "state": "enabled",
		"conditions": conditions, "grantControls": controls})
}

// ConditionalAccess gives the id and the control of a tenant's policy, "" and GrantFreely without one.
func (v *View) ConditionalAccess(tenantID string) (id string, control GrantControl) {
	for _, policy := range v.List(tenantID, ConditionalAccessPolicy) {
		id, control = policy.String("id"), GrantExternalFactor
		if names := policy.Doc("grantControls").Strings("builtInControls"); len(names) > 0 {
			control = GrantControl(names[0])
		}
		if policy.Doc("conditions").Doc("clientApplications") != nil {
			control = GrantNoWorkload
		}
	}
	return id, control
}
