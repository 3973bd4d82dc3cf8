# By object id.
terraform import appreg_service_principal.mail_import 59e617e5-e447-4adc-8b88-00af644d7c92

# By application (client) id.
terraform import appreg_service_principal.mail_import client_id:65415bb1-9267-4313-bbf5-ae259732ee12
