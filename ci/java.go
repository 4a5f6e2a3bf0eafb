package main

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/esteira/esteira/ci/internal/dagger"

	"github.com/esteira/esteira/pipelines/finding"
	"github.com/esteira/esteira/pipelines/java"
	"github.com/esteira/esteira/pipelines/report"
)

// downloadLimit is how long the download of a project's dependencies may take.
const downloadLimit = 30 * time.Minute

// sourcePath is where a component's folder lies in the containers that build it.
const sourcePath = "/src"

// Java builds, tests and ships a Java application that Maven or Gradle builds.
type Java struct {
	// +private
	Esteira *Esteira
	// +private
	Source *dagger.Directory
	// +private
	Base *dagger.Container
	// +private
	Timeout string
}

// Java builds, tests and ships a Java application: the one in the folder's pom.xml or build.gradle.
func (e *Esteira) Java(
	// The component's own folder
	// +defaultPath="/apps/api-gateway"
	// +ignore=["**/target", "**/build", "**/.gradle", ".git"]
	source *dagger.Directory,
	// Image with a JDK and Maven or Gradle (default: Debian's)
	// +optional
	base *dagger.Container,
	// How long Maven or Gradle may run, such as 90s or 20m
	// +default="20m"
	timeout string,
) *Java {
	return &Java{Esteira: e, Source: source, Base: base, Timeout: timeout}
}

// Build compiles and packages the application, without its tests. Its files hold app.jar.
// +cache="session"
func (j *Java) Build(ctx context.Context) (*Result, error) {
	done := stopwatch("build")
	project, built, red, err := j.execute(ctx, buildGoals)
	if err != nil {
		return nil, err
	}
	if red != nil {
		return stageResult(done(*red), nil)
	}
	jars, err := built.Directory(sourcePath).Glob(ctx, jarPattern[project.Tool])
	if err != nil {
		return nil, err
	}
	jar, err := java.ApplicationJar(jars)
	if err != nil {
		return stageResult(done(report.Stage{Status: report.Failed, Summary: err.Error(), Remedy: "see docs/stages.md, Java"}), nil)
	}
	file := built.Directory(sourcePath).File(jar)
	bytes, err := file.Size(ctx)
	if err != nil {
		return nil, err
	}
	output, err := built.Stdout(ctx)
	if err != nil {
		return nil, err
	}
	return stageResult(done(report.Stage{
		Status:  report.Passed,
		Summary: fmt.Sprintf("%s made %s", project.Tool, path.Base(jar)),
		Facts: []report.Fact{
			{Name: "jar", Value: size(int64(bytes))},
			{Name: "downloads", Value: fmt.Sprint(java.Downloads(output))},
		},
	}), dag.Directory().WithFile("app.jar", file))
}

// Test runs the tests and measures their coverage (JaCoCo). Its files hold JUnit XML under junit/ and the coverage
// report under coverage/, of red tests too.
// +cache="session"
func (j *Java) Test(ctx context.Context,
	// Run these tests alone, in the words of Maven's -Dtest or Gradle's --tests, such as RouteTest#opens
	// +optional
	only string,
) (*Result, error) {
	done := stopwatch("test")
	project, tested, red, err := j.execute(ctx, testGoals(only))
	if err != nil {
		return nil, err
	}
	if red != nil {
		return stageResult(done(*red), nil)
	}
	files := dag.Directory().
		WithDirectory("junit", tested.Directory(sourcePath).Filter(dagger.DirectoryFilterOpts{Include: junitPatterns[project.Tool]})).
		WithDirectory("coverage", tested.Directory(sourcePath).Filter(dagger.DirectoryFilterOpts{Include: coveragePatterns[project.Tool]}))
	stage, err := j.readTests(ctx, files)
	if err != nil {
		return nil, err
	}
	if stage.Status == report.Undecided && only != "" {
		stage.Remedy = fmt.Sprintf("look whether a test matches --only %q", only)
	}
	return stageResult(done(stage), files)
}

// TestCheck is red unless all tests pass.
// +check
// +cache="never"
func (j *Java) TestCheck(ctx context.Context) error {
	tested, err := j.Test(ctx, "")
	if err != nil {
		return err
	}
	_, err = tested.Check()
	return err
}

// readTests judges the reports of the test stage's files, and tells in which source a red test lies. Reports that say
// nothing, as where there is no test, leave the stage undecided; an error is for what says nothing about the tests.
func (j *Java) readTests(ctx context.Context, files *dagger.Directory) (report.Stage, error) {
	dir, err := os.MkdirTemp("", "tests")
	if err != nil {
		return report.Stage{}, err
	}
	defer os.RemoveAll(dir)
	// Without the coverage report's pages, which are for people. A project without tests exports nothing.
	if err := os.Mkdir(path.Join(dir, "junit"), 0o755); err != nil {
		return report.Stage{}, err
	}
	data := files.Filter(dagger.DirectoryFilterOpts{Include: []string{"**/*.xml"}})
	if _, err := data.Export(ctx, dir); err != nil {
		return report.Stage{}, err
	}
	tests, err := finding.FromJUnitDir(os.DirFS(path.Join(dir, "junit")))
	if err != nil {
		remedy := "write a test: a stage without any proves nothing"
		return report.Stage{Status: report.Undecided, Summary: err.Error(), Remedy: remedy}, nil
	}
	coverage, err := java.Coverage(os.DirFS(path.Join(dir, "coverage")))
	if err != nil {
		remedy := "let JaCoCo write its report anew: it cannot be read"
		return report.Stage{Status: report.Undecided, Summary: err.Error(), Remedy: remedy}, nil
	}
	if tests.Red() {
		sources, err := j.Source.Glob(ctx, "**/src/test/**")
		if err != nil {
			return report.Stage{}, err
		}
		tests = tests.Locate(sources)
	}
	return report.FromTests("test", tests, coverage), nil
}

// execute runs goals in the project, its dependencies already there. A build that fails is a red stage; an error is for
// what says nothing about the work, such as an engine that dies.
func (j *Java) execute(ctx context.Context, goals map[java.Tool][]string) (java.Project, *dagger.Container, *report.Stage, error) {
	project, err := j.project(ctx)
	if err != nil {
		return project, nil, &report.Stage{Status: report.Failed, Summary: err.Error(), Remedy: "see docs/stages.md, Java"}, nil
	}
	limit, err := time.ParseDuration(j.Timeout)
	if err != nil || limit < time.Second {
		return project, nil, nil, fmt.Errorf("--timeout is %q: write a duration of a second or more, such as 90s or 20m", j.Timeout)
	}
	dependencies, err := j.dependencies(ctx, project)
	if err != nil {
		return project, nil, nil, err
	}
	done := dependencies.
		WithMountedDirectory(sourcePath, j.Source).
		WithExec(withTimeout(limit, append(command(project), goals[project.Tool]...)...))
	if _, err = done.Sync(ctx); err == nil {
		return project, done, nil, nil
	}
	var failed *dagger.ExecError
	if !errors.As(err, &failed) {
		return project, nil, nil, err
	}
	stage := broken(failed, limit, func(output string) (report.Stage, bool) {
		d := java.Diagnose(output, sourcePath)
		return report.Stage{Summary: d.Summary, Remedy: d.Remedy, Findings: d.Findings}, d.Decided
	})
	return project, nil, &stage, nil
}

// project is what lies in the component's folder.
func (j *Java) project(ctx context.Context) (java.Project, error) {
	entries, err := j.Source.Entries(ctx)
	if err != nil {
		return java.Project{}, err
	}
	project, err := java.Detect(entries)
	if err != nil || !project.Wrapper {
		return project, err
	}
	properties, err := j.Source.File(project.WrapperProperties()).Contents(ctx)
	if err != nil {
		return project, fmt.Errorf("the wrapper has no %s: %v", project.WrapperProperties(), err)
	}
	return project, project.CheckWrapper(properties)
}

// dependencies is a container with everything that the build downloads. It is keyed by the files that name those things
// and by nothing else: a changed source line downloads nothing.
func (j *Java) dependencies(ctx context.Context, project java.Project) (*dagger.Container, error) {
	descriptions, err := pick(ctx, j.Source, descriptionPatterns[project.Tool])
	if err != nil {
		return nil, err
	}
	jdk, err := j.jdk(project)
	if err != nil {
		return nil, err
	}
	warm := append([]string{"sh", "-c", warmUp, "warm-up", strings.Join(command(project), " ")}, testGoals("")[project.Tool]...)
	return jdk.
		WithDirectory(sourcePath, descriptions).
		WithWorkdir(sourcePath).
		WithExec(withTimeout(downloadLimit, warm...)), nil
}

// briefly is how a JVM runs that lives for a build: what C2 would compile is seldom run again, and there is little to collect.
const briefly = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"

// jdk is the container that builds: the one that was handed in, or Debian's JDK with Debian's Maven or Gradle.
func (j *Java) jdk(project java.Project) (*dagger.Container, error) {
	c := j.Base
	if c == nil {
		// The JDK first: it is then the Java that the others ask for.
		c = j.Esteira.apt(append(slices.Clone(toolPackages[project]), "ca-certificates", "ca-certificates-java", "curl", "unzip")...).
			WithEnvVariable("MAVEN_OPTS", briefly)
	}
	c = j.Esteira.withCredentials(c).
		WithEnvVariable("GRADLE_USER_HOME", "/root/.gradle").
		WithNewFile("/esteira/init.gradle", initGradle)
	switch mirror := j.Esteira.MavenMirror; {
	case j.Esteira.MavenSettings != nil:
		return c.WithMountedSecret("/root/.m2/settings.xml", j.Esteira.MavenSettings), nil
	case mirror != "":
		var escaped strings.Builder
		if err := xml.EscapeText(&escaped, []byte(mirror)); err != nil {
			return nil, fmt.Errorf("--maven-mirror %q: %w", mirror, err)
		}
		return c.
			WithEnvVariable("ESTEIRA_MAVEN_MIRROR", mirror).
			WithNewFile("/root/.m2/settings.xml", fmt.Sprintf(mirrorSettings, escaped.String())), nil
	}
	return c, nil
}
