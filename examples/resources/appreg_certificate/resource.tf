resource "appreg_application" "mail_import" {
  display_name = "Mail import"
}

# Sign-in as the application itself needs a service principal.
resource "appreg_service_principal" "mail_import" {
  client_id = appreg_application.mail_import.client_id
}

resource "appreg_certificate" "mail_import" {
  application_id = appreg_application.mail_import.id
  display_name   = "mail import host"

  # The public part alone: the private key never leaves the host that signs in with it.
  certificate = file("${path.module}/mail-import.pem")

  # Renewal without a gap: the next certificate is registered first, then whatever refers to this one is updated, and only
  # then is the old certificate removed.
  lifecycle {
    create_before_destroy = true
  }
}

output "thumbprint" {
  value = appreg_certificate.mail_import.thumbprint
}
