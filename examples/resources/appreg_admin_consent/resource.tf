resource "appreg_application" "mail_import" {
  display_name = "Mail import"
}

resource "appreg_service_principal" "mail_import" {
  client_id = appreg_application.mail_import.client_id
}

resource "appreg_delegated_permissions" "graph" {
  application_id = appreg_application.mail_import.id
  scopes         = ["User.Read", "Mail.ReadWrite"]
}

# The portal's "Grant admin consent": every user of the tenant may sign in without being asked.
resource "appreg_admin_consent" "graph" {
  service_principal_id = appreg_service_principal.mail_import.id
  scopes               = appreg_delegated_permissions.graph.scopes
}
