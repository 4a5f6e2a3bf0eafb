output "vault" {
  description = "Address of the vault, as k8s/overlays/*/environment.yaml names it"
  value       = module.vault.address
}

output "clients" {
  description = "Client ids, by who uses them"
  value       = { for name, reader in module.readers : name => reader.client }
}
