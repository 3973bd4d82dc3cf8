terraform {
  required_version = ">= 1.8"

  required_providers {
    appreg = {
      source = "appreg/appreg"
    }
  }
}

provider "appreg" {
}

variable "vault_uri" {
  type        = string
  description = "The key vault's address, such as https://contoso.vault.azure.net/."
}

resource "appreg_application" "mail_import" {
  display_name = "Mail import"
}

resource "appreg_service_principal" "mail_import" {
  client_id = appreg_application.mail_import.client_id
}

resource "appreg_client_secret" "mail_import" {
  application_id    = appreg_application.mail_import.id
  display_name      = "mail import"
  validity_days     = 180
  renew_before_days = 30
  overlap_days      = 7

  key_vault = {
    vault_uri = var.vault_uri
    name      = "mail-import"
  }
}

# What the consumer is configured with. None of it is secret, and none of it changes with a rotation.
output "consumer" {
  value = {
    tenant_id  = appreg_application.mail_import.tenant_id
    client_id  = appreg_application.mail_import.client_id
    secret_uri = appreg_client_secret.mail_import.key_vault_secret_versionless_id
  }
}
