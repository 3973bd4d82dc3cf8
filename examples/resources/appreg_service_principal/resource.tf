resource "appreg_application" "mail_import" {
  display_name = "Mail import"
}

# The portal makes this object together with the registration; Microsoft Graph doesn't.
resource "appreg_service_principal" "mail_import" {
  client_id = appreg_application.mail_import.client_id
}
