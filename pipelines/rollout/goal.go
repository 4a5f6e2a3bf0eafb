package rollout

import (
	"bytes"
	"context"
	"fmt"
	"path"

	"github.com/esteira/esteira/pipelines/git"
	"github.com/esteira/esteira/pipelines/release"
)

// manifests is the folder that clusters are made from.
var manifests = path.Dir(release.Overlays)

// Source is the branch that the cluster follows.
type Source struct {
	Repository git.Repository
	Branch     string
	// Remote is whose branch it is; empty for the clone's own.
	Remote string
}

// Goal is a set that is to run.
type Goal struct {
	Set release.Set
	// Commit is the last one up to which the cluster's manifests changed: Argo CD has to be there, or further.
	Commit string
	source Source
}

// Goal is the set that an environment has at a revision, or where the branch is.
func (s Source) Goal(ctx context.Context, environment, revision string) (Goal, error) {
	if err := release.CheckEnvironment(environment); err != nil {
		return Goal{}, err
	}
	commit, err := s.commit(ctx, revision)
	if err != nil {
		return Goal{}, err
	}
	set, err := s.set(ctx, environment, commit)
	if err != nil {
		return Goal{}, err
	}
	if set.Sequence == 0 {
		return Goal{}, fmt.Errorf("%s at %.12s: set 0 is none: promote one first", release.File(environment), commit)
	}
	changes, err := s.Repository.Changing(ctx, commit, manifests)
	if err != nil {
		return Goal{}, err
	}
	return Goal{set, changes[len(changes)-1].Hash, s}, nil
}

func (s Source) commit(ctx context.Context, revision string) (string, error) {
	switch {
	case revision != "":
		return s.Repository.Resolve(ctx, revision)
	case s.Remote == "":
		return s.Repository.Resolve(ctx, "refs/heads/"+s.Branch)
	}
	commit, err := s.Repository.RemoteHead(ctx, s.Remote, s.Branch)
	if err == nil && commit == "" {
		return "", fmt.Errorf("the remote %s has no branch %s", s.Remote, s.Branch)
	}
	return commit, err
}

func (s Source) set(ctx context.Context, environment, commit string) (release.Set, error) {
	text, err := s.Repository.Read(ctx, commit, release.File(environment))
	if err != nil {
		return release.Set{}, err
	}
	set, err := release.Read(bytes.NewReader(text))
	if err != nil {
		return release.Set{}, fmt.Errorf("%s at %.12s: %w", release.File(environment), commit, err)
	}
	return set, nil
}

// standing is where a commit is, seen from a goal.
type standing struct {
	// reached says that it has the set, replaced which set it has instead; neither, that the set is yet to come.
	reached  bool
	replaced int
	words    string
}

// standing says where the commit is that Argo CD is at. One that is not here is fetched, where there is a remote.
func (g Goal) standing(ctx context.Context, revision string) (standing, error) {
	if revision == "" {
		return standing{words: "at no commit yet"}, nil
	}
	commit, err := g.source.Repository.Resolve(ctx, revision)
	if err != nil && g.source.Remote != "" {
		if _, err := g.source.Repository.RemoteHead(ctx, g.source.Remote, g.source.Branch); err != nil {
			return standing{}, err
		}
		commit, err = g.source.Repository.Resolve(ctx, revision)
	}
	if err != nil {
		return standing{words: fmt.Sprintf("at %.12s, which is not in this clone", revision)}, nil
	}
	there, err := g.source.Repository.IsAncestor(ctx, g.Commit, commit)
	if err != nil {
		return standing{}, err
	}
	if !there {
		return standing{words: fmt.Sprintf("at %.12s, which is not as far as %.12s", commit, g.Commit)}, nil
	}
	set, err := g.source.set(ctx, g.Set.Environment, commit)
	if err != nil {
		return standing{}, err
	}
	if set.Digest() != g.Set.Digest() {
		return standing{replaced: set.Sequence, words: fmt.Sprintf("at %.12s, which has set %d", commit, set.Sequence)}, nil
	}
	return standing{reached: true, words: fmt.Sprintf("at %.12s, which has the set", commit)}, nil
}
