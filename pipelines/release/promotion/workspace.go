// Package promotion moves release sets: from one environment to the next, back, and under a pin. Each move is one commit that
// changes a set and everything that is derived from it, made beside the work tree and put onto the branch by one
// compare-and-swap. What it decides by is read from the commit that it builds on.
package promotion

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/esteira/esteira/pipelines/config"
	"github.com/esteira/esteira/pipelines/git"
	"github.com/esteira/esteira/pipelines/release"
	"github.com/esteira/esteira/pipelines/release/policy"
)

// configFile has the policy.
const configFile = "esteira.yaml"

// trailer marks the commits that are made here.
const trailer = "Release-Set: "

// Workspace is where sets are moved, by whom and when.
type Workspace struct {
	Repository git.Repository
	// Branch is what the cluster follows.
	Branch string
	// Remote is whose branch is moved; empty for the clone's own.
	Remote string
	Author git.Identity
	Now    time.Time
}

// ground is what a commit says of all environments.
type ground struct {
	base     string
	baseTime time.Time
	config   config.Config
	policy   policy.Policy
}

// state is what an environment is at a commit.
type state struct {
	ground
	environment string
	asked       policy.Environment
	set         release.Set
	// files are the set's own and those that are derived from it.
	files map[string][]byte
	// states are all states of the set's file.
	states []release.Entry
}

// base is the commit that is built on: where the branch is. A clone that has something of its own is refused.
func (w Workspace) base(ctx context.Context) (string, error) {
	local, localErr := w.Repository.Resolve(ctx, "refs/heads/"+w.Branch)
	if w.Remote == "" {
		return local, localErr
	}
	remote, err := w.Repository.RemoteHead(ctx, w.Remote, w.Branch)
	if err != nil {
		return "", err
	}
	if remote == "" {
		return "", fmt.Errorf("the remote %s has no branch %s", w.Remote, w.Branch)
	}
	if localErr != nil { // a checkout of a commit has no branch
		return remote, nil
	}
	behind, err := w.Repository.IsAncestor(ctx, local, remote)
	if err != nil {
		return "", err
	}
	if !behind {
		return "", fmt.Errorf("the branch %s has diverged: it is at %.12s here, which %s does not have: push it, or take it back, first", w.Branch, local, w.Remote)
	}
	return remote, nil
}

// prepare finishes what an interrupted move left in the work tree, and refuses one that somebody works in.
func (w Workspace) prepare(ctx context.Context) error {
	dirty, err := w.Repository.Settle(ctx, trailer)
	if err != nil {
		return err
	}
	others, err := w.Repository.Untracked(ctx, release.Overlays)
	if err != nil {
		return err
	}
	dirty = append(dirty, others...)
	if len(dirty) > 0 {
		return fmt.Errorf("the work tree is not clean: %s is changed (%d files in all): commit it or put it aside", dirty[0], len(dirty))
	}
	return nil
}

// ground reads what a commit says of all environments.
func (w Workspace) ground(ctx context.Context, base string) (ground, error) {
	g := ground{base: base}
	text, err := w.Repository.Read(ctx, base, configFile)
	if err != nil {
		return ground{}, err
	}
	if g.config, err = config.Parse(configFile, text); err != nil {
		return ground{}, err
	}
	if g.config.Promotion == nil {
		return ground{}, fmt.Errorf("%s at %.12s has no section promotion: say there what is asked of one", configFile, base)
	}
	g.policy = g.config.Promotion.WithDefaults()
	if g.policy.Branch != w.Branch {
		return ground{}, fmt.Errorf("%s says that the branch is %q, and this would move %q", configFile, g.policy.Branch, w.Branch)
	}
	g.baseTime, err = w.Repository.Time(ctx, base)
	return g, err
}

// load reads an environment at a commit.
func (w Workspace) load(ctx context.Context, base, environment string) (state, error) {
	if err := release.CheckEnvironment(environment); err != nil {
		return state{}, err
	}
	g, err := w.ground(ctx, base)
	if err != nil {
		return state{}, err
	}
	return g.load(ctx, w.Repository, environment)
}

// load reads an environment.
func (g ground) load(ctx context.Context, repository git.Repository, environment string) (state, error) {
	s := state{ground: g, environment: environment}
	var known bool
	if s.asked, known = g.policy.Environments[environment]; !known {
		return state{}, fmt.Errorf("the environment %q is unknown: %s at %.12s has %q under promotion.environments", environment, configFile, g.base, slices.Sorted(maps.Keys(g.policy.Environments)))
	}
	if err := s.readFiles(ctx, repository); err != nil {
		return state{}, err
	}
	set, err := release.Read(bytes.NewReader(s.files[release.File(environment)]))
	if err != nil {
		return state{}, fmt.Errorf("%s: %w", release.File(environment), err)
	}
	if set.Environment != environment {
		return state{}, fmt.Errorf("%s: environment is %q", release.File(environment), set.Environment)
	}
	s.set = set
	s.states, err = release.States(ctx, repository, g.base, environment)
	return s, err
}

// readFiles reads the set's file and those that are derived from it. Links among them are refused.
func (s *state) readFiles(ctx context.Context, repository git.Repository) (err error) {
	own := release.File(s.environment)
	folder := path.Dir(own) + "/release/"
	paths := []string{own, folder}
	if s.asked.Updater != "" {
		paths = append(paths, s.tagsFile(), s.asked.Updater)
	}
	if s.files, err = repository.ReadPaths(ctx, s.base, paths...); err != nil {
		return err
	}
	derived := func(name string) bool { return strings.HasPrefix(name, folder) }
	switch {
	case s.files[own] == nil:
		return fmt.Errorf("%s: %w in commit %.12s: begin with apiVersion: %s, kind: %s, environment: %s, sequence: 0, models: {}", own, fs.ErrNotExist, s.base, release.APIVersion, release.Kind, s.environment)
	case slices.ContainsFunc(slices.Collect(maps.Keys(s.files)), derived):
		delete(s.files, s.tagsFile())
	case s.files[s.tagsFile()] == nil:
		return fmt.Errorf("%s is empty or a link: it has to be the folder of the Kustomize component that a set is written to", path.Clean(folder))
	}
	if updater := s.asked.Updater; updater != "" && s.files[updater] == nil {
		return fmt.Errorf("%s: %w in commit %.12s", updater, fs.ErrNotExist, s.base)
	}
	return nil
}

// rewritten are all files that another set changes, with what they become.
func (s *state) rewritten(to release.Set) (map[string][]byte, error) {
	own := release.File(s.environment)
	text, err := release.Write(own, s.files[own], to)
	if err != nil {
		return nil, err
	}
	changed, err := s.derived(to)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(text, s.files[own]) {
		changed[own] = text
	}
	return changed, nil
}

// derived are the files beside the set that do not say what a set does, with what they become.
func (s *state) derived(set release.Set) (map[string][]byte, error) {
	beside := maps.Clone(s.files)
	delete(beside, release.File(s.environment))
	delete(beside, s.asked.Updater)
	delete(beside, s.tagsFile())
	changed, err := Derive(beside, set)
	if err != nil || s.asked.Updater == "" {
		return changed, err
	}
	held, err := Hold(s.asked.Updater, s.files[s.asked.Updater], set.Pin != nil)
	if err == nil && !bytes.Equal(held, s.files[s.asked.Updater]) {
		changed[s.asked.Updater] = held
	}
	return changed, err
}

// message is that of the commit that brings a set. Its last line makes it one of its own: of two who do the same in the same
// second only one can have made what the branch is at.
func message(subject, body string, set release.Set) string {
	text := subject + "\n\n"
	if body != "" {
		text += body + "\n\n"
	}
	return text + trailer + fmt.Sprintf("%s %d sha256:%s\nMove-Id: %s\n", set.Environment, set.Sequence, set.Digest(), rand.Text())
}

// commit makes the commit of a set; the branch does not have it yet.
func (w Workspace) commit(ctx context.Context, s state, files map[string][]byte, text string, parents ...string) (string, error) {
	if w.Author.Name == "" || w.Author.Email == "" || strings.ContainsAny(w.Author.Name+w.Author.Email, "<>\n") {
		return "", fmt.Errorf("%q <%q> is nobody who could commit: name and address are needed", w.Author.Name, w.Author.Email)
	}
	return w.Repository.Commit(ctx, git.Change{
		Base: s.base, Parents: parents, Files: files, Message: text, Author: w.Author, Time: latest(w.Now, s.baseTime),
	})
}

// latest is the later of two times: a commit is never older than the one that it builds on.
func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// deliver puts a commit onto the branch, if that is where it was.
func (w Workspace) deliver(ctx context.Context, base, commit, reason string) error {
	if w.Remote == "" {
		return w.Repository.Move(ctx, w.Branch, base, commit, reason)
	}
	if err := w.Repository.Push(ctx, w.Remote, w.Branch, base, commit); err != nil {
		return err
	}
	local, err := w.Repository.Resolve(ctx, "refs/heads/"+w.Branch)
	if err != nil {
		return nil // a checkout of a commit has no branch that could follow
	}
	if err := w.Repository.Move(ctx, w.Branch, local, commit, reason); err != nil {
		return fmt.Errorf("it is done: %s of %s is at %s; but this clone could not follow: %w", w.Branch, w.Remote, commit, err)
	}
	return nil
}
