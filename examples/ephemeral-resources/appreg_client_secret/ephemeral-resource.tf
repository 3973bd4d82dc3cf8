terraform {
  required_version = ">= 1.10"

  required_providers {
    appreg = {
      source = "appreg/appreg"
    }
  }
}

resource "appreg_application" "mail_import" {
  display_name = "Mail import"
}

ephemeral "appreg_client_secret" "run" {
  application_id   = appreg_application.mail_import.id
  display_name     = "one run of Terraform"
  validity_minutes = 30
}

# What needs the secret during this run: a provider's configuration, a write-only argument, or a command like this one.
resource "terraform_data" "sign_in" {
  triggers_replace = appreg_application.mail_import.client_id

  provisioner "local-exec" {
    command = "test -n \"$CLIENT_SECRET\""
    environment = {
      CLIENT_ID     = ephemeral.appreg_client_secret.run.client_id
      CLIENT_SECRET = ephemeral.appreg_client_secret.run.value
    }
  }
}
