package main

import rego.v1

# A setting passes with what is wanted, and fails with anything else; without a value it passes where it is optional.
setting_cases := [one |
	some setting in settings
	path := split(setting.field, ".")
	right_ones := [nested(path, want) | some want in setting.want]
	wrong_ones := [nested(path, opposite(setting.want[0]))]
	optional := object.get(setting, "optional", false)
	one := {
		"rule": setting.rule, "type": setting.type,
		"fails": array.concat(wrong_ones, [{} | not optional]),
		"passes": array.concat(right_ones, [{} | optional]),
	}
]

opposite(want) := false if want == true

opposite(want) := true if want == false

opposite(want) := "other" if is_string(want)

test_settings if wrong(setting_cases) == []
