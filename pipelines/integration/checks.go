package integration

import (
	"bytes"
	"cmp"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

const (
	jsonType    = "application/json"
	problemType = "application/problem+json"
	// experimentKey says which variant of an experiment answers.
	experimentKey = "X-Experiment-Key"
)

// row is one flower: a setosa, by the data that the model is of.
var row = []byte(`{"instances": [[5.1, 3.5, 1.4, 0.2]]}`)

func healthy(path string) func(context.Context, Target) (string, error) {
	return func(ctx context.Context, t Target) (string, error) {
		got, err := t.send(ctx, http.MethodGet, t.Health.JoinPath(path), nil)
		if err != nil {
			return "", err
		}
		return "", got.is(http.StatusOK, "")
	}
}

// predictions is what is read of an answer.
type predictions struct {
	Model       struct{ Name, Version, SHA256 string }
	Variant     string
	Predictions []struct {
		ID, Label     string
		Probabilities map[string]float64
	}
}

func (t Target) predict(ctx context.Context, headers ...string) (predictions, error) {
	var said predictions
	got, err := t.send(ctx, http.MethodPost, t.Base.JoinPath(Path), row, headers...)
	if err != nil {
		return said, err
	}
	if err := got.is(http.StatusOK, jsonType); err != nil {
		return said, err
	}
	return said, got.read(&said)
}

// predicts wants one prediction for one row: a label that is the likeliest, and probabilities that add up to 1.
func predicts(ctx context.Context, t Target) (string, error) {
	said, err := t.predict(ctx)
	if err != nil {
		return "", err
	}
	if len(said.Predictions) != 1 {
		return "", fmt.Errorf("%d predictions for one row", len(said.Predictions))
	}
	first := said.Predictions[0]
	sum, most := 0.0, 0.0
	for _, probability := range first.Probabilities {
		sum, most = sum+probability, max(most, probability)
	}
	switch {
	case first.ID == "" || first.Label == "":
		return "", fmt.Errorf("the prediction has id %q and label %q: both are needed", first.ID, first.Label)
	case math.Abs(sum-1) > 1e-3:
		return "", fmt.Errorf("the probabilities add up to %g", sum)
	case first.Probabilities[first.Label] != most:
		return "", fmt.Errorf("the label is %q with %g, and another one has %g", first.Label, first.Probabilities[first.Label], most)
	}
	return fmt.Sprintf("%s, %.3f, by version %s of %s", first.Label, most, said.Model.Version, said.Model.Name), nil
}

// keys are how many clients ask at most until the champion answers one: an experiment has others answered by its challenger.
const keys = 50

// servesModel wants the champion to be the model that was promised.
func servesModel(ctx context.Context, t Target) (string, error) {
	if t.ModelVersion == "" && t.ModelSHA256 == "" {
		return "", skipped{"no version and no digest of a model was promised"}
	}
	for key := range keys {
		said, err := t.predict(ctx, experimentKey, "integration-"+strconv.Itoa(key))
		switch {
		case err != nil:
			return "", err
		case said.Variant == "challenger":
		case t.ModelVersion != "" && said.Model.Version != t.ModelVersion:
			return "", fmt.Errorf("version %q answers, and %q was promised", said.Model.Version, t.ModelVersion)
		case t.ModelSHA256 != "" && said.Model.SHA256 != t.ModelSHA256:
			return "", fmt.Errorf("model sha256:%s answers, and sha256:%s was promised", said.Model.SHA256, t.ModelSHA256)
		default:
			return "", nil
		}
	}
	return "", fmt.Errorf("the challenger answered all of %d clients", keys)
}

// contracts are requests of clients that are out there, and the answers that they were made for.
//
//go:embed contract
var contracts embed.FS

// contract is one of them.
type contract struct {
	Request  json.RawMessage
	Response struct {
		Status int
		Body   any
	}
}

// keepsContract sends what old clients send. The answer has to have every field that theirs had, of the same type; more fields
// are none of their business.
func keepsContract(ctx context.Context, t Target) (string, error) {
	names, err := fs.Glob(contracts, "contract/*.json")
	if err != nil {
		return "", err
	}
	var broken []error
	for _, name := range names {
		broken = append(broken, t.keeps(ctx, name))
	}
	return "", errors.Join(broken...)
}

func (t Target) keeps(ctx context.Context, name string) error {
	text, err := contracts.ReadFile(name)
	if err != nil {
		return err
	}
	var old contract
	if err := json.Unmarshal(text, &old); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	got, err := t.send(ctx, http.MethodPost, t.Base.JoinPath(Path), old.Request)
	if err != nil {
		return err
	}
	if err := got.is(old.Response.Status, jsonType); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	var body any
	if err := got.read(&body); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if lacks := lacking("", old.Response.Body, body); len(lacks) > 0 {
		return fmt.Errorf("%s: %s", name, strings.Join(lacks, "; "))
	}
	return nil
}

// lacking says what of an older answer a newer one has not, or has as another type.
func lacking(at string, old, now any) []string {
	switch old := old.(type) {
	case map[string]any:
		now, is := now.(map[string]any)
		if !is {
			return []string{fmt.Sprintf("%s is no object any more", cmp.Or(at, "the answer"))}
		}
		var lacks []string
		for _, key := range slices.Sorted(maps.Keys(old)) {
			value, there := now[key]
			if !there {
				lacks = append(lacks, fmt.Sprintf("%s.%s is gone", at, key))
				continue
			}
			lacks = append(lacks, lacking(at+"."+key, old[key], value)...)
		}
		return lacks
	case []any:
		now, is := now.([]any)
		if !is || len(now) != len(old) {
			return []string{fmt.Sprintf("%s is no list of %d any more", cmp.Or(at, "the answer"), len(old))}
		}
		var lacks []string
		for i := range old {
			lacks = append(lacks, lacking(fmt.Sprintf("%s[%d]", at, i), old[i], now[i])...)
		}
		return lacks
	}
	if was, is := fmt.Sprintf("%T", old), fmt.Sprintf("%T", now); was != is {
		return []string{fmt.Sprintf("%s was a %s, and is a %s", cmp.Or(at, "the answer"), was, is)}
	}
	return nil
}

// problem is RFC 9457's.
type problem struct {
	Type, Title, Detail string
	Status              int
}

// refuses wants a request to be refused by a problem document, whose status is the answer's own.
func refuses(body string, status int) func(context.Context, Target) (string, error) {
	return func(ctx context.Context, t Target) (string, error) {
		got, err := t.send(ctx, http.MethodPost, t.Base.JoinPath(Path), []byte(body))
		if err != nil {
			return "", err
		}
		if err := got.is(status, problemType); err != nil {
			return "", err
		}
		var said problem
		if err := got.read(&said); err != nil {
			return "", err
		}
		if said.Status != status || said.Title == "" || !strings.HasPrefix(said.Type, "urn:problem:") {
			return "", fmt.Errorf("the problem has type %q, title %q and status %d: want a urn:problem:, a title and %d", said.Type, said.Title, said.Status, status)
		}
		return "", nil
	}
}

// quick wants 95 of 100 predictions to take no longer than the budget, as it takes from here.
func quick(ctx context.Context, t Target) (string, error) {
	if t.Requests < 1 {
		return "", fmt.Errorf("%d requests have no latency", t.Requests)
	}
	var took []time.Duration
	for range t.Requests {
		started := time.Now()
		if _, err := t.predict(ctx); err != nil {
			return "", fmt.Errorf("after %d requests: %w", len(took), err)
		}
		took = append(took, time.Since(started))
	}
	slices.Sort(took)
	median, most := quantile(took, 50), quantile(took, 95)
	fact := fmt.Sprintf("median %s, 95 of 100 within %s, budget %s, %d requests", round(median), round(most), t.Budget, t.Requests)
	if most > t.Budget {
		return fact, errors.New("too slow: " + fact)
	}
	return fact, nil
}

// quantile is the smallest of sorted times that so many percent are not above.
func quantile(sorted []time.Duration, percent int) time.Duration {
	return sorted[(len(sorted)*percent+99)/100-1]
}

func round(d time.Duration) time.Duration { return d.Round(100 * time.Microsecond) }

// families are the metrics that the roadmap promises of the inference service.
var families = []string{"iris_predictions_total", "iris_prediction_latency_seconds", "iris_model_version", "iris_prediction_confidence"}

// measures wants all of them, each with a sample, and the promised version among those of iris_model_version.
func measures(ctx context.Context, t Target) (string, error) {
	if t.Metrics == nil {
		return "", skipped{"the service's metrics are not reachable from here (--metrics-url)"}
	}
	got, err := t.send(ctx, http.MethodGet, t.Metrics, nil, "Accept", "text/plain;version=0.0.4")
	if err != nil {
		return "", err
	}
	if err := got.is(http.StatusOK, "text/plain"); err != nil {
		return "", err
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	found, err := parser.TextToMetricFamilies(bytes.NewReader(got.body))
	if err != nil {
		return "", fmt.Errorf("the metrics cannot be read: %w", err)
	}
	var lacks []string
	for _, name := range families {
		if family := found[name]; family == nil || len(family.Metric) == 0 {
			lacks = append(lacks, name)
		}
	}
	if len(lacks) > 0 {
		return "", fmt.Errorf("no samples of %s", strings.Join(lacks, ", "))
	}
	if t.ModelVersion == "" {
		return "", nil
	}
	for _, metric := range found["iris_model_version"].Metric {
		if strconv.FormatFloat(metric.GetGauge().GetValue(), 'f', -1, 64) == t.ModelVersion {
			return "", nil
		}
	}
	return "", fmt.Errorf("iris_model_version is not %s, which was promised", t.ModelVersion)
}
