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
  description = "Name of the cluster"
  type        = string
}

variable "kubernetes" {
  description = "Minor version of Kubernetes; patches come by themselves"
  type        = string
  validation {
    condition     = can(regex("^1\\.[0-9]{2}$", var.kubernetes))
    error_message = "kubernetes has to be a minor version, such as 1.36: patches come by themselves."
  }
}

variable "subnet" {
  description = "Id of the nodes' subnet"
  type        = string
}

variable "registry" {
  description = "Id of the registry that nodes pull from"
  type        = string
}

variable "zones" {
  description = "Availability zones of the nodes"
  type        = list(string)
  default     = ["1", "2", "3"]
  validation {
    condition     = length(var.zones) >= 2
    error_message = "zones has to name two or more: one zone that fails must not take the cluster with it."
  }
}

variable "private" {
  description = "Whether the API server has a private address only; jobs that talk to it then need a runner inside the network"
  type        = bool
  default     = false
}

variable "authorised_ranges" {
  description = "Addresses from which the API server of a cluster that is not private answers, in CIDR form"
  type        = list(string)
  default     = []
  validation {
    condition     = alltrue([for range in var.authorised_ranges : can(cidrhost(range, 0)) && try(tonumber(split("/", range)[1]) >= 16, false)])
    error_message = "authorised_ranges have to be in CIDR form and not wider than /16: 0.0.0.0/0 would be everybody."
  }
}

variable "administrators" {
  description = "Object ids of the Entra groups that administer the cluster"
  type        = list(string)
  validation {
    condition     = length(var.administrators) > 0
    error_message = "administrators has to name a group: there are no local accounts."
  }
}

variable "system_pool" {
  description = "Nodes of the system: size of the machine, least and most of them"
  type        = object({ size = string, least = number, most = number })
  validation {
    condition     = var.system_pool.least >= 2 && var.system_pool.least <= var.system_pool.most
    error_message = "system_pool has to have two nodes or more, and not more at least than at most."
  }
}

variable "user_pool" {
  description = "Nodes of the applications: size of the machine, least and most of them"
  type        = object({ size = string, least = number, most = number })
  validation {
    condition     = var.user_pool.least >= 1 && var.user_pool.least <= var.user_pool.most
    error_message = "user_pool has to have a node or more, and not more at least than at most."
  }
}
