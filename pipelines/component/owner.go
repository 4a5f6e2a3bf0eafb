// Package component says what components a repository has, which of its files belongs to which, what a change touches, and
// what the stages of a component come to.
package component

import (
	"strings"

	"github.com/esteira/esteira/pipelines/config"
)

// Owner says to whom a file belongs: a component, everything, or nobody for a reason. None of it is known where nobody
// owns the file and nobody said why.
type Owner struct {
	// Component is the name of the one whose folder holds the file.
	Component string
	// Everything is the entry by which every component stands on the file.
	Everything string
	// Unowned is why no component's stages look at it.
	Unowned string
}

// Known says whether the file is anybody's.
func (o Owner) Known() bool { return o != Owner{} }

// OwnerOf says to whom a file belongs, by the longest path that holds it.
func OwnerOf(c config.Config, file string) (owner Owner) {
	if file == File {
		return Owner{Everything: File}
	}
	longest := -1
	claim := func(path string, by Owner) {
		if holds(path, file) && len(path) > longest {
			owner, longest = by, len(path)
			if path == "." {
				longest = 0
			}
		}
	}
	for _, component := range c.Components {
		claim(component.Path, Owner{Component: component.Name})
	}
	for _, path := range c.Everything {
		claim(path, Owner{Everything: path})
	}
	for _, unowned := range c.Unowned {
		claim(unowned.Path, Owner{Unowned: unowned.Reason})
	}
	return owner
}

// holds says whether a file or folder is a path, or holds it.
func holds(path, file string) bool {
	return path == "." || path == file || strings.HasPrefix(file, path+"/")
}
