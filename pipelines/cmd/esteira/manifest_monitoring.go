package main

import (
	"bytes"
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/esteira/esteira/pipelines/finding"
	"github.com/esteira/esteira/pipelines/manifest"
	"github.com/esteira/esteira/pipelines/monitoring"
	"github.com/esteira/esteira/pipelines/report"
)

// judgeMonitoring has promtool and amtool look at what watches the cluster, and compares its queries with what is exposed.
// It succeeds whatever was found: remarks.json tells.
func judgeMonitoring(args []string, out io.Writer) error {
	var source, exposed, runbooks, into string
	flags := flag.NewFlagSet("manifest monitoring", flag.ContinueOnError)
	flags.StringVar(&source, "source", "", "`folder` with rules, their tests, dashboards and configurations")
	flags.StringVar(&exposed, "exposed", "", "`folder` of what applications answered Prometheus: any number of files below it, each named after its job")
	flags.StringVar(&runbooks, "runbooks", "", "`folder` with the runbooks that alerts name")
	flags.StringVar(&into, "out", "", "`folder` for remarks.json")
	if done, err := parse(flags, args, nil, out); done || err != nil {
		return err
	}
	if source == "" || into == "" {
		return usageError{errors.New("manifest monitoring: name the --source and the --out")}
	}
	tree, err := monitoring.Read(os.DirFS(source))
	if err != nil {
		return err
	}
	said := manifest.Said{Notes: []string{"there is no monitoring in this folder"}}
	if !tree.Empty() {
		if said, err = watched(tree, source, exposed, runbooks); err != nil {
			return err
		}
	}
	if err := writeFileOf(filepath.Join(into, "remarks.json"), said.Write); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "judged %d queries, tests and routes, %d findings\n", said.Judged, len(said.Findings))
	return err
}

// watched is all that there is to say of a tree.
func watched(tree monitoring.Tree, source, exposed, runbooks string) (manifest.Said, error) {
	expositions, err := expositionsIn(exposed)
	if err != nil {
		return manifest.Said{}, err
	}
	var books fs.FS
	if runbooks != "" {
		books = os.DirFS(runbooks)
	}
	tools := watchmen{source: source}
	said := manifest.Said{Findings: monitoring.Judge(tree, expositions, books)}
	for _, look := range []func(monitoring.Tree) error{tools.checkConfigs, tools.checkRules, tools.testRules, tools.checkRouters} {
		if err := look(tree); err != nil {
			return manifest.Said{}, err
		}
	}
	said.Findings = append(said.Findings, tools.findings...)
	said.Judged = tree.Queries() + tools.tests + tools.routes
	said.Facts = []report.Fact{
		{Name: "queries", Value: fmt.Sprint(tree.Queries())},
		{Name: "tests of rules", Value: fmt.Sprint(tools.tests)},
		{Name: "routes", Value: fmt.Sprint(tools.routes)},
	}
	return said, nil
}

// expositionsIn reads every file below a folder: its name is the job.
func expositionsIn(folder string) ([]monitoring.Exposition, error) {
	if folder == "" {
		return nil, nil
	}
	var all []monitoring.Exposition
	err := filepath.WalkDir(folder, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		one, err := readFile(name, func(r io.Reader) (monitoring.Exposition, error) {
			return monitoring.ReadExposition(entry.Name(), r)
		})
		all = append(all, one)
		return err
	})
	return all, err
}

// watchmen are promtool and amtool over the files of a folder, and what they found.
type watchmen struct {
	source        string
	findings      []finding.Finding
	tests, routes int
}

// checkConfigs asks promtool for the syntax alone: the files of secrets that a configuration names are in no folder of Git.
func (w *watchmen) checkConfigs(tree monitoring.Tree) error {
	for _, config := range tree.Configs {
		output, err := w.ask("promtool", "check", "config", "--syntax-only", w.at(config.File))
		if err != nil {
			return err
		}
		w.findings = append(w.findings, monitoring.FromPromtoolCheck(config.File, w.relative(output))...)
	}
	return nil
}

func (w *watchmen) checkRules(tree monitoring.Tree) error {
	for _, rules := range tree.Rules {
		output, err := w.ask("promtool", "check", "rules", w.at(rules.File))
		if err != nil {
			return err
		}
		w.findings = append(w.findings, monitoring.FromPromtoolCheck(rules.File, w.relative(output))...)
	}
	return nil
}

func (w *watchmen) testRules(tree monitoring.Tree) error {
	for _, tests := range tree.Tests {
		found, cases, err := w.testFile(tests)
		if err != nil {
			return err
		}
		w.tests += cases
		w.findings = append(w.findings, found...)
	}
	return nil
}

// testFile runs one file of tests. What promtool cannot start is a finding too.
func (w *watchmen) testFile(tests monitoring.TestFile) ([]finding.Finding, int, error) {
	dir, err := os.MkdirTemp("", "promtool")
	if err != nil {
		return nil, 0, err
	}
	defer os.RemoveAll(dir)
	junit := filepath.Join(dir, "junit.xml")
	output, err := w.ask("promtool", "test", "rules", "--junit="+junit, w.at(tests.File))
	if err != nil {
		return nil, 0, err
	}
	file, err := os.Open(junit)
	if errors.Is(err, fs.ErrNotExist) {
		return []finding.Finding{monitoring.Unstarted(tests, w.relative(output))}, 0, nil
	}
	if err != nil {
		return nil, 0, err
	}
	defer file.Close()
	return monitoring.FromPromtoolTest(tests, file)
}

func (w *watchmen) checkRouters(tree monitoring.Tree) error {
	for _, router := range tree.Routers {
		content, err := os.ReadFile(w.at(router))
		if err != nil {
			return err
		}
		output, err := w.ask("amtool", "check-config", w.at(router))
		if err != nil {
			return err
		}
		if found := monitoring.FromAmtoolCheck(router, content, w.relative(output)); len(found) > 0 {
			w.findings = append(w.findings, found...)
			continue // it has no routes that could be asked
		}
		if err := w.checkRoutes(router); err != nil {
			return err
		}
	}
	return nil
}

func (w *watchmen) checkRoutes(router string) error {
	file, routes, err := monitoring.ReadRoutes(os.DirFS(w.source), router)
	if err != nil {
		return err
	}
	if len(routes) == 0 {
		w.findings = append(w.findings, monitoring.Unrouted(router))
	}
	for _, route := range routes {
		args := append([]string{"config", "routes", "test", "--config.file=" + w.at(router)}, route.Labels...)
		output, err := w.ask("amtool", args...)
		if err != nil {
			return err
		}
		w.routes++
		w.findings = append(w.findings, monitoring.FromAmtoolRoute(file, route, output)...)
	}
	return nil
}

func (w *watchmen) at(name string) string { return filepath.Join(w.source, name) }

// relative takes the folder out of what a tool printed.
func (w *watchmen) relative(output string) string {
	return strings.ReplaceAll(output, strings.TrimSuffix(w.source, "/")+"/", "")
}

// ask is all that a tool printed, whatever its exit code. One that prints nothing has not looked.
func (w *watchmen) ask(tool string, args ...string) (string, error) {
	var output bytes.Buffer
	command := exec.Command(tool, args...)
	command.Stdout, command.Stderr = &output, &output
	err := command.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return "", err
	}
	if strings.TrimSpace(output.String()) == "" {
		return "", fmt.Errorf("%s %s printed nothing (%s)", tool, strings.Join(args, " "), cmp.Or(command.ProcessState.String(), "no exit code"))
	}
	return output.String(), nil
}
