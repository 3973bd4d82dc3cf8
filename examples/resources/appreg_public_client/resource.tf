resource "appreg_application" "mail_import" {
  display_name = "Mail import"
}

# The portal's "Allow public client flows: Yes", which device code sign-in needs.
resource "appreg_public_client" "mail_import" {
  application_id = appreg_application.mail_import.id
  enabled        = true
}
