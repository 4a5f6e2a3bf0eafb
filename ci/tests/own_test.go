package tests

import (
	"strings"
	"testing"
)

// The stages of this repository's own projects are green.
func TestOwnProjects(t *testing.T) {
	t.Parallel()
	for _, stage := range []string{
		"java test", "security secrets",
		"python --source=apps/inference-service lint", "python --source=apps/inference-service typecheck", "python --source=apps/inference-service test",
		"python --source=ml/training lint", "python --source=ml/training typecheck", "python --source=ml/training test",
	} {
		t.Run(stage, func(t *testing.T) {
			t.Parallel()
			call(t, append(strings.Fields(stage), "check")...).passes(t)
		})
	}
}
