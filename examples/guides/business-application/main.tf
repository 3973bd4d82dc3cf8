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
  default     = "Business application"
}

variable "scopes" {
  type        = set(string)
  description = "Delegated Microsoft Graph permissions; the product's own page decides which."
  default     = ["User.Read", "Mail.Send", "Calendars.ReadWrite", "offline_access"]
}

resource "appreg_application" "business" {
  display_name     = var.display_name
  sign_in_audience = "AzureADMyOrg"

  # Where "With Browser" ends: the user copies the address of that page and pastes it back.
  redirect_uris = {
    public_client = ["https://login.microsoftonline.com/common/oauth2/nativeclient", "http://localhost"]
  }
}

resource "appreg_public_client" "business" {
  application_id = appreg_application.business.id
}

resource "appreg_delegated_permissions" "graph" {
  application_id = appreg_application.business.id
  scopes         = var.scopes

  # The product's guide promises that no administrator is needed: hold it to that.
  lifecycle {
    postcondition {
      condition     = length(self.admin_consent_required) == 0
      error_message = "An administrator must consent to: ${join(", ", self.admin_consent_required)}."
    }
  }
}

resource "appreg_service_principal" "business" {
  client_id = appreg_application.business.client_id
}

output "client_id" {
  description = "Application (client) ID, for the product's settings."
  value       = appreg_application.business.client_id
}

output "tenant_id" {
  description = "Directory (tenant) ID, for the product's settings."
  value       = appreg_application.business.tenant_id
}
