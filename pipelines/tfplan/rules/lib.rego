# Judges the resources of an ARM template that `esteira terraform scan` made of a Terraform plan. A rule adds to remarks what
# is wrong, and to needs the fields that it looks at: where one of those is known only once the plan is applied, the rule is
# undecided.
package main

import rego.v1

deny contains remark if {
	some remark in remarks
	not [remark.rule, remark.address] in open
}

deny_undecided contains object.union(remark(need.rule, "high", resource, need.field, message), {"undecided": true}) if {
	some need in needs
	some resource in typed(need.type)
	unknown(resource, need.field)
	message := sprintf("%s is known only once it is applied, and this rule needs it", [need.field])
}

open contains [remark.rule, remark.address] if some remark in deny_undecided

# remark is what a rule says of a resource. The field is where it stands in the resource's block, or nothing.
remark(rule, severity, resource, field, message) := {
	"msg": message, "rule": rule, "severity": severity, "address": resource.metadata.address, "field": field,
}

# typed are the resources of a type.
typed(type) := [resource | some resource in input.resources; lower(resource.type) == lower(type)]

# value is what a field has, such as body.properties.tenantId, or null.
value(resource, field) := object.get(resource, split(trim_prefix(field, "body."), "."), null)

# What is not of the type that a rule expects is nothing to it: conftest breaks off where a built-in function gets another.
text(x) := x if is_string(x) else := ""

list(x) := x if is_array(x) else := []

fields(x) := x if is_object(x) else := {}

# shown is the value for a message.
shown(resource, field) := "sensitive" if {
	some path in object.get(resource.metadata, "sensitive", [])
	overlap(path, field)
} else := "not set" if {
	value(resource, field) == null
} else := json.marshal(value(resource, field))

unknown(resource, field) if {
	some path in object.get(resource.metadata, "unknown", [])
	overlap(path, field)
}

# overlap says that one path is the other, or leads to it.
overlap(a, b) if startswith(concat("", [a, "."]), concat("", [b, "."]))

overlap(a, b) if startswith(concat("", [b, "."]), concat("", [a, "."]))
