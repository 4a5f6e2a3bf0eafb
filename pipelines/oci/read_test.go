package oci

import (
	"archive/tar"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
)

// archived is the folder as a tar archive whose names begin with "./", as GNU tar makes it.
func archived(t *testing.T, dir string) string {
	t.Helper()
	files, err := walk(dir, "/")
	must(t, err)
	for i := range files {
		files[i].header.Name = "./" + files[i].header.Name
	}
	name := filepath.Join(t.TempDir(), "image.tar")
	archive, err := os.Create(name)
	must(t, err)
	must(t, pack(archive, files))
	must(t, archive.Close())
	return name
}

func writtenLayout(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "layout")
	must(t, WriteLayout(assembled(t, valid(t)), dir))
	return dir
}

func TestDescribeArchive(t *testing.T) {
	image := assembled(t, valid(t))
	want := described(t, image)

	own := filepath.Join(t.TempDir(), "image.tar")
	must(t, WriteArchive(image, own))

	nested := filepath.Join(t.TempDir(), "nested")
	path, err := layout.Write(nested, empty.Index)
	must(t, err)
	must(t, path.AppendIndex(mutate.AppendManifests(empty.Index, mutate.IndexAddendum{Add: image})))

	for name, archive := range map[string]string{"our own": own, "GNU tar's": archived(t, writtenLayout(t)), "nested": archived(t, nested)} {
		got, err := DescribeArchive(archive)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, %v, want %+v", name, got, err, want)
		}
	}
}

// withConfig is a valid image whose configuration was changed.
func withConfig(t *testing.T, change func(*v1.ConfigFile)) v1.Image {
	t.Helper()
	image := assembled(t, valid(t))
	config, err := image.ConfigFile()
	must(t, err)
	config = config.DeepCopy()
	change(config)
	changed, err := mutate.ConfigFile(image, config)
	must(t, err)
	return changed
}

func TestDescribeHistory(t *testing.T) {
	entrypoint := v1.History{CreatedBy: "ENTRYPOINT", EmptyLayer: true}
	cases := []struct {
		name   string
		change func(*v1.ConfigFile)
		want   string
	}{
		{"with instructions that made no layer", func(c *v1.ConfigFile) { c.History = append([]v1.History{entrypoint}, c.History...) }, "runtime"},
		{"none", func(c *v1.ConfigFile) { c.History = nil }, ""},
		{"of other layers", func(c *v1.ConfigFile) { c.History = c.History[:2] }, ""},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			layers := described(t, withConfig(t, test.change)).Layers
			if len(layers) != 3 || layers[0].Comment != test.want {
				t.Errorf("%+v, want %q as the first comment", layers, test.want)
			}
		})
	}
}

func TestDescribeRefusesLayersThatTheConfigurationDoesNotName(t *testing.T) {
	_, err := Describe(withConfig(t, func(c *v1.ConfigFile) { c.RootFS.DiffIDs = c.RootFS.DiffIDs[:2] }))
	if err == nil || !strings.Contains(err.Error(), "has 3 layers, but its configuration names 2") {
		t.Errorf("error %v", err)
	}
}

func TestDescribeArchiveRefuses(t *testing.T) {
	file := func(text string) func(*testing.T) string {
		return func(t *testing.T) string {
			name := filepath.Join(t.TempDir(), "image.tar")
			must(t, os.WriteFile(name, []byte(text), 0o644))
			return name
		}
	}
	damaged := func(change func(dir string) error) func(*testing.T) string {
		return func(t *testing.T) string {
			dir := writtenLayout(t)
			must(t, change(dir))
			return archived(t, dir)
		}
	}
	blobsOf := func(dir, part string) []string {
		var found []string
		blobs, _ := filepath.Glob(filepath.Join(dir, "blobs/sha256/*"))
		for _, blob := range blobs {
			if text, _ := os.ReadFile(blob); strings.Contains(string(text), part) {
				found = append(found, blob)
			}
		}
		return found
	}
	cases := []struct {
		name    string
		archive func(*testing.T) string
		want    string
	}{
		{"missing", func(t *testing.T) string { return filepath.Join(t.TempDir(), "missing.tar") }, "missing.tar: open"},
		{"empty", file(""), "it has no index.json"},
		{"text", file(strings.Repeat("not a tar archive ", 100)), "it is not a tar archive"},
		{"no index", damaged(func(dir string) error { return os.Remove(filepath.Join(dir, "index.json")) }), "it has no index.json"},
		{"index is not JSON", damaged(func(dir string) error { return os.WriteFile(filepath.Join(dir, "index.json"), []byte("<"), 0o644) }), "index: "},
		{"no image", damaged(func(dir string) error { return os.WriteFile(filepath.Join(dir, "index.json"), []byte("{}"), 0o644) }), "it holds 0 images"},
		{"two images", damaged(func(dir string) error {
			path, err := layout.FromPath(dir)
			if err != nil {
				return err
			}
			return path.AppendImage(empty.Image)
		}), "it holds 2 images"},
		{"no configuration", damaged(func(dir string) error { return os.Remove(blobsOf(dir, `"rootfs"`)[0]) }), "it has no blobs/sha256/"},
		{"changed configuration", damaged(func(dir string) error {
			return os.WriteFile(blobsOf(dir, `"rootfs"`)[0], []byte("{}"), 0o644)
		}), "is damaged: its content has the digest sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"},
		{"huge manifest", damaged(func(dir string) error {
			return os.Truncate(blobsOf(dir, `"layers":[`)[0], maxMetadata+1)
		}), fmt.Sprintf("has %d bytes", maxMetadata+1)},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			_, err := DescribeArchive(test.archive(t))
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.HasPrefix(err.Error(), "image archive ") {
				t.Errorf("error %v, want %q in it", err, test.want)
			}
		})
	}
}

// Whatever bytes an archive has, reading it ends, without a panic.
func FuzzDescribeArchive(f *testing.F) {
	f.Add([]byte(`{"manifests":[{"digest":"sha256:` + strings.Repeat("0", 64) + `"}]}`))
	f.Add([]byte(`{"manifests":[{"mediaType":"application/vnd.oci.image.index.v1+json","digest":":"}]}`))
	f.Fuzz(func(t *testing.T, index []byte) {
		name := filepath.Join(t.TempDir(), "image.tar")
		archive, err := os.Create(name)
		must(t, err)
		writer := tar.NewWriter(archive)
		must(t, writer.WriteHeader(&tar.Header{Name: "index.json", Size: int64(len(index)), Mode: 0o644}))
		_, err = writer.Write(index)
		must(t, err)
		must(t, writer.Close())
		must(t, archive.Close())
		if description, err := DescribeArchive(name); err == nil {
			t.Errorf("an archive without a manifest was described as %+v", description)
		}
	})
}
