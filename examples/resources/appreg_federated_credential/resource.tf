resource "appreg_application" "mail_import" {
  display_name = "Mail import"
}

# Sign-in as the application itself needs a service principal.
resource "appreg_service_principal" "mail_import" {
  client_id = appreg_application.mail_import.client_id
}

# A workflow of the main branch signs in with the token that GitHub gives it.
resource "appreg_federated_credential" "github_main" {
  application_id = appreg_application.mail_import.id
  name           = "github-main"
  issuer         = "https://token.actions.githubusercontent.com"
  subject        = "repo:example/mail-import:ref:refs/heads/main"
  description    = "Deployments from the main branch"
}

# A pod signs in with the token of its service account.
resource "appreg_federated_credential" "cluster" {
  application_id = appreg_application.mail_import.id
  name           = "cluster"
  issuer         = "https://oidc.cluster.example.com"
  subject        = "system:serviceaccount:mail:importer"
}
