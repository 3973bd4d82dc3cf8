terraform {
  required_version = ">= 1.8"

  required_providers {
    appreg = {
      source = "appreg/appreg"
    }
  }
}

variable "display_name" {
  type        = string
  description = "The name that users see when they sign in."
}

variable "scopes" {
  type        = set(string)
  description = "Delegated permissions of Microsoft Graph, by name."
  default     = ["User.Read"]
}

variable "secret_validity_days" {
  type        = number
  description = "How long a client secret is valid."
  default     = 90

  validation {
    condition     = var.secret_validity_days <= 180
    error_message = "Our policy allows secrets of 180 days at most."
  }
}

resource "appreg_application" "this" {
  display_name = var.display_name
}

resource "appreg_client_secret" "this" {
  application_id = appreg_application.this.id
  display_name   = "module"
  validity_days  = var.secret_validity_days

  lifecycle {
    create_before_destroy = true
  }
}

resource "appreg_delegated_permissions" "graph" {
  application_id = appreg_application.this.id
  scopes         = var.scopes

  lifecycle {
    postcondition {
      condition     = length(self.admin_consent_required) == 0
      error_message = "An administrator must consent to: ${join(", ", self.admin_consent_required)}."
    }
  }
}

resource "appreg_service_principal" "this" {
  client_id = appreg_application.this.client_id
}

output "client_id" {
  description = "Application (client) ID."
  value       = appreg_application.this.client_id
}

output "client_secret" {
  description = "Client secret."
  value       = appreg_client_secret.this.value
  sensitive   = true
}
