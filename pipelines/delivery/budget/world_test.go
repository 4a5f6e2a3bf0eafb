package budget

import (
	"context"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/esteira/esteira/pipelines/git/gittest"
	"github.com/esteira/esteira/pipelines/kustomization"
	"github.com/esteira/esteira/pipelines/manifest"
)

// scratch is a folder of all tests, with a copy of the repository's tree.
var scratch string

func TestMain(m *testing.M) {
	var err error
	if scratch, err = os.MkdirTemp("", "budget"); err != nil {
		panic(err)
	}
	code := m.Run()
	if err := os.RemoveAll(scratch); err != nil {
		panic(err)
	}
	os.Exit(code)
}

const (
	canary     = "k8s/base/flagger/api-gateway.yaml"
	otherOne   = "k8s/base/flagger/inference-service.yaml"
	deployment = "k8s/base/api-gateway/deployment.yaml"
	scaler     = "k8s/base/api-gateway/horizontal-pod-autoscaler.yaml"
	production = "k8s/overlays/prod/kustomization.yaml"
	argocd     = "k8s/argocd/argocd-cm.yaml"
	prometheus = "k8s/base/monitoring/prometheus/config/prometheus.yaml"
	policies   = "esteira.yaml"
	weights    = "stepWeights: [10, 20, 50, 100]"
)

// noSkip takes skipAnalysis from production's canaries, whatever sets it.
var noSkip = edit{production, "patches:\n", "patches:\n  - target: {kind: Canary}\n    patch: |\n      - {op: remove, path: /spec/skipAnalysis}\n"}

// world is a repository's tree, and what its overlays render to.
type world struct {
	files, streams fstest.MapFS
	index          manifest.Index
}

var shippedWorld struct {
	sync.Once
	world
}

// own is the tree of the repository that this package lies in, rendered once for all tests.
func own(t *testing.T) world {
	t.Helper()
	shippedWorld.Do(func() {
		dir := filepath.Join(scratch, "repository")
		gittest.Environments(t, dir)
		w := world{files: contents(t, dir), streams: fstest.MapFS{}}
		w.render(t, "overlays/dev", "overlays/staging", "overlays/prod")
		shippedWorld.world = w
	})
	return shippedWorld.world
}

// contents are the files below a folder.
func contents(t *testing.T, dir string) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	if err := fs.WalkDir(os.DirFS(dir), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(filepath.Join(dir, name))
		files[name] = &fstest.MapFile{Data: text, Mode: 0o600}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return files
}

// render renders overlays anew.
func (w *world) render(t *testing.T, overlays ...string) {
	t.Helper()
	dir, out := t.TempDir(), t.TempDir()
	if err := os.CopyFS(dir, w.files); err != nil {
		t.Fatal(err)
	}
	sources, err := kustomization.Read(filepath.Join(dir, "k8s"), "")
	if err != nil {
		t.Fatal(err)
	}
	done, err := kustomization.Renderer{Out: out, Only: overlays, Unplaced: true}.Render(context.Background(), sources)
	if err != nil {
		t.Fatal(err)
	}
	roots := slices.DeleteFunc(slices.Clone(w.index.Roots), func(root manifest.Root) bool { return slices.Contains(overlays, root.Path) })
	w.index.Roots = append(roots, done.Index.Roots...)
	w.streams = maps.Clone(w.streams)
	maps.Copy(w.streams, contents(t, out))
}

// edit replaces a text in a file once; a file without old text gets it whole.
type edit struct{ file, old, new string }

// edited is the world after some edits. The overlays that a changed file is part of are rendered anew.
func (w world) edited(t *testing.T, edits ...edit) world {
	t.Helper()
	w.files = maps.Clone(w.files)
	for _, e := range edits {
		text := e.new
		if e.old != "" {
			file := w.files[e.file]
			if file == nil || !strings.Contains(string(file.Data), e.old) {
				t.Fatalf("%s does not hold %q", e.file, e.old)
			}
			text = strings.Replace(string(file.Data), e.old, e.new, 1)
		}
		w.files[e.file] = &fstest.MapFile{Data: []byte(text), Mode: 0o600}
	}
	var stale []string
	for _, root := range w.index.Roots {
		if slices.ContainsFunc(edits, func(e edit) bool { return slices.Contains(root.Files, strings.TrimPrefix(e.file, "k8s/")) }) {
			stale = append(stale, root.Path)
		}
	}
	if len(stale) > 0 {
		w.render(t, stale...)
	}
	return w
}

// tree is what the budget is added up from.
func (w world) tree(t *testing.T) *Tree {
	t.Helper()
	tree, err := ReadTree(w.files, "k8s", w.index, w.streams)
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// added is the budget of the repository's own tree after some edits.
func added(t *testing.T, edits ...edit) Budget {
	t.Helper()
	w := own(t).edited(t, edits...)
	file, err := ReadFile(policies, w.files[policies].Data)
	if err != nil {
		t.Fatal(err)
	}
	return Add(w.tree(t), file, file)
}
