package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// How a service is loaded: single predictions over some connections, after a time that does not count.
const (
	servingConnections = "16"
	servingWarmUp      = "1s"
	servingDuration    = "4s"
	servingTurns       = 3
)

// serving is single predictions of an ONNX model by our service and by `mlflow models serve`, with as many workers each.
func serving(ctx context.Context, b *bench) ([]line, error) {
	root, err := b.python(ctx, environment{"/ours", "apps/inference-service/requirements.txt"},
		environment{"/theirs", "ci/bench/serving/requirements.txt"})
	if err != nil {
		return nil, err
	}
	digest, err := b.servedModel(ctx, root)
	if err != nil {
		return nil, err
	}
	var lines []line
	for _, workers := range []int{1, 2} {
		measured, err := servingWith(ctx, root, digest, workers)
		if err != nil {
			return lines, err
		}
		lines = append(lines, measured...)
	}
	return lines, nil
}

// servedModel brings the service, the script of the load and the model into the bare system; it returns the model's digest.
func (b *bench) servedModel(ctx context.Context, root string) (string, error) {
	service := filepath.Join(root, "inference-service")
	bring := []error{os.RemoveAll(service), os.RemoveAll(filepath.Join(root, "models"))}
	for from, to := range map[string]string{
		"apps/inference-service/src": "inference-service/src", "apps/inference-service/tests": "inference-service/tests",
		"ci/bench/serving": "serving",
	} {
		bring = append(bring, os.RemoveAll(filepath.Join(root, to)),
			os.CopyFS(filepath.Join(root, to), os.DirFS(filepath.Join(b.repository, from))))
	}
	if err := errors.Join(bring...); err != nil {
		return "", err
	}
	script := chrooted(ctx, root, []string{"PYTHONPATH=/inference-service", "MLFLOW_DISABLE_TELEMETRY=true"},
		"/theirs/bin/python", "/serving/model.py", "/models")
	digest, err := output(script)
	return strings.TrimSpace(digest), err
}

// servingWith lets both services take turns.
func servingWith(ctx context.Context, root, digest string, workers int) ([]line, error) {
	ours, err := ourService(root, digest, workers)
	if err != nil {
		return nil, err
	}
	theirs, err := mlflowService(root, workers)
	if err != nil {
		return nil, err
	}
	a, b, err := sideBySide(ctx, servingTurns, side{ours.name, ours.once}, side{theirs.name, theirs.once})
	if err != nil {
		return nil, err
	}
	if !equalWithin(ours.probabilities, theirs.probabilities, 1e-6) {
		return nil, fmt.Errorf("the services disagree: %v, and MLflow's %v", ours.probabilities, theirs.probabilities)
	}
	fifth := []limit{{0.2, 0}}
	what := fmt.Sprintf("serving, %d workers, ", workers)
	if workers == 1 {
		what = "serving, 1 worker, "
	}
	p99, start := median(ours.p99[1:]), median(ours.start[1:])
	theirP99, theirStart := median(theirs.p99[1:]), median(theirs.start[1:])
	return []line{
		{what: what + "1000 predictions", unit: "ms", esteira: a * 1e3, bare: b * 1e3, target: fifth},
		{what: what + "p99", unit: "ms", esteira: p99.Seconds() * 1e3, bare: theirP99.Seconds() * 1e3, target: fifth},
		{what: what + "start to ready", unit: "s", esteira: start.Seconds(), bare: theirStart.Seconds(), target: fifth},
	}, nil
}

// service is a server of predictions that is started, loaded and ended again and again.
type service struct {
	name          string
	root          string
	env, args     []string
	ready         string // the address that answers 200 when it is ready
	predict, body string
	read          func([]byte) ([]float64, error)
	probabilities []float64
	p99, start    []time.Duration
}

// ourService is the inference service.
func ourService(root, digest string, workers int) (*service, error) {
	port, err := freePort()
	address := fmt.Sprintf("http://127.0.0.1:%d", port)
	return &service{
		name: fmt.Sprintf("inference-service, %d", workers), root: root,
		env: []string{"PYTHONPATH=/inference-service/src", "MODEL_DIR=/models", "MODEL_SHA256=" + digest, "MODEL_NAME=iris"},
		args: []string{"/ours/bin/python", "-m", "inference_service", "--host=127.0.0.1", "--port=" + strconv.Itoa(port),
			"--workers=" + strconv.Itoa(workers)},
		ready: address + "/health/ready", predict: address + "/v1/predictions", body: `{"instances":[[6.0,2.7,5.1,1.6]]}`,
		read: func(text []byte) ([]float64, error) {
			var answer struct {
				Predictions []struct {
					Probabilities struct{ Setosa, Versicolor, Virginica float64 }
				}
			}
			if err := json.Unmarshal(text, &answer); err != nil || len(answer.Predictions) != 1 {
				return nil, fmt.Errorf("%d predictions, not one: %w", len(answer.Predictions), err)
			}
			p := answer.Predictions[0].Probabilities
			return []float64{p.Setosa, p.Versicolor, p.Virginica}, nil
		},
	}, err
}

// mlflowService is `mlflow models serve`.
func mlflowService(root string, workers int) (*service, error) {
	port, err := freePort()
	address := fmt.Sprintf("http://127.0.0.1:%d", port)
	return &service{
		name: fmt.Sprintf("mlflow models serve, %d", workers), root: root,
		env: []string{"MLFLOW_DISABLE_TELEMETRY=true", "PATH=/theirs/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
		args: []string{"/theirs/bin/mlflow", "models", "serve", "--env-manager=local", "--model-uri=/models/mlflow", "--host=127.0.0.1",
			"--port=" + strconv.Itoa(port), "--workers=" + strconv.Itoa(workers)},
		ready: address + "/ping", predict: address + "/invocations", body: `{"inputs":{"features":[[6.0,2.7,5.1,1.6]]}}`,
		read: func(text []byte) ([]float64, error) {
			var answer struct {
				Predictions struct{ Probabilities [][]float64 }
			}
			if err := json.Unmarshal(text, &answer); err != nil || len(answer.Predictions.Probabilities) != 1 {
				return nil, fmt.Errorf("%d predictions, not one: %w", len(answer.Predictions.Probabilities), err)
			}
			return answer.Predictions.Probabilities[0], nil
		},
	}, err
}

// once starts the service, loads it and ends it; it returns the time that 1000 predictions took, all workers at work.
func (s *service) once(ctx context.Context) (time.Duration, error) {
	ctx, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	defer func() {
		stop()
		<-ended // so that the next one finds the port free
	}()
	program := chrooted(ctx, s.root, s.env, s.args...)
	begin := time.Now()
	go func() {
		_, err := output(program)
		ended <- err
		close(ended)
	}()
	if err := untilReady(ctx, s.ready, ended); err != nil {
		return 0, fmt.Errorf("%s: %w", s.name, err)
	}
	s.start = append(s.start, time.Since(begin))
	if err := s.ask(ctx); err != nil {
		return 0, err
	}
	if _, err := s.load(ctx, servingWarmUp); err != nil {
		return 0, err
	}
	found, err := s.load(ctx, servingDuration)
	if err != nil {
		return 0, err
	}
	s.p99 = append(s.p99, time.Duration(found.P99)*time.Microsecond)
	say("%s: %d requests/s, p99 %.1f ms", s.name, found.Requests*1e6/found.Microseconds, float64(found.P99)/1e3)
	return 1000 * time.Duration(found.Microseconds) * time.Microsecond / time.Duration(found.Requests), nil
}

// untilReady waits until an address answers 200.
func untilReady(ctx context.Context, address string, ended <-chan error) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return err
		}
		request.Close = true
		if response, err := http.DefaultClient.Do(request); err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case err := <-ended:
			return fmt.Errorf("it ended before it was ready: %w", err)
		case <-ctx.Done():
			return errors.New("it was not ready within a minute")
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// ask sends one prediction and keeps what came out.
func (s *service) ask(ctx context.Context) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.predict, strings.NewReader(s.body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err == nil {
		s.probabilities, err = s.read(text)
	}
	if err != nil {
		return fmt.Errorf("%s: %w: %s", s.name, err, bytes.TrimSpace(text))
	}
	return nil
}

// loaded is what came of a load.
type loaded struct{ Requests, Microseconds, P99, Failed int }

// load sends predictions for a time, as many as the service answers.
func (s *service) load(ctx context.Context, duration string) (loaded, error) {
	said, err := output(chrooted(ctx, s.root, nil, "wrk", "--threads=1", "--connections="+servingConnections,
		"--duration="+duration, "--script=/serving/post.lua", s.predict, "--", s.body))
	if err != nil {
		return loaded{}, err
	}
	lines := strings.Split(strings.TrimSpace(said), "\n")
	var found loaded
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &found); err != nil {
		return loaded{}, fmt.Errorf("wrk: %w: %s", err, tail(said))
	}
	if found.Failed > 0 || found.Requests == 0 {
		return loaded{}, fmt.Errorf("%s: %d of %d requests failed", s.name, found.Failed, found.Requests)
	}
	return found, nil
}

func equalWithin(a, b []float64, tolerance float64) bool {
	return slices.EqualFunc(a, b, func(x, y float64) bool { return math.Abs(x-y) <= tolerance })
}
