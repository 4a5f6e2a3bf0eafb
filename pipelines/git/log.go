package git

import (
	"context"
	"errors"
	"fmt"
	"net/mail"
	"strings"
)

// Logged is a commit with who made it.
type Logged struct {
	Hash              string
	Subject           string
	Author, Committer Identity
	// CoAuthors are those of its Co-authored-by trailers.
	CoAuthors []Identity
}

// Between are the commits of to that from does not have, newest first, all of to's where from is empty; of those that change
// the paths, where some are named.
func (r Repository) Between(ctx context.Context, from, to string, paths []string) ([]Logged, error) {
	span := to
	if from != "" {
		span = from + ".." + to
	}
	return r.logged(ctx, span, paths)
}

// Parting are the commits that one of two has and the other does not, newest first.
func (r Repository) Parting(ctx context.Context, one, other string) ([]Logged, error) {
	return r.logged(ctx, one+"..."+other, nil)
}

// logged are the commits of a span that change the paths, where some are named.
func (r Repository) logged(ctx context.Context, span string, paths []string) ([]Logged, error) {
	const format = "%H%x00%s%x00%an%x00%ae%x00%cn%x00%ce%x00%(trailers:key=Co-authored-by,valueonly,separator=%x01)%x00%x02"
	args := []string{"log", "--no-use-mailmap", "--format=" + format, "--end-of-options", span, "--"}
	for _, path := range paths {
		args = append(args, ":(literal,top)"+path)
	}
	output, err := r.run(ctx, call{args: args})
	var failed *Error
	if errors.As(err, &failed) {
		return nil, fmt.Errorf("%s are no commits here: fetch them (a shallow clone has few): %w", span, err)
	}
	if err != nil {
		return nil, err
	}
	var commits []Logged
	for record := range strings.SplitSeq(string(output), "\x02\n") {
		fields := strings.Split(record, "\x00")
		if len(fields) != 8 {
			continue
		}
		commits = append(commits, Logged{
			Hash: fields[0], Subject: fields[1], Author: Identity{fields[2], fields[3]}, Committer: Identity{fields[4], fields[5]},
			CoAuthors: coAuthors(fields[6]),
		})
	}
	return commits, nil
}

func coAuthors(values string) []Identity {
	var people []Identity
	for value := range strings.SplitSeq(values, "\x01") {
		value = strings.TrimSpace(value)
		if value == "" {
			continue
		}
		address, err := mail.ParseAddress(value)
		if err != nil { // somebody all the same, and nobody knows who
			people = append(people, Identity{Name: value, Email: value})
			continue
		}
		people = append(people, Identity{address.Name, address.Address})
	}
	return people
}

// Changed are the files that differ between two commits, sorted.
func (r Repository) Changed(ctx context.Context, from, to string) ([]string, error) {
	output, err := r.run(ctx, call{args: []string{"diff-tree", "-r", "-z", "--name-only", "--no-renames", from, to}})
	if err != nil || len(output) == 0 {
		return nil, err
	}
	return strings.Split(strings.TrimSuffix(string(output), "\x00"), "\x00"), nil
}

// First is the commit without a parent that a branch began with.
func (r Repository) First(ctx context.Context, commit string) (string, error) {
	return r.line(ctx, "rev-list", "--first-parent", "--max-parents=0", "--end-of-options", commit)
}

// Create makes a branch that is not there yet (else ErrLost).
func (r Repository) Create(ctx context.Context, branch, commit, reason string) error {
	const nothing = "0000000000000000000000000000000000000000"
	ref := "refs/heads/" + branch
	if _, err := r.run(ctx, call{args: []string{"update-ref", "--create-reflog", "-m", reason, ref, commit, nothing}}); err != nil {
		if now, failed := r.Resolve(ctx, ref); failed == nil && now != commit {
			return fmt.Errorf("%w: there is a branch %s already, at %.12s", ErrLost, branch, now)
		}
		return err
	}
	return nil
}
