output "vault" {
  description = "Address of the vault, as k8s/overlays/*/environment.yaml names it"
  value       = module.vault.address
}

output "clients" {
  description = "Client ids, by who uses them"
  value       = { secrets = module.secrets.client, monitoring = module.monitoring.client }
}
