package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/signal"
	"syscall"
	"time"

	"github.com/esteira/esteira/pipelines/release"
	"github.com/esteira/esteira/pipelines/rollout"
)

// followed is what a watch came to, and what Git says since.
type followed struct {
	rollout.Result
	// WrittenBack is the rollback in Git; nil where there was none to make, or nobody asked for it.
	WrittenBack *release.Outcome `json:"writtenBack,omitempty"`
}

// watchRollout follows a set until the cluster runs it, has taken it back, or the time is over; and writes back what it took
// back. Anything but a set that is healthy is red.
func watchRollout(args []string, out io.Writer) error {
	p := newPromoting("watch").committing()
	var environment, commit, kubeconfig, cluster, owner string
	var back bool
	p.commits = func() bool { return back }
	watch := rollout.Watch{Silence: time.Minute}
	p.StringVar(&environment, "environment", "", "`environment` whose set is followed")
	p.StringVar(&commit, "commit", "", "`commit` that has the set; none means where the branch is")
	p.StringVar(&kubeconfig, "kubeconfig", "", "`file` that says how the cluster is reached; none means as kubectl does, and in a pod its service account")
	p.StringVar(&cluster, "context", "", "`name` of the kubeconfig's context; none means its current one")
	p.StringVar(&watch.Application, "application", "", "`name` of Argo CD's application")
	p.StringVar(&watch.Namespace, "namespace", "argocd", "`namespace` of that application")
	p.DurationVar(&watch.Limit, "limit", 15*time.Minute, "`time` that it may take")
	p.DurationVar(&watch.Interval, "interval", 2*time.Second, "`time` between two looks")
	p.DurationVar(&watch.Patience, "patience", 30*time.Second, "`time` for which the application may be degraded")
	p.BoolVar(&back, "write-back", false, "roll the set back in Git, too, where the cluster took it back")
	p.StringVar(&owner, "owner", "", "`who` takes that rollback's pin away again")
	w, done, err := p.call(args, out)
	if done || err != nil {
		return err
	}
	switch {
	case environment == "" || watch.Application == "":
		return p.wrong("name the --environment and the --application")
	case back && owner == "":
		return p.wrong("a rollback pins what it brings back: name its --owner")
	case watch.Limit <= 0 || watch.Interval <= 0 || watch.Patience < 0:
		return p.wrong("--limit and --interval have to be more than nothing")
	}
	if watch.Cluster, err = rollout.Connect(kubeconfig, cluster); err != nil {
		return err
	}
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer cancel()
	source := rollout.Source{Repository: w.Repository, Branch: w.Branch, Remote: w.Remote}
	if watch.Goal, err = source.Goal(ctx, environment, commit); err != nil {
		return err
	}
	watch.Tell = func(line string) { fmt.Fprintln(out, line) }
	result, err := watch.Follow(ctx)
	if err != nil {
		return err
	}
	became := followed{Result: result}
	text := result.String()
	if back && result.Outcome == rollout.RolledBack {
		w.Now = w.Now.Add(result.Duration)
		outcome, failed := rollout.WriteBack(ctx, w, result, owner)
		if failed == nil {
			became.WrittenBack, text = &outcome, text+"\n"+outcome.Words
		}
		err = failed
	}
	if err := errors.Join(err, p.tell(out, text, became)); err != nil {
		return err
	}
	if result.Outcome != rollout.Healthy {
		return errors.New(result.String())
	}
	return nil
}
