# Azure tells the team before the month is over. It stops nothing.
resource "azapi_resource" "budget" {
  type      = "Microsoft.Consumption/budgets@2023-05-01"
  name      = var.name
  parent_id = var.parent
  body = {
    properties = {
      category   = "Cost"
      amount     = var.amount
      timeGrain  = "Monthly"
      timePeriod = { startDate = var.start }
      notifications = {
        for name, at in { forecast = 100, spent = 80 } : name => {
          enabled                  = true
          operator                 = "GreaterThan"
          threshold                = at
          thresholdType            = name == "forecast" ? "Forecasted" : "Actual"
          contactEmails            = var.contacts
        }
      }
    }
  }
}
