locals {
  location = "westeurope"
  tags     = { environment = "prod", team = "platform-team", project = "esteira" }
  platform = "/subscriptions/${var.subscription}/resourceGroups/esteira-platform/providers"
}

resource "azapi_resource" "group" {
  type      = "Microsoft.Resources/resourceGroups@2024-03-01"
  name      = "esteira-prod"
  parent_id = "/subscriptions/${var.subscription}"
  location  = local.location
  tags      = local.tags
}

module "vault" {
  source            = "../../modules/vault"
  name              = "esteira-prod"
  parent            = azapi_resource.group.id
  location          = local.location
  tags              = local.tags
  workspace         = "${local.platform}/Microsoft.OperationalInsights/workspaces/esteira"
  tenant            = var.tenant
  subnets           = ["${local.platform}/Microsoft.Network/virtualNetworks/esteira/subnets/nodes"]
  authorised_ranges = var.authorised_ranges
}

# Reads the secrets of the applications: External Secrets, by the service account of the namespace.
module "secrets" {
  source   = "../../modules/identity"
  name     = "esteira-prod-secrets"
  parent   = azapi_resource.group.id
  location = local.location
  tags     = local.tags
  issuer   = var.issuer
  subject  = "system:serviceaccount:iris-prod:key-vault"
  roles    = { secrets = { role = "Key Vault Secrets User", scope = module.vault.id } }
}

module "budget" {
  source   = "../../modules/budget"
  name     = "esteira-prod"
  parent   = azapi_resource.group.id
  amount   = 300
  start    = "2026-12-01T00:00:00Z"
  contacts = ["platform-team@example.com"]
}

# Reads the secrets of Prometheus, Alertmanager and Grafana.
module "monitoring" {
  source   = "../../modules/identity"
  name     = "esteira-prod-monitoring"
  parent   = azapi_resource.group.id
  location = local.location
  tags     = local.tags
  issuer   = var.issuer
  subject  = "system:serviceaccount:monitoring:key-vault"
  roles    = { secrets = { role = "Key Vault Secrets User", scope = module.vault.id } }
}
