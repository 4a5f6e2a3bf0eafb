package main

import rego.v1

# powerful are the built-in roles that may give themselves or others everything, by the ends of their ids.
powerful := {
	"8e3af657-a8ff-443c-a75c-2fe8c4bcb635": ["role-owner", "Owner"],
	"b24988ac-6180-42a0-ab88-20f7382dd24c": ["role-contributor", "Contributor"],
	"18d7d88d-d35e-4fb5-a5c3-7773c20a72d9": ["role-user-access-administrator", "User Access Administrator"],
	"f58310d9-a9f6-439a-9e8d-f62e7b41a168": ["role-user-access-administrator", "Role Based Access Control Administrator"],
}

assignments := typed("Microsoft.Authorization/roleAssignments")

needs contains {"rule": rule, "type": "Microsoft.Authorization/roleAssignments", "field": "body.properties.roleDefinitionId"} if {
	some rule in {named[0] | some named in powerful}
}

remarks contains remark(rule, "critical", resource, field, message) if {
	field := "body.properties.roleDefinitionId"
	some resource in assignments
	[rule, role] := powerful[lower(regex.find_n(`[^/]+$`, text(value(resource, field)), 1)[0])]
	message := sprintf("it is assigned %s: name what has to be done, and the role that may do that alone", [role])
}

needs contains {"rule": "role-scope", "type": "Microsoft.Authorization/roleAssignments", "field": "parent_id"}

remarks contains remark("role-scope", "high", resource, "parent_id", message) if {
	some resource in assignments
	scope := object.get(resource.metadata, "parent", "")
	wide(scope)
	message := sprintf("it holds for all of %s: assign it at what is needed, or at its resource group", [scope])
}

# wide are subscriptions, management groups, and everything.
wide(scope) if regex.match(`(?i)^(/|/subscriptions/[^/]+/?|/providers/Microsoft\.Management/managementGroups/[^/]+/?)$`, scope)

needs contains {"rule": "role-wildcard", "type": "Microsoft.Authorization/roleDefinitions", "field": "body.properties.permissions"}

remarks contains remark("role-wildcard", "critical", resource, "body.properties.permissions", message) if {
	some resource in typed("Microsoft.Authorization/roleDefinitions")
	some permission in list(value(resource, "body.properties.permissions"))
	some kind in ["actions", "dataActions"]
	some action in list(object.get(fields(permission), kind, []))
	regex.match(`(?i)^(\*(/.*)?|Microsoft\.Authorization/\*(/.*)?|[^/]+/\*)$`, text(action))
	message := sprintf("%s are %q: name each of them", [kind, action])
}

credentials := typed("Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials")

needs contains {
	"rule": rule, "field": "body.properties.subject",
	"type": "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials",
} if {
	some rule in ["federated-wildcard", "federated-pull-request"]
}

remarks contains remark("federated-wildcard", "critical", resource, field, message) if {
	field := "body.properties.subject"
	some resource in credentials
	regex.match(`[*?]`, text(value(resource, field)))
	message := sprintf("it trusts whoever is %s: name one environment or one service account", [shown(resource, field)])
}

remarks contains remark("federated-pull-request", "critical", resource, field, message) if {
	field := "body.properties.subject"
	some resource in credentials
	endswith(text(value(resource, field)), ":pull_request")
	message := sprintf("it trusts %s, which is code that nobody approved: name an environment", [shown(resource, field)])
}

needs contains {
	"rule": "federated-audience", "field": "body.properties.audiences",
	"type": "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials",
}

remarks contains remark("federated-audience", "high", resource, field, message) if {
	field := "body.properties.audiences"
	some resource in credentials
	value(resource, field) != ["api://AzureADTokenExchange"]
	message := sprintf("audiences are %s, want api://AzureADTokenExchange alone: a token that was meant for others would do", [shown(resource, field)])
}
