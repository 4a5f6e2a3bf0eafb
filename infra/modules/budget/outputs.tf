output "id" {
  description = "Id of the budget"
  value       = azapi_resource.budget.id
}
