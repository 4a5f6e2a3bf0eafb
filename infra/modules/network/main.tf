# Nothing from outside reaches a node: what is public comes by the load balancer, which Azure lets through by its service tag.
resource "azapi_resource" "rules" {
  type      = "Microsoft.Network/networkSecurityGroups@2023-11-01"
  name      = var.name
  parent_id = var.parent
  location  = var.location
  tags      = var.tags
  body = {
    properties = {
      securityRules = [
        {
          name = "https"
          properties = {
            priority                 = 100
            direction                = "Inbound"
            access                   = "Allow"
            protocol                 = "Tcp"
            sourceAddressPrefix      = "Internet"
            sourcePortRange          = "*"
            destinationAddressPrefix = var.nodes
            destinationPortRanges    = ["80", "443"]
          }
        },
        {
          name = "nothing-else"
          properties = {
            priority                 = 4000
            direction                = "Inbound"
            access                   = "Deny"
            protocol                 = "*"
            sourceAddressPrefix      = "Internet"
            sourcePortRange          = "*"
            destinationAddressPrefix = "*"
            destinationPortRange     = "*"
          }
        },
      ]
    }
  }
}

resource "azapi_resource" "network" {
  type      = "Microsoft.Network/virtualNetworks@2023-11-01"
  name      = var.name
  parent_id = var.parent
  location  = var.location
  tags      = var.tags
  body = {
    properties = {
      addressSpace = { addressPrefixes = [var.addresses] }
    }
  }
  # Subnets are resources of their own.
  lifecycle {
    ignore_changes = [body.properties.subnets]
  }
}

# The nodes ask storage and vaults over Azure's own network, which lets those refuse everybody else.
resource "azapi_resource" "nodes" {
  type      = "Microsoft.Network/virtualNetworks/subnets@2023-11-01"
  name      = "nodes"
  parent_id = azapi_resource.network.id
  body = {
    properties = {
      addressPrefix        = var.nodes
      networkSecurityGroup = { id = azapi_resource.rules.id }
      serviceEndpoints = [
        { service = "Microsoft.Storage" },
        { service = "Microsoft.KeyVault" },
        { service = "Microsoft.ContainerRegistry" },
      ]
    }
  }
}
