package provider

import (
	"context"
	"encoding/base64"
	"fmt"
	"regexp"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

var guidForm = regexp.MustCompile(`^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$`)

// isGUID judges the form that Graph writes: 32 hexadecimal digits with dashes.
func isGUID(s string) bool { return guidForm.MatchString(s) }

// importForm is what a resource's import id may look like, for the error that says so.
type importForm struct{ noun, resource, forms string }

// refuse reports an id of the wrong form together with the right ones.
func (f importForm) refuse(diags *diag.Diagnostics, id string) {
	diags.AddError(fmt.Sprintf("Unable to import %s %q", f.noun, id),
		fmt.Sprintf("An import id of %s is %s, where each <…> is a GUID unless it says otherwise.", f.resource, f.forms))
}

// pair splits "<application id>/<second id>"; both are GUIDs, and come back in lower case.
func (f importForm) pair(diags *diag.Diagnostics, id string) (first, second string, ok bool) {
	first, second, _ = strings.Cut(strings.TrimSpace(id), "/")
	if !isGUID(first) || !isGUID(second) {
		f.refuse(diags, id)
		return "", "", false
	}
	return strings.ToLower(first), strings.ToLower(second), true
}

// importPair imports what is named by its application and by one id in it, which the attribute second holds: from an import
// id, or from an identity. It reports whether it could.
func (b *base) importPair(ctx context.Context, form importForm, second string, req resource.ImportStateRequest, resp *resource.ImportStateResponse) bool {
	if !b.require("import "+form.noun, &resp.Diagnostics) {
		return false
	}
	const application = "application_id"
	id := req.ID
	if id == "" {
		var applicationID, secondID types.String
		resp.Diagnostics.Append(req.Identity.GetAttribute(ctx, path.Root(application), &applicationID)...)
		resp.Diagnostics.Append(req.Identity.GetAttribute(ctx, path.Root(second), &secondID)...)
		id = applicationID.ValueString() + "/" + secondID.ValueString()
	}
	applicationID, secondID, ok := form.pair(&resp.Diagnostics, id)
	if !ok {
		return false
	}
	for name, value := range map[string]string{application: applicationID, second: secondID} {
		resp.Diagnostics.Append(resp.Identity.SetAttribute(ctx, path.Root(name), value)...)
		resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root(name), value)...)
	}
	return true
}

// single judges one GUID.
func (f importForm) single(diags *diag.Diagnostics, id string) (string, bool) {
	id = strings.TrimSpace(id)
	if !isGUID(id) {
		f.refuse(diags, id)
		return "", false
	}
	return strings.ToLower(id), true
}

// isGrantID judges the form of a delegated grant's id: two or three GUIDs in base64url without padding.
func isGrantID(s string) bool {
	raw, err := base64.RawURLEncoding.DecodeString(s)
	return err == nil && (len(raw) == 32 || len(raw) == 48)
}
