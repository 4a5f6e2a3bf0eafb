package promotion

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/esteira/esteira/pipelines/delivery/budget"
	"github.com/esteira/esteira/pipelines/git"
	"github.com/esteira/esteira/pipelines/kustomization"
	"github.com/esteira/esteira/pipelines/manifest"
	"github.com/esteira/esteira/pipelines/release"
)

// workflows are read for what waits for what.
const workflows = ".github/workflows/"

// rendering is a tree of files, and what its overlays render to.
type rendering struct {
	files, streams fs.FS
	kustomization.Rendered
}

// renderings are those of a promotion.
type renderings struct {
	// made is when the set that goes was made, or nothing at all for the first one; before is now.
	made, before, after rendering
}

// rendered are the sections about what is rendered: the objects and fields that a promotion changes, secrets masked, and how
// long delivery takes by what is rendered.
func (w Workspace) rendered(ctx context.Context, plan Plan) (objects, times Section) {
	objects, times = Section{Title: "Rendered manifests"}, Section{Title: "Delivery-time budget"}
	dir, err := os.MkdirTemp("", "render")
	if err == nil {
		defer os.RemoveAll(dir)
		var all renderings
		if all, err = w.renderAll(ctx, plan, dir); err == nil {
			all.objects(&objects, plan.After.Environment)
			all.times(&times)
			return objects, times
		}
	}
	objects.Unknown, times.Unknown = err.Error(), err.Error()
	return objects, times
}

// renderAll renders what there is, what there will be and what there was, side by side: what they have in common once.
func (w Workspace) renderAll(ctx context.Context, plan Plan, dir string) (all renderings, err error) {
	files, err := w.renderedFrom(ctx, plan.Base)
	if err != nil {
		return all, err
	}
	r := kustomization.Renderer{Cache: dir, Unplaced: true}
	work, ctx := errgroup.WithContext(ctx)
	work.Go(func() (err error) {
		all.before, err = render(ctx, r, filepath.Join(dir, "before"), files)
		return err
	})
	work.Go(func() (err error) {
		then := maps.Clone(files)
		maps.Copy(then, plan.files)
		all.after, err = render(ctx, r, filepath.Join(dir, "after"), then)
		return err
	})
	if sets := release.Sets(plan.state.states); plan.Before.Sequence > 0 {
		work.Go(func() error {
			files, err := w.renderedFrom(ctx, sets[len(sets)-1].Commit)
			if err == nil {
				all.made, err = render(ctx, r, filepath.Join(dir, "made"), files)
			}
			return err
		})
	}
	return all, work.Wait()
}

// renderedFrom are the files that environments are rendered from at a commit, and those that say how they are synced and
// judged. Links are left out: nothing is followed out of the tree.
func (w Workspace) renderedFrom(ctx context.Context, commit string) (map[string][]byte, error) {
	root, _, _ := strings.Cut(release.Overlays, "/")
	entries, err := w.Repository.Files(ctx, commit, root+"/", workflows, configFile)
	if err != nil {
		return nil, err
	}
	return w.Repository.ReadAll(ctx, slices.DeleteFunc(entries, func(e git.Entry) bool { return !e.Mode.IsRegular() }))
}

// overlays are those of all environments that there are, below the folder of the manifests.
func overlays(files map[string][]byte) (all []string) {
	for name := range files {
		folder := path.Dir(name)
		if path.Dir(folder) == release.Overlays && slices.Contains(kustomizations, path.Base(name)) {
			all = append(all, overlayOf(path.Base(folder)))
		}
	}
	return all
}

// overlayOf is an environment's overlay, below the folder of the manifests.
func overlayOf(environment string) string {
	_, below, _ := strings.Cut(path.Dir(release.File(environment)), "/")
	return below
}

// render puts files into a folder, and renders the overlays among them.
func render(ctx context.Context, r kustomization.Renderer, dir string, files map[string][]byte) (rendering, error) {
	source := filepath.Join(dir, "source")
	for name, content := range files {
		if !fs.ValidPath(name) {
			return rendering{}, fmt.Errorf("%q is no path of this repository", name)
		}
		name = filepath.Join(source, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, content, 0o600)); err != nil {
			return rendering{}, err
		}
	}
	root, _, _ := strings.Cut(release.Overlays, "/")
	tree, err := kustomization.Read(filepath.Join(source, root), "")
	if err != nil {
		return rendering{}, err
	}
	r.Out, r.Only = filepath.Join(dir, "out"), overlays(files)
	done, err := r.Render(ctx, tree)
	return rendering{os.DirFS(source), os.DirFS(r.Out), done}, err
}

// documents are what an overlay renders to.
func (r rendering) documents(overlay string) ([]manifest.Document, error) {
	root, _ := r.Index.At(overlay)
	if root.Stream == "" {
		var why []string
		for _, found := range r.Said.Findings {
			why = append(why, fmt.Sprintf("%s: %s", found.Location, found.Message))
		}
		return nil, fmt.Errorf("%s does not render: %s", overlay, strings.Join(why, "; "))
	}
	text, err := fs.ReadFile(r.streams, root.Stream)
	if err != nil {
		return nil, err
	}
	return manifest.Documents(overlay, text)
}

// objects are the objects of an environment that change, with their fields.
func (r renderings) objects(section *Section, environment string) {
	overlay := overlayOf(environment)
	before, err := r.before.documents(overlay)
	if err != nil {
		section.Unknown = err.Error()
		return
	}
	after, err := r.after.documents(overlay)
	if err != nil {
		section.Unknown = err.Error()
		return
	}
	for _, change := range manifest.Changes([]manifest.Stream{{Root: overlay, Documents: before}}, []manifest.Stream{{Root: overlay, Documents: after}}) {
		section.Lines = append(section.Lines, strings.TrimPrefix(change.Title, overlay+": "))
		for _, line := range change.Lines {
			section.Lines = append(section.Lines, "    "+line)
		}
	}
}

// times are the sums of the delivery-time budget that are others than when the set was made that goes, and the targets that
// cannot be met after the promotion.
func (r renderings) times(section *Section) {
	after, err := r.after.budget()
	if err != nil {
		section.Unknown = err.Error()
		return
	}
	var before budget.Budget
	if r.made.files != nil {
		if before, err = r.made.budget(); err != nil && !errors.Is(err, errNoDelivery) {
			section.Unknown = err.Error()
			return
		}
	}
	section.Lines, section.Red = before.Changed(after), after.Red()
}

// errNoDelivery is what a diff says where nobody said how fast anything has to be.
var errNoDelivery = errors.New("not added up: " + configFile + " has no section delivery, which says how long a build takes and how fast all has to be")

func (r rendering) budget() (budget.Budget, error) {
	text, err := fs.ReadFile(r.files, configFile)
	if err != nil {
		return budget.Budget{}, err
	}
	own, err := budget.ReadFile(configFile, text)
	if err != nil {
		return budget.Budget{}, err
	}
	if own.Delivery == nil {
		return budget.Budget{}, errNoDelivery
	}
	root, _, _ := strings.Cut(release.Overlays, "/")
	tree, err := budget.ReadTree(r.files, root, r.Index, r.streams)
	if err != nil {
		return budget.Budget{}, err
	}
	return budget.Add(tree, own, own), nil
}
