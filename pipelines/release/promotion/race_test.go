package promotion_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/esteira/esteira/pipelines/git"
	"github.com/esteira/esteira/pipelines/git/gittest"
	"github.com/esteira/esteira/pipelines/release"
	"github.com/esteira/esteira/pipelines/release/promotion"
)

// errand is what another process does: it is handed over by the environment variable.
type errand struct {
	Do, Dir, Remote string
	Now             time.Time
}

const errandVariable = "PROMOTION_TEST_ERRAND"

// run does it, in whichever process.
func (e errand) run() (release.Outcome, error) {
	ctx := context.Background()
	w := &world{dir: e.Dir, at: promotion.Workspace{
		Repository: git.Repository{Dir: e.Dir}, Branch: "main", Remote: e.Remote, Now: e.Now,
		Author: git.Identity{Name: "Promoter", Email: "7+promoter[bot]@users.noreply.github.com"},
	}}
	switch e.Do {
	case "promote":
		plan, err := w.at.Plan(ctx, promotion.Request{To: "prod"})
		if err != nil {
			return release.Outcome{}, err
		}
		return w.at.Promote(ctx, promotion.Request{To: "prod"}, w.evidence(plan.After, plan.Base))
	case "rollback":
		return w.at.Rollback(ctx, promotion.Back{Environment: "prod", Owner: "java-team", Reason: "it fails"})
	case "pin":
		return w.at.Pin(ctx, "prod", &release.Pin{Owner: "java-team", Reason: "we look at it", Expires: e.Now.AddDate(0, 0, 1)})
	}
	return release.Outcome{}, fmt.Errorf("%q is no errand", e.Do)
}

// runErrand is what the test's binary is when it is called for an errand.
func runErrand(text string) int {
	var e errand
	if err := json.Unmarshal([]byte(text), &e); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	outcome, err := e.run()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if err := json.NewEncoder(os.Stdout).Encode(outcome); err != nil {
		return 2
	}
	return 0
}

// elsewhere is an errand in a process of its own.
func (e errand) elsewhere(environment ...string) *exec.Cmd {
	text, err := json.Marshal(e)
	if err != nil {
		panic(err)
	}
	command := exec.Command(os.Args[0])
	command.Env = append(append(os.Environ(), errandVariable+"="+string(text)), environment...)
	return command
}

// killer is a git that counts its calls, and kills who calls it before one of them.
const killer = `#!/bin/sh
read -r n <"$COUNTER"
n=$((n + 1))
echo $n >"$COUNTER"
if [ $n = $KILL_AT ]; then kill -9 $PPID; exit 1; fi
exec "$GIT" "$@"
`

// remoteOf has the world push to a repository of its own.
func (w *world) remoteOf() string {
	w.t.Helper()
	remote := gittest.Folder(w.t)
	w.git("clone", "--quiet", "--bare", w.dir, remote)
	return remote
}

// Whoever is killed at whichever step leaves production as it was or as it is to be, and called again it does nothing twice.
// Each call of git is a step: before it is after the one before it.
func TestKilledAtEveryStep(t *testing.T) {
	t.Parallel()
	var kills atomic.Int64
	t.Cleanup(func() {
		if kills.Load() < 100 && !t.Failed() {
			t.Errorf("there were %d kills: want a hundred", kills.Load())
		}
	})
	for _, do := range []string{"promote", "rollback"} {
		for _, remote := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, remote %t", do, remote), func(t *testing.T) {
				t.Parallel()
				w := settled(t)
				if do == "rollback" {
					if _, err := w.promote(promotion.Request{}); err != nil {
						t.Fatal(err)
					}
				}
				e := errand{Do: do, Dir: w.dir, Now: w.at.Now.Add(time.Minute)}
				if remote {
					e.Remote = w.remoteOf()
				}
				k := kill{world: w, errand: e, before: w.git("rev-parse", "main"), sequence: w.set("prod").Sequence}
				steps := k.steps()
				for at := 1; at <= steps; at++ {
					k.killed(at)
				}
				kills.Add(int64(steps))
				t.Logf("killed at each of %d steps", steps)
			})
		}
	}
}

// kill is an errand that is killed, in a world at a commit with a set.
type kill struct {
	*world
	errand
	before   string
	sequence int
}

// killing is the errand's process, which is killed at a step, and the file where its steps are counted.
func (k kill) killing(at int) (counter string, command *exec.Cmd) {
	k.t.Helper()
	real, err := exec.LookPath("git")
	must(k.world, err)
	dir := k.t.TempDir()
	counter = filepath.Join(dir, "counter")
	must(k.world, os.WriteFile(counter, []byte("0\n"), 0o600))
	must(k.world, os.WriteFile(filepath.Join(dir, "git"), []byte(killer), 0o700))
	return counter, k.elsewhere("TMPDIR="+dir, "PATH="+dir+":"+os.Getenv("PATH"), "COUNTER="+counter, "GIT="+real, "KILL_AT="+strconv.Itoa(at))
}

// steps is how often the errand calls git, when nobody kills it. It is taken back.
func (k kill) steps() int {
	k.t.Helper()
	counter, command := k.killing(0)
	if output, err := command.CombinedOutput(); err != nil {
		k.t.Fatalf("%v: %s", err, output)
	}
	text, err := os.ReadFile(counter)
	must(k.world, err)
	n, err := strconv.Atoi(strings.TrimSpace(string(text)))
	must(k.world, err)
	k.back(k.errand, k.before)
	return n
}

// killed kills the errand at a step, looks what it left, and does it again; at some steps once more.
func (k kill) killed(at int) {
	k.t.Helper()
	_, command := k.killing(at)
	if err := command.Run(); err == nil {
		k.t.Errorf("step %d: it was not killed", at)
	}
	left := k.truth(k.errand)
	if left != k.before {
		k.moved(at, left)
	}
	outcome, err := k.run()
	if err != nil {
		k.t.Errorf("step %d, called again: %v", at, err)
	}
	after := k.truth(k.errand)
	switch {
	case after == k.before:
		k.t.Errorf("step %d, called again: it did not move", at)
	case left != k.before && after != left:
		k.t.Errorf("step %d, called again: it moved to %s, and was at %s already", at, after, left)
	case left == k.before:
		k.moved(at, after)
	}
	if outcome.Sequence != k.sequence+1 {
		k.t.Errorf("step %d, called again: it says that it is set %d after set %d", at, outcome.Sequence, k.sequence)
	}
	if at%8 == 0 {
		if again, err := k.run(); err != nil || again.Moved || k.truth(k.errand) != after {
			k.t.Errorf("step %d, called a third time: it says %+v, %v", at, again, err)
		}
	}
	if status := k.git("status", "--porcelain"); status != "" {
		k.t.Errorf("step %d: the work tree is left with\n%s", at, status)
	}
	k.back(k.errand, k.before)
}

// moved makes sure that main is one commit further, with the next set, and that all of its history is sound.
func (k kill) moved(at int, commit string) {
	k.t.Helper()
	if k.git("rev-parse", commit+"^") != k.before {
		k.t.Errorf("step %d: main is at %s, neither before nor after", at, commit)
	}
	if got := k.setAt(commit, "prod").Sequence; got != k.sequence+1 {
		k.t.Errorf("step %d: it is set %d after set %d", at, got, k.sequence)
	}
	k.soundAt(commit, fmt.Sprintf("step %d", at))
}

// back brings the world, and the remote, back to a commit.
func (w *world) back(e errand, commit string) {
	w.t.Helper()
	w.git("checkout", "--quiet", "--force", "-B", "main", commit)
	if e.Remote != "" {
		w.git("push", "--quiet", "--force", e.Remote, "main")
	}
}

// truth is where the branch is that the cluster follows.
func (w *world) truth(e errand) string {
	w.t.Helper()
	if e.Remote == "" {
		return w.git("rev-parse", "main")
	}
	commit := w.git("--git-dir="+e.Remote, "rev-parse", "main")
	w.git("fetch", "--quiet", e.Remote, "main")
	return commit
}

func (w *world) setAt(commit, environment string) release.Set {
	w.t.Helper()
	set, err := release.Read(strings.NewReader(w.git("show", commit+":"+release.File(environment))))
	must(w, err)
	return set
}

func (w *world) soundAt(commit, where string) {
	w.t.Helper()
	if _, err := w.at.Verify(context.Background(), commit, "prod", ""); err != nil {
		w.t.Errorf("%s: %v", where, err)
	}
}

// Of all who move production at the same time one wins, and the others are told; then the next one.
func TestExactlyOneWinner(t *testing.T) {
	t.Parallel()
	for _, remote := range []bool{false, true} {
		t.Run(fmt.Sprintf("remote %t", remote), func(t *testing.T) {
			t.Parallel()
			w := settled(t)
			if _, err := w.promote(promotion.Request{}); err != nil {
				t.Fatal(err)
			}
			w.stage(w.candidate())
			e := errand{Dir: w.dir, Now: w.at.Now.Add(time.Minute)}
			dirs := []string{w.dir, w.dir, w.dir, w.dir}
			if remote {
				e.Remote = w.remoteOf()
				for i := range dirs {
					dirs[i] = gittest.Folder(t)
					w.git("clone", "--quiet", e.Remote, dirs[i])
				}
			}
			before := w.git("rev-parse", "main")
			winners := map[string]int{}
			for round := range 9 {
				winners[w.race(e, dirs, round)]++
				w.back(e, before)
				if !remote {
					continue
				}
				for _, dir := range dirs {
					w.git("-C", dir, "checkout", "--quiet", "--force", "-B", "main", before)
				}
			}
			t.Logf("who won: %v", winners)
		})
	}
}

// race has four processes move production at the same time, and says who moved it.
func (w *world) race(e errand, dirs []string, round int) string {
	w.t.Helper()
	before := w.truth(e)
	outcomes := make([]*release.Outcome, len(dirs))
	said := make([]string, len(dirs))
	errands := [][]string{{"promote", "promote", "rollback", "pin"}, {"promote", "promote", "promote", "promote"}, {"rollback", "promote", "rollback", "promote"}}[round%3]
	var all sync.WaitGroup
	for i, dir := range dirs {
		all.Go(func() {
			mine := e
			mine.Dir, mine.Do = dir, errands[(i+round)%len(errands)]
			var stdout, stderr bytes.Buffer
			command := mine.elsewhere()
			command.Stdout, command.Stderr = &stdout, &stderr
			if err := command.Run(); err != nil {
				said[i] = stderr.String()
				return
			}
			outcomes[i] = &release.Outcome{}
			if err := json.Unmarshal(stdout.Bytes(), outcomes[i]); err != nil {
				said[i] = err.Error()
			}
		})
	}
	all.Wait()
	after := w.truth(e)
	commits := strings.Fields(w.git("rev-list", "--first-parent", "--reverse", before+".."+after))
	moved := map[string]string{}
	for i, outcome := range outcomes {
		switch {
		case outcome == nil && !told(said[i]):
			w.t.Errorf("round %d: %s was told %q", round, errands[(i+round)%len(errands)], said[i])
		case outcome != nil && outcome.Moved:
			if other, twice := moved[outcome.Commit]; twice {
				w.t.Errorf("round %d: two say that they made %s: %s", round, outcome.Commit, other)
			}
			moved[outcome.Commit] = outcome.Words
		}
	}
	for _, commit := range commits {
		delete(moved, commit)
	}
	if len(commits) == 0 || len(moved) > 0 {
		w.t.Errorf("round %d: main got %d commits, and without them are %v; said: %q", round, len(commits), moved, said)
		return "nobody"
	}
	w.soundAt(after, fmt.Sprintf("round %d", round))
	subject := w.git("log", "-1", "--format=%s", commits[0])
	return strings.Fields(subject)[0]
}

// told says whether a loser was told something that helps: to look and call again, or why there is nothing left to do.
func told(text string) bool {
	for _, words := range []string{"somebody was faster", "is pinned by", "the work tree is not clean", "index.lock", "lock file", "nothing was moved", "saw "} {
		if strings.Contains(text, words) {
			return true
		}
	}
	return false
}
