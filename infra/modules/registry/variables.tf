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
  description = "Name of the registry, the first part of its address"
  type        = string
  validation {
    condition     = can(regex("^[a-z0-9]{5,50}$", var.name))
    error_message = "name has to be 5 to 50 small letters and digits: it is a part of an address."
  }
}

variable "untagged_days" {
  description = "Days after which an image without a tag is deleted"
  type        = number
  default     = 30
  validation {
    condition     = var.untagged_days >= 7 && var.untagged_days <= 365
    error_message = "untagged_days has to be between 7 and 365."
  }
}
