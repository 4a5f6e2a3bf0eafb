package promotion_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"strings"
	"testing"

	"github.com/esteira/esteira/pipelines/git/gittest"
	"github.com/esteira/esteira/pipelines/release"
	"github.com/esteira/esteira/pipelines/release/promotion"
	"github.com/esteira/esteira/pipelines/report"
)

const gateRecord = `{"version": 1, "verdict": "bless", "sentence": "It is as good as the champion.",
"metrics": [{"name": "accuracy", "rows": 150, "value": 0.9667, "interval": {"lower": 0.9132, "upper": 0.9877}, "threshold": 0.9, "outcome": "pass"},
{"name": "recall", "class": "setosa", "rows": 50, "value": 1, "outcome": "reported"}],
"flips": [{"id": "78", "label": "versicolor", "candidate": "versicolor", "champion": "virginica"}]}`

func TestDiff(t *testing.T) {
	t.Parallel()
	w := settled(t)
	w.write("apps/inference-service/other", "x")
	w.commit("Not of the gateway's", "Cy <cy@example.com>")
	w.write("k8s/base/api-gateway/more.txt", "x")
	w.commit("Configure", "Dan <dan@example.com>")
	candidate := w.candidate()
	sum := sha256.Sum256([]byte(gateRecord))
	model := candidate.Models["iris"]
	model.Gate.Record = hex.EncodeToString(sum[:])
	candidate.Models["iris"] = model
	w.stage(candidate)
	before, status := w.git("rev-parse", "main"), w.git("status", "--porcelain", "--ignored")
	inputs := promotion.Inputs{
		Records: map[string][]byte{"iris": []byte(gateRecord)},
		Cost:    &report.Run{Stages: []report.Stage{{Name: "cost", Status: report.Failed, Summary: "prod: 12 USD more\x1b[2J"}}},
	}
	diff, err := w.at.Diff(context.Background(), promotion.Request{To: "prod"}, inputs)
	if err != nil {
		t.Fatal(err)
	}
	text := diff.String()
	old, now := w.set("prod"), w.set("staging")
	for _, want := range []string{
		"prod: set 1 → set 2, on commit " + before[:12], "from set 3 of staging, which ran this and passed its integration tests",
		"api-gateway  " + old.Images["api-gateway"].Version + " (sha256:0001aaaaaaaa) → " + now.Images["api-gateway"].Version,
		"Change api-gateway, 7 (Bob)", "2 commits",
		"iris  version 3 (sha256:0003aaaaaaaa) → version 9 (sha256:0009aaaaaaaa), gate: bless", "It is as good as the champion.",
		"accuracy               0.9667 [0.9132, 0.9877], asked 0.9000, pass", "recall setosa", "1 rows flip", "row 78 is versicolor: versicolor, was virginica",
		"+ k8s/base/api-gateway/more.txt",
		"Policies: not looked at: hand in --policies", "Cost: red", "cost: failed: prod: 12 USD more�[2J", "Deployment/api-gateway", `data.MODEL_VERSION: "3" → "9"`, "Delivery-time budget: not added up: esteira.yaml has no section delivery",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the diff does not say %q", want)
		}
	}
	for _, not := range []string{"Not of the gateway's (Cy)\n    Change api-gateway", "It would be refused", "\x1b"} {
		if strings.Contains(text, not) {
			t.Errorf("the diff says %q", not)
		}
	}
	if !strings.HasSuffix(text, "\n--expect "+diff.Expect+"\n") {
		t.Error("the digest is not its last line")
	}
	if t.Failed() {
		t.Log(text)
	}
	if w.git("rev-parse", "main") != before || w.git("status", "--porcelain", "--ignored") != status {
		t.Error("it changed something")
	}
	evidence := w.evidence(diff.After, diff.Base)
	evidence.Expect = diff.Expect
	if outcome, err := w.at.Promote(context.Background(), promotion.Request{To: "prod"}, evidence); err != nil || outcome.Set != diff.After.Digest() {
		t.Errorf("what it expects: %+v, %v", outcome, err)
	}
}

// timed gives a world the policy of this repository, which says how fast all has to be.
func (w *world) timed() {
	w.t.Helper()
	policy, err := os.ReadFile("../../../esteira.yaml")
	must(w, err)
	w.write("esteira.yaml", string(policy))
	w.commit("Ask for times", "Ada <ada@example.com>")
}

// The delivery-time budget is added up from the tree when the set was made that goes, and from the tree after the promotion.
func TestDiffOfTimes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gittest.Folder(t))
	w.timed()
	told := func() promotion.Section {
		t.Helper()
		w.tick()
		request := promotion.Request{To: "staging", Candidate: w.candidate()}
		diff, err := w.at.Diff(context.Background(), request, promotion.Inputs{})
		if err != nil {
			t.Fatal(err)
		}
		return diff.Sections[len(diff.Sections)-1]
	}
	says := func(section promotion.Section, red bool, lines ...string) {
		t.Helper()
		text := strings.Join(section.Lines, "\n")
		if section.Title != "Delivery-time budget" || section.Unknown != "" || section.Red != red || len(section.Lines) != len(lines) {
			t.Errorf("%+v", section)
		}
		for _, line := range lines {
			if !strings.Contains(text, line) {
				t.Errorf("%s\ndoes not say %q", text, line)
			}
		}
	}
	says(told(), false, "merge to deployed: new: 575 s at worst", "training to production: new", "merge to dev: new", "bad answers to the version before: new",
		"no start to the version before: new", "model rollback, judged again: new", "rollback to the last set: new", "merge to deployed, the webhook lost: new")
	w.toStaging(w.candidate())
	says(told(), false)
	const canary = "k8s/base/flagger/api-gateway.yaml"
	w.replace(canary, "threshold: 4", "threshold: 5")
	w.commit("Be patient", "Dan <dan@example.com>")
	says(told(), false, "bad answers to the version before: was 90 s at worst, 75 s typically; now 105 s at worst")
	w.replace(canary, "threshold: 5", "threshold: 10")
	w.commit("Be more patient", "Dan <dan@example.com>")
	says(told(), true, "bad answers to the version before: was 90 s at worst", "bad answers to the version before takes 180 s at worst, and less than 120 s is asked (esteira.yaml:122): 60 s too long")
}

// What is refused is shown all the same, with the reason; what runs already is said in one line.
func TestDiffOfWhatIsRefused(t *testing.T) {
	t.Parallel()
	w := settled(t)
	w.toStaging(w.candidate())
	diff, err := w.at.Diff(context.Background(), promotion.Request{To: "prod"}, promotion.Inputs{Records: map[string][]byte{"iris": []byte("{}")}})
	if err != nil {
		t.Fatal(err)
	}
	text := diff.String()
	for _, want := range []string{
		"It would be refused\n  set 3 of staging has no result of integration tests", "Rendered manifests\n",
		"the record is sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a, and the set names",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the diff does not say %q:\n%s", want, text)
		}
	}
	same, err := w.at.Diff(context.Background(), promotion.Request{To: "staging", Candidate: &release.Candidate{Images: w.set("staging").Images}}, promotion.Inputs{})
	if err != nil || same.String() != "staging runs that already, as set 3.\n" {
		t.Errorf("%v: %s", err, same)
	}
}

// Only the chosen components move, and only as a combination that staging tested: a rejected model does not hold up a fix.
func TestComponents(t *testing.T) {
	t.Parallel()
	w := settled(t)
	if _, err := w.promote(promotion.Request{}); err != nil {
		t.Fatal(err)
	}
	old := w.set("prod")
	fix := &release.Candidate{Images: map[string]release.Image{"api-gateway": w.build("api-gateway", "Bob <12+bob@users.noreply.github.com>")}}
	w.stage(fix)
	w.stage(&release.Candidate{Models: map[string]release.Model{"iris": w.train("bless", "Cy <cy@example.com>")}})
	outcome, err := w.promote(promotion.Request{Components: []string{"api-gateway"}})
	if err != nil {
		t.Fatal(err)
	}
	set := w.set("prod")
	if set.Images["api-gateway"] != fix.Images["api-gateway"] || set.Models["iris"] != old.Models["iris"] || set.From.Sequence != 3 {
		t.Errorf("%+v: %+v", outcome, set)
	}
	w.sound("prod", "staging")
}

// Going back to the last promoted set skips the canary's analysis, and nothing else does.
func TestSkipAnalysis(t *testing.T) {
	t.Parallel()
	w := settled(t)
	if _, err := w.promote(promotion.Request{}); err != nil {
		t.Fatal(err)
	}
	w.ship()
	roll := func(to int) release.Set {
		t.Helper()
		w.tick()
		if _, err := w.at.Rollback(context.Background(), promotion.Back{Environment: "prod", To: to, Owner: "me", Reason: "why"}); err != nil {
			t.Fatal(err)
		}
		return w.set("prod")
	}
	if set := roll(2); !set.Rollback.SkipAnalysis || set.Sequence != 4 {
		t.Errorf("from set 3 to set 2: %+v", set.Rollback)
	}
	if set := roll(1); set.Rollback.SkipAnalysis || set.Rollback.To != 1 {
		t.Errorf("from there to set 1: %+v", set.Rollback)
	}
	if set := roll(4); set.Rollback.SkipAnalysis || set.Rollback.To != 2 || set.Sequence != 6 {
		t.Errorf("to set 4, which was set 2 again: %+v", set.Rollback)
	}
	if _, err := w.at.Pin(context.Background(), "prod", nil); err != nil {
		t.Fatal(err)
	}
	w.ship()
	if strings.Contains(w.read("k8s/overlays/prod/release/canary.yaml"), "true") {
		t.Error("a promotion skips the analysis")
	}
	if set := roll(0); !set.Rollback.SkipAnalysis || set.Rollback.To != 2 || set.Sequence != 8 {
		t.Errorf("from a set that came after a rollback, to what ran before it: %+v", set.Rollback)
	}
	if again, err := w.at.Rollback(context.Background(), promotion.Back{Environment: "prod", Owner: "me", Reason: "why"}); err != nil || again.Moved {
		t.Errorf("called again, it goes further back: %+v, %v", again, err)
	}
	w.sound("prod")
}

// What is not a combination of what staging ran, in whatever way it was written, is found.
func TestVerify(t *testing.T) {
	t.Parallel()
	const set = "k8s/overlays/prod/release.yaml"
	for _, test := range []struct{ name, file, old, now, says string }{
		{"another digest", set, "digest: sha256:0001", "digest: sha256:0009", "it was edited by hand"},
		{"another reason", set, "environment: staging", "environment: prod", "it was edited by hand"},
		{"an approval more is fine", set, "approvals:\n", "approvals:\n  # who\n", ""},
		{"another approval", set, "reviewer: eve", "reviewer: fay", "approvals of set 1 were changed"},
		{"a jump", set, "sequence: 1\n", "sequence: 3\n", "sequence is 3 after 1: want 2"},
		{"another parent", set, "sequence: 1\n", "sequence: 2\n", "parent of set 2 is"},
		{"another environment", set, "environment: prod", "environment: staging", `environment is "staging"`},
		{"a kustomization", "k8s/overlays/prod/release/kustomization.yaml", "digest: sha256:0001", "digest: sha256:0009", "release/kustomization.yaml does not say what"},
		{"a label", "k8s/overlays/prod/release/api-gateway.yaml", "version: main", "version: trunk", "release/api-gateway.yaml does not say what"},
		{"the canary", "k8s/overlays/prod/release/canary.yaml", "value: false", "value: true", "release/canary.yaml does not say what"},
		{"the tests of staging", "k8s/overlays/staging/release.yaml", "result: passed", "result: failed", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := settled(t)
			base := w.git("rev-parse", "main")
			w.replace(test.file, test.old, test.now)
			w.commit("Edit by hand", "Bob <bob@example.com>")
			_, err := w.at.Verify(context.Background(), "main", "prod", "")
			if (err == nil) != (test.says == "") || err != nil && !strings.Contains(err.Error(), test.says) {
				t.Errorf("error %v, want %q", err, test.says)
			}
			if _, err := w.at.Verify(context.Background(), base, "prod", ""); err != nil {
				t.Errorf("the base: %v", err)
			}
			w.git("revert", "--no-edit", "HEAD")
			head := w.git("rev-parse", "HEAD")
			w.write("docs/later", "x")
			w.commit("Later", "Bob <bob@example.com>")
			if _, err := w.at.Verify(context.Background(), "main", "prod", head); err != nil {
				t.Errorf("since it was settled: %v", err)
			}
			if _, err := w.promote(promotion.Request{}); err != nil {
				t.Errorf("once it was taken back: %v", err)
			}
		})
	}
}

func TestVerifyOrigin(t *testing.T) {
	t.Parallel()
	w := settled(t)
	set := w.set("prod")
	// A set that goes on from the one before it, as if staging had run it.
	next := set
	next.Sequence, next.Parent, next.Approvals = 2, set.Digest(), nil
	next.From = &release.Origin{Environment: "staging", Sequence: 2, Digest: digits(5)}
	text, err := release.Write("release.yaml", []byte(w.read("k8s/overlays/prod/release.yaml")), next)
	must(w, err)
	w.write("k8s/overlays/prod/release.yaml", string(text))
	w.commit("Make it up", "Bob <bob@example.com>")
	if _, err := w.at.Verify(context.Background(), "main", "prod", ""); err == nil || !strings.Contains(err.Error(), "which never was") {
		t.Errorf("%v", err)
	} else if !strings.Contains(err.Error(), "set 2 has 0 approvals, and the policy that it was made by asks for 1") {
		t.Errorf("%v", err)
	}
}
