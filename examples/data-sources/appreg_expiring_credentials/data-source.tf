data "appreg_expiring_credentials" "soon" {
  within_days     = 30
  include_expired = false
}

output "expiring" {
  value = [
    for c in data.appreg_expiring_credentials.soon.credentials :
    "${c.end_date} ${c.application_name}: ${c.kind} ${c.display_name != null ? c.display_name : c.key_id}"
  ]
}
