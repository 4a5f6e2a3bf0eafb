variable "parent" {
  description = "Id of the resource group: /subscriptions/…/resourceGroups/…"
  type        = string
  validation {
    condition     = can(regex("^/subscriptions/[^/]+/resourceGroups/[^/]+$", var.parent))
    error_message = "parent has to be the id of a resource group: /subscriptions/ID/resourceGroups/NAME."
  }
}

variable "location" {
  description = "Azure region, such as westeurope"
  type        = string
  validation {
    condition     = can(regex("^[a-z]+[0-9]?$", var.location))
    error_message = "location has to be a region's short name, such as westeurope."
  }
}

variable "tags" {
  description = "Tags of everything: at least environment and team"
  type        = map(string)
  validation {
    condition     = contains(keys(var.tags), "environment") && contains(keys(var.tags), "team")
    error_message = "tags have to name environment and team."
  }
}

variable "workspace" {
  description = "Id of the Log Analytics workspace that diagnostics go to"
  type        = string
}

variable "name" {
  description = "Name of the vault, the first part of its address"
  type        = string
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,22}[a-z0-9]$", var.name))
    error_message = "name has to be 3 to 24 small letters, digits and hyphens: it is a part of an address."
  }
}

variable "tenant" {
  description = "Id of the Entra tenant"
  type        = string
}

variable "subnets" {
  description = "Ids of the subnets from which it answers"
  type        = list(string)
}

variable "authorised_ranges" {
  description = "Public addresses from which it answers, in CIDR form: those of the people who put secrets in"
  type        = list(string)
  default     = []
  validation {
    condition     = alltrue([for range in var.authorised_ranges : can(cidrhost(range, 0)) && try(tonumber(split("/", range)[1]) >= 16, false)])
    error_message = "authorised_ranges have to be in CIDR form and not wider than /16: 0.0.0.0/0 would be everybody."
  }
}
