package git

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Changes are the commits between two, without merges, that changed something below a path, oldest first. Where from is empty
// it is the one commit alone: nobody knows what came before.
func (r Repository) Changes(ctx context.Context, from, to, path string) ([]Commit, error) {
	args := []string{"log", "--no-merges", "--reverse", "--format=%H %ct"}
	if from == "" {
		args = append(args, "-1", "--end-of-options", to)
	} else {
		args = append(args, "--end-of-options", from+".."+to, "--", ":(literal,top)"+path)
	}
	output, err := r.run(ctx, call{args: args})
	if err != nil {
		return nil, err
	}
	return commits(string(output))
}

// commits reads lines of a commit's name and its time.
func commits(lines string) (all []Commit, err error) {
	for line := range strings.Lines(lines) {
		hash, stamp, _ := strings.Cut(strings.TrimSpace(line), " ")
		seconds, err := strconv.ParseInt(stamp, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("git log: %q is no commit with its time: %w", line, err)
		}
		all = append(all, Commit{hash, time.Unix(seconds, 0).UTC()})
	}
	return all, nil
}
