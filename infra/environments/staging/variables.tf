variable "subscription" {
  description = "Id of the Azure subscription"
  type        = string
  validation {
    condition     = can(regex("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", var.subscription))
    error_message = "subscription has to be a GUID, in small letters."
  }
}

variable "tenant" {
  description = "Id of the Entra tenant"
  type        = string
  validation {
    condition     = can(regex("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", var.tenant))
    error_message = "tenant has to be a GUID, in small letters."
  }
}

variable "issuer" {
  description = "Address of the cluster's OIDC issuer, as the platform's outputs have it"
  type        = string
}

variable "authorised_ranges" {
  description = "Addresses from which the vault answers, in CIDR form"
  type        = list(string)
}
