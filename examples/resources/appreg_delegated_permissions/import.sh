# <object id of the application>/<client id of the API>, here Microsoft Graph.
terraform import appreg_delegated_permissions.graph 5b8b0a36-7f41-4d3c-9a1e-0f1d5c1a9a01/00000003-0000-0000-c000-000000000000
