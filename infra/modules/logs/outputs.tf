output "id" {
  description = "Id of the workspace"
  value       = azapi_resource.workspace.id
}
