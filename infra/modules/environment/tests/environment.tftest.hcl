mock_provider "azapi" {
  mock_resource "azapi_resource" {
    defaults = {
      id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/esteira-test"
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
  name              = "staging"
  subscription      = "00000000-0000-0000-0000-000000000000"
  tenant            = "00000000-0000-0000-0000-000000000000"
  issuer            = "https://issuer.example.com/"
  authorised_ranges = ["203.0.113.0/24"]
  readers           = { secrets = "iris-staging", monitoring = "monitoring" }
  budget            = 100
}

run "environment" {
  assert {
    condition     = azapi_resource.group.name == "esteira-staging"
    error_message = "it has a resource group of its own"
  }
  assert {
    condition     = output.vault == "https://esteira-staging.vault.azure.net"
    error_message = "its vault is the one that the manifests name"
  }
  assert {
    condition     = output.clients == { secrets = "22222222-2222-2222-2222-222222222222", monitoring = "22222222-2222-2222-2222-222222222222" }
    error_message = "each reader has a client id"
  }
}

run "refuses_unknown_environment" {
  command = plan
  variables {
    name = "qa"
  }
  expect_failures = [var.name]
}

run "refuses_issuer_without_tls" {
  command = plan
  variables {
    issuer = "http://issuer.example.com/"
  }
  expect_failures = [var.issuer]
}
