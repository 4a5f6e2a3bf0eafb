package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/esteira/esteira/pipelines/release"
	"github.com/esteira/esteira/pipelines/release/promotion"
	"github.com/esteira/esteira/pipelines/report"
)

// requesting are the flags that say what is to be promoted.
type requesting struct {
	*promoting
	request    promotion.Request
	candidate  string
	components list
}

func newRequesting(name string) *requesting {
	r := &requesting{promoting: newPromoting(name)}
	r.StringVar(&r.request.To, "to", "", "`environment` that it goes to")
	r.StringVar(&r.request.From, "from", "", "`environment` that it comes from; none means as the policy says")
	r.IntVar(&r.request.Set, "set", 0, "`sequence` of the set that moves; none means the one that runs there now")
	r.Var(&r.components, "component", "`name` of an image or a model that moves; several times for several; none means all")
	r.StringVar(&r.candidate, "candidate", "", "`file` with the images and models, as JSON, for an environment that takes candidates")
	r.StringVar(&r.request.Emergency, "emergency", "", "`reason` why it can't wait for a freeze to end")
	return r
}

func (r *requesting) call(args []string, out io.Writer) (w promotion.Workspace, done bool, err error) {
	if w, done, err = r.promoting.call(args, out); done || err != nil {
		return w, done, err
	}
	if r.request.To == "" {
		return w, false, r.wrong("name the environment that it goes --to")
	}
	r.request.Components = r.components
	if r.candidate != "" {
		candidate, err := readFile(r.candidate, release.ReadCandidate)
		if err != nil {
			return w, false, err
		}
		r.request.Candidate = &candidate
	}
	return w, false, nil
}

// diffPromotion shows what a promotion would change. It changes nothing itself.
func diffPromotion(args []string, out io.Writer) error {
	r := newRequesting("diff")
	var inputs promotion.Inputs
	var records list
	var policies, cost string
	r.Var(&records, "record", "`MODEL=FILE` with the gate's statement about a model; several times for several")
	r.StringVar(&policies, "policies", "", "`file` with the run of the policies' stage, as JSON")
	r.StringVar(&cost, "cost", "", "`file` with the run of the cost stage, as JSON")
	w, done, err := r.call(args, out)
	if done || err != nil {
		return err
	}
	if inputs.Records, err = readRecords(r, records); err != nil {
		return err
	}
	for file, into := range map[string]**report.Run{policies: &inputs.Policies, cost: &inputs.Cost} {
		if file == "" {
			continue
		}
		run, err := readFile(file, report.ReadJSON)
		if err != nil {
			return err
		}
		*into = &run
	}
	diff, err := w.Diff(context.Background(), r.request, inputs)
	if err != nil {
		return err
	}
	return r.tell(out, diff.String(), diff)
}

func readRecords(r *requesting, pairs list) (map[string][]byte, error) {
	records := map[string][]byte{}
	for _, pair := range pairs {
		model, file, found := strings.Cut(pair, "=")
		if !found {
			return nil, r.wrong("--record is %q: write MODEL=FILE", pair)
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		records[model] = text
	}
	return records, nil
}

// promote moves a set to an environment.
func promote(args []string, out io.Writer) error {
	r := newRequesting("promote")
	r.committing()
	var evidence promotion.Evidence
	var reviews, verifications string
	live := reviewing{call: r}
	live.flags()
	r.StringVar(&evidence.Expect, "expect", "", "`digest` that diff printed: anything else is refused")
	r.StringVar(&reviews, "reviews", "", "`file` with the reviews, as JSON; it is read twice")
	r.StringVar(&verifications, "verifications", "", "`file` with the verified signatures, as JSON")
	w, done, err := r.call(args, out)
	if done || err != nil {
		return err
	}
	if reviews != "" {
		evidence.Reviews = func() (release.PullRequest, error) { return readFile(reviews, release.ReadPullRequest) }
	}
	if live.number > 0 || live.at.Name != "" {
		if reviews != "" {
			return r.wrong("--reviews and --github both say who reviewed it: name one")
		}
		evidence.Reviews = func() (release.PullRequest, error) { return live.read(context.Background(), w) }
	}
	if verifications != "" {
		if evidence.Verifications, err = readFile(verifications, release.ReadVerifications); err != nil {
			return err
		}
	}
	outcome, err := w.Promote(context.Background(), r.request, evidence)
	return r.told(out, outcome, err)
}

// rollBack brings an older set back.
func rollBack(args []string, out io.Writer) error {
	p := newPromoting("rollback").committing()
	var back promotion.Back
	var expires string
	p.StringVar(&back.Environment, "environment", "", "`environment` that goes back")
	p.IntVar(&back.To, "to", 0, "`sequence` of the set that comes back; none means the one before")
	p.StringVar(&back.Commit, "commit", "", "`commit` whose images come back, where Image Updater writes them; none means those before")
	p.StringVar(&back.Owner, "owner", "", "`who` takes its pin away again")
	p.StringVar(&back.Reason, "reason", "", "`why`")
	p.StringVar(&expires, "expires", "", "`time` at which its pin ends; none means as the policy says")
	w, done, err := p.call(args, out)
	if done || err != nil {
		return err
	}
	if back.Environment == "" || back.Owner == "" || back.Reason == "" {
		return p.wrong("name the --environment, the --owner of the pin and a --reason")
	}
	if expires != "" {
		if back.Expires, err = p.time("expires", expires); err != nil {
			return err
		}
	}
	outcome, err := w.Rollback(context.Background(), back)
	return p.told(out, outcome, err)
}

// pin keeps an environment at what it is.
func pin(args []string, out io.Writer) error {
	p := newPromoting("pin").committing()
	var environment, expires string
	var pin release.Pin
	var components list
	p.StringVar(&environment, "environment", "", "`environment` that is pinned")
	p.StringVar(&pin.Owner, "owner", "", "`who` takes the pin away again")
	p.StringVar(&pin.Reason, "reason", "", "`why`")
	p.StringVar(&expires, "expires", "", "`time` at which it ends")
	p.Var(&components, "component", "`name` of an image or a model that is pinned; several times for several; none means all")
	w, done, err := p.call(args, out)
	if done || err != nil {
		return err
	}
	if environment == "" || pin.Owner == "" || pin.Reason == "" || expires == "" {
		return p.wrong("name the --environment, the --owner, a --reason and when it --expires")
	}
	if pin.Expires, err = p.time("expires", expires); err != nil {
		return err
	}
	pin.Components = components
	outcome, err := w.Pin(context.Background(), environment, &pin)
	return p.told(out, outcome, err)
}

// unpin takes a pin away.
func unpin(args []string, out io.Writer) error {
	p := newPromoting("unpin").committing()
	var environment string
	p.StringVar(&environment, "environment", "", "`environment` that is pinned")
	w, done, err := p.call(args, out)
	if done || err != nil {
		return err
	}
	if environment == "" {
		return p.wrong("name the --environment")
	}
	outcome, err := w.Pin(context.Background(), environment, nil)
	return p.told(out, outcome, err)
}

// recordTests writes what integration tests came to.
func recordTests(args []string, out io.Writer) error {
	p := newPromoting("record").committing()
	var environment, file string
	p.StringVar(&environment, "environment", "", "`environment` that was tested")
	p.StringVar(&file, "tests", "", "`file` with the result: result, at, run and set, as JSON")
	w, done, err := p.call(args, out)
	if done || err != nil {
		return err
	}
	if environment == "" || file == "" {
		return p.wrong("name the --environment and the result of its --tests")
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var tests release.Tests
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&tests); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	outcome, err := w.Record(context.Background(), environment, tests)
	return p.told(out, outcome, err)
}
