# The cluster's own identity, made before it, so that it may join the subnet when it starts.
resource "azapi_resource" "identity" {
  type                   = "Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31"
  name                   = "${var.name}-cluster"
  parent_id              = var.parent
  location               = var.location
  tags                   = var.tags
  body                   = {} # an object, so that output is one
  response_export_values = ["properties.principalId"]
}

# Network Contributor on the nodes' subnet alone, for load balancers and routes.
resource "azapi_resource" "joins_subnet" {
  type      = "Microsoft.Authorization/roleAssignments@2022-04-01"
  name      = uuidv5("url", "${var.subnet}/${var.name}/network")
  parent_id = var.subnet
  body = {
    properties = {
      principalId      = azapi_resource.identity.output.properties.principalId
      principalType    = "ServicePrincipal"
      roleDefinitionId = "${local.subscription}/providers/Microsoft.Authorization/roleDefinitions/4d97b98b-1d4f-4787-a291-c67834d212e7"
    }
  }
}

resource "azapi_resource" "cluster" {
  type      = "Microsoft.ContainerService/managedClusters@2024-05-01"
  name      = var.name
  parent_id = var.parent
  location  = var.location
  tags      = var.tags
  identity {
    type         = "UserAssigned"
    identity_ids = [azapi_resource.identity.id]
  }
  body = {
    sku = { name = "Base", tier = "Standard" }
    properties = {
      kubernetesVersion = var.kubernetes
      dnsPrefix         = var.name
      # Who may do what comes from Entra, and nobody has a certificate that cannot be taken back.
      enableRBAC           = true
      disableLocalAccounts = true
      aadProfile = {
        managed             = true
        enableAzureRBAC     = true
        adminGroupObjectIDs = var.administrators
      }
      apiServerAccessProfile = var.private ? {
        enablePrivateCluster = true
        disableRunCommand    = true
        authorizedIPRanges   = null
        } : {
        enablePrivateCluster = false
        disableRunCommand    = true # it would go around the ranges
        authorizedIPRanges   = var.authorised_ranges
      }
      oidcIssuerProfile = { enabled = true }
      securityProfile = {
        workloadIdentity = { enabled = true }
        imageCleaner     = { enabled = true, intervalHours = 48 }
      }
      networkProfile = {
        networkPlugin     = "azure"
        networkPluginMode = "overlay"
        networkDataplane  = "cilium"
        networkPolicy     = "cilium"
        loadBalancerSku   = "standard"
        outboundType      = "loadBalancer"
        podCidr           = "10.244.0.0/16"
        serviceCidr       = "10.245.0.0/16"
        dnsServiceIP      = "10.245.0.10"
      }
      autoUpgradeProfile = {
        upgradeChannel       = "patch"
        nodeOSUpgradeChannel = "NodeImage"
      }
      addonProfiles = {
        omsagent    = { enabled = true, config = { logAnalyticsWorkspaceResourceID = var.workspace, useAADAuth = "true" } }
        azurepolicy = { enabled = false }
      }
      agentPoolProfiles = [
        merge(local.pool, {
          name       = "system"
          mode       = "System"
          vmSize     = var.system_pool.size
          count      = var.system_pool.least
          minCount   = var.system_pool.least
          maxCount   = var.system_pool.most
          nodeTaints = ["CriticalAddonsOnly=true:NoSchedule"]
        }),
        merge(local.pool, {
          name       = "user"
          mode       = "User"
          vmSize     = var.user_pool.size
          count      = var.user_pool.least
          minCount   = var.user_pool.least
          maxCount   = var.user_pool.most
          nodeTaints = []
        }),
      ]
    }
  }
  response_export_values = ["properties.oidcIssuerProfile.issuerURL", "properties.identityProfile.kubeletidentity.objectId"]
  depends_on             = [azapi_resource.joins_subnet]
  # The autoscaler counts nodes.
  lifecycle {
    ignore_changes = [body.properties.agentPoolProfiles[0].count, body.properties.agentPoolProfiles[1].count]
  }
}

locals {
  subscription = regex("^/subscriptions/[^/]+", var.parent)
  pool = {
    type              = "VirtualMachineScaleSets"
    osType            = "Linux"
    osSKU             = "AzureLinux"
    osDiskType        = "Ephemeral" # on the machine's own disk: a node holds nothing that is not somewhere else
    osDiskSizeGB      = 64
    enableAutoScaling = true
    availabilityZones = var.zones
    vnetSubnetID      = var.subnet
    maxPods           = 110
    upgradeSettings   = { maxSurge = "33%" }
    # No node has an address of its own.
    enableNodePublicIP     = false
    enableEncryptionAtHost = true
  }
}

resource "azapi_resource" "diagnostics" {
  type      = "Microsoft.Insights/diagnosticSettings@2021-05-01-preview"
  name      = "logs"
  parent_id = azapi_resource.cluster.id
  body = {
    properties = {
      workspaceId = var.workspace
      logs = [for category in ["kube-audit-admin", "kube-apiserver", "guard", "cluster-autoscaler"] :
        { category = category, enabled = true }
      ]
      metrics = []
    }
  }
}

# Nodes pull images, and no more.
resource "azapi_resource" "pulls" {
  type      = "Microsoft.Authorization/roleAssignments@2022-04-01"
  name      = uuidv5("url", "${var.registry}/${var.name}/pull")
  parent_id = var.registry
  body = {
    properties = {
      principalId      = azapi_resource.cluster.output.properties.identityProfile.kubeletidentity.objectId
      principalType    = "ServicePrincipal"
      roleDefinitionId = "${local.subscription}/providers/Microsoft.Authorization/roleDefinitions/7f951dda-4ed3-4680-a7ca-43fe172d538d"
    }
  }
}
