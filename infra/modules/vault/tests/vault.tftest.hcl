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
  name      = "esteira-test"
  tenant    = "00000000-0000-0000-0000-000000000000"
  subnets   = []
  workspace = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/esteira-test/providers/Microsoft.OperationalInsights/workspaces/logs"
}

run "vault" {
  command = plan
  assert {
    condition     = azapi_resource.vault.body.properties.enablePurgeProtection
    error_message = "nobody purges it"
  }
  assert {
    condition     = azapi_resource.vault.body.properties.enableRbacAuthorization
    error_message = "roles say who reads"
  }
  assert {
    condition     = azapi_resource.vault.body.properties.softDeleteRetentionInDays == 90
    error_message = "what is deleted can be had back"
  }
  assert {
    condition     = azapi_resource.vault.body.properties.networkAcls.defaultAction == "Deny"
    error_message = "it answers where it is told to"
  }
  assert {
    condition     = output.address == "https://esteira-test.vault.azure.net"
    error_message = "its address is as the manifests name it"
  }
}

run "refuses_everybody" {
  command = plan
  variables {
    authorised_ranges = ["0.0.0.0/0"]
  }
  expect_failures = [var.authorised_ranges]
}

run "refuses_name" {
  command = plan
  variables {
    name = "a_b"
  }
  expect_failures = [var.name]
}
