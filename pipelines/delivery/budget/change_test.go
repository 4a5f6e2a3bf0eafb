package budget

import (
	"slices"
	"strings"
	"testing"
)

// What another tree changes is said, chain by chain; what it does not change is not, unless it is red.
func TestChanged(t *testing.T) {
	t.Parallel()
	before := added(t)
	longer := edit{policies, "waitMinutes: 5", "waitMinutes: 6"}
	for _, test := range []struct {
		name  string
		edits []edit
		says  []string
	}{
		{"nothing", nil, nil},
		{"a threshold", []edit{{canary, "threshold: 4", "threshold: 5"}}, []string{
			"bad answers to the version before: was 90 s at worst, ",
		}},
		{"a longer wait timer", []edit{longer}, []string{
			"merge to deployed: was 575 s at worst, ", "training to production: was 4085 s at worst, ", "merge to deployed, the webhook lost: was 785 s at worst, ",
			"merge to deployed takes 635 s at worst, and less than 600 s is asked",
		}},
		{"no webhook", []edit{{"k8s/argocd/secrets.yaml", "webhook.github.secret", "webhook.gitlab.secret"}}, []string{
			"merge to deployed: was 575 s", "training to production: was", "merge to dev: was", "model rollback, judged again: was", "rollback to the last set: was",
			"merge to deployed, the webhook lost: there is no such way any more", "merge to deployed takes 985 s at worst", "model rollback, judged again takes 395 s at worst", "rollback to the last set takes 305 s",
		}},
		{"nobody can tell", []edit{{canary, "  analysis:", "  analyses:"}}, []string{"Canary/api-gateway has no spec.analysis", "Canary/api-gateway is given up after 0s"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			lines := before.Changed(added(t, test.edits...))
			for _, says := range test.says {
				if !slices.ContainsFunc(lines, func(line string) bool { return strings.Contains(line, says) }) {
					t.Errorf("%q do not say %q", lines, says)
				}
			}
			for _, line := range lines {
				if !slices.ContainsFunc(test.says, func(says string) bool { return strings.Contains(line, says) }) {
					t.Errorf("%q was not asked for", line)
				}
			}
		})
	}
	if lines := added(t, longer).Changed(added(t, longer)); len(lines) != 1 || !strings.Contains(lines[0], "35 s too long") {
		t.Errorf("what was red before is said again: %q", lines)
	}
}
