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
  description = "Name of the storage account, the first part of its address"
  type        = string
  validation {
    condition     = can(regex("^[a-z0-9]{3,24}$", var.name))
    error_message = "name has to be 3 to 24 small letters and digits: it is a part of an address."
  }
}

variable "redundancy" {
  description = "How often it is there: Standard_ZRS (zones) or Standard_GZRS (zones and another region)"
  type        = string
  default     = "Standard_ZRS"
  validation {
    condition     = contains(["Standard_ZRS", "Standard_GZRS"], var.redundancy)
    error_message = "redundancy has to be Standard_ZRS or Standard_GZRS: one zone that fails must not take the models with it."
  }
}

variable "deleted_days" {
  description = "Days that what was deleted can be had back"
  type        = number
  default     = 30
  validation {
    condition     = var.deleted_days >= 7 && var.deleted_days <= 365
    error_message = "deleted_days has to be between 7 and 365."
  }
}

variable "subnets" {
  description = "Ids of the subnets from which it answers"
  type        = list(string)
}

variable "authorised_ranges" {
  description = "Public addresses from which it answers, in CIDR form: those of the runners that upload models"
  type        = list(string)
  default     = []
  validation {
    condition     = alltrue([for range in var.authorised_ranges : can(cidrhost(range, 0)) && try(tonumber(split("/", range)[1]) >= 16, false)])
    error_message = "authorised_ranges have to be in CIDR form and not wider than /16: 0.0.0.0/0 would be everybody."
  }
}
