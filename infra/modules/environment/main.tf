# What must not be shared: a vault, who reads it, and what it all may cost.
locals {
  location = "westeurope"
  tags     = { environment = var.name, team = "platform-team", project = "esteira" }
  platform = "/subscriptions/${var.subscription}/resourceGroups/esteira-platform/providers"
}

resource "azapi_resource" "group" {
  type      = "Microsoft.Resources/resourceGroups@2024-03-01"
  name      = "esteira-${var.name}"
  parent_id = "/subscriptions/${var.subscription}"
  location  = local.location
  tags      = local.tags
}

module "vault" {
  source            = "../vault"
  name              = "esteira-${var.name}"
  parent            = azapi_resource.group.id
  location          = local.location
  tags              = local.tags
  workspace         = "${local.platform}/Microsoft.OperationalInsights/workspaces/esteira"
  tenant            = var.tenant
  subnets           = ["${local.platform}/Microsoft.Network/virtualNetworks/esteira/subnets/nodes"]
  authorised_ranges = var.authorised_ranges
}

# External Secrets reads the vault, by the service account key-vault of a namespace.
module "readers" {
  for_each = var.readers
  source   = "../identity"
  name     = "esteira-${var.name}-${each.key}"
  parent   = azapi_resource.group.id
  location = local.location
  tags     = local.tags
  issuer   = var.issuer
  subject  = "system:serviceaccount:${each.value}:key-vault"
  roles    = { secrets = { role = "Key Vault Secrets User", scope = module.vault.id } }
}

module "budget" {
  source   = "../budget"
  name     = "esteira-${var.name}"
  parent   = azapi_resource.group.id
  amount   = var.budget
  start    = "2026-12-01T00:00:00Z"
  contacts = ["platform-team@example.com"]
}
