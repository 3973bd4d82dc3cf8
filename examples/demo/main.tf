# The application of a mail-import product, as its integration guide has an administrator click it together:
# registration, client secret, public client flows, User.Read and Mail.ReadWrite, administrator consent.

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

variable "rotation" {
  type        = string
  description = "Any text; another one rotates the client secret."
  default     = "first"
}

resource "appreg_application" "mail_import" {
  display_name     = "Mail import"
  sign_in_audience = "AzureADandPersonalMicrosoftAccount"
}

resource "appreg_client_secret" "mail_import" {
  application_id = appreg_application.mail_import.id
  display_name   = "mail import"
  validity_days  = 180

  # Another text rotates the secret. The old one then works until the next apply; a product that isn't told of the new
  # one at once gets a week with the default, 7.
  rotation_triggers = { rotation = var.rotation }
  overlap_days      = 0
}

resource "appreg_public_client" "mail_import" {
  application_id = appreg_application.mail_import.id
}

resource "appreg_delegated_permissions" "graph" {
  application_id = appreg_application.mail_import.id
  scopes         = ["User.Read", "Mail.ReadWrite"]
}

resource "appreg_service_principal" "mail_import" {
  client_id = appreg_application.mail_import.client_id
}

resource "appreg_admin_consent" "graph" {
  service_principal_id = appreg_service_principal.mail_import.id
  scopes               = appreg_delegated_permissions.graph.scopes
}

output "application" {
  value = {
    display_name     = appreg_application.mail_import.display_name
    object_id        = appreg_application.mail_import.id
    client_id        = appreg_application.mail_import.client_id
    tenant_id        = appreg_application.mail_import.tenant_id
    sign_in_audience = appreg_application.mail_import.sign_in_audience
    public_client    = appreg_public_client.mail_import.enabled
    permissions      = appreg_delegated_permissions.graph.scopes
    consented        = appreg_admin_consent.graph.scopes
    secret_hint      = appreg_client_secret.mail_import.hint
    secret_end_date  = appreg_client_secret.mail_import.end_date
  }
}

output "client_id" {
  value = appreg_application.mail_import.client_id
}

output "tenant_id" {
  value = appreg_application.mail_import.tenant_id
}

output "client_secret" {
  value     = appreg_client_secret.mail_import.value
  sensitive = true
}
