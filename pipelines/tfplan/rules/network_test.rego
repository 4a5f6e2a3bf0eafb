package main

import rego.v1

network_cases := [
	{
		"rule": "storage-ranges", "type": "Microsoft.Storage/storageAccounts",
		"fails": [
			{"properties": {"networkAcls": {"ipRules": [{"value": "0.0.0.0/0"}]}}},
			{"properties": {"networkAcls": {"ipRules": [{"value": "198.51.100.0/24"}, {"value": "198.0.0.0/8"}]}}},
		],
		"passes": [{}, {"properties": {"networkAcls": {"ipRules": [{"value": "198.51.100.0/24"}, {"value": "198.51.100.1"}]}}}],
	},
	{
		"rule": "vault-ranges", "type": "Microsoft.KeyVault/vaults",
		"fails": [{"properties": {"networkAcls": {"ipRules": [{"value": "0.0.0.0/1"}]}}}],
		"passes": [{"properties": {"networkAcls": {"ipRules": [{"value": "198.51.0.0/16"}]}}}],
	},
	{
		"rule": "registry-ranges", "type": "Microsoft.ContainerRegistry/registries",
		"fails": [{"properties": {"networkRuleSet": {"ipRules": [{"value": "0.0.0.0/0"}]}}}],
		"passes": [{"properties": {"networkRuleSet": {"ipRules": []}}}],
	},
	{
		"rule": "cluster-open-api", "type": cluster,
		"fails": [
			{},
			{"properties": {"apiServerAccessProfile": {"authorizedIPRanges": []}}},
			{"properties": {"apiServerAccessProfile": {"enablePrivateCluster": false, "authorizedIPRanges": ["0.0.0.0/0"]}}},
			{"properties": {"apiServerAccessProfile": {"authorizedIPRanges": ["198.51.100.0/24", "10.0.0.0/8"]}}},
		],
		"passes": [
			{"properties": {"apiServerAccessProfile": {"enablePrivateCluster": true}}},
			{"properties": {"apiServerAccessProfile": {"authorizedIPRanges": ["198.51.100.0/24"]}}},
		],
	},
	{
		"rule": "cluster-zones", "type": cluster,
		"fails": [
			{"properties": {"agentPoolProfiles": [{"name": "system", "availabilityZones": ["1"]}]}},
			{"properties": {"agentPoolProfiles": [{"name": "system"}]}},
		],
		"passes": [{"properties": {"agentPoolProfiles": [{"name": "system", "availabilityZones": ["1", "2"]}]}}],
	},
	{
		"rule": "cluster-zones", "type": "Microsoft.ContainerService/managedClusters/agentPools",
		"fails": [{"properties": {"availabilityZones": ["1"]}}],
		"passes": [{"properties": {"availabilityZones": ["1", "2"]}}],
	},
	{
		"rule": "cluster-node-address", "type": cluster,
		"fails": [{"properties": {"agentPoolProfiles": [{"name": "system", "enableNodePublicIP": true}]}}],
		"passes": [{"properties": {"agentPoolProfiles": [{"name": "system", "enableNodePublicIP": false}, {"name": "user"}]}}],
	},
	{
		"rule": "network-open", "type": "Microsoft.Network/networkSecurityGroups",
		"fails": [
			{"properties": {"securityRules": [opening("*", "22")]}},
			{"properties": {"securityRules": [opening("Internet", "443"), opening("0.0.0.0/0", "*")]}},
			{"properties": {"securityRules": [{"properties": {
				"direction": "Inbound", "access": "Allow", "sourceAddressPrefixes": ["10.0.0.0/8", "any"], "destinationPortRanges": ["443", "8000-9000"],
			}}]}},
		],
		"passes": [
			{"properties": {"securityRules": [opening("Internet", "443"), opening("198.51.100.0/24", "22")]}},
			{"properties": {"securityRules": [{"properties": object.union(opening("*", "*").properties, {"access": "Deny"})}]}},
			{"properties": {"securityRules": [{"properties": object.union(opening("*", "*").properties, {"direction": "Outbound"})}]}},
			{},
		],
	},
	{
		"rule": "network-open", "type": "Microsoft.Network/networkSecurityGroups/securityRules",
		"fails": [opening("*", "3389")],
		"passes": [opening("Internet", "80")],
	},
]

cluster := "Microsoft.ContainerService/managedClusters"

opening(from, port) := {"properties": {"direction": "Inbound", "access": "Allow", "sourceAddressPrefix": from, "destinationPortRange": port}}

test_network if wrong(network_cases) == []
