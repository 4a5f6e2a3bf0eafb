mock_provider "azapi" {
  mock_resource "azapi_resource" {
    defaults = {
      id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/esteira-test/providers/Microsoft.Test/things/thing"
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
  parent    = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/esteira-test"
  location  = "westeurope"
  tags      = { environment = "test", team = "platform-team" }
  name      = "esteira"
  addresses = "10.20.0.0/16"
  nodes     = "10.20.0.0/20"
}

run "network" {
  command = plan
  assert {
    condition     = alltrue([for rule in azapi_resource.rules.body.properties.securityRules : rule.name == "https" if rule.properties.access == "Allow"])
    error_message = "https alone comes in"
  }
  assert {
    condition     = one([for rule in azapi_resource.rules.body.properties.securityRules : rule.properties.access if rule.name == "nothing-else"]) == "Deny"
    error_message = "all else is denied"
  }
  assert {
    condition     = contains([for endpoint in azapi_resource.nodes.body.properties.serviceEndpoints : endpoint.service], "Microsoft.KeyVault")
    error_message = "vaults can tell the nodes"
  }
}

run "refuses_addresses" {
  command = plan
  variables {
    addresses = "10.20.0.0"
  }
  expect_failures = [var.addresses]
}

run "refuses_nodes" {
  command = plan
  variables {
    nodes = "10.20.0.0/99"
  }
  expect_failures = [var.nodes]
}
