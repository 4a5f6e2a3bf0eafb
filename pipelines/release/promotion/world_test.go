package promotion_test

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/esteira/esteira/pipelines/git"
	"github.com/esteira/esteira/pipelines/git/gittest"
	"github.com/esteira/esteira/pipelines/release"
	"github.com/esteira/esteira/pipelines/release/promotion"
)

// start is a Monday, when nothing is frozen.
var start = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

const policyText = `version: 1
components:
  - {name: api-gateway, path: apps/api-gateway, kind: java, owner: java-team}
  - {name: inference-service, path: apps/inference-service, kind: python, owner: ml-team}
  - {name: training, path: ml/training, kind: training, owner: ml-team}
promotion:
  rollbackDepth: 3
  environments:
    staging: {}
    prod:
      from: staging
      approvals: 1
      freeze: {timeZone: Europe/Lisbon, weekly: [{from: "Fri 16:00", to: "Mon 08:00"}], holidays: ["2026-12-24"]}
`

// world is a repository with this one's manifests, and what was built in it so far.
type world struct {
	t     testing.TB
	dir   string
	at    promotion.Workspace
	built int
}

// folder is one for everything that all tests share.
var folder string

func TestMain(m *testing.M) {
	if text := os.Getenv(errandVariable); text != "" {
		os.Exit(runErrand(text))
	}
	var err error
	if folder, err = os.MkdirTemp("", "promotion"); err != nil {
		panic(err)
	}
	code := m.Run()
	if err := os.RemoveAll(folder); err != nil {
		panic(err)
	}
	os.Exit(code)
}

var made = struct {
	sync.Once
	world world
}{}

// settled is a world in which production runs set 1 and staging has a tested set 2.
func settled(t testing.TB) *world {
	t.Helper()
	made.Do(func() {
		w := newWorld(t, folder)
		w.ship()
		w.stage(w.candidate())
		w.git("repack", "-a", "-d", "--quiet") // one file is copied faster than hundreds
		made.world = *w
	})
	w := made.world
	w.t, w.dir = t, gittest.Copy(t, made.world.dir)
	w.at.Repository.Dir = w.dir
	return &w
}

// newWorld is one in a folder, in which nothing was ever promoted.
func newWorld(t testing.TB, dir string) *world {
	t.Helper()
	w := &world{t: t, dir: dir}
	gittest.Environments(t, dir)
	w.write("esteira.yaml", policyText)
	gittest.Begin(t, dir, start.Add(-time.Hour))
	w.at = promotion.Workspace{
		Repository: git.Repository{Dir: w.dir}, Branch: "main", Now: start,
		Author: git.Identity{Name: "Promoter", Email: "7+promoter[bot]@users.noreply.github.com"},
	}
	return w
}

func (w *world) write(name, text string) {
	w.t.Helper()
	name = filepath.Join(w.dir, name)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) read(name string) string {
	w.t.Helper()
	text, err := os.ReadFile(filepath.Join(w.dir, name))
	if err != nil {
		w.t.Fatal(err)
	}
	return string(text)
}

// replace edits a file by hand.
func (w *world) replace(name, old, now string) {
	w.t.Helper()
	text := w.read(name)
	if !strings.Contains(text, old) {
		w.t.Fatalf("%s has no %q:\n%s", name, old, text)
	}
	w.write(name, strings.Replace(text, old, now, 1))
}

func (w *world) git(args ...string) string {
	w.t.Helper()
	return gittest.Git(w.t, w.dir, start.Add(-time.Hour), args...)
}

// commit commits everything, and says which commit that is.
func (w *world) commit(message, author string) string {
	w.t.Helper()
	w.git("add", "--all")
	w.git("commit", "--quiet", "--message="+message, "--author="+author)
	return w.git("rev-parse", "HEAD")
}

// digits are 64 hexadecimal digits that begin with a number.
func digits(n int) string { return fmt.Sprintf("%04x", n) + strings.Repeat("a", 60) }

// build changes a component, and is the image that would be built of it.
func (w *world) build(component, author string) release.Image {
	w.t.Helper()
	w.built++
	w.write("apps/"+component+"/version", fmt.Sprint(w.built))
	commit := w.commit(fmt.Sprintf("Change %s, %d", component, w.built), author)
	return release.Image{Digest: "sha256:" + digits(w.built), Version: fmt.Sprintf("main-%d-%s", w.built, commit[:7]), Source: commit}
}

// train changes the training, and is the model that would be trained by it.
func (w *world) train(verdict, author string) release.Model {
	w.t.Helper()
	w.built++
	w.write("ml/training/version", fmt.Sprint(w.built))
	commit := w.commit(fmt.Sprintf("Train, %d", w.built), author)
	const host = "https://esteira.blob.core.windows.net/models/sha256/"
	return release.Model{
		Version: fmt.Sprint(w.built), SHA256: digits(w.built), URI: host + digits(w.built) + "/model.onnx", Source: commit, Data: digits(9),
		Gate: release.Gate{Verdict: verdict, Record: digits(w.built + 1000), URI: host + digits(w.built+1000) + "/statement.json"},
	}
}

// candidate is all that there is, built anew.
func (w *world) candidate() *release.Candidate {
	w.t.Helper()
	return &release.Candidate{
		Images: map[string]release.Image{
			"api-gateway":       w.build("api-gateway", "Bob <12+bob@users.noreply.github.com>"),
			"inference-service": w.build("inference-service", "Cy <cy@example.com>"),
		},
		Models: map[string]release.Model{"iris": w.train("bless", "Cy <cy@example.com>")},
	}
}

// signed are good verifications of all that images and models name.
func signed(images map[string]release.Image, models map[string]release.Model) []release.Verification {
	var all []release.Verification
	for _, name := range slices.Sorted(maps.Keys(images)) {
		all = append(all, release.Verification{Digest: images[name].Digest, Verified: true, Source: images[name].Source})
	}
	for _, name := range slices.Sorted(maps.Keys(models)) {
		all = append(all, release.Verification{Digest: "sha256:" + models[name].SHA256, Verified: true, Verdict: models[name].Gate.Verdict})
	}
	return all
}

// evidence is all that a promotion of a set wants, with an approval of a commit.
func (w *world) evidence(set release.Set, commit string) promotion.Evidence {
	return promotion.Evidence{
		Verifications: signed(set.Images, set.Models),
		Reviews: func() (release.PullRequest, error) {
			return release.PullRequest{
				Reviews: []release.Review{{Reviewer: "eve", Kind: "User", Permission: "write", State: "APPROVED", Commit: commit, At: w.at.Now}},
				Pushers: []string{"bob"},
				Logins:  map[string]string{"cy@example.com": "cy", "dan@example.com": "dan"},
			}, nil
		},
	}
}

// tick lets time pass.
func (w *world) tick() { w.at.Now = w.at.Now.Add(time.Minute) }

// stage promotes a candidate to staging, and has it tested.
func (w *world) stage(candidate *release.Candidate) release.Outcome {
	w.t.Helper()
	outcome := w.toStaging(candidate)
	w.record(outcome, release.Passed)
	return outcome
}

// record records what tests of staging came to.
func (w *world) record(outcome release.Outcome, result release.Result) {
	w.t.Helper()
	w.tick()
	tests := release.Tests{Result: result, At: w.at.Now, Run: "https://ci.example/2", Set: outcome.Set}
	if _, err := w.at.Record(context.Background(), "staging", tests); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) toStaging(candidate *release.Candidate) release.Outcome {
	w.t.Helper()
	w.tick()
	request := promotion.Request{To: "staging", Candidate: candidate}
	plan, err := w.at.Plan(context.Background(), request)
	if err != nil {
		w.t.Fatal(err)
	}
	outcome, err := w.at.Promote(context.Background(), request, promotion.Evidence{Verifications: signed(plan.After.Images, plan.After.Models)})
	if err != nil {
		w.t.Fatal(err)
	}
	return outcome
}

// promote promotes what staging runs to production.
func (w *world) promote(request promotion.Request) (release.Outcome, error) {
	w.t.Helper()
	w.tick()
	ctx := context.Background()
	request.To = "prod"
	plan, err := w.at.Plan(ctx, request)
	if err != nil {
		return release.Outcome{}, err
	}
	return w.at.Promote(ctx, request, w.evidence(plan.After, plan.Base))
}

// ship brings something new all the way to production.
func (w *world) ship() release.Outcome {
	w.t.Helper()
	w.stage(w.candidate())
	outcome, err := w.promote(promotion.Request{})
	if err != nil {
		w.t.Fatal(err)
	}
	return outcome
}

// set is what an environment runs.
func (w *world) set(environment string) release.Set {
	w.t.Helper()
	set, err := release.Read(strings.NewReader(w.git("show", "main:"+release.File(environment))))
	if err != nil {
		w.t.Fatal(err)
	}
	return set
}

// sound makes sure that what has to hold always does.
func (w *world) sound(environments ...string) {
	w.t.Helper()
	for _, environment := range environments {
		if _, err := w.at.Verify(context.Background(), "refs/heads/main", environment, ""); err != nil {
			w.t.Error(err)
		}
	}
}
