package main

import (
	"github.com/esteira/esteira/pipelines/java"
)

// What Maven and Gradle are told, and where they put what they make.

// jacoco is given on the command line, so that no project has to configure it. 0.8.14 is the first that reads the class
// files of Java 25.
const jacoco = "org.jacoco:jacoco-maven-plugin:0.8.14"

// toolPackages are the Debian packages that build a project. Debian's Gradle is 4.4, which cannot run tests on a JDK
// newer than 21; a project's own wrapper can.
var toolPackages = map[java.Project][]string{
	{Tool: java.Maven}:                 {"openjdk-25-jdk-headless", "maven"},
	{Tool: java.Maven, Wrapper: true}:  {"openjdk-25-jdk-headless"},
	{Tool: java.Gradle}:                {"openjdk-21-jdk-headless", "gradle"},
	{Tool: java.Gradle, Wrapper: true}: {"openjdk-25-jdk-headless"},
}

// command starts the build tool; a wrapper that was committed without its executable bit, too. Archives carry a fixed time, so that equal classes make equal jars.
func command(project java.Project) []string {
	switch project {
	case java.Project{Tool: java.Maven}:
		return []string{"mvn", "-B", "-Dproject.build.outputTimestamp=1980-01-01T00:00:02Z"}
	case java.Project{Tool: java.Maven, Wrapper: true}:
		return []string{"sh", "./mvnw", "-B", "-Dproject.build.outputTimestamp=1980-01-01T00:00:02Z"}
	case java.Project{Tool: java.Gradle}:
		return []string{"gradle", "--no-daemon", "--console=plain", "--init-script=/esteira/init.gradle"}
	default:
		return []string{"sh", "./gradlew", "--no-daemon", "--console=plain", "--init-script=/esteira/init.gradle"}
	}
}

var buildGoals = map[java.Tool][]string{
	java.Maven:  {"-DskipTests", "package"},
	java.Gradle: {"assemble"},
}

// testGoals run the tests, all or only some, and report their coverage whether or not they pass.
func testGoals(only string) map[java.Tool][]string {
	maven := []string{"-Dmaven.test.failure.ignore=true", jacoco + ":prepare-agent", "verify", jacoco + ":report"}
	gradle := []string{"--continue", "test", "jacocoTestReport"}
	if only != "" {
		maven = append(maven, "-Dtest="+only)
		gradle = []string{"--continue", "test", "--tests=" + only, "jacocoTestReport"}
	}
	return map[java.Tool][]string{java.Maven: maven, java.Gradle: gradle}
}

var jarPattern = map[java.Tool]string{
	java.Maven:  "**/target/*.jar",
	java.Gradle: "**/build/libs/*.jar",
}

var junitPatterns = map[java.Tool][]string{
	java.Maven:  {"**/target/surefire-reports/*.xml", "**/target/failsafe-reports/TEST-*.xml"},
	java.Gradle: {"**/build/test-results/**/*.xml"},
}

var coveragePatterns = map[java.Tool][]string{
	java.Maven:  {"**/target/site/jacoco/**"},
	java.Gradle: {"**/build/reports/jacoco/**"},
}

// descriptionPatterns are the files that say what a build downloads.
var descriptionPatterns = map[java.Tool][]string{
	java.Maven: {"**/pom.xml", ".mvn/**/*", "mvnw"},
	java.Gradle: {
		"**/*.gradle", "**/*.gradle.kts", "**/gradle.properties", "gradle/**/*", "**/gradle.lockfile", "gradlew", "buildSrc/**/*",
	},
}

// warmUp runs the project's own build over a made-up class and a made-up test, because only a real run downloads all
// that a build needs: the plugins' own dependencies, the test runner's providers, the coverage agent. Where a project's
// own rules refuse the made-up class, the dependencies alone are downloaded, without a word on each: it would push out why
// the first attempt failed. $1 is the tool, the rest its goals.
const warmUp = `set -eu
tool=$1; shift
for file in $(find . -name pom.xml -o -name 'build.gradle*'); do
  folder=$(dirname "$file")
  mkdir -p "$folder/src/main/java/esteira" "$folder/src/test/java/esteira"
  echo 'package esteira; public class WarmUp { private WarmUp() {} public static void main(String[] args) {} }' \
    >"$folder/src/main/java/esteira/WarmUp.java"
  echo 'package esteira; class WarmUpTest {}' >"$folder/src/test/java/esteira/WarmUpTest.java"
done
if ! $tool "$@"; then
  case $tool in
  *mvn*) $tool -ntp dependency:go-offline ;;
  *) $tool dependencies ;;
  esac
fi
find . -mindepth 1 -delete`

// initGradle adds coverage to every Java project, goes on after a red test, makes archives reproducible, and asks the
// mirror instead of the repositories that a project names, where there is a mirror. It speaks to Gradle 4 and newer.
const initGradle = `
def mirror = System.getenv('ESTEIRA_MAVEN_MIRROR')
allprojects { p ->
  if (mirror) {
    p.buildscript.repositories.maven { url mirror }
    p.repositories.all { if (it.hasProperty('url') && it.url.toString() != mirror) p.repositories.remove(it) }
    p.repositories.maven { url mirror }
  }
  p.plugins.withId('java') {
    p.apply plugin: 'jacoco'
    p.jacoco.toolVersion = '0.8.14'
    p.tasks.withType(Test) { ignoreFailures = true }
    p.tasks.withType(JacocoReport) {
      reports {
        if (xml.hasProperty('required')) { xml.required = true } else { xml.enabled = true }
      }
    }
  }
  p.tasks.withType(AbstractArchiveTask) { preserveFileTimestamps = false; reproducibleFileOrder = true }
}
`

const mirrorSettings = `<settings>
  <mirrors><mirror><id>esteira</id><mirrorOf>*</mirrorOf><url>%s</url></mirror></mirrors>
</settings>
`
