package git_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/esteira/esteira/pipelines/git"
	"github.com/esteira/esteira/pipelines/git/gittest"
)

var (
	ctx    = context.Background()
	ada    = git.Identity{Name: "Ada", Email: "ada@example.com"}
	moment = time.Date(2026, 11, 27, 2, 30, 0, 0, time.UTC)
)

func run(t *testing.T, dir string, args ...string) string {
	t.Helper()
	return gittest.Git(t, dir, moment, append([]string{"-c", "user.name=Bob", "-c", "user.email=bob@example.com"}, args...)...)
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// repository has one commit, with a file, a program and a link.
func repository(t *testing.T) (git.Repository, string) {
	t.Helper()
	dir := gittest.Folder(t)
	run(t, dir, "init", "--quiet", "--initial-branch=main")
	write(t, filepath.Join(dir, "a/é.txt"), "one\n")
	write(t, filepath.Join(dir, "run"), "#!/bin/sh\n")
	if err := errors.Join(os.Chmod(filepath.Join(dir, "run"), 0o755), os.Symlink("a", filepath.Join(dir, "link"))); err != nil {
		t.Fatal(err)
	}
	run(t, dir, "add", "--all")
	run(t, dir, "commit", "--quiet", "--message=Begin")
	r, err := git.Open(ctx, dir)
	if err != nil {
		t.Fatal(err)
	}
	return r, run(t, dir, "rev-parse", "HEAD")
}

// A clone that was copied, into a container say, has other times and inodes than its index says, and no change.
func TestMoveInACopy(t *testing.T) {
	t.Parallel()
	original, base := repository(t)
	r := git.Repository{Dir: t.TempDir()}
	if err := os.CopyFS(r.Dir, os.DirFS(original.Dir)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"run", "a/é.txt"} {
		if err := os.Chtimes(filepath.Join(r.Dir, name), moment, moment); err != nil {
			t.Fatal(err)
		}
	}
	commit, err := r.Commit(ctx, git.Change{
		Base: base, Files: map[string][]byte{"a/é.txt": []byte("two\n")}, Message: "Change", Author: ada, Time: moment,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Move(ctx, "main", base, commit, "reason"); err != nil {
		t.Error(err)
	}
}

func TestCommitAndMove(t *testing.T) {
	t.Parallel()
	r, base := repository(t)
	change := git.Change{
		Base: base, Files: map[string][]byte{"a/é.txt": []byte("two\n"), "run": []byte("#!/bin/false\n"), "b/new": []byte("new")},
		Message: "Change\n\nwhy\n", Author: ada, Time: moment,
	}
	commit, err := r.Commit(ctx, change)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := r.Commit(ctx, change); err != nil || again != commit {
		t.Errorf("the same again is %s, not %s: %v", again, commit, err)
	}
	if run(t, r.Dir, "rev-parse", "main") != base || run(t, r.Dir, "status", "--porcelain") != "" {
		t.Error("a commit moved something")
	}
	if err := r.Move(ctx, "main", base, commit, "reason"); err != nil {
		t.Fatal(err)
	}
	if status := run(t, r.Dir, "status", "--porcelain"); status != "" {
		t.Errorf("the work tree is left with %s", status)
	}
	if modes := run(t, r.Dir, "ls-tree", "main", "run"); !strings.HasPrefix(modes, "100755") {
		t.Errorf("the program is no program any more: %s", modes)
	}
	if who := run(t, r.Dir, "log", "-1", "--format=%an <%ae> %cn %cI"); who != "Ada <ada@example.com> Ada 2026-11-27T02:30:00Z" && who != "Ada <ada@example.com> Ada 2026-11-27T02:30:00+00:00" {
		t.Errorf("it is by %s", who)
	}
	if err := r.Move(ctx, "main", base, commit, "again"); err == nil {
		t.Error("it moved from where the branch is not")
	}
	other, err := r.Commit(ctx, git.Change{Base: base, Files: map[string][]byte{"c": nil}, Message: "Other", Author: ada, Time: moment})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Move(ctx, "main", base, other, "slower"); !errors.Is(err, git.ErrLost) {
		t.Errorf("who is slower is told %v", err)
	}
	if changed, err := r.Changed(ctx, base, commit); err != nil || !reflect.DeepEqual(changed, []string{"a/é.txt", "b/new", "run"}) {
		t.Errorf("changed are %q, %v", changed, err)
	}
	write(t, filepath.Join(r.Dir, ".git/refs/heads/main.lock"), "")
	if err := r.Move(ctx, "main", commit, base, "locked"); err == nil || errors.Is(err, git.ErrLost) || !strings.Contains(err.Error(), "take its lock file away") {
		t.Errorf("a lock that was left: %v", err)
	}
}

// Nothing is written outside of the tree, or through a link, or into Git's own folder.
func TestCommitRefuses(t *testing.T) {
	t.Parallel()
	r, base := repository(t)
	for _, path := range []string{"../x", "/etc/x", "a/../../x", "", ".", ".git/hooks/x", "a/.GIT/x", "a\nb", "link", "link/x", "run/x"} {
		if commit, err := r.Commit(ctx, git.Change{Base: base, Files: map[string][]byte{path: nil}, Message: "x", Author: ada, Time: moment}); err == nil {
			t.Errorf("%q is in %s", path, commit)
		}
	}
}

func TestRead(t *testing.T) {
	t.Parallel()
	r, base := repository(t)
	if text, err := r.Read(ctx, base, "a/é.txt"); err != nil || string(text) != "one\n" {
		t.Errorf("%q, %v", text, err)
	}
	if _, err := r.Read(ctx, base, "link"); err == nil || !strings.Contains(err.Error(), "link is a link") {
		t.Errorf("a link: %v", err)
	}
	for _, path := range []string{"a", "b", "a/é.txt/x"} {
		if _, err := r.Read(ctx, base, path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", path, err)
		}
	}
	for _, revision := range []string{"nowhere", "--all", "main:a", ""} {
		if commit, err := r.Resolve(ctx, revision); err == nil {
			t.Errorf("%q is %s", revision, commit)
		}
	}
	if _, err := git.Open(ctx, filepath.Join(r.Dir, "a")); err == nil || !strings.Contains(err.Error(), "is not the root") {
		t.Errorf("a folder in it: %v", err)
	}
	if _, err := git.Open(ctx, t.TempDir()); err == nil {
		t.Error("a folder without Git is opened")
	}
}

// A hook of another repository has variables that name that one.
func TestVariablesDoNotLeadElsewhere(t *testing.T) {
	r, base := repository(t)
	t.Setenv("GIT_DIR", t.TempDir())
	t.Setenv("GIT_INDEX_FILE", filepath.Join(t.TempDir(), "index"))
	if commit, err := r.Resolve(ctx, "main"); err != nil || commit != base {
		t.Errorf("%s, %v", commit, err)
	}
}

func TestBetween(t *testing.T) {
	t.Parallel()
	r, base := repository(t)
	write(t, filepath.Join(r.Dir, "a/b"), "x")
	run(t, r.Dir, "add", "--all")
	run(t, r.Dir, "commit", "--quiet", "--author=Cy <cy@example.com>", "--message=Pair\n\nCo-authored-by: Dan <dan@example.com>\nco-authored-by: Eve D. <eve@example.com>\nCo-authored-by: nobody knows")
	write(t, filepath.Join(r.Dir, "c"), "x")
	run(t, r.Dir, "add", "--all")
	run(t, r.Dir, "commit", "--quiet", "--message=Elsewhere")
	commits, err := r.Between(ctx, base, "main", []string{"a"})
	if err != nil || len(commits) != 1 {
		t.Fatalf("%+v, %v", commits, err)
	}
	want := []git.Identity{{Name: "Dan", Email: "dan@example.com"}, {Name: "Eve D.", Email: "eve@example.com"}, {Name: "nobody knows", Email: "nobody knows"}}
	if c := commits[0]; c.Subject != "Pair" || c.Author.Email != "cy@example.com" || c.Committer.Email != "bob@example.com" || !reflect.DeepEqual(c.CoAuthors, want) {
		t.Errorf("%+v", c)
	}
	if all, err := r.Between(ctx, "", "main", nil); err != nil || len(all) != 3 {
		t.Errorf("%d commits, %v", len(all), err)
	}
	run(t, r.Dir, "checkout", "--quiet", "-b", "side", base)
	run(t, r.Dir, "commit", "--quiet", "--allow-empty", "--message=Aside")
	for _, ends := range [][2]string{{"main", "side"}, {"side", "main"}} {
		if apart, err := r.Parting(ctx, ends[0], ends[1]); err != nil || len(apart) != 3 {
			t.Errorf("%s and %s differ by %+v, %v", ends[0], ends[1], apart, err)
		}
	}
	if _, err := r.Between(ctx, strings.Repeat("1", 40), "main", nil); err == nil || !strings.Contains(err.Error(), "are no commits here") {
		t.Errorf("a commit that is not there: %v", err)
	}
}

// What an interrupted move left is finished; what a person is at work on is not touched.
func TestSettle(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		message string
		left    func(t *testing.T, dir, commit string)
		clean   bool
	}{
		{"the branch alone moved", "Release-Set: x\n", nil, true},
		{"a file was written already", "Release-Set: x\n", func(t *testing.T, dir, _ string) { write(t, filepath.Join(dir, "a/é.txt"), "two\n") }, true},
		{"a commit of others", "Something\n", nil, false},
		{"somebody works on it", "Release-Set: x\n", func(t *testing.T, dir, _ string) { write(t, filepath.Join(dir, "a/é.txt"), "mine\n") }, false},
		{"somebody works elsewhere", "Release-Set: x\n", func(t *testing.T, dir, _ string) { write(t, filepath.Join(dir, "run"), "mine\n") }, false},
		{"somebody staged", "Release-Set: x\n", func(t *testing.T, dir, _ string) {
			write(t, filepath.Join(dir, "a/é.txt"), "mine\n")
			run(t, dir, "add", "--all")
		}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r, base := repository(t)
			commit, err := r.Commit(ctx, git.Change{Base: base, Files: map[string][]byte{"a/é.txt": []byte("two\n")}, Message: test.message, Author: ada, Time: moment})
			if err != nil {
				t.Fatal(err)
			}
			run(t, r.Dir, "update-ref", "refs/heads/main", commit, base)
			if test.left != nil {
				test.left(t, r.Dir, commit)
			}
			before := run(t, r.Dir, "status", "--porcelain")
			left, err := r.Settle(ctx, "Release-Set: ")
			if err != nil || test.clean != (len(left) == 0) {
				t.Fatalf("it leaves %q, %v", left, err)
			}
			after := run(t, r.Dir, "status", "--porcelain")
			if test.clean != (after == "") || !test.clean && after != before {
				t.Errorf("before\n%s\nafter\n%s", before, after)
			}
		})
	}
}

func TestPush(t *testing.T) {
	t.Parallel()
	r, base := repository(t)
	remote := t.TempDir()
	run(t, r.Dir, "clone", "--quiet", "--bare", r.Dir, remote)
	commit, err := r.Commit(ctx, git.Change{Base: base, Files: map[string][]byte{"c": nil}, Message: "x", Author: ada, Time: moment})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // called again, it is there already
		if err := r.Push(ctx, remote, "main", base, commit); err != nil {
			t.Fatal(err)
		}
	}
	other, err := r.Commit(ctx, git.Change{Base: base, Files: map[string][]byte{"d": nil}, Message: "x", Author: ada, Time: moment})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Push(ctx, remote, "main", base, other); !errors.Is(err, git.ErrLost) {
		t.Errorf("who is slower is told %v", err)
	}
	if err := r.Push(ctx, remote, "proposal", "", other); err != nil {
		t.Error(err)
	}
	if err := r.Push(ctx, remote, "proposal", "", commit); !errors.Is(err, git.ErrLost) {
		t.Errorf("a branch that is there already: %v", err)
	}
	write(t, filepath.Join(remote, "hooks/pre-receive"), "#!/bin/sh\necho the branch is protected >&2\nexit 1\n")
	if err := os.Chmod(filepath.Join(remote, "hooks/pre-receive"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := r.Push(ctx, remote, "main", commit, base); err == nil || errors.Is(err, git.ErrLost) || !strings.Contains(err.Error(), "the branch is protected") {
		t.Errorf("a branch that is protected: %v", err)
	}
	if head, err := r.RemoteHead(ctx, remote, "nowhere"); head != "" || err != nil {
		t.Errorf("a branch that is not there: %q, %v", head, err)
	}
	if err := r.Push(ctx, filepath.Join(remote, "nowhere"), "main", base, commit); err == nil || !strings.Contains(err.Error(), "call again, nothing is done twice") {
		t.Errorf("a remote that is down: %v", err)
	}
}
