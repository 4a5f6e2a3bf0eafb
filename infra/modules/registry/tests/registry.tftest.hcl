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
  workspace = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/esteira-test/providers/Microsoft.OperationalInsights/workspaces/logs"
}

run "registry" {
  command = plan
  assert {
    condition     = !azapi_resource.registry.body.properties.adminUserEnabled
    error_message = "nobody logs in by a password"
  }
  assert {
    condition     = !azapi_resource.registry.body.properties.anonymousPullEnabled
    error_message = "nobody pulls without a name"
  }
  assert {
    condition     = azapi_resource.registry.body.properties.policies.azureADAuthenticationAsArmPolicy.status == "disabled"
    error_message = "a token of Azure Resource Manager is none of the registry"
  }
  assert {
    condition     = azapi_resource.registry.body.properties.policies.retentionPolicy.days == 30
    error_message = "images without a tag are deleted"
  }
}

run "refuses_hyphen" {
  command = plan
  variables {
    name = "est-eira"
  }
  expect_failures = [var.name]
}

run "refuses_eager" {
  command = plan
  variables {
    untagged_days = 1
  }
  expect_failures = [var.untagged_days]
}
