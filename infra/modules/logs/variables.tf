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

variable "name" {
  description = "Name of the workspace"
  type        = string
}

variable "retention_days" {
  description = "Days that logs are kept"
  type        = number
  default     = 90
  validation {
    condition     = var.retention_days >= 30 && var.retention_days <= 730
    error_message = "retention_days has to be between 30 and 730."
  }
}

variable "daily_quota_gb" {
  description = "Gigabytes that may come in a day: what is beyond is dropped, and so is its price"
  type        = number
  default     = 5
  validation {
    condition     = var.daily_quota_gb > 0
    error_message = "daily_quota_gb has to be more than 0: without a limit a loop that logs costs whatever it likes."
  }
}
