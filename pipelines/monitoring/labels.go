package monitoring

import (
	"maps"
	"slices"
	"strings"
)

// labelSet is the labels that series may have. An open one may have any: what it is made of can't be told beforehand.
type labelSet struct {
	names map[string]bool
	open  bool
}

func setOf(names ...string) labelSet {
	set := labelSet{names: map[string]bool{}}
	for _, name := range names {
		set.names[name] = true
	}
	return set
}

func (s labelSet) has(name string) bool { return s.open || s.names[name] }

func (s *labelSet) add(other labelSet) {
	maps.Copy(s.names, other.names)
	s.open = s.open || other.open
}

func (s labelSet) union(other labelSet) labelSet {
	all := labelSet{maps.Clone(s.names), s.open}
	all.add(other)
	return all
}

func (s labelSet) without(names ...string) labelSet {
	rest := labelSet{maps.Clone(s.names), s.open}
	for _, name := range names {
		delete(rest.names, name)
	}
	return rest
}

// String lists the labels, for an error.
func (s labelSet) String() string {
	if len(s.names) == 0 {
		return "none"
	}
	return strings.Join(slices.Sorted(maps.Keys(s.names)), ", ")
}

func keys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
