# Who a job of GitHub or a service account of the cluster is in Azure: no secret, a token of theirs is changed for one of Azure's.
resource "azapi_resource" "identity" {
  type                   = "Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31"
  name                   = var.name
  parent_id              = var.parent
  location               = var.location
  tags                   = var.tags
  body                   = {} # an object, so that output is one
  response_export_values = ["properties.clientId", "properties.principalId"]
}

resource "azapi_resource" "trusts" {
  type      = "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials@2023-01-31"
  name      = "trust"
  parent_id = azapi_resource.identity.id
  body = {
    properties = {
      issuer    = var.issuer
      subject   = var.subject
      audiences = ["api://AzureADTokenExchange"]
    }
  }
}

resource "azapi_resource" "may" {
  for_each  = var.roles
  type      = "Microsoft.Authorization/roleAssignments@2022-04-01"
  name      = uuidv5("url", "${each.value.scope}/${var.name}/${each.value.role}")
  parent_id = each.value.scope
  body = {
    properties = {
      principalId      = azapi_resource.identity.output.properties.principalId
      principalType    = "ServicePrincipal"
      roleDefinitionId = "${regex("^/subscriptions/[^/]+", var.parent)}/providers/Microsoft.Authorization/roleDefinitions/${local.roles[each.value.role]}"
    }
  }
}

locals {
  # The built-in roles that anything of ours may have. Owner and Contributor are not among them.
  roles = {
    "AcrPush"                       = "8311e382-0749-4cb8-b61a-304f252e45ec"
    "DNS Zone Contributor"          = "befefa01-2a29-4197-83a8-272ff33ce314"
    "Key Vault Secrets User"        = "4633458b-17de-408a-b874-0445c86b69e6"
    "Reader"                        = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
    "Storage Blob Data Contributor" = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
    "Storage Blob Data Reader"      = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"
  }
}
