package provider

import (
	"context"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// Another spelling of the same GUID or instant is a difference to Terraform, but none that is worth a new object.

// replaceIfOtherGUID replaces when a reference points to another object.
func replaceIfOtherGUID() planmodifier.String {
	const description = "Another one needs a new object."
	return stringplanmodifier.RequiresReplaceIf(func(_ context.Context, req planmodifier.StringRequest, resp *stringplanmodifier.RequiresReplaceIfFuncResponse) {
		resp.RequiresReplace = otherGUID(req.PlanValue, req.StateValue)
	}, description, description)
}

// otherGUID tells whether a reference is planned to point to another object. An unknown value counts as another: if it
// were planned as an update, the apply could not turn it into a replacement.
func otherGUID(plan, state types.String) bool {
	return plan.IsUnknown() || !strings.EqualFold(plan.ValueString(), state.ValueString())
}

func sameInstant(a, b string) bool {
	first, err1 := time.Parse(time.RFC3339, a)
	second, err2 := time.Parse(time.RFC3339, b)
	return err1 == nil && err2 == nil && first.Equal(second)
}

// kept is what an update leaves in the state of a text that the plan has shown: others may have changed it since, or this
// very apply, and the next refresh says so. Terraform takes a value that differs from the plan's for a bug.
func kept(planned, now types.String) types.String {
	if planned.IsUnknown() {
		return now
	}
	return planned
}

// keep is the usual modifier of a computed text that no update of its resource changes.
func keep() []planmodifier.String {
	return []planmodifier.String{stringplanmodifier.UseStateForUnknown()}
}

// spelled keeps the configuration's spelling of a GUID when it means the same as Graph's.
func spelled(prior types.String, value string) types.String {
	if strings.EqualFold(prior.ValueString(), value) {
		return prior
	}
	return text(value)
}
