output "id" {
  description = "Id of the registry"
  value       = azapi_resource.registry.id
}

output "address" {
  description = "Address of the registry, as images name it"
  value       = "${azapi_resource.registry.name}.azurecr.io"
}
