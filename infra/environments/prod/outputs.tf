output "vault" {
  description = "Address of the vault, as k8s/overlays/*/environment.yaml names it"
  value       = module.environment.vault
}

output "clients" {
  description = "Client ids, by who uses them"
  value       = module.environment.clients
}
