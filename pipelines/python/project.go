// Package python decides what lies in the folder of a Python project, what its wheel starts, and why a tool failed on it.
package python

import (
	"cmp"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"

	"github.com/esteira/esteira/pipelines/finding"
)

// Lock is the kind of a project's lock.
type Lock string

// The locks that are told apart: uv's own, what `uv pip compile` makes of pyproject.toml, and a requirements.txt that
// stands alone.
const (
	UVLock   Lock = "uv.lock"
	Compiled Lock = "compiled"
	Alone    Lock = "alone"
)

// The files that describe a project.
const (
	Description = "pyproject.toml"
	Runtime     = "requirements.txt"
	Development = "requirements-dev.txt"
)

// Project is what a folder's entries and its pyproject.toml tell.
type Project struct {
	// Name is the project's own, empty where there is no pyproject.toml or it gives none.
	Name string
	Lock Lock
	// DevGroup says whether pyproject.toml has the dependency group "dev" (PEP 735).
	DevGroup bool
	// BuildRequires and BuildBackend are those of pyproject.toml's build-system (PEP 518); without one nothing can be built.
	BuildRequires []string
	BuildBackend  string
	// ConfiguresUV says whether pyproject.toml has settings of uv, such as indexes.
	ConfiguresUV bool
	// CoverageSource and MypyFiles say whether the project itself says what is measured and checked.
	CoverageSource bool
	MypyFiles      bool
	// SourceFolder is where its packages lie: src, or the folder itself.
	SourceFolder string
}

// Packaged says whether the project can be made into a wheel.
func (p Project) Packaged() bool { return p.BuildBackend != "" }

// description is the part of a pyproject.toml that matters here.
type description struct {
	Project struct{ Name string }
	Groups  map[string]any `toml:"dependency-groups"`
	Build   *struct {
		Requires []string
		Backend  string `toml:"build-backend"`
	} `toml:"build-system"`
	Tool struct {
		UV       map[string]any
		Coverage struct{ Run map[string]any }
		Mypy     map[string]any
	}
}

// Detect tells from the names of a folder's entries and the text of its pyproject.toml (empty where there is none) how it
// is locked and built. What cannot be run is an *Unsound, a project without a lock too: what it would run tomorrow is
// anybody's guess.
func Detect(entries []string, pyproject string) (Project, error) {
	has := func(name string) bool { return slices.Contains(entries, name) || slices.Contains(entries, name+"/") }
	p := Project{SourceFolder: "."}
	if has("src") {
		p.SourceFolder = "src"
	}
	if !has(Description) {
		if !has(Runtime) {
			return p, &Unsound{
				Reason: "no pyproject.toml and no requirements.txt lies in the folder", Remedy: "give the component's own folder",
			}
		}
		p.Lock = Alone
		return p, nil
	}
	if err := p.read(pyproject); err != nil {
		return p, err
	}
	if has(string(UVLock)) {
		p.Lock = UVLock
		return p, nil
	}
	p.Lock = Compiled
	for _, file := range p.Locks() {
		if !has(file) {
			return p, &Unsound{
				File: Description, Reason: file + " is missing: nothing locks what pyproject.toml asks for",
				Remedy: fmt.Sprintf("run `%s` and commit it", Compile(file)),
			}
		}
	}
	return p, nil
}

func (p *Project) read(pyproject string) error {
	var d description
	if _, err := toml.Decode(pyproject, &d); err != nil {
		line, reason := 0, strings.TrimPrefix(err.Error(), "toml: ")
		var parse toml.ParseError
		if errors.As(err, &parse) {
			line, reason = parse.Position.Line, parse.Message
		}
		place := finding.Location{File: Description, Line: line}
		return &Unsound{
			File: Description, Line: line, Reason: fmt.Sprintf("%s cannot be read: %s", place, reason), Remedy: "mend the file",
		}
	}
	p.Name = d.Project.Name
	_, p.DevGroup = d.Groups["dev"]
	if d.Build != nil {
		p.BuildRequires, p.BuildBackend = d.Build.Requires, cmp.Or(d.Build.Backend, "setuptools.build_meta:__legacy__")
	}
	p.ConfiguresUV = d.Tool.UV != nil
	p.CoverageSource = d.Tool.Coverage.Run["source"] != nil || d.Tool.Coverage.Run["source_pkgs"] != nil
	p.MypyFiles = d.Tool.Mypy["files"] != nil || d.Tool.Mypy["packages"] != nil || d.Tool.Mypy["modules"] != nil
	return nil
}

// Unsound is why a folder holds no project that could be run.
type Unsound struct {
	// File and Line are where that shows; Line is 0 where nobody knows.
	File   string
	Line   int
	Reason string
	Remedy string
}

func (u *Unsound) Error() string { return u.Reason }

// Finding is the reason at its place.
func (u *Unsound) Finding() finding.Finding {
	f := found("project", u.File, u.Reason)
	f.Location.Line = u.Line
	return f
}

// Locks are the files that lock a project without uv.lock.
func (p Project) Locks() []string {
	if p.DevGroup {
		return []string{Runtime, Development}
	}
	return []string{Runtime}
}

// LockCommands make the project's locks anew. A requirements.txt that stands alone is made by nothing.
func (p Project) LockCommands() ([]string, error) {
	switch p.Lock {
	case UVLock:
		return []string{"uv lock"}, nil
	case Alone:
		return nil, &Unsound{
			File: Runtime, Reason: "there is no pyproject.toml to make requirements.txt from", Remedy: "write one, or keep the lock by hand",
		}
	}
	var commands []string
	for _, lock := range p.Locks() {
		commands = append(commands, Compile(lock))
	}
	return commands, nil
}

// PythonVersion is the Python that locks are made for, and that an image gets: Debian's.
const PythonVersion = "3.13"

// Compile is the command that makes a lock anew, to be run in the project's folder. It keeps the versions that the lock
// already has, as far as pyproject.toml allows them.
func Compile(lock string) string {
	words := []string{"uv pip compile --universal --generate-hashes --no-annotate --python-version", PythonVersion}
	return strings.Join(append(append(words, Flags(lock)...), Description, "-o", lock), " ")
}

// Flags are the ones of Compile that one lock has and another has not.
func Flags(lock string) []string {
	if lock == Development {
		return []string{"--group", "dev"}
	}
	return nil
}

// Wheel is what the name of a wheel's file tells (PEP 427). Its distribution is the project's normalised name.
type Wheel struct{ Distribution, Version string }

// ParseWheel reads the name of the one wheel that a build made.
func ParseWheel(files []string) (string, Wheel, error) {
	wheels := slices.DeleteFunc(slices.Clone(files), func(name string) bool { return path.Ext(name) != ".whl" })
	if len(wheels) != 1 {
		return "", Wheel{}, fmt.Errorf("the build made %d wheels (%s), want one", len(wheels), strings.Join(wheels, ", "))
	}
	parts := strings.Split(path.Base(wheels[0]), "-")
	if len(parts) < 5 || parts[0] == "" || parts[1] == "" {
		return "", Wheel{}, fmt.Errorf("%q is no name of a wheel", wheels[0])
	}
	return wheels[0], Wheel{Distribution: parts[0], Version: parts[1]}, nil
}

// MainPackage is the package that `python -m` starts, from the paths of an installed wheel's files: the only one at the top
// that has a __main__.py.
func MainPackage(files []string) (string, error) {
	var packages []string
	for _, file := range files {
		if name, rest, ok := strings.Cut(file, "/"); ok && rest == "__main__.py" {
			packages = append(packages, name)
		}
	}
	slices.Sort(packages)
	switch len(packages) {
	case 1:
		return packages[0], nil
	case 0:
		return "", errors.New("no package of the wheel has a __main__.py, so that `python -m` starts nothing: " +
			"add one that starts the application, or a Dockerfile")
	}
	return "", fmt.Errorf("%d packages of the wheel have a __main__.py (%s): nobody can know which one starts the application",
		len(packages), strings.Join(packages, ", "))
}
