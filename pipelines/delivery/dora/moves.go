package dora

import (
	"maps"
	"slices"
	"time"

	"github.com/esteira/esteira/pipelines/config"
	"github.com/esteira/esteira/pipelines/release"
)

// configuration is what a set has beside images and models, as a component.
const configuration = "configuration"

// move is a release set that changed something for somebody.
type move struct {
	sequence int
	// at is when it was deployed.
	at time.Time
	// changed are the components of it that are others than before, with their sources.
	changed []change
	// rollback says that it brought set `to` back.
	rollback  bool
	to        int
	emergency bool
	// refused says that GitHub's deployment of it failed.
	refused bool

	// What judge finds.
	failed bool
	// restored is when a failure was over; zero where it is not.
	restored time.Time
	// hotfix says that it restored what had failed, and is no rollback.
	hotfix bool
}

// unplanned says whether a deployment was made because something had happened.
func (m move) unplanned() bool { return m.rollback || m.emergency || m.hotfix }

// change is a component that moved from one commit to another; sources are empty where a set does not say.
type change struct {
	component    string
	model        bool
	before, then string
	// gone says that it was there, and is not any more.
	gone bool
}

// moves are the sets of a history that changed what somebody owns.
func moves(history []release.Entry, outcomes map[string]outcome, owned func(change) bool) (all []move) {
	var before release.Set
	if cut(history) {
		before, history = history[0].Set, history[1:]
	}
	for _, entry := range history {
		changed := slices.DeleteFunc(changes(before, entry.Set), func(c change) bool { return !owned(c) })
		before = entry.Set
		if len(changed) == 0 {
			continue
		}
		m := move{sequence: entry.Set.Sequence, at: entry.Time, changed: changed, emergency: entry.Set.Emergency != nil}
		if back := entry.Set.Rollback; back != nil {
			m.rollback, m.to = true, back.To
		}
		if outcome, known := outcomes[entry.Commit]; known {
			m.refused = outcome.failed
			if !outcome.at.IsZero() {
				m.at = outcome.at
			}
		}
		all = append(all, m)
	}
	return all
}

// cut says whether a history does not begin at the beginning: its first set was there before.
func cut(history []release.Entry) bool { return len(history) > 0 && history[0].Set.Sequence > 1 }

// changes are the components in which two sets differ, in order.
func changes(before, after release.Set) (all []change) {
	for _, name := range union(before.Images, after.Images) {
		if was, is := before.Images[name], after.Images[name]; was.Digest != is.Digest {
			all = append(all, change{component: name, before: was.Source, then: is.Source, gone: is.Digest == ""})
		}
	}
	for _, name := range union(before.Models, after.Models) {
		if was, is := before.Models[name], after.Models[name]; was.SHA256 != is.SHA256 {
			all = append(all, change{component: name, model: true, before: was.Source, then: is.Source, gone: is.SHA256 == ""})
		}
	}
	if before.Configuration != after.Configuration {
		all = append(all, change{component: configuration})
	}
	return all
}

func union[V any](a, b map[string]V) []string {
	names := slices.AppendSeq(slices.Collect(maps.Keys(a)), maps.Keys(b))
	slices.Sort(names)
	return slices.Compact(names)
}

// judge finds which deployments failed, and what restored them.
func judge(moves []move) {
	for i := range moves {
		m := &moves[i]
		m.failed = m.failed || m.refused && !m.rollback
		replaced := origin(moves, i-1)
		if replaced < 0 {
			continue
		}
		before := &moves[replaced]
		before.failed = before.failed || m.rollback
		if before.failed && before.restored.IsZero() && !m.refused {
			before.restored = m.at
			m.hotfix = !m.rollback
		}
	}
}

// origin is the deployment whose content a move has: itself, or the one that a rollback brought back. It is negative for what
// was there before the first.
func origin(moves []move, i int) int {
	for i >= 0 && moves[i].rollback {
		to := moves[i].to
		for i--; i >= 0 && moves[i].sequence > to; i-- {
		}
	}
	return i
}

// outcome is what became of GitHub's deployment of a commit.
type outcome struct {
	failed bool
	// at is when it succeeded; zero where nobody can tell any more.
	at time.Time
}

// outcomes are those of the last deployment of each commit to an environment. One that is inactive had succeeded, and was
// followed by another; when is not told.
func (in Input) outcomes(environment string) map[string]outcome {
	all, last := map[string]outcome{}, map[string]time.Time{}
	for _, d := range in.Deployments {
		if d.Environment != environment || d.Created.Before(last[d.SHA]) {
			continue
		}
		last[d.SHA] = d.Created
		switch d.State {
		case "success":
			all[d.SHA] = outcome{at: d.Updated}
		case "failure", "error":
			all[d.SHA] = outcome{failed: true}
		default:
			delete(all, d.SHA)
		}
	}
	return all
}

// owners say whose a component is.
type owners struct {
	components map[string]config.Component
	only       map[config.Kind][]config.Component
}

func newOwners(components []config.Component) owners {
	o := owners{components: map[string]config.Component{}, only: map[config.Kind][]config.Component{}}
	for _, c := range components {
		o.components[c.Name] = c
		o.only[c.Kind] = append(o.only[c.Kind], c)
	}
	return o
}

// of is the component that a part of a set comes from: the one of its name; for a model else the one that trains, for
// configuration the one of manifests, if there is one alone.
func (o owners) of(c change) (config.Component, bool) {
	if component, known := o.components[c.component]; known {
		return component, true
	}
	var candidates []config.Component
	switch {
	case c.model:
		candidates = o.only[config.Train]
	case c.component == configuration:
		candidates = o.only[config.Manifests]
	}
	if len(candidates) != 1 {
		return config.Component{}, false
	}
	return candidates[0], true
}

// team owns a change; empty where esteira.yaml names nobody.
func (o owners) team(c change) string {
	component, _ := o.of(c)
	return component.Owner
}

func (o owners) teams() (teams []string) {
	for _, c := range o.components {
		teams = append(teams, c.Owner)
	}
	slices.Sort(teams)
	return slices.Compact(teams)
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
