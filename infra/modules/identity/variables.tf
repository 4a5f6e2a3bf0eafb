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
  description = "Name of the identity"
  type        = string
}

variable "issuer" {
  description = "Who issues the tokens: https://token.actions.githubusercontent.com, or the cluster's OIDC issuer"
  type        = string
}

variable "subject" {
  description = "Whose token it is: repo:OWNER/NAME:environment:ENVIRONMENT, or system:serviceaccount:NAMESPACE:NAME"
  type        = string
  validation {
    condition     = can(regex("^(repo:[^:*]+:environment:[^:*]+|system:serviceaccount:[^:*]+:[^:*]+)$", var.subject))
    error_message = "subject has to name one GitHub environment or one service account, without wildcards: a branch or a pull request is nobody."
  }
}

variable "roles" {
  description = "What it may do, by a name of one's own: a built-in role, and the id of what it holds for"
  type        = map(object({ role = string, scope = string }))
  validation {
    condition = alltrue([for each in values(var.roles) : contains(
      ["AcrPush", "DNS Zone Contributor", "Key Vault Secrets User", "Reader", "Storage Blob Data Contributor", "Storage Blob Data Reader"], each.role
    )])
    error_message = "roles have to be among those that modules/identity knows; Owner and Contributor are not."
  }
}
