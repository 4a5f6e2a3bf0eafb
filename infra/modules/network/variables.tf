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
  description = "Name of the network and of its rules"
  type        = string
}

variable "addresses" {
  description = "Addresses of the network, in CIDR form"
  type        = string
  validation {
    condition     = can(cidrhost(var.addresses, 0))
    error_message = "addresses has to be in CIDR form, such as 10.20.0.0/16."
  }
}

variable "nodes" {
  description = "Addresses of the nodes' subnet, in CIDR form, within those of the network"
  type        = string
  validation {
    condition     = can(cidrhost(var.nodes, 0))
    error_message = "nodes has to be in CIDR form, such as 10.20.0.0/20."
  }
}
