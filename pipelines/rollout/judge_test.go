package rollout

import (
	"encoding/json"
	"testing"

	"github.com/esteira/esteira/pipelines/release"
)

// What pods lack, by the numbers that Kubernetes gives.
func TestMissing(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{}`:                        "0 of 1 pods are new",
		`{"spec": {"replicas": 0}}`: "",
		`{"metadata": {"generation": 2}, "status": {"observedGeneration": 1}}`:                                                                            "its change was not seen yet",
		`{"spec": {"replicas": 3}, "status": {"replicas": 3, "updatedReplicas": 2, "availableReplicas": 3}}`:                                              "2 of 3 pods are new",
		`{"spec": {"replicas": 2}, "status": {"replicas": 3, "updatedReplicas": 2, "availableReplicas": 3}}`:                                              "1 old pods are left",
		`{"spec": {"replicas": 2}, "status": {"replicas": 2, "updatedReplicas": 2, "availableReplicas": 1}}`:                                              "1 of 2 pods are available",
		`{"spec": {"replicas": 2}, "status": {"replicas": 2, "updatedReplicas": 2, "availableReplicas": 2}}`:                                              "",
		`{"status": {"conditions": [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "it\ntakes too long"}]}}`: "ProgressDeadlineExceeded: it takes too long",
	} {
		var d deployment
		if err := json.Unmarshal([]byte(text), &d); err != nil {
			t.Fatal(err)
		}
		if got := d.missing(); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

// Whatever a server answers: what fails or waits is not healthy, and nothing panics.
func FuzzJudge(f *testing.F) {
	f.Add(`{"metadata": {"name": "a"}, "status": {"sync": {"status": "Synced"}, "health": {"status": "Healthy"}}}`,
		`[{"metadata": {"name": "c"}, "spec": {"targetRef": {"kind": "Deployment", "name": "d"}}, "status": {"phase": "Failed"}}]`,
		`[{"metadata": {"name": "d", "managedFields": [{"fieldsV1": {"f:spec": {"f:template": {}}}}]}, "spec": {"template": {"spec": {"containers": [{"image": 1}, 2]}}}}, {"metadata": {"name": "d-primary"}}]`)
	f.Add(`{}`, `[{}]`, `[{}]`)
	f.Fuzz(func(t *testing.T, application, canaries, deployments string) {
		var s state
		if json.Unmarshal([]byte(application), &s.application) != nil || json.Unmarshal([]byte(canaries), &s.canaries) != nil || json.Unmarshal([]byte(deployments), &s.deployments) != nil {
			return
		}
		j := s.judge(release.Set{Images: map[string]release.Image{"i": {Digest: "sha256:1"}}})
		if status := s.application.Status; len(j.failed)+len(j.waits) == 0 && (status.Sync.Status != "Synced" || status.Health.Status != "Healthy" || len(s.deployments) == 0) {
			t.Errorf("healthy: %s", application)
		}
		s.lines("")
		readRefusal(500, []byte(application))
	})
}
