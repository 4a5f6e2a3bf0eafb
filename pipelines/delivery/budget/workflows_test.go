package budget

import (
	"strings"
	"testing"
)

// The wait timer runs beside staging only where production's job does not wait for staging's.
func TestWorkflows(t *testing.T) {
	t.Parallel()
	const both = "jobs:\n  first: {environment: staging}\n  between: {needs: [first]}\n  last: "
	for _, test := range []struct {
		name, workflow string
		worst          float64
		notes          string
	}{
		{"beside", both + "{environment: production}\n", 575, ""},
		{"in turn", both + "{environment: {name: production}, needs: first}\n", 90 + 185 + 45 + 300 + 185, "job last needs the job of staging"},
		{"in turn, by another", both + "{environment: production, needs: [between]}\n", 90 + 185 + 45 + 300 + 185, "job last needs the job of staging"},
		{"round in a circle", "jobs:\n  last: {environment: production, needs: last}\n", 575, ""},
		{"none", "jobs:\n  last: {environment: other, needs: first}\n", 575, "no workflow has a job in the environment production"},
		{"no jobs", "on: push\n", 575, "no workflow has a job in the environment production"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := added(t, edit{".github/workflows/cd.yml", "", test.workflow})
			if notes := strings.Join(b.Notes, "\n"); worst(b)[deployed] != test.worst || !strings.Contains(notes, test.notes) || (test.notes != "") != strings.Contains(notes, "wait timer") {
				t.Errorf("%v s, want %v; notes %q, want %q", worst(b)[deployed], test.worst, notes, test.notes)
			}
		})
	}
}
