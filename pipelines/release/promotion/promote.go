package promotion

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/esteira/esteira/pipelines/release"
	"github.com/esteira/esteira/pipelines/release/policy"
)

// Evidence is what a promotion needs to know that Git does not tell.
type Evidence struct {
	// Expect is the digest that Plan printed; empty for whoever did not look.
	Expect string
	// Verifications are those of the signatures of all that the set has.
	Verifications []release.Verification
	// Reviews reads the reviews. It is asked twice: a review may be taken back meanwhile.
	Reviews func() (release.PullRequest, error)
}

// Promote moves a set to an environment: by one commit onto the branch or, where the policy asks for a pull request, first
// onto a branch of its own and, once it is approved, from there. Where nothing is left to do, nothing is done.
func (w Workspace) Promote(ctx context.Context, request Request, evidence Evidence) (release.Outcome, error) {
	if err := w.prepare(ctx); err != nil {
		return release.Outcome{}, err
	}
	plan, err := w.Plan(ctx, request)
	if err != nil {
		return release.Outcome{}, err
	}
	if plan.Nothing {
		return plan.state.outcome(plan.Base, fmt.Sprintf("%s is set %d, sha256:%s, already: nothing was done", request.To, plan.Before.Sequence, plan.Before.Digest())), nil
	}
	if evidence.Expect != "" && evidence.Expect != plan.Expect {
		return release.Outcome{}, fmt.Errorf("--expect is %.12s…, and this would be %.12s…: what was looked at (the set, commit %.12s, the policy) has changed: look again, by diff", evidence.Expect, plan.Expect, plan.Base)
	}
	refusals := plan.Refusals
	if !plan.state.asked.Unsigned {
		if err := plan.After.Signed(evidence.Verifications); err != nil {
			refusals = append(refusals, strings.Split(err.Error(), "\n")...)
		}
	}
	if len(refusals) > 0 {
		return release.Outcome{}, refused(request.To, refusals)
	}
	if plan.state.asked.Delivery == policy.PullRequest {
		return w.request(ctx, plan, evidence)
	}
	return w.push(ctx, plan, evidence, plan.Base)
}

// Refused are the reasons for which a promotion is refused.
type Refused struct {
	Environment string
	Reasons     []string
}

func (r *Refused) Error() string {
	return fmt.Sprintf("nothing is promoted to %s: %s", r.Environment, strings.Join(r.Reasons, "; "))
}

func refused(environment string, reasons []string) error { return &Refused{environment, reasons} }

// outcome is that of a set that is there already.
func (s *state) outcome(commit, words string) release.Outcome {
	return release.Outcome{Environment: s.environment, Sequence: s.set.Sequence, Set: s.set.Digest(), Branch: s.policy.Branch, Commit: commit, Words: words}
}

// push makes the commit and puts it onto the branch. Approvals have to be about a commit: what reviewers saw; if that is not
// the base, it becomes a parent.
func (w Workspace) push(ctx context.Context, plan Plan, evidence Evidence, seen string) (release.Outcome, error) {
	// Reviews change; who had a part in what moves does not.
	involved := sync.OnceValues(func() ([]release.Person, error) { return w.involved(ctx, plan) })
	approvals, err := w.approvals(plan, evidence, seen, involved)
	if err != nil {
		return release.Outcome{}, refused(plan.After.Environment, []string{err.Error()})
	}
	after := plan.After
	after.Approvals = approvals
	files, err := plan.state.rewritten(after)
	if err != nil {
		return release.Outcome{}, err
	}
	var parents []string
	if seen != plan.Base {
		parents = append(parents, seen)
	}
	title := plan.title()
	commit, err := w.commit(ctx, plan.state, files, message(title, plan.body(), after), parents...)
	if err != nil {
		return release.Outcome{}, err
	}
	again, err := w.approvals(plan, evidence, seen, involved)
	if err != nil {
		return release.Outcome{}, refused(plan.After.Environment, []string{"read again before the push: " + err.Error()})
	}
	if len(again) < len(approvals) {
		return release.Outcome{}, refused(plan.After.Environment, []string{"read again before the push: an approval was taken back"})
	}
	if err := w.deliver(ctx, plan.Base, commit, title); err != nil {
		return release.Outcome{}, err
	}
	return release.Outcome{
		Environment: after.Environment, Sequence: after.Sequence, Set: after.Digest(), Moved: true, Branch: w.Branch, Commit: commit,
		Title: title, Body: plan.body(),
		Words: fmt.Sprintf("%s is set %d, sha256:%s, by commit %s", after.Environment, after.Sequence, after.Digest(), commit),
	}, nil
}

// approvals are those that count for what reviewers saw.
func (w Workspace) approvals(plan Plan, evidence Evidence, seen string, involved func() ([]release.Person, error)) ([]release.Approval, error) {
	asked := plan.state.asked.Approvals
	if plan.After.Emergency != nil {
		asked = plan.After.Emergency.Approvals
	}
	if asked == 0 {
		return nil, nil
	}
	if evidence.Reviews == nil {
		return nil, fmt.Errorf("approvals: 0 of %d: nobody said who reviewed it", asked)
	}
	request, err := evidence.Reviews()
	if err != nil {
		return nil, err
	}
	people, err := involved()
	if err != nil {
		return nil, err
	}
	return release.Approved(request, release.Asked{Approvals: asked, Commit: seen, Involved: people, Now: w.Now})
}

// proposal is the branch of a pull request for a set.
func proposal(set release.Set) string {
	return fmt.Sprintf("promotion/%s-%d", set.Environment, set.Sequence)
}

// request puts a set onto a branch of its own or, where it lies there and is approved, onto the branch of the cluster.
func (w Workspace) request(ctx context.Context, plan Plan, evidence Evidence) (release.Outcome, error) {
	branch := proposal(plan.After)
	head, err := w.head(ctx, branch)
	if err != nil {
		return release.Outcome{}, err
	}
	if head == "" {
		return w.propose(ctx, plan, branch)
	}
	if err := w.proposed(ctx, plan, branch, head); err != nil {
		return release.Outcome{}, err
	}
	if evidence.Reviews == nil {
		outcome := plan.proposal(branch, head)
		outcome.Words = fmt.Sprintf("set %d for %s lies on %s already: have %.12s approved, and call again with the reviews", plan.After.Sequence, plan.After.Environment, branch, head)
		return outcome, nil
	}
	return w.push(ctx, plan, evidence, head)
}

// head is where a branch is; empty for one that there is not.
func (w Workspace) head(ctx context.Context, branch string) (string, error) {
	if w.Remote != "" {
		return w.Repository.RemoteHead(ctx, w.Remote, branch)
	}
	commit, err := w.Repository.Resolve(ctx, "refs/heads/"+branch)
	if err != nil {
		return "", nil
	}
	return commit, nil
}

// propose puts a set onto a branch of its own, which must not be there yet.
func (w Workspace) propose(ctx context.Context, plan Plan, branch string) (release.Outcome, error) {
	commit, err := w.commit(ctx, plan.state, plan.files, message(plan.title(), plan.body(), plan.After))
	if err != nil {
		return release.Outcome{}, err
	}
	if w.Remote != "" {
		err = w.Repository.Push(ctx, w.Remote, branch, "", commit)
	} else {
		err = w.Repository.Create(ctx, branch, commit, plan.title())
	}
	if err != nil {
		return release.Outcome{}, err
	}
	outcome := plan.proposal(branch, commit)
	outcome.Moved = true
	outcome.Words = fmt.Sprintf("set %d for %s is proposed on %s by commit %s: have it approved, and call again", plan.After.Sequence, plan.After.Environment, branch, commit)
	return outcome, nil
}

func (p Plan) proposal(branch, commit string) release.Outcome {
	return release.Outcome{
		Environment: p.After.Environment, Sequence: p.After.Sequence, Set: p.After.Digest(), Proposed: true,
		Branch: branch, Commit: commit, Title: p.title(), Body: p.body(),
	}
}

// proposed is an error unless a branch has exactly what is planned, on top of something that the base has, too: what
// reviewers saw is what is to be.
func (w Workspace) proposed(ctx context.Context, plan Plan, branch, head string) error {
	again := fmt.Errorf("%s at %.12s is not what would be promoted now: close it, delete the branch, and promote again%s", branch, head, w.proposes(ctx, plan, head))
	parent, err := w.Repository.Resolve(ctx, head+"^")
	if err != nil {
		return errors.Join(again, err)
	}
	known, err := w.Repository.IsAncestor(ctx, parent, plan.Base)
	if err != nil {
		return err
	}
	if !known {
		return fmt.Errorf("%w: somebody put more onto it", again)
	}
	changed, err := w.Repository.Changed(ctx, parent, head)
	if err != nil {
		return err
	}
	if want := slices.Sorted(maps.Keys(plan.files)); !slices.Equal(changed, want) {
		return fmt.Errorf("%w: it changes %q, and this would change %q", again, changed, want)
	}
	got, err := w.Repository.ReadPaths(ctx, head, changed...)
	if err != nil {
		return err
	}
	for name, want := range plan.files {
		if !bytes.Equal(got[name], want) {
			return fmt.Errorf("%w: there is a conflict in %s", again, name)
		}
	}
	return nil
}

// proposes says how to go on with a proposal that has another set of the same environment.
func (w Workspace) proposes(ctx context.Context, plan Plan, head string) string {
	text, err := w.Repository.Read(ctx, head, release.File(plan.After.Environment))
	if err != nil {
		return ""
	}
	set, err := release.Read(bytes.NewReader(text))
	if err != nil || set.From == nil || plan.After.From == nil || set.From.Sequence == plan.After.From.Sequence {
		return ""
	}
	return fmt.Sprintf("; or go on with it by --set %d, which is what it has of %s", set.From.Sequence, set.From.Environment)
}

// title and body are what the commit and the pull request say.
func (p Plan) title() string {
	return fmt.Sprintf("Promote %s to %s, set %d", strings.Join(moved(p.Before, p.After), ", "), p.After.Environment, p.After.Sequence)
}

func (p Plan) body() string {
	var body strings.Builder
	for _, component := range moved(p.Before, p.After) {
		fmt.Fprintf(&body, "%s: %s → %s\n", component, named(p.Before, component), named(p.After, component))
	}
	if p.After.From != nil {
		fmt.Fprintf(&body, "\nSet %d of %s, sha256:%s, ran this and passed its integration tests.\n", p.After.From.Sequence, p.After.From.Environment, p.After.From.Digest)
	}
	if p.After.Emergency != nil {
		fmt.Fprintf(&body, "\nEmergency: %s\n", p.After.Emergency.Reason)
	}
	return strings.TrimSpace(body.String())
}

// moved are the components that do not run the same.
func moved(before, after release.Set) []string {
	old, now := before.Runs(), after.Runs()
	var names []string
	for _, component := range slices.Compact(slices.Sorted(slices.Values(append(before.Components(), after.Components()...)))) {
		if old[component] != now[component] {
			names = append(names, component)
		}
	}
	return names
}

// named is a component's version for people.
func named(set release.Set, component string) string {
	if image, is := set.Images[component]; is {
		return fmt.Sprintf("%s (%.19s)", image.Version, image.Digest)
	}
	if model, is := set.Models[component]; is {
		return fmt.Sprintf("version %s (sha256:%.12s)", model.Version, model.SHA256)
	}
	return "nothing"
}
