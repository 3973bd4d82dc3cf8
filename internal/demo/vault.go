package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"
)

// consumer is what the Key Vault guide's configuration tells the product: nothing of it is secret.
type consumer struct {
	TenantID  string `json:"tenant_id"`
	ClientID  string `json:"client_id"`
	SecretURI string `json:"secret_uri"`
}

// handOver applies the Key Vault guide: the secret reaches the product by way of a vault, and is nowhere else.
func handOver(ctx context.Context, s *stage, e *emulator) error {
	w, err := s.newWorkspace(filepath.Join("examples", "guides", "key-vault"), e, "vault_uri="+e.VaultURI)
	if err != nil {
		return err
	}
	s.title("With Key Vault the secret is in no plan and in no state: the product reads it from the vault")
	for _, args := range [][]string{{"init", "-input=false", "-plugin-dir=" + s.mirror()}, {"apply", "-input=false", "-auto-approve"}} {
		if err := w.show(ctx, args...); err != nil {
			return err
		}
	}
	var c consumer
	text, err := w.run(ctx, "output", "-json", "consumer")
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, &c); err != nil {
		return fmt.Errorf("reading the output consumer: %w", err)
	}
	if err := e.letRead(ctx); err != nil {
		return fmt.Errorf("giving the product access to the vault: %w", err)
	}
	value, err := e.read(ctx, c.SecretURI)
	if err != nil {
		return fmt.Errorf("reading %s: %w", c.SecretURI, err)
	}
	state, err := w.run(ctx, "state", "pull")
	if err != nil {
		return err
	}
	if bytes.Contains(state, []byte(value)) {
		return errors.New("the state holds the secret's value")
	}
	s.say("  the product was told %s and read the secret there; the state doesn't hold it", c.SecretURI)
	p := product{emulator: e, handed: handedOver{ClientID: c.ClientID, TenantID: c.TenantID}}
	if _, err := p.accepted(ctx, value); err != nil {
		return fmt.Errorf("signing in with the vault's secret: %w", err)
	}
	s.say("  the secret is accepted")
	return w.show(ctx, "destroy", "-input=false", "-auto-approve")
}

// letRead lets the automation application, which plays the product here, read what the vault holds.
func (e *emulator) letRead(ctx context.Context) error {
	var access struct {
		RBAC    bool                `json:"rbac"`
		Secrets map[string][]string `json:"secrets"`
	}
	if err := e.control(ctx, http.MethodGet, "/vault/access", nil, &access); err != nil {
		return err
	}
	for id, permissions := range access.Secrets {
		access.Secrets[id] = append(permissions, "get")
	}
	return e.control(ctx, http.MethodPut, "/vault/access", access, &struct{}{})
}

// control uses one of the emulator's test controls.
func (e *emulator) control(ctx context.Context, method, path string, body, into any) (err error) {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, method, e.ControlURL+path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	resp, err := e.client.Do(req)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %s", method, path, resp.Status)
	}
	return json.NewDecoder(resp.Body).Decode(into)
}

// read gets the newest value of a secret, through Microsoft's own client library.
func (e *emulator) read(ctx context.Context, uri string) (string, error) {
	p := product{emulator: e}
	cred, err := azidentity.NewClientSecretCredential(e.TenantID, e.ClientID, e.ClientSecret,
		&azidentity.ClientSecretCredentialOptions{ClientOptions: p.options(), DisableInstanceDiscovery: true})
	if err != nil {
		return "", err
	}
	// The challenge names vault.azure.net, which no address on loopback is part of.
	secrets, err := azsecrets.NewClient(e.VaultURI, cred, &azsecrets.ClientOptions{
		ClientOptions: azcore.ClientOptions{Transport: e.client}, DisableChallengeResourceVerification: true})
	if err != nil {
		return "", err
	}
	id := azsecrets.ID(uri)
	got, err := secrets.GetSecret(ctx, id.Name(), id.Version(), nil)
	if err != nil {
		return "", err
	}
	return *got.Value, nil
}
