resource "azapi_resource" "vault" {
  type      = "Microsoft.KeyVault/vaults@2023-07-01"
  name      = var.name
  parent_id = var.parent
  location  = var.location
  tags      = var.tags
  body = {
    properties = {
      tenantId = var.tenant
      sku      = { family = "A", name = "standard" }
      # Roles say who reads; what was deleted can be had back, and nobody can shorten that.
      enableRbacAuthorization      = true
      enableSoftDelete             = true
      softDeleteRetentionInDays    = 90
      enablePurgeProtection        = true
      enabledForDeployment         = false
      enabledForDiskEncryption     = false
      enabledForTemplateDeployment = false
      publicNetworkAccess          = "Enabled"
      networkAcls = {
        defaultAction       = "Deny"
        bypass              = "AzureServices"
        virtualNetworkRules = [for subnet in var.subnets : { id = subnet }]
        ipRules             = [for range in var.authorised_ranges : { value = range }]
      }
    }
  }
}

resource "azapi_resource" "diagnostics" {
  type      = "Microsoft.Insights/diagnosticSettings@2021-05-01-preview"
  name      = "logs"
  parent_id = azapi_resource.vault.id
  body = {
    properties = {
      workspaceId = var.workspace
      logs        = [{ category = "AuditEvent", enabled = true }]
      metrics     = []
    }
  }
}
