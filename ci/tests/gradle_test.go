package tests

import (
	"testing"

	"github.com/esteira/esteira/pipelines/report"
)

// gradleProject is a copy of testdata/gradle with faults laid over it.
func gradleProject(t *testing.T, faults ...string) string {
	t.Helper()
	dir := workspace(t)
	overlay(t, dir, "testdata/gradle")
	for _, fault := range faults {
		overlay(t, dir, "faults/"+fault)
	}
	return dir
}

// A Gradle project goes the same way as a Maven one.
func TestGradle(t *testing.T) {
	t.Parallel()
	source := gradleProject(t)
	tested := reportOf(t, "java", "--source="+source, "test")
	if tests := tested.Stages[0].Tests; tested.Status() != report.Passed || tests == nil || tests.Passed != 1 {
		t.Errorf("%s: %+v", tested.Status(), tested.Stages[0])
	}
	if coverage := tested.Stages[0].Coverage; coverage == nil || coverage.LinesCovered == 0 {
		t.Errorf("coverage is %+v", coverage)
	}
	call(t, "java", "--source="+source, "build", "check").passes(t)
	call(t, "java", "--source="+source, "image", "health", "check").passes(t)
}

// The faults of a Gradle project are named as those of a Maven one.
func TestGradleFaults(t *testing.T) {
	t.Parallel()
	cases := []struct {
		fault, stage string
		says         []string
	}{
		{"gradle-failing-test", "test", []string{"test failed", "1 of 1"}},
		{"gradle-compile-error", "build", []string{"build failed", "src/main/java/demo/App.java:11", "';' expected", "mend the source"}},
		{"gradle-unknown-dependency", "test", []string{"test failed", "build.gradle", "junit:junitt:4.13.2", "check group, artefact and version"}},
		{"gradle-unparsable", "build", []string{"build failed", "build.gradle:3", "mend the file"}},
	}
	for _, test := range cases {
		t.Run(test.fault, func(t *testing.T) {
			call(t, "java", "--source="+gradleProject(t, test.fault), test.stage, "check").fails(t, test.says...)
		})
	}
}
