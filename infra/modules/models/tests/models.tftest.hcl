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
  subnets   = ["/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/esteira-test/providers/Microsoft.Network/virtualNetworks/esteira/subnets/nodes"]
  workspace = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/esteira-test/providers/Microsoft.OperationalInsights/workspaces/logs"
}

run "models" {
  command = plan
  assert {
    condition     = !azapi_resource.account.body.properties.allowBlobPublicAccess
    error_message = "no blob is public"
  }
  assert {
    condition     = !azapi_resource.account.body.properties.allowSharedKeyAccess
    error_message = "nobody has a key"
  }
  assert {
    condition     = azapi_resource.account.body.properties.minimumTlsVersion == "TLS1_2"
    error_message = "TLS 1.2 or newer"
  }
  assert {
    condition     = azapi_resource.account.body.properties.networkAcls.defaultAction == "Deny"
    error_message = "it answers where it is told to"
  }
  assert {
    condition     = azapi_resource.blobs.body.properties.isVersioningEnabled
    error_message = "what is overwritten can be had back"
  }
  assert {
    condition     = azapi_resource.blobs.body.properties.deleteRetentionPolicy.enabled
    error_message = "what is deleted can be had back"
  }
  assert {
    condition     = azapi_resource.models.body.properties.publicAccess == "None"
    error_message = "the container is not public"
  }
}

run "refuses_everybody" {
  command = plan
  variables {
    authorised_ranges = ["0.0.0.0/0"]
  }
  expect_failures = [var.authorised_ranges]
}

run "refuses_one_zone" {
  command = plan
  variables {
    redundancy = "Standard_LRS"
  }
  expect_failures = [var.redundancy]
}

run "refuses_name" {
  command = plan
  variables {
    name = "Esteira"
  }
  expect_failures = [var.name]
}

run "refuses_forgetful" {
  command = plan
  variables {
    deleted_days = 1
  }
  expect_failures = [var.deleted_days]
}
