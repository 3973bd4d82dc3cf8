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

variable "display_name" {
  type        = string
  description = "The name that users see when they sign in."
  default     = "Mail import"
}

variable "personal_accounts" {
  type        = bool
  description = "true: accounts in any directory and personal Microsoft accounts; false: accounts in any directory."
  default     = true
}

resource "appreg_application" "mail_import" {
  display_name     = var.display_name
  sign_in_audience = var.personal_accounts ? "AzureADandPersonalMicrosoftAccount" : "AzureADMultipleOrgs"
}

resource "appreg_client_secret" "mail_import" {
  application_id = appreg_application.mail_import.id
  display_name   = "mail import"
  validity_days  = 180

  # The plan proposes a new secret a month ahead. The old one works for another week, by then the product has the new one.
  renew_before_days = 30
  overlap_days      = 7

  # For -replace, which revokes the old secret in the same apply.
  lifecycle {
    create_before_destroy = true
  }
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

output "client_id" {
  description = "Application (client) ID, for the product's settings page."
  value       = appreg_application.mail_import.client_id
}

output "client_secret" {
  description = "Client secret, for the product's settings page: terraform output -raw client_secret"
  value       = appreg_client_secret.mail_import.value
  sensitive   = true
}

output "client_secret_expires" {
  description = "When the product needs a new secret."
  value       = appreg_client_secret.mail_import.end_date
}
