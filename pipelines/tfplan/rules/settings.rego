package main

import rego.v1

# settings are the fields of which a few values are right, and of which checkov has no rule or one that is content too soon.
# Azure's own default counts where it is good: then it is optional.
settings := [
	# Storage accounts
	{
		"rule": "storage-public-blobs", "severity": "high", "type": "Microsoft.Storage/storageAccounts",
		"field": "body.properties.allowBlobPublicAccess", "want": [false],
		"says": "whoever makes a container could give its blobs to everybody",
	},
	{
		"rule": "storage-shared-keys", "severity": "high", "type": "Microsoft.Storage/storageAccounts",
		"field": "body.properties.allowSharedKeyAccess", "want": [false],
		"says": "a key opens everything, to whoever has it, and is nobody's",
	},
	{
		"rule": "storage-cross-tenant", "severity": "medium", "type": "Microsoft.Storage/storageAccounts",
		"field": "body.properties.allowCrossTenantReplication", "want": [false], "optional": true,
		"says": "blobs could be replicated to another tenant",
	},
	{
		"rule": "blobs-versions", "severity": "medium", "type": "Microsoft.Storage/storageAccounts/blobServices",
		"field": "body.properties.isVersioningEnabled", "want": [true],
		"says": "what is overwritten cannot be had back",
	},
	{
		"rule": "blobs-soft-delete", "severity": "medium", "type": "Microsoft.Storage/storageAccounts/blobServices",
		"field": "body.properties.deleteRetentionPolicy.enabled", "want": [true],
		"says": "a blob that is deleted cannot be had back",
	},
	{
		"rule": "blobs-container-soft-delete", "severity": "medium", "type": "Microsoft.Storage/storageAccounts/blobServices",
		"field": "body.properties.containerDeleteRetentionPolicy.enabled", "want": [true],
		"says": "a container that is deleted cannot be had back",
	},
	# Key Vaults
	{
		"rule": "vault-rbac", "severity": "high", "type": "Microsoft.KeyVault/vaults",
		"field": "body.properties.enableRbacAuthorization", "want": [true],
		"says": "access policies are given by whoever may write the vault, roles are not",
	},
	# Registries
	{
		"rule": "registry-arm-tokens", "severity": "medium", "type": "Microsoft.ContainerRegistry/registries",
		"field": "body.properties.policies.azureADAuthenticationAsArmPolicy.status", "want": ["disabled"],
		"says": "a token of Azure Resource Manager is one of the registry too",
	},
	# Clusters
	{
		"rule": "cluster-entra", "severity": "high", "type": "Microsoft.ContainerService/managedClusters",
		"field": "body.properties.aadProfile.managed", "want": [true],
		"says": "people are not those of Entra",
	},
	{
		"rule": "cluster-entra-rbac", "severity": "medium", "type": "Microsoft.ContainerService/managedClusters",
		"field": "body.properties.aadProfile.enableAzureRBAC", "want": [true],
		"says": "roles of Azure do not hold in the cluster",
	},
	{
		"rule": "cluster-oidc", "severity": "medium", "type": "Microsoft.ContainerService/managedClusters",
		"field": "body.properties.oidcIssuerProfile.enabled", "want": [true],
		"says": "service accounts need secrets to be somebody in Azure",
	},
	{
		"rule": "cluster-workload-identity", "severity": "medium", "type": "Microsoft.ContainerService/managedClusters",
		"field": "body.properties.securityProfile.workloadIdentity.enabled", "want": [true],
		"says": "service accounts need secrets to be somebody in Azure",
	},
	{
		"rule": "cluster-network-policy", "severity": "high", "type": "Microsoft.ContainerService/managedClusters",
		"field": "body.properties.networkProfile.networkPolicy", "want": ["cilium", "calico", "azure"],
		"says": "every pod talks to every other",
	},
	{
		"rule": "cluster-node-upgrades", "severity": "medium", "type": "Microsoft.ContainerService/managedClusters",
		"field": "body.properties.autoUpgradeProfile.nodeOSUpgradeChannel", "want": ["NodeImage", "SecurityPatch"],
		"says": "patches of the nodes wait for somebody",
	},
	{
		"rule": "cluster-run-command", "severity": "medium", "type": "Microsoft.ContainerService/managedClusters",
		"field": "body.properties.apiServerAccessProfile.disableRunCommand", "want": [true],
		"says": "`az aks command invoke` goes around the addresses from which the API server answers",
	},
	# Logs
	{
		"rule": "logs-local-auth", "severity": "medium", "type": "Microsoft.OperationalInsights/workspaces",
		"field": "body.properties.features.disableLocalAuth", "want": [true],
		"says": "a key that is nobody's writes logs",
	},
]

needs contains {"rule": setting.rule, "type": setting.type, "field": setting.field} if some setting in settings

remarks contains remark(setting.rule, setting.severity, resource, setting.field, message) if {
	some setting in settings
	some resource in typed(setting.type)
	not right(resource, setting)
	message := sprintf("%s is %s, want %s: %s", [
		setting.field, shown(resource, setting.field), concat(" or ", [json.marshal(want) | some want in setting.want]), setting.says,
	])
}

right(resource, setting) if value(resource, setting.field) in setting.want

right(resource, setting) if {
	object.get(setting, "optional", false)
	value(resource, setting.field) == null
}
