package main

import rego.v1

access_cases := [
	{
		"rule": "role-owner", "type": "Microsoft.Authorization/roleAssignments",
		"fails": [
			{"properties": {"roleDefinitionId": "/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/8e3af657-a8ff-443c-a75c-2fe8c4bcb635"}},
			{"properties": {"roleDefinitionId": "/providers/Microsoft.Authorization/roleDefinitions/8E3AF657-A8FF-443C-A75C-2FE8C4BCB635"}},
		],
		"passes": [{"properties": {"roleDefinitionId": "/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/7f951dda-4ed3-4680-a7ca-43fe172d538d"}}],
	},
	{
		"rule": "role-contributor", "type": "Microsoft.Authorization/roleAssignments",
		"fails": [{"properties": {"roleDefinitionId": "/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/b24988ac-6180-42a0-ab88-20f7382dd24c"}}],
		"passes": [{"properties": {"roleDefinitionId": "/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/ba92f5b4-2d11-453d-a403-e96b0029c9fe"}}],
	},
	{
		"rule": "role-user-access-administrator", "type": "Microsoft.Authorization/roleAssignments",
		"fails": [
			{"properties": {"roleDefinitionId": "/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/18d7d88d-d35e-4fb5-a5c3-7773c20a72d9"}},
			{"properties": {"roleDefinitionId": "/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/f58310d9-a9f6-439a-9e8d-f62e7b41a168"}},
		],
		"passes": [{"properties": {"roleDefinitionId": "/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7"}}],
	},
	{
		"rule": "role-scope", "type": "Microsoft.Authorization/roleAssignments",
		"fails": [
			{"metadata": {"parent": "/subscriptions/s"}},
			{"metadata": {"parent": "/providers/Microsoft.Management/managementGroups/all"}},
			{"metadata": {"parent": "/"}},
		],
		"passes": [{"metadata": {"parent": "/subscriptions/s/resourceGroups/g"}}],
	},
	{
		"rule": "role-wildcard", "type": "Microsoft.Authorization/roleDefinitions",
		"fails": [
			{"properties": {"permissions": [{"actions": ["*"]}]}},
			{"properties": {"permissions": [{"actions": []}, {"dataActions": ["*/read"]}]}},
			{"properties": {"permissions": [{"actions": ["Microsoft.Authorization/*"]}]}},
			{"properties": {"permissions": [{"actions": ["Microsoft.Storage/*"]}]}},
		],
		"passes": [{"properties": {"permissions": [{"actions": ["Microsoft.Storage/storageAccounts/read"], "notActions": ["*"]}]}}],
	},
	{
		"rule": "federated-wildcard", "type": credential,
		"fails": [
			{"properties": {"subject": "repo:esteira/esteira:*", "audiences": audience}},
			{"properties": {"subject": "system:serviceaccount:?:key-vault", "audiences": audience}},
		],
		"passes": [{"properties": {"subject": "repo:esteira/esteira:environment:images", "audiences": audience}}],
	},
	{
		"rule": "federated-pull-request", "type": credential,
		"fails": [{"properties": {"subject": "repo:esteira/esteira:pull_request", "audiences": audience}}],
		"passes": [{"properties": {"subject": "repo:esteira/esteira:environment:pull_request-images", "audiences": audience}}],
	},
	{
		"rule": "federated-audience", "type": credential,
		"fails": [{"properties": {"audiences": []}}, {"properties": {"audiences": ["api://AzureADTokenExchange", "api://other"]}}, {}],
		"passes": [{"properties": {"audiences": audience}}],
	},
]

credential := "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials"

audience := ["api://AzureADTokenExchange"]

test_access if wrong(access_cases) == []
