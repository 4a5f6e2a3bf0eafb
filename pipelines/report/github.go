package report

import (
	"strconv"
	"strings"

	"github.com/sethvargo/go-githubactions"

	"github.com/esteira/esteira/pipelines/finding"
)

// Annotations are the run's findings as GitHub's workflow commands, a line each, for
// a workflow to print: ::error, ::warning and ::notice with file and line. GitHub
// shows ten of each kind in a step, so the last one says how many more there are.
// A green run without findings is an empty text.
// https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
func (r Run) Annotations() string {
	var b strings.Builder
	action := githubactions.New(githubactions.WithWriter(&b))
	if err := r.check(); err != nil {
		action.Errorf("%s", oneLine(err.Error()))
		return b.String()
	}
	for _, kind := range []annotation{
		{worst: finding.Critical, least: finding.High, say: (*githubactions.Action).Errorf},
		{worst: finding.Medium, least: finding.Medium, say: (*githubactions.Action).Warningf},
		{worst: finding.Low, least: finding.Info, say: (*githubactions.Action).Noticef},
	} {
		kind.write(action, r.clean().shown())
	}
	return b.String()
}

// mostAnnotations is how many of one kind GitHub shows of a step.
const mostAnnotations = 10

type annotation struct {
	worst, least finding.Severity
	say          func(action *githubactions.Action, format string, args ...any)
}

func (a annotation) write(action *githubactions.Action, r Run) {
	type one struct {
		fields  map[string]string
		message string
	}
	var all []one
	for _, stage := range r.Stages {
		for _, f := range stage.all() {
			if stage.Status.Red() && !stage.Blocks() && f.Severity.AtLeast(finding.Low) {
				f.Severity = finding.Low // an error or a warning would look as if it blocked
			}
			if f.Severity.AtLeast(a.least) && a.worst.AtLeast(f.Severity) {
				all = append(all, one{fields(stage, f), f.Message})
			}
		}
	}
	for i, say := range all {
		if left := len(all) - i; i == mostAnnotations-1 && left > 1 {
			a.say(action, "%d more findings: see the report", left)
			return
		}
		a.say(action.WithFieldsMap(say.fields), "%s", say.message)
	}
}

func fields(stage Stage, f finding.Finding) map[string]string {
	fields := map[string]string{"title": stage.Name + ": " + f.Rule}
	if f.Location.File != "" {
		fields["file"] = f.Location.File
	}
	if f.Location.Line > 0 {
		fields["line"] = strconv.Itoa(f.Location.Line)
	}
	if f.Location.Column > 0 {
		fields["col"] = strconv.Itoa(f.Location.Column)
	}
	return fields
}

// Summary is the Markdown to append to the file that $GITHUB_STEP_SUMMARY names.
func (r Run) Summary() string {
	if err := r.check(); err != nil {
		return "## " + marks[Undecided] + " " + md(oneLine(err.Error())) + "\n"
	}
	return r.markdown(mostSummary)
}
