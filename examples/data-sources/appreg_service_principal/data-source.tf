data "appreg_service_principal" "graph" {
  client_id = "00000003-0000-0000-c000-000000000000"
}

output "microsoft_graph" {
  value = data.appreg_service_principal.graph.display_name
}
