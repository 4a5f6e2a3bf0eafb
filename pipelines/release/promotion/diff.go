package promotion

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/esteira/esteira/pipelines/release"
	"github.com/esteira/esteira/pipelines/report"
)

// Diff is all that a promotion would change, before it does.
type Diff struct {
	Plan
	Sections []Section `json:"sections"`
}

// Section is one kind of what changes, for a person.
type Section struct {
	Title string `json:"title"`
	// Lines say what changes. None says that nothing does.
	Lines []string `json:"lines"`
	// Unknown says why nobody knows.
	Unknown string `json:"unknown,omitempty"`
	// Red says that this is against the promotion.
	Red bool `json:"red,omitempty"`
}

// Inputs are what a diff shows that Git does not tell. What is nil is said to be missing.
type Inputs struct {
	// Records are the gate's, by the names of their models.
	Records map[string][]byte
	// Policies and Cost are what those stages said.
	Policies, Cost *report.Run
}

// Diff says what a promotion would change. It reads only.
func (w Workspace) Diff(ctx context.Context, request Request, inputs Inputs) (Diff, error) {
	plan, err := w.Plan(ctx, request)
	if err != nil {
		return Diff{}, err
	}
	diff := Diff{Plan: plan}
	var objects, times Section
	var rendered sync.WaitGroup
	rendered.Go(func() { objects, times = w.rendered(ctx, plan) }) // it takes the longest
	diff.Sections = append(diff.Sections, w.images(ctx, plan), models(plan, inputs.Records), w.configurationSection(ctx, plan))
	rendered.Wait()
	diff.Sections = append(diff.Sections, objects,
		stages("Policies", "--policies with the JSON of `manifests policies`", inputs.Policies),
		stages("Cost", "--cost with the JSON of `terraform cost`", inputs.Cost), times)
	return diff, nil
}

// images are the images that change, with their source commits and changelog.
func (w Workspace) images(ctx context.Context, plan Plan) Section {
	section := Section{Title: "Images"}
	for _, span := range plan.spans() {
		if _, model := plan.After.Models[span.component]; model {
			continue
		}
		section.Lines = append(section.Lines, fmt.Sprintf("%s  %s → %s", span.component, named(plan.Before, span.component), named(plan.After, span.component)))
		section.Lines = append(section.Lines, w.changelog(ctx, span)...)
	}
	return section
}

// mostChanges is how many lines of a changelog are shown.
const mostChanges = 20

// changelog are the commits between two sources that change a component's own folders.
func (w Workspace) changelog(ctx context.Context, s span) []string {
	switch {
	case s.to == "":
		return []string{"    the set does not say which commit it was built from"}
	case s.from == "":
		return []string{fmt.Sprintf("    from %.7s, the first one", s.to)}
	}
	commits, err := w.Repository.Between(ctx, s.from, s.to, s.paths)
	if err != nil {
		return []string{fmt.Sprintf("    %.7s..%.7s: %v", s.from, s.to, err)}
	}
	lines := []string{fmt.Sprintf("    %.7s..%.7s, %d commits", s.from, s.to, len(commits))}
	for i, commit := range commits {
		if i == mostChanges {
			return append(lines, fmt.Sprintf("    … and %d more", len(commits)-i))
		}
		lines = append(lines, fmt.Sprintf("    %.7s %s (%s)", commit.Hash, commit.Subject, commit.Author.Name))
	}
	if back, err := w.Repository.IsAncestor(ctx, s.to, s.from); err == nil && back && s.to != s.from {
		lines = append(lines, "    it goes back: what is newer is taken away")
	}
	return lines
}

// configurationSection are the files of the environment's configuration that changed since its set was made. They are on the
// branch already, and the cluster has them: a promotion does not move them.
func (w Workspace) configurationSection(ctx context.Context, plan Plan) Section {
	section := Section{Title: "Configuration"}
	if plan.Before.Configuration == plan.After.Configuration {
		return section
	}
	sets := release.Sets(plan.state.states)
	if plan.Before.Sequence == 0 || len(sets) == 0 {
		section.Unknown = "this is the first set: there is nothing to compare with"
		return section
	}
	before, err := w.configurationFiles(ctx, sets[len(sets)-1].Commit, plan.state.environment)
	if err == nil {
		var after map[string]string
		if after, err = w.configurationFiles(ctx, plan.Base, plan.state.environment); err == nil {
			section.Lines = filesThatDiffer(before, after)
		}
	}
	if err != nil {
		section.Unknown = err.Error()
	}
	return section
}

func filesThatDiffer(before, after map[string]string) []string {
	names := slices.Sorted(maps.Keys(before))
	for name := range after {
		if _, was := before[name]; !was {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var lines []string
	for _, name := range names {
		old, was := before[name]
		now, is := after[name]
		switch {
		case !was:
			lines = append(lines, "+ "+name)
		case !is:
			lines = append(lines, "- "+name)
		case old != now:
			lines = append(lines, "~ "+name)
		}
	}
	return lines
}

// stages are what a run said, and that it is missing where there is none.
func stages(title, how string, run *report.Run) Section {
	section := Section{Title: title}
	if run == nil {
		section.Unknown = "not looked at: hand in " + how
		return section
	}
	for _, stage := range run.Stages {
		section.Lines = append(section.Lines, fmt.Sprintf("%s: %s: %s", stage.Name, stage.Status, stage.Summary))
		for _, fact := range stage.Facts {
			section.Lines = append(section.Lines, fmt.Sprintf("    %s: %s", fact.Name, fact.Value))
		}
		section.Red = section.Red || stage.Status != report.Passed && stage.Status != report.Skipped
	}
	if len(run.Stages) == 0 {
		section.Unknown = "the run has no stages: nothing was looked at"
	}
	return section
}

// String is the diff as a person reads it in a terminal. The digest is the last line.
func (d Diff) String() string {
	var out strings.Builder
	to := d.After
	if d.Nothing {
		fmt.Fprintf(&out, "%s runs that already, as set %d.\n", d.Before.Environment, d.Before.Sequence)
		return out.String()
	}
	fmt.Fprintf(&out, "%s: set %d → set %d, on commit %.12s\n", to.Environment, d.Before.Sequence, to.Sequence, d.Base)
	if from := to.From; from != nil {
		fmt.Fprintf(&out, "from set %d of %s, which ran this and passed its integration tests\n", from.Sequence, from.Environment)
	}
	for _, section := range d.Sections {
		fmt.Fprintf(&out, "\n%s\n", section.heading())
		for _, line := range section.Lines {
			fmt.Fprintf(&out, "  %s\n", printable(line))
		}
	}
	out.WriteString("\n")
	if len(d.Refusals) > 0 {
		out.WriteString("It would be refused\n")
		for _, refusal := range d.Refusals {
			fmt.Fprintf(&out, "  %s\n", printable(refusal))
		}
		out.WriteString("\n")
	}
	fmt.Fprintf(&out, "--expect %s\n", d.Expect)
	return out.String()
}

func (s Section) heading() string {
	switch {
	case s.Unknown != "":
		return s.Title + ": " + printable(s.Unknown)
	case len(s.Lines) == 0:
		return s.Title + ": nothing changes"
	case s.Red:
		return s.Title + ": red"
	}
	return s.Title
}

// printable is a text without what a terminal would obey: others wrote it.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return ' '
		}
		if r < ' ' || r >= 0x7f && r <= 0x9f || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return '�'
		}
		return r
	}, text)
}
