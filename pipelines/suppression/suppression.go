// Package suppression finds what tells a security tool to look away: files of its settings, and words in comments. The
// tools are run so that none of it has an effect; that somebody tried is a finding, because what is accepted belongs into
// policy.yaml, with an owner, a reason and an end.
package suppression

import (
	"bufio"
	"bytes"
	"fmt"
	"io/fs"
	"path"
	"slices"

	"github.com/esteira/esteira/pipelines/acceptance"
	"github.com/esteira/esteira/pipelines/finding"
)

// Kind is what tools are told by.
type Kind struct {
	// Files are names of settings.
	Files []string
	// Word is what a line has, or nothing where only files count.
	Word string
}

// The kinds: of those who look up packages, and of those who look for secrets. The word is put together, so that this file
// is none.
var (
	Scanners = Kind{Files: []string{"osv-scanner.toml", ".syft.yaml", ".syft.yml", ".trivyignore", ".trivyignore.yaml", ".grype.yaml", ".snyk"}}
	Secrets  = Kind{Files: []string{".gitleaks.toml", "gitleaks.toml", ".gitleaksignore"}, Word: "gitleaks:" + "allow"}
)

// Place is where something tells a tool to look away.
type Place struct {
	Location finding.Location
	What     string
}

// Find walks a tree. Version control's own folder is not part of it.
func Find(tree fs.FS, kind Kind) ([]Place, error) {
	var places []Place
	err := fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && entry.Name() == ".git":
			return fs.SkipDir
		case slices.Contains(kind.Files, path.Base(name)):
			places = append(places, Place{finding.Location{File: name}, path.Base(name)})
			return nil
		case kind.Word == "" || !entry.Type().IsRegular():
			return nil
		}
		lines, err := linesWith(tree, name, kind.Word)
		for _, line := range lines {
			places = append(places, Place{finding.Location{File: name, Line: line}, kind.Word})
		}
		return err
	})
	return places, err
}

func linesWith(tree fs.FS, name, word string) (lines []int, err error) {
	text, err := fs.ReadFile(tree, name)
	if err != nil || !bytes.Contains(text, []byte(word)) {
		return nil, err
	}
	scanner := bufio.NewScanner(bytes.NewReader(text))
	scanner.Buffer(nil, len(text)+1)
	for number := 1; scanner.Scan(); number++ {
		if bytes.Contains(scanner.Bytes(), []byte(word)) {
			lines = append(lines, number)
		}
	}
	return lines, scanner.Err()
}

// Remarks are places as findings.
func Remarks(places []Place) (remarks []acceptance.Remark) {
	for _, place := range places {
		remarks = append(remarks, acceptance.Remark{Object: place.Location.File, Finding: finding.Finding{
			Tool: "esteira", Rule: "suppression", Severity: finding.High, Location: place.Location,
			Message: fmt.Sprintf("%s tells a tool to look away; it is not obeyed: have the finding accepted in %s, and take this out", place.What, acceptance.File),
		}})
	}
	return remarks
}
