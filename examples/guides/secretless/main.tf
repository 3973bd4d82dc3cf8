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

variable "repository" {
  type        = string
  description = "Owner and name of the repository whose workflow signs in."
  default     = "example/mail-import"
}

variable "branch" {
  type        = string
  description = "The branch whose runs may sign in."
  default     = "main"
}

resource "appreg_application" "mail_import" {
  display_name = "Mail import"
}

resource "appreg_service_principal" "mail_import" {
  client_id = appreg_application.mail_import.client_id
}

# Runs of this branch of this repository, and nobody else.
resource "appreg_federated_credential" "github" {
  application_id = appreg_application.mail_import.id
  name           = "github-${var.branch}"
  issuer         = "https://token.actions.githubusercontent.com"
  subject        = "repo:${var.repository}:ref:refs/heads/${var.branch}"
}

resource "appreg_delegated_permissions" "graph" {
  application_id = appreg_application.mail_import.id
  scopes         = ["User.Read", "Mail.ReadWrite"]
}

resource "appreg_admin_consent" "graph" {
  service_principal_id = appreg_service_principal.mail_import.id
  scopes               = appreg_delegated_permissions.graph.scopes
}

# Neither is a secret: they may be variables of the repository.
output "client_id" {
  description = "For the repository's variable AZURE_CLIENT_ID."
  value       = appreg_application.mail_import.client_id
}

output "tenant_id" {
  description = "For the repository's variable AZURE_TENANT_ID."
  value       = appreg_application.mail_import.tenant_id
}
