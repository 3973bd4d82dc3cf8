package provider

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// identityOf is an identity schema of required texts: name to description.
func identityOf(attributes map[string]string) identityschema.Schema {
	schema := identityschema.Schema{Attributes: map[string]identityschema.Attribute{}}
	for name, description := range attributes {
		schema.Attributes[name] = identityschema.StringAttribute{RequiredForImport: true, Description: description}
	}
	return schema
}

// tenantIdentitySchema is the identity of what has an object id of its own.
func tenantIdentitySchema(noun string) identityschema.Schema {
	return identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		"tenant_id": identityschema.StringAttribute{OptionalForImport: true, Description: "The tenant's GUID; the provider's own tenant when left out."},
		"id":        identityschema.StringAttribute{RequiredForImport: true, Description: "The object id of the " + noun + "."},
	}}
}

// canonical writes a GUID as Graph does: an identity must not change with the configuration's spelling.
func canonical(id types.String) types.String { return text(strings.ToLower(id.ValueString())) }

// identityID reads the object id of an import by identity, and refuses one that names another tenant.
func identityID(ctx context.Context, identity *tfsdk.ResourceIdentity, tenantID string, form importForm, diags *diag.Diagnostics) (string, bool) {
	var id tenantIdentity
	diags.Append(identity.Get(ctx, &id)...)
	if diags.HasError() {
		return "", false
	}
	if t := id.TenantID.ValueString(); t != "" && !strings.EqualFold(t, tenantID) {
		diags.AddError("Unable to import "+form.noun+" of another tenant",
			"The import block names the tenant "+t+", and the provider works in "+tenantID+".")
		return "", false
	}
	return form.single(diags, id.ID.ValueString())
}
