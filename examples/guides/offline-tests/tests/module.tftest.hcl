variables {
  display_name = "Module under test"
}

run "registers_an_application" {
  assert {
    condition     = appreg_application.this.sign_in_audience == "AzureADMyOrg"
    error_message = "The application must be for this tenant only."
  }

  assert {
    condition     = appreg_service_principal.this.application_tenant_id == appreg_application.this.tenant_id
    error_message = "The service principal must belong to the application of this tenant."
  }

  assert {
    condition     = startswith(output.client_secret, appreg_client_secret.this.hint)
    error_message = "The output must be the secret that Graph handed out."
  }
}

run "keeps_the_client_id_when_permissions_are_added" {
  variables {
    scopes = ["User.Read", "Mail.ReadWrite"]
  }

  assert {
    condition     = output.client_id == run.registers_an_application.client_id
    error_message = "The client ID must survive a change of permissions."
  }

  assert {
    condition     = length(appreg_delegated_permissions.graph.scope_ids) == 2
    error_message = "Both permissions must be resolved."
  }
}

run "refuses_permissions_that_need_an_administrator" {
  command = plan

  variables {
    scopes = ["Directory.Read.All"]
  }

  expect_failures = [appreg_delegated_permissions.graph]
}

run "refuses_secrets_beyond_our_policy" {
  command = plan

  variables {
    secret_validity_days = 365
  }

  expect_failures = [var.secret_validity_days]
}
