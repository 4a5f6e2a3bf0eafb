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
	"github.com/esteira/esteira/pipelines/manifest"
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
func FromPromtoolCheck(file, output string) []manifest.Remark {
	return fromCheck("promtool", file, nil, output)
}

// FromAmtoolCheck is what `amtool check-config` says of a configuration. It names a value and not its line: the value's
// first place in the content is taken.
func FromAmtoolCheck(file string, content []byte, output string) []manifest.Remark {
	return fromCheck("amtool", file, content, output)
}

func fromCheck(tool, file string, content []byte, output string) []manifest.Remark {
	_, failure, failed := strings.Cut(output, "FAILED:")
	if !failed {
		return nil
	}
	var remarks []manifest.Remark
	for line := range strings.Lines(failure) {
		message := strings.TrimPrefix(strings.TrimSpace(line), file+": ")
		if message == "" || strings.HasSuffix(message, "unmarshal errors:") || strings.HasPrefix(message, tool+": error:") ||
			strings.Contains(message, "could not parse expression") {
			continue
		}
		remark := remarkOf(tool, "invalid", file, lineOf(content, message), message)
		for _, pattern := range []*regexp.Regexp{placed, inYAML} {
			if found := pattern.FindStringSubmatch(message); found != nil {
				fmt.Sscan(found[1], &remark.Line)
				remark.Message = found[2]
			}
		}
		remarks = append(remarks, remark)
	}
	return remarks
}

func remarkOf(tool, rule, file string, line int, message string) manifest.Remark {
	return manifest.Remark{
		Tool: tool, Rule: rule, Severity: finding.High, Message: message, Root: file, Line: line,
		Object: manifest.Object{Kind: "File", Name: file},
	}
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
func FromPromtoolTest(tests TestFile, junit io.Reader) ([]manifest.Remark, int, error) {
	run, err := finding.FromJUnit(junit)
	if err != nil {
		return nil, 0, fmt.Errorf("%s: promtool's report: %w", tests.File, err)
	}
	var remarks []manifest.Remark
	cases := 0
	for _, suite := range run.Suites {
		for _, c := range suite.Cases {
			cases++
			if !c.Red() {
				continue
			}
			message := fmt.Sprintf("%s: %s", c.Name, strings.Join(strings.Fields(c.Message+" "+c.Detail), " "))
			remarks = append(remarks, remarkOf("promtool", "failed-test", tests.File, max(tests.lines[c.Name], 1), message))
		}
	}
	return remarks, cases, nil
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
func FromAmtoolRoute(file string, route Route, output string) []manifest.Remark {
	reached := strings.TrimSpace(output)
	if reached == route.Receivers {
		return nil
	}
	message := fmt.Sprintf("an alert with %s reaches %s, and has to reach %s", strings.Join(route.Labels, " "), reached, route.Receivers)
	return []manifest.Remark{remarkOf("amtool", "wrong-route", file, route.Line, message)}
}

// Unrouted is the remark about a configuration without a table of routes.
func Unrouted(router string) manifest.Remark {
	return remarkOf(Tool, "untested-routes", router, 1, "there is no "+routesFile+" beside it: nobody says whom which alert has to reach")
}
