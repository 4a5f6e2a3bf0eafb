package main

import rego.v1

watched_cases := [
	{
		"rule": "diagnostics-missing", "type": "Microsoft.KeyVault/vaults",
		"fails": [
			{},
			{"others": [diagnostics("/other", true)]},
			{"others": [diagnostics("/id", false)]},
			{"others": [diagnostics("/id-too", true)]},
		],
		"passes": [{"others": [diagnostics("/ID", true)]}, {"others": [diagnostics("/id/blobServices/default", true)]}],
	},
	{
		"rule": "budget-missing", "type": "Microsoft.Resources/resourceGroups",
		"fails": [{}, {"others": [budget("/other")]}],
		"passes": [{"others": [budget("/id")]}],
	},
]

diagnostics(parent, enabled) := {
	"type": "Microsoft.Insights/diagnosticSettings", "metadata": {"address": "d", "parent": parent},
	"properties": {"logs": [{"enabled": enabled}]},
}

budget(parent) := {"type": "Microsoft.Consumption/budgets", "metadata": {"address": "b", "parent": parent}}

test_watched if wrong(watched_cases) == []
