package tests

import (
	"archive/tar"
	"crypto/rand"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/validate"

	"github.com/esteira/esteira/pipelines/report"
)

// pythonProject is a copy of testdata/python with faults/… laid over it, in a folder of its own.
func pythonProject(t *testing.T, faults ...string) string {
	t.Helper()
	dir := workspace(t)
	overlay(t, dir, "testdata/python")
	for _, fault := range faults {
		overlay(t, dir, filepath.Join("faults", fault))
	}
	return dir
}

// without removes files and folders of a project.
func without(t *testing.T, dir string, names ...string) string {
	t.Helper()
	for _, name := range names {
		if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// replaced replaces the first match of a pattern in a file of a project.
func replaced(t *testing.T, dir, name, pattern, text string) string {
	t.Helper()
	file := filepath.Join(dir, name)
	was := read(t, file)
	place := regexp.MustCompile(pattern).FindStringIndex(was)
	if place == nil {
		t.Fatalf("%s has no %s", file, pattern)
	}
	write(t, file, was[:place[0]]+text+was[place[1]:])
	return dir
}

// Each seeded fault makes its stage red, and the error names the place, the reason and the remedy.
func TestPythonFaults(t *testing.T) {
	t.Parallel()
	const compile = "uv pip compile --universal --generate-hashes --no-annotate --python-version 3.13"
	for _, test := range []struct {
		name   string
		source func(*testing.T) string
		flags  []string // of python
		global []string // of the module
		stage  string
		status report.Status
		says   []string
	}{
		{
			name: "syntax error, linted", source: faulty("python-syntax-error"), stage: "lint", status: report.Failed,
			says: []string{"src/demo/broken.py:4", "invalid-syntax", "Expected `:`", "ruff format"},
		},
		{
			name: "syntax error, type-checked", source: faulty("python-syntax-error"), stage: "typecheck", status: report.Failed,
			says: []string{"src/demo/broken.py:4", "syntax", "mend the types"},
		},
		{
			name: "syntax error, tested", source: faulty("python-syntax-error"), stage: "test", status: report.Failed,
			says: []string{"1 of 1 test", "tests/test_broken.py", "SyntaxError: expected ':'", "broken.py"},
		},
		{
			name: "lint finding", source: faulty("python-lint"), stage: "lint", status: report.Failed,
			says: []string{"src/demo/unused.py:3:8", "F401", "`os` imported but unused", "ruff check --fix"},
		},
		{
			name: "unformatted file", source: faulty("python-unformatted"), stage: "lint", status: report.Failed,
			says: []string{"src/demo/ugly.py:3", "unformatted", "ruff format"},
		},
		{
			name: "type error", source: faulty("python-type-error"), stage: "typecheck", status: report.Failed,
			says: []string{"src/demo/wrong.py:6", "return-value", `got "float", expected "int"`, "mend the types"},
		},
		{
			name: "plug-in of mypy that is not there", source: faulty("python-mypy-plugin"), stage: "typecheck", status: report.Failed,
			says: []string{"pyproject.toml:1", "Error importing plugin", "nowhere_to_be_found"},
		},
		{
			name: "failing test", source: faulty("python-failing-test"), stage: "test", status: report.Failed,
			says: []string{"1 of 2", "tests/test_demo.py:5", "test_doubles", "assert 42 == 43"},
		},
		{
			name: "too little coverage", source: faulty("python-coverage"), stage: "test", status: report.Failed,
			says: []string{"2 tests passed", "exit code 1", "less than fail-under", "is less covered"},
		},
		{
			name: "conftest.py that cannot be imported", source: faulty("python-conftest"), stage: "test", status: report.Undecided,
			says: []string{"conftest.py", "nowhere_to_be_found", "read the end of its output"},
		},
		{
			name: "no test at all", source: lacking("tests"), stage: "test", status: report.Undecided,
			says: []string{"no test ran", "add a test"},
		},
		{
			name: "no test of that name", source: faulty(), stage: "test --only=tests/test_demo.py::test_triples", status: report.Undecided,
			says: []string{"no test ran", "--only"},
		},
		{
			name: "test that hangs", source: faulty("python-slow-test"), flags: []string{"--timeout=15s"}, stage: "test", status: report.Undecided,
			says: []string{"time-out of 15s", "--timeout"},
		},
		{
			name: "no Python at all", source: lacking("src", "tests"), stage: "lint", status: report.Failed,
			says: []string{"no Python file lies in the folder"},
		},
		{
			name: "no description", source: lacking("pyproject.toml", "requirements.txt", "requirements-dev.txt"), stage: "lint", status: report.Failed,
			says: []string{"no pyproject.toml and no requirements.txt", "component's own folder"},
		},
		{
			name: "unparsable pyproject.toml", source: faulty("python-unparsable"), stage: "test", status: report.Failed,
			says: []string{"pyproject.toml:3 cannot be read", "mend the file"},
		},
		{
			name: "setting that ruff does not know", source: faulty("python-ruff-setting"), stage: "lint", status: report.Failed,
			says: []string{"pyproject.toml:18:1", "unknown field `selekt`", "mend the file"},
		},
		{
			name: "unknown dependency", source: faulty("python-unknown-dependency"), stage: "typecheck", status: report.Failed,
			says: []string{"idna-as-nobody-wrote-it, which no index has", "pyproject.toml", "check name and version"},
		},
		{
			name: "stale lock", source: faulty("python-stale-lock"), stage: "build", status: report.Failed,
			says: []string{"requirements.txt does not match pyproject.toml", "+iniconfig==", compile + " pyproject.toml -o requirements.txt"},
		},
		{
			name: "stale development lock", stage: "lint", status: report.Failed,
			source: func(t *testing.T) string {
				return replaced(t, pythonProject(t), "pyproject.toml", `"ruff"`, `"ruff", "pyyaml"`)
			},
			says: []string{"requirements-dev.txt does not match pyproject.toml", compile + " --group dev pyproject.toml -o requirements-dev.txt"},
		},
		{
			name: "no lock", source: lacking("requirements-dev.txt"), stage: "lint", status: report.Failed,
			says: []string{"requirements-dev.txt is missing", compile + " --group dev pyproject.toml -o requirements-dev.txt"},
		},
		{
			name: "wrong hash", stage: "lint", status: report.Failed,
			source: func(t *testing.T) string {
				dir := pythonProject(t)
				return replaced(t, dir, "requirements-dev.txt", `\niniconfig==(.|\n)*?\nlibrt`,
					"\niniconfig==2.3.1 \\\n    --hash=sha256:"+strings.Repeat("0", 64)+"\nlibrt")
			},
			says: []string{"iniconfig==", "its hash differs", "who changed it"},
		},
		{
			name: "no hash", stage: "lint", status: report.Failed,
			source: func(t *testing.T) string {
				dir := lacking("pyproject.toml", "requirements-dev.txt")(t)
				write(t, filepath.Join(dir, "requirements.txt"), "idna==3.20\n")
				return dir
			},
			says: []string{"the lock has no hash of idna==3.20", "--generate-hashes"},
		},
		{
			name: "tool that is not in the lock", source: lacking("pyproject.toml", "requirements-dev.txt"), stage: "lint", status: report.Undecided,
			says: []string{"ruff is not in the lock", "[dependency-groups] dev"},
		},
		{
			name: "wheel that cannot be built", source: faulty("python-unbuildable"), stage: "build", status: report.Failed,
			says: []string{"the project's wheel cannot be built", "Unable to determine which files to ship", "[build-system]"},
		},
		{
			name: "nothing that builds", source: faulty("python-no-build-system"), stage: "build", status: report.Failed,
			says: []string{"pyproject.toml has no [build-system]", "hatchling.build"},
		},
		{
			name: "index that is down", global: []string{"--pypi-index=http://127.0.0.1:9/simple"}, source: faulty(), stage: "lint", status: report.Undecided,
			says: []string{"package index refused or did not answer", "Connection refused", "--pypi-index"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			stage := strings.Fields(test.stage)
			args := slices.Concat(test.global, []string{"python", "--source=" + test.source(t)}, test.flags, stage, []string{"check"})
			call(t, args...).fails(t, append(test.says, stage[0]+" "+string(test.status))...)
		})
	}
}

// faulty is a project with faults; lacking is one without some of its files.
func faulty(faults ...string) func(*testing.T) string {
	return func(t *testing.T) string { return pythonProject(t, faults...) }
}

func lacking(names ...string) func(*testing.T) string {
	return func(t *testing.T) string { return without(t, pythonProject(t), names...) }
}

// What is wrong in a call itself is an error too, not a stage's result.
func TestPythonWrongTimeout(t *testing.T) {
	t.Parallel()
	call(t, "python", "--source="+pythonProject(t), "--timeout=soon", "lint", "check").fails(t, "--timeout", "soon", "90s or 20m")
}

// A green project is green in every stage, and its tests have their coverage.
func TestPythonGreen(t *testing.T) {
	t.Parallel()
	source := "--source=" + pythonProject(t)
	for _, stage := range []string{"lint", "typecheck", "build"} {
		if last := lastLine(call(t, "python", source, stage, "check").passes(t)); last != "passed" {
			t.Errorf("%s: the last line of a green check is %q", stage, last)
		}
	}
	stage := reportOf(t, "python", source, "test").Stages[0]
	if stage.Status != report.Passed || stage.Tests == nil || stage.Tests.Passed != 2 || stage.Tests.Total() != 2 {
		t.Errorf("%s: %+v", stage.Status, stage.Tests)
	}
	// Of demo/__init__.py three lines and one branch of two; of demo/__main__.py nothing.
	if c := stage.Coverage; c == nil || c.LinesCovered != 3 || c.LinesMissed < 10 || c.BranchesCovered != 1 || c.BranchesMissed != 1 {
		t.Errorf("coverage is %+v", stage.Coverage)
	}
	if unlocked := fact(t, reportOf(t, "python", source, "build"), "built with, not in the lock"); !strings.HasPrefix(unlocked, "editables==") {
		t.Errorf("the wheel was built with %q that the lock has not: hatchling is in it", unlocked)
	}
}

// One test can be run alone.
func TestPythonOnly(t *testing.T) {
	t.Parallel()
	run := reportOf(t, "python", "--source="+pythonProject(t, "python-failing-test"), "test", "--only=tests/test_demo.py::test_nothing")
	if tests := run.Stages[0].Tests; tests == nil || tests.Passed != 1 || tests.Total() != 1 {
		t.Errorf("%+v", tests)
	}
}

// The files of a red result are there: JUnit XML and coverage.
func TestPythonRedFiles(t *testing.T) {
	t.Parallel()
	out := t.TempDir()
	call(t, "python", "--source="+pythonProject(t, "python-failing-test"), "test", "files", "export", "--path="+out).passes(t)
	for name, says := range map[string]string{"junit/pytest.xml": "assert 42 == 43", "coverage/coverage.xml": "lines-covered"} {
		if text := read(t, filepath.Join(out, name)); !strings.Contains(text, says) {
			t.Errorf("%s does not say %q", name, says)
		}
	}
}

// A requirements.txt that stands alone is enough, as long as it has hashes.
func TestPythonRequirementsAlone(t *testing.T) {
	t.Parallel()
	source := without(t, pythonProject(t), "pyproject.toml")
	for _, move := range [][2]string{{"requirements-dev.txt", "requirements.txt"}, {"src/demo", "demo"}} {
		if err := os.Rename(filepath.Join(source, move[0]), filepath.Join(source, move[1])); err != nil {
			t.Fatal(err)
		}
	}
	call(t, "python", "--source="+source, "test", "check").passes(t)
	call(t, "python", "--source="+source, "lock").fails(t, "no pyproject.toml to make requirements.txt from")
}

// Locks are made anew by a call, and a uv.lock is honoured: stale, it is red, and made anew, everything works with it.
func TestPythonLock(t *testing.T) {
	t.Parallel()
	stale := pythonProject(t, "python-stale-lock")
	call(t, "python", "--source="+stale, "lock", "export", "--path="+stale).passes(t)
	if lock := read(t, filepath.Join(stale, "requirements.txt")); !strings.Contains(lock, "\niniconfig==") || !strings.Contains(lock, "\nidna==3.20 ") {
		t.Errorf("made was\n%s", lock)
	}
	call(t, "python", "--source="+stale, "lint", "check").passes(t)

	source := without(t, pythonProject(t), "requirements.txt", "requirements-dev.txt")
	write(t, filepath.Join(source, "uv.lock"), "version = 1\nrevision = 3\nrequires-python = \">=3.13\"\n")
	call(t, "python", "--source="+source, "test", "check").fails(t, "test failed", "uv.lock does not match pyproject.toml", "run `uv lock`")
	call(t, "python", "--source="+source, "lock", "export", "--path="+source).passes(t)
	call(t, "python", "--source="+source, "test", "check").passes(t)
	if names := describe(t, "python", source).digests(); names["dependencies"] == "" {
		t.Errorf("its image has the layers %v", names)
	}
}

// The image is a sound one of the named layers, with the runtime dependencies only and without a shell, for an
// unprivileged user known by number.
func TestPythonImage(t *testing.T) {
	t.Parallel()
	image := builtImage(t, "python", pythonProject(t))
	if err := validate.Image(image); err != nil {
		t.Error(err)
	}
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if user, start := config.Config.User, config.Config.Entrypoint; user != "65532:65532" || !slices.Equal(start, []string{"/usr/bin/python3", "-m", "demo"}) {
		t.Errorf("user %q starts %q", user, start)
	}
	parts := layers(t, image)
	if names := slices.Sorted(maps.Keys(parts)); !slices.Equal(names, []string{"application", "debian", "dependencies"}) {
		t.Fatalf("its layers are %v", names)
	}
	records, packages := map[string]bool{}, map[string]bool{}
	forbidden := append(slices.DeleteFunc(slices.Clone(shells), func(name string) bool { return name == "python3" }), "pip", "pip3", "uv")
	for name, layer := range parts {
		entries(t, layer, func(header *tar.Header, content io.Reader) {
			base := filepath.Base(header.Name)
			if slices.Contains(forbidden, base) && header.Typeflag != tar.TypeDir || header.Mode&0o6000 != 0 || filepath.Ext(base) == ".pyi" {
				t.Errorf("layer %s has %s (mode %o)", name, header.Name, header.Mode)
			}
			if dir := filepath.Dir(header.Name); filepath.Base(dir) == "status.d" {
				records[base] = true
			}
			if strings.HasSuffix(base, ".dist-info") {
				packages[base] = true
			}
			if filepath.Ext(base) == ".pyc" {
				isUnchecked(t, header.Name, content)
			}
		})
	}
	for _, name := range []string{"libc6", "libssl3t64", "libpython3.13-stdlib", "python3.13-minimal", "tzdata", "ca-certificates"} {
		if !records[name] {
			t.Errorf("no record of the Debian package %s, so that a scanner doesn't see it; there are %v", name, records)
		}
	}
	if want := []string{"demo-1.0.0.dist-info", "idna-3.20.dist-info"}; !slices.Equal(slices.Sorted(maps.Keys(packages)), want) {
		t.Errorf("it has the packages %v, want the runtime's %v", packages, want)
	}
}

// isUnchecked fails the test unless byte code is of the kind that no source is looked at for (PEP 552): it has flags where
// the usual kind has 0 and a time.
func isUnchecked(t *testing.T, name string, content io.Reader) {
	t.Helper()
	head := make([]byte, 8)
	if _, err := io.ReadFull(content, head); err != nil {
		t.Fatal(err)
	}
	if flags := head[4]; flags != 1 {
		t.Errorf("%s has the flags %b", name, flags)
	}
}

// Equal sources make equal images, wherever they lie and whenever they were written; a changed application changes its own
// layer alone.
func TestPythonImageIsReproducible(t *testing.T) {
	t.Parallel()
	source, copied, changed := pythonProject(t), pythonProject(t), pythonProject(t)
	err := filepath.Walk(copied, func(path string, _ os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		return os.Chtimes(path, time.Unix(1e9, 0), time.Unix(1e9, 0))
	})
	if err != nil {
		t.Fatal(err)
	}
	edit(t, filepath.Join(changed, "src/demo/__init__.py"), "value > 1000", "value > 1001")
	image, same, other := describe(t, "python", source), describe(t, "python", copied), describe(t, "python", changed)
	if image.Digest != same.Digest {
		t.Errorf("the same source made %s and %s", image.Digest, same.Digest)
	}
	was, became := image.digests(), other.digests()
	for name, changes := range map[string]bool{"debian": false, "dependencies": false, "application": true} {
		if was[name] == "" || (was[name] != became[name]) != changes {
			t.Errorf("after a change of the application, layer %s went from %q to %q", name, was[name], became[name])
		}
	}
}

// What is made anew of the same source, from Debian's packages on, is the same: a day of its own for those leaves nothing
// that a cache could answer with.
func TestPythonImageMadeAnew(t *testing.T) {
	t.Parallel()
	source := pythonProject(t)
	was, anew := describe(t, "python", source).digests(), describe(t, "python", source, "--apt-date="+rand.Text()).digests()
	for _, name := range []string{"dependencies", "application"} {
		if was[name] == "" || was[name] != anew[name] {
			t.Errorf("layer %s is first %q and then %q", name, was[name], anew[name])
		}
	}
}

// The whole way ends with the pushed image answering, and its bill of materials names what is in it.
func TestPythonPipeline(t *testing.T) {
	t.Parallel()
	source := pythonProject(t)
	run := reportOf(t, "python", "--source="+source, "pipeline", "--health-path=/")
	for _, stage := range run.Stages {
		if stage.Status != report.Passed {
			t.Errorf("%s %s: %s", stage.Name, stage.Status, stage.Summary)
		}
		for _, f := range stage.Facts {
			if f.Name == "answer" && f.Value != "demo 1.0.0, xn--lda.example, 3.13\n" {
				t.Errorf("it answered %q", f.Value)
			}
		}
	}
	if len(run.Stages) != 8 {
		t.Errorf("%d stages ran, want 8", len(run.Stages))
	}
	bill := bom(t, "python", source)
	for _, want := range []string{"pkg:pypi/idna@3.20", "pkg:pypi/demo@1.0.0", "pkg:deb/debian/libpython3.13-stdlib@", "pkg:deb/debian/libssl3t64@"} {
		if !slices.ContainsFunc(bill, func(url string) bool { return strings.HasPrefix(url, want) }) {
			t.Errorf("no %s in %v", want, bill)
		}
	}
}

// A red stage keeps an image from being made or pushed, and nothing that can't start becomes one.
func TestPythonRefusedImage(t *testing.T) {
	t.Parallel()
	r := startRegistry(t)
	publish := append([]string{"publish", "--ref=" + r.host() + "/team/app:1"}, r.login(t, r.password)...)
	for _, test := range []struct {
		source string
		args   []string
		says   []string
	}{
		{pythonProject(t, "python-failing-test"), publish, []string{"nothing was pushed", "1 of 2", "test_doubles"}},
		{without(t, pythonProject(t), "src/demo/__main__.py"), publish, []string{"nothing was pushed", "no package of the wheel has a __main__.py", "Dockerfile"}},
		{pythonProject(t, "python-unbuildable"), []string{"image", "digest"}, []string{"wheel cannot be built"}},
		{pythonProject(t, "python-no-build-system"), []string{"image", "digest"}, []string{"no [build-system]"}},
	} {
		call(t, append([]string{"python", "--source=" + test.source}, test.args...)...).fails(t, test.says...)
	}
	r.isEmpty(t)
	pushed := lastLine(call(t, append([]string{"python", "--source=" + pythonProject(t)}, publish...)...).passes(t))
	if !strings.Contains(pushed, "/team/app") || !strings.Contains(pushed, "@sha256:") {
		t.Errorf("pushed was %q", pushed)
	}
}

// A component that has a Dockerfile keeps it.
func TestPythonDockerfile(t *testing.T) {
	t.Parallel()
	source := pythonProject(t)
	write(t, filepath.Join(source, "Dockerfile"), "FROM debian:trixie-slim\nCOPY pyproject.toml /kept\nUSER 1234\n")
	image := call(t, "python", "--source="+source, "image", "container", "with-exec", "--args=cat,/kept", "stdout")
	if kept := image.passes(t); !strings.Contains(kept, `name = "demo"`) {
		t.Errorf("the image has %q", kept)
	}
}
