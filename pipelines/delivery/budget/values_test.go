package budget

import "testing"

// promoted is what the chains of all promotions gain; staging's 290 s have 10 s to spare under the wait timer of 300 s.
func promoted(rollout, staging float64) sums {
	more := rollout + max(0, staging-10)
	return sums{deployed: more, trained: more, hookLost: more, judged: rollout}
}

func with(all ...sums) sums {
	total := sums{}
	for _, some := range all {
		for name, more := range some {
			total[name] += more
		}
	}
	return total
}

// Each value that is read, changed by itself or with what lets it matter, changes the sums by what it must, and no other.
func TestEachValue(t *testing.T) {
	t.Parallel()
	slowStart := with(promoted(30, 30), sums{toDev: 15, unjudged: 30}) // pods take 45 s and not 30
	for _, test := range []struct {
		name  string
		edits []edit
		more  sums
		// typical is what is more on the way to production, typically.
		typical float64
	}{
		{"build", []edit{{policies, "build: {typicalSeconds: 60, worstSeconds: 90}", "build: {typicalSeconds: 65, worstSeconds: 100}"}}, sums{deployed: 10, hookLost: 10, toDev: 10}, 5},
		{"sync", []edit{{policies, "sync: {typicalSeconds: 10, worstSeconds: 20}", "sync: {typicalSeconds: 15, worstSeconds: 30}"}}, with(promoted(10, 10), sums{toDev: 10, unjudged: 10}), 5},
		{"start", []edit{{policies, "worstSeconds: 26", "worstSeconds: 41"}}, slowStart, 0},
		{"tests", []edit{{policies, "worstSeconds: 45", "worstSeconds: 75"}}, promoted(0, 30), 0},
		{"approval", []edit{{policies, "worstSeconds: 60", "worstSeconds: 100"}}, promoted(0, 40), 0},
		{"no approval", []edit{{policies, "    reviewers: {teams: [platform-team]}\n", ""}, {policies, "approvals: 1", "approvals: 0"}, {policies, "worstSeconds: 45", "worstSeconds: 115"}}, promoted(0, 10), 0},
		{"training", []edit{{policies, "worstSeconds: 3600", "worstSeconds: 3700"}}, sums{trained: 100}, 0},
		{"wait timer", []edit{{policies, "waitMinutes: 5", "waitMinutes: 6"}}, sums{deployed: 60, trained: 60, hookLost: 60}, 60},
		{"wait timer of staging", []edit{{policies, "waitMinutes: 0", "waitMinutes: 1"}}, promoted(0, 60), 0},
		{"wait timer of rollbacks", []edit{{policies, "rollback: true\n    waitMinutes: 0", "rollback: true\n    waitMinutes: 1"}}, sums{judged: 60, unjudged: 60}, 0},

		{"Argo CD's interval", []edit{{argocd, "timeout.reconciliation: 180s", "timeout.reconciliation: 240s"}}, sums{hookLost: 60}, 0},
		{"Argo CD's interval by default", []edit{{argocd, "  timeout.reconciliation: 180s\n", ""}}, sums{hookLost: -60}, 0},
		{"Argo CD's jitter", []edit{{argocd, "jitter: 30s", "jitter: 40s"}}, sums{hookLost: 10}, 0},
		{"Argo CD's jitter by default", []edit{{argocd, "  timeout.reconciliation.jitter: 30s\n", ""}}, sums{hookLost: 30}, 0},
		{"jitter of webhooks", []edit{{argocd, "timeout.reconciliation:", "webhook.refresh.jitter: 10s\n  timeout.reconciliation:"}},
			sums{deployed: 10, trained: 10, judged: 10, unjudged: 10, toDev: 10}, 5},
		{"no webhook", []edit{{"k8s/argocd/secrets.yaml", "webhook.github.secret", "webhook.gitlab.secret"}},
			sums{deployed: 210 + 200, trained: 210 + 200, judged: 210, unjudged: 210, toDev: 210, hookLost: -shipped[hookLost]}, 105},
		{"Image Updater", []edit{{"k8s/argocd/image-updater/config.yaml", "interval: 30s", "interval: 60s"}}, sums{toDev: 30}, 0},
		{"Image Updater by default", []edit{{"k8s/argocd/image-updater/config.yaml", "  interval: 30s\n", ""}}, sums{toDev: 90}, 0},

		{"interval", []edit{{canary, "interval: 15s", "interval: 20s"}}, with(promoted(55, 55), sums{badAnswers: 25, noStart: 10, unjudged: 15}), 37.5},
		{"interval by default", []edit{{canary, "    interval: 15s\n", ""}}, with(promoted(315, 315), sums{badAnswers: 225, noStart: 90, unjudged: 75}), 0},
		{"a shorter interval of one", []edit{{canary, "interval: 15s", "interval: 10s"}}, nil, 0},
		{"a shorter interval of both", []edit{{canary, "interval: 15s", "interval: 10s"}, {otherOne, "interval: 15s", "interval: 10s"}},
			with(promoted(-25, -25), sums{badAnswers: -25, noStart: -10, unjudged: -5}), -17.5},
		{"an interval below Flagger's least", []edit{{canary, "interval: 15s", "interval: 2s"}, {otherOne, "interval: 15s", "interval: 2s"}},
			with(promoted(-25, -25), sums{badAnswers: -25, noStart: -10, unjudged: -5}), -17.5},
		{"threshold", []edit{{canary, "threshold: 4", "threshold: 5"}}, sums{badAnswers: 15}, 0},
		{"weights", []edit{{canary, weights, "stepWeights: [10, 20, 50, 75, 100]"}}, promoted(15, 15), 15},
		{"weights of one step", []edit{{canary, weights, "stepWeight: 20\n    maxWeight: 100"}}, promoted(15, 15), 15},
		{"weights up to half", []edit{{canary, weights, "stepWeight: 10\n    maxWeight: 50"}}, promoted(15, 15), 15},
		{"weights of one step, up to all", []edit{{canary, weights, "stepWeight: 20"}}, promoted(15, 15), 15},
		{"blue and green", []edit{{canary, weights, "iterations: 4"}}, promoted(15, 15), 15},
		{"mirrored", []edit{{canary, weights, weights + "\n    mirror: true"}}, promoted(15, 15), 15},
		{"back step by step", []edit{{canary, weights, weights + "\n    stepWeightPromotion: 50"}}, promoted(15, 15), 15},
		{"deadline of the canary alone", []edit{{canary, "progressDeadlineSeconds: 75", "progressDeadlineSeconds: 90"}}, nil, 0},
		{"deadline of the Deployment alone", []edit{{deployment, "progressDeadlineSeconds: 75", "progressDeadlineSeconds: 90"}}, nil, 0},
		{"both deadlines", []edit{{canary, "progressDeadlineSeconds: 75", "progressDeadlineSeconds: 90"}, {deployment, "progressDeadlineSeconds: 75", "progressDeadlineSeconds: 100"}}, sums{noStart: 15}, 0},
		{"both deadlines by default", []edit{{canary, "  progressDeadlineSeconds: 75\n", ""}, {deployment, "  progressDeadlineSeconds: 75\n", ""}}, sums{noStart: 525}, 0},
		{"no skipAnalysis", []edit{noSkip}, sums{unjudged: 90}, 0},

		{"startup probe", []edit{{deployment, "periodSeconds: 1\n", "periodSeconds: 16\n"}}, slowStart, 30},
		{"startup probe's delay", []edit{{deployment, "periodSeconds: 1\n", "periodSeconds: 1\n            initialDelaySeconds: 41\n"}}, slowStart, 60},
		{"readiness probe", []edit{{deployment, "periodSeconds: 3\n", "periodSeconds: 18\n"}}, slowStart, 30},
		{"readiness probe by default", []edit{{deployment, "            periodSeconds: 3\n", ""}}, with(slowStart, sums{toDev: -8, unjudged: -8}), 0},
		{"readiness probe's delay", []edit{{deployment, "periodSeconds: 3\n", "periodSeconds: 3\n            initialDelaySeconds: 42\n"}}, slowStart, 60},
		{"readiness probe's times", []edit{{deployment, "periodSeconds: 3\n", "periodSeconds: 3\n            successThreshold: 6\n"}}, slowStart, 30},
		{"ready for a while", []edit{{deployment, "  revisionHistoryLimit", "  minReadySeconds: 15\n  revisionHistoryLimit"}}, slowStart, 30},

		// Waves of production's 12 pods, staging's and development's 6; typically of 3 and 2.
		{"surge", []edit{{deployment, "maxSurge: 100%", "maxSurge: 25%"}}, with(promoted(90, 60), sums{unjudged: 90, toDev: 60}), 30},
		{"surge by default", []edit{{deployment, "      maxSurge: 100%\n", ""}}, with(promoted(90, 60), sums{unjudged: 90, toDev: 60}), 30},
		{"unavailable", []edit{{deployment, "maxSurge: 100%", "maxSurge: 25%"}, {deployment, "maxUnavailable: 0", "maxUnavailable: 50%"}}, with(promoted(30, 30), sums{unjudged: 30, toDev: 30}), 15},
		{"most pods", []edit{{deployment, "maxSurge: 100%", "maxSurge: 3"}, {production, "value: 12", "value: 24"}}, with(promoted(210, 30), sums{unjudged: 210, toDev: 30}), 0},
		{"least pods", []edit{{deployment, "maxSurge: 100%", "maxSurge: 1"}, {production, "value: 3}", "value: 5}"}}, with(promoted(330, 150), sums{unjudged: 330, toDev: 150}), 45},
		{"most pods of the base", []edit{{deployment, "maxSurge: 100%", "maxSurge: 1"}, {scaler, "maxReplicas: 6", "maxReplicas: 8"}}, with(promoted(330, 210), sums{unjudged: 330, toDev: 210}), 30},
		{"pods without an autoscaler", []edit{
			{deployment, "maxSurge: 100%", "maxSurge: 1"}, {deployment, "  revisionHistoryLimit", "  replicas: 4\n  revisionHistoryLimit"},
			{"k8s/base/api-gateway/kustomization.yaml", "  - horizontal-pod-autoscaler.yaml\n", ""},
		}, with(promoted(90, 90), sums{unjudged: 90, toDev: 90}), 45},

		{"scrapes", []edit{{prometheus, "scrape_interval: 15s", "scrape_interval: 30s"}}, with(promoted(30, 30), sums{badAnswers: 15}), 0},
		{"scrapes by default", []edit{{prometheus, "  scrape_interval: 15s\n", ""}}, with(promoted(90, 90), sums{badAnswers: 45}), 0},
		{"scrapes of a job", []edit{{prometheus, "job_name: api-gateway\n", "job_name: api-gateway\n    scrape_interval: 30s\n"}}, with(promoted(30, 30), sums{badAnswers: 15}), 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := added(t, test.edits...)
			if len(b.Undecided) > 0 {
				t.Fatal(b.Undecided)
			}
			want := with(shipped, test.more)
			if want[hookLost] == 0 {
				delete(want, hookLost)
			}
			same(t, worst(b), want)
			if test.typical != 0 && b.Chains[0].Typical.Seconds()-482.5 != test.typical {
				t.Errorf("typically %v more, want %v", b.Chains[0].Typical.Seconds()-482.5, test.typical)
			}
		})
	}
}
