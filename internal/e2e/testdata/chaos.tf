# Every kind of resource, on one application whose creation can be repeated and on one whose creation can't.

terraform {
  required_providers {
    appreg = {
      source = "appreg/appreg"
    }
  }
}

variable "partner" {
  description = "Client id of another tenant's application."
  type        = string
}

variable "certificate" {
  type = string
}

resource "appreg_application" "claimed" {
  display_name     = "Claimed"
  unique_name      = "claimed"
  adopt_existing   = true
  description      = "Reads a mailbox."
  sign_in_audience = "AzureADMultipleOrgs"
  tags             = ["team"]
  redirect_uris    = { web = ["https://claimed.example.com/callback"] }
}

resource "appreg_application" "plain" {
  display_name  = "Plain"
  notes         = "Owned by the mail team."
  redirect_uris = { public_client = ["http://localhost"] }
}

resource "appreg_service_principal" "claimed" {
  client_id      = appreg_application.claimed.client_id
  adopt_existing = true
  notes          = "By Terraform."
}

resource "appreg_service_principal" "plain" {
  client_id = appreg_application.plain.client_id
}

resource "appreg_service_principal" "partner" {
  client_id      = var.partner
  adopt_existing = true
}

resource "appreg_client_secret" "plain" {
  application_id = appreg_application.plain.id
  display_name   = "terraform"
}

resource "appreg_certificate" "claimed" {
  application_id = appreg_application.claimed.id
  display_name   = "terraform"
  certificate    = var.certificate
}

resource "appreg_federated_credential" "plain" {
  application_id = appreg_application.plain.id
  name           = "main"
  issuer         = "https://token.actions.githubusercontent.com"
  subject        = "repo:example/mail-import:ref:refs/heads/main"
}

resource "appreg_public_client" "plain" {
  application_id = appreg_application.plain.id
}

resource "appreg_delegated_permissions" "graph" {
  application_id = appreg_application.claimed.id
  scopes         = ["User.Read", "Mail.ReadWrite"]
}

resource "appreg_delegated_permissions" "exchange" {
  application_id = appreg_application.claimed.id
  api            = "Office 365 Exchange Online"
  scopes         = ["IMAP.AccessAsUser.All"]
}

resource "appreg_admin_consent" "claimed" {
  service_principal_id = appreg_service_principal.claimed.id
  scopes               = appreg_delegated_permissions.graph.scopes
}

resource "appreg_admin_consent" "partner" {
  service_principal_id = appreg_service_principal.partner.id
  scopes               = ["User.Read"]
}
