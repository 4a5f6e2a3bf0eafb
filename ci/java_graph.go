package main

import (
	"context"
	"errors"

	"github.com/esteira/esteira/ci/internal/dagger"

	"github.com/esteira/esteira/pipelines/java"
)

// graphFile is where a build tool writes what it resolves to, in the trivial graph format.
const graphFile = "/graph/graph.tgf"

// graphGoals resolve without building: with the descriptions alone, there is nothing to compile.
var graphGoals = map[java.Tool][]string{
	java.Maven: {"compile", "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:tree",
		"-DoutputType=tgf", "-DoutputFile=" + graphFile, "-DappendOutput=true"},
	java.Gradle: {"--quiet", "--init-script=/esteira/graph.gradle", "esteiraGraph"},
}

// graphGradle writes the graph of each project's runtime. What does not resolve fails the build.
const graphGradle = `
allprojects { p ->
  p.plugins.withId('java') {
    p.tasks.create('esteiraGraph') { t ->
      t.doLast {
        def ids = [:], nodes = [], edges = []
        def visit
        visit = { c ->
          if (ids.containsKey(c.id)) return ids[c.id]
          def m = c.moduleVersion, own = c.id instanceof org.gradle.api.artifacts.component.ProjectComponentIdentifier
          ids[c.id] = ids.size() + 1
          def mine = ids[c.id]
          nodes << "${mine} ${m.group ?: m.name}:${m.name}:jar:${m.version}${own ? '' : ':runtime'}"
          c.dependencies.each { d ->
            if (!(d instanceof org.gradle.api.artifacts.result.ResolvedDependencyResult)) throw new GradleException("unresolved: ${d.requested}")
            if (d.selected.id != c.id) edges << "${mine} ${visit(d.selected)} runtime"
          }
          mine
        }
        visit(p.configurations.runtimeClasspath.incoming.resolutionResult.root)
        def out = new File('` + graphFile + `')
        out.parentFile.mkdirs()
        out << nodes.join('\n') << '\n#\n' << edges.join('\n') << '\n'
      }
    }
  }
}
`

// graph is a file with all that the build resolves to, and who asks for it. It is keyed by what describes the build alone.
func (j *Java) graph(ctx context.Context) (*dagger.File, error) {
	project, err := j.project(ctx)
	if err != nil {
		return nil, err
	}
	descriptions, err := pick(ctx, j.Source, descriptionPatterns[project.Tool])
	if err != nil {
		return nil, err
	}
	dependencies, err := j.dependencies(ctx, project)
	if err != nil {
		return nil, err
	}
	resolved := dependencies.
		WithDirectory(sourcePath, descriptions).
		WithDirectory("/graph", dag.Directory()).
		WithNewFile("/esteira/graph.gradle", graphGradle).
		WithExec(withTimeout(downloadLimit, append(command(project), graphGoals[project.Tool]...)...))
	if _, err := resolved.Sync(ctx); err != nil {
		var failed *dagger.ExecError
		if errors.As(err, &failed) {
			return nil, errors.New(java.Diagnose(failed.Stdout+"\n"+failed.Stderr, sourcePath).Summary)
		}
		return nil, err
	}
	return resolved.File(graphFile), nil
}
