# <object id of the application>/<key id of the certificate>.
terraform import appreg_certificate.mail_import 5b8b0a36-7f41-4d3c-9a1e-0f1d5c1a9a01/f0b0b335-1d71-4883-8f98-567911bfdca6
