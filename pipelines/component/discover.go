package component

import (
	"cmp"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/esteira/esteira/pipelines/config"
)

// Unassigned is the owner of what nobody has been named for.
const Unassigned = "unassigned"

// passedOver are folders whose content is no component of the repository: what was built, what others wrote, what tests use.
var passedOver = []string{"testdata", "node_modules", "target", "build", "vendor"}

// Discover says what components there are, by what lies where: files are paths from the repository's root.
func Discover(files []string) []config.Component {
	folders := map[config.Kind][]string{}
	for _, file := range files {
		if kind, marked := marker(file); marked {
			folders[kind] = append(folders[kind], path.Dir(file))
		}
	}
	var found []config.Component
	for _, kind := range []config.Kind{config.Java, config.Python} {
		for _, folder := range topmost(folders[kind]) {
			if kind == config.Python && slices.Contains(files, path.Join(folder, "train.py")) {
				found = append(found, config.Component{Path: folder, Kind: config.Train, Owner: Unassigned})
				continue
			}
			found = append(found, config.Component{Path: folder, Kind: kind, Owner: Unassigned})
		}
	}
	for _, kind := range []config.Kind{config.Manifests, config.Terraform} {
		for _, folder := range ancestors(folders[kind]) {
			found = append(found, config.Component{Path: folder, Kind: kind, Owner: Unassigned})
		}
	}
	return named(distinct(found))
}

// marker is the kind of component that a file is the sign of.
func marker(file string) (config.Kind, bool) {
	for _, folder := range strings.Split(path.Dir(file), "/") {
		if folder != "." && strings.HasPrefix(folder, ".") || slices.Contains(passedOver, folder) {
			return "", false
		}
	}
	switch name := path.Base(file); {
	case name == "pom.xml" || strings.TrimSuffix(name, ".kts") == "build.gradle" || strings.TrimSuffix(name, ".kts") == "settings.gradle":
		return config.Java, true
	case name == "pyproject.toml":
		return config.Python, true
	case name == "kustomization.yaml" || name == "kustomization.yml" || name == "Kustomization":
		return config.Manifests, true
	case path.Ext(name) == ".tf":
		return config.Terraform, true
	}
	return "", false
}

// topmost are the folders that lie in none of the others.
func topmost(folders []string) (top []string) {
	slices.Sort(folders)
	for _, folder := range slices.Compact(folders) {
		if !slices.ContainsFunc(top, func(above string) bool { return holds(above, folder) }) {
			top = append(top, folder)
		}
	}
	return top
}

// ancestors are the folders that hold all of those that lie in the same folder of the repository's root.
func ancestors(folders []string) (common []string) {
	byRoot := map[string]string{}
	for _, folder := range folders {
		root, _, _ := strings.Cut(folder, "/")
		so, known := byRoot[root]
		if !known {
			so = folder
		}
		for !holds(so, folder) {
			so = path.Dir(so)
		}
		byRoot[root] = so
	}
	for _, folder := range byRoot {
		common = append(common, folder)
	}
	return topmost(common)
}

// distinct leaves out the second component of a folder: a file belongs to one.
func distinct(components []config.Component) []config.Component {
	slices.SortStableFunc(components, func(a, b config.Component) int { return cmp.Compare(a.Path, b.Path) })
	return slices.CompactFunc(components, func(a, b config.Component) bool { return a.Path == b.Path })
}

var noName = regexp.MustCompile(`[^a-z0-9]+`)

// named gives each component the name of its folder; where two have the same one, with that of the folder above, and else
// with a number.
func named(components []config.Component) []config.Component {
	taken := map[string]bool{}
	for i := range components {
		folder := components[i].Path
		name := cmp.Or(slug(path.Base(folder)), "repository")
		if taken[name] {
			name = strings.Trim(slug(path.Base(path.Dir(folder)))+"-"+name, "-")
		}
		unique := name
		for n := 2; taken[unique]; n++ {
			unique = fmt.Sprintf("%s-%d", name, n)
		}
		taken[unique] = true
		components[i].Name = unique
	}
	return components
}

func slug(text string) string {
	return strings.Trim(noName.ReplaceAllString(strings.ToLower(text), "-"), "-")
}
