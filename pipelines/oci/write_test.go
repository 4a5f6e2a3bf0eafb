package oci

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

func TestLayoutSurvivesARegistry(t *testing.T) {
	image := assembled(t, valid(t))
	dir := filepath.Join(t.TempDir(), "layout")
	must(t, WriteLayout(image, dir))

	index, err := layout.ImageIndexFromPath(dir)
	must(t, err)
	manifest, err := index.IndexManifest()
	must(t, err)
	if len(manifest.Manifests) != 1 || manifest.Manifests[0].Platform.String() != "linux/amd64" {
		t.Fatalf("index %+v", manifest)
	}
	read, err := index.Image(manifest.Manifests[0].Digest)
	must(t, err)

	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	reference, err := name.ParseReference(server.Listener.Addr().String() + "/team/api:1")
	must(t, err)
	must(t, remote.Write(reference, read))
	pulled, err := remote.Image(reference)
	must(t, err)
	must(t, validate.Image(pulled))

	if got, want := described(t, pulled), described(t, image); got.Digest != want.Digest {
		t.Errorf("pulled %s, want %s", got.Digest, want.Digest)
	}
}

func TestLayoutRefusesAnExistingFolder(t *testing.T) {
	err := WriteLayout(assembled(t, valid(t)), t.TempDir())
	if !errors.Is(err, fs.ErrExist) {
		t.Errorf("error %v, want that the folder exists", err)
	}
}

func TestArchiveHoldsTheLayout(t *testing.T) {
	image := assembled(t, valid(t))
	dir := t.TempDir()
	must(t, WriteLayout(image, filepath.Join(dir, "layout")))
	must(t, WriteArchive(image, filepath.Join(dir, "image.tar")))

	archive, err := os.Open(filepath.Join(dir, "image.tar"))
	must(t, err)
	defer archive.Close()
	files := 0
	for reader := tar.NewReader(archive); ; {
		header, err := reader.Next()
		if err == io.EOF {
			break
		}
		must(t, err)
		if header.Typeflag == tar.TypeDir {
			continue
		}
		files++
		got, err := io.ReadAll(reader)
		must(t, err)
		want, err := os.ReadFile(filepath.Join(dir, "layout", header.Name))
		must(t, err)
		if !bytes.Equal(got, want) {
			t.Errorf("%s differs", header.Name)
		}
	}
	if want := 2 + 1 + 1 + 3; files != want { // index.json and oci-layout, manifest, configuration, layers
		t.Errorf("%d files, want %d", files, want)
	}
}

func TestEqualImagesGiveEqualArchives(t *testing.T) {
	dir := t.TempDir()
	var archives [][]byte
	for _, name := range []string{"one.tar", "two.tar"} {
		must(t, WriteArchive(assembled(t, valid(t)), filepath.Join(dir, name)))
		content, err := os.ReadFile(filepath.Join(dir, name))
		must(t, err)
		archives = append(archives, content)
	}
	if !bytes.Equal(archives[0], archives[1]) {
		t.Error("archives differ")
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 2 {
		t.Errorf("left over beside the archives: %v, %v", entries, err)
	}
}

func TestArchiveIntoAMissingFolder(t *testing.T) {
	err := WriteArchive(assembled(t, valid(t)), filepath.Join(t.TempDir(), "missing", "image.tar"))
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v, want that the folder does not exist", err)
	}
}
