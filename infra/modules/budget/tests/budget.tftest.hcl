mock_provider "azapi" {}

variables {
  parent   = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/esteira-test"
  name     = "esteira"
  amount   = 100
  start    = "2026-12-01T00:00:00Z"
  contacts = ["platform-team@example.com"]
}

run "budget" {
  command = plan
  assert {
    condition     = azapi_resource.budget.body.properties.notifications.spent.threshold == 80
    error_message = "it tells at 80 %"
  }
  assert {
    condition     = azapi_resource.budget.body.properties.notifications.forecast.thresholdType == "Forecasted"
    error_message = "it tells before it is spent"
  }
}

run "refuses_free" {
  command = plan
  variables {
    amount = 0
  }
  expect_failures = [var.amount]
}

run "refuses_middle" {
  command = plan
  variables {
    start = "2026-12-15T00:00:00Z"
  }
  expect_failures = [var.start]
}

run "refuses_nobody" {
  command = plan
  variables {
    contacts = []
  }
  expect_failures = [var.contacts]
}
