terraform {
  required_providers {
    azapi = { source = "Azure/azapi" }
  }
}

variable "parent" {
  type = string
}

variable "location" {
  type = string
}

resource "azapi_resource" "account" {
  count     = 1
  type      = "Microsoft.Storage/storageAccounts@2023-05-01"
  name      = "shop"
  parent_id = var.parent
  location  = var.location
  body = {
    kind       = "StorageV2"
    sku        = { name = "Standard_LRS" }
    properties = { allowBlobPublicAccess = false }
  }
}

output "id" {
  value = azapi_resource.account[0].id
}
