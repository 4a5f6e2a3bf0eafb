package promotion_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/esteira/esteira/pipelines/release"
	"github.com/esteira/esteira/pipelines/release/promotion"
)

// fault is something wrong in a world in which production runs set 1 and staging has a tested set 2, and what is said of it.
type fault struct {
	name string
	// spoil breaks it; nil leaves it as it is.
	spoil func(w *world)
	// try is what is tried; nil promotes to production.
	try  func(w *world) error
	says []string
}

var faults = []fault{
	{"an unknown environment", nil, promoteTo("qa"), []string{`the environment "qa" is unknown`, `["prod" "staging"]`}},
	{"an environment that climbs", nil, promoteTo("../../etc"), []string{`"../../etc" is no environment`}},
	{"an environment that is an option", nil, promoteTo("--all"), []string{`"--all" is no environment`}},
	{"another origin than the policy's", nil, requesting(promotion.Request{From: "dev"}), []string{"prod takes what staging ran, and nothing from dev"}},
	{"a candidate that staging never saw", nil, requesting(promotion.Request{Candidate: &release.Candidate{}}), []string{"prod takes what staging ran, and no candidates"}},
	{"no candidate", nil, promoteTo("staging"), []string{"staging takes candidates, and none is named"}},
	{"an unknown component", nil, requesting(promotion.Request{Components: []string{"gateway"}}), []string{`the component "gateway" is unknown: there are ["api-gateway" "inference-service" "iris"]`}},
	{
		"a combination that staging never ran", nil, requesting(promotion.Request{Components: []string{"api-gateway"}}),
		[]string{"staging never ran this combination"},
	},
	{"missing tests", func(w *world) { w.toStaging(w.candidate()) }, nil, []string{"set 3 of staging has no result of integration tests"}},
	{"failed tests", func(w *world) { w.record(w.toStaging(w.candidate()), release.Failed) }, nil, []string{"the integration tests of set 3 of staging failed: https://ci.example/2"}},
	{
		"tests of another set", func(w *world) {
			w.replace("k8s/overlays/staging/release.yaml", w.set("staging").Digest(), digits(99))
			w.commit("Claim", "Bob <bob@example.com>")
		}, nil, []string{"the integration tests of set 2 of staging ran against sha256:0063aaaaaaaa…, not against it"},
	},
	{"an image without a signature", nil, without("image"), []string{"api-gateway: nobody verified the signatures of sha256:0004aaaa"}},
	{"a model without a signature", nil, without("model"), []string{"iris: nobody verified the signatures of sha256:0006aaaa"}},
	{"a bad signature", nil, verified(func(v *release.Verification) { v.Verified, v.Reason = false, "no matching signatures" }), []string{"is not signed as it has to be: no matching signatures"}},
	{"provenance of another commit", nil, verified(func(v *release.Verification) { v.Source = strings.Repeat("0", 40) }), []string{"its signed provenance says 000000000000"}},
	{"a signed record that says otherwise", nil, verified(func(v *release.Verification) {
		if v.Verdict != "" {
			v.Verdict = "reject"
		}
	}), []string{`the set says that the gate's verdict is "bless", the signed record says "reject"`}},
	{"a rejected model", verdict("reject"), nil, []string{`iris: the gate's verdict is "reject"`}},
	{"an undecided model", verdict("inconclusive"), nil, []string{`iris: the gate's verdict is "inconclusive"`}},
	{"a rubber stamp of nobody's", verdict("rubber-stamp"), nil, []string{"iris: the gate's verdict is rubber-stamp, and nobody approved it"}},
	{"no reviews", nil, withReviews(nil), []string{"approvals: 0 of 1: nobody said who reviewed it"}},
	{"reviews that cannot be read", nil, withReviews(func(*release.PullRequest) error { return errors.New("GET /reviews: 503, GitHub is down") }), []string{"GET /reviews: 503"}},
	{"an approval of another commit", nil, reviewed(func(r *release.Review) { r.Commit = strings.Repeat("0", 40) }), []string{"approvals: 0 of 1; not counted: eve saw 000000000000"}},
	{"an approval that was taken back", nil, reviewed(func(r *release.Review) { r.State = "DISMISSED" }), []string{"eve does not approve any more (DISMISSED)"}},
	{"somebody who asks for changes", nil, reviewed(func(r *release.Review) { r.State = "CHANGES_REQUESTED" }), []string{"eve asks for changes"}},
	{"an approval by an author", nil, reviewed(func(r *release.Review) { r.Reviewer = "Bob" }), []string{"Bob wrote "}},
	{"an approval by an author of another component", nil, reviewed(func(r *release.Review) { r.Reviewer = "cy" }), []string{"cy wrote "}},
	{
		"an approval by a co-author", func(w *world) {
			w.write("apps/api-gateway/more", "x")
			w.commit("Pair\n\nCo-authored-by: Eve <3+eve@users.noreply.github.com>", "Bob <12+bob@users.noreply.github.com>")
			w.stage(w.candidate())
		}, nil, []string{"not counted: eve wrote ", ", too"},
	},
	{
		"an approval by an author of what is taken away", func(w *world) {
			old := w.set("prod")
			w.write("apps/api-gateway/more", "x")
			w.commit("Add", "Gus <4+gus@users.noreply.github.com>")
			w.ship()
			w.stage(&release.Candidate{Images: old.Images, Models: old.Models})
		}, reviewed(func(r *release.Review) { r.Reviewer = "gus" }), []string{"not counted: gus wrote "},
	},
	{
		"a component in whose folder nobody wrote anything", func(w *world) {
			w.git("checkout", "--quiet", "--force", "-B", "main", w.git("rev-list", "--max-parents=0", "main"))
			w.replace("esteira.yaml", "path: apps/api-gateway", "path: apps/renamed")
			w.commit("Rename", "Bob <12+bob@users.noreply.github.com>")
			w.stage(w.candidate())
		}, nil, []string{"api-gateway: no commit up to ", " changes apps/renamed, and so nobody knows who had a part in it"},
	},
	{"an approval by who pushed", nil, withReviews(func(p *release.PullRequest) error { p.Pushers = []string{"EVE"}; return nil }), []string{"eve pushed some of it"}},
	{"nobody said who pushed", nil, withReviews(func(p *release.PullRequest) error { p.Pushers = nil; return nil }), []string{"nobody said who pushed"}},
	{"an author whom nobody knows", nil, withReviews(func(p *release.PullRequest) error { delete(p.Logins, "cy@example.com"); return nil }), []string{"Cy <cy@example.com> wrote ", "nobody knows who that is at GitHub"}},
	{"an approval by a bot", nil, reviewed(func(r *release.Review) { r.Kind = "Bot" }), []string{`eve is no person ("Bot")`}},
	{"an approval by who may not write", nil, reviewed(func(r *release.Review) { r.Permission = "triage" }), []string{`eve may not write ("triage")`}},
	{"an approval from tomorrow", nil, reviewed(func(r *release.Review) { r.At = r.At.AddDate(0, 0, 1) }), []string{"which is yet to come"}},
	{
		"an approval that is taken back before the push", nil, func(w *world) error {
			read := 0
			return withReviews(func(p *release.PullRequest) error {
				if read++; read > 1 {
					p.Reviews[0].State = "DISMISSED"
				}
				return nil
			})(w)
		}, []string{"read again before the push: approvals: 0 of 1"},
	},
	{"a Friday evening", at("2026-11-27T16:00:00Z"), nil, []string{"prod is frozen: from Fri 16:00 to Mon 08:00 in Europe/Lisbon, where it is Fri 16:01"}},
	{"a holiday", at("2026-12-24T12:00:00Z"), nil, []string{"prod is frozen: 2026-12-24 is a holiday in Europe/Lisbon"}},
	{"an emergency of one person", at("2026-12-24T12:00:00Z"), requesting(promotion.Request{Emergency: "all orders fail"}), []string{"approvals: 1 of 2"}},
	{"an emergency on a Monday", nil, requesting(promotion.Request{Emergency: "I want to go home"}), []string{"prod is not frozen: it needs no emergency"}},
	{"a line that is stopped", inPolicy("  environments:\n    staging", "  stop: {owner: platform-team, reason: the registry lost data}\n  environments:\n    staging"), nil, []string{"platform-team has stopped the line: the registry lost data"}},
	{"a clock that is behind", at("2026-11-23T08:00:00Z"), nil, []string{"the clock says 2026-11-23T08:01:00Z, and commit "}},
	{"a pin", pinned(), nil, []string{"prod is pinned by ml-team until 2026-12-01T00:00:00Z"}},
	{"a pin on what moves", pinned("iris"), nil, []string{`prod is pinned by ml-team until 2026-12-01T00:00:00Z (["iris"])`}},
	{"a changed work tree", func(w *world) { w.write("esteira.yaml", "version: 1\n") }, nil, []string{"the work tree is not clean: esteira.yaml is changed"}},
	{"a file that nobody tracks", func(w *world) { w.write("k8s/overlays/prod/release/more.yaml", "a: b\n") }, nil, []string{"the work tree is not clean: k8s/overlays/prod/release/more.yaml"}},
	{"a set edited by hand", byHand("k8s/overlays/prod/release.yaml", "version: main-1-", "version: main-9-"), nil, []string{"k8s/overlays/prod/release.yaml was edited by hand"}},
	{"a derived file edited by hand", byHand("k8s/overlays/prod/release/kustomization.yaml", "MODEL_VERSION=3", "MODEL_VERSION=8"), nil, []string{"k8s/overlays/prod/release/kustomization.yaml does not say what k8s/overlays/prod/release.yaml does"}},
	{"a set of staging edited by hand", byHand("k8s/overlays/staging/release.yaml", "version: main-4-", "version: main-9-"), nil, []string{"k8s/overlays/staging/release.yaml was edited by hand"}},
	{"a sequence that jumps", byHand("k8s/overlays/prod/release.yaml", "sequence: 1", "sequence: 7"), nil, []string{"sequence is 7 after 1: want 2"}},
	{"a set that cannot be read", byHand("k8s/overlays/prod/release.yaml", "sequence: 1", "sequence: one"), nil, []string{"k8s/overlays/prod/release.yaml", "sequence"}},
	{"no set at all", byHand("k8s/overlays/prod/release.yaml", "kind: ReleaseSet", "kind: Something"), nil, []string{`"Something": want esteira/v1 and ReleaseSet`}},
	{"an anchor where a digest has to go", byHand("k8s/overlays/prod/release/kustomization.yaml", "digest: sha256:0001", "digest: &x sha256:0001"), nil, []string{"release/kustomization.yaml:8: the value has the anchor &x"}},
	{"a link in the place of the folder", func(w *world) {
		release := filepath.Join(w.dir, "k8s/overlays/prod/release")
		must(w, os.Rename(release, filepath.Join(w.dir, "elsewhere")))
		must(w, os.Symlink("../../../elsewhere", release))
		w.commit("Link", "Bob <bob@example.com>")
	}, nil, []string{"k8s/overlays/prod/release is empty or a link"}},
	{"a link in the place of a file", func(w *world) {
		file := filepath.Join(w.dir, "k8s/overlays/prod/release/api-gateway.yaml")
		must(w, os.Remove(file))
		must(w, os.Symlink("/etc/passwd", file))
		w.commit("Link", "Bob <bob@example.com>")
	}, nil, []string{"k8s/overlays/prod/release/api-gateway.yaml is a link"}},
	{"a policy that cannot be read", inPolicy("approvals: 1", "aprovals: 1"), nil, []string{"promotion.environments.prod.aprovals", "is unknown"}},
	{"no policy", inPolicy("promotion:\n", "training: {dataset: a, estimator: b, folds: 3}\n#"), nil, []string{"esteira.yaml"}},
	{"another branch", func(w *world) { w.git("branch", "release"); w.at.Branch = "release" }, nil, []string{`esteira.yaml says that the branch is "main", and this would move "release"`}},
	{"another expectation", nil, func(w *world) error {
		plan, err := w.at.Plan(context.Background(), promotion.Request{To: "prod"})
		must(w, err)
		evidence := w.evidence(plan.After, plan.Base)
		evidence.Expect = digits(1)
		return w.with(promotion.Request{To: "prod"}, evidence)
	}, []string{"--expect is 0001aaaaaaaa…, and this would be"}},
	{"an expectation of another policy", nil, func(w *world) error {
		plan, err := w.at.Plan(context.Background(), promotion.Request{To: "prod"})
		must(w, err)
		w.replace("esteira.yaml", "approvals: 1", "approvals: 0")
		w.commit("Loosen", "Bob <bob@example.com>")
		evidence := w.evidence(plan.After, plan.Base)
		evidence.Expect = plan.Expect
		return w.with(promotion.Request{To: "prod"}, evidence)
	}, []string{"what was looked at (the set, commit ", "has changed"}},
	{"nobody who commits", func(w *world) { w.at.Author.Email = "" }, nil, []string{"is nobody who could commit"}},
	{"a model from another host", func(w *world) {
		candidate := w.candidate()
		model := candidate.Models["iris"]
		model.URI = "https://evil.example/model.onnx"
		candidate.Models["iris"] = model
		w.tick()
		_, err := w.at.Promote(context.Background(), promotion.Request{To: "staging", Candidate: candidate}, promotion.Evidence{Verifications: signed(candidate.Images, candidate.Models)})
		if err == nil || !strings.Contains(err.Error(), "k8s/overlays/staging/release/kustomization.yaml:37: https://evil.example/model.onnx is at a host that MODEL_HOSTS does not name") {
			w.t.Errorf("staging: %v", err)
		}
	}, promoteTo("nowhere"), []string{"unknown"}},
	{"a component that has no place", nil, func(w *world) error {
		candidate := &release.Candidate{Images: map[string]release.Image{"billing": {Digest: "sha256:" + digits(1), Version: "1"}}}
		_, err := w.at.Promote(context.Background(), promotion.Request{To: "staging", Candidate: candidate}, promotion.Evidence{Verifications: signed(candidate.Images, nil)})
		return err
	}, []string{"billing: no file of k8s/overlays/staging/release has a place for it"}},
	{"a rollback for no reason", nil, back(promotion.Back{Owner: "me"}), []string{"name its owner and a reason"}},
	{"a rollback to what never was", nil, back(promotion.Back{Owner: "me", Reason: "it fails", To: 9}), []string{"there is no set 9 to go back to"}},
	{"a rollback to before the first", nil, back(promotion.Back{Owner: "me", Reason: "it fails"}), []string{"prod runs set 1, its first: there is nothing to go back to"}},
	{"a rollback of what nothing was promoted to", func(w *world) {
		w.git("checkout", "--quiet", "--force", "-B", "main", w.git("rev-list", "--max-parents=0", "main"))
	}, back(promotion.Back{Owner: "me", Reason: "it fails"}), []string{"nothing was ever promoted to prod: there is nothing to go back to"}},
	{"a rollback further than is kept", func(w *world) {
		for range 4 {
			w.ship()
		}
	}, back(promotion.Back{Owner: "me", Reason: "it fails", To: 1}), []string{"set 1 is 4 sets back, and its images and models are kept for 3"}},
	{"a pin that is over", nil, func(w *world) error {
		_, err := w.at.Pin(context.Background(), "prod", &release.Pin{Owner: "me", Reason: "why", Expires: start})
		return err
	}, []string{"which is over"}},
	{"a pin on what is not there", nil, func(w *world) error {
		_, err := w.at.Pin(context.Background(), "prod", &release.Pin{Owner: "me", Reason: "why", Expires: start.AddDate(1, 0, 0), Components: []string{"billing"}})
		return err
	}, []string{`pin.components[0] is "billing"`}},
	{"tests of what does not run", nil, func(w *world) error {
		_, err := w.at.Record(context.Background(), "staging", release.Tests{Result: release.Passed, At: w.at.Now, Set: digits(3)})
		return err
	}, []string{"the tests ran against sha256:0003aaaaaaaa…, and staging is set 2"}},
}

// Whatever is wrong, nothing is moved and it is said what is.
func TestFaults(t *testing.T) {
	t.Parallel()
	if len(faults) < 30 {
		t.Errorf("there are %d faults: want 30 at least", len(faults))
	}
	for _, fault := range faults {
		t.Run(fault.name, func(t *testing.T) {
			t.Parallel()
			w := settled(t)
			if fault.spoil != nil {
				fault.spoil(w)
			}
			before := w.git("rev-parse", "main")
			status := w.git("status", "--porcelain")
			try := fault.try
			if try == nil {
				try = requesting(promotion.Request{})
			}
			err := try(w)
			if err == nil {
				t.Fatal("it was done")
			}
			for _, text := range fault.says {
				if !strings.Contains(err.Error(), text) {
					t.Errorf("error\n  %v\ndoes not say\n  %s", err, text)
				}
			}
			after := w.git("rev-parse", "main")
			if fault.name == "an expectation of another policy" {
				after = w.git("rev-parse", "main^")
			}
			if after != before || w.git("status", "--porcelain") != status {
				t.Error("something was moved")
			}
		})
	}
}

// The same world without a fault lets the promotion through, and an emergency of two.
func TestNoFault(t *testing.T) {
	t.Parallel()
	w := settled(t)
	w.at.Now = time.Date(2026, 12, 24, 12, 0, 0, 0, time.UTC)
	err := withEvidence(w, promotion.Request{Emergency: "all orders fail"}, func(e *promotion.Evidence) {
		read := e.Reviews
		e.Reviews = func() (release.PullRequest, error) {
			request, err := read()
			second := request.Reviews[0]
			second.Reviewer = "fay"
			request.Reviews = append(request.Reviews, second)
			return request, err
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	set := w.set("prod")
	if set.Emergency == nil || set.Emergency.Reason != "all orders fail" || len(set.Approvals) != 2 {
		t.Errorf("%+v", set)
	}
	w.sound("prod", "staging")
}

func must(w *world, err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func promoteTo(environment string) func(*world) error {
	return func(w *world) error {
		return w.with(promotion.Request{To: environment}, promotion.Evidence{})
	}
}

func (w *world) with(request promotion.Request, evidence promotion.Evidence) error {
	_, err := w.at.Promote(context.Background(), request, evidence)
	return err
}

func requesting(request promotion.Request) func(*world) error {
	return func(w *world) error {
		_, err := w.promote(request)
		return err
	}
}

// withEvidence promotes to production with evidence that is changed.
func withEvidence(w *world, request promotion.Request, change func(*promotion.Evidence)) error {
	w.tick()
	request.To = "prod"
	plan, err := w.at.Plan(context.Background(), request)
	if err != nil {
		return err
	}
	evidence := w.evidence(plan.After, plan.Base)
	change(&evidence)
	return w.with(request, evidence)
}

// withReviews promotes with reviews that are changed; nil takes them away.
func withReviews(change func(*release.PullRequest) error) func(*world) error {
	return func(w *world) error {
		return withEvidence(w, promotion.Request{}, func(e *promotion.Evidence) {
			read := e.Reviews
			e.Reviews = func() (release.PullRequest, error) {
				request, _ := read()
				return request, change(&request)
			}
			if change == nil {
				e.Reviews = nil
			}
		})
	}
}

// reviewed promotes with the one review changed.
func reviewed(change func(*release.Review)) func(*world) error {
	return withReviews(func(p *release.PullRequest) error {
		change(&p.Reviews[0])
		return nil
	})
}

// verified promotes with the verifications changed, without those of a kind.
func verified(change func(*release.Verification)) func(*world) error {
	return func(w *world) error {
		return withEvidence(w, promotion.Request{}, func(e *promotion.Evidence) {
			for i := range e.Verifications {
				change(&e.Verifications[i])
			}
		})
	}
}

func without(kind string) func(*world) error {
	return verified(func(v *release.Verification) {
		if (v.Verdict != "") == (kind == "model") {
			v.Digest = ""
		}
	})
}

// verdict has staging run a model of that verdict, which somebody wrote there by hand.
func verdict(word string) func(*world) {
	return func(w *world) {
		candidate := w.candidate()
		candidate.Models["iris"] = w.train(word, "Cy <cy@example.com>")
		w.tick()
		_, err := w.at.Promote(context.Background(), promotion.Request{To: "staging", Candidate: candidate}, promotion.Evidence{Verifications: signed(candidate.Images, candidate.Models)})
		if err == nil || !strings.Contains(err.Error(), word) {
			w.t.Errorf("staging takes it: %v", err)
		}
		w.replace("k8s/overlays/staging/release.yaml", "verdict: bless", "verdict: "+word)
		w.commit("Bless it myself", "Cy <cy@example.com>")
	}
}

// at sets the clock.
func at(clock string) func(*world) {
	return func(w *world) {
		now, err := time.Parse(time.RFC3339, clock)
		must(w, err)
		w.at.Now = now
	}
}

// inPolicy changes the policy of the base.
func inPolicy(old, now string) func(*world) {
	return byHand("esteira.yaml", old, now)
}

func byHand(file, old, now string) func(*world) {
	return func(w *world) {
		w.replace(file, old, now)
		w.commit("Edit by hand", "Bob <bob@example.com>")
	}
}

// pinned has production pinned.
func pinned(components ...string) func(*world) {
	return func(w *world) {
		_, err := w.at.Pin(context.Background(), "prod", &release.Pin{
			Owner: "ml-team", Reason: "drift", Expires: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC), Components: components,
		})
		must(w, err)
	}
}

func back(back promotion.Back) func(*world) error {
	return func(w *world) error {
		back.Environment = "prod"
		_, err := w.at.Rollback(context.Background(), back)
		return err
	}
}
