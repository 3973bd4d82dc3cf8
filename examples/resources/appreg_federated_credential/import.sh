# <object id of the application>/<id of the federated credential>.
terraform import appreg_federated_credential.github_main 5b8b0a36-7f41-4d3c-9a1e-0f1d5c1a9a01/bc7f8f5a-3a6b-4a6e-9c39-4b4b0a5a4c11
