# By object id.
terraform import appreg_application.mail_import 5b8b0a36-7f41-4d3c-9a1e-0f1d5c1a9a01

# By application (client) id.
terraform import appreg_application.mail_import client_id:c3f2b1b8-0e0f-4d1b-8c7b-3f4d0a6e2c11

# By unique name.
terraform import appreg_application.mail_import unique_name:mail-import-production
