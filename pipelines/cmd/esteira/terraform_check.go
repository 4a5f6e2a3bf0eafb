package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/esteira/esteira/pipelines/acceptance"
	"github.com/esteira/esteira/pipelines/finding"
	"github.com/esteira/esteira/pipelines/report"
	"github.com/esteira/esteira/pipelines/terraform"
)

// looking is one call of a command that looks at a folder of Terraform's configuration.
type looking struct {
	source, tool, tester, mirror, out string
}

// look reads the flags that these commands share, and has one of them look. It succeeds whatever was found: the file tells.
func look(name string, args []string, out io.Writer, at func(looking, context.Context, terraform.Tree) (acceptance.Said, error)) error {
	var l looking
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.StringVar(&l.source, "source", "", "`folder` with the configuration")
	flags.StringVar(&l.tool, "tool", "tofu", "`executable` of the tool")
	flags.StringVar(&l.tester, "tester", "tofu", "`executable` of OpenTofu, for tests")
	flags.StringVar(&l.mirror, "mirror", "", "`folder` of providers: they come from nowhere else")
	flags.StringVar(&l.out, "out", "", "`file` for what there is to say")
	if done, err := parse(flags, args, nil, out); done || err != nil {
		return err
	}
	if l.source == "" || l.out == "" {
		return usageError{fmt.Errorf("%s: name the --source and the --out", name)}
	}
	tree, err := terraform.Read(os.DirFS(l.source))
	if err != nil {
		return err
	}
	said, err := at(l, context.Background(), tree)
	if err != nil {
		said.Undecided = err.Error()
	}
	if err := writeFileOf(l.out, said.Write); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%d judged, %d remarks\n", said.Judged, len(said.Remarks))
	return err
}

// formatTerraform says what is not formatted.
func formatTerraform(args []string, out io.Writer) error {
	return look("terraform fmt", args, out, func(l looking, ctx context.Context, tree terraform.Tree) (acceptance.Said, error) {
		workshop, err := terraform.Open(ctx, l.source, l.tool, l.mirror)
		if err != nil {
			return acceptance.Said{}, err
		}
		defer workshop.Close()
		remarks, err := workshop.Fmt(ctx)
		return acceptance.Said{Remarks: remarks, Judged: fileCount(tree)}, err
	})
}

func fileCount(tree terraform.Tree) (count int) {
	for _, folder := range tree.All() {
		count += len(folder.Files)
	}
	return count
}

// lintTerraform says what tflint finds.
func lintTerraform(args []string, out io.Writer) error {
	return look("terraform lint", args, out, func(l looking, ctx context.Context, tree terraform.Tree) (acceptance.Said, error) {
		remarks, err := runTflint(ctx, l.tool, l.source)
		return acceptance.Said{Remarks: terraform.Unique(append(append(tree.Unparsed, tree.Unsuitable...), remarks...)), Judged: fileCount(tree)}, err
	})
}

// runTflint runs tflint over a folder and all below it.
func runTflint(ctx context.Context, tool, source string) ([]acceptance.Remark, error) {
	dir, err := os.MkdirTemp("", "tflint")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	settings := filepath.Join(dir, "tflint.hcl")
	if err := os.WriteFile(settings, []byte(terraform.LintConfiguration), 0o600); err != nil {
		return nil, err
	}
	var stdout, stderr bytes.Buffer
	command := exec.CommandContext(ctx, tool, "--recursive", "--format=json", "--no-color", "--config="+settings)
	command.Dir, command.Stdout, command.Stderr = source, &stdout, &stderr
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir}
	var exit *exec.ExitError
	if err := command.Run(); err != nil && !errors.As(err, &exit) {
		return nil, err
	}
	remarks, err := terraform.Linted(stdout.Bytes())
	if err != nil {
		return remarks, fmt.Errorf("%w: %s", err, strings.TrimSpace(stderr.String()))
	}
	return remarks, nil
}

// validateTerraform says what is not valid in any folder, and tries the tests of those that have some.
func validateTerraform(args []string, out io.Writer) error {
	return look("terraform validate", args, out, looking.validate)
}

func (l looking) validate(ctx context.Context, tree terraform.Tree) (acceptance.Said, error) {
	workshop, err := terraform.Open(ctx, l.source, l.tool, l.mirror)
	if err != nil {
		return acceptance.Said{}, err
	}
	defer workshop.Close()
	folders := tree.All()
	parts := make([]acceptance.Said, len(folders))
	work, validating := errgroup.WithContext(ctx)
	work.SetLimit(max(2, runtime.NumCPU()))
	for i, folder := range folders {
		work.Go(func() error {
			parts[i].Judged = len(folder.Files)
			remarks, err := workshop.Validate(validating, folder.Path)
			parts[i].Remarks = tree.Placed(os.DirFS(l.source), folder.Path, remarks)
			return err
		})
	}
	err = work.Wait()
	said := together(parts)
	said.Remarks = append(terraform.Unique(append(tree.Unparsed, said.Remarks...)), terraform.Unlocked(append(tree.Roots(), tree.Tested()...))...)
	if err != nil || len(said.Remarks) > 0 {
		return said, err // what is not valid is not tried
	}
	said.Tests, err = l.test(ctx, workshop, tree)
	if said.Tests != nil {
		said.Facts = append(said.Facts, report.Fact{Name: "tests", Value: fmt.Sprintf("%d of %d pass", said.Tests.Passed, said.Tests.Total())})
	}
	return said, err
}

// test tries all tests. They are OpenTofu's, which has its own workshop where another tool validates.
func (l looking) test(ctx context.Context, workshop *terraform.Workshop, tree terraform.Tree) (*finding.Tests, error) {
	tested := tree.Tested()
	if len(tested) == 0 {
		return nil, nil
	}
	if workshop.Name != "OpenTofu" {
		own, err := terraform.Open(ctx, l.source, l.tester, l.mirror)
		if err != nil {
			return nil, err
		}
		defer own.Close()
		workshop = own
		for _, folder := range tested {
			if diagnostics, err := workshop.Init(ctx, folder.Path, false); err != nil || len(diagnostics) > 0 {
				return nil, errors.Join(err, fmt.Errorf("%s: %v", folder.Path, diagnostics))
			}
		}
	}
	suites := make([][]finding.Suite, len(tested))
	work, testing := errgroup.WithContext(ctx)
	work.SetLimit(max(2, runtime.NumCPU()))
	for i, folder := range tested {
		work.Go(func() (err error) {
			suites[i], err = workshop.Test(testing, folder.Path)
			return err
		})
	}
	err := work.Wait()
	var tests finding.Tests
	for _, some := range suites {
		for _, suite := range some {
			tests.Add(suite)
		}
	}
	return &tests, err
}
