package promotion

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/esteira/esteira/pipelines/git"
	"github.com/esteira/esteira/pipelines/manifest"
	"github.com/esteira/esteira/pipelines/release"
)

// Artefact is an image in a registry or a model in a store.
type Artefact struct {
	// Kind is ImageKind or ModelKind.
	Kind string `json:"kind"`
	Name string `json:"name"`
	// Digest is sha256: and 64 hexadecimal digits.
	Digest string `json:"digest"`
	// Tags are those of an image.
	Tags []string `json:"tags,omitempty"`
	// Created is when it came there.
	Created time.Time `json:"created"`
}

var artefactDigest = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

// ReadArtefacts reads a JSON list of all that there is, strictly.
func ReadArtefacts(r io.Reader) ([]Artefact, error) {
	var artefacts []Artefact
	decoder := json.NewDecoder(r)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&artefacts); err != nil {
		return nil, fmt.Errorf("artefacts: %w", err)
	}
	for i, artefact := range artefacts {
		switch {
		case artefact.Kind != ImageKind && artefact.Kind != ModelKind:
			return nil, fmt.Errorf("artefacts[%d].kind is %q: want image or model", i, artefact.Kind)
		case !artefactDigest.MatchString(artefact.Digest):
			return nil, fmt.Errorf("artefacts[%d].digest is %q: want sha256: and 64 hexadecimal digits", i, artefact.Digest)
		case artefact.Created.IsZero():
			return nil, fmt.Errorf("artefacts[%d].created is missing: what is new may be promoted soon", i)
		}
	}
	return artefacts, nil
}

// Kinds of what there is.
const (
	ImageKind = "image"
	ModelKind = "model"
)

// Inventory is all that there is of some kinds.
type Inventory struct {
	Kinds     []string
	Artefacts []Artefact
}

// Pruning is what can go, what stays and why, and what should be there and is not.
type Pruning struct {
	Base   string            `json:"base"`
	Delete []Artefact        `json:"delete"`
	Kept   map[string]string `json:"kept"`
	// Missing are named by a set and do not exist: that set cannot come back.
	Missing map[string]string `json:"missing,omitempty"`
}

// Prune says which of all that there is nobody needs: no set within the rollback depth of any environment names it, no
// kustomization, and it is older than young. What runs and what a pin holds is always within.
func (w Workspace) Prune(ctx context.Context, there Inventory, young time.Duration) (Pruning, error) {
	base, err := w.base(ctx)
	if err != nil {
		return Pruning{}, err
	}
	if shallow, err := w.Repository.Shallow(ctx); err != nil || shallow {
		return Pruning{}, errors.Join(err, errors.New("this clone is shallow: its history is not whole: git fetch --unshallow"))
	}
	ground, err := w.ground(ctx, base)
	if err != nil {
		return Pruning{}, err
	}
	needed, err := w.needed(ctx, base, ground.policy.RollbackDepth)
	if err != nil {
		return Pruning{}, err
	}
	named, err := w.namedByKustomizations(ctx, base)
	if err != nil {
		return Pruning{}, err
	}
	pruning := Pruning{Base: base, Delete: []Artefact{}, Kept: map[string]string{}, Missing: map[string]string{}}
	for digest, need := range needed {
		if slices.Contains(there.Kinds, need.kind) {
			pruning.Missing[digest] = need.why
		}
	}
	for _, artefact := range there.Artefacts {
		delete(pruning.Missing, artefact.Digest)
		why := needed[artefact.Digest].why
		for _, name := range append(artefact.Tags, artefact.Digest) {
			if file, is := named[name]; is && why == "" {
				why = file
			}
		}
		if why == "" && w.Now.Sub(artefact.Created) < young {
			why = fmt.Sprintf("it is younger than %s", young)
		}
		if why != "" {
			pruning.Kept[artefact.Digest] = why
			continue
		}
		pruning.Delete = append(pruning.Delete, artefact)
	}
	return pruning, nil
}

// need is who needs something, and of which kind that is.
type need struct{ kind, why string }

// needed are the digests that sets within the rollback depth of an environment name.
func (w Workspace) needed(ctx context.Context, base string, depth int) (map[string]need, error) {
	entries, err := w.Repository.Files(ctx, base, release.Overlays+"/")
	if err != nil {
		return nil, err
	}
	needed := map[string]need{}
	environments := 0
	for _, entry := range entries {
		environment := path.Base(path.Dir(entry.Path))
		if entry.Path != release.File(environment) {
			continue
		}
		environments++
		history, err := release.History(ctx, w.Repository, base, environment)
		if err != nil {
			return nil, err
		}
		for _, entry := range history[max(0, len(history)-1-depth):] {
			for component, digest := range entry.Set.Runs() {
				kind := ModelKind
				if _, is := entry.Set.Images[component]; is {
					kind = ImageKind
				}
				needed[digest] = need{kind, fmt.Sprintf("%s of set %d of %s", component, entry.Set.Sequence, environment)}
			}
		}
	}
	if environments == 0 {
		return nil, fmt.Errorf("%s has no environment with a release.yaml: nobody knows what is needed", release.Overlays)
	}
	return needed, nil
}

// namedByKustomizations are the digests and tags of images that any kustomization names, with the file.
func (w Workspace) namedByKustomizations(ctx context.Context, base string) (map[string]string, error) {
	named := map[string]string{}
	return named, w.eachImage(ctx, base, func(file string, image *yaml.Node) {
		for _, key := range []string{"digest", "newTag"} {
			if value := text(image, key); value != "" {
				named[value] = file
			}
		}
	})
}

// Repositories are where kustomizations take images from, such as team.azurecr.io/iris/api-gateway.
func (w Workspace) Repositories(ctx context.Context) ([]string, error) {
	base, err := w.base(ctx)
	if err != nil {
		return nil, err
	}
	named := map[string]bool{}
	err = w.eachImage(ctx, base, func(_ string, image *yaml.Node) {
		named[cmp.Or(text(image, "newName"), text(image, "name"))] = true
	})
	return slices.Sorted(maps.Keys(named)), err
}

// eachImage shows each image that a kustomization names, with the kustomization's file.
func (w Workspace) eachImage(ctx context.Context, base string, show func(file string, image *yaml.Node)) error {
	root, _, _ := strings.Cut(release.Overlays, "/")
	entries, err := w.Repository.Files(ctx, base, root+"/")
	if err != nil {
		return err
	}
	entries = slices.DeleteFunc(entries, func(entry git.Entry) bool { return !slices.Contains(kustomizations, path.Base(entry.Path)) })
	contents, err := w.Repository.ReadAll(ctx, entries)
	if err != nil {
		return err
	}
	for name, content := range contents {
		documents, err := manifest.Documents(name, content)
		if err != nil {
			return err
		}
		for _, document := range documents {
			for _, image := range items(document.Node, "images") {
				show(name, image)
			}
		}
	}
	return nil
}

// String is the pruning as a person reads it.
func (p Pruning) String() string {
	var out bytes.Buffer
	fmt.Fprintf(&out, "%d can go, %d stay\n", len(p.Delete), len(p.Kept))
	for _, artefact := range p.Delete {
		fmt.Fprintf(&out, "  %s %s@%s of %s %s\n", artefact.Kind, printable(artefact.Name), artefact.Digest, artefact.Created.Format(time.DateOnly), printable(strings.Join(artefact.Tags, " ")))
	}
	for _, digest := range slices.Sorted(maps.Keys(p.Missing)) {
		fmt.Fprintf(&out, "  missing: %s, %s: that set cannot come back\n", digest, p.Missing[digest])
	}
	return out.String()
}
