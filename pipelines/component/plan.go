package component

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/esteira/esteira/pipelines/config"
	"github.com/esteira/esteira/pipelines/finding"
	"github.com/esteira/esteira/pipelines/report"
)

// File is where a repository says what components it has.
const File = "esteira.yaml"

// Plan is what a change is judged by.
type Plan struct {
	Choices []Choice `json:"choices"`
	// By says where the components are from.
	By string `json:"by"`
	// Changed counts the files that the change touches, also those that it takes away.
	Changed int `json:"changed,omitempty"`
	// Compared says that there was a base.
	Compared bool     `json:"compared,omitempty"`
	Notes    []string `json:"notes,omitempty"`
	// Refused is what makes the change's own esteira.yaml one that nobody could be judged by.
	Refused []finding.Finding `json:"refused,omitempty"`
}

// Choice is what becomes of a component.
type Choice struct {
	Component config.Component `json:"component"`
	Run       bool             `json:"run"`
	// Reason is why it runs, or why it does not.
	Reason string `json:"reason"`
	// New says that the base has no such folder.
	New bool `json:"new,omitempty"`
}

// Make plans what becomes of a repository; before is nil where there is no base. Who is judged does not hold the scales: the
// base's esteira.yaml decides, if it has one. A folder that the change brings, that is nobody's and looks like a component,
// is one.
func Make(before, after fs.FS) (Plan, error) {
	files, err := files(after)
	if err != nil {
		return Plan{}, err
	}
	table, plan, err := table(before, after, files)
	if err != nil {
		return Plan{}, err
	}
	var changed []string
	if before != nil {
		if changed, err = Changed(before, after); err != nil {
			return Plan{}, err
		}
		plan.Compared, plan.Changed = true, len(changed)
	}
	plan.add(&table, before, files)
	plan.choose(table, files, changed)
	for i, choice := range plan.Choices {
		plan.Choices[i].New = before != nil && !has(before, choice.Component.Path)
	}
	return plan, nil
}

// add adds what the change brings.
func (p *Plan) add(c *config.Config, before fs.FS, files []string) {
	for _, found := range Discover(files) {
		if before == nil || has(before, found.Path) || OwnerOf(*c, found.Path+"/x").Known() {
			continue
		}
		for nameTaken(*c, found) {
			found.Name += "-new"
		}
		c.Components = append(c.Components, found)
		p.Notes = append(p.Notes, fmt.Sprintf("%s looks like a component of kind %s, and is judged as one", found.Path, found.Kind))
	}
}

func has(tree fs.FS, path string) bool {
	_, err := fs.Stat(tree, path)
	return err == nil
}

func nameTaken(c config.Config, found config.Component) bool {
	return slices.ContainsFunc(c.Components, func(known config.Component) bool { return known.Name == found.Name })
}

// table is the configuration that decides, and what there is to say of it.
func table(before, after fs.FS, files []string) (config.Config, Plan, error) {
	var plan Plan
	own, ownErr := read(after)
	var refused *config.Error
	if errors.As(ownErr, &refused) && before != nil {
		plan.Refused = []finding.Finding{finding.Finding{
			Tool: "esteira", Rule: "configuration", Severity: finding.High, Message: refused.Error(),
			Location: finding.Location{File: File, Line: refused.Line},
		}.Identified()}
		ownErr = nil
	}
	if ownErr != nil {
		return config.Config{}, plan, ownErr
	}
	decides, whose := own, File
	if before != nil {
		base, err := read(before)
		if err != nil {
			return config.Config{}, plan, fmt.Errorf("the base's: %w", err)
		}
		decides, whose = base, "the base's "+File
		if changes, err := differ(before, after, File); err != nil || changes {
			plan.Notes = append(plan.Notes, File+" changes: this change is judged by the base's, and its own holds once it is merged")
		}
	}
	plan.By = whose
	if len(decides.Components) == 0 {
		decides.Components, plan.By = Discover(files), "what lies there, for "+whose+" names no component"
	}
	return decides, plan, nil
}

// read reads a repository's configuration; one that it has not is empty.
func read(repository fs.FS) (config.Config, error) {
	text, err := fs.ReadFile(repository, File)
	if errors.Is(err, fs.ErrNotExist) {
		return config.Config{Version: config.Version}, nil
	}
	if err != nil {
		return config.Config{}, err
	}
	return config.Parse(File, text)
}

// unchanged is why a component, or one of its stages, does not run.
const unchanged = "nothing that it is made of changed"

// choose says of each component whether it runs, and which of its stages do not.
func (p *Plan) choose(c config.Config, files, changed []string) {
	everything := p.everything(c, changed)
	for _, component := range c.Components {
		choice := Choice{Component: component, Run: true, Reason: everything}
		inside := first(changed, func(file string) bool { return OwnerOf(c, file).Component == component.Name })
		outside := first(changed, func(file string) bool {
			return slices.ContainsFunc(component.Also, func(path string) bool { return holds(path, file) })
		})
		switch {
		case !slices.ContainsFunc(files, func(file string) bool { return holds(component.Path, file) }):
			choice.Run, choice.Reason = false, "there is nothing in "+component.Path
		case everything != "":
		case inside != "":
			choice.Reason = inside + " changed"
		case outside != "":
			choice.Component.Skip, choice.Reason = outsiders(component), outside+" changed"
		default:
			choice.Run, choice.Reason = false, unchanged
		}
		p.Choices = append(p.Choices, choice)
	}
}

// outsiders are the stages that a component does without where only files elsewhere changed.
func outsiders(c config.Component) []config.Skip {
	elsewhere, skip := c.Kind.Elsewhere(), slices.Clone(c.Skip)
	for _, stage := range c.Kind.Stages() {
		if _, skipped := c.Skipped(stage); !skipped && len(elsewhere) > 0 && !slices.Contains(elsewhere, stage) {
			skip = append(skip, config.Skip{Stage: stage, Reason: unchanged})
		}
	}
	return skip
}

// everything is why all components run, if they do.
func (p *Plan) everything(c config.Config, changed []string) string {
	if !p.Compared {
		return "there is no base to compare with"
	}
	var nobodys []string
	reason := ""
	for _, file := range changed {
		owner := OwnerOf(c, file)
		if !owner.Known() {
			nobodys = append(nobodys, file)
		}
		if owner.Everything != "" && reason == "" {
			reason = file + " changed, on which everything stands"
		}
	}
	if len(nobodys) == 0 {
		return reason
	}
	const shown = 5
	note := strings.Join(nobodys[:min(len(nobodys), shown)], ", ")
	if more := len(nobodys) - shown; more > 0 {
		note += fmt.Sprintf(" and %d more", more)
	}
	p.Notes = append(p.Notes, "nobody's: "+note+": say in "+File+" whose they are, or under unowned why they are nobody's")
	return nobodys[0] + " changed, which is nobody's"
}

// first is the first of some files that is looked for.
func first(files []string, wanted func(string) bool) string {
	if i := slices.IndexFunc(files, wanted); i >= 0 {
		return files[i]
	}
	return ""
}

// Stage says what is judged and why, as a stage of a report. It is red where the change brings a configuration that nobody
// could be judged by.
func (p Plan) Stage() report.Stage {
	stage := report.Stage{Name: "plan", Status: report.Passed, Facts: []report.Fact{{Name: "components", Value: "by " + p.By}}}
	running := 0
	for _, choice := range p.Choices {
		if choice.Run {
			running++
			stage.Facts = append(stage.Facts, report.Fact{Name: choice.Component.Name, Value: choice.Reason})
		}
	}
	for _, note := range p.Notes {
		stage.Facts = append(stage.Facts, report.Fact{Name: "note", Value: note})
	}
	stage.Summary = fmt.Sprintf("%d of %d components are judged", running, len(p.Choices))
	if p.Compared {
		stage.Summary += fmt.Sprintf(", for %d changed files", p.Changed)
	}
	switch {
	case len(p.Refused) > 0:
		stage.Status, stage.Findings = report.Failed, p.Refused
		stage.Summary, stage.Remedy = p.Refused[0].Message, "mend it: everything after this change would be judged by it"
	case len(p.Choices) == 0:
		stage.Status, stage.Summary = report.Undecided, "no component was found: there is nothing to judge"
		stage.Remedy = "name the components in " + File
	}
	return stage
}
