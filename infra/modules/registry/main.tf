resource "azapi_resource" "registry" {
  type      = "Microsoft.ContainerRegistry/registries@2023-11-01-preview"
  name      = var.name
  parent_id = var.parent
  location  = var.location
  tags      = var.tags
  body = {
    sku = { name = "Premium" }
    properties = {
      # Nobody logs in by a password, and nobody without a name.
      adminUserEnabled     = false
      anonymousPullEnabled = false
      dataEndpointEnabled  = true
      zoneRedundancy       = "Enabled"
      # Runners of GitHub push from wherever they are; each has a token of Entra.
      publicNetworkAccess = "Enabled"
      policies = {
        # What no tag names any more is gone after this many days; what runs is named by digest and by tag.
        retentionPolicy                  = { status = "enabled", days = var.untagged_days }
        azureADAuthenticationAsArmPolicy = { status = "disabled" }
        exportPolicy                     = { status = "enabled" }
      }
    }
  }
}

resource "azapi_resource" "diagnostics" {
  type      = "Microsoft.Insights/diagnosticSettings@2021-05-01-preview"
  name      = "logs"
  parent_id = azapi_resource.registry.id
  body = {
    properties = {
      workspaceId = var.workspace
      logs = [for category in ["ContainerRegistryLoginEvents", "ContainerRegistryRepositoryEvents"] :
        { category = category, enabled = true }
      ]
      metrics = []
    }
  }
}
