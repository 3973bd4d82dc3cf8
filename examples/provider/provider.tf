terraform {
  required_version = ">= 1.8"

  required_providers {
    appreg = {
      source = "appreg/appreg"
    }
  }
}

# Everything can come from the environment (ARM_TENANT_ID, ARM_CLIENT_ID, …), so that one configuration serves a
# laptop with the Azure CLI and a pipeline with workload identity.
provider "appreg" {
}
