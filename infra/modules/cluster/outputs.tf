output "id" {
  description = "Id of the cluster"
  value       = azapi_resource.cluster.id
}

output "issuer" {
  description = "Address of the cluster's OIDC issuer, which federated credentials of its service accounts name"
  value       = azapi_resource.cluster.output.properties.oidcIssuerProfile.issuerURL
}
