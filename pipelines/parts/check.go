package parts

import (
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"regexp"

	"golang.org/x/mod/module"

	"github.com/esteira/esteira/pipelines/manifest"
)

var (
	digest = regexp.MustCompile(`^[0-9a-f]{64}$`)
	sum    = regexp.MustCompile(`^h1:[A-Za-z0-9+/]{43}=$`)
	// partName names a folder too.
	partName = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
)

// check says all that cannot be meant.
func (p Pins) check() error {
	if p.Version != Version {
		return &manifest.FileError{File: p.name, Reason: fmt.Sprintf("version is %d: this reads version %d", p.Version, Version)}
	}
	c := checker{file: p.name, names: map[string]int{}, addresses: map[string]int{}}
	for _, part := range p.Parts {
		c.part(part)
	}
	return errors.Join(c.wrong...)
}

// checker collects what is wrong, and where what must be unique was first.
type checker struct {
	file             string
	wrong            []error
	names, addresses map[string]int
}

func (c *checker) say(line int, format string, values ...any) {
	c.wrong = append(c.wrong, &manifest.FileError{File: c.file, Line: line, Reason: fmt.Sprintf(format, values...)})
}

// unique says where a value stands already.
func (c *checker) unique(seen map[string]int, what string, text Text) {
	if line := seen[text.Value]; line > 0 {
		c.say(text.Line, "the %s %s is in line %d already", what, text, line)
	}
	seen[text.Value] = text.Line
}

func (c *checker) part(p Part) {
	line := p.Name.Line
	if !partName.MatchString(p.Name.Value) {
		c.say(line, "a part's name is %q: want lower-case letters, digits and single hyphens", p.Name)
	}
	c.unique(c.names, "part", p.Name)
	if p.Version == "" {
		c.say(line, "%s has no version", p.Name)
	}
	if err := module.Check(p.Module.Path, p.Module.Version); err != nil {
		c.say(line, "%s: its Go module: %v", p.Name, err)
	}
	if p.Module.Sum != "" && !sum.MatchString(p.Module.Sum) {
		c.say(line, "%s: its module's sum is %q: want h1:… as in go.sum", p.Name, p.Module.Sum)
	}
	if len(p.Manifests) == 0 {
		c.say(line, "%s has no manifests", p.Name)
	}
	for _, m := range p.Manifests {
		c.manifest(p.Name, m)
	}
}

func (c *checker) manifest(part Text, m Manifest) {
	line := m.Address.Line
	if line == 0 {
		c.say(part.Line, "%s: a manifest has no address", part)
		return
	}
	if address, err := url.Parse(m.Address.Value); err != nil || address.Scheme != "https" || address.Host == "" {
		c.say(line, "%s: the address is %q: want https://…", part, m.Address)
	}
	c.unique(c.addresses, "address", m.Address)
	m.SHA256.Line = max(m.SHA256.Line, line)
	c.digest(part, m.SHA256)
	switch {
	case m.File.Value == "" && m.Instead == nil:
		c.say(line, "%s: %s has neither file nor instead: say what is taken offline", part, m.Address)
	case m.File.Value != "" && m.Instead != nil:
		c.say(m.File.Line, "%s: %s has both file and instead: nothing stands in for what the module has", part, m.Address)
	case m.File.Value != "":
		c.path(part, m.File)
	default:
		c.instead(part, line, *m.Instead)
	}
}

func (c *checker) instead(part Text, line int, i Instead) {
	if i.Holds != HoldsAll && i.Holds != HoldsCRDs {
		c.say(line, "%s: what stands in holds %q: want %s or %s", part, i.Holds, HoldsAll, HoldsCRDs)
	}
	if i.Because == "" {
		c.say(line, "%s: say because of what something stands in", part)
	}
	if len(i.Files) == 0 {
		c.say(line, "%s: what stands in has no files", part)
	}
	for _, file := range i.Files {
		file.Path.Line = max(file.Path.Line, line)
		file.SHA256.Line = max(file.SHA256.Line, file.Path.Line)
		c.path(part, file.Path)
		c.digest(part, file.SHA256)
	}
}

func (c *checker) digest(part, text Text) {
	if !digest.MatchString(text.Value) {
		c.say(text.Line, "%s: sha256 is %q: want 64 hexadecimal digits", part, text)
	}
}

// path makes sure that a file lies in its module, and nowhere else on the machine.
func (c *checker) path(part, text Text) {
	if !filepath.IsLocal(text.Value) || text.Value == "." {
		c.say(text.Line, "%s: %q is no path in a module", part, text)
	}
}
