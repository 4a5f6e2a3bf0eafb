package dora

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/esteira/esteira/pipelines/config"
	"github.com/esteira/esteira/pipelines/delivery/policy"
	"github.com/esteira/esteira/pipelines/git"
	"github.com/esteira/esteira/pipelines/release"
)

var begin = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

func hour(h float64) time.Time { return begin.Add(time.Duration(h * float64(time.Hour))) }

var components = []config.Component{
	{Name: "api-gateway", Path: "apps/api-gateway", Kind: config.Java, Owner: "java-team"},
	{Name: "inference-service", Path: "apps/inference-service", Kind: config.Python, Owner: "ml-team"},
	{Name: "training", Path: "ml/training", Kind: config.Train, Owner: "ml-team"},
	{Name: "cluster", Path: "k8s", Kind: config.Manifests, Owner: "platform-team"},
}

// repository is one whose history is made by the clock of a test.
type repository struct {
	t   *testing.T
	dir string
	set release.Set
}

func newRepository(t *testing.T) *repository {
	t.Helper()
	r := &repository{t: t, dir: t.TempDir()}
	r.git(0, "init", "--quiet", "--initial-branch=main")
	r.set = release.Set{APIVersion: release.APIVersion, Kind: release.Kind, Environment: "prod", Images: map[string]release.Image{}, Models: map[string]release.Model{}}
	return r
}

func (r *repository) git(at float64, args ...string) string {
	r.t.Helper()
	command := exec.Command("git", append([]string{"-C", r.dir, "-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"}, args...)...)
	stamp := hour(at).Format(time.RFC3339)
	command.Env = append(os.Environ(), "GIT_COMMITTER_DATE="+stamp, "GIT_AUTHOR_DATE="+stamp)
	output, err := command.CombinedOutput()
	if err != nil {
		r.t.Fatalf("git %v: %v\n%s", args, err, output)
	}
	return strings.TrimSpace(string(output))
}

// commit changes a file at an hour, and is the commit's name.
func (r *repository) commit(at float64, file, text string) string {
	r.t.Helper()
	name := filepath.Join(r.dir, file)
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
	r.git(at, "add", file)
	r.git(at, "commit", "--quiet", "-m", "change "+file)
	return r.git(at, "rev-parse", "HEAD")
}

// change is a commit in a component's folder.
func (r *repository) change(at float64, folder string) string {
	return r.commit(at, folder+"/file", fmt.Sprint(at))
}

// release commits the set that edit makes of the one before.
func (r *repository) release(at float64, edit func(*release.Set)) string {
	r.t.Helper()
	r.set.Sequence++
	r.set.Rollback, r.set.Emergency = nil, nil
	edit(&r.set)
	text, err := yaml.Marshal(r.set)
	if err != nil {
		r.t.Fatal(err)
	}
	return r.commit(at, release.File("prod"), string(text))
}

func (r *repository) histories() map[string][]release.Entry {
	r.t.Helper()
	history, err := release.History(context.Background(), git.Repository{Dir: r.dir}, "HEAD", "prod")
	if err != nil {
		r.t.Fatal(err)
	}
	return map[string][]release.Entry{"prod": history}
}

// image and model have digests that follow from their sources.
func image(source string) release.Image {
	return release.Image{Digest: "sha256:" + digest(source), Version: "v1", Source: source}
}

func model(source string) release.Model {
	return release.Model{Version: "1", SHA256: digest(source), Source: source}
}

func digest(source string) string { return (source + strings.Repeat("0", 64))[:64] }

// told is a history of whose metrics each is known by construction:
//
//	set  hour  what
//	1    10    gateway of 1, service of 2, model of 4
//	2    20    gateway of 12 and 14; bad
//	3    24    back to 1
//	4    30    gateway of 26, with 12 and 14
//	5    40    service of 32, model of 33; Flagger refuses it
//	6    41    back to 4
//	7    50    service of 44, with 32
//	8    60    gateway of 59, an emergency; its rollout ends at 60.5
func told(t *testing.T) Input {
	t.Helper()
	const gateway, service, training = "apps/api-gateway", "apps/inference-service", "ml/training"
	r := newRepository(t)
	g1, s1, m1 := r.change(1, gateway), r.change(2, service), r.change(4, training)
	r.release(10, func(s *release.Set) {
		s.Images["api-gateway"], s.Images["inference-service"], s.Models["iris"] = image(g1), image(s1), model(m1)
	})
	r.change(12, gateway)
	g3 := r.change(14, gateway)
	r.release(20, func(s *release.Set) { s.Images["api-gateway"] = image(g3) })
	r.release(24, func(s *release.Set) {
		s.Images["api-gateway"], s.Rollback = image(g1), &release.Rollback{To: 1, Reason: "it fails", SkipAnalysis: true}
	})
	g4 := r.change(26, gateway)
	r.release(30, func(s *release.Set) { s.Images["api-gateway"] = image(g4) })
	s2, m2 := r.change(32, service), r.change(33, training)
	refused := r.release(40, func(s *release.Set) { s.Images["inference-service"], s.Models["iris"] = image(s2), model(m2) })
	r.release(41, func(s *release.Set) {
		s.Images["inference-service"], s.Models["iris"] = image(s1), model(m1)
		s.Rollback = &release.Rollback{To: 4, Reason: "Flagger refused it"}
	})
	s3 := r.change(44, service)
	r.release(50, func(s *release.Set) { s.Images["inference-service"] = image(s3) })
	g5 := r.change(59, gateway)
	emergency := r.release(60, func(s *release.Set) {
		s.Images["api-gateway"], s.Emergency = image(g5), &release.Emergency{Reason: "an attack", Approvals: 2}
	})
	return Input{
		Histories: r.histories(), Components: components, From: hour(0), To: hour(240), Changes: git.Repository{Dir: r.dir}.Changes,
		Deployments: []Deployment{
			{"prod", refused, "failure", hour(40), hour(40.5)},
			{"prod", emergency, "success", hour(60), hour(60.5)},
			{"prod", emergency, "failure", hour(59), hour(59)}, // an attempt before
			{"staging", refused, "success", hour(39), hour(39)},
		},
	}
}

func number[T any](v T) *T { return &v }

func hours(count int, p50, p90 float64) *Times { return &Times{count, p50 * 3600, p90 * 3600} }

func TestKnownByConstruction(t *testing.T) {
	t.Parallel()
	r, err := Measure(context.Background(), told(t))
	if err != nil {
		t.Fatal(err)
	}
	const none, good = "no deployment in the window", "no deployment in the window failed"
	want := []Row{
		{
			Environment: "prod", Deployments: number(6), PerDay: number(0.6), Lead: hours(9, 6, 18), Failed: &Ratio{2, 6},
			Restored: hours(2, 1, 4), Rework: &Ratio{3, 8},
		},
		{
			Environment: "prod", Team: "java-team", Deployments: number(4), PerDay: number(0.4), Lead: hours(5, 6, 9), Failed: &Ratio{1, 4},
			Restored: hours(1, 4, 4), Rework: &Ratio{2, 5},
		},
		{
			Environment: "prod", Team: "ml-team", Deployments: number(3), PerDay: number(0.3), Lead: hours(4, 6, 18), Failed: &Ratio{1, 3},
			Restored: hours(1, 1, 1), Rework: &Ratio{1, 4},
		},
		{
			Environment: "prod", Team: "platform-team", Deployments: number(0), PerDay: number(0.0),
			Missing: map[string]string{LeadTime: "no deployment in the window brought a commit", Failure: none, Recovery: good, Rework: none},
		},
	}
	for i := range want {
		if want[i].Missing == nil {
			want[i].Missing = map[string]string{}
		}
		if i >= len(r.Rows) || !reflect.DeepEqual(r.Rows[i], want[i]) {
			t.Errorf("%+v\nwant\n%+v", show(r, i), want[i])
		}
	}
	if len(r.Missing) > 0 {
		t.Errorf("missing: %q", r.Missing)
	}
}

func show(r Report, i int) string {
	if i >= len(r.Rows) {
		return "no row"
	}
	text, err := yaml.Marshal(r.Rows[i])
	return fmt.Sprintf("%s%v", text, err)
}

// The window is by when something was deployed, and what came before it still counts as having been there.
func TestWindow(t *testing.T) {
	t.Parallel()
	in := told(t)
	for _, test := range []struct {
		from, to    float64
		deployments int
		lead        *Times
		failed      *Ratio
		restored    *Times
	}{
		{24, 48, 2, hours(1, 4, 4), &Ratio{1, 2}, hours(1, 1, 1)},
		{0, 20, 1, hours(3, 8, 9), &Ratio{0, 1}, nil},
		{20, 20.5, 1, hours(2, 6, 8), &Ratio{1, 1}, hours(1, 4, 4)}, // restored after it
		{60, 60.5, 0, nil, nil, nil},
		{60.5, 61, 1, hours(1, 1.5, 1.5), &Ratio{0, 1}, nil},
		{100, 200, 0, nil, nil, nil},
	} {
		in.From, in.To = hour(test.from), hour(test.to)
		r, err := Measure(context.Background(), in)
		if err != nil {
			t.Fatal(err)
		}
		row := r.Rows[0]
		perDay := float64(test.deployments) / ((test.to - test.from) / 24)
		if *row.Deployments != test.deployments || *row.PerDay != perDay || !reflect.DeepEqual(row.Lead, test.lead) || !reflect.DeepEqual(row.Failed, test.failed) || !reflect.DeepEqual(row.Restored, test.restored) {
			t.Errorf("from %v to %v: %s", test.from, test.to, show(r, 0))
		}
	}
	in.To = in.From
	if _, err := Measure(context.Background(), in); err == nil {
		t.Error("a window of nothing was measured")
	}
}

// Without a history each metric says what is missing, and none is zero.
func TestMissing(t *testing.T) {
	t.Parallel()
	in := Input{Components: components, From: hour(0), To: hour(24)}
	r, err := Measure(context.Background(), in)
	if err != nil || len(r.Rows) > 0 || !strings.Contains(strings.Join(r.AllMissing(), "\n"), "no environment has a release.yaml") {
		t.Errorf("%v %v", r.AllMissing(), err)
	}
	in.Histories = map[string][]release.Entry{"prod": {{Commit: "a", Time: hour(1), Set: release.Set{}}}}
	if r, err = Measure(context.Background(), in); err != nil {
		t.Fatal(err)
	}
	for _, row := range r.Rows {
		if row.Deployments != nil || row.PerDay != nil || row.Lead != nil || row.Failed != nil || row.Restored != nil || row.Rework != nil {
			t.Errorf("%+v", row)
		}
		for _, metric := range Metrics {
			if !strings.Contains(row.Missing[metric], "nothing was ever promoted to prod") {
				t.Errorf("%s of %q: %q", metric, row.Team, row.Missing[metric])
			}
		}
	}
	var text bytes.Buffer
	if err := r.Text(&text); err != nil || !strings.Contains(text.String(), "?") ||
		!strings.Contains(text.String(), "missing: prod: deployment frequency, lead time, change failure rate, time to restore, rework rate (all, java-team, ml-team, platform-team): nothing was ever promoted to prod") {
		t.Errorf("%v\n%s", err, &text)
	}
	for _, goal := range r.Goals("prod", policy.Targets{DeploymentsPerDay: 1, FailedPercent: 5}) {
		if goal.Met || !strings.Contains(goal.Says, "nobody can tell") {
			t.Errorf("%+v", goal)
		}
	}
}

func TestGoals(t *testing.T) {
	t.Parallel()
	r, err := Measure(context.Background(), told(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		asked policy.Targets
		met   []bool
	}{
		{policy.Targets{}, nil},
		{policy.Targets{DeploymentsPerDay: 0.6, FailedPercent: 40}, []bool{true, true}},
		{policy.Targets{DeploymentsPerDay: 0.7, FailedPercent: 33}, []bool{false, false}},
	} {
		var met []bool
		for _, goal := range r.Goals("prod", test.asked) {
			met = append(met, goal.Met)
		}
		if !reflect.DeepEqual(met, test.met) {
			t.Errorf("%+v: %v, want %v", test.asked, met, test.met)
		}
	}
}

// history makes entries an hour apart of what the gateway is in each: a letter is a deployment of it, a digit a rollback to
// that set, an exclamation mark after it an emergency.
func history(t *testing.T, moves ...string) []release.Entry {
	t.Helper()
	var entries []release.Entry
	for i, what := range moves {
		set := release.Set{Environment: "prod", Sequence: i + 1, Models: map[string]release.Model{}}
		if what[0] >= '1' && what[0] <= '9' {
			set.Rollback = &release.Rollback{To: int(what[0] - '0')}
			set.Images = entries[set.Rollback.To-1].Set.Images
		} else {
			set.Images = map[string]release.Image{"api-gateway": {Digest: what[:1], Source: what[:1]}}
		}
		if strings.HasSuffix(what, "!") {
			set.Emergency = &release.Emergency{Reason: "x"}
		}
		entries = append(entries, release.Entry{Commit: fmt.Sprint(i + 1), Time: hour(float64(i + 1)), Set: set})
	}
	return entries
}

func nothing(context.Context, string, string, string) ([]git.Commit, error) { return nil, nil }

func TestFailures(t *testing.T) {
	t.Parallel()
	refused := func(numbers ...int) (all []Deployment) {
		for _, n := range numbers {
			all = append(all, Deployment{"prod", fmt.Sprint(n), "failure", hour(float64(n)), hour(float64(n))})
		}
		return all
	}
	for _, test := range []struct {
		name        string
		moves       []string
		deployments []Deployment
		failed      Ratio
		restored    *Times
		open        int
		rework      Ratio
	}{
		{"all is well", []string{"a", "b", "c"}, nil, Ratio{0, 3}, nil, 0, Ratio{0, 3}},
		{"one is taken back", []string{"a", "b", "1", "c"}, nil, Ratio{1, 3}, hours(1, 1, 1), 0, Ratio{1, 4}},
		{"one after the other is taken back", []string{"a", "b", "c", "2", "1"}, nil, Ratio{2, 3}, hours(2, 1, 3), 0, Ratio{2, 5}},
		{"two at once are taken back: the last is the one that failed", []string{"a", "b", "c", "1"}, nil, Ratio{1, 3}, hours(1, 1, 1), 0, Ratio{1, 4}},
		{"a rollback is taken back", []string{"a", "b", "1", "2"}, nil, Ratio{2, 2}, hours(2, 1, 3), 0, Ratio{2, 4}},
		{"refused, and mended", []string{"a", "b", "c"}, refused(2), Ratio{1, 3}, hours(1, 1, 1), 0, Ratio{1, 3}},
		{"refused twice, and mended", []string{"a", "b", "c", "d"}, refused(2, 3), Ratio{2, 4}, hours(1, 1, 1), 1, Ratio{1, 4}},
		{"refused, and written back", []string{"a", "b", "1"}, refused(2), Ratio{1, 2}, hours(1, 1, 1), 0, Ratio{1, 3}},
		{"refused, and nothing since", []string{"a", "b"}, refused(2), Ratio{1, 2}, nil, 1, Ratio{0, 2}},
		{"an emergency", []string{"a", "b!"}, nil, Ratio{0, 2}, nil, 0, Ratio{1, 2}},
		{"nothing new", []string{"a", "a", "a"}, nil, Ratio{0, 1}, nil, 0, Ratio{0, 1}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r, err := Measure(context.Background(), Input{
				Histories: map[string][]release.Entry{"prod": history(t, test.moves...)}, Deployments: test.deployments,
				Components: components, From: hour(0), To: hour(48), Changes: nothing,
			})
			if err != nil {
				t.Fatal(err)
			}
			row := r.Rows[0]
			if *row.Failed != test.failed || !reflect.DeepEqual(row.Restored, test.restored) || row.Open != test.open || *row.Rework != test.rework {
				t.Errorf("%s", show(r, 0))
			}
		})
	}
}

// What a shallow clone begins with was there before, and is no deployment.
func TestCutHistory(t *testing.T) {
	t.Parallel()
	in := Input{Histories: map[string][]release.Entry{"prod": history(t, "a", "b", "c", "1")[1:]}, Components: components, From: hour(0), To: hour(48), Changes: nothing}
	r, err := Measure(context.Background(), in)
	if err != nil || *r.Rows[0].Deployments != 1 || *r.Rows[0].Failed != (Ratio{1, 1}) || !strings.Contains(strings.Join(r.Missing, "\n"), "prod: the history begins with set 2") {
		t.Errorf("%v %s %q", err, show(r, 0), r.Missing)
	}
}

// Lead times are told only where every deployment in the window says its sources.
func TestUntoldLeads(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		edit func(*Input)
		says string
	}{
		{"no source", func(in *Input) {
			in.Histories["prod"][1].Set.Images = map[string]release.Image{"api-gateway": {Digest: "x"}}
		}, "api-gateway of set 2 has no source"},
		{"no component", func(in *Input) { in.Components = components[1:] }, "api-gateway of set 1 is no component"},
	} {
		in := Input{Histories: map[string][]release.Entry{"prod": history(t, "a", "b")}, Components: components, From: hour(0), To: hour(48), Changes: nothing}
		test.edit(&in)
		r, err := Measure(context.Background(), in)
		if err != nil || r.Rows[0].Lead != nil || !strings.Contains(r.Rows[0].Missing[LeadTime], test.says) {
			t.Errorf("%s: %v, %s", test.name, err, show(r, 0))
		}
	}
	in := Input{Histories: map[string][]release.Entry{"prod": history(t, "a")}, Components: components, From: hour(0), To: hour(48)}
	in.Changes = git.Repository{Dir: newRepository(t).dir}.Changes
	if _, err := Measure(context.Background(), in); err == nil || !strings.Contains(err.Error(), "api-gateway of set 1") || !strings.Contains(err.Error(), "fetch the whole history") {
		t.Errorf("%v", err)
	}
}

// Whatever happened: another rollback lowers neither rate, teams deploy no more than all, and parts of the window add up.
func TestProperties(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		moves := []string{"a"}
		for i := range random.IntN(8) {
			switch random.IntN(4) {
			case 0:
				moves = append(moves, fmt.Sprint(1+random.IntN(len(moves))))
			case 1:
				moves = append(moves, string(rune('b'+i))+"!")
			default:
				moves = append(moves, string(rune('b'+i)))
			}
		}
		in := Input{Components: components, From: hour(0), To: hour(48), Changes: nothing}
		measure := func(moves []string) Row {
			in.Histories = map[string][]release.Entry{"prod": history(t, moves...)}
			r, err := Measure(context.Background(), in)
			if err != nil {
				t.Fatal(err)
			}
			if all, team := *r.Rows[0].Deployments, *r.Rows[1].Deployments; team > all {
				t.Errorf("%v: java-team deployed %d times, and all %d times", moves, team, all)
			}
			return r.Rows[0]
		}
		before := measure(moves)
		after := measure(append(moves[:len(moves):len(moves)], fmt.Sprint(1+random.IntN(len(moves)))))
		if after.Failed.Value() < before.Failed.Value() || after.Rework.Value() < before.Rework.Value() {
			t.Errorf("%v: another rollback lowers %v to %v, or %v to %v", moves, before.Failed, after.Failed, before.Rework, after.Rework)
		}
		if before.Failed.Part > before.Failed.Whole || before.Rework.Part > before.Rework.Whole || before.Restored != nil && before.Restored.P50 > before.Restored.P90 {
			t.Errorf("%v: %+v", moves, before)
		}
		middle := hour(float64(random.IntN(10)) + 0.5)
		in.To = middle
		first := measure(moves)
		in.From, in.To = middle, hour(48)
		if second := measure(moves); *first.Deployments+*second.Deployments != *before.Deployments {
			t.Errorf("%v: %d and %d deployments are not %d", moves, *first.Deployments, *second.Deployments, *before.Deployments)
		}
	}
}

func TestReadDeployments(t *testing.T) {
	t.Parallel()
	const good = `[{"environment":"production","sha":"abc","state":"success","created":"2026-11-01T00:00:00Z","updated":"2026-11-01T00:01:00Z"}]`
	if all, err := ReadDeployments(strings.NewReader(good)); err != nil || len(all) != 1 || !all[0].Updated.Equal(hour(0).Add(time.Minute)) {
		t.Errorf("%+v %v", all, err)
	}
	for _, bad := range []string{"", "{}", good + good, strings.Replace(good, "sha", "commit", 1), strings.Replace(good, `"abc"`, `""`, 1), strings.Replace(good, "00:01:00", "later", 1), strings.Replace(good, `"updated":"2026-11-01`, `"updated":"2026-10-01`, 1)} {
		if all, err := ReadDeployments(strings.NewReader(bad)); err == nil {
			t.Errorf("%s was read: %+v", bad, all)
		}
	}
}

func FuzzReadDeployments(f *testing.F) {
	f.Add([]byte(`[{"environment":"a","sha":"b","state":"c","created":"2026-11-01T00:00:00Z","updated":"2026-11-01T00:00:00Z"}]`))
	f.Fuzz(func(t *testing.T, text []byte) {
		all, err := ReadDeployments(bytes.NewReader(text))
		for _, d := range all {
			if err == nil && (d.SHA == "" || d.Updated.Before(d.Created)) {
				t.Errorf("%+v", d)
			}
		}
	})
}
