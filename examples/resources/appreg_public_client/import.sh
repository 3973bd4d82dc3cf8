# Object id of the application.
terraform import appreg_public_client.mail_import 5b8b0a36-7f41-4d3c-9a1e-0f1d5c1a9a01
