package java

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/esteira/esteira/pipelines/finding"
)

// Diagnosis is why a build failed, as far as its output tells.
type Diagnosis struct {
	// Decided is false where the build says nothing about the work: a registry that is down, a crashed JVM.
	Decided  bool
	Summary  string
	Remedy   string
	Findings []finding.Finding
}

var (
	// Maven: [ERROR] /src/src/main/java/A.java:[7,21] ';' expected
	mavenCompile = regexp.MustCompile(`(?m)^\[ERROR\] (\S+\.java):\[(\d+),(\d+)\] (.+)$`)
	// javac, as Gradle prints it: /src/src/main/java/A.java:7: error: ';' expected
	javac = regexp.MustCompile(`(?m)^(\S+\.java):(\d+): error: (.+)$`)
	// Maven: Non-parseable POM /src/pom.xml: end tag … @ line 18, column 16
	badPom = regexp.MustCompile(`Non-parseable POM (\S+): (.+?) @ line (\d+), column (\d+)`)
	// Maven: 'dependencies.dependency.version' for a:b:jar is missing. @ line 20, column 17
	invalidPom = regexp.MustCompile(`(?m)^\[ERROR\]\s+('\S+' .+?) @ (?:\S+, )?(?:(\S+pom\.xml), )?line (\d+), column (\d+)`)
	// Gradle: Build file '/src/build.gradle' line: 3
	gradleScript = regexp.MustCompile(`(?s)(?:Build|Settings) file '(\S+)' line: (\d+)\s+\* What went wrong:\s+(.+?)\n(?:\n|\*)`)
	// Maven: Could not find artifact g:a:jar:1 in …; g:a:jar:1 was not found in …; Gradle: Could not find g:a:1.
	unknown = regexp.MustCompile(`Could not find (?:artifact )?([\w.-]+(?::[\w.-]*\w)+)|([\w.-]+(?::[\w.-]*\w)+) was not found in`)
	// Either: the registry did not answer, or not as it should.
	unreachable = regexp.MustCompile(`Could not (?:transfer artifact|GET|HEAD|get resource)[^\n]*|Connection refused|Unknown host[^\n]*|status code: (?:401|403|407|5\d\d)[^\n]*`)
	crashed     = regexp.MustCompile(`The forked VM terminated[^\n]*|Process 'Gradle Test Executor[^\n]*`)
	// Maven's wrapper, and Gradle's.
	unverified = regexp.MustCompile(`Failed to validate Maven distribution SHA-256[^\n]*|Verification of Gradle distribution failed[^\n]*`)
	thrown     = regexp.MustCompile(`(?m)^Exception in thread "main" (.+)$`)
	firstError = regexp.MustCompile(`(?m)^\[ERROR\] (.+?)(?: -> \[Help \d+\])?$|^\* What went wrong:\s+(.+)$`)
)

// Diagnose reads the output of a failed Maven or Gradle build of the project whose folder was root.
func Diagnose(output, root string) Diagnosis {
	for _, recognise := range []func(string, string) (Diagnosis, bool){
		compileErrors, unparsable, unresolved, unpromised, undecided,
	} {
		if d, ok := recognise(output, root); ok {
			return d
		}
	}
	if m := firstError.FindStringSubmatch(output); m != nil {
		return Diagnosis{Decided: true, Summary: "the build failed: " + m[1] + m[2], Remedy: "read the end of its output"}
	}
	return Diagnosis{Summary: "the build failed and did not say why", Remedy: "enter it with `terminal`, or read its output"}
}

func compileErrors(output, root string) (Diagnosis, bool) {
	var found []finding.Finding
	seen := map[string]bool{}
	add := func(file, line, column, message string) {
		f := compileError(root, file, line, column, message)
		if key := fmt.Sprint(f.Location, message); !seen[key] {
			seen[key] = true
			found = append(found, f)
		}
	}
	for _, m := range mavenCompile.FindAllStringSubmatch(output, -1) {
		add(m[1], m[2], m[3], m[4])
	}
	for _, m := range javac.FindAllStringSubmatch(output, -1) {
		add(m[1], m[2], "0", m[3])
	}
	if len(found) == 0 {
		return Diagnosis{}, false
	}
	first := found[0]
	return Diagnosis{
		Decided:  true,
		Summary:  fmt.Sprintf("it does not compile: %s:%d: %s%s", first.Location.File, first.Location.Line, first.Message, more(len(found))),
		Remedy:   "mend the source",
		Findings: found,
	}, true
}

func compileError(root, file, line, column, message string) finding.Finding {
	return located("compile", root, file, line, column, strings.TrimPrefix(strings.TrimSpace(message), "error: "))
}

func unparsable(output, root string) (Diagnosis, bool) {
	var file, line, column, reason string
	if m := badPom.FindStringSubmatch(output); m != nil {
		file, reason, line, column = m[1], m[2], m[3], m[4]
	} else if m := invalidPom.FindStringSubmatch(output); m != nil {
		file, reason, line, column = m[2], m[1], m[3], m[4]
	} else if m := gradleScript.FindStringSubmatch(output); m != nil {
		file, line, reason = m[1], m[2], strings.Join(strings.Fields(m[3]), " ")
	} else {
		return Diagnosis{}, false
	}
	if file == "" {
		file = "pom.xml"
	}
	f := located("build-file", root, file, line, column, reason)
	return Diagnosis{
		Decided:  true,
		Summary:  fmt.Sprintf("%s:%d cannot be read: %s", f.Location.File, f.Location.Line, reason),
		Remedy:   "mend the file",
		Findings: []finding.Finding{f},
	}, true
}

func unresolved(output, root string) (Diagnosis, bool) {
	m := unknown.FindStringSubmatch(output)
	if m == nil {
		return Diagnosis{}, false
	}
	file := "pom.xml"
	if !strings.Contains(output, "[ERROR]") {
		file = "build.gradle"
	}
	artefact := m[1] + m[2]
	f := located("unknown-dependency", root, file, "0", "0", "no repository has "+artefact)
	return Diagnosis{
		Decided:  true,
		Summary:  fmt.Sprintf("%s asks for %s, which no repository has", file, artefact),
		Remedy:   "check group, artefact and version; a private repository needs its credentials",
		Findings: []finding.Finding{f},
	}, true
}

// unpromised is a wrapper that refuses the distribution it fetched.
func unpromised(output, _ string) (Diagnosis, bool) {
	if !unverified.MatchString(output) {
		return Diagnosis{}, false
	}
	return Diagnosis{
		Decided: true,
		Summary: "the distribution that the wrapper fetched has another SHA-256 than its properties promise",
		Remedy:  "check distributionUrl and distributionSha256Sum, and who serves it",
	}, true
}

func undecided(output, _ string) (Diagnosis, bool) {
	if m := unreachable.FindString(output); m != "" {
		return Diagnosis{
			Summary: "a package registry refused or did not answer: " + m,
			Remedy:  "check --maven-mirror, --maven-settings and the network, then call again",
		}, true
	}
	if m := crashed.FindString(output); m != "" {
		return Diagnosis{Summary: "the JVM of the tests died: " + m, Remedy: "look for System.exit, halt or a lack of memory"}, true
	}
	if m := thrown.FindStringSubmatch(output); m != nil {
		return Diagnosis{Summary: "the build tool broke off: " + m[1], Remedy: "read the end of its output; a wrapper needs the host that serves its distribution"}, true
	}
	return Diagnosis{}, false
}

func located(rule, root, file, line, column, message string) finding.Finding {
	number := func(digits string) int {
		n, err := strconv.Atoi(digits)
		if err != nil {
			return 0 // the tool named no line
		}
		return n
	}
	file = strings.TrimPrefix(strings.TrimPrefix(file, strings.TrimSuffix(root, "/")), "/")
	return finding.Finding{
		Tool: "java", Rule: rule, Severity: finding.High, Message: message,
		Location: finding.Location{File: file, Line: number(line), Column: number(column)},
	}
}

func more(found int) string {
	if found < 2 {
		return ""
	}
	return fmt.Sprintf(" (and %d more)", found-1)
}

// Downloads counts what Maven says that it downloaded.
func Downloads(output string) int { return strings.Count(output, "Downloaded from ") }
