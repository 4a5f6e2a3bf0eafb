package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"path/filepath"

	"github.com/esteira/esteira/pipelines/acceptance"
	"github.com/esteira/esteira/pipelines/tfplan"
)

// judgeTerraformDrift says what plans against the real cloud found to differ from the state, outside of code.
func judgeTerraformDrift(args []string, out io.Writer) error {
	var source, planned, into string
	flags := flag.NewFlagSet("terraform drift", flag.ContinueOnError)
	flags.StringVar(&source, "source", "", "`folder` with the configuration")
	flags.StringVar(&planned, "planned", "", "`folder` that `esteira terraform plan` made")
	flags.StringVar(&into, "out", "", "`file` for what there is to say")
	if done, err := parse(flags, args, nil, out); done || err != nil {
		return err
	}
	if source == "" || planned == "" || into == "" {
		return usageError{errors.New("terraform drift: name the --source, the --planned and the --out")}
	}
	index, err := readFile(filepath.Join(planned, tfplan.IndexFile), tfplan.ReadIndex)
	if err != nil {
		return err
	}
	var said acceptance.Said
	if index.Against != tfplan.Azure {
		said.Undecided = fmt.Sprintf("planned against %s: what differs outside of code only Azure tells, give credentials", index.Against)
	}
	for _, root := range index.Roots {
		if root.Plan == "" {
			said.Undecided = root.Path + " has no plan: " + root.Failed
			continue
		}
		plan, err := readFile(filepath.Join(planned, root.Plan), tfplan.Read)
		if err != nil {
			return err
		}
		said.Judged += len(plan.ResourceChanges)
		said.Remarks = append(said.Remarks, placedIn(source, root, tfplan.Drift(root.Path, plan))...)
	}
	if err := writeFileOf(into, said.Write); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%d roots, %d differ outside of code\n", len(index.Roots), len(said.Remarks))
	return err
}
