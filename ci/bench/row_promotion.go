package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// promotion is what a person waits for before and after a release: the diff of two environments and a rollback up to its
// commit, by our packages without a container, and the same diff as a call in which nothing changed.
func promotion(ctx context.Context, b *bench) ([]line, error) {
	tools := filepath.Join(b.work, "promotion")
	if err := inTurn(
		b.build(ctx, "build", "-o", tools+"/esteira", "./pipelines/cmd/esteira"),
		b.build(ctx, "test", "-c", "-o", tools+"/promotion.test", "./pipelines/release/promotion")); err != nil {
		return nil, err
	}
	run := command(ctx, tools+"/promotion.test", "-test.run=^$", "-test.bench=^Benchmark(Diff|Rollback)$", "-test.benchtime=5x")
	run.Dir = filepath.Join(b.repository, "pipelines/release/promotion")
	said, err := output(run)
	if err != nil {
		return nil, err
	}
	diff, err := perOperation(said, "BenchmarkDiff")
	if err != nil {
		return nil, err
	}
	rollback, err := perOperation(said, "BenchmarkRollback")
	if err != nil {
		return nil, err
	}
	called, err := b.calledDiff(ctx, tools)
	return []line{
		{what: "promotion diff, without a container", unit: "s", esteira: diff, target: []limit{{0, 1}}},
		{what: "rollback, to its commit", unit: "s", esteira: rollback, target: []limit{{0, 1}}},
		{what: "promotion diff, no change", unit: "s", esteira: called, target: []limit{{0, 2}}},
	}, err
}

// build is a call of go that builds something of this checkout.
func (b *bench) build(ctx context.Context, args ...string) *exec.Cmd {
	c := command(ctx, "go", args...)
	c.Dir = b.repository
	return c
}

// perOperation is how many seconds a benchmark of Go says that it took each time.
func perOperation(said, name string) (float64, error) {
	for line := range strings.Lines(said) {
		fields := strings.Fields(line)
		if len(fields) < 4 || fields[3] != "ns/op" || strings.SplitN(fields[0], "-", 2)[0] != name {
			continue
		}
		nanoseconds, err := strconv.ParseFloat(fields[2], 64)
		return nanoseconds / 1e9, err
	}
	return 0, fmt.Errorf("%s did not run: %s", name, said)
}

// calledDiff is the median of calls of the diff to production, in a repository where staging runs what production does not.
func (b *bench) calledDiff(ctx context.Context, tools string) (float64, error) {
	source := filepath.Join(b.work, "releases")
	if err := b.staged(ctx, tools, source); err != nil {
		return 0, err
	}
	var taken []time.Duration
	for turn := range 4 {
		duration, err := timed(func() error {
			said, err := output(b.dagger(ctx, "call", "promotion", "--source="+source, "diff", "--to=prod"))
			if err == nil && !strings.Contains(said, "\n--expect ") {
				err = fmt.Errorf("the diff does not end with its digest: %s", tail(said))
			}
			return err
		})
		if err != nil {
			return 0, err
		}
		say("promotion diff, no change: %.2f s, %d of 3", duration.Seconds(), turn)
		if turn > 0 { // the first one is to warm up
			taken = append(taken, duration)
		}
	}
	return median(taken).Seconds(), nil
}

// staged makes a repository with this one's environments, where staging runs a tested set and production nothing yet.
func (b *bench) staged(ctx context.Context, tools, source string) error {
	git := func(args ...string) *exec.Cmd {
		return command(ctx, "git", append([]string{"-C", source, "-c", "user.name=Bench", "-c", "user.email=bench@localhost"}, args...)...)
	}
	if err := errors.Join(os.MkdirAll(source, 0o755), inTurn(
		command(ctx, "cp", "-r", b.repository+"/k8s", b.repository+"/esteira.yaml", source),
		git("init", "--quiet", "--initial-branch=main"), git("add", "--all"), git("commit", "--quiet", "--message=Begin"))); err != nil {
		return err
	}
	head, err := output(git("rev-parse", "HEAD"))
	if err != nil {
		return err
	}
	digest := "sha256:" + strings.Repeat("a1", 32)
	candidate := fmt.Sprintf(`{"images": {"api-gateway": {"digest": %q, "version": "main-1", "source": %q}}}`, digest, strings.TrimSpace(head))
	verifications := fmt.Sprintf(`[{"digest": %q, "verified": true, "source": %q}]`, digest, strings.TrimSpace(head))
	if err := errors.Join(os.WriteFile(tools+"/candidate.json", []byte(candidate), 0o644), os.WriteFile(tools+"/verifications.json", []byte(verifications), 0o644)); err != nil {
		return err
	}
	esteira := func(args ...string) *exec.Cmd {
		return command(ctx, tools+"/esteira", append([]string{"promotion", args[0], "--repository", source, "--author=Bench <bench@localhost>"}, args[1:]...)...)
	}
	said, err := output(esteira("promote", "--to=staging", "--candidate="+tools+"/candidate.json", "--verifications="+tools+"/verifications.json"))
	if err != nil {
		return err
	}
	_, set, _ := strings.Cut(said, "sha256:")
	tests := fmt.Sprintf(`{"result": "passed", "at": %q, "run": "https://ci.example/1", "set": %.64q}`, time.Now().UTC().Format(time.RFC3339), set)
	if err := os.WriteFile(tools+"/tests.json", []byte(tests), 0o644); err != nil {
		return err
	}
	return inTurn(esteira("record", "--environment=staging", "--tests="+tools+"/tests.json"))
}
