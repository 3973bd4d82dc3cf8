resource "appreg_application" "mail_import" {
  display_name = "Mail import"
}

resource "appreg_delegated_permissions" "graph" {
  application_id = appreg_application.mail_import.id
  scopes         = ["User.Read", "Mail.ReadWrite"]
}

# One resource per API; each leaves the permissions of the others alone.
resource "appreg_delegated_permissions" "exchange" {
  application_id = appreg_application.mail_import.id
  api            = "Office 365 Exchange Online"
  scopes         = ["IMAP.AccessAsUser.All"]
}

output "needs_an_administrator" {
  value = appreg_delegated_permissions.graph.admin_consent_required
}
