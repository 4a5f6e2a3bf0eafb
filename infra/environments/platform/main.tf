# What all environments share: the cluster whose namespaces they are, the registry whose images move from one to the next by
# digest, the models, and the logs.
locals {
  location = "westeurope"
  tags     = { environment = "platform", team = "platform-team", project = "esteira" }
}

resource "azapi_resource" "group" {
  type      = "Microsoft.Resources/resourceGroups@2024-03-01"
  name      = "esteira-platform"
  parent_id = "/subscriptions/${var.subscription}"
  location  = local.location
  tags      = local.tags
}

module "logs" {
  source         = "../../modules/logs"
  name           = "esteira"
  parent         = azapi_resource.group.id
  location       = local.location
  tags           = local.tags
  retention_days = 90
}

module "network" {
  source    = "../../modules/network"
  name      = "esteira"
  parent    = azapi_resource.group.id
  location  = local.location
  tags      = local.tags
  addresses = "10.20.0.0/16"
  nodes     = "10.20.0.0/20"
}

module "registry" {
  source    = "../../modules/registry"
  name      = "esteira"
  parent    = azapi_resource.group.id
  location  = local.location
  tags      = local.tags
  workspace = module.logs.id
}

module "models" {
  source            = "../../modules/models"
  name              = "esteira"
  parent            = azapi_resource.group.id
  location          = local.location
  tags              = local.tags
  workspace         = module.logs.id
  subnets           = [module.network.nodes]
  authorised_ranges = var.authorised_ranges
}

module "vault" {
  source            = "../../modules/vault"
  name              = "esteira-platform"
  parent            = azapi_resource.group.id
  location          = local.location
  tags              = local.tags
  workspace         = module.logs.id
  tenant            = var.tenant
  subnets           = [module.network.nodes]
  authorised_ranges = var.authorised_ranges
}

module "cluster" {
  source            = "../../modules/cluster"
  name              = "esteira"
  parent            = azapi_resource.group.id
  location          = local.location
  tags              = local.tags
  workspace         = module.logs.id
  kubernetes        = "1.36"
  subnet            = module.network.nodes
  registry          = module.registry.id
  authorised_ranges = var.authorised_ranges
  administrators    = var.administrators
  system_pool       = { size = "Standard_D2ds_v5", least = 3, most = 5 }
  user_pool         = { size = "Standard_D4ds_v5", least = 3, most = 9 }
}

# Pushes images: the jobs of main alone, by their GitHub environment.
module "pushes" {
  source   = "../../modules/identity"
  name     = "esteira-pushes"
  parent   = azapi_resource.group.id
  location = local.location
  tags     = local.tags
  issuer   = "https://token.actions.githubusercontent.com"
  subject  = "repo:esteira/esteira:environment:images"
  roles    = { images = { role = "AcrPush", scope = module.registry.id } }
}

# Uploads models.
module "trains" {
  source   = "../../modules/identity"
  name     = "esteira-trains"
  parent   = azapi_resource.group.id
  location = local.location
  tags     = merge(local.tags, { team = "ml-team" })
  issuer   = "https://token.actions.githubusercontent.com"
  subject  = "repo:esteira/esteira:environment:models"
  roles    = { models = { role = "Storage Blob Data Contributor", scope = module.models.container } }
}

# Reads the secrets of Argo CD.
module "argocd" {
  source   = "../../modules/identity"
  name     = "esteira-argocd"
  parent   = azapi_resource.group.id
  location = local.location
  tags     = local.tags
  issuer   = module.cluster.issuer
  subject  = "system:serviceaccount:argocd:key-vault"
  roles    = { secrets = { role = "Key Vault Secrets User", scope = module.vault.id } }
}

# Proves to Let's Encrypt that the names are ours.
module "certificates" {
  source   = "../../modules/identity"
  name     = "esteira-certificates"
  parent   = azapi_resource.group.id
  location = local.location
  tags     = local.tags
  issuer   = module.cluster.issuer
  subject  = "system:serviceaccount:cert-manager:cert-manager"
  roles = { zone = {
    role  = "DNS Zone Contributor"
    scope = "/subscriptions/${var.subscription}/resourceGroups/esteira-dns/providers/Microsoft.Network/dnsZones/example.com"
  } }
}

module "budget" {
  source   = "../../modules/budget"
  name     = "esteira-platform"
  parent   = azapi_resource.group.id
  amount   = 2500
  start    = "2026-12-01T00:00:00Z"
  contacts = ["platform-team@example.com"]
}
