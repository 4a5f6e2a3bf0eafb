package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/esteira/esteira/pipelines/acceptance"
	"github.com/esteira/esteira/pipelines/finding"
	"github.com/esteira/esteira/pipelines/report"
	"github.com/esteira/esteira/pipelines/terraform"
	"github.com/esteira/esteira/pipelines/tfplan"
	"github.com/esteira/esteira/pipelines/tfplan/source"
)

// planning is one call of `esteira terraform plan`.
type planning struct {
	source, tool, mirror, states, base, variables, credentials, out string
}

// planTerraform plans the roots of a folder. It succeeds whatever is wrong in the sources: said.json tells.
func planTerraform(args []string, out io.Writer) error {
	var p planning
	flags := flag.NewFlagSet("terraform plan", flag.ContinueOnError)
	flags.StringVar(&p.source, "source", "", "`folder` with the configuration")
	flags.StringVar(&p.tool, "tool", "tofu", "`executable` of OpenTofu or Terraform")
	flags.StringVar(&p.mirror, "mirror", "", "`folder` of providers, as `esteira terraform mirror` makes it: they come from nowhere else")
	flags.StringVar(&p.states, "state", "", "`folder` with the states to plan against, as ROOT/terraform.tfstate")
	flags.StringVar(&p.base, "base", "", "`folder` that this command made of the configuration before the change: it is planned against")
	flags.StringVar(&p.variables, "variables", "", "`file` of variables, instead of each root's "+terraform.OfflineFile)
	flags.StringVar(&p.credentials, "credentials", "", "`file` with NAME=VALUE lines for the provider and the backend: the real state is planned against, read-only. A plan runs code: only of what somebody approved")
	flags.StringVar(&p.out, "out", "", "`folder` for index.json, said.json and the plans; they hold secrets")
	if done, err := parse(flags, args, nil, out); done || err != nil {
		return err
	}
	switch {
	case p.source == "" || p.mirror == "" || p.out == "":
		return usageError{errors.New("terraform plan: name the --source, the --mirror and the --out")}
	case p.states != "" && (p.base != "" || p.credentials != ""), p.base != "" && p.credentials != "":
		return usageError{errors.New("terraform plan: of --state, --base and --credentials only one says what to plan against")}
	}
	index, said, err := p.run(context.Background())
	if err != nil {
		return err
	}
	if err := writeFileOf(filepath.Join(p.out, tfplan.IndexFile), index.Write); err != nil {
		return err
	}
	if err := writeFileOf(filepath.Join(p.out, "said.json"), said.Write); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%d roots, %d resources, %d remarks\n", len(index.Roots), said.Judged, len(said.Remarks))
	return err
}

func (p planning) run(ctx context.Context) (tfplan.Index, acceptance.Said, error) {
	tree, err := terraform.Read(os.DirFS(p.source))
	if err != nil {
		return tfplan.Index{}, acceptance.Said{}, err
	}
	planner, against, err := p.planner(ctx)
	if err != nil {
		return tfplan.Index{}, acceptance.Said{}, err
	}
	defer planner.Close()
	roots := tree.Roots()
	index := tfplan.Index{Against: against, Roots: make([]tfplan.Root, len(roots))}
	parts := make([]acceptance.Said, len(roots))
	work, planning := errgroup.WithContext(ctx)
	work.SetLimit(max(2, runtime.NumCPU()))
	for i, root := range roots {
		work.Go(func() (err error) {
			index.Roots[i], parts[i], err = p.plan(planning, planner, tree, root)
			return err
		})
	}
	if err := work.Wait(); err != nil {
		return tfplan.Index{}, acceptance.Said{}, err
	}
	said := together(parts)
	said.Remarks = terraform.Unique(append(tree.Unparsed, said.Remarks...))
	said.Facts = append([]report.Fact{{Name: "tool", Value: planner.Name + " " + planner.Version}, {Name: "against", Value: string(against)}}, said.Facts...)
	if len(roots) == 0 {
		said.Undecided = "no folder has a backend, a cloud or a provider block, and is used by no other as a module: there is nothing to plan"
	}
	return index, said, nil
}

// plan plans one root and keeps what came of it. What the tool broke down on makes it undecided.
func (p planning) plan(ctx context.Context, planner terraform.Planner, tree terraform.Tree, folder *terraform.Folder) (tfplan.Root, acceptance.Said, error) {
	root := tfplan.Root{Path: folder.Path, Unknown: []string{}, Files: tree.Made(folder)}
	planned, err := planner.Plan(ctx, folder.Path)
	if err == nil && planned.Plan != nil {
		said, err := p.keep(&root, planned)
		return root, said, err
	}
	said := acceptance.Said{Remarks: tree.Placed(os.DirFS(p.source), folder.Path, planned.Remarks)}
	if err != nil {
		said = acceptance.Said{Undecided: err.Error()}
	}
	root.Failed = whyFailed(said)
	return root, said, nil
}

// planner is a planner in a workshop of its own.
func (p planning) planner(ctx context.Context) (terraform.Planner, tfplan.Against, error) {
	planner, against := terraform.Planner{States: p.states}, tfplan.Nothing
	if p.variables != "" {
		absolute, err := filepath.Abs(p.variables)
		if err != nil {
			return planner, "", err
		}
		planner.Variables = absolute
	}
	switch {
	case p.states != "":
		against = tfplan.Known
	case p.base != "":
		planner.States, against = p.base, tfplan.Base
	case p.credentials != "":
		credentials, err := readFile(p.credentials, func(r io.Reader) ([]string, error) { return terraform.ReadCredentials(r, time.Now()) })
		if err != nil {
			return planner, "", err
		}
		planner.Credentials, against = credentials, tfplan.Azure
	}
	workshop, err := terraform.Open(ctx, p.source, p.tool, p.mirror)
	planner.Workshop = workshop
	return planner, against, err
}

// keep writes what was planned of a root, and says what there is to say of it.
func (p planning) keep(root *tfplan.Root, planned terraform.Planned) (acceptance.Said, error) {
	root.Plan, root.Unknown = filepath.ToSlash(filepath.Join(root.Path, "plan.json")), append(root.Unknown, tfplan.Unknown(planned.Plan)...)
	text, err := json.Marshal(planned.Plan)
	if err != nil {
		return acceptance.Said{}, err
	}
	dir := filepath.Join(p.out, root.Path)
	for name, content := range map[string][]byte{"plan.json": text, "plan.tfplan": planned.File, "terraform.tfstate": planned.State} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return acceptance.Said{}, err
		}
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			return acceptance.Said{}, err
		}
	}
	counts, changes := tfplan.Summary(planned.Plan)
	for i := range changes {
		changes[i].Title = root.Path + ": " + changes[i].Title
	}
	said := acceptance.Said{
		Judged: len(planned.Plan.ResourceChanges), Changes: changes,
		Facts: []report.Fact{{Name: root.Path, Value: tfplan.Counted(counts)}},
	}
	for _, leaf := range root.Unknown {
		said.Notes = append(said.Notes, root.Path+": not known: "+leaf)
	}
	said.Remarks = placedIn(p.source, *root, tfplan.Guard(root.Path, planned.Plan))
	return said, nil
}

// placedIn gives remarks about resources of a root their places in the sources. What is not there any more is at the root's
// first file.
func placedIn(folder string, root tfplan.Root, remarks []acceptance.Remark) []acceptance.Remark {
	tree := source.New(os.DirFS(folder))
	for i, remark := range remarks {
		_, address, _ := strings.Cut(remark.Object, ":")
		place, err := tree.Find(root.Path, address, "")
		switch {
		case err == nil:
			remarks[i].Finding.Location = place.Location
		case len(root.Files) > 0:
			remarks[i].Finding.Location = finding.Location{File: root.Files[0]}
		}
	}
	return remarks
}

// whyFailed is why a root has no plan, in a line.
func whyFailed(said acceptance.Said) string {
	if len(said.Remarks) > 0 {
		return said.Remarks[0].Finding.Location.String() + ": " + said.Remarks[0].Finding.Message
	}
	return said.Undecided
}

// together is what was said of the parts as one.
func together(parts []acceptance.Said) acceptance.Said {
	var all acceptance.Said
	for _, part := range parts {
		all.Remarks = append(all.Remarks, part.Remarks...)
		all.Judged += part.Judged
		all.Facts = append(all.Facts, part.Facts...)
		all.Notes = append(all.Notes, part.Notes...)
		all.Changes = append(all.Changes, part.Changes...)
		if all.Undecided == "" {
			all.Undecided = part.Undecided
		}
	}
	return all
}
