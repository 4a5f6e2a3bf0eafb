package tests

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
)

// served are the inference service's own files: a model, its card, and what /metrics answered.
var served = filepath.Join(repository, "pipelines/drift/testdata")

// An experiment is green where the challenger is better, red where it is worse or the traffic did not split as
// configured, and undecided, which is red, before anything is proven and where the counts cannot be.
func TestExperiment(t *testing.T) {
	t.Parallel()
	judge := func(assigned, right int, more ...string) []string {
		counts := fmt.Sprintf(`{"experiment":"iris 8","share":0.5,"variants":{
			"champion":{"assigned":4000,"trials":4000,"successes":3700},
			"challenger":{"assigned":%d,"trials":4000,"successes":%d}}}`, assigned, right)
		return append([]string{"experiment", "judge", "--counts=" + write(t, filepath.Join(workspace(t), "counts.json"), counts)}, more...)
	}
	if last := lastLine(call(t, judge(4000, 3850, "check")...).passes(t)); last != "passed" {
		t.Errorf("the last line of a green check is %q", last)
	}
	call(t, judge(4000, 3550, "check")...).fails(t, "experiment failed", "the challenger is worse", "keep the champion")
	call(t, judge(4600, 3700, "check")...).fails(t, "experiment failed", "the challenger has 0.5349 of the assignments, and 0.5 was configured")
	call(t, judge(4000, 3701, "check")...).fails(t, "experiment undecided", "no decision yet")
	call(t, judge(4000, 4001, "check")...).fails(t, "experiment undecided", "variants.challenger.successes is 4001, of 4000 trials")
	policy := write(t, filepath.Join(workspace(t), "policy.yaml"), "minimalEffect: 0.9\n")
	call(t, judge(4000, 3850, "--policy="+policy, "check")...).fails(t, "experiment undecided", "not better by the minimal effect of 0.9")
	var verdict struct{ Outcome string }
	text := call(t, judge(4000, 3850, "files", "file", "--path=verdict.json", "contents")...).passes(t)
	if err := json.Unmarshal([]byte(text), &verdict); err != nil || verdict.Outcome != "challenger-better" {
		t.Errorf("verdict.json: %+v, %v", verdict, err)
	}
}

func drift(more ...string) []string {
	return append([]string{"drift", "--model=" + filepath.Join(served, "iris.onnx")}, more...)
}

func metrics(name string) string { return "--metrics=" + filepath.Join(served, name) }

// Drift is green, red or undecided, by files and by asking a service that runs.
func TestDrift(t *testing.T) {
	t.Parallel()
	call(t, drift(metrics("stable.prom"), "judge", "check")...).passes(t)
	call(t, "drift", "--card="+filepath.Join(served, "card.json"), metrics("stable.prom"), "judge", "check").passes(t)
	call(t, drift(metrics("drifted.prom"), "judge", "check")...).fails(t, "drift failed", "drifted: petal length (cm)", "index over 2000 observations is 2.858, at least 0.25")
	call(t, drift(metrics("few.prom"), "judge", "check")...).fails(t, "drift undecided", "too few observations", "wait for more predictions")
	call(t, drift(metrics("later.prom"), "--before="+filepath.Join(served, "stable.prom"), "judge", "check")...).fails(t, "drift failed")
	call(t, drift(metrics("stable.prom"), "--variant=challenger", "judge", "check")...).fails(t, "drift undecided", `of variant "challenger"`)
	call(t, drift("judge", "check")...).fails(t, "give the metrics by --metrics")

	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/metrics" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		http.ServeFile(w, r, filepath.Join(served, "drifted.prom"))
	}))
	defer service.Close()
	port := service.URL[strings.LastIndex(service.URL, ":")+1:]
	ask := func(path string) outcome {
		return call(t, drift("--url=http://inference:"+port+path, "--service=tcp://127.0.0.1:"+port, "judge", "check")...)
	}
	ask("/metrics").fails(t, "drift failed", "drifted: petal length (cm)")
	ask("/other").fails(t, "no metrics from http://inference:"+port+"/other", "404")
}

// Drift asks for a training as GitHub's own description of its API wants it, with what drifted; where nothing did, and
// where nobody knows, nothing is asked.
func TestDriftDispatch(t *testing.T) {
	t.Parallel()
	const token = "github_pat_never-shown"
	github := server(t, "github-mock")
	ask := func(name, address string, more ...string) outcome {
		port := address[strings.LastIndex(address, ":")+1:]
		return call(t, drift(append([]string{metrics(name), "dispatch", "--repository=team/iris", "--token=" + secret(t, token),
			"--api=http://github:" + port, "--service=tcp://127.0.0.1:" + port}, more...)...)...)
	}
	if said := ask("drifted.prom", github).passes(t); said != "sent model-drift to team/iris: drifted: petal length (cm); moved a little: class mix" {
		t.Errorf("it says %q", said)
	}

	var sent []string
	recorder := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body struct {
			EventType     string                           `json:"event_type"`
			ClientPayload struct{ Dataset, SHA256 string } `json:"client_payload"`
		}
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Error(err)
		}
		sent = append(sent, fmt.Sprint(r.URL.Path, r.Header.Get("Authorization"), body))
		w.Header().Set("X-Accepted-GitHub-Permissions", "contents=write")
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `{"message":"Resource not accessible by integration"}`)
	}))
	defer recorder.Close()
	refused := ask("drifted.prom", recorder.URL)
	refused.fails(t, "403 Resource not accessible by integration; accepted: contents=write", "needs the permission contents:write")
	if strings.Contains(refused.stdout+refused.stderr, token) {
		t.Errorf("the token is shown:\n%s%s", refused.stdout, refused.stderr)
	}
	const model = "80a87cf8f990d3d19729618e4105791e3ba67927435e82b40a5b0f7fc6cec75a"
	want := fmt.Sprint("/repos/team/iris/dispatches", "Bearer "+token, struct {
		a string
		b struct{ a, b string }
	}{"model-drift", struct{ a, b string }{"iris", model}})
	if len(sent) != 1 || sent[0] != want {
		t.Errorf("sent was %q, want once %q", sent, want)
	}
	if said := ask("stable.prom", recorder.URL).passes(t); said != "nothing was sent: nothing drifted in iris" {
		t.Errorf("it says %q", said)
	}
	ask("few.prom", recorder.URL).fails(t, "nothing was sent: too few observations")
	if len(sent) != 1 {
		t.Errorf("without drift it was sent %q", sent[1:])
	}
}
