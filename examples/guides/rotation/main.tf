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

variable "incident" {
  type        = string
  description = "Another text rotates the secret at once, say the number of an incident."
  default     = "none"
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

  rotation_triggers = {
    incident = var.incident
  }
}

# Stands for whatever hands the secret to the product. It runs for each new secret, in the apply that makes it.
resource "terraform_data" "product" {
  triggers_replace = appreg_client_secret.mail_import.generation

  provisioner "local-exec" {
    command = "umask 077 && printf %s \"$CLIENT_SECRET\" > product.secret"

    environment = {
      CLIENT_SECRET = appreg_client_secret.mail_import.value
    }
  }
}

output "client_id" {
  value = appreg_application.mail_import.client_id
}

output "secret_expires" {
  value = appreg_client_secret.mail_import.end_date
}

output "previous_secret" {
  description = "The secret before the last rotation, as long as it works."
  value       = appreg_client_secret.mail_import.previous
}
