package arm

import (
	"slices"
	"strconv"
)

// chosen are the attributes of an azapi_resource that say what there will be. Others are how it is made, or what Azure
// answers.
var chosen = []string{"body", "identity", "location", "name", "parent_id", "tags"}

// marked are the paths at which the plan marks a value: as one that nobody knows yet, or as a sensitive one.
func marked(marks any) []string {
	attributes, _ := marks.(map[string]any)
	var paths []string
	for _, name := range chosen {
		paths = leaves(paths, name, attributes[name])
	}
	slices.Sort(paths)
	return paths
}

func leaves(paths []string, at string, marks any) []string {
	switch marks := marks.(type) {
	case bool:
		if marks {
			paths = append(paths, at)
		}
	case map[string]any:
		for name, value := range marks {
			paths = leaves(paths, at+"."+name, value)
		}
	case []any:
		for i, value := range marks {
			paths = leaves(paths, at+"."+strconv.Itoa(i), value)
		}
	}
	return paths
}
