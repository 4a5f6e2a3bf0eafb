package config

import (
	"fmt"
	"io/fs"
	"maps"
	"regexp"
	"slices"
)

// Kind is a component's kind, which says what stages it has.
type Kind string

// The kinds.
const (
	Java      Kind = "java"
	Python    Kind = "python"
	Train     Kind = "training"
	Manifests Kind = "manifests"
	Terraform Kind = "terraform"
)

var kinds = []Kind{Java, Python, Train, Manifests, Terraform}

// Stages are what a pull request asks of a component of the kind, in the order in which they are shown.
func (k Kind) Stages() []string {
	switch k {
	case Java:
		return []string{"build", "test", "image", "scan", "image-scan"}
	case Python:
		return []string{"lint", "typecheck", "test", "image", "scan", "image-scan"}
	case Train:
		return []string{"lint", "typecheck", "test", "gate", "scan"}
	case Manifests:
		return []string{"render", "policies", "kubeconform", "kubeval", "kube-score", "monitoring", "server", "policy"}
	case Terraform:
		return []string{"fmt", "validate", "lint", "plan", "scan", "cost", "drift", "policy"}
	}
	return nil
}

// Elsewhere are the stages that look at what `also` names; the kind's others look at the component's own folder alone. Where
// there are none, all are run for it.
func (k Kind) Elsewhere() []string {
	if k == Manifests {
		return []string{"monitoring"}
	}
	return nil
}

// Mode says what it means that a stage is red.
type Mode string

// The modes, in the order in which a team adopts them.
const (
	// ReportOnly shows it, and blocks nothing.
	ReportOnly Mode = "report"
	// Baseline blocks by what is new. It is the mode where none is said.
	Baseline Mode = "baseline"
	// Blocking blocks by what was there before, too.
	Blocking Mode = "blocking"
)

var modes = []Mode{ReportOnly, Baseline, Blocking}

// Component is a part of the repository that is built and delivered by itself.
type Component struct {
	Name string `json:"name"`
	// Path is its folder, from the repository's root, with slashes.
	Path  string `json:"path"`
	Kind  Kind   `json:"kind"`
	Owner string `json:"owner"`
	// Also are files and folders elsewhere whose change touches it, or those of its stages that look at them.
	Also []string `json:"also,omitempty"`
	// Skip are the stages that it opts out of.
	Skip []Skip `json:"skip,omitempty"`
	// Modes are those of its stages, by their names.
	Modes map[string]Mode `json:"modes,omitempty"`
}

// Skip is a stage that a component opts out of.
type Skip struct {
	Stage  string `json:"stage"`
	Reason string `json:"reason"`
}

// Unowned is a file or folder that no component's stages look at.
type Unowned struct {
	Path   string `json:"path"`
	Reason string `json:"reason"`
}

// Mode is that of one of the component's stages.
func (c Component) Mode(stage string) Mode {
	if mode, said := c.Modes[stage]; said {
		return mode
	}
	return Baseline
}

// Skipped says why the component opts out of a stage, if it does.
func (c Component) Skipped(stage string) (reason string, skipped bool) {
	for _, skip := range c.Skip {
		if skip.Stage == stage {
			return skip.Reason, true
		}
	}
	return "", false
}

var componentName = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

func (c Config) checkComponents(f *file) error {
	names, paths := map[string]int{}, map[string]string{}
	for i, component := range c.Components {
		field := fmt.Sprintf("components[%d]", i)
		if err := component.check(f, field); err != nil {
			return err
		}
		if first, ok := names[component.Name]; ok {
			return f.wrong(field+".name", fmt.Sprintf("%q is the name of components[%d] already", component.Name, first))
		}
		if first, ok := paths[component.Path]; ok {
			return f.wrong(field+".path", fmt.Sprintf("%q is the folder of %s already: a file belongs to one component", component.Path, first))
		}
		names[component.Name], paths[component.Path] = i, field
	}
	return c.checkOthers(f, paths)
}

// checkOthers makes sure that no file or folder is given to two; paths are those that are given already.
func (c Config) checkOthers(f *file, paths map[string]string) error {
	give := func(field, path string) error {
		if !fs.ValidPath(path) {
			return f.wrong(field, fmt.Sprintf("%q is no file or folder of the repository: want one such as ci or go.mod", path))
		}
		if first, ok := paths[path]; ok {
			return f.wrong(field, fmt.Sprintf("%q is that of %s already", path, first))
		}
		paths[path] = field
		return nil
	}
	for i, path := range c.Everything {
		if err := give(fmt.Sprintf("everything[%d]", i), path); err != nil {
			return err
		}
	}
	for i, unowned := range c.Unowned {
		field := fmt.Sprintf("unowned[%d]", i)
		if err := give(field+".path", unowned.Path); err != nil {
			return err
		}
		if unowned.Reason == "" {
			return f.wrong(field+".reason", `"" is no reason: say why nobody has to look at it`)
		}
	}
	return nil
}

func (c Component) check(f *file, field string) error {
	switch {
	case !componentName.MatchString(c.Name):
		return f.wrong(field+".name", fmt.Sprintf("%q is no name: want lower-case letters, digits and single hyphens", c.Name))
	case !fs.ValidPath(c.Path):
		return f.wrong(field+".path", fmt.Sprintf("%q is no folder below the repository's root: want one such as apps/orders", c.Path))
	case !slices.Contains(kinds, c.Kind):
		return f.wrong(field+".kind", fmt.Sprintf("%q is none of %q", c.Kind, kinds))
	case c.Owner == "":
		return f.wrong(field+".owner", `"" is nobody: name the team that answers for it`)
	}
	for i, path := range c.Also {
		if !fs.ValidPath(path) {
			return f.wrong(fmt.Sprintf("%s.also[%d]", field, i), fmt.Sprintf("%q is no file or folder of the repository: want one such as docs/runbooks", path))
		}
	}
	return c.checkStages(f, field)
}

// checkStages makes sure that modes and what is skipped are of stages that there are.
func (c Component) checkStages(f *file, field string) error {
	stages := c.Kind.Stages()
	skipped := map[string]bool{}
	for i, skip := range c.Skip {
		field := fmt.Sprintf("%s.skip[%d]", field, i)
		switch {
		case !slices.Contains(stages, skip.Stage):
			return f.wrong(field+".stage", fmt.Sprintf("%q is no stage of a component of kind %s: there are %q", skip.Stage, c.Kind, stages))
		case skipped[skip.Stage]:
			return f.wrong(field+".stage", fmt.Sprintf("%q is skipped already", skip.Stage))
		case skip.Reason == "":
			return f.wrong(field+".reason", `"" is no reason: say why the stage is not for this component`)
		}
		skipped[skip.Stage] = true
	}
	for _, stage := range slices.Sorted(maps.Keys(c.Modes)) {
		field := field + ".modes." + stage
		switch mode := c.Modes[stage]; {
		case !slices.Contains(stages, stage):
			return f.wrong(field, fmt.Sprintf("%q is no stage of a component of kind %s: there are %q", stage, c.Kind, stages))
		case !slices.Contains(modes, mode):
			return f.wrong(field, fmt.Sprintf("%q is none of %q", mode, modes))
		case skipped[stage]:
			return f.wrong(field, "the stage is skipped: it has no mode")
		}
	}
	return nil
}
