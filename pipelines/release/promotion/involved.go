package promotion

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/esteira/esteira/pipelines/config"
	"github.com/esteira/esteira/pipelines/git"
	"github.com/esteira/esteira/pipelines/release"
)

// span is what lies between two sources of a component.
type span struct {
	component string
	// from is empty where the environment had none of it.
	from, to string
	// paths are the component's own folders; none where nobody says.
	paths []string
}

// spans are those of all components that move.
func (p Plan) spans() []span {
	var spans []span
	for _, component := range moved(p.Before, p.After) {
		s := span{component: component, from: source(p.Before, component), to: source(p.After, component)}
		for _, known := range p.state.config.Components {
			_, model := p.After.Models[component]
			if known.Name == component || model && known.Kind == config.Train {
				s.paths = append(s.paths, known.Path)
			}
		}
		spans = append(spans, s)
	}
	return spans
}

// Brings are the commits between which everything lies that a promotion moves, once each: since which one, up to which one.
// Where the environment had nothing of it, that is since the first of all.
func (w Workspace) Brings(ctx context.Context, plan Plan) ([][2]string, error) {
	var all [][2]string
	for _, s := range plan.spans() {
		if s.from == "" {
			var err error
			if s.from, err = w.Repository.First(ctx, s.to); err != nil {
				return nil, err
			}
		}
		if between := [2]string{s.from, s.to}; !slices.Contains(all, between) {
			all = append(all, between)
		}
	}
	return all, nil
}

// source is the commit that a component was made from; empty where the set does not say.
func source(set release.Set, component string) string {
	if image, is := set.Images[component]; is {
		return image.Source
	}
	return set.Models[component].Source
}

// involved is everybody who had a part in anything that lies between the two sets. Where an environment has had none of a
// component, that is all of its folder.
func (w Workspace) involved(ctx context.Context, plan Plan) ([]release.Person, error) {
	var people []release.Person
	known := map[release.Person]bool{}
	for _, span := range plan.spans() {
		if span.to == "" {
			return nil, fmt.Errorf("%s: the set does not say which commit it was made from, and so nobody knows who had a part in it", span.component)
		}
		commits, err := w.parted(ctx, span)
		if err != nil {
			return nil, err
		}
		for _, commit := range commits {
			for _, person := range parts(commit) {
				if !known[release.Person{Email: person.Email}] {
					known[release.Person{Email: person.Email}] = true
					people = append(people, person)
				}
			}
		}
	}
	return people, nil
}

// parted are the commits that a span brings, and those that it takes away, which were somebody's, too.
func (w Workspace) parted(ctx context.Context, s span) ([]git.Logged, error) {
	if s.from != "" {
		return w.Repository.Parting(ctx, s.from, s.to)
	}
	commits, err := w.Repository.Between(ctx, "", s.to, s.paths)
	if err == nil && len(commits) == 0 {
		err = fmt.Errorf("%s: no commit up to %.12s changes %s, and so nobody knows who had a part in it: mend its path in esteira.yaml", s.component, s.to, strings.Join(s.paths, ", "))
	}
	return commits, err
}

// parts are who had a part in a commit, with the part. Who committed what GitHub merged is GitHub.
func parts(commit git.Logged) []release.Person {
	people := []release.Person{{Name: commit.Author.Name, Email: commit.Author.Email, Part: "wrote " + commit.Hash[:7]}}
	for _, other := range commit.CoAuthors {
		people = append(people, release.Person{Name: other.Name, Email: other.Email, Part: "wrote " + commit.Hash[:7] + ", too"})
	}
	if c := commit.Committer; c != commit.Author && c.Email != "noreply@github.com" {
		people = append(people, release.Person{Name: c.Name, Email: c.Email, Part: "committed " + commit.Hash[:7]})
	}
	return people
}
