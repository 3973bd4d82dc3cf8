resource "appreg_application" "mail_import" {
  display_name = "Mail import"
}

resource "appreg_client_secret" "mail_import" {
  application_id = appreg_application.mail_import.id
  display_name   = "terraform"
  validity_days  = 180

  # A replacement makes the new secret first, hands it to its consumers and only then removes the old one.
  lifecycle {
    create_before_destroy = true
  }
}

output "client_secret" {
  value     = appreg_client_secret.mail_import.value
  sensitive = true
}
