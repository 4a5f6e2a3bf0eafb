terraform {
  required_providers {
    azapi = { source = "Azure/azapi", version = "1.15.0" }
  }
}

provider "azapi" {}

variable "password" {
  type      = string
  sensitive = true
  default   = "hunter2"
}

resource "azapi_resource" "group" {
  type      = "Microsoft.Resources/resourceGroups@2024-03-01"
  name      = "shop"
  parent_id = "/subscriptions/00000000-0000-0000-0000-000000000000"
  location  = "westeurope"
}

module "store" {
  source   = "./store"
  for_each = { eu = "westeurope" }
  parent   = azapi_resource.group.id
  location = each.value
}

resource "azapi_resource" "identity" {
  type                   = "Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31"
  name                   = "shop"
  parent_id              = azapi_resource.group.id
  location               = "westeurope"
  body                   = {}
  response_export_values = ["properties.principalId"]
}

resource "azapi_resource" "may" {
  type      = "Microsoft.Authorization/roleAssignments@2022-04-01"
  name      = uuidv5("url", "${module.store["eu"].id}/shop")
  parent_id = module.store["eu"].id
  body = {
    properties = {
      principalId      = azapi_resource.identity.output.properties.principalId
      principalType    = "ServicePrincipal"
      roleDefinitionId = "/subscriptions/00000000-0000-0000-0000-000000000000/providers/Microsoft.Authorization/roleDefinitions/2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"
    }
  }
}

# Nobody can tell its id before it is there.
resource "terraform_data" "chance" {}

resource "azapi_resource" "vault" {
  type      = "Microsoft.KeyVault/vaults@2023-07-01"
  name      = "shop"
  parent_id = azapi_resource.group.id
  location  = "westeurope"
  tags      = { chance = terraform_data.chance.id }
  body = {
    properties = {
      tenantId = "00000000-0000-0000-0000-000000000000"
      sku      = { family = "A", name = "standard" }
    }
  }
}

resource "azapi_resource" "secret" {
  type      = "Microsoft.KeyVault/vaults/secrets@2023-07-01"
  name      = "database"
  parent_id = azapi_resource.vault.id
  body = {
    properties = {
      contentType = terraform_data.chance.id
      value       = var.password
    }
  }
}

resource "azapi_resource" "text" {
  type                      = "Microsoft.Network/publicIPAddresses@2023-11-01"
  name                      = "shop"
  parent_id                 = azapi_resource.group.id
  location                  = "westeurope"
  schema_validation_enabled = false
  body                      = jsonencode({ properties = { publicIPAllocationMethod = "Static" }, sku = { name = "Standard" } })
}
