// Package toolbox checks the pins of the third-party tools: one folder each, as README.md says.
package toolbox

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/mod/modfile"
	gomodule "golang.org/x/mod/module"
	"golang.org/x/mod/semver"
)

const (
	modulePrefix = "github.com/esteira/esteira/ci/toolbox/"
	// newestGo is the Go that the published Dagger engine ships, and with it the newest that a pin may ask for.
	newestGo = "1.25.5"
)

// newerGo is what the tools may ask for that have to be of the cluster's own version (docs/decisions/0022): at most the
// toolchain that ci/golang.go builds with.
var newerGo = map[string]string{"kube-apiserver": "1.26.0", "kubectl": "1.26.0"}

func TestPins(t *testing.T) {
	pins, err := filepath.Glob("*/go.mod")
	if err != nil || len(pins) == 0 {
		t.Fatalf("no tool found: %v", err)
	}
	for _, pin := range pins {
		dir := filepath.Dir(pin)
		t.Run(dir, func(t *testing.T) {
			if err := checkPin(dir); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestReadmeNamesEveryTool(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	pins, err := filepath.Glob("*/go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for _, pin := range pins {
		if row := "| " + filepath.Dir(pin) + " |"; !strings.Contains(string(readme), row) {
			t.Errorf("README.md has no row %q", row)
		}
	}
}

// A lock of npm's has a hash for each package, and no address: any registry or mirror serves.
func TestNpmLocks(t *testing.T) {
	locks, err := filepath.Glob("*/package-lock.json")
	if err != nil || len(locks) == 0 {
		t.Fatalf("no lock found: %v", err)
	}
	for _, name := range locks {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var lock struct {
			Packages map[string]struct{ Integrity, Resolved string }
		}
		if err := json.Unmarshal(text, &lock); err != nil || len(lock.Packages) < 2 {
			t.Errorf("%s: %d packages, %v", name, len(lock.Packages), err)
		}
		for path, locked := range lock.Packages {
			if path != "" && (locked.Integrity == "" || locked.Resolved != "") {
				t.Errorf("%s: %s has hash %q and address %q", name, path, locked.Integrity, locked.Resolved)
			}
		}
	}
}

// checkPin says what keeps a folder from being built as README.md promises.
func checkPin(dir string) error {
	pin := filepath.Join(dir, "go.mod")
	text, err := os.ReadFile(pin)
	if err != nil {
		return err
	}
	module, err := modfile.Parse(pin, text, nil)
	if err != nil {
		return err
	}
	sums, err := os.ReadFile(filepath.Join(dir, "go.sum"))
	if err != nil {
		return err
	}
	limit := cmp.Or(newerGo[filepath.Base(dir)], newestGo)
	return errors.Join(checkNames(module, filepath.Base(dir)), checkGo(module, limit), checkTool(module), checkSums(module, string(sums)))
}

func checkNames(module *modfile.File, folder string) error {
	if want := modulePrefix + folder; module.Module == nil || module.Module.Mod.Path != want {
		return fmt.Errorf("%s: the module's name is not %s", module.Syntax.Name, want)
	}
	if len(module.Tool) != 1 {
		return fmt.Errorf("%s: %d tool lines, want one", module.Syntax.Name, len(module.Tool))
	}
	command, _, _ := gomodule.SplitPathVersion(module.Tool[0].Path)
	if name := path.Base(command); name != folder {
		return fmt.Errorf("%s: the folder is named %s, but the tool's binary %s", module.Syntax.Name, folder, name)
	}
	return nil
}

func checkGo(module *modfile.File, limit string) error {
	if module.Go == nil || semver.Compare("v"+module.Go.Version, "v"+limit) > 0 {
		return fmt.Errorf("%s: the go line is missing or newer than %s", module.Syntax.Name, limit)
	}
	return nil
}

// checkTool wants the tool's own version in go.mod, and nothing that the two files of a pin do not carry.
func checkTool(module *modfile.File) error {
	for _, replace := range module.Replace {
		if replace.New.Version == "" {
			return fmt.Errorf("%s: %s is replaced by the folder %s, which is not part of a pin", module.Syntax.Name, replace.Old.Path, replace.New.Path)
		}
	}
	for _, tool := range module.Tool {
		if version := versionOf(module, tool.Path); version == "" || semver.Prerelease(version) != "" {
			return fmt.Errorf("%s: %s has version %q, want a release", module.Syntax.Name, tool.Path, version)
		}
	}
	return nil
}

// versionOf is the version of the required module with the longest path that holds the package.
func versionOf(module *modfile.File, pkg string) string {
	holder, version := "", ""
	for _, require := range module.Require {
		if name := require.Mod.Path; strings.HasPrefix(pkg+"/", name+"/") && len(name) > len(holder) {
			holder, version = name, require.Mod.Version
		}
	}
	return version
}

// checkSums wants a checksum for each required module, so that a build asks no checksum database.
func checkSums(module *modfile.File, sums string) error {
	replaced := map[string]bool{}
	for _, replace := range module.Replace {
		replaced[replace.Old.Path] = true
	}
	for _, require := range module.Require {
		line := fmt.Sprintf("%s %s/go.mod h1:", require.Mod.Path, require.Mod.Version)
		if !replaced[require.Mod.Path] && !strings.Contains("\n"+sums, "\n"+line) {
			return fmt.Errorf("%s: go.sum has no checksum of %s, run go mod tidy", module.Syntax.Name, require.Mod)
		}
	}
	return nil
}

func TestCheckPinRefuses(t *testing.T) {
	const (
		good = "module github.com/esteira/esteira/ci/toolbox/hammer\n\ngo 1.25.5\n\ntool example.com/tools/cmd/hammer\n\nrequire example.com/tools v1.2.3\n"
		sums = "example.com/tools v1.2.3 h1:AAAA=\nexample.com/tools v1.2.3/go.mod h1:BBBB=\n"
	)
	cases := []struct{ name, old, new, sums, want string }{
		{"nothing wrong", "", "", sums, ""},
		{"no tool", "tool example.com/tools/cmd/hammer\n", "", sums, "0 tool lines"},
		{"two tools", "require", "tool example.com/tools/cmd/saw\n\nrequire", sums, "2 tool lines"},
		{"binary of another name", "cmd/hammer", "cmd/saw", sums, "binary saw"},
		{"module of another name", "toolbox/hammer", "toolbox/saw", sums, "toolbox/hammer"},
		{"Go too new", "go 1.25.5", "go 1.26.0", sums, "newer than 1.25.5"},
		{"no Go", "go 1.25.5\n", "", sums, "go line is missing"},
		{"version not in go.mod", "require example.com/tools v1.2.3\n", "", sums, `version ""`},
		{"pre-release", "v1.2.3", "v1.2.4-rc.1", "example.com/tools v1.2.4-rc.1/go.mod h1:BBBB=\n", `version "v1.2.4-rc.1"`},
		{"folder replaced", "require", "replace example.com/nail => ./nail\n\nrequire", sums, "folder ./nail"},
		{"no checksum", "", "", "example.com/tools v1.2.2/go.mod h1:BBBB=\n", "no checksum of example.com/tools@v1.2.3"},
		{"not a go.mod", "require", "requires", sums, "unknown directive"},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "hammer")
			write(t, filepath.Join(dir, "go.mod"), strings.Replace(good, test.old, test.new, 1))
			write(t, filepath.Join(dir, "go.sum"), test.sums)
			err := checkPin(dir)
			if test.want == "" && err != nil {
				t.Errorf("error %v, want none", err)
			}
			if test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("error %v, want %q in it", err, test.want)
			}
		})
	}
}

func TestCheckPinWantsBothFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "hammer")
	for _, name := range []string{"go.mod", "go.sum"} {
		if err := checkPin(dir); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("error %v, want %q in it", err, name)
		}
		write(t, filepath.Join(dir, name), "")
	}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, []byte(text), 0o644)); err != nil {
		t.Fatal(err)
	}
}

// requirement is one line of a pin from PyPI: an exact version, and hashes.
var requirement = regexp.MustCompile(`^[a-z0-9-]+==[0-9.]+( \\\n    --hash=sha256:[0-9a-f]{64})+\n$`)

func TestPinFromPyPI(t *testing.T) {
	pin, err := os.ReadFile("uv/requirements.txt")
	if err != nil {
		t.Fatal(err)
	}
	if !requirement.Match(pin) {
		t.Errorf("uv/requirements.txt is not one exact version with its hashes:\n%s", pin)
	}
	for _, wrong := range []string{"uv\n", "uv==0.13.9\n", "uv>=0.13.9 \\\n    --hash=sha256:" + strings.Repeat("0", 64) + "\n", "# uv\n"} {
		if requirement.MatchString(wrong) {
			t.Errorf("%q passes", wrong)
		}
	}
}
