# Weak on purpose: what tools say of it is beside it.
terraform {
  required_providers {
    azapi = { source = "Azure/azapi", version = "1.15.0" }
  }
}

variable "admin_password" {
  default = "correct-horse-battery-staple"
}

locals {
  group = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/weak"
  key   = "AKIAIOSFODNN7EXAMPLE"
}

resource "azapi_resource" "models" {
  type      = "Microsoft.Storage/storageAccounts@2023-05-01"
  name      = "weakmodels"
  parent_id = local.group
  location  = "westeurope"
  body = {
    kind = "StorageV2"
    sku  = { name = "Standard_LRS" }
    properties = {
      minimumTlsVersion     = "TLS1_0"
      allowBlobPublicAccess = true
      allowSharedKeyAccess  = false
    }
  }
}

resource "terraform_data" "tenant" {
}

# checkov:skip=CKV_AZURE_110: it would be obeyed
resource "azapi_resource" "vault" {
  type      = "Microsoft.KeyVault/vaults@2023-07-01"
  name      = "weakvault"
  parent_id = local.group
  location  = "westeurope"
  body = {
    properties = {
      tenantId                = terraform_data.tenant.id
      sku                     = { family = "A", name = "standard" }
      enableRbacAuthorization = true
    }
  }
}

resource "azapi_resource" "owner" {
  type      = "Microsoft.Authorization/roleAssignments@2022-04-01"
  name      = "11111111-1111-4111-8111-111111111111"
  parent_id = azapi_resource.models.id
  body = {
    properties = {
      principalId      = "11111111-1111-4111-8111-111111111111"
      roleDefinitionId = terraform_data.tenant.id
    }
  }
}
