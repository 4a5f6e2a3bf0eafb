package main

import (
	"bytes"
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/esteira/esteira/pipelines/acceptance"
	"github.com/esteira/esteira/pipelines/report"
	"github.com/esteira/esteira/pipelines/secret"
	"github.com/esteira/esteira/pipelines/suppression"
)

// hunt is where secrets are looked for.
type hunt struct{ source, repository, commits, gitleaks, settings string }

// findSecrets says which secrets lie in a folder, and in commits, and never what they are.
func findSecrets(args []string, out io.Writer) error {
	var h hunt
	var into string
	flags := flag.NewFlagSet("security secrets", flag.ContinueOnError)
	flags.StringVar(&h.source, "source", "", "`folder` to look into")
	flags.StringVar(&h.repository, "repository", "", "`folder` .git of a repository")
	flags.StringVar(&h.commits, "commits", "", "`range` of commits of that repository to look into, such as main..HEAD")
	flags.StringVar(&h.gitleaks, "gitleaks", "gitleaks", "gitleaks' `executable`")
	flags.StringVar(&into, "out", "", "`folder` for said.json")
	if done, err := parse(flags, args, nil, out); done || err != nil {
		return err
	}
	if h.source == "" || into == "" || (h.repository == "") != (h.commits == "") {
		return usageError{errors.New("security secrets: name the --source and the --out, and --repository and --commits together")}
	}
	dir, err := os.MkdirTemp("", "secrets")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	h.settings = filepath.Join(dir, "settings.toml")
	if err := os.WriteFile(h.settings, []byte(secret.Settings), 0o600); err != nil {
		return err
	}
	said, err := h.look(dir)
	if err != nil {
		return err
	}
	if err := writeFileOf(filepath.Join(into, "said.json"), said.Write); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "judged %d files, %d remarks\n", said.Judged, len(said.Remarks))
	return err
}

// look looks into the tree and into the commits.
func (h *hunt) look(scratch string) (acceptance.Said, error) {
	leaks, files, err := h.tree(scratch)
	if err != nil {
		return acceptance.Said{}, err
	}
	said := acceptance.Said{Judged: files, Facts: []report.Fact{{Name: "files", Value: strconv.Itoa(files)}}}
	if h.commits != "" {
		inCommits, count, err := h.history(scratch)
		if err != nil {
			return acceptance.Said{}, err
		}
		leaks = append(leaks, inCommits...)
		said.Facts = append(said.Facts, report.Fact{Name: "commits", Value: fmt.Sprintf("%d, of %s", count, h.commits)})
	}
	places, err := suppression.Find(os.DirFS(h.source), suppression.Secrets)
	said.Remarks = append(secret.Remarks(leaks), suppression.Remarks(places)...)
	return said, err
}

// tree looks into a copy of the folder, from above it, where no .gitleaksignore of it counts, and with a canary beside it.
func (h *hunt) tree(scratch string) (leaks []secret.Leak, files int, err error) {
	look := filepath.Join(scratch, "look")
	tree := filepath.Join(look, "tree")
	// Of the history only the commits of the change are looked into.
	if err := errors.Join(os.CopyFS(tree, os.DirFS(h.source)), os.RemoveAll(filepath.Join(tree, ".git"))); err != nil {
		return nil, 0, err
	}
	err = filepath.WalkDir(tree, func(_ string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			files++
		}
		return err
	})
	if err != nil {
		return nil, 0, err
	}
	if err := os.WriteFile(filepath.Join(look, secret.CanaryFile), []byte(secret.Canary()), 0o600); err != nil {
		return nil, 0, err
	}
	report, err := h.run("dir", look)
	if err != nil {
		return nil, 0, err
	}
	leaks, err = secret.Read(report, tree)
	return leaks, files, err
}

// history looks into the commits of the range, and into one more on top of them, which has the canary.
func (h *hunt) history(scratch string) (leaks []secret.Leak, count int, err error) {
	base, head, err := secret.ParseCommits(h.commits)
	if err != nil {
		return nil, 0, usageError{fmt.Errorf("--commits: %w", err)}
	}
	repository := filepath.Join(scratch, "repository.git")
	if err := os.CopyFS(repository, os.DirFS(h.repository)); err != nil {
		return nil, 0, err
	}
	git := git{repository}
	counted, err := git.run("", "rev-list", "--count", base+".."+head, "--")
	if err != nil {
		return nil, 0, fmt.Errorf("--commits %s: %w: fetch the whole history, a shallow clone has not all commits", h.commits, err)
	}
	if count, err = strconv.Atoi(counted); err != nil {
		return nil, 0, fmt.Errorf("git rev-list printed %q", counted)
	}
	canary, err := git.commitCanary(head)
	if err != nil {
		return nil, 0, err
	}
	report, err := h.run("git", "--log-opts="+base+".."+canary, repository)
	if err != nil {
		return nil, 0, err
	}
	leaks, err = secret.Read(report, repository)
	return leaks, count, err
}

// run is gitleaks' report, with our settings, without what a secret is. Whatever it complains of makes the report worthless.
func (h *hunt) run(what string, args ...string) ([]byte, error) {
	gitleaks := scanningTool{h.gitleaks, usualOfGitleaks}
	return gitleaks.run(append([]string{what, "--config=" + h.settings, "--redact=100", "--ignore-gitleaks-allow", "--no-banner",
		"--exit-code=0", "--log-level=warn", "--report-format=json", "--report-path=-", "--gitleaks-ignore-path=" + filepath.Dir(h.settings)}, args...)...)
}

// usualOfGitleaks is what gitleaks says where it found something, as it finds the canary.
var usualOfGitleaks = regexp.MustCompile(`WRN\S* \S*leaks found: \d+\S*$`)

// git is a bare repository.
type git struct{ folder string }

func (g git) run(input string, args ...string) (string, error) {
	var stdout, stderr bytes.Buffer
	command := exec.Command("git", append([]string{"--git-dir=" + g.folder, "-c", "safe.directory=*"}, args...)...)
	command.Stdin, command.Stdout, command.Stderr = strings.NewReader(input), &stdout, &stderr
	command.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null",
		"GIT_AUTHOR_NAME=canary", "GIT_AUTHOR_EMAIL=canary@localhost", "GIT_COMMITTER_NAME=canary", "GIT_COMMITTER_EMAIL=canary@localhost")
	if err := command.Run(); err != nil {
		return "", fmt.Errorf("git %s: %s", args[0], cmp.Or(strings.TrimSpace(stderr.String()), err.Error()))
	}
	return strings.TrimSpace(stdout.String()), nil
}

// commitCanary is a commit on top of another that adds the canary. No branch points to it.
func (g git) commitCanary(head string) (string, error) {
	blob, err := g.run(secret.Canary(), "hash-object", "-w", "--stdin")
	if err != nil {
		return "", err
	}
	tree, err := g.run("", "ls-tree", head)
	if err != nil {
		return "", err
	}
	tree, err = g.run(strings.TrimLeft(tree+"\n100644 blob "+blob+"\t"+secret.CanaryFile+"\n", "\n"), "mktree")
	if err != nil {
		return "", err
	}
	return g.run("", "commit-tree", "-p", head, "-m", "canary", tree)
}
