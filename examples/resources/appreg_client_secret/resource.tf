resource "appreg_application" "mail_import" {
  display_name = "Mail import"
}

resource "appreg_client_secret" "mail_import" {
  application_id = appreg_application.mail_import.id
  display_name   = "terraform"
  validity_days  = 180

  # For -replace: the new secret is made and handed to its consumers before the old one is revoked.
  lifecycle {
    create_before_destroy = true
  }
}

# Rotated in place 30 days before it expires, and when the trigger changes. The old one then stays valid for 7 days.
resource "appreg_client_secret" "rotated" {
  application_id    = appreg_application.mail_import.id
  display_name      = "rotated"
  validity_days     = 180
  renew_before_days = 30
  overlap_days      = 7

  rotation_triggers = {
    incident = "none"
  }
}

output "client_secret" {
  value     = appreg_client_secret.rotated.value
  sensitive = true
}
