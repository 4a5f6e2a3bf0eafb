package main

import rego.v1

# Cases are a rule, the type that it judges, and bodies with which it complains and does not. A body may name others beside
# it. They are tried by file, because conftest gives a test five seconds.
cases := array.concat(array.concat(setting_cases, access_cases), array.concat(network_cases, watched_cases))

# bodies are all of some cases, each with an address of its own.
bodies(some_cases) := [one |
	some c in some_cases
	some kind in ["fails", "passes"]
	some i, body in c[kind]
	one := {"rule": c.rule, "kind": kind, "body": body, "resource": object.union(
		{"type": c.type, "name": "n", "metadata": {"address": sprintf("%s of %s %s %d", [c.rule, c.type, kind, i]), "id": "/id"}},
		object.remove(body, ["others"]),
	)}
]

# wrong are the resources of which a rule complains though it should not, and the other way round.
wrong(some_cases) := resources if {
	all := bodies(some_cases)
	alone := [one.resource | some one in all; not one.body.others]
	together := {[remark.rule, remark.address] | some remark in deny with input as {"resources": alone}}
	beside := {[remark.rule, remark.address] |
		some one in all
		some remark in deny with input as {"resources": array.concat([one.resource], one.body.others)}
	}
	said := together | beside
	resources := [one.resource |
		some one in all
		misjudged(one, said)
	]
	print("judged wrongly:", resources)
}

# nested is a body in which the field that a path names has a value.
nested(path, value) := json.patch({"body": {}}, [patch |
	some i, _ in path
	i > 0
	patch := {"op": "add", "path": array.slice(path, 0, i + 1), "value": at(path, i, value)}
]).body

at(path, i, value) := value if i == count(path) - 1

at(path, i, _) := {} if i < count(path) - 1

misjudged(one, said) if {
	one.kind == "fails"
	not [one.rule, one.resource.metadata.address] in said
}

misjudged(one, said) if {
	one.kind == "passes"
	[one.rule, one.resource.metadata.address] in said
}

test_every_rule_has_cases_of_both_kinds if {
	tried := {one.rule | some one in cases; count(one.fails) > 0; count(one.passes) > 0}
	missing := {need.rule | some need in needs} - tried
	print("these rules have no cases:", missing)
	missing == set()
}

# What is not known is neither right nor wrong: the field, a part of it, or all that it is in.
test_unknown_is_undecided if decided({[need, need.field] | some need in needs}) == []

test_unknown_part_is_undecided if decided({[need, concat(".", [need.field, "0"])] | some need in needs}) == []

test_unknown_body_is_undecided if decided({[need, split(need.field, ".")[0]] | some need in needs}) == []

# decided are the resources that a rule judges, or says nothing of, though what it needs of them is not known.
decided(unknowns) := resources if {
	all := [{"rule": need.rule, "type": need.type, "name": "n", "metadata": {"address": address, "unknown": [path]}} |
		some [need, path] in unknowns
		address := sprintf("%s %s", [need.rule, need.field])
	]
	undecided := {[remark.rule, remark.address] | some remark in deny_undecided with input as {"resources": all}}
	denied := {[remark.rule, remark.address] | some remark in deny with input as {"resources": all}}
	resources := [one |
		some one in all
		not undecided_alone([one.rule, one.metadata.address], undecided, denied)
	]
	print("decided:", resources)
}

undecided_alone(key, undecided, denied) if {
	key in undecided
	not key in denied
}

# Nothing that a body may hold breaks a rule off.
test_nonsense_breaks_nothing if {
	resources := [one |
		some [type, field] in {[need.type, need.field] | some need in needs; startswith(need.field, "body.")}
		some i, value in [1, [null, 1, {}]]
		one := object.union(
			{"type": type, "name": "n", "metadata": {"address": sprintf("%s %s %d", [type, field, i])}},
			nested(split(field, "."), value),
		)
	]
	count(deny) > 0 with input as {"resources": resources}
}

test_other_unknowns_do_not_matter if {
	count(deny_undecided) == 0 with input as {"resources": [{
		"type": "Microsoft.KeyVault/vaults", "metadata": {"address": "x", "unknown": ["body.properties.tenantId", "tags.a"]},
	}]}
}

test_a_remark_says_where if {
	some remark in deny with input as {"resources": [{"type": cluster, "metadata": {"address": "module.a.azapi_resource.b"}}]}
	remark.rule == "cluster-oidc"
	remark.address == "module.a.azapi_resource.b"
	remark.field == "body.properties.oidcIssuerProfile.enabled"
	remark.severity == "medium"
	contains(remark.msg, "oidcIssuerProfile.enabled is not set, want true: service accounts need secrets to be somebody in Azure")
}

test_sensitive_values_are_not_shown if {
	some remark in deny with input as {"resources": [{
		"type": "Microsoft.Storage/storageAccounts", "metadata": {"address": "x", "sensitive": ["body.properties"]},
		"properties": {"allowSharedKeyAccess": "hidden"},
	}]}
	remark.rule == "storage-shared-keys"
	contains(remark.msg, "is sensitive, want")
}
