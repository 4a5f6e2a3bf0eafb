output "nodes" {
  description = "Id of the nodes' subnet"
  value       = azapi_resource.nodes.id
}
