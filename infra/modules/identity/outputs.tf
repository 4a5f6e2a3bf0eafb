output "client" {
  description = "Client id, as service accounts and workflows name it; no secret"
  value       = azapi_resource.identity.output.properties.clientId
}
