package main

import rego.v1

# watched are the types whose doings have to be in the logs.
watched := [
	"Microsoft.KeyVault/vaults",
	"Microsoft.ContainerRegistry/registries",
	"Microsoft.ContainerService/managedClusters",
	"Microsoft.Storage/storageAccounts",
]

remarks contains remark("diagnostics-missing", "medium", resource, "", message) if {
	some type in watched
	some resource in typed(type)
	not lower(object.get(resource.metadata, "id", "no id")) in diagnosed
	message := "no diagnosticSettings of it go anywhere: nobody will know who did what"
}

# diagnosed are the ids of what is logged, and of all that it is a part of, as blobs are of a storage account.
diagnosed contains id if {
	some settings in typed("Microsoft.Insights/diagnosticSettings")
	some log in list(value(settings, "body.properties.logs"))
	log.enabled
	some id in above(object.get(settings.metadata, "parent", "no parent"))
}

remarks contains remark("budget-missing", "low", resource, "", message) if {
	some resource in typed("Microsoft.Resources/resourceGroups")
	count(above(object.get(resource.metadata, "id", "no id")) & budgeted) == 0
	message := "no budget is about it or its subscription: nobody is told what it comes to before the bill does"
}

# budgeted are the ids of what a budget is about.
budgeted := {lower(object.get(budget.metadata, "parent", "no parent")) | some budget in typed("Microsoft.Consumption/budgets")}

# above are an id and those of all that it lies in, in small letters.
above(id) := {concat("/", array.slice(parts, 0, i)) |
	parts := split(lower(id), "/")
	some i in numbers.range(1, count(parts))
}
