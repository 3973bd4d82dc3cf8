resource "appreg_application" "mail_import" {
  display_name = "Mail import"
  unique_name  = "mail-import-production"
}

data "appreg_application" "by_id" {
  id = appreg_application.mail_import.id
}

data "appreg_application" "by_client_id" {
  client_id = appreg_application.mail_import.client_id
}

data "appreg_application" "by_unique_name" {
  unique_name = appreg_application.mail_import.unique_name
}

data "appreg_application" "by_display_name" {
  display_name = appreg_application.mail_import.display_name
}

output "secrets_expire" {
  value = { for s in data.appreg_application.by_id.secrets : s.display_name => s.end_date }
}
