package java

import (
	"strings"
	"testing"
)

func TestDetect(t *testing.T) {
	for _, test := range []struct {
		name    string
		entries []string
		want    Project
		err     string
	}{
		{"maven", []string{"src/", "pom.xml"}, Project{Maven, false}, ""},
		{"maven with a wrapper", []string{"pom.xml", "mvnw"}, Project{Maven, true}, ""},
		{"gradle", []string{"build.gradle"}, Project{Gradle, false}, ""},
		{"gradle in Kotlin", []string{"settings.gradle.kts", "gradlew"}, Project{Gradle, true}, ""},
		{"maven with Gradle's wrapper", []string{"pom.xml", "gradlew"}, Project{Maven, false}, ""},
		{"both", []string{"pom.xml", "build.gradle.kts"}, Project{}, "both pom.xml and Gradle's"},
		{"neither", []string{"src/", "README.md"}, Project{}, "no pom.xml, build.gradle"},
		{"nothing", nil, Project{}, "no pom.xml, build.gradle"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := Detect(test.entries)
			if got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
			expect(t, err, test.err)
		})
	}
}

func TestCheckWrapper(t *testing.T) {
	const url = "distributionUrl=https://mirror.example/maven-3.9.16-bin.zip\n"
	sum := "distributionSha256Sum=" + strings.Repeat("a1", 32) + "\n"
	for _, test := range []struct{ name, properties, err string }{
		{"verified", url + sum, ""},
		{"as Gradle escapes it", "distributionUrl=https\\://mirror.example/gradle-9.zip\n" + sum, ""},
		{"no checksum", url, `distributionSha256Sum is ""`},
		{"a checksum that is none", url + "distributionSha256Sum=abc\n", `distributionSha256Sum is "abc"`},
		{"commented out", url + "#" + sum, `distributionSha256Sum is ""`},
		{"no TLS", "distributionUrl=http://mirror.example/maven.zip\n" + sum, "https"},
		{"empty", "", `distributionUrl is ""`},
	} {
		t.Run(test.name, func(t *testing.T) {
			expect(t, Project{Maven, true}.CheckWrapper(test.properties), test.err)
		})
	}
	err := Project{Gradle, true}.CheckWrapper("")
	expect(t, err, "gradle/wrapper/gradle-wrapper.properties")
}

func TestApplicationJar(t *testing.T) {
	for _, test := range []struct {
		name      string
		jars      []string
		want, err string
	}{
		{"one", []string{"target/app-1.jar"}, "target/app-1.jar", ""},
		{"with companions", []string{
			"build/libs/app-1-plain.jar", "build/libs/app-1.jar", "build/libs/app-1-sources.jar", "gradle/wrapper/gradle-wrapper.jar",
			"target/original-app-1.jar", "build/libs/app-1-javadoc.jar", "build/libs/app-1-tests.jar",
		}, "build/libs/app-1.jar", ""},
		{"none", nil, "", "made no jar"},
		{"companions alone", []string{"target/app-sources.jar"}, "", "made no jar"},
		{"two", []string{"b/target/b.jar", "a/target/a.jar"}, "", "2 jars (a/target/a.jar, b/target/b.jar)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := ApplicationJar(test.jars)
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
			expect(t, err, test.err)
		})
	}
}

// expect fails unless err says want, or is nil where want is empty.
func expect(t *testing.T, err error, want string) {
	t.Helper()
	switch {
	case want == "" && err != nil:
		t.Errorf("unexpected error: %v", err)
	case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
		t.Errorf("error is %v, want one that says %q", err, want)
	}
}
