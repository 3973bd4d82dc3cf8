resource "appreg_application" "mail_import" {
  display_name     = "Mail import"
  description      = "Reads invoices from the shared mailbox."
  sign_in_audience = "AzureADMyOrg"
  tags             = ["team-finance"]

  redirect_uris = {
    web           = ["https://import.example.com/signin-oidc"]
    public_client = ["http://localhost", "https://login.microsoftonline.com/common/oauth2/nativeclient"]
  }

  # Makes the application findable by a name of your own, and a create that was interrupted repeatable.
  unique_name = "mail-import-production"
}

output "client_id" {
  value = appreg_application.mail_import.client_id
}

output "tenant_id" {
  value = appreg_application.mail_import.tenant_id
}
