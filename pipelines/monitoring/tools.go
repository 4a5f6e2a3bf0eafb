package monitoring

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"strings"

	"github.com/esteira/esteira/pipelines/finding"
)

var (
	// placed matches an error of promtool about a rule, after the file: 12:11: group "x", rule 1, "X": …
	placed = regexp.MustCompile(`^(\d+):\d+: (.+)$`)
	// inYAML matches an error of the parser of YAML: yaml: line 12: …
	inYAML = regexp.MustCompile(`^(?:yaml: )?line (\d+): (.+)$`)
	// quoted matches a value in a message, which tells where it stands.
	quoted = regexp.MustCompile(`"([^"]+)"`)
)

// FromPromtoolCheck is what `promtool check rules` or `check config` says of one file, and FromAmtoolCheck what `amtool
// check-config` does. Expressions that do not parse are left to Judge, which knows their line.
func FromPromtoolCheck(file, output string) []finding.Finding {
	return fromCheck("promtool", file, nil, output)
}

// FromAmtoolCheck is what `amtool check-config` says of a configuration. It names a value and not its line: the value's
// first place in the content is taken.
func FromAmtoolCheck(file string, content []byte, output string) []finding.Finding {
	return fromCheck("amtool", file, content, output)
}

func fromCheck(tool, file string, content []byte, output string) []finding.Finding {
	_, failure, failed := strings.Cut(output, "FAILED:")
	if !failed {
		return nil
	}
	var findings []finding.Finding
	for text := range strings.Lines(failure) {
		message := strings.TrimSpace(text)
		message = strings.TrimPrefix(strings.TrimPrefix(message, "parsing YAML file "), file+": ")
		if message == "" || strings.HasSuffix(message, "unmarshal errors:") || strings.HasPrefix(message, tool+": error:") ||
			strings.Contains(message, "could not parse expression") {
			continue
		}
		line := lineOf(content, message)
		for _, pattern := range []*regexp.Regexp{placed, inYAML} {
			if parts := pattern.FindStringSubmatch(message); parts != nil {
				fmt.Sscan(parts[1], &line)
				message = parts[2]
			}
		}
		findings = append(findings, findingOf(tool, "invalid", file, line, message))
	}
	return findings
}

// lineOf is the first line that has the value that a message quotes, or 1.
func lineOf(content []byte, message string) int {
	if found := quoted.FindStringSubmatch(message); found != nil {
		if before, _, ok := bytes.Cut(content, []byte(found[1])); ok {
			return 1 + bytes.Count(before, []byte("\n"))
		}
	}
	return 1
}

// FromPromtoolTest is what `promtool test rules --junit` says of a file of tests.
func FromPromtoolTest(tests TestFile, junit io.Reader) ([]finding.Finding, int, error) {
	run, err := finding.FromJUnit(junit)
	if err != nil {
		return nil, 0, fmt.Errorf("%s: promtool's report: %w", tests.File, err)
	}
	var findings []finding.Finding
	cases := 0
	for _, suite := range run.Suites {
		for _, c := range suite.Cases {
			cases++
			if !c.Red() {
				continue
			}
			message := fmt.Sprintf("%s: %s", c.Name, strings.Join(strings.Fields(c.Message+" "+c.Detail), " "))
			findings = append(findings, findingOf("promtool", "failed-test", tests.File, max(tests.lines[c.Name], 1), message))
		}
	}
	return findings, cases, nil
}

// Route is a line of routes.txt: the receivers that an alert with these labels has to reach.
type Route struct {
	Line      int
	Receivers string
	Labels    []string
}

// routesFile is the table of routes beside a configuration of Alertmanager.
const routesFile = "routes.txt"

// ReadRoutes reads the table beside a configuration. Each line is a receiver, or several with commas between, and the
// alert's labels; comments begin with #.
func ReadRoutes(source fs.FS, router string) (file string, routes []Route, err error) {
	file = path.Join(path.Dir(router), routesFile)
	content, err := fs.ReadFile(source, file)
	if errors.Is(err, fs.ErrNotExist) {
		return file, nil, nil
	}
	if err != nil {
		return file, nil, err
	}
	lines := bufio.NewScanner(bytes.NewReader(content))
	for at := 1; lines.Scan(); at++ {
		words := strings.Fields(lines.Text())
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		for _, label := range words[1:] {
			if name, _, ok := strings.Cut(label, "="); !ok || name == "" {
				return file, nil, fmt.Errorf("%s:%d: %q: write a label as name=value", file, at, label)
			}
		}
		routes = append(routes, Route{Line: at, Receivers: words[0], Labels: words[1:]})
	}
	return file, routes, lines.Err()
}

// FromAmtoolRoute is what `amtool config routes test` says of a route: the receivers that the alert reaches.
func FromAmtoolRoute(file string, route Route, output string) []finding.Finding {
	reached := strings.TrimSpace(output)
	if reached == route.Receivers {
		return nil
	}
	message := fmt.Sprintf("an alert with %s reaches %s, and has to reach %s", strings.Join(route.Labels, " "), reached, route.Receivers)
	return []finding.Finding{findingOf("amtool", "wrong-route", file, route.Line, message)}
}

// Unrouted is the finding about a configuration without a table of routes.
func Unrouted(router string) finding.Finding {
	return findingOf(Tool, "untested-routes", router, 1, "there is no "+routesFile+" beside it: nobody says whom which alert has to reach")
}

// Unstarted is the finding about a file of tests that promtool could not run at all.
func Unstarted(tests TestFile, output string) finding.Finding {
	return findingOf("promtool", "invalid", tests.File, 1, strings.Join(strings.Fields(output), " "))
}
