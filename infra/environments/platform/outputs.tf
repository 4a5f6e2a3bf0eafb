output "issuer" {
  description = "Address of the cluster's OIDC issuer: the environments' variable issuer"
  value       = module.cluster.issuer
}

output "clients" {
  description = "Client ids, by who uses them"
  value = {
    pushes       = module.pushes.client
    trains       = module.trains.client
    argocd       = module.argocd.client
    certificates = module.certificates.client
  }
}
