package provider

import (
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/appreg/terraform-provider-appreg/internal/directory"
)

// secretModel is a client secret as the data sources list it: without its value, which Graph never shows again.
type secretModel struct {
	KeyID       types.String `tfsdk:"key_id"`
	DisplayName types.String `tfsdk:"display_name"`
	Hint        types.String `tfsdk:"hint"`
	StartDate   types.String `tfsdk:"start_date"`
	EndDate     types.String `tfsdk:"end_date"`
}

// certificateModel is the public part of a certificate.
type certificateModel struct {
	KeyID       types.String `tfsdk:"key_id"`
	DisplayName types.String `tfsdk:"display_name"`
	Thumbprint  types.String `tfsdk:"thumbprint"`
	StartDate   types.String `tfsdk:"start_date"`
	EndDate     types.String `tfsdk:"end_date"`
}

func secretModels(secrets []directory.Secret) []secretModel {
	out := make([]secretModel, len(secrets))
	for i, s := range secrets {
		out[i] = secretModel{KeyID: text(s.KeyID), DisplayName: text(s.DisplayName), Hint: text(s.Hint), StartDate: instant(s.Start), EndDate: instant(s.End)}
	}
	// Graph promises no order; this one changes only when the credentials do.
	slices.SortFunc(out, func(a, b secretModel) int {
		return strings.Compare(a.EndDate.ValueString()+a.KeyID.ValueString(), b.EndDate.ValueString()+b.KeyID.ValueString())
	})
	return out
}

func certificateModels(certificates []directory.Certificate) []certificateModel {
	out := make([]certificateModel, len(certificates))
	for i, c := range certificates {
		out[i] = certificateModel{KeyID: text(c.KeyID), DisplayName: text(c.DisplayName), Thumbprint: text(c.Thumbprint), StartDate: instant(c.Start), EndDate: instant(c.End)}
	}
	slices.SortFunc(out, func(a, b certificateModel) int {
		return strings.Compare(a.EndDate.ValueString()+a.KeyID.ValueString(), b.EndDate.ValueString()+b.KeyID.ValueString())
	})
	return out
}

func secretsAttribute() schema.Attribute {
	return schema.ListNestedAttribute{
		Computed: true, MarkdownDescription: "Its client secrets, without their values.",
		NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
			"key_id":       result("The key id."),
			"display_name": result("The description."),
			"hint":         result("The first characters of the value."),
			"start_date":   result("From when it is valid (RFC 3339, UTC)."),
			"end_date":     result("When it expires (RFC 3339, UTC)."),
		}},
	}
}

func certificatesAttribute() schema.Attribute {
	return schema.ListNestedAttribute{
		Computed: true, MarkdownDescription: "Its certificates.",
		NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
			"key_id":       result("The key id."),
			"display_name": result("The description."),
			"thumbprint":   result("The thumbprint."),
			"start_date":   result("From when it is valid (RFC 3339, UTC)."),
			"end_date":     result("When it expires (RFC 3339, UTC)."),
		}},
	}
}
