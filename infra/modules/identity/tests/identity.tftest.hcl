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
  name     = "reads-secrets"
  issuer   = "https://issuer.example.com/"
  subject  = "system:serviceaccount:iris-test:key-vault"
  roles    = { secrets = { role = "Key Vault Secrets User", scope = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/esteira-test/providers/Microsoft.KeyVault/vaults/v" } }
}

run "identity" {
  assert {
    condition     = azapi_resource.trusts.body.properties.subject == "system:serviceaccount:iris-test:key-vault"
    error_message = "it trusts this service account"
  }
  assert {
    condition     = endswith(azapi_resource.may["secrets"].body.properties.roleDefinitionId, "4633458b-17de-408a-b874-0445c86b69e6")
    error_message = "it may read secrets"
  }
  assert {
    condition     = azapi_resource.may["secrets"].parent_id == var.roles.secrets.scope
    error_message = "in this vault alone"
  }
  assert {
    condition     = output.client == "22222222-2222-2222-2222-222222222222"
    error_message = "its client id is printed"
  }
}

run "refuses_owner" {
  command = plan
  variables {
    roles = { all = { role = "Owner", scope = "/subscriptions/x" } }
  }
  expect_failures = [var.roles]
}

run "refuses_wildcard" {
  command = plan
  variables {
    subject = "repo:esteira/*:environment:prod"
  }
  expect_failures = [var.subject]
}

run "refuses_branch" {
  command = plan
  variables {
    subject = "repo:esteira/esteira:ref:refs/heads/main"
  }
  expect_failures = [var.subject]
}
