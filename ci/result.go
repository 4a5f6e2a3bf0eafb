package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/esteira/esteira/ci/internal/dagger"

	"github.com/esteira/esteira/pipelines/report"
)

// Result is what one stage or several found: status, findings, tests, and the files that were made. To publish a red
// one, a workflow makes two calls: the report, and then `check`, which costs nothing more.
//
// What returns one is kept for a session and no longer: its files are known to the engine by the folder that they were
// made from, which may be another call's and gone; and what was undecided has to be asked again.
type Result struct {
	// Files that were made
	Files *dagger.Directory
	// Run is a report.Run as JSON: the form in which an object travels from call to call.
	// +private
	Run string
}

func newResult(run report.Run, files *dagger.Directory) (*Result, error) {
	if files == nil {
		files = dag.Directory()
	}
	var text strings.Builder
	if err := run.JSON(&text); err != nil {
		return nil, err
	}
	return &Result{Files: files, Run: text.String()}, nil
}

// stageResult is the result of a single stage.
func stageResult(stage report.Stage, files *dagger.Directory) (*Result, error) {
	return newResult(report.Run{Title: stage.Name, Started: stage.Started, Duration: stage.Duration, Stages: []report.Stage{stage}}, files)
}

func (r *Result) run() (report.Run, error) { return report.ReadJSON(strings.NewReader(r.Run)) }

// stage is the only stage of a result that stageResult made.
func (r *Result) stage() (report.Stage, error) {
	run, err := r.run()
	if err != nil {
		return report.Stage{}, err
	}
	if len(run.Stages) != 1 {
		return report.Stage{}, fmt.Errorf("%s: %d stages where one was expected", run.Title, len(run.Stages))
	}
	return run.Stages[0], nil
}

// Check is an error with the report, and what is red, why, and what to do in its last lines, unless everything passed.
// Its last line is then the status, for a workflow to assert.
// +cache="never"
func (r *Result) Check() (string, error) {
	run, err := r.run()
	if err != nil {
		return "", err
	}
	text, err := r.Text(false)
	if err != nil {
		return "", err
	}
	if err := run.Err(); err != nil {
		return "", fmt.Errorf("%s\n%v", text, err)
	}
	return text + "\n" + string(run.Status()), nil
}

// Status is passed, failed, undecided (red too: nobody knows) or skipped.
func (r *Result) Status() (string, error) {
	run, err := r.run()
	return string(run.Status()), err
}

// Text is the report for a terminal.
func (r *Result) Text(
	// With ANSI colours
	// +optional
	colour bool,
) (string, error) {
	return r.render(func(run report.Run, w io.Writer) error { return run.Text(w, colour) })
}

// Markdown is the report for a comment or a page.
func (r *Result) Markdown() (string, error) { return r.render(report.Run.Markdown) }

// Html is the report as one self-contained page.
func (r *Result) Html() (*dagger.File, error) { return r.file("report.html", report.Run.HTML) }

// Json is the report for programs.
func (r *Result) Json() *dagger.File { return dag.File("report.json", r.Run) }

// Sarif is what was found, as SARIF 2.1.0.
func (r *Result) Sarif() (*dagger.File, error) { return r.file("report.sarif", report.Run.SARIF) }

// Junit is the tests and the stages as JUnit XML.
func (r *Result) Junit() (*dagger.File, error) { return r.file("report.xml", report.Run.JUnit) }

// Annotations are GitHub workflow commands: a workflow prints them to its standard output.
func (r *Result) Annotations() (string, error) {
	run, err := r.run()
	return run.Annotations(), err
}

// Summary is the text that a workflow appends to $GITHUB_STEP_SUMMARY.
func (r *Result) Summary() (string, error) {
	run, err := r.run()
	return run.Summary(), err
}

// Reports is a folder with every form of the report, beside the files that were made.
func (r *Result) Reports() (*dagger.Directory, error) {
	reports := r.Files
	for _, form := range []struct {
		name  string
		write func(report.Run, io.Writer) error
	}{
		{"report.html", report.Run.HTML},
		{"report.md", report.Run.Markdown},
		{"report.json", report.Run.JSON},
		{"report.sarif", report.Run.SARIF},
		{"report.xml", report.Run.JUnit},
		{"summary.md", inText(report.Run.Summary)},
		{"annotations.txt", inText(report.Run.Annotations)},
	} {
		text, err := r.render(form.write)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", form.name, err)
		}
		reports = reports.WithNewFile(form.name, text)
	}
	return reports, nil
}

// inText writes a form of the report that is a text.
func inText(text func(report.Run) string) func(report.Run, io.Writer) error {
	return func(run report.Run, w io.Writer) error {
		_, err := io.WriteString(w, text(run))
		return err
	}
}

func (r *Result) file(name string, write func(report.Run, io.Writer) error) (*dagger.File, error) {
	text, err := r.render(write)
	return dag.File(name, text), err
}

func (r *Result) render(write func(report.Run, io.Writer) error) (string, error) {
	run, err := r.run()
	if err != nil {
		return "", err
	}
	var text bytes.Buffer
	err = write(run, &text)
	return text.String(), err
}

// stopwatch starts a stage: what it returns fills in how long the stage took.
func stopwatch(name string) func(report.Stage) report.Stage {
	started := time.Now()
	return func(stage report.Stage) report.Stage {
		stage.Name, stage.Started, stage.Duration = name, started, time.Since(started)
		return stage
	}
}
