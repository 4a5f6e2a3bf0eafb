package main

import (
	"bytes"
	"cmp"
	"context"
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

	"golang.org/x/sync/errgroup"

	"github.com/esteira/esteira/pipelines/acceptance"
	"github.com/esteira/esteira/pipelines/report"
	"github.com/esteira/esteira/pipelines/tfplan"
	"github.com/esteira/esteira/pipelines/tfplan/arm"
	"github.com/esteira/esteira/pipelines/tfplan/rules"
	"github.com/esteira/esteira/pipelines/tfplan/scan"
	"github.com/esteira/esteira/pipelines/tfplan/source"
)

// scanning is one call of `esteira terraform scan`.
type scanning struct {
	source, planned, checkov, conftest, out string
	// work is a folder of its own: templates/, rules/, and home/, where the tools find no settings.
	work string
}

// scanTerraform judges what plans make, and the source that they come from. It succeeds whatever was found: said.json tells.
func scanTerraform(args []string, out io.Writer) error {
	var s scanning
	flags := flag.NewFlagSet("terraform scan", flag.ContinueOnError)
	flags.StringVar(&s.source, "source", "", "`folder` with the configuration")
	flags.StringVar(&s.planned, "planned", "", "`folder` that `esteira terraform plan` made of it")
	flags.StringVar(&s.checkov, "checkov", "checkov", "checkov's `executable`")
	flags.StringVar(&s.conftest, "conftest", "conftest", "conftest's `executable`")
	flags.StringVar(&s.out, "out", "", "`folder` for said.json")
	if done, err := parse(flags, args, nil, out); done || err != nil {
		return err
	}
	if s.source == "" || s.planned == "" || s.out == "" {
		return usageError{errors.New("terraform scan: name the --source, the --planned and the --out")}
	}
	work, err := os.MkdirTemp("", "esteira-scan")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	s.work = work
	said, err := s.run(context.Background())
	if err != nil {
		return err
	}
	if err := writeFileOf(filepath.Join(s.out, "said.json"), said.Write); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "judged %d resources, %d remarks\n", said.Judged, len(said.Remarks))
	return err
}

func (s scanning) run(ctx context.Context) (acceptance.Said, error) {
	plans, failed, err := s.templates()
	if err != nil {
		return acceptance.Said{}, err
	}
	if err := errors.Join(os.CopyFS(filepath.Join(s.work, "rules"), rules.Files), os.Mkdir(filepath.Join(s.work, "home"), 0o755)); err != nil {
		return acceptance.Said{}, err
	}
	var byRules, byCheckov []scan.Complaint
	var secrets []acceptance.Remark
	var work errgroup.Group // a tool that breaks down stops no other
	work.Go(func() (err error) { byRules, err = s.judgeByRules(ctx, plans); return err })
	work.Go(func() (err error) { byCheckov, err = s.judgeByCheckov(ctx, plans); return err })
	work.Go(func() (err error) { secrets, err = s.secrets(ctx); return err })
	undecided := failed
	if err := work.Wait(); err != nil {
		undecided = cmp.Or(failed, err.Error())
	}
	return s.said(plans, slices.Concat(byRules, byCheckov), secrets, undecided)
}

// templates writes the template of each plan that there is. Of a root that has none it says why.
func (s scanning) templates() (plans []scan.Planned, failed string, err error) {
	index, err := readFile(filepath.Join(s.planned, tfplan.IndexFile), tfplan.ReadIndex)
	if err != nil {
		return nil, "", err
	}
	for i, root := range index.Roots {
		if root.Plan == "" {
			failed = cmp.Or(failed, fmt.Sprintf("%s has no plan: %s", root.Path, root.Failed))
			continue
		}
		plan, err := readFile(filepath.Join(s.planned, filepath.FromSlash(root.Plan)), tfplan.Read)
		if err != nil {
			return nil, "", err
		}
		template, err := arm.Convert(plan)
		if err != nil {
			return nil, "", fmt.Errorf("%s: %w", root.Path, err)
		}
		planned := scan.Planned{Root: root.Path, File: fmt.Sprintf("%d.json", i), Template: template}
		if err := writeFileOf(s.template(planned), template.Write); err != nil {
			return nil, "", err
		}
		plans = append(plans, planned)
	}
	return plans, failed, nil
}

// template is the file of a plan's template.
func (s scanning) template(plan scan.Planned) string {
	return filepath.Join(s.work, "templates", plan.File)
}

// files are those of all templates that have a resource.
func (s scanning) files(plans []scan.Planned) (files []string) {
	for _, plan := range plans {
		if len(plan.Template.Resources) > 0 {
			files = append(files, s.template(plan))
		}
	}
	return files
}

// judgeByRules has conftest judge the templates by our own rules.
func (s scanning) judgeByRules(ctx context.Context, plans []scan.Planned) ([]scan.Complaint, error) {
	files := s.files(plans)
	if len(files) == 0 {
		return nil, nil
	}
	output, err := s.tool(ctx, s.conftest, append([]string{
		"test", "--no-fail", "--no-color", "--output=json", "--parser=json", "--policy=" + filepath.Join(s.work, "rules"),
	}, files...)...)
	if err != nil {
		return nil, err
	}
	return scan.Conftest(output, plans)
}

// judgeByCheckov has checkov judge the templates by its rules for ARM.
func (s scanning) judgeByCheckov(ctx context.Context, plans []scan.Planned) ([]scan.Complaint, error) {
	files := s.files(plans)
	if len(files) == 0 {
		return nil, nil
	}
	output, err := s.runCheckov(ctx, "arm", files, "--skip-check="+strings.Join(slices.Sorted(maps.Keys(scan.LeftOut)), ","))
	if err != nil {
		return nil, err
	}
	return scan.Checkov(output, plans)
}

// secrets has checkov look for secrets in the configuration.
func (s scanning) secrets(ctx context.Context) ([]acceptance.Remark, error) {
	folder, err := filepath.Abs(s.source)
	if err != nil {
		return nil, err
	}
	names, err := scan.Texts(os.DirFS(folder))
	if err != nil {
		return nil, err
	}
	canary := filepath.Join(s.work, "canary.tf")
	if err := os.WriteFile(canary, []byte(scan.Canary), 0o600); err != nil {
		return nil, err
	}
	files := []string{canary}
	for _, name := range names {
		files = append(files, filepath.Join(folder, filepath.FromSlash(name)))
	}
	output, err := s.runCheckov(ctx, "secrets", files)
	if err != nil {
		return nil, err
	}
	return scan.Secrets(output, folder, canary)
}

// runCheckov names files and no folder: settings that lie in a folder would be read.
func (s scanning) runCheckov(ctx context.Context, framework string, files []string, more ...string) ([]byte, error) {
	args := append([]string{"--framework=" + framework, "--output=json", "--compact", "--soft-fail", "--skip-download"}, more...)
	return s.tool(ctx, s.checkov, append(append(args, "--file"), files...)...)
}

// tool runs a tool where it finds no settings but ours, and returns what it printed.
func (s scanning) tool(ctx context.Context, name string, args ...string) ([]byte, error) {
	executable, err := exec.LookPath(name)
	if err != nil {
		return nil, err
	}
	command := exec.CommandContext(ctx, executable, args...)
	home := filepath.Join(s.work, "home")
	command.Dir, command.Env = home, []string{"HOME=" + home, "PATH=" + os.Getenv("PATH"), "NO_COLOR=1"}
	var stderr bytes.Buffer
	command.Stderr = &stderr
	output, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %s", filepath.Base(name), err, lastLine(stderr.String()+string(output)))
	}
	return output, nil
}

// lastLine is the last line of what a tool printed that is not blank.
func lastLine(output string) string {
	lines := strings.Split(strings.TrimSpace(output), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}

// said is all that was found, at its places in the source.
func (s scanning) said(plans []scan.Planned, complaints []scan.Complaint, secrets []acceptance.Remark, undecided string) (acceptance.Said, error) {
	files := os.DirFS(s.source)
	tree := source.New(files)
	said := acceptance.Said{}
	for _, plan := range plans {
		said.Judged += len(plan.Template.Resources)
		complaints = append(complaints, scan.Unjudged(plan.Root, plan.Template.Left)...)
	}
	open := slices.DeleteFunc(slices.Clone(complaints), func(c scan.Complaint) bool { return !c.Undecided })
	complaints = slices.DeleteFunc(complaints, func(c scan.Complaint) bool { return c.Undecided })
	said.Undecided = cmp.Or(undecided, scan.Undecided(open))
	remarks, err := scan.Remarks(tree, complaints)
	if err != nil {
		return said, err
	}
	suppressions, err := scan.Suppressions(files)
	if err != nil {
		return said, err
	}
	variables, err := tree.Variables()
	if err != nil {
		return said, err
	}
	said.Remarks = slices.Concat(remarks, secrets, scan.Defaults(variables), suppressions)
	for _, rule := range slices.Sorted(maps.Keys(scan.LeftOut)) {
		said.Facts = append(said.Facts, report.Fact{Name: "left out", Value: rule + ": " + scan.LeftOut[rule]})
	}
	return said, nil
}
