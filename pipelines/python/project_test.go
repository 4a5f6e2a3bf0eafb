package python

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

const whole = `
[project]
name = "demo"

[dependency-groups]
dev = ["ruff"]

[build-system]
requires = ["hatchling>=1.27"]
build-backend = "hatchling.build"

[tool.uv]
package = true

[tool.mypy]
files = ["src"]

[tool.coverage.run]
source = ["demo"]
`

func TestDetect(t *testing.T) {
	for _, test := range []struct {
		name      string
		entries   []string
		pyproject string
		want      Project
	}{
		{
			"everything", []string{"pyproject.toml", "requirements-dev.txt", "requirements.txt", "src/"}, whole,
			Project{
				Name: "demo", Lock: Compiled, DevGroup: true, BuildRequires: []string{"hatchling>=1.27"}, BuildBackend: "hatchling.build",
				ConfiguresUV: true, CoverageSource: true, MypyFiles: true, SourceFolder: "src",
			},
		},
		{
			"a uv.lock counts, whatever else is there", []string{"pyproject.toml", "requirements.txt", "uv.lock"}, "[project]\nname = 'demo'\n",
			Project{Name: "demo", Lock: UVLock, SourceFolder: "."},
		},
		{
			"no development group", []string{"pyproject.toml", "requirements.txt"}, "",
			Project{Lock: Compiled, SourceFolder: "."},
		},
		{
			"a build-system without a backend is setuptools'", []string{"pyproject.toml", "requirements.txt"}, "[build-system]\nrequires = ['setuptools']\n",
			Project{Lock: Compiled, BuildRequires: []string{"setuptools"}, BuildBackend: "setuptools.build_meta:__legacy__", SourceFolder: "."},
		},
		{
			"a backend that brings all it needs", []string{"pyproject.toml", "requirements.txt"}, "[build-system]\nrequires = []\nbuild-backend = 'own'\nbackend-path = ['.']\n",
			Project{Lock: Compiled, BuildRequires: []string{}, BuildBackend: "own", SourceFolder: "."},
		},
		{"requirements alone", []string{"app.py", "requirements.txt"}, "", Project{Lock: Alone, SourceFolder: "."}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := Detect(test.entries, test.pyproject)
			if err != nil || !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %+v, %v\nwant %+v", got, err, test.want)
			}
		})
	}
}

func TestDetectRefuses(t *testing.T) {
	for _, test := range []struct {
		name           string
		entries        []string
		pyproject      string
		line           int
		reason, remedy string
	}{
		{"nothing", []string{"README.md"}, "", 0, "no pyproject.toml and no requirements.txt", "component's own folder"},
		{"no lock", []string{"pyproject.toml"}, "", 0, "requirements.txt is missing", "pyproject.toml -o requirements.txt`"},
		{"no development lock", []string{"pyproject.toml", "requirements.txt"}, whole, 0, "requirements-dev.txt is missing", "--group dev pyproject.toml -o requirements-dev.txt`"},
		{"no TOML", []string{"pyproject.toml", "requirements.txt"}, "[project]\nname = \"demo\n", 2, "pyproject.toml:2 cannot be read", "mend the file"},
		{"a type that is none", []string{"pyproject.toml", "requirements.txt"}, "[project]\nname = 3\n", 0, "pyproject.toml cannot be read", "mend the file"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Detect(test.entries, test.pyproject)
			var unsound *Unsound
			if !errors.As(err, &unsound) {
				t.Fatalf("%v is not what a team can mend", err)
			}
			if unsound.Line != test.line || !strings.Contains(unsound.Reason, test.reason) || !strings.Contains(unsound.Remedy, test.remedy) {
				t.Errorf("got %+v", unsound)
			}
			if f := unsound.Finding(); f.Check() != nil || f.Location.Line != test.line {
				t.Errorf("its finding is %+v", f)
			}
		})
	}
}

func FuzzDetect(f *testing.F) {
	f.Add(whole)
	f.Add("[build-system]\nrequires = [1]\n")
	f.Add("tool = 3")
	f.Fuzz(func(t *testing.T, pyproject string) {
		_, err := Detect([]string{"pyproject.toml", "requirements.txt", "requirements-dev.txt"}, pyproject)
		var unsound *Unsound
		if err != nil && (!errors.As(err, &unsound) || unsound.Reason == "" || unsound.Remedy == "" || unsound.Line < 0) {
			t.Errorf("%#v says not what failed or what to do", err)
		}
	})
}

func TestParseWheel(t *testing.T) {
	name, wheel, err := ParseWheel([]string{"demo_app-1.2.0-py3-none-any.whl", "demo_app-1.2.0.tar.gz"})
	if err != nil || name != "demo_app-1.2.0-py3-none-any.whl" || wheel != (Wheel{"demo_app", "1.2.0"}) {
		t.Errorf("%q, %+v, %v", name, wheel, err)
	}
	for _, test := range []struct {
		files []string
		want  string
	}{
		{nil, "made 0 wheels"},
		{[]string{"a-1-py3-none-any.whl", "b-1-py3-none-any.whl"}, "made 2 wheels"},
		{[]string{"demo.whl"}, "no name of a wheel"},
		{[]string{"-1-py3-none-any.whl"}, "no name of a wheel"},
	} {
		if _, _, err := ParseWheel(test.files); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v: %v does not say %q", test.files, err, test.want)
		}
	}
}

func TestMainPackage(t *testing.T) {
	if name, err := MainPackage([]string{"demo/__main__.py", "demo/tool/__main__.py", "demo/__init__.py"}); err != nil || name != "demo" {
		t.Errorf("%q, %v", name, err)
	}
	for _, test := range []struct {
		files []string
		want  string
	}{
		{[]string{"demo/__init__.py", "demo/tool/__main__.py", "__main__.py"}, "no package of the wheel has a __main__.py"},
		{[]string{"b/__main__.py", "a/__main__.py"}, "(a, b)"},
	} {
		if _, err := MainPackage(test.files); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v: %v does not say %q", test.files, err, test.want)
		}
	}
}

func TestLockCommands(t *testing.T) {
	for _, test := range []struct {
		project Project
		want    []string
	}{
		{Project{Lock: UVLock, DevGroup: true}, []string{"uv lock"}},
		{Project{Lock: Compiled}, []string{"uv pip compile --universal --generate-hashes --no-annotate --python-version 3.13 pyproject.toml -o requirements.txt"}},
		{Project{Lock: Compiled, DevGroup: true}, []string{
			"uv pip compile --universal --generate-hashes --no-annotate --python-version 3.13 pyproject.toml -o requirements.txt",
			"uv pip compile --universal --generate-hashes --no-annotate --python-version 3.13 --group dev pyproject.toml -o requirements-dev.txt",
		}},
	} {
		if got, err := test.project.LockCommands(); err != nil || !reflect.DeepEqual(got, test.want) {
			t.Errorf("%+v: %q, %v", test.project, got, err)
		}
	}
	if _, err := (Project{Lock: Alone}).LockCommands(); err == nil || !strings.Contains(err.Error(), "no pyproject.toml to make requirements.txt from") {
		t.Errorf("%v", err)
	}
}
