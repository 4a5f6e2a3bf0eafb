package main

import rego.v1

everybody := {"*", "0.0.0.0/0", "0.0.0.0", "internet", "any", "::/0"}

# guarded are the types that say whom they answer, and the rules about that. That they answer nobody else is checkov's rule.
guarded := {
	"Microsoft.Storage/storageAccounts": "storage-ranges",
	"Microsoft.KeyVault/vaults": "vault-ranges",
	"Microsoft.ContainerRegistry/registries": "registry-ranges",
}

allowing(type) := "body.properties.networkRuleSet.ipRules" if endswith(type, "registries")

else := "body.properties.networkAcls.ipRules"

needs contains {"rule": rule, "type": type, "field": allowing(type)} if some type, rule in guarded

remarks contains remark(rule, "high", resource, field, message) if {
	some type, rule in guarded
	field := allowing(type)
	some resource in typed(type)
	some allowed in list(value(resource, field))
	broad(allowed.value)
	message := sprintf("it answers %s: name addresses, or ranges of /16 and narrower", [allowed.value])
}

# broad are ranges of more addresses than a company has.
broad(range) if lower(text(range)) in everybody

broad(range) if {
	regex.match(`^[0-9.]+/[0-9]+$`, text(range))
	to_number(split(range, "/")[1]) < 16
}

clusters := typed("Microsoft.ContainerService/managedClusters")

needs contains {"rule": "cluster-open-api", "type": "Microsoft.ContainerService/managedClusters", "field": field} if {
	some field in [
		"body.properties.apiServerAccessProfile.enablePrivateCluster",
		"body.properties.apiServerAccessProfile.authorizedIPRanges",
	]
}

remarks contains remark("cluster-open-api", "high", resource, field, message) if {
	some resource in clusters
	not private(resource)
	field := "body.properties.apiServerAccessProfile.authorizedIPRanges"
	count(list(value(resource, field))) == 0
	message := "the API server answers the whole internet: name authorizedIPRanges, or make the cluster private"
}

remarks contains remark("cluster-open-api", "high", resource, field, message) if {
	some resource in clusters
	not private(resource)
	field := "body.properties.apiServerAccessProfile.authorizedIPRanges"
	some range in list(value(resource, field))
	broad(range)
	message := sprintf("the API server answers %s: name addresses, or ranges of /16 and narrower", [range])
}

private(resource) if value(resource, "body.properties.apiServerAccessProfile.enablePrivateCluster") == true

# pools are those of a cluster, and those that are resources of their own, with the fields that they begin with.
pools contains [resource, pool, sprintf("body.properties.agentPoolProfiles.%d", [i])] if {
	some resource in clusters
	some i, pool in list(value(resource, "body.properties.agentPoolProfiles"))
}

pools contains [resource, resource.properties, "body.properties"] if {
	some resource in typed("Microsoft.ContainerService/managedClusters/agentPools")
}

needs contains {"rule": rule, "type": "Microsoft.ContainerService/managedClusters", "field": "body.properties.agentPoolProfiles"} if {
	some rule in ["cluster-zones", "cluster-node-address"]
}

needs contains {"rule": rule, "type": "Microsoft.ContainerService/managedClusters/agentPools", "field": concat(".", ["body.properties", field])} if {
	some rule, field in {"cluster-zones": "availabilityZones", "cluster-node-address": "enableNodePublicIP"}
}

remarks contains remark("cluster-zones", "medium", resource, field, message) if {
	some [resource, pool, at] in pools
	zones := list(object.get(fields(pool), "availabilityZones", []))
	count(zones) < 2
	field := concat(".", [at, "availabilityZones"])
	message := sprintf("pool %s is in zones %s: one that fails must not take the cluster with it", [object.get(fields(pool), "name", resource.name), json.marshal(zones)])
}

remarks contains remark("cluster-node-address", "high", resource, field, message) if {
	some [resource, pool, at] in pools
	object.get(fields(pool), "enableNodePublicIP", false) == true
	field := concat(".", [at, "enableNodePublicIP"])
	message := sprintf("each node of pool %s has a public address", [object.get(fields(pool), "name", resource.name)])
}

# openings are rules that let something in, of a group and those that are resources of their own.
openings contains [resource, rule.properties, sprintf("body.properties.securityRules.%d", [i])] if {
	some resource in typed("Microsoft.Network/networkSecurityGroups")
	some i, rule in list(value(resource, "body.properties.securityRules"))
}

openings contains [resource, resource.properties, "body.properties"] if {
	some resource in typed("Microsoft.Network/networkSecurityGroups/securityRules")
}

needs contains {"rule": "network-open", "type": "Microsoft.Network/networkSecurityGroups", "field": "body.properties.securityRules"}

needs contains {"rule": "network-open", "type": "Microsoft.Network/networkSecurityGroups/securityRules", "field": "body.properties"}

remarks contains remark("network-open", "high", resource, at, message) if {
	some [resource, rule, at] in openings
	lower(text(object.get(fields(rule), "direction", ""))) == "inbound"
	lower(text(object.get(rule, "access", ""))) == "allow"
	some source in both(rule, "sourceAddressPrefix", "sourceAddressPrefixes")
	lower(source) in everybody
	some port in both(rule, "destinationPortRange", "destinationPortRanges")
	not port in {"", "80", "443"}
	message := sprintf("port %s is open to %s: of the whole internet only 80 and 443 are for everybody", [port, source])
}

# both are the texts of a field for one and of a field for many.
both(rule, one, many) := [text(each) | some each in array.concat([object.get(rule, one, "")], list(object.get(rule, many, [])))]
