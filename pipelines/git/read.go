package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"
)

// Resolve is the commit of a revision.
func (r Repository) Resolve(ctx context.Context, revision string) (string, error) {
	commit, err := r.line(ctx, "rev-parse", "--verify", "--quiet", "--end-of-options", revision+"^{commit}")
	var failed *Error
	if errors.As(err, &failed) {
		return "", fmt.Errorf("%q is no commit here: fetch it (a shallow clone has few), or name another", revision)
	}
	return commit, err
}

// Commit is a commit, by its name, and when it was made.
type Commit struct {
	Hash string
	Time time.Time
}

// Changing are the commits up to a revision that changed a file, on the branch itself (the first parents), oldest first.
func (r Repository) Changing(ctx context.Context, revision, file string) ([]Commit, error) {
	output, err := r.run(ctx, call{args: []string{"log", "--first-parent", "--reverse", "--format=%H %ct", "--end-of-options", revision, "--", ":(literal,top)" + file}})
	if err != nil {
		return nil, err
	}
	return commits(string(output))
}

// Contents are a file's contents in each of the commits; nil where a commit does not have it.
func (r Repository) Contents(ctx context.Context, commits []string, file string) ([][]byte, error) {
	var names []string
	for _, commit := range commits {
		names = append(names, commit+":"+file)
	}
	return r.blobs(ctx, names)
}

// blobs are the contents of blobs, by one call; nil where there is none of that name.
func (r Repository) blobs(ctx context.Context, names []string) ([][]byte, error) {
	output, err := r.run(ctx, call{args: []string{"cat-file", "--batch=%(objecttype) %(objectsize)"}, input: []byte(strings.Join(names, "\n") + "\n")})
	if err != nil {
		return nil, err
	}
	contents := make([][]byte, len(names))
	for i, name := range names {
		header, rest, _ := bytes.Cut(output, []byte("\n"))
		output = rest
		kind, size, _ := strings.Cut(string(header), " ")
		length, err := strconv.Atoi(size)
		if err != nil { // "NAME missing"
			continue
		}
		if length+1 > len(output) {
			return nil, fmt.Errorf("git cat-file: %s is cut short", name)
		}
		if kind == "blob" {
			contents[i] = output[:length:length]
		}
		output = output[length+1:]
	}
	return contents, nil
}

// Entry is what a commit has at a path.
type Entry struct {
	Path string
	// Mode is fs.ModeSymlink for a link and fs.ModeIrregular for another repository's commit.
	Mode fs.FileMode
	// Object is the name of its content.
	Object string
	mode   string
}

// Files are all files of a commit that paths name: each is a file, or a folder with all that is below it. What is not there is
// left out.
func (r Repository) Files(ctx context.Context, commit string, paths ...string) ([]Entry, error) {
	output, err := r.run(ctx, call{args: append([]string{"ls-tree", "-r", "-z", "--full-tree", commit, "--"}, paths...)})
	if err != nil {
		return nil, err
	}
	return entries(output), nil
}

// entries are those that ls-tree printed.
func entries(output []byte) (all []Entry) {
	for record := range strings.SplitSeq(strings.TrimSuffix(string(output), "\x00"), "\x00") {
		head, path, _ := strings.Cut(record, "\t")
		fields := strings.Fields(head)
		if len(fields) != 3 {
			continue
		}
		all = append(all, Entry{Path: path, Mode: modes[fields[0]], Object: fields[2], mode: fields[0]})
	}
	return all
}

var modes = map[string]fs.FileMode{"100644": 0o644, "100755": 0o755, "040000": fs.ModeDir, "120000": fs.ModeSymlink, "160000": fs.ModeIrregular}

// Read is the content of a regular file in a commit. A link is refused: what it leads to is another path's.
func (r Repository) Read(ctx context.Context, commit, path string) ([]byte, error) {
	contents, err := r.ReadPaths(ctx, commit, path)
	if err != nil {
		return nil, err
	}
	content, is := contents[path]
	if !is {
		return nil, fmt.Errorf("%s: %w in commit %.12s", path, fs.ErrNotExist, commit)
	}
	return content, nil
}

// ReadPaths are the contents of all files of a commit that paths name, as Files finds them. A link among them is refused.
func (r Repository) ReadPaths(ctx context.Context, commit string, paths ...string) (map[string][]byte, error) {
	entries, err := r.Files(ctx, commit, paths...)
	if err != nil {
		return nil, err
	}
	return r.ReadAll(ctx, entries)
}

// ReadAll are the contents of entries, by their paths. A link among them is refused.
func (r Repository) ReadAll(ctx context.Context, entries []Entry) (map[string][]byte, error) {
	var names []string
	for _, entry := range entries {
		if !entry.Mode.IsRegular() {
			return nil, fmt.Errorf("%s is a link or another repository: put the file itself there", entry.Path)
		}
		names = append(names, entry.Object)
	}
	if len(names) == 0 {
		return nil, nil
	}
	blobs, err := r.blobs(ctx, names)
	if err != nil {
		return nil, err
	}
	contents := map[string][]byte{}
	for i, entry := range entries {
		if blobs[i] == nil {
			return nil, fmt.Errorf("%s: object %s is missing: this clone is not whole", entry.Path, entry.Object)
		}
		contents[entry.Path] = blobs[i]
	}
	return contents, nil
}

// Time is when a commit was made.
func (r Repository) Time(ctx context.Context, commit string) (time.Time, error) {
	stamp, err := r.line(ctx, "log", "-1", "--format=%ct", "--end-of-options", commit)
	if err != nil {
		return time.Time{}, err
	}
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	return time.Unix(seconds, 0).UTC(), err
}

// Shallow says whether the clone has only the end of its history.
func (r Repository) Shallow(ctx context.Context) (bool, error) {
	answer, err := r.line(ctx, "rev-parse", "--is-shallow-repository")
	return answer == "true", err
}

// Configured is who Git is configured to commit as.
func (r Repository) Configured(ctx context.Context) (Identity, error) {
	name, err := r.line(ctx, "config", "--get", "user.name")
	if err != nil {
		return Identity{}, errors.New("nobody is configured to commit here (user.name, user.email): say who does")
	}
	email, err := r.line(ctx, "config", "--get", "user.email")
	if err != nil {
		return Identity{}, errors.New("nobody is configured to commit here (user.email): say who does")
	}
	return Identity{name, email}, nil
}
