package integration

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/esteira/esteira/pipelines/finding"
	"github.com/esteira/esteira/pipelines/release"
	"github.com/esteira/esteira/pipelines/report"
)

// Answers of the real inference service with version 7 of a model, and its metrics after them.
const (
	one         = "testdata/one.json"
	two         = "testdata/two.json"
	noJSON      = "testdata/malformed.json"
	wrongShape  = "testdata/wrong-shape.json"
	noRows      = "testdata/no-rows.json"
	metricsFile = "testdata/metrics.txt"
)

// service answers as the real ones do, but for what a test breaks.
type service struct {
	*http.ServeMux
	slow   time.Duration
	status int
	kind   string
	edit   func(path, text string) string
}

func (s *service) say(w http.ResponseWriter, status int, kind, file string) {
	text, err := os.ReadFile(file)
	if err != nil {
		panic(err)
	}
	said := string(text)
	if s.edit != nil {
		said = s.edit(file, said)
	}
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(status)
	io.WriteString(w, said)
}

func start(t *testing.T, broken func(*service)) Target {
	t.Helper()
	s := &service{ServeMux: http.NewServeMux()}
	s.HandleFunc("GET /health/live", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, `{"status":"UP"}`) })
	s.HandleFunc("GET /health/ready", func(w http.ResponseWriter, r *http.Request) {
		if s.status != 0 {
			w.WriteHeader(s.status)
		}
	})
	s.HandleFunc("GET /metrics", func(w http.ResponseWriter, r *http.Request) { s.say(w, 200, "text/plain; version=0.0.4", metricsFile) })
	s.HandleFunc("POST /"+Path, s.predictions)
	if broken != nil {
		broken(s)
	}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	base, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	return Target{Base: base, Health: base, Metrics: base.JoinPath("metrics"), ModelVersion: "7", Budget: 2 * time.Second, Requests: 5, Client: server.Client()}
}

func (s *service) predictions(w http.ResponseWriter, r *http.Request) {
	time.Sleep(s.slow)
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(err)
	}
	kind := problemType
	if s.kind != "" {
		kind = s.kind
	}
	var asked struct{ Instances [][]any }
	switch err := json.Unmarshal(body, &asked); {
	case err != nil:
		s.say(w, http.StatusBadRequest, kind, noJSON)
	case len(asked.Instances) == 0:
		s.say(w, http.StatusUnprocessableEntity, kind, noRows)
	case asked.Instances[0][0] == "a":
		s.say(w, http.StatusUnprocessableEntity, kind, wrongShape)
	case len(asked.Instances) == 1:
		s.say(w, http.StatusOK, jsonType, one)
	default:
		s.say(w, http.StatusOK, jsonType, two)
	}
}

// replace edits one file's text.
func replace(file, old, new string) func(*service) {
	return func(s *service) {
		s.edit = func(path, text string) string {
			if path == file {
				return strings.Replace(text, old, new, 1)
			}
			return text
		}
	}
}

// red are the names of the cases that are, with what they say.
func red(run report.Run) (names []string, said string) {
	for _, result := range run.Stages[0].Tests.Suites[0].Cases {
		if result.Red() {
			names, said = append(names, result.Name), said+result.Message
		}
	}
	return names, said
}

func TestGood(t *testing.T) {
	t.Parallel()
	run := start(t, nil).Run(t.Context(), time.Now())
	if names, said := red(run); names != nil || run.Status() != report.Passed || run.Stages[0].Tests.Passed != len(checks) {
		t.Errorf("%s: %v %s", run.Status(), names, said)
	}
	var text bytes.Buffer
	if err := run.JSON(&text); err != nil {
		t.Fatal(err)
	}
	again, err := report.ReadJSON(&text)
	if err != nil || again.Status() != report.Passed {
		t.Errorf("%v, %v", again.Status(), err)
	}
	if !strings.Contains(run.Stages[0].Facts[1].Value, "median ") || !strings.Contains(run.Stages[0].Facts[1].Value, "budget 2s, 5 requests") {
		t.Errorf("facts %+v", run.Stages[0].Facts)
	}
	if tests := Record(run, "aa", "https://ci.example/1"); tests.Result != release.Passed || tests.Set != "aa" || tests.Run != "https://ci.example/1" {
		t.Errorf("%+v", tests)
	}
}

// Each promise that is broken is red by its name, and says how.
func TestBroken(t *testing.T) {
	t.Parallel()
	const (
		lives, ready, comes, serves = "the process lives", "it is ready", "a prediction comes through the gateway", "the model is the promised one"
		contract, malformed, shape  = "an old client's request is answered as it was", "what is no JSON is refused as a problem", "rows of words are refused as a problem"
		empty, latency, metrics     = "no rows are refused as a problem", "predictions are quick enough", "the metrics are there"
	)
	for _, test := range []struct {
		name   string
		broken func(*service)
		change func(*Target)
		names  []string
		says   string
	}{
		{"not ready", func(s *service) { s.status = 503 }, nil, []string{ready}, `it answered 503 as "", want 200`},
		{"no label", replace(one, `"label": "setosa"`, `"label": ""`), nil, []string{comes}, "both are needed"},
		{"no sum", replace(one, `"setosa": 0.9`, `"setosa": 0.5`), nil, []string{comes}, "the probabilities add up to"},
		{"not the likeliest", replace(one, `"label": "setosa"`, `"label": "virginica"`), nil, []string{comes}, `the label is "virginica"`},
		{"another version", replace(one, `"version": "7"`, `"version": "8"`), nil, []string{serves}, `version "8" answers, and "7" was promised`},
		{"another model", nil, func(t *Target) { t.ModelSHA256 = strings.Repeat("0", 64) }, []string{serves}, "was promised"},
		{"challenger alone", replace(one, `"champion"`, `"challenger"`), nil, []string{serves}, "the challenger answered all of 50 clients"},
		{"a field is gone", replace(two, `"assignment"`, `"assigned"`), nil, []string{contract}, "1-client.json: .assignment is gone"},
		{"a field is another type", replace(two, `"version": "7"`, `"version": 7`), nil, []string{contract}, ".model.version was a string, and is a float64"},
		{"more fields are fine", replace(two, `"assignment"`, `"more": [1], "assignment"`), nil, nil, ""},
		{"no problem", func(s *service) { s.kind = jsonType }, nil, []string{malformed, shape, empty}, `want 400 as "application/problem+json"`},
		{"a problem without a type", replace(noJSON, "urn:problem:", "about:"), nil, []string{malformed}, "want a urn:problem:"},
		{"a problem of another status", replace(noRows, `"status": 422`, `"status": 400`), nil, []string{empty}, "status 400"},
		{"too slow", func(s *service) { s.slow = 20 * time.Millisecond }, func(t *Target) { t.Budget = time.Millisecond }, []string{latency}, "too slow: median "},
		{"a metric is missing", func(s *service) {
			s.edit = func(path, text string) string {
				return strings.Join(slices.DeleteFunc(strings.Split(text, "\n"), func(line string) bool {
					return path == metricsFile && strings.Contains(line, "iris_prediction_confidence")
				}), "\n")
			}
		}, nil, []string{metrics}, "no samples of iris_prediction_confidence"},
		{"the version is not measured", replace(metricsFile, "} 7.0", "} 6.0"), nil, []string{metrics}, "iris_model_version is not 7"},
		{"no metrics in it", func(s *service) {
			s.edit = func(path, text string) string {
				if path == metricsFile {
					return "{"
				}
				return text
			}
		}, nil, []string{metrics}, "the metrics cannot be read"},
		{"nobody there", nil, func(t *Target) { t.Base, _ = url.Parse("http://127.0.0.1:1"); t.Health, t.Metrics = t.Base, t.Base },
			[]string{lives, ready, comes, serves, contract, malformed, shape, empty, latency, metrics}, "connection refused"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			target := start(t, test.broken)
			if test.change != nil {
				test.change(&target)
			}
			run := target.Run(t.Context(), time.Now())
			names, said := red(run)
			if !slices.Equal(names, test.names) || !strings.Contains(said, test.says) {
				t.Errorf("red are %q: %s", names, said)
			}
			if (run.Err() != nil) != (len(test.names) > 0) || len(test.names) > 0 && Record(run, "", "").Result != release.Failed {
				t.Errorf("the run is %s: %v", run.Status(), run.Err())
			}
		})
	}
}

// Nobody who was not asked has said anything: that is undecided, and red.
func TestUnasked(t *testing.T) {
	t.Parallel()
	target := start(t, nil)
	target.Client = &http.Client{Timeout: time.Nanosecond}
	run := target.Run(t.Context(), time.Now())
	if run.Status() != report.Undecided || run.Stages[0].Tests.Errored != len(checks) {
		t.Errorf("%s: %v", run.Status(), run.Err())
	}
}

// What was not promised is not asked.
func TestSkipped(t *testing.T) {
	t.Parallel()
	target := start(t, nil)
	target.ModelVersion, target.Metrics = "", nil
	run := target.Run(t.Context(), time.Now())
	var skips []string
	for _, result := range run.Stages[0].Tests.Suites[0].Cases {
		if result.Outcome == finding.Skipped {
			skips = append(skips, result.Message)
		}
	}
	if run.Status() != report.Passed || len(skips) != 2 {
		t.Errorf("%s: %q", run.Status(), skips)
	}
}
