mock_provider "azapi" {
  mock_resource "azapi_resource" {
    defaults = {
      id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/esteira-test/providers/Microsoft.ManagedIdentity/userAssignedIdentities/cluster"
      output = {
        properties = {
          principalId       = "11111111-1111-1111-1111-111111111111"
          clientId          = "22222222-2222-2222-2222-222222222222"
          oidcIssuerProfile = { issuerURL = "https://issuer.example.com/" }
          identityProfile   = { kubeletidentity = { objectId = "33333333-3333-3333-3333-333333333333" } }
        }
      }
    }
  }
}

variables {
  parent            = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/esteira-test"
  location          = "westeurope"
  tags              = { environment = "test", team = "platform-team" }
  name              = "esteira"
  kubernetes        = "1.36"
  subnet            = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/esteira-test/providers/Microsoft.Network/virtualNetworks/esteira/subnets/nodes"
  registry          = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/esteira-test/providers/Microsoft.ContainerRegistry/registries/esteira"
  administrators    = ["44444444-4444-4444-4444-444444444444"]
  system_pool       = { size = "Standard_D2ds_v5", least = 3, most = 5 }
  user_pool         = { size = "Standard_D4ds_v5", least = 3, most = 9 }
  authorised_ranges = ["203.0.113.0/24"]
  workspace         = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/esteira-test/providers/Microsoft.OperationalInsights/workspaces/logs"
}

run "cluster" {
  assert {
    condition     = azapi_resource.cluster.body.properties.disableLocalAccounts
    error_message = "there are no local accounts"
  }
  assert {
    condition     = azapi_resource.cluster.body.properties.aadProfile.enableAzureRBAC
    error_message = "roles of Azure say who may do what"
  }
  assert {
    condition     = azapi_resource.cluster.body.properties.securityProfile.workloadIdentity.enabled
    error_message = "workloads have identities"
  }
  assert {
    condition     = azapi_resource.cluster.body.properties.oidcIssuerProfile.enabled
    error_message = "its tokens have an issuer"
  }
  assert {
    condition     = azapi_resource.cluster.body.properties.apiServerAccessProfile.authorizedIPRanges == tolist(["203.0.113.0/24"])
    error_message = "its API answers where it is told to"
  }
  assert {
    condition     = azapi_resource.cluster.body.properties.autoUpgradeProfile.upgradeChannel == "patch"
    error_message = "patches come by themselves"
  }
  assert {
    condition     = alltrue([for pool in azapi_resource.cluster.body.properties.agentPoolProfiles : length(pool.availabilityZones) == 3])
    error_message = "nodes are in three zones"
  }
  assert {
    condition     = length([for pool in azapi_resource.cluster.body.properties.agentPoolProfiles : pool if pool.mode == "System"]) == 1
    error_message = "the system has nodes of its own"
  }
  assert {
    condition     = output.issuer == "https://issuer.example.com/"
    error_message = "its issuer is printed"
  }
}

run "private" {
  variables {
    private           = true
    authorised_ranges = []
  }
  assert {
    condition     = azapi_resource.cluster.body.properties.apiServerAccessProfile.enablePrivateCluster
    error_message = "its API has a private address"
  }
}

run "refuses_everybody" {
  command = plan
  variables {
    authorised_ranges = ["0.0.0.0/0"]
  }
  expect_failures = [var.authorised_ranges]
}

run "refuses_patch" {
  command = plan
  variables {
    kubernetes = "1.36.3"
  }
  expect_failures = [var.kubernetes]
}

run "refuses_one_zone" {
  command = plan
  variables {
    zones = ["1"]
  }
  expect_failures = [var.zones]
}

run "refuses_nobody" {
  command = plan
  variables {
    administrators = []
  }
  expect_failures = [var.administrators]
}

run "refuses_one_node" {
  command = plan
  variables {
    system_pool = { size = "Standard_D2ds_v5", least = 1, most = 1 }
  }
  expect_failures = [var.system_pool]
}
