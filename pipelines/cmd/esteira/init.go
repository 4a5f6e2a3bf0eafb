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
	"strings"

	"github.com/hmarr/codeowners"
	"sigs.k8s.io/yaml"

	"github.com/esteira/esteira/pipelines/component"
	"github.com/esteira/esteira/pipelines/config"
)

// codeOwners are where GitHub looks for who owns what, in its order.
// https://docs.github.com/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners
var codeOwners = []string{".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"}

// unlooked are files and folders in a repository's root that no stage looks at, where they are there.
var unlooked = []string{".github", ".gitattributes", ".gitignore", "CODEOWNERS", "LICENSE", "NOTICE", "README.md", "docs"}

const beginning = `# What there is in this repository, who owns it, and what is asked of it.
# Begin with modes that only report, such as modes: {test: report}; baseline, which blocks by what is new, is the one where
# none is said; blocking blocks by all.
`

// beginRepository prints the esteira.yaml of a repository that has none, by what lies there.
func beginRepository(args []string, out io.Writer) error {
	var source string
	flags := flag.NewFlagSet("init", flag.ContinueOnError)
	flags.StringVar(&source, "source", ".", "`folder` with the repository")
	if done, err := parse(flags, args, nil, out); done || err != nil {
		return err
	}
	repository := os.DirFS(source)
	if _, err := fs.Stat(repository, component.File); !errors.Is(err, fs.ErrNotExist) {
		return cmp.Or(err, fmt.Errorf("init: the repository has its %s already: add to it what is missing", component.File))
	}
	plan, err := component.Make(nil, repository)
	if err != nil {
		return err
	}
	c := config.Config{Version: config.Version}
	owners, err := readOwners(repository)
	if err != nil {
		return err
	}
	for _, choice := range plan.Choices {
		found := choice.Component
		if found.Owner, err = ownerOf(owners, found); err != nil {
			return err
		}
		c.Components = append(c.Components, found)
	}
	for _, name := range unlooked {
		if _, err := fs.Stat(repository, name); err == nil && !component.OwnerOf(c, name).Known() {
			c.Unowned = append(c.Unowned, config.Unowned{Path: name, Reason: "no stage looks at it"})
		}
	}
	if len(c.Components) == 0 {
		return errors.New("init: no component was found: no pom.xml, build.gradle, pyproject.toml, kustomization.yaml or *.tf")
	}
	text, err := yaml.Marshal(c)
	if err != nil {
		return err
	}
	text = append([]byte(beginning), text...)
	if _, err := config.Parse(component.File, text); err != nil {
		return fmt.Errorf("init: what was found makes no %s: %w", component.File, err)
	}
	_, err = io.Copy(out, bytes.NewReader(text))
	return err
}

// readOwners is the repository's CODEOWNERS; there are no rules where it has none.
func readOwners(repository fs.FS) (codeowners.Ruleset, error) {
	for _, name := range codeOwners {
		text, err := fs.ReadFile(repository, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		rules, err := codeowners.ParseFile(bytes.NewReader(text))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		return rules, nil
	}
	return nil, nil
}

// ownerOf is the first owner of a component's folder: a team without its organisation's name.
func ownerOf(rules codeowners.Ruleset, c config.Component) (string, error) {
	rule, err := rules.Match(c.Path + "/x")
	if err != nil || rule == nil || len(rule.Owners) == 0 {
		return component.Unassigned, err
	}
	owner := rule.Owners[0].Value
	return owner[strings.LastIndex(owner, "/")+1:], nil
}
