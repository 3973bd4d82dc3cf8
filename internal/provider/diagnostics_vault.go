package provider

import (
	"errors"
	"fmt"
	"strings"

	"github.com/appreg/terraform-provider-appreg/internal/credential"
	"github.com/appreg/terraform-provider-appreg/internal/vault"
)

// bothPermissions is the Azure role with which secrets can be written and listed.
const bothPermissions = "Key Vault Secrets Officer"

// detailOfVault is detail for what went wrong with a key vault; "" for everything else.
func (a action) detailOfVault(err error) string {
	var undelivered *deliveryError
	var refused *vault.Error
	switch {
	case errors.As(err, &undelivered):
		return a.deliveryDetail(undelivered)
	case errors.As(err, &refused):
		return vaultDetail(refused)
	}
	return ""
}

// vaultDetail tells why a vault did not do what was asked, and the next step.
func vaultDetail(e *vault.Error) string {
	var refused *credential.Error
	if errors.As(e, &refused) {
		return signInDetail(refused)
	}
	id := ""
	if e.RequestID != "" {
		id = "Key Vault's request-id, for its support: " + e.RequestID
	}
	return paragraphs(vaultCause(e), vaultNextStep(e), id)
}

func vaultCause(e *vault.Error) string {
	switch e.Kind {
	case vault.KindAddress:
		return sentence("It is not the address of a key vault: " + vaultSays(e))
	case vault.KindWrongCloud:
		return fmt.Sprintf("%s is not a key vault of the provider's cloud, whose vaults are at https://<name>.%s/.", e.Vault, e.Suffix)
	case vault.KindNoKeyVault:
		return "No Key Vault is known in the provider's cloud."
	case vault.KindNoVault:
		return fmt.Sprintf("There is no key vault at %s: the name of the host does not exist.", e.Vault)
	case vault.KindUnreachable:
		return sentence(fmt.Sprintf("The key vault %s could not be reached: %s", e.Vault, vaultSays(e)))
	case vault.KindUntrusted:
		return sentence(fmt.Sprintf("The TLS certificate of %s is not trusted: %s", e.Vault, vaultSays(e)))
	case vault.KindForeign:
		return sentence(fmt.Sprintf("What answers at %s is not a key vault of the provider's cloud, and got no token: %s", e.Vault, vaultSays(e)))
	case vault.KindSignIn:
		return sentence("No access token for Key Vault could be had: " + vaultSays(e))
	case vault.KindUnauthorized:
		return sentence(fmt.Sprintf("The key vault %s did not accept the access token: %s", e.Vault, vaultSays(e)))
	case vault.KindForbidden:
		return sentence(fmt.Sprintf("The key vault %s refused it, because a permission is missing: %s", e.Vault, vaultSays(e)))
	case vault.KindFirewall:
		return sentence(fmt.Sprintf("The firewall of the key vault %s lets nobody in from here: %s", e.Vault, vaultSays(e)))
	case vault.KindDeleted:
		return fmt.Sprintf("The key vault %s holds a deleted secret %q, which keeps the name until it is recovered or purged.", e.Vault, e.Name)
	case vault.KindThrottled:
		return sentence(fmt.Sprintf("The key vault %s throttled the requests for longer than this operation may take: %s", e.Vault, vaultSays(e)))
	case vault.KindAmbiguous:
		return sentence(fmt.Sprintf("The key vault %s may have taken the value, but its reply was lost, and looking for it failed: %s", e.Vault, vaultSays(e)))
	case vault.KindCanceled:
		return "The operation was cancelled, or its time ran out, before the key vault had the value."
	default:
		return sentence(fmt.Sprintf("The key vault %s refused the request: %s", e.Vault, vaultSays(e)))
	}
}

func vaultNextStep(e *vault.Error) string {
	switch e.Kind {
	case vault.KindAddress:
		return "Write it as Azure shows it, such as https://contoso.vault.azure.net/."
	case vault.KindWrongCloud:
		return "Check vault_uri, and the provider's environment (ARM_ENVIRONMENT)."
	case vault.KindNoKeyVault:
		return "Remove key_vault and protect the state, or let a certificate or a federated credential take the secret's place."
	case vault.KindNoVault:
		return "Check vault_uri. A vault with a private endpoint only is known inside its network alone."
	case vault.KindUnreachable:
		return "Check vault_uri, the network, the proxy settings, and the vault's private endpoints. Then apply again."
	case vault.KindUntrusted:
		return "If a proxy presents this certificate, put its root into a PEM file and name that in the provider's ca_file (APPREG_CA_FILE)."
	case vault.KindForeign:
		return "Check vault_uri, and the provider's environment and authority_host."
	case vault.KindUnauthorized:
		return "The vault must belong to the tenant that the provider signs in to: check tenant_id."
	case vault.KindForbidden:
		role := e.Role + " has both"
		if e.Role != bothPermissions {
			role = e.Role + " is the least that has it, and " + bothPermissions + " has both"
		}
		return fmt.Sprintf("The identity that Terraform runs as needs the secret permissions Set and List in the vault, and misses %s. Where the vault uses access policies, add it there; where it uses Azure roles, %s. Get is not needed. A new permission may take minutes to work.", e.Permission, role)
	case vault.KindFirewall:
		return "Allow this machine's address in the vault's networking settings, or run Terraform inside a network that may."
	case vault.KindDeleted:
		return "Recover it (az keyvault secret recover), so that it goes on with a new version; or purge it, or choose another name."
	case vault.KindConflict, vault.KindThrottled, vault.KindCanceled:
		return "Apply again."
	default:
		return ""
	}
}

// vaultSays quotes the vault's message and code, or else what went wrong on the way.
func vaultSays(e *vault.Error) string {
	// Refusals by role come in several lines.
	message := strings.TrimSpace(strings.ReplaceAll(e.Message, "\r\n", " "))
	switch {
	case message != "" && e.Code != "":
		return fmt.Sprintf("%s (%d %s)", strings.TrimSuffix(message, "."), e.Status, e.Code)
	case message != "" && e.Err != nil:
		return message + ": " + e.Err.Error()
	case message != "":
		return message
	case e.Err != nil:
		return e.Err.Error()
	case e.Code != "":
		return fmt.Sprintf("status %d %s", e.Status, e.Code)
	case e.Status != 0:
		return fmt.Sprintf("status %d", e.Status)
	}
	return "no further information"
}

// deliveryDetail says what became of a secret whose value could not be delivered.
func (a action) deliveryDetail(e *deliveryError) string {
	fate := fmt.Sprintf("The new secret, key id %s, was taken back: the application holds what it held before, and nobody is affected.", e.keyID)
	switch {
	case e.backErr != nil:
		fate = fmt.Sprintf("The new secret, key id %s, could not be taken back, and nobody knows its value. The next apply that changes a secret of this resource, or a destroy, removes it. Why: %s", e.keyID, sentence(e.backErr.Error()))
	case e.left:
		fate = fmt.Sprintf("The new secret, key id %s, was not taken back, because consumers may have it already. The old one stays valid, too. The next plan looks into the vault again.", e.keyID)
	}
	return paragraphs(a.detail(e.err), fate)
}
