package terraform

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	tfjson "github.com/hashicorp/terraform-json"

	"github.com/esteira/esteira/pipelines/acceptance"
	"github.com/esteira/esteira/pipelines/finding"
	"github.com/esteira/esteira/pipelines/tfplan"
)

// Planner plans roots.
type Planner struct {
	*Workshop
	// Variables is a file of variables; without one a root's own OfflineFile is taken, where there is one.
	Variables string
	// States is a folder with an earlier state of each root, as ROOT/terraform.tfstate. Without one all is created.
	States string
	// Credentials are for the real state and the real cloud, as NAME=value. With them a root is planned against those,
	// read-only.
	Credentials []string
}

// Planned is what planning a root came to.
type Planned struct {
	// Plan is what is done, with all that could be known. It is nil where Remarks say why not.
	Plan *tfjson.Plan
	// File is the plan as the tool keeps it, State the state as it would be after the plan, made up where nobody knows it.
	File, State []byte
	Remarks     []acceptance.Remark
	// Passes is how many plans it took.
	Passes int
}

// most is how many plans are made of a root until nothing new is known: references that lead from body to body, through what
// Azure answers, take one more each.
const most = 8

// Plan plans a root. Errors are about the tool; what is wrong with the root is among the remarks.
func (p Planner) Plan(ctx context.Context, root string) (Planned, error) {
	var planned Planned
	earlier, err := p.earlier(root)
	if err != nil {
		return Planned{}, fmt.Errorf("%s: %w", root, err)
	}
	var first *tfjson.Plan
	if p.Credentials != nil {
		if first, err = p.real(ctx, root, &planned, &earlier); first == nil {
			return planned, err
		}
	}
	diagnostics, err := p.Init(ctx, root, true)
	if err != nil || len(diagnostics) > 0 {
		return p.refused(root, diagnostics), err
	}
	environment, end := p.serve(ctx, root)
	defer end()
	for _, line := range p.Credentials {
		if strings.HasPrefix(line, "TF_VAR_") {
			environment = append(environment, line)
		}
	}
	last, err := p.resolve(ctx, root, environment, &planned, earlier)
	if err != nil || last == nil {
		return planned, err
	}
	if first == nil {
		first = planned.Plan
	}
	planned.Plan = tfplan.Resolved(first, last)
	return planned, nil
}

func (p Planner) refused(root string, diagnostics []tfjson.Diagnostic) Planned {
	return Planned{Remarks: Remarks(p.Name, root, diagnostics)}
}

// resolve plans until nothing new is known, and returns the last plan; the first is planned.Plan. There is no last one where
// the root is refused.
func (p Planner) resolve(ctx context.Context, root string, environment []string, planned *Planned, state tfplan.State) (*tfjson.Plan, error) {
	earlier, before := state, []byte(nil)
	for {
		planned.Passes++
		plan, file, diagnostics, err := p.pass(ctx, root, environment, state)
		if err != nil || plan == nil {
			planned.Plan, planned.Remarks = nil, Remarks(p.Name, root, diagnostics)
			return nil, err
		}
		if planned.Plan == nil {
			planned.Plan = plan
		}
		if planned.File == nil {
			planned.File = file
		}
		earlier = tfplan.Kept(plan, earlier)
		if state, err = tfplan.MadeUp(plan, earlier); err != nil {
			return nil, fmt.Errorf("%s: %w", root, err)
		}
		if planned.State, err = state.Bytes(); err != nil {
			return nil, err
		}
		if len(tfplan.Unknown(plan)) == 0 || bytes.Equal(before, planned.State) || planned.Passes == most {
			return plan, nil
		}
		before = planned.State
	}
}

// pass makes one plan against a state, without asking anybody.
func (p Planner) pass(ctx context.Context, root string, environment []string, state tfplan.State) (*tfjson.Plan, []byte, []tfjson.Diagnostic, error) {
	if len(state.Resources) > 0 {
		text, err := state.Bytes()
		if err != nil {
			return nil, nil, nil, err
		}
		if err := os.WriteFile(filepath.Join(p.Dir, root, stateFile), text, 0o600); err != nil {
			return nil, nil, nil, err
		}
	}
	return p.plan(ctx, root, environment, "-refresh=false")
}

// real plans against the real state and the real cloud, and reads that state.
func (p Planner) real(ctx context.Context, root string, planned *Planned, state *tfplan.State) (*tfjson.Plan, error) {
	diagnostics, err := p.init(ctx, root, p.Credentials)
	if err != nil || len(diagnostics) > 0 {
		*planned = p.refused(root, diagnostics)
		return nil, err
	}
	plan, file, diagnostics, err := p.plan(ctx, root, p.Credentials, "-lock=false")
	if err != nil || plan == nil {
		*planned = p.refused(root, diagnostics)
		return nil, err
	}
	output, complaint, err := p.run(ctx, root, p.Credentials, "state", "pull")
	if err != nil {
		return nil, err
	}
	if len(bytes.TrimSpace(output)) > 0 {
		if *state, err = tfplan.ReadState(bytes.NewReader(output)); err != nil {
			return nil, fmt.Errorf("%s: %w: %s", root, err, complaint)
		}
	}
	planned.File = file
	return plan, nil
}

// plan makes a plan and reads it. Without one, the diagnostics say why.
func (p Planner) plan(ctx context.Context, root string, credentials []string, flags ...string) (*tfjson.Plan, []byte, []tfjson.Diagnostic, error) {
	args := append([]string{"plan", "-json", "-input=false", "-out=esteira.tfplan"}, flags...)
	if variables := p.variables(root); variables != "" {
		args = append(args, "-var-file="+variables)
	}
	file := filepath.Join(p.Dir, root, "esteira.tfplan")
	if err := os.RemoveAll(file); err != nil {
		return nil, nil, nil, err
	}
	output, complaint, err := p.run(ctx, root, credentials, args...)
	if err != nil {
		return nil, nil, nil, err
	}
	if diagnostics := Errors(Stream(output)); len(diagnostics) > 0 {
		return nil, nil, diagnostics, nil
	}
	made, err := os.ReadFile(file)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("%s: %s made no plan and did not say why: %q", root, p.Name, complaint)
	}
	shown, complaint, err := p.run(ctx, root, credentials, "show", "-json", "esteira.tfplan")
	if err != nil {
		return nil, nil, nil, err
	}
	plan, err := tfplan.Read(bytes.NewReader(shown))
	if err != nil {
		return nil, nil, nil, fmt.Errorf("%s: %w: %s", root, err, complaint)
	}
	return plan, made, nil, nil
}

// variables is the file of variables for a root, or nothing.
func (p Planner) variables(root string) string {
	if p.Variables != "" {
		return p.Variables
	}
	if _, err := os.Stat(filepath.Join(p.Dir, root, OfflineFile)); err == nil && p.Credentials == nil {
		return OfflineFile
	}
	return ""
}

// earlier is the state of a root before the plan. Whoever holds its lock is changing it.
func (p Planner) earlier(root string) (tfplan.State, error) {
	if p.States == "" {
		return tfplan.State{}, nil
	}
	name := filepath.Join(p.States, root, stateFile)
	if lock, err := os.ReadFile(filepath.Join(filepath.Dir(name), "."+stateFile+".lock.info")); err == nil {
		return tfplan.State{}, fmt.Errorf("the state is locked, somebody is changing it: wait until that has ended (%s)", bytes.TrimSpace(lock))
	}
	file, err := os.Open(name)
	if os.IsNotExist(err) {
		return tfplan.State{}, nil // a root that is new
	}
	if err != nil {
		return tfplan.State{}, err
	}
	defer file.Close()
	return tfplan.ReadState(file)
}

// Errors are those of the diagnostics that are.
func Errors(all []tfjson.Diagnostic) (errors []tfjson.Diagnostic) {
	for _, d := range all {
		if d.Severity == tfjson.DiagnosticSeverityError {
			errors = append(errors, d)
		}
	}
	return errors
}

// Unique are remarks without those that say the same of the same line: a module is in many roots.
func Unique(remarks []acceptance.Remark) (all []acceptance.Remark) {
	seen := map[finding.Finding]bool{}
	for _, remark := range remarks {
		location := remark.Finding.Location
		key := finding.Finding{Location: finding.Location{File: location.File, Line: location.Line}, Message: remark.Finding.Message}
		if !seen[key] {
			seen[key] = true
			all = append(all, remark)
		}
	}
	return all
}
