package config

import (
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"

	"github.com/esteira/esteira/pipelines/gate/policy"
)

// check is an *Error for the first thing that cannot be meant.
func (c Config) check(f *file) error {
	if c.Version != Version {
		return f.wrong("version", fmt.Sprintf("%d is no version that is known: want version: %d", c.Version, Version))
	}
	if err := c.checkComponents(f); err != nil {
		return err
	}
	if c.Gate != nil {
		var wrong *policy.FieldError
		if err := c.Gate.Check(); errors.As(err, &wrong) {
			return f.wrong("gate."+wrong.Field, fmt.Sprintf("%v %s", wrong.Value, wrong.Reason))
		}
	}
	if c.Training != nil {
		return c.Training.check(f)
	}
	return nil
}

var componentName = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

func (c Config) checkComponents(f *file) error {
	names, paths := map[string]int{}, map[string]int{}
	for i, component := range c.Components {
		field := fmt.Sprintf("components[%d]", i)
		switch {
		case !componentName.MatchString(component.Name):
			return f.wrong(field+".name", fmt.Sprintf("%q is no name: want lower-case letters, digits and single hyphens", component.Name))
		case !fs.ValidPath(component.Path):
			return f.wrong(field+".path", fmt.Sprintf("%q is no folder below the repository's root: want one such as apps/orders", component.Path))
		case !slices.Contains(kinds, component.Kind):
			return f.wrong(field+".kind", fmt.Sprintf("%q is none of %q", component.Kind, kinds))
		case component.Owner == "":
			return f.wrong(field+".owner", `"" is nobody: name the team that answers for it`)
		}
		if first, ok := names[component.Name]; ok {
			return f.wrong(field+".name", fmt.Sprintf("%q is the name of components[%d] already", component.Name, first))
		}
		if first, ok := paths[component.Path]; ok {
			return f.wrong(field+".path", fmt.Sprintf("%q is the folder of components[%d] already: a file belongs to one component", component.Path, first))
		}
		names[component.Name], paths[component.Path] = i, i
	}
	return nil
}

func (t Training) check(f *file) error {
	switch {
	case t.Dataset == "":
		return f.wrong("training.dataset", `"" is no data set`)
	case t.Estimator == "":
		return f.wrong("training.estimator", `"" is no estimator`)
	case t.Folds < 2:
		return f.wrong("training.folds", fmt.Sprintf("%d is less than 2: nothing would be held out", t.Folds))
	case t.Seed < 0:
		return f.wrong("training.seed", fmt.Sprintf("%d is negative", t.Seed))
	}
	return nil
}
