locals {
  location = "westeurope"
  tags     = { environment = "dev", team = "platform-team", project = "esteira" }
  platform = "/subscriptions/${var.subscription}/resourceGroups/esteira-platform/providers"
}

resource "azapi_resource" "group" {
  type      = "Microsoft.Resources/resourceGroups@2024-03-01"
  name      = "esteira-dev"
  parent_id = "/subscriptions/${var.subscription}"
  location  = local.location
  tags      = local.tags
}

module "vault" {
  source            = "../../modules/vault"
  name              = "esteira-dev"
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
  name     = "esteira-dev-secrets"
  parent   = azapi_resource.group.id
  location = local.location
  tags     = local.tags
  issuer   = var.issuer
  subject  = "system:serviceaccount:iris-dev:key-vault"
  roles    = { secrets = { role = "Key Vault Secrets User", scope = module.vault.id } }
}

module "budget" {
  source   = "../../modules/budget"
  name     = "esteira-dev"
  parent   = azapi_resource.group.id
  amount   = 50
  start    = "2026-12-01T00:00:00Z"
  contacts = ["platform-team@example.com"]
}
