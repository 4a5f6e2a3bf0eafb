package config

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/esteira/esteira/pipelines/config/section"
)

// check is an *Error for the first thing that cannot be meant.
func (c Config) check(f *file) error {
	if c.Version != Version {
		return f.wrong("version", fmt.Sprintf("%d is no version that is known: want version: %d", c.Version, Version))
	}
	if err := c.checkComponents(f); err != nil {
		return err
	}
	if err := c.checkPolicies(f); err != nil {
		return err
	}
	if err := c.checkEnvironments(f); err != nil {
		return err
	}
	if c.Training != nil {
		return c.Training.check(f)
	}
	return nil
}

// checkPolicies looks at the sections that say what is asked.
func (c Config) checkPolicies(f *file) error {
	checks := map[string]func() error{"security.vulnerabilities": c.Security.Vulnerabilities.Check}
	if c.Gate != nil {
		checks["gate"] = c.Gate.Check
	}
	if c.Cost != nil {
		checks["cost"] = c.Cost.Check
	}
	if c.Delivery != nil {
		checks["delivery"] = c.Delivery.Check
	}
	if c.Promotion != nil {
		checks["promotion"] = c.Promotion.Check
	}
	for _, name := range slices.Sorted(maps.Keys(checks)) {
		var wrong *section.FieldError
		if err := checks[name](); errors.As(err, &wrong) {
			return f.wrong(name+"."+wrong.Field, fmt.Sprintf("%v %s", wrong.Value, wrong.Reason))
		}
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
