output "id" {
  description = "Id of the vault"
  value       = azapi_resource.vault.id
}

output "address" {
  description = "Address of the vault, as k8s/overlays/*/environment.yaml names it"
  value       = "https://${azapi_resource.vault.name}.vault.azure.net"
}
