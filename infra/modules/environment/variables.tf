variable "name" {
  description = "Name of the environment: dev, staging or prod"
  type        = string
  validation {
    condition     = contains(["dev", "staging", "prod"], var.name)
    error_message = "name has to be dev, staging or prod."
  }
}

variable "subscription" {
  description = "Id of the Azure subscription"
  type        = string
}

variable "tenant" {
  description = "Id of the Entra tenant"
  type        = string
}

variable "issuer" {
  description = "Address of the cluster's OIDC issuer, as the platform's outputs have it"
  type        = string
  validation {
    condition     = startswith(var.issuer, "https://")
    error_message = "issuer has to be an address of https, as `tofu output issuer` of the platform prints it."
  }
}

variable "authorised_ranges" {
  description = "Addresses from which the vault answers, in CIDR form"
  type        = list(string)
}

variable "readers" {
  description = "Namespaces that read the vault, by what they read it for"
  type        = map(string)
}

variable "budget" {
  description = "What a month may cost, in the currency of the bill"
  type        = number
}
