// Package rollout follows what a cluster makes of a release set: Argo CD brings what Git says, Flagger looks at it before it
// gets the traffic. Each look is judged as it is, whatever was seen before, so that a watch that was cut off, or is called
// again, comes to the same.
package rollout

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"time"
)

// Outcome is what a cluster made of a set.
type Outcome string

// The outcomes. Undecided is red as well: nobody can say yet, or any more.
const (
	Healthy    Outcome = "healthy"
	RolledBack Outcome = "rolled back"
	Undecided  Outcome = "undecided"
)

// Result is what became of a set, and why.
type Result struct {
	Environment string `json:"environment"`
	Sequence    int    `json:"sequence"`
	// Set is its digest, Commit the one that Argo CD had to get to.
	Set     string  `json:"set"`
	Commit  string  `json:"commit"`
	Outcome Outcome `json:"outcome"`
	// Reason is why it is not healthy.
	Reason   string        `json:"reason,omitempty"`
	Started  time.Time     `json:"started"`
	Duration time.Duration `json:"durationNanoseconds"`
}

func (r Result) String() string {
	return fmt.Sprintf("set %d of %s is %s after %s%s", r.Sequence, r.Environment, r.Outcome, r.Duration.Round(time.Second), after(": ", r.Reason))
}

// Watch is what is watched, and how long.
type Watch struct {
	Cluster Cluster
	Goal    Goal
	// Application is Argo CD's, Namespace the one that it is in.
	Application, Namespace string
	// Limit is how long it may take in all.
	Limit time.Duration
	// Interval is the time between two looks.
	Interval time.Duration
	// Patience is how long the application may be degraded before that counts.
	Patience time.Duration
	// Tell gets a line whenever something is not as it was, and each Silence if nothing is.
	Tell    func(line string)
	Silence time.Duration
}

// denials is how many looks in a row may be denied: a server that has just started denies what it grants a moment later.
const denials = 3

// watching is a watch under way.
type watching struct {
	Watch
	started, spoken, degraded time.Time
	told                      map[string]string
	denied                    int
	// waits is what the last look waits for.
	waits string
	// known are commits that Argo CD was at.
	known map[string]standing
}

// Follow looks until the set is healthy, is rolled back, or the time is over. The error of a context that ended is that
// context's.
func (w Watch) Follow(ctx context.Context) (Result, error) {
	now := time.Now()
	f := &watching{Watch: w, started: now, spoken: now, told: map[string]string{}, known: map[string]standing{}}
	f.Tell(fmt.Sprintf("set %d of %s, from commit %.12s on, is watched for %s", w.Goal.Set.Sequence, w.Goal.Set.Environment, w.Goal.Commit, w.Limit))
	for {
		outcome, reason := f.look(ctx)
		if ctx.Err() != nil {
			return Result{}, context.Cause(ctx)
		}
		if outcome == "" && time.Since(f.started) >= w.Limit {
			outcome, reason = Undecided, fmt.Sprintf("%s are over: %s", w.Limit, f.waits)
		}
		if outcome != "" {
			return f.result(outcome, reason), nil
		}
		select {
		case <-ctx.Done():
			return Result{}, context.Cause(ctx)
		case <-time.After(w.Interval):
		}
	}
}

func (f *watching) result(outcome Outcome, reason string) Result {
	set := f.Goal.Set
	return Result{
		Environment: set.Environment, Sequence: set.Sequence, Set: set.Digest(), Commit: f.Goal.Commit,
		Outcome: outcome, Reason: reason, Started: f.started.UTC(), Duration: time.Since(f.started),
	}
}

// look looks once. No outcome means that it goes on.
func (f *watching) look(ctx context.Context) (outcome Outcome, reason string) {
	seen, err := f.Cluster.look(ctx, f.Namespace, f.Application)
	if err != nil {
		return f.unanswered(err)
	}
	f.denied = 0
	delete(f.told, "")
	at, err := f.standing(ctx, seen.application.Status.Sync.Revision)
	if err != nil { // the remote may be away for a moment, too
		f.wait(words(err.Error()))
		f.tell([][2]string{{"git", f.waits}})
		return "", ""
	}
	f.tell(seen.lines(at.words))
	switch {
	case at.replaced != 0:
		return Undecided, fmt.Sprintf("set %d came before it was healthy", at.replaced)
	case !at.reached:
		f.wait(fmt.Sprintf("%s is %s", f.Application, at.words))
		return "", ""
	}
	return f.decide(seen.judge(f.Goal.Set))
}

// decide says what a look comes to.
func (f *watching) decide(j judged) (outcome Outcome, reason string) {
	now := time.Now()
	if !j.degraded {
		f.degraded = time.Time{}
	} else if f.degraded.IsZero() {
		f.degraded = now
	}
	f.wait(strings.Join(j.waits, "; "))
	switch {
	case len(j.failed) > 0:
		return RolledBack, strings.Join(j.failed, "; ")
	case j.degraded && now.Sub(f.degraded) >= f.Patience:
		return RolledBack, fmt.Sprintf("degraded for %s: %s", f.Patience, f.waits)
	case len(j.waits) == 0:
		return Healthy, ""
	}
	return "", ""
}

// unanswered says what it means that a look saw nothing: mostly that it is to be tried again.
func (f *watching) unanswered(err error) (outcome Outcome, reason string) {
	var refused *Refusal
	switch is := errors.As(err, &refused); {
	case is && refused.denied():
		if f.denied++; f.denied >= denials {
			return Undecided, "the cluster does not let us look: " + words(err.Error())
		}
	case is && refused.Code == http.StatusNotFound:
		err = fmt.Errorf("there is no application %s of Argo CD in the namespace %s: %w", f.Application, f.Namespace, err)
	default:
		err = fmt.Errorf("the cluster does not answer, and is asked again: %w", err)
	}
	f.wait(words(err.Error()))
	f.tell([][2]string{{"", f.waits}})
	return "", ""
}

// standing is that of the goal, asked once a commit that is known here.
func (f *watching) standing(ctx context.Context, revision string) (standing, error) {
	if known, is := f.known[revision]; is {
		return known, nil
	}
	at, err := f.Goal.standing(ctx, revision)
	if err == nil && (at.reached || at.replaced != 0) {
		f.known[revision] = at
	}
	return at, err
}

func (f *watching) wait(text string) { f.waits = text }

// tell prints what changed since it was told, and what is waited for after a long silence.
func (f *watching) tell(lines [][2]string) {
	before := maps.Clone(f.told)
	for _, line := range lines {
		about, text := line[0], line[1]
		if before[about] != text {
			f.say(strings.TrimPrefix(about+": "+text, ": "))
			f.told[about] = text
		}
	}
	if f.Silence > 0 && time.Since(f.spoken) >= f.Silence {
		f.say("still waits: " + f.waits)
	}
}

func (f *watching) say(text string) {
	f.spoken = time.Now()
	f.Tell(fmt.Sprintf("%4.0f s  %s", time.Since(f.started).Seconds(), text))
}
