package terraform

import (
	"context"
	"fmt"

	"github.com/esteira/esteira/pipelines/acceptance"
	"github.com/esteira/esteira/pipelines/finding"
)

// Validate remarks on what is not valid in a folder, whatever its variables are.
func (w *Workshop) Validate(ctx context.Context, folder string) ([]acceptance.Remark, error) {
	diagnostics, err := w.Init(ctx, folder, false)
	if err != nil || len(diagnostics) > 0 {
		return Remarks(w.Name, folder, diagnostics), err
	}
	output, complaint, err := w.run(ctx, folder, offline, "validate", "-json", "-no-color")
	if err != nil {
		return nil, err
	}
	if diagnostics, err = Validated(output); err != nil {
		return nil, fmt.Errorf("%s: %w: %s", folder, err, complaint)
	}
	return Remarks(w.Name, folder, diagnostics), nil
}

// Test tries the tests of a folder that Validate got ready.
func (w *Workshop) Test(ctx context.Context, folder string) ([]finding.Suite, error) {
	output, complaint, err := w.run(ctx, folder, offline, "test", "-json", "-no-color")
	if err != nil {
		return nil, err
	}
	suites, err := Tested(folder, output)
	if err != nil && complaint != "" {
		err = fmt.Errorf("%w: %s", err, complaint)
	}
	return suites, err
}
