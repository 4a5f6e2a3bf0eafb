# Models and their records, under the digest of their content: written once, read by many, and never changed.
resource "azapi_resource" "account" {
  type      = "Microsoft.Storage/storageAccounts@2023-05-01"
  name      = var.name
  parent_id = var.parent
  location  = var.location
  tags      = var.tags
  body = {
    kind = "StorageV2"
    sku  = { name = var.redundancy }
    properties = {
      accessTier                   = "Hot"
      minimumTlsVersion            = "TLS1_2"
      supportsHttpsTrafficOnly     = true
      allowBlobPublicAccess        = false
      allowSharedKeyAccess         = false
      allowCrossTenantReplication  = false
      defaultToOAuthAuthentication = true
      publicNetworkAccess          = "Enabled"
      encryption = {
        keySource                       = "Microsoft.Storage"
        requireInfrastructureEncryption = true
        services                        = { blob = { enabled = true, keyType = "Account" } }
      }
      networkAcls = {
        defaultAction       = "Deny"
        bypass              = "AzureServices"
        virtualNetworkRules = [for subnet in var.subnets : { id = subnet, action = "Allow" }]
        ipRules             = [for range in var.authorised_ranges : { value = range, action = "Allow" }]
      }
    }
  }
}

resource "azapi_resource" "blobs" {
  type      = "Microsoft.Storage/storageAccounts/blobServices@2023-05-01"
  name      = "default"
  parent_id = azapi_resource.account.id
  body = {
    properties = {
      isVersioningEnabled            = true
      changeFeed                     = { enabled = true }
      deleteRetentionPolicy          = { enabled = true, days = var.deleted_days, allowPermanentDelete = false }
      containerDeleteRetentionPolicy = { enabled = true, days = var.deleted_days }
    }
  }
}

resource "azapi_resource" "models" {
  type      = "Microsoft.Storage/storageAccounts/blobServices/containers@2023-05-01"
  name      = "models"
  parent_id = azapi_resource.blobs.id
  body = {
    properties = { publicAccess = "None" }
  }
}

resource "azapi_resource" "diagnostics" {
  type      = "Microsoft.Insights/diagnosticSettings@2021-05-01-preview"
  name      = "logs"
  parent_id = azapi_resource.blobs.id
  body = {
    properties = {
      workspaceId = var.workspace
      logs        = [for category in ["StorageWrite", "StorageDelete"] : { category = category, enabled = true }]
      metrics     = []
    }
  }
}
