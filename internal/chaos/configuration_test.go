package chaos_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"sync"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/keyvault"
)

// vaultURI is the vault that some secrets go to. The host names it, in process.
const vaultURI = "https://" + keyvault.MainVault + keyvault.HostSuffix + "/"

// span is the applications of a configuration: n of them, by the numbers that follow from first. Four in a row are of four
// kinds.
type span struct{ first, n int }

func (s span) last() int { return s.first + s.n - 1 }

// configuration is some applications with everything that may hang on one, and service principals of other tenants'
// applications. They differ in what makes a create hard: with and without unique_name and adopt_existing, owners, both
// APIs, consent for everybody and for one user, replacement of secrets in either order.
func (w *world) configuration(s span) []*block {
	config := []*block{
		{address: "appreg_service_principal.partner", kind: "appreg_service_principal", values: map[string]any{"client_id": w.partner}},
		{address: "appreg_service_principal.adopted", kind: "appreg_service_principal",
			values: map[string]any{"client_id": w.adopted, "adopt_existing": true, "notes": "Reports of the partner."}},
		{address: "appreg_admin_consent.partner", kind: "appreg_admin_consent",
			values: map[string]any{"service_principal_id": ref{"appreg_service_principal.partner", "id"}, "scopes": []string{"User.Read", "offline_access"}}},
	}
	for i := s.first; i <= s.last(); i++ {
		config = append(config, w.application(i)...)
	}
	return config
}

func (w *world) application(i int) []*block {
	name := func(kind string) string { return fmt.Sprintf("%s.app%d", kind, i) }
	app, sp := name("appreg_application"), name("appreg_service_principal")
	values := map[string]any{"display_name": fmt.Sprintf("Application %d", i), "description": "Reads a mailbox.", "tags": []string{"team", fmt.Sprintf("no-%d", i)},
		"redirect_uris": map[string]any{"web": []string{fmt.Sprintf("https://app%d.example.com/callback", i)}, "public_client": []string{"http://localhost"}}}
	switch i % 4 {
	case 1:
		values["unique_name"], values["adopt_existing"] = fmt.Sprintf("app-%d", i), true
	case 2:
		values["sign_in_audience"] = "AzureADandPersonalMicrosoftAccount"
	case 3:
		values["unique_name"], values["owners"] = fmt.Sprintf("app-%d", i), w.users[:2]
	default:
		values["owners"], values["prevent_duplicate_names"] = w.users[:1], true
	}
	id := ref{app, "id"}
	consent := map[string]any{"service_principal_id": ref{sp, "id"}, "scopes": []string{"User.Read", "Mail.ReadWrite"}}
	if i%3 == 0 {
		consent["principal_id"] = w.users[0]
	}
	secret := map[string]any{"application_id": id, "display_name": "terraform", "validity_days": 90}
	if i%3 == 1 {
		secret["key_vault"] = map[string]any{"vault_uri": vaultURI, "name": fmt.Sprintf("app%d", i)}
	}
	return []*block{
		{address: app, kind: "appreg_application", values: values},
		{address: name("appreg_client_secret"), kind: "appreg_client_secret", createBeforeDestroy: i%2 == 0, values: secret},
		{address: name("appreg_public_client"), kind: "appreg_public_client", values: map[string]any{"application_id": id}},
		{address: name("appreg_delegated_permissions"), kind: "appreg_delegated_permissions",
			values: map[string]any{"application_id": id, "scopes": []string{"User.Read", "Mail.ReadWrite"}}},
		{address: name("appreg_delegated_permissions") + "_exchange", kind: "appreg_delegated_permissions",
			values: map[string]any{"application_id": id, "api": "Office 365 Exchange Online", "scopes": []string{"IMAP.AccessAsUser.All", "SMTP.Send"}}},
		{address: sp, kind: "appreg_service_principal",
			values: map[string]any{"client_id": ref{app, "client_id"}, "adopt_existing": i%4 == 1, "tags": []string{"WindowsAzureActiveDirectoryIntegratedApp"}}},
		{address: name("appreg_admin_consent"), kind: "appreg_admin_consent", values: consent},
		{address: name("appreg_certificate"), kind: "appreg_certificate", values: map[string]any{"application_id": id, "certificate": certificate()}},
		{address: name("appreg_federated_credential"), kind: "appreg_federated_credential", values: map[string]any{"application_id": id, "name": "pipeline",
			"issuer": "https://token.actions.githubusercontent.com", "subject": "repo:bergsee/mail:ref:refs/heads/main"}},
	}
}

// certificate is the public part of a key that nobody has. Making it takes a while, so that all tests share it.
var certificate = sync.OnceValue(func() string {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "pipeline"},
		NotBefore: time.Date(1999, 12, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2009, 12, 1, 0, 0, 0, 0, time.UTC)} // around the time in a bubble
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
})

// with is a copy of a configuration in which some blocks have other values; nil takes a value away.
func with(config []*block, changes map[string]map[string]any) []*block {
	var out []*block
	for _, b := range config {
		changed := *b
		changed.values = maps.Clone(b.values)
		for name, v := range changes[b.address] {
			if changed.values[name] = v; v == nil {
				delete(changed.values, name)
			}
		}
		out = append(out, &changed)
	}
	return out
}

// without is a configuration that lacks some blocks.
func without(config []*block, addresses ...string) []*block {
	return slices.DeleteFunc(slices.Clone(config), func(b *block) bool { return slices.Contains(addresses, b.address) })
}

// changed is a configuration after many edits: every kind of resource in place, secrets replaced in both
// orders, a block gone.
func changed(config []*block, s span) []*block {
	edits := map[string]map[string]any{
		"appreg_service_principal.adopted": {"notes": "Reports of the partner, since May."},
		"appreg_admin_consent.partner":     {"scopes": []string{"User.Read", "Mail.Read"}},
	}
	for i := s.first; i <= s.last(); i++ {
		at := func(kind string) string { return fmt.Sprintf("%s.app%d", kind, i) }
		edits[at("appreg_application")] = map[string]any{"description": nil, "notes": "Owned by the mail team.", "tags": []string{"team"},
			"redirect_uris": map[string]any{"web": []string{fmt.Sprintf("https://app%d.example.com/callback", i), fmt.Sprintf("https://app%d.example.com/again", i)}}}
		edits[at("appreg_client_secret")] = map[string]any{"display_name": "renamed"}
		edits[at("appreg_public_client")] = map[string]any{"enabled": i%2 == 0}
		edits[at("appreg_delegated_permissions")] = map[string]any{"scopes": []string{"Mail.ReadWrite", "Mail.Send", "User.Read"}}
		edits[at("appreg_delegated_permissions")+"_exchange"] = map[string]any{"scopes": []string{"SMTP.Send"}}
		edits[at("appreg_service_principal")] = map[string]any{"account_enabled": i%2 == 1, "notes": "By Terraform.", "tags": nil}
		edits[at("appreg_federated_credential")] = map[string]any{"subject": "repo:bergsee/mail:environment:production"}
		edits[at("appreg_admin_consent")] = map[string]any{"scopes": []string{"User.Read"}}
	}
	return without(with(config, edits), fmt.Sprintf("appreg_public_client.app%d", s.last()))
}
