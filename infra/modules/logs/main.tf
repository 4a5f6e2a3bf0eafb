resource "azapi_resource" "workspace" {
  type      = "Microsoft.OperationalInsights/workspaces@2022-10-01"
  name      = var.name
  parent_id = var.parent
  location  = var.location
  tags      = var.tags
  body = {
    properties = {
      sku              = { name = "PerGB2018" }
      retentionInDays  = var.retention_days
      workspaceCapping = { dailyQuotaGb = var.daily_quota_gb }
      features         = { disableLocalAuth = true }
    }
  }
}
