package tests

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/esteira/esteira/pipelines/report"
)

// Each seeded fault makes its stage red, and the error names the place, the reason and the remedy.
func TestFaults(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name   string
		faults []string
		remove string
		flags  []string // of java
		global []string // of the module
		stage  string
		status report.Status
		says   []string
	}{
		{
			name: "compile error", faults: []string{"compile-error"}, stage: "build", status: report.Failed,
			says: []string{"src/main/java/demo/App.java:11", "';' expected", "mend the source"},
		},
		{
			name: "compile error under test", faults: []string{"compile-error"}, stage: "test", status: report.Failed,
			says: []string{"src/main/java/demo/App.java:11", "';' expected", "mend the source"},
		},
		{
			name: "failing test", faults: []string{"failing-test"}, stage: "test", status: report.Failed,
			says: []string{"1 of 2", "AppTest", "doubles", "expected: <43> but was: <42>"},
		},
		{
			name: "no test at all", remove: "src/test", stage: "test", status: report.Undecided,
			says: []string{"no test", "write a test"},
		},
		{
			name: "unparsable pom.xml", faults: []string{"unparsable-pom"}, stage: "test", status: report.Failed,
			says: []string{"pom.xml:17", "</dependency>", "mend the file"},
		},
		{
			name: "unknown dependency", faults: []string{"unknown-dependency"}, stage: "build", status: report.Failed,
			says: []string{"pom.xml", "org.junit.jupiter:junit-jupiterr", "5.11.4", "check group, artefact and version"},
		},
		{
			name: "no build file", remove: "pom.xml", stage: "build", status: report.Failed,
			says: []string{"no pom.xml, build.gradle or settings.gradle", "component's own"},
		},
		{
			name: "both build files", faults: []string{"both-build-files"}, stage: "test", status: report.Failed,
			says: []string{"both pom.xml and Gradle's", "remove"},
		},
		{
			name: "a source without an application", faults: []string{"parent"}, remove: "src", stage: "build", status: report.Failed,
			says: []string{"made no jar", "packaging has to be jar"},
		},
		{
			name: "wrapper that nothing verifies", faults: []string{"wrapper-unverified"}, stage: "test", status: report.Failed,
			says: []string{".mvn/wrapper/maven-wrapper.properties", "distributionSha256Sum", "write the SHA-256"},
		},
		{
			name: "test that hangs", faults: []string{"slow-test"}, flags: []string{"--timeout=15s"}, stage: "test", status: report.Undecided,
			says: []string{"time-out of 15s", "--timeout"},
		},
		{
			name: "test that ends its JVM", faults: []string{"crashed-jvm"}, stage: "test", status: report.Undecided,
			says: []string{"the JVM of the tests died", "System.exit"},
		},
		{
			name: "mirror that is down", global: []string{"--maven-mirror=http://127.0.0.1:9"}, stage: "test", status: report.Undecided,
			says: []string{"registry refused or did not answer", "127.0.0.1:9", "--maven-mirror"},
		},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			source := project(t, test.faults...)
			if test.remove != "" {
				if err := os.RemoveAll(filepath.Join(source, test.remove)); err != nil {
					t.Fatal(err)
				}
			}
			stage := append(append(test.global, "java", "--source="+source), append(test.flags, test.stage)...)
			call(t, append(stage, "check")...).fails(t, append(test.says, test.stage+" "+string(test.status))...)
		})
	}
}

// What is wrong in a call itself is an error too, not a stage's result.
func TestWrongTimeout(t *testing.T) {
	t.Parallel()
	for _, timeout := range []string{"soon", "-5m", "10ms"} {
		call(t, "java", "--source="+project(t), "--timeout="+timeout, "build", "check").fails(t, "--timeout", timeout, "90s or 20m")
	}
}

// A jar without a Main-Class builds and is no application.
func TestImageOfLibrary(t *testing.T) {
	t.Parallel()
	source := project(t, "library")
	call(t, "java", "--source="+source, "build", "check").passes(t)
	call(t, "java", "--source="+source, "image", "digest").fails(t, "META-INF/MANIFEST.MF", "names no Main-Class", "library")
}
