package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/esteira/esteira/ci/internal/dagger"

	"github.com/esteira/esteira/pipelines/report"
)

// input is a file that a command of ours takes, and the flag that names it.
type input struct {
	flag string
	file *dagger.File
}

// texts hands on the text files among the inputs that were given, by their content: one that is handed on is remembered
// with the call that it came from (docs/decisions/0003).
func texts(ctx context.Context, inputs ...input) ([]input, error) {
	var given []input
	for _, i := range inputs {
		if i.file == nil {
			continue
		}
		text, err := i.file.Contents(ctx)
		if err != nil {
			return nil, err
		}
		given = append(given, input{i.flag, dag.File(i.flag, text)})
	}
	return given, nil
}

// judge runs a command of ours that writes a verdict and its stage to /out.
func (e *Esteira) judge(ctx context.Context, name string, files []input, args ...string) (*dagger.Container, error) {
	command, err := e.command(ctx)
	if err != nil {
		return nil, err
	}
	c := e.Debian.WithMountedFile("/usr/local/bin/esteira", command)
	exec := append([]string{"esteira", name, "--output=/out"}, args...)
	for _, i := range files {
		c = c.WithMountedFile("/in/"+i.flag, i.file)
		exec = append(exec, fmt.Sprintf("--%s=/in/%[1]s", i.flag))
	}
	return c.WithExec(exec), nil
}

// verdict is what judge came to, as a result. What the command refuses says nothing about the work: the stage is
// undecided.
func (e *Esteira) verdict(ctx context.Context, name string, files []input, args ...string) (*Result, error) {
	done := stopwatch(name)
	judged, err := e.judge(ctx, name, files, args...)
	if err != nil {
		return nil, err
	}
	text, err := judged.File("/out/stage.json").Contents(ctx)
	var failed *dagger.ExecError
	switch {
	case errors.As(err, &failed):
		return stageResult(done(report.Stage{Status: report.Undecided, Summary: plain(err).Error(), Remedy: "mend what was handed in, and call again"}), nil)
	case err != nil:
		return nil, err
	}
	var stage report.Stage
	if err := json.Unmarshal([]byte(text), &stage); err != nil {
		return nil, fmt.Errorf("%s: stage.json: %w", name, err)
	}
	return stageResult(done(stage), judged.Directory("/out").WithoutFile("stage.json"))
}
