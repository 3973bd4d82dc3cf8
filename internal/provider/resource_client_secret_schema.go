package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64default"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/objectplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// Schema implements resource.Resource.
func (r *clientSecretResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "A client secret of an application: what **New client secret** makes in the portal.\n\n" +
			"It is rotated in place, with an overlap. A rotation makes a new secret, and whatever refers to `value` or `generation` follows in the same apply; the secret before it " +
			"stays valid for `overlap_days` and is shown as `previous`. The first apply after that removes it. " +
			"A rotation is planned when the secret has expired, `renew_before_days` before that, when `rotation_triggers` change, when `display_name`, `end_date` or `key_vault` change, and when its version in the key vault is not as Terraform has left it. " +
			"The plan says why, and what becomes of the old secret. Between a plan and its apply the decision stays as it was, however much time passes.\n\n" +
			"The value is shown once and kept in the state, so protect the state; or let `key_vault` have it, and the state never sees it (see the [guide](../guides/key-vault)). A destroy that revokes the secret disables its version in the vault and deletes nothing there. `terraform apply -replace` and `terraform taint` revoke the old secret in the same apply, without an overlap. " +
			"An application for personal accounts can hold two secrets at a time, which is enough for one overlap; a rotation that would need a third is an error at plan.",
		Attributes: map[string]schema.Attribute{
			"application_id": schema.StringAttribute{
				Required: true, MarkdownDescription: "The object id of the application. Another one makes a new resource, and the old secrets are revoked.",
				Validators:    []validator.String{guid("the application's object id (its attribute id)")},
				PlanModifiers: []planmodifier.String{replaceIfOtherGUID()},
			},
			"display_name": schema.StringAttribute{
				Optional: true, MarkdownDescription: "The description by which people tell secrets apart. Microsoft Graph can't rename a secret, so a change rotates it.",
				Validators: []validator.String{filled()},
			},
			"validity_days": schema.Int64Attribute{
				Optional: true, Computed: true,
				MarkdownDescription: "How many days a new secret is valid. The default is 180, which the portal recommends; it offers 730 at most. A change has no effect on a secret that exists. Not together with `end_date`.",
				Validators:          []validator.Int64{int64validator.Between(1, longestValidityDays)},
			},
			"end_date": schema.StringAttribute{
				Optional: true, Computed: true,
				MarkdownDescription: "When the secret expires (RFC 3339, such as `2027-06-30T00:00:00Z`), instead of `validity_days`. Another instant rotates the secret. One that has expired is rotated, unless this argument still names the past.",
				Validators:          []validator.String{timestamp()},
				PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
			"renew_before_days": schema.Int64Attribute{
				Optional: true,
				MarkdownDescription: "How many days before its end the secret is to be rotated: the first plan from then on proposes it. It must be less than `validity_days`, and can't stand together with `end_date`, which would be the new secret's end, too. " +
					"Without it a rotation is proposed once the secret has expired. A change has an effect from the plan after it on.",
				Validators: []validator.Int64{int64validator.Between(1, longestValidityDays)},
			},
			"rotation_triggers": schema.MapAttribute{
				Optional: true, ElementType: types.StringType,
				MarkdownDescription: "Any texts; when one of them changes, is added or removed, the secret is rotated. The first ones given to a secret that had none, such as an imported one, don't rotate it.",
			},
			"overlap_days": schema.Int64Attribute{
				Optional: true, Computed: true, Default: int64default.StaticInt64(defaultOverlapDays),
				MarkdownDescription: "How many days after a rotation the previous secret stays valid; the default is 7. The first apply after that removes it, and with 0 that is the next one: the apply that rotates never removes a secret that is valid, because its consumers are updated later in it. " +
					"A rotation in that time removes the older of the two. A change counts from the next rotation on.",
				Validators: []validator.Int64{int64validator.Between(0, longestValidityDays)},
			},
			"revoke_on_destroy": schema.BoolAttribute{
				Optional: true, Computed: true, Default: booldefault.StaticBool(true),
				MarkdownDescription: "Whether a destroy or a replacement revokes the secret, and the previous one with it. The default is true; with false they stay valid until they expire, and nobody manages them. Changed in place.",
			},
			"key_vault":  keyVaultAttribute(),
			"key_id":     schema.StringAttribute{Computed: true, MarkdownDescription: "The key id of the secret.", PlanModifiers: keep()},
			"hint":       schema.StringAttribute{Computed: true, MarkdownDescription: "The first characters of the value, which the portal shows, too.", PlanModifiers: keep()},
			"start_date": schema.StringAttribute{Computed: true, MarkdownDescription: "From when the secret is valid (RFC 3339, UTC).", PlanModifiers: keep()},
			"value": schema.StringAttribute{
				Computed: true, Sensitive: true, PlanModifiers: keep(),
				MarkdownDescription: "The secret itself; null after an import, until the first rotation, and always null with `key_vault`.",
			},
			"generation": schema.Int64Attribute{
				Computed: true, PlanModifiers: []planmodifier.Int64{int64planmodifier.UseStateForUnknown()},
				MarkdownDescription: "The start of validity in Unix seconds: a number that grows with every new secret, for the version argument of a consumer's write-only argument.",
			},
			"key_vault_secret_id": schema.StringAttribute{
				Computed: true, PlanModifiers: keep(),
				MarkdownDescription: "The address of the version in the key vault, `https://<vault>/secrets/<name>/<version>`; null without `key_vault`.",
			},
			"key_vault_secret_versionless_id": schema.StringAttribute{
				Computed: true, PlanModifiers: keep(),
				MarkdownDescription: "The same without the version: what consumers refer to that are to follow rotations. It changes with `key_vault` alone.",
			},
			"previous": previousAttribute(),
			"timeouts": timeoutsAttribute(ctx),
		},
	}
}

// previousSecret is the secret that a rotation has superseded and that is still valid.
type previousSecret struct {
	KeyID       types.String `tfsdk:"key_id"`
	EndDate     types.String `tfsdk:"end_date"`
	RemoveAfter types.String `tfsdk:"remove_after"`
}

func previousTypes() map[string]attr.Type {
	return map[string]attr.Type{"key_id": types.StringType, "end_date": types.StringType, "remove_after": types.StringType}
}

func previousAttribute() schema.Attribute {
	return schema.SingleNestedAttribute{
		Computed: true, PlanModifiers: []planmodifier.Object{objectplanmodifier.UseStateForUnknown()},
		MarkdownDescription: "The secret before the last rotation, while it is valid; null when there is none. The first apply after `remove_after` removes it.",
		Attributes: map[string]schema.Attribute{
			"key_id":       schema.StringAttribute{Computed: true, MarkdownDescription: "Its key id."},
			"end_date":     schema.StringAttribute{Computed: true, MarkdownDescription: "When it expires (RFC 3339, UTC)."},
			"remove_after": schema.StringAttribute{Computed: true, MarkdownDescription: "When its overlap ends (RFC 3339, UTC): `overlap_days` after the rotation, or its own end if that comes first."},
		},
	}
}
