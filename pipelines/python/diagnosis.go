package python

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/esteira/esteira/pipelines/finding"
)

// Diagnosis is why uv or a tool that it installed failed, as far as its output tells.
type Diagnosis struct {
	// Decided is false where the failure says nothing about the work: an index that is down.
	Decided  bool
	Summary  string
	Remedy   string
	Findings []finding.Finding
}

// The words of our own scripts.
const (
	// StaleWords stand between a lock's name and the command that makes it anew.
	StaleWords = " does not match pyproject.toml: run "
	// UnlockedWords follow the name of a tool that a stage needs.
	UnlockedWords = " is not in the lock"
	// WrongPythonWords stand before the version that was found.
	WrongPythonWords = "the image gets Python " + PythonVersion + ", and --base has "
)

var (
	stale      = regexp.MustCompile(`(?m)^esteira: (\S+)` + StaleWords + `(.+)$`)
	staleUV    = regexp.MustCompile("The lockfile at `([^`]+)` needs to be updated")
	unlocked   = regexp.MustCompile(`(?m)^esteira: (\S+)` + UnlockedWords)
	wrongBase  = regexp.MustCompile(`(?m)^esteira: ` + regexp.QuoteMeta(WrongPythonWords) + `.*$`)
	wrongHash  = regexp.MustCompile("Hash mismatch for `([^`]+)`")
	noHash     = regexp.MustCompile("all requirements must have a hash, but none were provided for: ([^\n]+)")
	unresolved = regexp.MustCompile(`Because (\S+) was not found in the package registry|Because there is no version of (\S+)`)
	// uv: Failed to fetch: `https://…`, and below it the causes of that; pip: 401 Error, Credentials not correct for https://…
	unreachable = regexp.MustCompile("could not be queried due to a lack of valid authentication credentials[^\n]*" +
		"|Failed to fetch:? [^\n]*|error sending request for url[^\n]*" +
		"|(?:401|403|407|5\\d\\d) (?:Client |Server )?Error[^\n]*|Failed to establish a new connection[^\n']*")
	// TOML parse error at line 3, column 11, an excerpt with bars, and the reason
	badSetting = regexp.MustCompile(`TOML parse error at line (\d+), column (\d+)\n(?:[^\n]*\|[^\n]*\n)+\s*([^\n,]+)`)
	noUV       = regexp.MustCompile(`No matching distribution found for (uv==\S+)`)
	unbuilt    = regexp.MustCompile("Failed to build `([^`]+)`")
	pyError    = regexp.MustCompile(`(?m)^\s*(\w*(?:Error|Exception)): (.+)$`)
	firstError = regexp.MustCompile(`(?m)^(?:error|ERROR|[\w./]+: error): (.+)$`)
	cause      = regexp.MustCompile(`(?m)^\s*cause: (.+)$`)
)

// Diagnose reads the output of what failed, in the project whose folder was root.
func Diagnose(output, root string) Diagnosis {
	for _, recognise := range []func(string, string) (Diagnosis, bool){
		ownWords, staleLock, unreachableIndex, wrongHashes, unknownDependency, wrongSetting, unbuiltWheel,
	} {
		if d, ok := recognise(output, root); ok {
			return d
		}
	}
	if m := firstError.FindStringSubmatch(output); m != nil {
		return Diagnosis{Decided: true, Summary: "it failed: " + clean(m[1]+lastCause(output), root), Remedy: "read the end of its output"}
	}
	return Diagnosis{Summary: "it failed and did not say why", Remedy: "enter it with `dagger call -i`, or read its output"}
}

func ownWords(output, _ string) (Diagnosis, bool) {
	if m := unlocked.FindStringSubmatch(output); m != nil {
		return Diagnosis{
			Summary: m[1] + UnlockedWords + ", and the stage needs it",
			Remedy:  fmt.Sprintf("add %s to [dependency-groups] dev and make the lock anew", m[1]),
		}, true
	}
	if m := wrongBase.FindString(output); m != "" {
		return Diagnosis{
			Decided: true, Summary: strings.TrimPrefix(m, "esteira: "),
			Remedy: "give a --base with Python " + PythonVersion + ", or the folder a Dockerfile",
		}, true
	}
	return Diagnosis{}, false
}

func staleLock(output, _ string) (Diagnosis, bool) {
	file, command := "", "uv lock"
	if m := stale.FindStringSubmatch(output); m != nil {
		file, command = m[1], m[2]
	} else if m := staleUV.FindStringSubmatch(output); m != nil {
		file = m[1]
	} else {
		return Diagnosis{}, false
	}
	summary := file + " does not match pyproject.toml"
	return Diagnosis{
		Decided: true, Summary: summary, Remedy: fmt.Sprintf("run `%s` and commit it", command),
		Findings: []finding.Finding{found("stale-lock", file, summary)},
	}, true
}

func unreachableIndex(output, _ string) (Diagnosis, bool) {
	if m := unreachable.FindString(output); m != "" {
		return Diagnosis{
			Summary: "a package index refused or did not answer: " + m + lastCause(output),
			Remedy:  "check --pypi-index, --netrc and the network, then call again",
		}, true
	}
	if m := noUV.FindStringSubmatch(output); m != nil {
		return Diagnosis{
			Summary: "the package index has no " + m[1] + ", which the stage works with",
			Remedy:  "let the index of --pypi-index have it, too",
		}, true
	}
	return Diagnosis{}, false
}

func wrongHashes(output, _ string) (Diagnosis, bool) {
	if m := wrongHash.FindStringSubmatch(output); m != nil {
		summary := fmt.Sprintf("what the index has as %s is not what the lock names: its hash differs", m[1])
		return Diagnosis{
			Decided: true, Summary: summary, Findings: []finding.Finding{found("wrong-hash", "", summary)},
			Remedy: "find out who changed it, the lock or the index, before making the lock anew",
		}, true
	}
	if m := noHash.FindStringSubmatch(output); m != nil {
		summary := "the lock has no hash of " + m[1]
		return Diagnosis{
			Decided: true, Summary: summary, Findings: []finding.Finding{found("no-hash", "", summary)},
			Remedy: "make it with --generate-hashes",
		}, true
	}
	return Diagnosis{}, false
}

func unknownDependency(output, _ string) (Diagnosis, bool) {
	m := unresolved.FindStringSubmatch(output)
	if m == nil {
		return Diagnosis{}, false
	}
	wanted := m[1] + m[2]
	summary := fmt.Sprintf("the project asks for %s, which no index has", wanted)
	return Diagnosis{
		Decided: true, Summary: summary,
		Remedy:   "check name and version; a private index needs --pypi-index and --netrc",
		Findings: []finding.Finding{found("unknown-dependency", Description, "no index has "+wanted)},
	}, true
}

func wrongSetting(output, _ string) (Diagnosis, bool) {
	m := badSetting.FindStringSubmatch(output)
	if m == nil {
		return Diagnosis{}, false
	}
	f := found("setting", Description, m[3])
	f.Location.Line, f.Location.Column = number(m[1]), number(m[2])
	return Diagnosis{
		Decided: true, Summary: fmt.Sprintf("%s: %s", f.Location, m[3]), Remedy: "mend the file", Findings: []finding.Finding{f},
	}, true
}

func number(digits string) int {
	n, err := strconv.Atoi(digits)
	if err != nil {
		return 0 // digits beyond an int: no line of any file
	}
	return n
}

// lastCause is the innermost of the causes that uv lists, after a colon.
func lastCause(output string) string {
	causes := cause.FindAllStringSubmatch(output, -1)
	if len(causes) == 0 {
		return ""
	}
	return ": " + causes[len(causes)-1][1]
}

func unbuiltWheel(output, root string) (Diagnosis, bool) {
	m := unbuilt.FindStringSubmatch(output)
	if m == nil {
		return Diagnosis{}, false
	}
	reason := strings.TrimPrefix(lastCause(output), ": ")
	if errors := pyError.FindAllStringSubmatch(output, -1); len(errors) > 0 {
		reason = errors[len(errors)-1][2]
	}
	what := "the wheel of " + m[1]
	if strings.HasPrefix(m[1], root) || strings.Contains(m[1], "file://"+root) {
		what = "the project's wheel"
	}
	summary := fmt.Sprintf("%s cannot be built: %s", what, clean(reason, root))
	return Diagnosis{
		Decided: true, Summary: summary, Remedy: "mend [build-system] or what it packs in pyproject.toml",
		Findings: []finding.Finding{found("wheel", Description, summary)},
	}, true
}

func found(rule, file, message string) finding.Finding {
	return finding.Finding{
		Tool: "python", Rule: rule, Severity: finding.High, Message: message, Location: finding.Location{File: file},
	}.Identified()
}

// clean takes the folder's own path out of a text.
func clean(text, root string) string {
	return strings.ReplaceAll(text, strings.TrimSuffix(root, "/")+"/", "")
}

// Relative makes the paths of findings relative to root: ruff's SARIF has whole ones.
func Relative(findings []finding.Finding, root string) []finding.Finding {
	root = strings.TrimSuffix(root, "/") + "/"
	for i := range findings {
		if file, ok := strings.CutPrefix(findings[i].Location.File, root); ok {
			findings[i].Location.File = file
		}
	}
	return findings
}

// Lint joins what ruff's linter and its formatter found: a file that cannot be parsed is found by both.
func Lint(check, format []finding.Finding) []finding.Finding {
	all := append([]finding.Finding(nil), check...)
	for _, f := range format {
		if f.Rule != "invalid-syntax" {
			all = append(all, f)
		}
	}
	return all
}
