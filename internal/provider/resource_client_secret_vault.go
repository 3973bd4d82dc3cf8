package provider

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/appreg/terraform-provider-appreg/internal/directory"
	"github.com/appreg/terraform-provider-appreg/internal/transport"
	"github.com/appreg/terraform-provider-appreg/internal/vault"
)

// takeBackTimeout is how long a secret may take to be taken back, whatever became of the operation.
const takeBackTimeout = 15 * time.Second

// keyVault is where the value of a secret goes instead of the state.
type keyVault struct {
	URI  types.String `tfsdk:"vault_uri"`
	Name types.String `tfsdk:"name"`
}

// keyVault is the configured vault, nil when there is none or it is not known yet.
func (m *clientSecretModel) keyVault(ctx context.Context) *keyVault {
	if m.KeyVault.IsNull() || m.KeyVault.IsUnknown() {
		return nil
	}
	var kv keyVault
	if m.KeyVault.As(ctx, &kv, basetypes.ObjectAsOptions{}).HasError() {
		return nil
	}
	return &kv
}

// same tells whether both are the same place, however it is spelled. Names in a vault know no upper and lower case.
func (kv *keyVault) same(other *keyVault) bool {
	if kv == nil || other == nil {
		return kv == other
	}
	return transport.SameOrigin(kv.URI.ValueString(), other.URI.ValueString()) && strings.EqualFold(kv.Name.ValueString(), other.Name.ValueString())
}

// deliver puts the value of a secret that was just made where the configuration wants it: into the state, or into a key
// vault as a new version. There it goes once the directory shows the secret, because consumers take it from there at once.
// A secret whose value could not be delivered is taken back, and the error is a *deliveryError.
func (r *clientSecretResource) deliver(ctx context.Context, m *clientSecretModel, made *directory.Secret, do action, diags *diag.Diagnostics) error {
	planned := m.KeyVaultSecretVersionlessID
	m.Value, m.KeyVaultSecretID, m.KeyVaultSecretVersionlessID = types.StringNull(), types.StringNull(), types.StringNull()
	kv := m.keyVault(ctx)
	if kv == nil {
		m.Value = text(made.Value.Reveal())
		return nil
	}
	_, settled := r.client.SettleSecret(ctx, m.ApplicationID.ValueString(), made.KeyID)
	client, err := r.vaults.At(kv.URI.ValueString())
	var written *vault.Version
	if err == nil {
		written, err = client.Write(ctx, vault.Secret{Name: kv.Name.ValueString(), ApplicationID: m.ApplicationID.ValueString(),
			KeyID: made.KeyID, Value: made.Value, Start: made.Start, End: made.End})
	}
	if err != nil {
		return r.takeBack(ctx, m, made.KeyID, err)
	}
	m.inVault(written)
	if !planned.IsNull() && !planned.IsUnknown() { // the same address, however the vault spells it now
		m.KeyVaultSecretVersionlessID = planned
	}
	do.failed(diags, settled, true)
	return nil
}

func (m *clientSecretModel) inVault(v *vault.Version) {
	m.KeyVaultSecretID, m.KeyVaultSecretVersionlessID = text(v.ID), text(v.Versionless())
}

// deliveryError says that a secret was made whose value could not be delivered.
type deliveryError struct {
	keyID string // of the secret
	err   error  // why not
	// left says that the secret is still there: because the value may be in the vault all the same, or because taking it
	// back failed.
	left    bool
	backErr error // why taking it back failed, nil when that was not tried
}

// Error implements error.
func (e *deliveryError) Error() string { return e.err.Error() }

// Unwrap gives why the value was not delivered.
func (e *deliveryError) Unwrap() error { return e.err }

// takeBack removes a secret that nobody knows. One whose value may be in the vault stays: it is for the next refresh to
// find out, which can then look.
func (r *clientSecretResource) takeBack(ctx context.Context, m *clientSecretModel, keyID string, cause error) error {
	e := &deliveryError{keyID: keyID, err: cause, left: vault.KindOf(cause) == vault.KindAmbiguous}
	if e.left {
		return e
	}
	back, cancel := context.WithTimeout(context.WithoutCancel(ctx), takeBackTimeout)
	defer cancel()
	e.backErr = r.client.RemoveSecret(back, m.ApplicationID.ValueString(), keyID)
	e.left = e.backErr != nil
	return e
}

// leftBehind is the key id of a secret that an error of issue leaves in the application, "" when it leaves none.
func leftBehind(err error) string {
	var e *deliveryError
	if errors.As(err, &e) && e.left {
		return e.keyID
	}
	return ""
}

// vaultDrift is what became of a version in the vault behind Terraform's back.
type vaultDrift string

const (
	driftGone       vaultDrift = "gone"
	driftDisabled   vaultDrift = "disabled"
	driftAltered    vaultDrift = "altered"
	driftSuperseded vaultDrift = "superseded"
)

// text says it in a sentence.
func (d vaultDrift) text() string {
	switch d {
	case driftGone:
		return "Its version is gone from the key vault. If the secret was deleted there and not purged, recover or purge it before the apply, because until then its name is taken."
	case driftDisabled:
		return "Its version in the key vault was disabled."
	case driftAltered:
		return "Its version in the key vault was altered: tags, dates or content type."
	default:
		return "The key vault holds a newer version that is not Terraform's, and consumers get that one."
	}
}

// refreshVault looks at the secret's versions in the vault, without their values. A secret that an earlier apply has made
// and handed over, but could not confirm, is adopted. A vault that can't be asked is a warning: it must not stand in the
// way of a plan or a destroy, and what is known stands.
func (r *clientSecretResource) refreshVault(ctx context.Context, state *clientSecretModel, app *directory.Application, private privateState, diags *diag.Diagnostics) vaultDrift {
	kv := state.keyVault(ctx)
	if kv == nil {
		return ""
	}
	client, err := r.vaults.At(kv.URI.ValueString())
	var versions []vault.Version
	if err == nil {
		versions, err = client.Versions(ctx, kv.Name.ValueString())
	}
	if err != nil {
		do := state.action("check the key vault's version of")
		diags.AddWarning(do.title(), paragraphs(do.detail(err), "Until it can be checked, the secret is taken to be in the vault as Terraform has put it there."))
		return verdictOn(ctx, private, state).Vault
	}
	r.adopt(ctx, state, app, versions, private, diags)
	return state.drift(versions)
}

// adopt takes over the newest version, where it holds a secret that a rotation has left because it could not tell whether
// its value was in the vault: consumers have it by now. The secret in state becomes the previous one.
func (r *clientSecretResource) adopt(ctx context.Context, state *clientSecretModel, app *directory.Application, versions []vault.Version, private privateState, diags *diag.Diagnostics) {
	left := leftovers(ctx, private)
	if len(versions) == 0 || !slices.Contains(left, versions[0].ClientKeyID) || !versions[0].Ours(app.ID, versions[0].ClientKeyID) {
		return
	}
	secret := secretOf(app, versions[0].ClientKeyID)
	if secret == nil {
		return
	}
	left = minus(left, []string{secret.KeyID})
	if older := state.previous(ctx); older != nil {
		left = append(left, older.KeyID.ValueString())
	}
	state.Previous = state.superseded(state.OverlapDays.ValueInt64(), r.now()).object()
	state.fromDirectory(secret)
	state.inVault(&versions[0])
	diags.Append(storeLeftovers(ctx, private, left)...)
}

// drift compares the version in state with what the vault shows, the newest first.
func (m *clientSecretModel) drift(versions []vault.Version) vaultDrift {
	i := slices.IndexFunc(versions, func(v vault.Version) bool {
		return v.Name() == (vault.Version{ID: m.KeyVaultSecretID.ValueString()}).Name()
	})
	if i < 0 || m.KeyVaultSecretID.ValueString() == "" {
		return driftGone
	}
	applicationID, keyID := m.ApplicationID.ValueString(), m.KeyID.ValueString()
	ours := versions[i]
	switch {
	case !ours.Enabled:
		return driftDisabled
	case !ours.Ours(applicationID, keyID), !ours.Expires.Equal(timeOf(m.EndDate)), !ours.NotBefore.Equal(timeOf(m.StartDate)), ours.ContentType != vault.ContentType:
		return driftAltered
	}
	for _, v := range versions {
		// Of two versions of one second nobody can tell which is the newer; one of this application was made by an earlier rotation.
		newer := v.Created.After(ours.Created) || v.Created.Equal(ours.Created) && !v.Ours(applicationID, v.ClientKeyID)
		if newer && !v.Ours(applicationID, keyID) {
			return driftSuperseded
		}
	}
	return ""
}

// disableInVault switches the version of a revoked secret off. It stays in the vault, because a deleted secret would keep
// its name. A vault that is gone is none of our business any more, and nothing here is an error: the secret is revoked.
func (r *clientSecretResource) disableInVault(ctx context.Context, state *clientSecretModel, diags *diag.Diagnostics) {
	kv, id := state.keyVault(ctx), state.KeyVaultSecretID.ValueString()
	if kv == nil || id == "" {
		return
	}
	client, err := r.vaults.At(kv.URI.ValueString())
	if err == nil {
		err = client.Disable(ctx, kv.Name.ValueString(), (vault.Version{ID: id}).Name())
	}
	switch vault.KindOf(err) {
	case vault.KindNotFound, vault.KindNoVault, vault.KindDeleted:
		return
	}
	if err != nil {
		do := state.action("disable the key vault's version of")
		diags.AddWarning(do.title(), paragraphs(do.detail(err), "The secret itself was revoked; its version in the vault holds a value that works no more."))
	}
}
