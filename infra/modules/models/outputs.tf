output "id" {
  description = "Id of the storage account"
  value       = azapi_resource.account.id
}

output "container" {
  description = "Id of the container of the models: the scope of those who write to it"
  value       = azapi_resource.models.id
}
