package promotion

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/esteira/esteira/pipelines/git"
	"github.com/esteira/esteira/pipelines/manifest"
	"github.com/esteira/esteira/pipelines/release"
)

// kustomizations are the names that Kustomize knows.
var kustomizations = []string{"kustomization.yaml", "kustomization.yml", "Kustomization"}

// configuration is the digest of what an environment is rendered from but for the set itself.
func (w Workspace) configuration(ctx context.Context, s state) (string, error) {
	files, err := w.configurationFiles(ctx, s.base, s.environment)
	if err != nil {
		return "", err
	}
	hash := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(hash, "%s %s\n", files[name], name)
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

// configurationFiles are the files of all folders that an environment's kustomization leads to at a commit, by their paths,
// with the names of their contents. The set and what is derived from it are not among them.
func (w Workspace) configurationFiles(ctx context.Context, commit, environment string) (map[string]string, error) {
	overlay := path.Dir(release.File(environment))
	root, _, _ := strings.Cut(overlay, "/")
	entries, err := w.Repository.Files(ctx, commit, root+"/")
	if err != nil {
		return nil, err
	}
	led, err := w.led(ctx, entries)
	if err != nil {
		return nil, err
	}
	reached := map[string]bool{}
	for pending := []string{overlay}; len(pending) > 0; pending = pending[1:] {
		folder := pending[0]
		if !reached[folder] && folder != overlay+"/release" {
			reached[folder] = true
			pending = append(pending, led[folder]...)
		}
	}
	files := map[string]string{}
	for _, entry := range entries {
		own := entry.Path == release.File(environment) || strings.HasPrefix(entry.Path, overlay+"/release/")
		for folder := path.Dir(entry.Path); folder != "." && !own; folder = path.Dir(folder) {
			if reached[folder] || reached[entry.Path] {
				files[entry.Path] = entry.Object
				break
			}
		}
	}
	return files, nil
}

// led are the files and folders that each folder's kustomization names.
func (w Workspace) led(ctx context.Context, entries []git.Entry) (map[string][]string, error) {
	var descriptions []git.Entry
	for _, entry := range entries {
		if slices.Contains(kustomizations, path.Base(entry.Path)) {
			descriptions = append(descriptions, entry)
		}
	}
	contents, err := w.Repository.ReadAll(ctx, descriptions)
	if err != nil {
		return nil, err
	}
	led := map[string][]string{}
	for name, content := range contents {
		documents, err := manifest.Documents(name, content)
		if err != nil {
			return nil, err
		}
		folder := path.Dir(name)
		for _, document := range documents {
			for _, field := range []string{"resources", "components", "bases"} {
				for _, item := range items(document.Node, field) {
					led[folder] = append(led[folder], path.Join(folder, item.Value))
				}
			}
		}
	}
	return led, nil
}
