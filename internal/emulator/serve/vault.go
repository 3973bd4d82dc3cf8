package serve

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/keyvault"
)

// The controls of the vault that is served.

func (c control) vaultSecrets(*http.Request) (any, error) {
	return append([]keyvault.Secret{}, c.emulator.Vaults().Secrets()...), nil
}

// addVaultVersion makes a version as somebody else would.
func (c control) addVaultVersion(r *http.Request) (any, error) {
	var wanted struct {
		Value string            `json:"value"`
		Tags  map[string]string `json:"tags"`
	}
	if err := read(r, &wanted); err != nil {
		return nil, err
	}
	id, err := c.emulator.Vaults().Add(keyvault.MainVault, r.PathValue("name"), wanted.Value, wanted.Tags)
	return map[string]string{"version": id}, understood(err)
}

// changeVaultVersion changes what the body names. A version keeps its value.
func (c control) changeVaultVersion(r *http.Request) (any, error) {
	// All of the body is read first: the edit holds everybody else up.
	var wanted json.RawMessage
	if err := read(r, &wanted); err != nil {
		return nil, err
	}
	var changed keyvault.Version
	var failed error
	err := c.emulator.Vaults().Change(keyvault.MainVault, r.PathValue("name"), r.PathValue("version"), func(v *keyvault.Version) {
		before := *v
		before.Tags = maps.Clone(v.Tags) // The body's go into the map that is there.
		if failed = decode(bytes.NewReader(wanted), v); failed != nil || v.ID != before.ID || v.Value != before.Value || !v.Created.Equal(before.Created) {
			if failed == nil {
				failed = misuse("a version keeps its id, value and creation time")
			}
			*v = before
		}
		changed = *v
	})
	if err == nil {
		err = failed
	}
	return changed, err
}

func (c control) onVaultSecret(f func(vault, name string) error) func(*http.Request) (any, error) {
	return func(r *http.Request) (any, error) { return struct{}{}, f(keyvault.MainVault, r.PathValue("name")) }
}

func (c control) vaultAccess(*http.Request) (any, error) {
	return c.emulator.Vaults().Access(keyvault.MainVault), nil
}

func (c control) setVaultAccess(r *http.Request) (any, error) {
	var a keyvault.Access
	if err := read(r, &a); err != nil {
		return nil, err
	}
	return struct{}{}, understood(c.emulator.Vaults().SetAccess(keyvault.MainVault, a))
}
