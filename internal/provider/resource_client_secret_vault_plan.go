package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/appreg/terraform-provider-appreg/internal/transport"
	"github.com/appreg/terraform-provider-appreg/internal/vault"
)

func keyVaultAttribute() schema.Attribute {
	return schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: "The key vault that gets the value, instead of the state: each new secret becomes a new version there, with its expiry, and `value` is null in plan, state and log. " +
			"The identity that Terraform runs as needs the secret permissions Set and List in that vault (the role Key Vault Secrets Officer), and never reads a value. When the vault refuses, the new secret is taken back and the old one stays in use. " +
			"A version that was removed, disabled, altered or superseded by hand makes the next plan propose a rotation. Adding this argument, also to an imported secret, removing it, or naming another vault or name rotates the secret.",
		Attributes: map[string]schema.Attribute{
			"vault_uri": schema.StringAttribute{
				Required: true, Validators: []validator.String{vaultAddress()},
				MarkdownDescription: "The vault's address, as Azure shows it: `https://<name>.vault.azure.net/`, and `vault.usgovcloudapi.net` or `vault.azure.cn` in those clouds. It must be a vault of the provider's `environment`; the sovereign clouds `bleu`, `delos` and `govsg` have none that is known.",
			},
			"name": schema.StringAttribute{
				Required: true, Validators: []validator.String{vaultSecretName()},
				MarkdownDescription: "The secret's name in the vault: 1 to 127 letters, digits and hyphens. Give each client secret a name of its own.",
			},
		},
	}
}

func vaultAddress() validator.String {
	return check{"must be the address of a key vault", func(s string) string {
		if _, err := transport.ParseOrigin(s); err == nil {
			return ""
		}
		return fmt.Sprintf("%q is not the address of a key vault, such as https://contoso.vault.azure.net/.", s)
	}}
}

func vaultSecretName() validator.String {
	return check{"1 to 127 letters, digits and hyphens", func(s string) string {
		if vault.ValidName(s) {
			return ""
		}
		return fmt.Sprintf("%q can't be the name of a secret in a key vault: write 1 to 127 letters, digits and hyphens.", s)
	}}
}

// delivered are the attributes that say where the value of a new secret is: what goes to a vault is null already in the
// plan, and what does not is in none.
func (m *clientSecretModel) delivered() map[string]attr.Value {
	value, id := types.StringUnknown(), types.StringUnknown()
	switch {
	case m.KeyVault.IsNull():
		id = types.StringNull()
	case !m.KeyVault.IsUnknown():
		value = types.StringNull()
	}
	return map[string]attr.Value{"value": value, "key_vault_secret_id": id, "key_vault_secret_versionless_id": id}
}

// planDelivery says in the plan where the value of a new secret will be; state is that of the secret before it, nil for
// the first one. While the place stays, so does its address, and consumers that are configured with it don't change.
func planDelivery(ctx context.Context, plan, state *clientSecretModel, resp *resource.ModifyPlanResponse) {
	values := plan.delivered()
	if kv := plan.keyVault(ctx); kv != nil && state != nil && kv.same(state.keyVault(ctx)) && !state.KeyVaultSecretVersionlessID.IsNull() {
		values["key_vault_secret_versionless_id"] = state.KeyVaultSecretVersionlessID
	}
	for name, value := range values {
		resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root(name), value)...)
	}
}

// checkVault judges the vault that a new secret is to go to, as far as that needs nobody's answer.
func (r *clientSecretResource) checkVault(ctx context.Context, plan *clientSecretModel, diags *diag.Diagnostics) {
	kv := plan.keyVault(ctx)
	if kv == nil || kv.URI.IsUnknown() || !r.online() {
		return
	}
	if err := r.vaults.Check(kv.URI.ValueString()); err != nil {
		plan.action("hand over").failedAt(diags, path.Root("key_vault").AtName("vault_uri"), err)
	}
}

// vaultReason says why another place for the value needs a new secret: nobody knows the value of the present one.
func vaultReason(ctx context.Context, plan, state *clientSecretModel) []reason {
	after, before := plan.keyVault(ctx), state.keyVault(ctx)
	switch {
	case plan.KeyVault.IsUnknown(), after != nil && (after.URI.IsUnknown() || after.Name.IsUnknown()):
		return []reason{{"key_vault is known during the apply only, and another vault needs a new secret.", false}}
	case after.same(before):
		return nil
	case before == nil:
		return []reason{{"key_vault is added, and what goes to a vault is a new secret, whose value was never anywhere else.", true}}
	case after == nil:
		return []reason{{"key_vault is removed, and the value of the present secret can't be had for the state.", true}}
	default:
		return []reason{{"key_vault changes, and the value of the present secret can't be had for the other vault.", true}}
	}
}

// destination says where the new value goes, "" for the state.
func (p rotationPlan) destination(ctx context.Context) string {
	kv := p.plan.keyVault(ctx)
	if kv == nil || kv.URI.IsUnknown() || kv.Name.IsUnknown() {
		return ""
	}
	return fmt.Sprintf("The new value becomes a new version of the secret %q in the key vault %s.", kv.Name.ValueString(), kv.URI.ValueString())
}

// abandoned says what becomes of the place in a vault that gets no value any more, "" when there is none.
func (p rotationPlan) abandoned(ctx context.Context) string {
	before, after := p.state.keyVault(ctx), p.plan.keyVault(ctx)
	if before == nil || after.same(before) || p.destination(ctx) == "" && !p.plan.KeyVault.IsNull() {
		return ""
	}
	return fmt.Sprintf("The secret %q in the key vault %s keeps the present value and gets no new one. Point its consumers elsewhere before the present secret is removed.", before.Name.ValueString(), before.URI.ValueString())
}
