terraform {
  required_version = ">= 1.8"

  required_providers {
    appreg = {
      source = "appreg/appreg"
    }
  }
}

provider "appreg" {
}

variable "within_days" {
  type        = number
  description = "How many days ahead to look."
  default     = 30
}

variable "applications" {
  type        = set(string)
  description = "Object ids of the applications to look at; null for all of the tenant."
  default     = null
}

data "appreg_expiring_credentials" "soon" {
  within_days     = var.within_days
  application_ids = var.applications
}

locals {
  report = [
    for c in data.appreg_expiring_credentials.soon.credentials :
    "${c.application_name}: ${c.kind} ${coalesce(c.display_name, c.key_id)} ${timecmp(c.end_date, plantimestamp()) > 0 ? "expires" : "expired"} at ${c.end_date}"
  ]
}

check "credentials" {
  assert {
    condition     = length(local.report) == 0
    error_message = "Renew these credentials:\n${join("\n", local.report)}"
  }
}

output "expiring" {
  description = "What expires soon or has expired, soonest first, with the object ids of those to tell."
  value       = data.appreg_expiring_credentials.soon.credentials
}
