package promotion_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/esteira/esteira/pipelines/git"
	"github.com/esteira/esteira/pipelines/git/gittest"
	"github.com/esteira/esteira/pipelines/release"
	"github.com/esteira/esteira/pipelines/release/promotion"
)

const byRequest = "      approvals: 1\n      delivery: pull-request\n"

// requested is a settled world whose policy asks for pull requests.
func requested(t *testing.T) *world {
	w := settled(t)
	w.replace("esteira.yaml", "      approvals: 1\n", byRequest)
	w.commit("Ask for pull requests", "Bob <bob@example.com>")
	return w
}

// propose promotes with an approval of a commit; none for the empty one.
func (w *world) propose(approved string, set ...int) (release.Outcome, error) {
	w.t.Helper()
	ctx := context.Background()
	request := promotion.Request{To: "prod"}
	for _, sequence := range set {
		request.Set = sequence
	}
	plan, err := w.at.Plan(ctx, request)
	must(w, err)
	evidence := w.evidence(plan.After, approved)
	if approved == "" {
		evidence.Reviews = nil
	}
	return w.at.Promote(ctx, request, evidence)
}

// A set lies on a branch of its own until the commit that reviewers saw is approved; then that very commit is merged, with
// their approvals.
func TestPullRequest(t *testing.T) {
	t.Parallel()
	w := requested(t)
	main := w.git("rev-parse", "main")
	proposed, err := w.propose("")
	if err != nil || !proposed.Proposed || !proposed.Moved || proposed.Branch != "promotion/prod-2" || w.git("rev-parse", "main") != main {
		t.Fatalf("%+v, %v", proposed, err)
	}
	if again, err := w.propose(""); err != nil || again.Moved || again.Commit != proposed.Commit {
		t.Errorf("called again: %+v, %v", again, err)
	}
	if _, err := w.propose(strings.Repeat("0", 40)); err == nil || !strings.Contains(err.Error(), "eve saw 000000000000") {
		t.Errorf("approved for another commit: %v", err)
	}
	w.write("docs/elsewhere", "work goes on")
	w.commit("Go on", "Bob <bob@example.com>")
	outcome, err := w.propose(proposed.Commit)
	if err != nil || outcome.Proposed || !outcome.Moved {
		t.Fatalf("%+v, %v", outcome, err)
	}
	if parents := strings.Fields(w.git("log", "-1", "--format=%P", "main")); len(parents) != 2 || parents[1] != proposed.Commit {
		t.Errorf("parents are %v, and %s was approved", parents, proposed.Commit)
	}
	set := w.set("prod")
	if set.Digest() != proposed.Set || set.Approvals[0].Commit != proposed.Commit || w.read("docs/elsewhere") == "" {
		t.Errorf("%+v", set)
	}
	w.sound("prod")
	if again, err := w.propose(proposed.Commit); err != nil || again.Moved {
		t.Errorf("called again: %+v, %v", again, err)
	}
}

// What was put onto the branch of a pull request beside the set, and what is not what would be promoted now, is refused.
func TestPullRequestRefuses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		spoil func(w *world, proposed release.Outcome)
		says  string
	}{
		{"one more commit", func(w *world, p release.Outcome) {
			w.git("checkout", "--quiet", p.Branch)
			w.write("backdoor", "x")
			w.commit("Hide", "Eve <eve@example.com>")
			w.git("checkout", "--quiet", "main")
		}, "somebody put more onto it"},
		{"another commit in its place", func(w *world, p release.Outcome) {
			w.git("checkout", "--quiet", p.Branch)
			w.write("backdoor", "x")
			w.git("add", "--all")
			w.git("commit", "--quiet", "--amend", "--no-edit")
			w.git("checkout", "--quiet", "main")
		}, `it changes ["backdoor"`},
		{"other content", func(w *world, p release.Outcome) {
			w.git("checkout", "--quiet", p.Branch)
			w.replace("k8s/overlays/prod/release/kustomization.yaml", "MODEL_VERSION=", "MODEL_VERSION=7")
			w.git("add", "--all")
			w.git("commit", "--quiet", "--amend", "--no-edit")
			w.git("checkout", "--quiet", "main")
		}, "there is a conflict in k8s/overlays/prod/release/kustomization.yaml"},
		{"a conflict", func(w *world, _ release.Outcome) {
			w.replace("k8s/overlays/prod/release/kustomization.yaml", "newName: esteira.azurecr.io/api-gateway", "newName: other.azurecr.io/api-gateway")
			w.commit("Move the registry", "Bob <bob@example.com>")
		}, "there is a conflict in k8s/overlays/prod/release/kustomization.yaml"},
		{"a newer set of staging", func(w *world, _ release.Outcome) { w.stage(w.candidate()) }, "is not what would be promoted now: close it, delete the branch, and promote again; or go on with it by --set 2, which is what it has of staging"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := requested(t)
			proposed, err := w.propose("")
			must(w, err)
			test.spoil(w, proposed)
			before := w.git("rev-parse", "main")
			_, err = w.propose(w.git("rev-parse", proposed.Branch))
			if err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("error %v, want %s", err, test.says)
			}
			if w.git("rev-parse", "main") != before {
				t.Error("something was moved")
			}
		})
	}
}

// A proposal that waits for its approval goes on when staging is further already.
func TestPullRequestOfAnOlderSet(t *testing.T) {
	t.Parallel()
	w := requested(t)
	proposed, err := w.propose("")
	must(w, err)
	w.stage(w.candidate())
	outcome, err := w.propose(proposed.Commit, 2)
	if err != nil || !outcome.Moved || w.set("prod").From.Sequence != 2 {
		t.Errorf("%+v, %v", outcome, err)
	}
	w.sound("prod")
}

// With a remote its branch is moved, with lease; the clone follows.
func TestRemote(t *testing.T) {
	t.Parallel()
	w := settled(t)
	w.at.Remote = w.remoteOf()
	outcome, err := w.promote(promotion.Request{})
	if err != nil {
		t.Fatal(err)
	}
	if there := w.git("--git-dir="+w.at.Remote, "rev-parse", "main"); there != outcome.Commit || w.git("rev-parse", "main") != there {
		t.Errorf("the remote is at %s after %+v", there, outcome)
	}
	w.git("reset", "--quiet", "--hard", "HEAD^") // a clone that is behind
	w.tick()
	back, err := w.at.Rollback(context.Background(), promotion.Back{Environment: "prod", Owner: "me", Reason: "why"})
	if err != nil || w.git("rev-parse", "main") != back.Commit {
		t.Errorf("%+v, %v", back, err)
	}
	w.write("mine", "x")
	w.commit("Something of my own", "Bob <bob@example.com>")
	if _, err := w.at.Pin(context.Background(), "prod", nil); err == nil || !strings.Contains(err.Error(), "the branch main has diverged") {
		t.Errorf("a clone that has diverged: %v", err)
	}
	w.git("reset", "--quiet", "--hard", "HEAD^")
	w.git("checkout", "--quiet", "--detach")
	w.git("branch", "--quiet", "-D", "main")
	if unpinned, err := w.at.Pin(context.Background(), "prod", nil); err != nil || !unpinned.Moved {
		t.Errorf("a checkout without a branch: %+v, %v", unpinned, err)
	}
	w.at.Remote = filepath.Join(w.dir, "nowhere")
	if _, err := w.at.Pin(context.Background(), "prod", nil); err == nil || !strings.Contains(err.Error(), "does not answer") {
		t.Errorf("a remote that is not there: %v", err)
	}
}

// Who loses the race to the remote is told, whatever was pushed meanwhile.
func TestLostPush(t *testing.T) {
	t.Parallel()
	w := settled(t)
	w.at.Remote = w.remoteOf()
	other := gittest.Folder(t)
	w.git("clone", "--quiet", w.at.Remote, other)
	err := withEvidence(w, promotion.Request{}, func(e *promotion.Evidence) {
		read, reads := e.Reviews, 0
		e.Reviews = func() (release.PullRequest, error) {
			if reads++; reads == 2 { // between the commit and the push
				must(w, os.WriteFile(filepath.Join(other, "faster"), nil, 0o600))
				w.git("-C", other, "add", "--all")
				w.git("-C", other, "-c", "user.name=b", "-c", "user.email=b@b", "commit", "--quiet", "--message=Faster")
				w.git("-C", other, "push", "--quiet", "origin", "main")
			}
			return read()
		}
	})
	if !errors.Is(err, git.ErrLost) || !strings.Contains(err.Error(), "look again what would change, and call again") {
		t.Errorf("%v", err)
	}
	if _, err := w.promote(promotion.Request{}); err != nil {
		t.Errorf("called again: %v", err)
	}
	if w.git("show", "main:faster") != "" {
		t.Error("what was pushed meanwhile is gone")
	}
}

// A rollback of what Image Updater writes to makes it ignore all tags in the same commit; what it writes a moment later is
// taken back by the same call; without the pin it goes on.
func TestImageUpdater(t *testing.T) {
	t.Parallel()
	w := settled(t)
	const updater = "k8s/argocd/image-updater/iris-dev.yaml"
	w.replace("esteira.yaml", "    prod:\n", "    prod:\n      updater: "+updater+"\n")
	w.commit("Have it updated", "Bob <bob@example.com>")
	original := w.read(updater)
	if _, err := w.promote(promotion.Request{}); err != nil {
		t.Fatal(err)
	}
	back := promotion.Back{Environment: "prod", Owner: "me", Reason: "why", Expires: w.at.Now.Add(time.Hour)}
	first, err := w.at.Rollback(context.Background(), back)
	if err != nil {
		t.Fatal(err)
	}
	if changed := w.git("show", "--format=", "--name-only", first.Commit); !strings.Contains(changed, updater) {
		t.Errorf("the commit changes %s", changed)
	}
	if got := w.read(updater); got != strings.Replace(original, "    allowTags: regexp:^main-[0-9]{14}-[0-9a-f]{7,40}$\n", "    allowTags: regexp:^main-[0-9]{14}-[0-9a-f]{7,40}$\n    ignoreTags:\n      - \"*\"\n", 1) {
		t.Errorf("it is told\n%s", got)
	}
	set := w.set("prod")
	w.replace("k8s/overlays/prod/release/kustomization.yaml", set.Images["api-gateway"].Digest, "sha256:"+digits(77))
	late := w.commit("Deploy api-gateway", "Updater <updater@example.com>")
	again, err := w.at.Rollback(context.Background(), back)
	if err != nil || !again.Moved || w.set("prod").Digest() != set.Digest() {
		t.Errorf("%+v, %v", again, err)
	}
	if changed := w.git("diff", "--name-only", late+"^", "main"); changed != "" {
		t.Errorf("the late write left something in %s", changed)
	}
	w.sound("prod")
	if _, err := w.at.Pin(context.Background(), "prod", nil); err != nil || w.read(updater) != original {
		t.Errorf("unpinned, it is told %v\n%s", err, w.read(updater))
	}
}

// Development has no sets: its rollback brings tags back, silences Image Updater, and takes back what it wrote late.
func TestDevelopment(t *testing.T) {
	t.Parallel()
	const tags, updater = "k8s/overlays/dev/kustomization.yaml", "k8s/argocd/image-updater/iris-dev.yaml"
	w := settled(t)
	w.replace("esteira.yaml", "    staging: {}\n", "    staging: {}\n    dev: {updater: "+updater+"}\n")
	w.commit("Have it updated", "Bob <bob@example.com>")
	first := w.read(tags)
	w.replace(tags, "newTag: main-00000000000000-0000000", "newTag: main-20261123100000-1234567")
	good := w.commit("Deploy api-gateway", "Updater <updater@example.com>")
	second := w.read(tags)
	w.replace(tags, "newTag: main-20261123100000-1234567", "newTag: main-20261123110000-2234567")
	w.commit("Deploy api-gateway", "Updater <updater@example.com>")
	back := promotion.Back{Environment: "dev", Owner: "java-team", Reason: "it does not start"}
	ctx := context.Background()
	outcome, err := w.at.Rollback(ctx, back)
	if err != nil || w.read(tags) != second || !strings.Contains(w.read(updater), `- "*"`) || w.set("dev").Pin.Owner != "java-team" {
		t.Fatalf("%+v, %v", outcome, err)
	}
	if changed := w.git("show", "--format=", "--name-only"); changed != updater+"\n"+tags+"\nk8s/overlays/dev/release.yaml" {
		t.Errorf("the commit changes %s", changed)
	}
	if again, err := w.at.Rollback(ctx, back); err != nil || again.Moved {
		t.Errorf("called again: %+v, %v", again, err)
	}
	w.sound("dev")
	w.replace(tags, "newTag: main-20261123100000-1234567", "newTag: main-20261123120000-3234567")
	w.commit("Deploy api-gateway", "Updater <updater@example.com>")
	if _, err := w.at.Verify(ctx, "main", "dev", ""); err == nil || !strings.Contains(err.Error(), "somebody wrote other images after the pin of java-team") {
		t.Errorf("a late write: %v", err)
	}
	if again, err := w.at.Rollback(ctx, back); err != nil || !again.Moved || w.read(tags) != second {
		t.Errorf("after a late write: %+v, %v", again, err)
	}
	back.Reason, back.Commit = "that one neither", good+"^"
	if older, err := w.at.Rollback(ctx, back); err != nil || w.read(tags) != first {
		t.Errorf("to an older commit: %+v, %v", older, err)
	}
	w.sound("dev")
	if _, err := w.at.Pin(ctx, "dev", nil); err != nil || strings.Contains(w.read(updater), "ignoreTags") {
		t.Errorf("unpinned: %v\n%s", err, w.read(updater))
	}
	w.sound("dev")
	for _, test := range []struct {
		err  func() error
		says string
	}{
		{func() error {
			_, err := w.at.Promote(ctx, promotion.Request{To: "dev"}, promotion.Evidence{})
			return err
		}, "dev: its images are written by Image Updater"},
		{func() error { back.To = 3; _, err := w.at.Rollback(ctx, back); return err }, "dev has no sets"},
		{func() error { back.To, back.Commit = 0, "nowhere"; _, err := w.at.Rollback(ctx, back); return err }, `"nowhere" is no commit here`},
		{func() error { back.Environment = "prod"; _, err := w.at.Rollback(ctx, back); return err }, "prod has sets"},
	} {
		if err := test.err(); err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%v does not say %q", err, test.says)
		}
	}
}
