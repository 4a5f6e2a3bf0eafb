package budget

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/esteira/esteira/pipelines/finding"
)

// What is not met is red, and says what takes the most.
func TestTooLong(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		edit edit
		says []string
	}{
		{"a longer wait timer", edit{policies, "waitMinutes: 5", "waitMinutes: 6"}, []string{
			"merge to deployed takes 635 s at worst, and less than 600 s is asked (esteira.yaml:121): 35 s too long. wait timer of production takes the most, 360 s (esteira.yaml:107: environments[1].waitMinutes: 6)",
		}},
		{"exactly the target", edit{policies, "deployedSeconds: 600", "deployedSeconds: 575"}, []string{"merge to deployed takes 575 s at worst, and less than 575 s is asked"}},
		{"no way back without a judgement", noSkip,
			[]string{"rollback to the last set takes 185 s at worst, and less than 120 s is asked"}},
		{"Flagger's own threshold of ten", edit{canary, "threshold: 4", "threshold: 10"}, []string{"bad answers to the version before takes 180 s at worst", "more failed checks, up to the threshold takes the most, 135 s"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := added(t, test.edit)
			stage := b.Stage()
			var text bytes.Buffer
			if err := b.Text(&text); err != nil {
				t.Fatal(err)
			}
			if !b.Red() || stage.Status != "failed" || !strings.Contains(text.String(), "TOO LONG") {
				t.Errorf("red: %v, %s\n%s", b.Red(), stage.Status, &text)
			}
			for _, says := range test.says {
				if !slices.ContainsFunc(b.complaints(), func(f finding.Finding) bool { return strings.Contains(f.Message, says) && f.Location.Line > 0 }) {
					t.Errorf("%v do not say %q", b.complaints(), says)
				}
			}
		})
	}
}

// A value that is nowhere, or that nobody can add up, makes all of it undecided, and never shorter.
func TestUndecided(t *testing.T) {
	t.Parallel()
	const application = "k8s/argocd/applications/iris-prod.yaml"
	for _, test := range []struct {
		name  string
		edits []edit
		says  string
	}{
		{"no way to production", []edit{{policies, "name: production\n    overlay: prod", "name: production\n    overlay: other"}}, "esteira.yaml: environments has none with overlay: prod and rollback: false"},
		{"no way back", []edit{{policies, "overlay: prod\n    rollback: true", "overlay: other\n    rollback: true"}}, "environments has none with overlay: prod and rollback: true"},
		{"another production", []edit{{policies, "production: prod", "production: live"}}, "overlay live was not rendered"},
		{"an overlay that does not render", []edit{{production, "../../base/common", "../../base/nowhere"}}, "overlay prod was not rendered"},
		{"synced by hand", []edit{{application, "    automated:", "    automatic:"}}, "argocd/applications/iris-prod.yaml: Application/iris-prod has no spec.syncPolicy.automated: it waits until a person"},
		{"synced by hand, too", []edit{{application, "    automated:", "    automated:\n      enabled: false"}}, "has no spec.syncPolicy.automated"},
		{"nobody syncs it", []edit{{application, "path: k8s/overlays/prod", "path: k8s/overlays/other"}}, "overlay prod has 0 Applications of Argo CD"},
		{"nobody asks Git", []edit{{argocd, "timeout.reconciliation: 180s", "timeout.reconciliation: 0s"}}, "argocd/argocd-cm.yaml: ConfigMap/argocd-cm data.timeout.reconciliation is 0"},
		{"no duration", []edit{{argocd, "timeout.reconciliation: 180s", "timeout.reconciliation: 3 minutes"}}, `data.timeout.reconciliation is "3 minutes": want a duration`},
		{"a negative duration", []edit{{argocd, "timeout.reconciliation: 180s", "timeout.reconciliation: -1s"}}, `data.timeout.reconciliation is "-1s": want a duration`},
		{"two of one name", []edit{{"k8s/argocd/another.yaml", "", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: argocd-cm}\n"}}, "ConfigMap/argocd-cm stands in argocd/another.yaml and in argocd/argocd-cm.yaml: which holds?"},
		{"no canary", []edit{{"k8s/components/canary/kustomization.yaml", "  - ../../base/flagger\n", ""}}, "overlays/prod has no Canary"},
		{"a canary without an analysis", []edit{{canary, "  analysis:", "  analyses:"}}, "Canary/api-gateway has no spec.analysis"},
		{"a canary that never advances", []edit{{canary, weights, "maxWeight: 50"}}, "has no stepWeights, stepWeight or iterations"},
		{"a suspended canary", []edit{{canary, "  provider: nginx", "  provider: nginx\n  suspend: true"}}, "Canary/api-gateway is suspended"},
		{"a canary that waits for people", []edit{{canary, weights, weights + "\n    webhooks:\n      - {name: ask, type: confirm-promotion, url: http://ask.example}"}}, "spec.analysis.webhooks[0] is of type confirm-promotion: it waits until somebody answers"},
		{"a strategy that is not added up", []edit{{deployment, "  strategy:\n    rollingUpdate:\n      # All at once: a promotion waits for this rollout.\n      maxSurge: 100%\n      maxUnavailable: 0\n", "  strategy: {type: Recreate}\n"}}, `spec.strategy.type is "Recreate"`},
		{"no number of pods", []edit{{scaler, "  maxReplicas: 6\n", ""}, {production, "      - {op: replace, path: /spec/maxReplicas, value: 12}\n", ""}}, "HorizontalPodAutoscaler/api-gateway spec.maxReplicas is nowhere, and has no default"},
		{"no surge", []edit{{deployment, "maxSurge: 100%", "maxSurge: much"}}, `maxSurge is "much": want a number`},
		{"nobody scrapes", []edit{{prometheus, "scrape_configs:", "scrapes:"}}, "there are 0 files with scrape_configs"},
		{"two scrape", []edit{{"k8s/base/monitoring/prometheus/config/second.yaml", "", "scrape_configs: []\n"}}, "there are 2 files with scrape_configs"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := added(t, test.edits...)
			if !b.Red() || len(b.Chains) > 0 || b.Stage().Status != "undecided" || !strings.Contains(strings.Join(b.Undecided, "\n"), test.says) {
				t.Errorf("red: %v, %d chains, %q does not say %q", b.Red(), len(b.Chains), b.Undecided, test.says)
			}
		})
	}
}

// A sum that cannot hold is red, too.
func TestProblems(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		edit edit
		rule string
		says string
	}{
		{"killed while it starts", edit{deployment, "failureThreshold: 60", "failureThreshold: 20"}, "startup-probe", "ends a container that has not answered after 20s, and 26s are declared"},
		{"given up while it starts", edit{canary, "progressDeadlineSeconds: 75", "progressDeadlineSeconds: 29"}, "deadline", "Canary/api-gateway is given up after 29s, and its pods may take 30s"},
		{"given up in the third wave", edit{deployment, "maxSurge: 100%", "maxSurge: 25%"}, "deadline", "and its pods may take 2m0s"},
		{"failed before there are numbers", edit{canary, "threshold: 4", "threshold: 1"}, "threshold", "gives up after 1 failed checks, and the first 1 find no numbers"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := added(t, test.edit)
			if !b.Red() || !slices.ContainsFunc(b.Problems, func(p Problem) bool {
				return p.Rule == test.rule && strings.Contains(p.Message, test.says) && p.Value.Line > 0
			}) {
				t.Errorf("%+v do not say %q", b.Problems, test.says)
			}
		})
	}
}
