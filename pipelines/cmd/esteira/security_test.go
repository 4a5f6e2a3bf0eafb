package main

import (
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/esteira/esteira/pipelines/acceptance"
	"github.com/esteira/esteira/pipelines/report"
	"github.com/esteira/esteira/pipelines/secret"
)

// records are well-known advisories.
const records = "../../vulnerability/testdata/osv"

// standIn is a program that does what a tool may do one day.
func standIn(t *testing.T, script string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "stand-in")
	if err := os.WriteFile(file, []byte("#!/bin/sh\n"+script), 0o755); err != nil { //nolint:gosec // it is executed
		t.Fatal(err)
	}
	return file
}

func packed(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := packDatabase([]string{"--records=" + records, "--out=" + dir}, io.Discard); err != nil {
		t.Fatal(err)
	}
	return dir
}

// syftSays is syft's JSON of one package.
const syftSays = `{"artifacts":[{"id":"1","name":"Jinja2","version":"2.10","type":"python","foundBy":"python-package-cataloger",
"locations":[{"path":"/requirements.txt"}],"purl":"pkg:pypi/Jinja2@2.10"}],"descriptor":{"name":"syft"}}`

// A tool that breaks down, in whatever way, is never green: the command fails, and nobody remembers a step that failed.
func TestBrokenScanners(t *testing.T) {
	t.Parallel()
	database, source := packed(t), t.TempDir()
	good := standIn(t, "cat <<'EOF'\n"+syftSays+"\nEOF\n")
	for _, test := range []struct{ name, syft, scanner, says string }{
		{"syft prints nothing", "exit 0", "exit 0", "printed nothing"},
		{"syft crashes", "kill -SEGV $$", "exit 0", "signal"},
		{"syft complains and exits with 0", "cat " + good + "; echo 'could not read pom.xml' >&2", "exit 0", "complains: could not read pom.xml"},
		{"syft prints an error page", "echo '<html>'", "exit 0", "syft: its output cannot be read"},
		{"something else than syft", "echo '{}'", "exit 0", "does not say that it is syft's"},
		{"the scanner prints nothing and exits with 0", "", "exit 0", "printed nothing"},
		{"the scanner exits with 0 and an error in its output", "", `echo '{"results":[]}'; echo 'could not load db for PyPI' >&2`, "complains: could not load db for PyPI"},
		{"the scanner finds nothing, of nothing", "", `echo '{"results":[]}'`, "looked at 0 of 1 packages"},
		{"the scanner crashes", "", "kill -SEGV $$", "signal"},
		{"the scanner exits with 127", "", `echo '{"results":[]}'; exit 127`, "exit status 127"},
		{"the scanner exits with 1 and says nothing", "", "exit 1", "exit status 1"},
		{"the scanner is cut off", "", `echo '{"results":[{"packages'`, "cannot be read"},
		{"the scanner is not there", "", "none", "no such file"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			syft, scanner := good, "/nowhere/osv-scanner"
			if test.syft != "" {
				syft = standIn(t, test.syft)
			}
			if test.scanner != "none" {
				scanner = standIn(t, test.scanner)
			}
			err := scanFolder([]string{"--source=" + source, "--database=" + database, "--syft=" + syft, "--osv-scanner=" + scanner, "--out=" + t.TempDir()}, io.Discard)
			if err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("%v, want %q", err, test.says)
			}
		})
	}
}

// The same of gitleaks.
func TestBrokenGitleaks(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, script, says string }{
		{"prints nothing and exits with 0", "exit 0", "printed nothing"},
		{"finds nothing, not even the canary", "echo '[]'", "missed the canary"},
		{"crashes", "kill -SEGV $$", "signal"},
		{"complains and exits with 0", "echo '[]'; echo 'skipping file: permission denied' >&2", "complains: skipping file"},
		{"does not know a flag", "echo 'Error: unknown flag' >&2; exit 126", "unknown flag"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			err := findSecrets([]string{"--source=" + t.TempDir(), "--gitleaks=" + standIn(t, test.script), "--out=" + t.TempDir()}, io.Discard)
			if err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("%v, want %q", err, test.says)
			}
		})
	}
}

// findsCanary is a stand-in of gitleaks that finds the canary alone, and in commits only where it is.
const findsCanary = `[ "$1" = dir ] || git --git-dir="$(eval echo \${$#})" cat-file -e "${LOG##*..}:` + secret.CanaryFile + `" || exit 9
echo '[{"RuleID":"github-pat","File":"` + secret.CanaryFile + `"}]'`

// Commits of the change are looked into with a canary on top of them, and a range that is none is a wrong call.
func TestCommits(t *testing.T) {
	t.Parallel()
	repository := t.TempDir()
	for _, args := range [][]string{{"init", "-q"}, {"commit", "-q", "--allow-empty", "-m", "one"}, {"commit", "-q", "--allow-empty", "-m", "two"}} {
		command := exec.Command("git", append([]string{"-C", repository, "-c", "user.name=a", "-c", "user.email=a@localhost"}, args...)...)
		if said, err := command.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, said)
		}
	}
	gitleaks := standIn(t, `for arg; do case $arg in --log-opts=*) LOG=${arg#*=} ;; esac; done
`+findsCanary)
	look := func(commits string) (acceptance.Said, error) {
		out := t.TempDir()
		err := findSecrets([]string{"--source=" + repository, "--repository=" + filepath.Join(repository, ".git"), "--commits=" + commits,
			"--gitleaks=" + gitleaks, "--out=" + out}, io.Discard)
		if err != nil {
			return acceptance.Said{}, err
		}
		return readFile(filepath.Join(out, "said.json"), acceptance.ReadSaid)
	}
	said, err := look("HEAD~1..HEAD")
	if err != nil || len(said.Facts) != 2 || said.Facts[1] != (report.Fact{Name: "commits", Value: "1, of HEAD~1..HEAD"}) {
		t.Errorf("%+v, %v", said, err)
	}
	for commits, says := range map[string]string{"HEAD": "no range of commits", "--all..HEAD": "no range", "HEAD~9..HEAD": "fetch the whole history"} {
		if _, err := look(commits); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", commits, err, says)
		}
	}
}

// Suppressions in the tree are findings, and the tree is looked into as if they were not there.
func TestSuppressionsAreFindings(t *testing.T) {
	t.Parallel()
	source, out := t.TempDir(), t.TempDir()
	for name, text := range map[string]string{".gitleaks.toml": "", "app.py": "x = 1 # gitleaks:" + "allow\n"} {
		if err := os.WriteFile(filepath.Join(source, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	gitleaks := standIn(t, `case "$*" in *--ignore-gitleaks-allow*) ;; *) exit 2 ;; esac
`+findsCanary)
	if err := findSecrets([]string{"--source=" + source, "--gitleaks=" + gitleaks, "--out=" + out}, io.Discard); err != nil {
		t.Fatal(err)
	}
	said, err := readFile(filepath.Join(out, "said.json"), acceptance.ReadSaid)
	if err != nil || said.Judged != 2 || len(said.Remarks) != 2 {
		t.Errorf("%+v, %v", said, err)
	}
}

// A database that was packed elsewhere is as old as it was there.
func TestPackedAgain(t *testing.T) {
	t.Parallel()
	first, second := packed(t), t.TempDir()
	manifest := filepath.Join(first, "manifest.json")
	text, err := os.ReadFile(manifest)
	if err != nil {
		t.Fatal(err)
	}
	var made struct{ Made string }
	if err := json.Unmarshal(text, &made); err != nil {
		t.Fatal(err)
	}
	old := strings.Replace(string(text), made.Made, "2020-01-02T03:04:05Z", 1)
	if err := os.WriteFile(manifest, []byte(old), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := packDatabase([]string{"--records=" + first, "--out=" + second}, io.Discard); err != nil {
		t.Fatal(err)
	}
	if again, err := os.ReadFile(filepath.Join(second, "manifest.json")); err != nil || !strings.Contains(string(again), "2020-01-02T03:04:05Z") {
		t.Errorf("%s, %v", again, err)
	}
}

// What is signed needs a digest, and a signature somebody who is named.
func TestSigningIsCalledRightly(t *testing.T) {
	t.Parallel()
	const ref = "registry.example/team/app@sha256:abababababababababababababababababababababababababababababababab"
	for _, test := range []struct {
		run  command
		args []string
		says string
	}{
		{signImage, []string{"--ref=registry.example/team/app:1", "--sbom=x"}, "because a tag may be another image"},
		{signImage, []string{"--ref=" + ref}, "name the --sbom"},
		{signImage, []string{"--ref=" + ref, "--sbom=x", "--source-uri=x"}, "--source-uri is"},
		{signImage, []string{"--ref=" + ref, "--sbom=x", "--source-uri=git+https://code.example/x", "--commit=HEAD"}, "--commit is"},
		{signModel, []string{"--model=x"}, "name the --model"},
		{verifySigned, nil, "name either the --ref"},
		{verifySigned, []string{"--ref=" + ref, "--model=x", "--statement=y"}, "name either the --ref"},
		{verifySigned, []string{"--ref=registry.example/team/app:1", "--key=x"}, "because a tag"},
		{verifySigned, []string{"--ref=" + ref}, "name either the --key"},
		{verifySigned, []string{"--ref=" + ref, "--identity=x"}, "name either the --key"},
		{verifySigned, []string{"--ref=" + ref, "--key=x", "--identity=x", "--issuer=y"}, "name either the --key"},
	} {
		if err := test.run(test.args, io.Discard); err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%v: %v, want %q", test.args, err, test.says)
		}
	}
}
