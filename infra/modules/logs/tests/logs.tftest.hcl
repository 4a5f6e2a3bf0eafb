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
  parent   = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/esteira-test"
  location = "westeurope"
  tags     = { environment = "test", team = "platform-team" }
  name     = "esteira"
}

run "logs" {
  command = plan
  assert {
    condition     = azapi_resource.workspace.body.properties.retentionInDays == 90
    error_message = "logs are kept 90 days"
  }
  assert {
    condition     = azapi_resource.workspace.body.properties.workspaceCapping.dailyQuotaGb == 5
    error_message = "what comes in a day is limited"
  }
  assert {
    condition     = azapi_resource.workspace.body.properties.features.disableLocalAuth
    error_message = "nobody writes logs by a key"
  }
}

run "refuses_short_retention" {
  command = plan
  variables {
    retention_days = 7
  }
  expect_failures = [var.retention_days]
}

run "refuses_no_quota" {
  command = plan
  variables {
    daily_quota_gb = -1
  }
  expect_failures = [var.daily_quota_gb]
}

run "refuses_foreign_parent" {
  command = plan
  variables {
    parent = "esteira-test"
  }
  expect_failures = [var.parent]
}

run "refuses_untagged" {
  command = plan
  variables {
    tags = { team = "platform-team" }
  }
  expect_failures = [var.tags]
}

run "refuses_region" {
  command = plan
  variables {
    location = "West Europe"
  }
  expect_failures = [var.location]
}
