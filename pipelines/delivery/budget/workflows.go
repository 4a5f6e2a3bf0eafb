package budget

import (
	"maps"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/esteira/esteira/pipelines/manifest"
)

// workflows is where GitHub looks for them.
const workflows = ".github/workflows"

// inTurn says whether production's wait timer begins only when staging is done: where its job needs the one of staging. A job
// that needs nothing begins its timer at once, and looks at what staging said when that is over.
func (a *adder) inTurn(production, staging string) bool {
	to, _, _ := a.own.Environment(production, false)
	from, _, _ := a.own.Environment(staging, false)
	deploys := false
	for _, file := range slices.Sorted(maps.Keys(a.workflows)) {
		for _, d := range a.workflows[file] {
			jobs := jobs(manifest.Child(d.Node, "jobs"))
			for name, job := range jobs {
				if environmentOf(job) != to.Name {
					continue
				}
				deploys = true
				if needs(jobs, name, from.Name, map[string]bool{}) {
					a.note("%s: job %s needs the job of %s: its wait timer begins when that is done", file, name, from.Name)
					return true
				}
			}
		}
	}
	if !deploys {
		a.note("no workflow has a job in the environment %s: its wait timer is taken to run while %s tests the set", to.Name, staging)
	}
	return false
}

// jobs are those of a workflow, by their names.
func jobs(mapping *yaml.Node) map[string]*yaml.Node {
	all := map[string]*yaml.Node{}
	if mapping == nil || mapping.Kind != yaml.MappingNode {
		return all
	}
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		all[mapping.Content[i].Value] = mapping.Content[i+1]
	}
	return all
}

// environmentOf is the name of a job's environment: a text, or the name in a mapping.
func environmentOf(job *yaml.Node) string {
	environment := manifest.Child(job, "environment")
	if name := manifest.Child(environment, "name"); name != nil {
		return name.Value
	}
	return text(environment)
}

// needs says whether a job waits, by whatever way, for one in an environment.
func needs(jobs map[string]*yaml.Node, name, environment string, seen map[string]bool) bool {
	if seen[name] {
		return false
	}
	seen[name] = true
	needed := manifest.Child(jobs[name], "needs")
	names := items(needed)
	if needed != nil && needed.Kind == yaml.ScalarNode {
		names = []*yaml.Node{needed}
	}
	return slices.ContainsFunc(names, func(other *yaml.Node) bool {
		return environmentOf(jobs[other.Value]) == environment || needs(jobs, other.Value, environment, seen)
	})
}
