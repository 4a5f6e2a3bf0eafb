package git

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// ErrLost says that a branch is elsewhere by now.
var ErrLost = errors.New("somebody was faster")

// Identity is who commits.
type Identity struct{ Name, Email string }

// Change is a commit that is to be made.
type Change struct {
	// Base is its first parent, Parents are further ones.
	Base    string
	Parents []string
	// Files are new contents by path; what is not named stays.
	Files   map[string][]byte
	Message string
	Author  Identity
	Time    time.Time
}

// Commit makes a commit that no branch has yet: objects alone are written. It is signed where Git is configured to sign.
func (r Repository) Commit(ctx context.Context, c Change) (string, error) {
	tree, err := r.tree(ctx, c)
	if err != nil {
		return "", err
	}
	args := []string{"commit-tree", tree}
	for _, parent := range append([]string{c.Base}, c.Parents...) {
		args = append(args, "-p", parent)
	}
	if sign, err := r.line(ctx, "config", "--type=bool", "--get", "commit.gpgSign"); err == nil && sign == "true" {
		args = append(args, "-S")
	}
	stamp := c.Time.UTC().Format("2006-01-02T15:04:05Z")
	output, err := r.run(ctx, call{args: args, input: []byte(c.Message), env: []string{
		"GIT_AUTHOR_NAME=" + c.Author.Name, "GIT_AUTHOR_EMAIL=" + c.Author.Email, "GIT_AUTHOR_DATE=" + stamp,
		"GIT_COMMITTER_NAME=" + c.Author.Name, "GIT_COMMITTER_EMAIL=" + c.Author.Email, "GIT_COMMITTER_DATE=" + stamp,
	}})
	return strings.TrimSpace(string(output)), err
}

// tree is the tree of a change, put together in an index of its own.
func (r Repository) tree(ctx context.Context, c Change) (string, error) {
	dir, err := os.MkdirTemp("", "index")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	paths := slices.Sorted(maps.Keys(c.Files))
	modes, err := r.modes(ctx, c.Base, paths)
	if err != nil {
		return "", err
	}
	objects, err := r.store(ctx, dir, paths, c.Files)
	if err != nil {
		return "", err
	}
	var lines strings.Builder
	for i, file := range paths {
		fmt.Fprintf(&lines, "%s %s\t%s\x00", modes[file], objects[i], file)
	}
	index := []string{"GIT_INDEX_FILE=" + filepath.Join(dir, "index")}
	if _, err := r.run(ctx, call{args: []string{"read-tree", c.Base}, env: index}); err != nil {
		return "", err
	}
	if _, err := r.run(ctx, call{args: []string{"update-index", "-z", "--add", "--index-info"}, input: []byte(lines.String()), env: index}); err != nil {
		return "", err
	}
	output, err := r.run(ctx, call{args: []string{"write-tree"}, env: index})
	return strings.TrimSpace(string(output)), err
}

// modes are those that files have in a commit, or get where they are new, and an error where a link stands in the place of one,
// or something that is no folder above it.
func (r Repository) modes(ctx context.Context, commit string, paths []string) (map[string]string, error) {
	found, above := map[string]string{}, map[string]bool{}
	for _, file := range paths {
		if !fs.ValidPath(file) || file == "." || strings.ContainsAny(file, "\t\n\x00") || slices.Contains(strings.Split(strings.ToLower(file), "/"), ".git") {
			return nil, fmt.Errorf("%q is no path of this repository", file)
		}
		found[file] = "100644"
		for folder := path.Dir(file); folder != "."; folder = path.Dir(folder) {
			above[folder] = true
		}
	}
	looked := slices.Concat(paths, slices.Sorted(maps.Keys(above)))
	output, err := r.run(ctx, call{args: append([]string{"ls-tree", "-t", "-z", "--full-tree", commit, "--"}, looked...)})
	if err != nil {
		return nil, err
	}
	for _, entry := range entries(output) {
		_, named := found[entry.Path]
		if above[entry.Path] && entry.mode != "040000" || named && !entry.Mode.IsRegular() {
			return nil, fmt.Errorf("%s is a link or another repository, or no folder: nothing is written through it", entry.Path)
		}
		if named {
			found[entry.Path] = entry.mode
		}
	}
	return found, nil
}

// store writes contents as objects, by one call: they lie in a folder first. Their names are in the order of the paths.
func (r Repository) store(ctx context.Context, dir string, paths []string, contents map[string][]byte) ([]string, error) {
	var names strings.Builder
	for i, path := range paths {
		name := filepath.Join(dir, fmt.Sprint(i))
		if err := os.WriteFile(name, contents[path], 0o600); err != nil {
			return nil, err
		}
		fmt.Fprintln(&names, name)
	}
	output, err := r.run(ctx, call{args: []string{"hash-object", "-w", "--no-filters", "--stdin-paths"}, input: []byte(names.String())})
	if err != nil {
		return nil, err
	}
	objects := strings.Fields(string(output))
	if len(objects) != len(paths) {
		return nil, fmt.Errorf("git hash-object: %d objects of %d files", len(objects), len(paths))
	}
	return objects, nil
}

// Move moves a branch of this clone from one commit to another, or, where it is elsewhere by now, not at all (ErrLost). Where
// the branch is checked out, index and work tree follow.
func (r Repository) Move(ctx context.Context, branch, from, to, reason string) error {
	ref := "refs/heads/" + branch
	if _, err := r.run(ctx, call{args: []string{"update-ref", "--create-reflog", "-m", reason, ref, to, from}}); err != nil {
		if now, failed := r.Resolve(ctx, ref); failed == nil && now != from && now != to {
			return fmt.Errorf("%w: %s is at %.12s and was at %.12s: look again what would change, and call again", ErrLost, branch, now, from)
		}
		return fmt.Errorf("nothing was moved: %w: if no git runs any more, take its lock file away and call again", err)
	}
	return r.follow(ctx, ref, from, to)
}

// follow brings index and work tree to where the branch is that is checked out.
func (r Repository) follow(ctx context.Context, ref, from, to string) error {
	head, err := r.line(ctx, "rev-parse", "--is-bare-repository", "--symbolic-full-name", "HEAD")
	if err != nil || head != "false\n"+ref {
		return nil // nobody looks at it here
	}
	for wait := 10 * time.Millisecond; ; wait *= 2 {
		// A clone that was copied has other times and inodes than its index says: what has the same content is no change.
		_, err := r.run(ctx, call{args: []string{"update-index", "-q", "--refresh"}})
		if err == nil {
			_, err = r.run(ctx, call{args: []string{"read-tree", "-m", "-u", from, to}})
		}
		var failed *Error
		if err == nil || wait > time.Second || !errors.As(err, &failed) || !strings.Contains(failed.Said, "index.lock") {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
	}
}

// Push puts a commit onto a branch of a remote that is at a certain commit there, and nowhere else (ErrLost); at nothing at
// all where from is empty.
func (r Repository) Push(ctx context.Context, remote, branch, from, to string) error {
	ref := "refs/heads/" + branch
	_, err := r.run(ctx, call{args: []string{"push", "--porcelain", "--quiet", "--force-with-lease=" + ref + ":" + from, "--", remote, to + ":" + ref}})
	if err == nil {
		return nil
	}
	now, failed := r.RemoteHead(ctx, remote, branch)
	switch {
	case failed != nil:
		return fmt.Errorf("nobody knows whether it was pushed: %w: call again, nothing is done twice", errors.Join(err, failed))
	case now == to:
		return nil
	case now != from:
		return fmt.Errorf("%w: %s of %s is at %.12s and was at %.12s: look again what would change, and call again", ErrLost, branch, remote, now, from)
	}
	return fmt.Errorf("nothing was pushed: %w", err)
}

// RemoteHead is the commit that a remote's branch is at, fetched if it is not here; empty where there is no such branch.
func (r Repository) RemoteHead(ctx context.Context, remote, branch string) (string, error) {
	ref := "refs/heads/" + branch
	line, err := r.line(ctx, "ls-remote", "--", remote, ref)
	if err != nil {
		return "", fmt.Errorf("the remote %s does not answer: %w", remote, err)
	}
	commit, _, _ := strings.Cut(line, "\t")
	if commit == "" {
		return "", nil
	}
	if _, err := r.run(ctx, call{args: []string{"cat-file", "-e", commit + "^{commit}"}}); err != nil {
		if _, err := r.run(ctx, call{args: []string{"fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--", remote, ref}}); err != nil {
			return "", fmt.Errorf("the remote %s does not answer: %w", remote, err)
		}
	}
	return commit, nil
}

// IsAncestor says whether a commit is another one, or among those that it builds on.
func (r Repository) IsAncestor(ctx context.Context, commit, of string) (bool, error) {
	_, err := r.run(ctx, call{args: []string{"merge-base", "--is-ancestor", commit, of}})
	var failed *Error
	if errors.As(err, &failed) && failed.Code == 1 {
		return false, nil
	}
	return err == nil, err
}

// Untracked are the files in a folder that nobody tracks and no rule ignores.
func (r Repository) Untracked(ctx context.Context, folder string) ([]string, error) {
	output, err := r.run(ctx, call{args: []string{"ls-files", "-z", "--others", "--exclude-standard", "--", ":(literal,top)" + folder}})
	if err != nil || len(output) == 0 {
		return nil, err
	}
	return strings.Split(strings.TrimSuffix(string(output), "\x00"), "\x00"), nil
}

// tracked are the tracked files that differ from what is checked out, in the index or in the work tree.
func (r Repository) tracked(ctx context.Context) ([]string, error) {
	output, err := r.run(ctx, call{args: []string{"status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=no"}})
	if err != nil {
		return nil, err
	}
	var dirty []string
	for record := range strings.SplitSeq(string(output), "\x00") {
		if len(record) > 3 {
			dirty = append(dirty, record[3:])
		}
	}
	return dirty, nil
}

// Settle finishes what an interrupted Move has left: the branch is where it should be, index and work tree are not yet. It
// does so only if each file that differs is exactly as in the last commit or in the one before it, and the last commit's
// message has the mark of what makes such moves. What it returns are the tracked files that still differ.
func (r Repository) Settle(ctx context.Context, mark string) (dirty []string, err error) {
	dirty, err = r.tracked(ctx)
	if err != nil || len(dirty) == 0 {
		return nil, err
	}
	message, err := r.line(ctx, "log", "-1", "--format=%B", "HEAD")
	if err != nil || !strings.Contains(message, mark) {
		return dirty, err
	}
	moved, err := r.run(ctx, call{args: []string{"diff", "--name-only", "-z", "--no-renames", "HEAD^", "HEAD", "--"}})
	if err != nil {
		return nil, err
	}
	for _, path := range dirty {
		known, err := r.eitherOf(ctx, path, "HEAD^", "HEAD")
		if err != nil || !known || !strings.Contains("\x00"+string(moved), "\x00"+path+"\x00") {
			return dirty, err
		}
	}
	_, err = r.run(ctx, call{args: []string{"read-tree", "--reset", "-u", "HEAD"}})
	return nil, err
}

// eitherOf says whether a file is, in the index and in the work tree, what it is in one of the commits.
func (r Repository) eitherOf(ctx context.Context, path string, commits ...string) (bool, error) {
	names := map[string]bool{}
	for _, commit := range commits {
		if object, err := r.line(ctx, "rev-parse", "--verify", "--quiet", commit+":"+path); err == nil {
			names[object] = true
		}
	}
	staged, err := r.line(ctx, "rev-parse", "--verify", "--quiet", ":"+path)
	if err != nil || !names[staged] {
		return false, nil
	}
	lies, err := r.line(ctx, "hash-object", "--", path)
	if err != nil {
		return false, nil
	}
	return names[lies], nil
}
