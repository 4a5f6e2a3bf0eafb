// Package integration asks a deployed prediction service, through its gateway, whether it does what was promised: a smoke and
// contract suite against a base URL. It changes nothing there.
package integration

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"time"

	"github.com/esteira/esteira/pipelines/finding"
	"github.com/esteira/esteira/pipelines/release"
	"github.com/esteira/esteira/pipelines/report"
)

// Target is what is asked, and what was promised of it.
type Target struct {
	// Base is the gateway's address. Health is where its probes are and Metrics the service's metrics, if they are elsewhere or
	// reachable at all: nil leaves Metrics out.
	Base, Health, Metrics *url.URL
	// ModelVersion is what the answers have to say; empty leaves that out. So for ModelSHA256.
	ModelVersion, ModelSHA256 string
	// Budget is how long 95 of 100 predictions may take at most, of so many Requests, one after the other.
	Budget   time.Duration
	Requests int
	Client   *http.Client
}

// Path is that of predictions at the gateway.
const Path = "api/v1/predictions"

// suite is the name that reports have.
const suite = "integration"

// check is one promise.
type check struct {
	name string
	ask  func(context.Context, Target) (fact string, err error)
}

// checks are all promises, in the order in which they are asked.
var checks = []check{
	{"the process lives", healthy("health/live")},
	{"it is ready", healthy("health/ready")},
	{"a prediction comes through the gateway", predicts},
	{"the model is the promised one", servesModel},
	{"an old client's request is answered as it was", keepsContract},
	{"what is no JSON is refused as a problem", refuses(`{"instances": [[`, http.StatusBadRequest)},
	{"rows of words are refused as a problem", refuses(`{"instances": [["a", "b"]]}`, http.StatusUnprocessableEntity)},
	{"no rows are refused as a problem", refuses(`{"instances": []}`, http.StatusUnprocessableEntity)},
	{"predictions are quick enough", quick},
	{"the metrics are there", measures},
}

// skipped says that nothing was promised that could be asked.
type skipped struct{ reason string }

func (s skipped) Error() string { return s.reason }

// unasked says that a question did not arrive, or no answer came: nobody knows.
type unasked struct{ error }

// Run asks everything, one after the other, and says what came out. A run in which something could not be asked is red.
func (t Target) Run(ctx context.Context, now time.Time) report.Run {
	results := finding.Suite{Name: suite}
	stage := report.Stage{Name: "integration-tests", Status: report.Passed, Started: now}
	for _, check := range checks {
		started := time.Now()
		fact, err := check.ask(ctx, t)
		result := finding.Case{Class: suite, Name: check.name, Outcome: outcome(err), Duration: time.Since(started)}
		if err != nil {
			result.Message = err.Error()
		}
		if fact != "" {
			stage.Facts = append(stage.Facts, report.Fact{Name: check.name, Value: fact})
		}
		stage.Duration += result.Duration
		results.Cases = append(results.Cases, result)
	}
	stage.Tests = &finding.Tests{Duration: stage.Duration}
	stage.Tests.Add(results)
	stage.Summary = fmt.Sprintf("%d of %d passed at %s", stage.Tests.Passed, stage.Tests.Total(), t.Base.Redacted())
	switch {
	case stage.Tests.Failed > 0:
		stage.Status, stage.Remedy = report.Failed, "see the failed tests: this set does not do what was promised"
	case stage.Tests.Errored > 0:
		stage.Status, stage.Remedy = report.Undecided, "see whether the address is right and answers from here"
	}
	return report.Run{Title: "Integration tests", Started: now, Duration: stage.Duration, Stages: []report.Stage{stage}}
}

func outcome(err error) finding.Outcome {
	var skip skipped
	var silent unasked
	switch {
	case err == nil:
		return finding.Passed
	case errors.As(err, &skip):
		return finding.Skipped
	case errors.As(err, &silent):
		return finding.Errored
	}
	return finding.Failed
}

// Record is what a release set keeps of a run. page is where that can be looked up.
func Record(run report.Run, set, page string) release.Tests {
	tests := release.Tests{Result: release.Failed, At: run.Started.UTC().Truncate(time.Second), Run: page, Set: set}
	if run.Status() == report.Passed {
		tests.Result = release.Passed
	}
	return tests
}

// answer is what came back.
type answer struct {
	status int
	kind   string // the media type
	body   []byte
}

// largest is the longest answer that is read.
const largest = 8 << 20

// send asks once. headers come in pairs.
func (t Target) send(ctx context.Context, method string, at *url.URL, body []byte, headers ...string) (answer, error) {
	request, err := http.NewRequestWithContext(ctx, method, at.String(), bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := t.Client.Do(request)
	if err != nil {
		return answer{}, unasked{err}
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, largest))
	if err != nil {
		return answer{}, unasked{fmt.Errorf("%s %s: %w", method, at.Redacted(), err)}
	}
	kind, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	return answer{response.StatusCode, kind, text}, nil
}

// is an error if the answer is anything else, with the beginning of what it says.
func (a answer) is(status int, kind string) error {
	const shown = 200
	if a.status == status && (kind == "" || a.kind == kind) {
		return nil
	}
	return fmt.Errorf("it answered %d as %q, want %d as %q: %.*q", a.status, a.kind, status, kind, shown, a.body)
}

func (a answer) read(into any) error {
	if err := json.Unmarshal(a.body, into); err != nil {
		return fmt.Errorf("the answer is not what it should be: %w: %.200q", err, a.body)
	}
	return nil
}
