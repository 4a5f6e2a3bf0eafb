// Package java decides what lies in the folder of a Java project, and why its build failed.
package java

import (
	"bufio"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

// Tool builds a project.
type Tool string

// The tools that are told apart.
const (
	Maven  Tool = "maven"
	Gradle Tool = "gradle"
)

// Project is what the entries of a folder tell about it.
type Project struct {
	Tool Tool `json:"tool"`
	// Wrapper is true where the project brings the distribution that builds it.
	Wrapper bool `json:"wrapper"`
}

// Detect tells from the names of a folder's entries what builds it. Neither of the tools' files, or those of both, is
// an error: nobody but the team can know which one counts.
func Detect(entries []string) (Project, error) {
	has := func(names ...string) bool {
		return slices.ContainsFunc(names, func(name string) bool { return slices.Contains(entries, name) })
	}
	maven, gradle := has("pom.xml"), has("build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts")
	switch {
	case maven && gradle:
		return Project{}, fmt.Errorf("both pom.xml and Gradle's files lie in the folder: remove the ones that no longer build it")
	case maven:
		return Project{Maven, has("mvnw")}, nil
	case gradle:
		return Project{Gradle, has("gradlew")}, nil
	}
	return Project{}, fmt.Errorf("no pom.xml, build.gradle or settings.gradle lies in the folder: is it the component's own?")
}

// WrapperProperties is the file in which a wrapper names its distribution.
func (p Project) WrapperProperties() string {
	if p.Tool == Maven {
		return ".mvn/wrapper/maven-wrapper.properties"
	}
	return "gradle/wrapper/gradle-wrapper.properties"
}

var sha256Hex = regexp.MustCompile(`^[0-9a-f]{64}$`)

// CheckWrapper refuses a wrapper that would run a distribution that nothing verifies: its properties have to carry
// distributionSha256Sum, which both wrappers then check for themselves.
func (p Project) CheckWrapper(properties string) error {
	values := map[string]string{}
	lines := bufio.NewScanner(strings.NewReader(properties))
	for lines.Scan() {
		if name, value, ok := strings.Cut(lines.Text(), "="); ok {
			values[strings.TrimSpace(name)] = strings.TrimSpace(value)
		}
	}
	file := p.WrapperProperties()
	if url := strings.ReplaceAll(values["distributionUrl"], `\:`, ":"); !strings.HasPrefix(url, "https://") {
		return fmt.Errorf("%s: distributionUrl is %q: it has to be an https URL", file, url)
	}
	if sum := values["distributionSha256Sum"]; !sha256Hex.MatchString(sum) {
		return fmt.Errorf("%s: distributionSha256Sum is %q: write the SHA-256 of the distribution there (64 hexadecimal digits)", file, sum)
	}
	return nil
}

// companion matches the jars that a build puts beside the application's own.
var companion = regexp.MustCompile(`-(sources|javadoc|plain|tests|test-sources)\.jar$|/original-`)

// ApplicationJar picks the application among the jars that a build made.
func ApplicationJar(jars []string) (string, error) {
	jars = slices.DeleteFunc(slices.Clone(jars), func(jar string) bool {
		return companion.MatchString("/"+jar) || path.Base(jar) == "gradle-wrapper.jar"
	})
	slices.Sort(jars)
	switch len(jars) {
	case 1:
		return jars[0], nil
	case 0:
		return "", fmt.Errorf("the build made no jar: the folder holds no application (its packaging has to be jar)")
	}
	return "", fmt.Errorf("the build made %d jars (%s): give the folder of the one module that is the application", len(jars), strings.Join(jars, ", "))
}
