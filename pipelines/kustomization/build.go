package kustomization

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/singleflight"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/esteira/esteira/pipelines/finding"
	"github.com/esteira/esteira/pipelines/manifest"
)

// cacheFormat is part of what renders are remembered by: it changes when this package renders differently.
const cacheFormat = 1

// standIns is the folder, beside a kustomization, of the files that stand in for its addresses.
const standIns = ".esteira-parts"

// Renderer is how a tree is rendered.
type Renderer struct {
	// Cache is a folder of remembered renders; empty for none.
	Cache string
	// Out is the folder for the streams.
	Out string
	// Only are the roots that are rendered; all where none is named.
	Only []string
	// Unplaced leaves out where in the sources an object comes from, which is half of kustomize's work.
	Unplaced bool
}

// Rendered is what came out: the index, and what is to be said.
type Rendered struct {
	Index manifest.Index
	Said  manifest.Said
}

// Render renders every root of a tree. What does not render is said; an error is for what says nothing about the sources.
func (r Renderer) Render(ctx context.Context, t *Tree) (Rendered, error) {
	scratch, err := t.copy(r.Unplaced)
	if err != nil {
		return Rendered{}, err
	}
	t.check()
	folders, applied := t.roots(), t.applied()
	if len(r.Only) > 0 {
		folders = slices.DeleteFunc(folders, func(folder string) bool { return !slices.Contains(r.Only, folder) })
	}
	roots := make([]manifest.Root, len(folders))
	var fresh atomic.Int64
	var said sync.Mutex
	var targets targets
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(2 * runtime.NumCPU())
	for i, folder := range folders {
		work.Go(func() error {
			c := t.closure(folder)
			roots[i] = manifest.Root{Path: folder, Applied: applied[folder], Files: c.files}
			if !c.sound {
				return nil
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			stream, built, err := r.stream(t, scratch, folder, c)
			if built {
				fresh.Add(1)
			}
			var wrong *manifest.FileError
			if errors.As(err, &wrong) {
				said.Lock()
				defer said.Unlock()
				t.find("build", wrong.File, wrong.Line, wrong.Reason)
				return nil
			}
			if err != nil {
				return fmt.Errorf("%s: %w", folder, err)
			}
			if err := r.finish(t, &roots[i], stream); err != nil {
				return err
			}
			if len(c.addresses) == 0 { // what stands in for an address may be less than what is there
				targets.look(t, roots[i])
			}
			return nil
		})
	}
	if err := work.Wait(); err != nil {
		return Rendered{}, err
	}
	t.unfound()
	index := manifest.Index{Roots: roots, Rendered: int(fresh.Load()), Notes: t.notes}
	if len(roots) == 0 {
		index.Roots, err = r.plain(t)
	} else {
		index.Plain = t.plain()
	}
	return Rendered{Index: index, Said: t.said(index)}, err
}

// stream is what a root renders, with kustomize's origins in it where places are asked for: remembered, or built anew.
func (r Renderer) stream(t *Tree, scratch filesys.FileSystem, folder string, c closure) (stream []byte, built bool, err error) {
	digest, err := t.digest(folder, fmt.Sprint(version(), " ", r.Unplaced), c)
	if err != nil {
		return nil, false, err
	}
	if r.Cache == "" {
		stream, err = t.build(scratch, folder, c)
		return stream, true, err
	}
	remembered := filepath.Join(r.Cache, digest+".yaml")
	said, err, _ := remembering.Do(remembered, func() (any, error) {
		if stream, err := os.ReadFile(remembered); err == nil {
			return stream, nil
		}
		built = true
		stream, err := t.build(scratch, folder, c)
		if err != nil {
			return nil, err
		}
		return stream, writeWhole(remembered, stream)
	})
	if err != nil {
		return nil, built, err
	}
	return said.([]byte), built, nil
}

// remembering has what several trees have in common built once, also where they are rendered side by side.
var remembering singleflight.Group

// writeWhole writes a file that nobody ever sees half of.
func writeWhole(name string, content []byte) error {
	file, err := os.CreateTemp(filepath.Dir(name), ".new-*")
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	if err := errors.Join(err, file.Close()); err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return os.Rename(file.Name(), name)
}

// build is what a root of the copy renders. What kustomize refuses is a *manifest.FileError.
func (t *Tree) build(scratch filesys.FileSystem, folder string, c closure) (stream []byte, err error) {
	defer func() {
		if broken := recover(); broken != nil {
			err = fmt.Errorf("kustomize broke down: %v", broken)
		}
	}()
	objects, err := kustomize(scratch, folder)
	switch {
	case err != nil:
		return nil, t.explain(folder, c, strings.ReplaceAll(err.Error(), scratchPath+"/", ""))
	case objects.Size() == 0:
		return nil, &manifest.FileError{File: t.descriptions[folder].file, Line: 1, Reason: "it renders nothing: name its resources, or take the folder away"}
	}
	return objects.AsYaml()
}

// building is held while kustomize builds: its library keeps the schemas of Kubernetes where every build writes.
var building sync.Mutex

// kustomize has its library build a root of the copy, without plug-ins.
func kustomize(scratch filesys.FileSystem, folder string) (resmap.ResMap, error) {
	building.Lock()
	defer building.Unlock()
	options := krusty.MakeDefaultOptions()
	options.Reorder = krusty.ReorderOptionLegacy // what the program does where a kustomization does not say otherwise
	return krusty.MakeKustomizer(options).Run(scratch, path.Join(scratchPath, folder))
}

// version is that of kustomize's library.
var version = sync.OnceValue(func() string {
	if info, known := debug.ReadBuildInfo(); known {
		for _, module := range info.Deps {
			if module.Path == "sigs.k8s.io/kustomize/api" {
				return module.Version
			}
		}
	}
	return "unknown"
})

// scratchPath is where the copy of a tree lies, in memory.
const scratchPath = "/scratch"

// copy is the tree with addresses replaced by what stands in for them, where origins are asked for unless it is to be unplaced.
func (t *Tree) copy(unplaced bool) (filesys.FileSystem, error) {
	into := filesys.MakeFsInMemory()
	return into, walk(t.source, func(file string) error {
		content, err := os.ReadFile(filepath.Join(t.source, file))
		if err != nil {
			return err
		}
		if d := t.descriptions[path.Dir(file)]; d != nil && d.file == file {
			if content, err = t.prepare(d, content, into); err != nil {
				return err
			}
			if !unplaced && !d.component && manifest.Child(d.node, "buildMetadata") == nil {
				content = append(bytes.TrimSuffix(content, []byte("\n")), "\nbuildMetadata: [originAnnotations]\n"...)
			}
		}
		return into.WriteFile(path.Join(scratchPath, file), content)
	})
}

func put(name string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return os.WriteFile(name, content, 0o644)
}

// prepare is a kustomization's text with the addresses replaced.
func (t *Tree) prepare(d *description, text []byte, into filesys.FileSystem) ([]byte, error) {
	lines := strings.SplitAfter(string(text), "\n")
	for _, r := range d.names {
		if !r.address {
			continue
		}
		var entries []string
		for _, file := range t.files[r.target] {
			content, err := os.ReadFile(filepath.Join(t.parts, file))
			if err != nil {
				return nil, err
			}
			name := path.Join(standIns, fmt.Sprint(r.line), file)
			if err := into.WriteFile(path.Join(scratchPath, d.folder, name), content); err != nil {
				return nil, err
			}
			entries = append(entries, strings.Replace(lines[r.line-1], r.target, name, 1))
		}
		if len(entries) > 0 {
			lines[r.line-1] = strings.Join(entries, "")
		}
	}
	return []byte(strings.Join(lines, "")), nil
}

// finish writes a root's stream, and says where its objects are.
func (r Renderer) finish(t *Tree, root *manifest.Root, stream []byte) error {
	text, origins := split(string(stream))
	root.Stream = path.Join("streams", root.Path+".yaml")
	if root.Path == "." {
		root.Stream = "streams/root.yaml"
	}
	documents, err := manifest.Documents(root.Stream, []byte(text))
	if err != nil {
		return fmt.Errorf("what kustomize rendered is no YAML: %w", err)
	}
	for i, d := range documents {
		rendered := manifest.Rendered{Object: d.Object, Line: d.Line}
		if !r.Unplaced && i < len(origins) {
			rendered.Source = t.locate(root.Path, origins[i], d.Object)
		}
		root.Objects = append(root.Objects, rendered)
	}
	return put(filepath.Join(r.Out, root.Stream), []byte(text))
}

// plain are the roots of a folder without a kustomization: each manifest is one by itself.
func (r Renderer) plain(t *Tree) ([]manifest.Root, error) {
	var roots []manifest.Root
	for _, file := range t.plain() {
		root := manifest.Root{Path: file, Stream: path.Join("streams", file), Applied: true, Files: []string{file}}
		for _, d := range t.documents[file] {
			rendered := manifest.Rendered{Object: d.Object, Line: d.Line}
			rendered.Source.File, rendered.Source.Line = file, d.Line
			root.Objects = append(root.Objects, rendered)
		}
		content, err := os.ReadFile(filepath.Join(t.source, file))
		if err != nil {
			return nil, err
		}
		if err := put(filepath.Join(r.Out, root.Stream), content); err != nil {
			return nil, err
		}
		roots = append(roots, root)
	}
	return roots, nil
}

// inOrder are findings by their places, each once: several roots stumble over the same one.
func inOrder(findings []finding.Finding) []finding.Finding {
	order := func(a, b finding.Finding) int {
		return cmp.Or(cmp.Compare(a.Location.File, b.Location.File), cmp.Compare(a.Location.Line, b.Location.Line), cmp.Compare(a.Rule, b.Rule))
	}
	slices.SortStableFunc(findings, order)
	return slices.CompactFunc(findings, func(a, b finding.Finding) bool { return order(a, b) == 0 && a.Location.Line > 1 })
}

// said is what there is to say of a tree and what it rendered.
func (t *Tree) said(index manifest.Index) manifest.Said {
	objects := 0
	for _, root := range index.Roots {
		objects += len(root.Objects)
	}
	said := manifest.Said{Remarks: []manifest.Remark{}, Findings: inOrder(t.findings), Judged: objects, Notes: t.notes}
	said.Facts = facts(index, objects)
	if objects == 0 && len(t.findings) == 0 {
		said.Undecided = "nothing was rendered: the folder has no kustomization and no manifest"
	}
	return said
}
