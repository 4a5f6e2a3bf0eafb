package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/esteira/esteira/pipelines/azure"
	"github.com/esteira/esteira/pipelines/release/promotion"
)

// pruning is where images and models are, and what is to become of those that nobody needs.
type pruning struct {
	*promoting
	existing, container string
	registry            azure.Registry
	models              azure.Access
	days                int
	remove              bool
	// removals are how those go that there are, by what they are.
	removals map[string]func(context.Context) error
}

// pruneReleases says which images and models nobody needs any more, and removes them.
func pruneReleases(args []string, out io.Writer) error {
	p := &pruning{promoting: newPromoting("prune"), models: azure.Access{SAS: os.Getenv(sasVariable), Idle: 20 * time.Second}, removals: map[string]func(context.Context) error{}}
	p.StringVar(&p.existing, "existing", "", "`file` with all images and models that there are, as JSON, of a registry that is none of Azure's")
	p.StringVar(&p.registry.Host, "registry", "", "`host` of Azure's registry with the repositories that kustomizations name, such as team.azurecr.io")
	p.StringVar(&p.container, "container", "", "`URL` of the container with the models, such as https://ACCOUNT.blob.core.windows.net/models")
	p.BoolVar(&p.models.Plain, "plain", false, "permit http to the container, for a server on the same machine")
	p.IntVar(&p.days, "young", 14, "`days` for which what is new stays: it may be promoted soon")
	p.BoolVar(&p.remove, "remove", false, "remove what nobody needs from the --registry and the --container")
	w, done, err := p.call(args, out)
	if done || err != nil {
		return err
	}
	asked := p.registry.Host != "" || p.container != ""
	if asked == (p.existing != "") || p.remove && !asked || p.days < 0 {
		return p.wrong("name either the --registry, the --container or both, from which --remove removes, or a file of all that is --existing; --young is not negative")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	there, err := p.inventory(ctx, w)
	if err != nil {
		return err
	}
	pruned, err := w.Prune(ctx, there, time.Duration(p.days)*24*time.Hour)
	if err != nil {
		return err
	}
	end := "nothing is removed without --remove\n"
	if p.remove {
		end = fmt.Sprintf("%d were removed\n", len(pruned.Delete))
		for i, artefact := range pruned.Delete {
			if err := p.removals[key(artefact)](ctx); err != nil {
				return fmt.Errorf("%d of %d were removed, call again for the others: %w", i, len(pruned.Delete), err)
			}
		}
	}
	return p.tell(out, pruned.String()+end, pruned)
}

func key(artefact promotion.Artefact) string { return artefact.Name + "@" + artefact.Digest }

// inventory is all that there is where it was asked for.
func (p *pruning) inventory(ctx context.Context, w promotion.Workspace) (there promotion.Inventory, err error) {
	if p.existing != "" {
		artefacts, err := readFile(p.existing, promotion.ReadArtefacts)
		return promotion.Inventory{Kinds: []string{promotion.ImageKind, promotion.ModelKind}, Artefacts: artefacts}, err
	}
	add := func(artefact promotion.Artefact, remove func(context.Context) error) {
		there.Artefacts = append(there.Artefacts, artefact)
		p.removals[key(artefact)] = remove
	}
	if p.registry.Host != "" {
		there.Kinds = append(there.Kinds, promotion.ImageKind)
		if err := p.images(ctx, w, add); err != nil {
			return there, err
		}
	}
	if p.container != "" {
		there.Kinds = append(there.Kinds, promotion.ModelKind)
		err = p.stored(ctx, add)
	}
	return there, err
}

// images are those of the registry's repositories that kustomizations name.
func (p *pruning) images(ctx context.Context, w promotion.Workspace, add func(promotion.Artefact, func(context.Context) error)) error {
	identity, err := jobIdentity().Credential()
	if err != nil {
		return err
	}
	named, err := w.Repositories(ctx)
	if err != nil {
		return err
	}
	looked := 0
	for _, whole := range named {
		name, here := strings.CutPrefix(whole, p.registry.Host+"/")
		if !here {
			continue
		}
		looked++
		repository, err := p.registry.Repository(name, identity)
		if err != nil {
			return err
		}
		images, err := repository.Images(ctx)
		if err != nil {
			return err
		}
		for _, image := range images {
			add(promotion.Artefact{Kind: promotion.ImageKind, Name: whole, Digest: image.Digest, Tags: image.Tags, Created: image.Created},
				func(ctx context.Context) error { return repository.Remove(ctx, image.Digest) })
		}
	}
	if looked == 0 {
		return fmt.Errorf("no kustomization names an image of registry %s, but of %s", p.registry.Host, strings.Join(named, ", "))
	}
	return nil
}

// stored are the models of the container.
func (p *pruning) stored(ctx context.Context, add func(promotion.Artefact, func(context.Context) error)) error {
	if err := identify(&p.models); err != nil {
		return err
	}
	store, err := azure.Open(p.container, p.models)
	if err != nil {
		return err
	}
	models, err := store.Models(ctx)
	if err != nil {
		return err
	}
	for _, model := range models {
		add(promotion.Artefact{Kind: promotion.ModelKind, Name: p.container, Digest: model.Digest, Created: model.Created},
			func(ctx context.Context) error { return store.Remove(ctx, model) })
	}
	return nil
}
