package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"

	"github.com/esteira/esteira/pipelines/config"
	"github.com/esteira/esteira/pipelines/delivery/budget"
	"github.com/esteira/esteira/pipelines/manifest"
)

// addUpDelivery prints how long it takes from a merge to production and back, and fails where a target cannot be met.
func addUpDelivery(args []string, out io.Writer) error {
	var repository, rendered, policies, asJSON, stage string
	flags := flag.NewFlagSet("delivery budget", flag.ContinueOnError)
	flags.StringVar(&repository, "repository", ".", "`folder` of the repository, with its esteira.yaml")
	flags.StringVar(&rendered, "rendered", "", "`folder` that `esteira manifest render` made of its manifests")
	flags.StringVar(&policies, "policy", "", "`file` of the esteira.yaml whose targets and declared times hold: the base's (default: the repository's)")
	flags.StringVar(&asJSON, "json", "", "`file` for all of it as JSON")
	flags.StringVar(&stage, "stage", "", "`file` for the stage of a report")
	if done, err := parse(flags, args, nil, out); done || err != nil {
		return err
	}
	if rendered == "" {
		return usageError{errors.New("delivery budget: name the --rendered, which `esteira manifest render` makes")}
	}
	added, err := addUp(repository, rendered, policies)
	if err != nil {
		return err
	}
	if err := errors.Join(added.Text(out), writeJSONFile(asJSON, added), writeJSONFile(stage, added.Stage())); err != nil {
		return err
	}
	if added.Red() {
		return fmt.Errorf("delivery budget: %s", added.Stage().Summary)
	}
	return nil
}

// addUp adds up what a repository's files say, by the policy of a file, which is its own where none is named.
func addUp(repository, rendered, policies string) (budget.Budget, error) {
	own, err := readBudgetFile(filepath.Join(repository, "esteira.yaml"))
	if err != nil {
		return budget.Budget{}, err
	}
	policy, err := readBudgetFile(cmp.Or(policies, filepath.Join(repository, "esteira.yaml")))
	if err != nil {
		return budget.Budget{}, err
	}
	folder, err := manifestsFolder(own.Config)
	if err != nil {
		return budget.Budget{}, err
	}
	index, err := readFile(filepath.Join(rendered, "index.json"), manifest.ReadIndex)
	if err != nil {
		return budget.Budget{}, err
	}
	tree, err := budget.ReadTree(os.DirFS(repository), folder, index, os.DirFS(rendered))
	if err != nil {
		return budget.Budget{}, err
	}
	return budget.Add(tree, own, policy), nil
}

func readBudgetFile(name string) (budget.File, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return budget.File{}, err
	}
	return budget.ReadFile(path.Base(filepath.ToSlash(name)), text)
}

// manifestsFolder is that of the one component of manifests.
func manifestsFolder(c config.Config) (string, error) {
	var folders []string
	for _, component := range c.Components {
		if component.Kind == config.Manifests {
			folders = append(folders, component.Path)
		}
	}
	if len(folders) != 1 {
		return "", fmt.Errorf("esteira.yaml has %d components of kind manifests: want one, whose overlays are added up", len(folders))
	}
	return folders[0], nil
}

// writeJSONFile writes a value as JSON into a file, where one is named.
func writeJSONFile(name string, value any) error {
	if name == "" {
		return nil
	}
	return writeFileOf(name, func(w io.Writer) error { return writeJSON(w, value) })
}
