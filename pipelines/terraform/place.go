package terraform

import (
	"io/fs"
	"path"
	"regexp"
	"strings"

	"github.com/esteira/esteira/pipelines/acceptance"
	"github.com/esteira/esteira/pipelines/finding"
	"github.com/esteira/esteira/pipelines/tfplan/source"
)

// What in an error that names no line leads to one: a resource's address, or a provider's.
var (
	resourceName   = regexp.MustCompile(`\b(module\.[\w-]+(\["[^"]*"\]|\[\d+\])?\.)*[a-z0-9]+_\w+\.[\w-]+`)
	localName      = regexp.MustCompile(`\blocal\.(\w+)`)
	lockedProvider = regexp.MustCompile(`^provider "`)
	providerName   = regexp.MustCompile(`\bfor provider (?:[\w.-]+/)?([\w-]+/[\w-]+)`)
)

// Placed gives the errors of a folder a place that the tool gave none: that of the first resource that they name, of the
// provider, or the lock file.
func (t Tree) Placed(files fs.FS, folder string, remarks []acceptance.Remark) []acceptance.Remark {
	for i, remark := range remarks {
		if remark.Finding.Location.Line > 0 {
			continue
		}
		if remark.Finding.Rule == "lock-mismatch" {
			name := path.Join(folder, LockFile)
			remarks[i].Finding.Location = saying(files, []string{name}, lockedProvider, finding.Location{File: name})
			continue
		}
		if address := resourceName.FindString(remark.Finding.Message); address != "" {
			if place, err := source.New(files).Find(folder, address, ""); err == nil {
				remarks[i].Finding.Location = place.Location
				continue
			}
		}
		said := ""
		if name := localName.FindStringSubmatch(remark.Finding.Message); name != nil {
			said = `^\s*` + name[1] + `\s*=`
		}
		if name := providerName.FindStringSubmatch(remark.Finding.Message); name != nil {
			said = `(?i)"` + regexp.QuoteMeta(name[1]) + `"`
		}
		if own := t.Folders[folder]; said != "" && own != nil {
			remarks[i].Finding.Location = saying(files, t.Made(own), regexp.MustCompile(said), remark.Finding.Location)
		}
	}
	return remarks
}

// saying is the first line of files that says something, or the place where there is none.
func saying(files fs.FS, names []string, what *regexp.Regexp, otherwise finding.Location) finding.Location {
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			continue
		}
		number := 0
		for line := range strings.Lines(string(text)) {
			number++
			if what.MatchString(line) {
				return finding.Location{File: name, Line: number}
			}
		}
	}
	return otherwise
}
