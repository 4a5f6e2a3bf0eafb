package main

import (
	"bytes"
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/esteira/esteira/pipelines/finding"
	"github.com/esteira/esteira/pipelines/manifest"
	"github.com/esteira/esteira/pipelines/policies"
	"github.com/esteira/esteira/pipelines/report"
)

// judgeByPolicies has gator judge what is applied, and try the policies' own cases. It succeeds whatever was found:
// remarks.json tells.
func judgeByPolicies(args []string, out io.Writer) error {
	var source, rendered, base, into string
	gator := gator{}
	flags := flag.NewFlagSet("manifest policies", flag.ContinueOnError)
	flags.StringVar(&source, "source", "", "`folder` with the suites of the policies' cases")
	flags.StringVar(&rendered, "rendered", "", "`folder` that `esteira manifest render` made")
	flags.StringVar(&base, "base", "", "`folder` that `esteira manifest render` made of the base, whose policies judge too")
	flags.StringVar(&gator.executable, "gator", "gator", "gator's `executable`")
	flags.StringVar(&into, "out", "", "`folder` for remarks.json")
	if done, err := parse(flags, args, nil, out); done || err != nil {
		return err
	}
	if source == "" || rendered == "" || into == "" {
		return usageError{errors.New("manifest policies: name the --source, the --rendered and the --out")}
	}
	roots, err := appliedRoots(source, rendered)
	if err != nil {
		return err
	}
	tests, broken, err := gator.verify(source)
	if err != nil {
		return err
	}
	said, err := gator.judge(roots)
	if err != nil {
		return err
	}
	if base != "" {
		if err := gator.judgeByBase(&said, roots, base); err != nil {
			return err
		}
	}
	said.Findings = broken
	if tests.Total() > 0 {
		said.Tests = &tests
		said.Facts = append(said.Facts, report.Fact{
			Name: "cases of policies", Value: fmt.Sprintf("%d of %d pass, in %d suites", tests.Passed, tests.Total(), len(tests.Suites)),
		})
	}
	if err := writeFileOf(filepath.Join(into, "remarks.json"), said.Write); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "judged %d objects, %d remarks, %d cases of policies\n", said.Judged, len(said.Remarks), tests.Total())
	return err
}

// appliedRoots are the streams of what somebody applies; of a folder without kustomizations its plain files, where that
// folder is at hand.
func appliedRoots(source, rendered string) ([]policies.Root, error) {
	index, err := readFile(filepath.Join(rendered, "index.json"), manifest.ReadIndex)
	if err != nil {
		return nil, err
	}
	files := map[string]string{}
	for _, root := range index.Roots {
		if root.Applied && root.Stream != "" {
			files[root.Path] = filepath.Join(rendered, root.Stream)
		}
	}
	if len(index.Roots) == 0 && source != "" {
		for _, name := range index.Plain {
			files[name] = filepath.Join(source, name)
		}
	}
	var roots []policies.Root
	for _, name := range slices.Sorted(maps.Keys(files)) {
		stream, err := os.ReadFile(files[name])
		if err != nil {
			return nil, err
		}
		root, err := policies.ReadRoot(name, stream)
		if err != nil {
			return nil, err
		}
		roots = append(roots, root)
	}
	return roots, nil
}

// gator is Gatekeeper's command line.
type gator struct{ executable string }

// judge runs `gator test` over all roots at once, as the cluster has them. A policy that gator refuses is remarked on, and
// the rest is judged without it.
func (g gator) judge(roots []policies.Root) (manifest.Said, error) {
	c, err := policies.NewCase(roots)
	if err != nil {
		return manifest.Said{Undecided: err.Error()}, nil
	}
	for {
		output, refusal, err := g.test(c.Input())
		if err != nil {
			return manifest.Said{}, err
		}
		if refusal == "" {
			return c.Said(output), nil
		}
		if !c.Refused(refusal) {
			return manifest.Said{Remarks: c.Remarks, Undecided: "gator test: " + refusal}, nil
		}
	}
}

// judgeByBase adds what the policies of the base find, where they are others: rendered is what was made of the base.
func (g gator) judgeByBase(said *manifest.Said, roots []policies.Root, rendered string) error {
	before, err := appliedRoots("", rendered)
	if err != nil {
		return err
	}
	again := policies.ByBase(roots, before)
	if again == nil {
		return nil
	}
	old, err := g.judge(again)
	if err != nil {
		return err
	}
	for _, remark := range old.Remarks {
		if !slices.Contains(said.Remarks, remark) {
			said.Remarks = append(said.Remarks, remark)
		}
	}
	said.Undecided = cmp.Or(said.Undecided, old.Undecided)
	said.Notes = append(said.Notes, "this change has other policies than its base: it is judged by both")
	return nil
}

// test is what `gator test` printed of its input, or why it refused it.
func (g gator) test(input string) (output []byte, refusal string, err error) {
	dir, err := os.MkdirTemp("", "gator")
	if err != nil {
		return nil, "", err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "input.yaml")
	if err := os.WriteFile(file, []byte(input), 0o600); err != nil {
		return nil, "", err
	}
	output, refusal, err = g.run("test", "--output=json", "--filename="+file)
	if len(output) > 0 {
		return output, "", err // it exits with 1 where something is denied, too
	}
	return nil, refusal, err
}

// run is what gator printed, and what it complained of where it exits with anything but 0.
func (g gator) run(args ...string) (output []byte, complaint string, err error) {
	var stdout, stderr bytes.Buffer
	command := exec.Command(g.executable, args...)
	command.Stdout, command.Stderr = &stdout, &stderr
	err = command.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return stdout.Bytes(), cmp.Or(strings.TrimSpace(stderr.String()), exit.String()), nil
	}
	return stdout.Bytes(), "", err
}

// verify runs `gator verify` over each suite of the folder. What is no suite that can be tried is a finding.
func (g gator) verify(source string) (tests finding.Tests, broken []finding.Finding, err error) {
	suites, err := policies.Suites(os.DirFS(source))
	if err != nil {
		return tests, nil, err
	}
	for _, name := range suites {
		file := filepath.Join(source, name)
		text, err := os.ReadFile(file)
		if err != nil {
			return tests, nil, err
		}
		output, complaint, err := g.run("verify", "--verbose", file)
		if err != nil {
			return tests, nil, err
		}
		suite, err := policies.Verified(name, text, append(output, complaint...))
		if err != nil {
			broken = append(broken, policies.BrokenSuite(name, err))
			continue
		}
		tests.Add(suite)
	}
	return tests, broken, nil
}
