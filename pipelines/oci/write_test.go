package oci

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"log"
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

// readLayout is the one image of a layout.
func readLayout(t *testing.T, dir string) v1.Image {
	t.Helper()
	index, err := layout.ImageIndexFromPath(dir)
	must(t, err)
	manifest, err := index.IndexManifest()
	must(t, err)
	if len(manifest.Manifests) != 1 || manifest.Manifests[0].Platform.String() != "linux/amd64" {
		t.Fatalf("index %+v", manifest)
	}
	image, err := index.Image(manifest.Manifests[0].Digest)
	must(t, err)
	return image
}

func TestLayoutSurvivesARegistry(t *testing.T) {
	image := assembled(t, valid(t))
	dir := filepath.Join(t.TempDir(), "layout")
	must(t, WriteLayout(image, dir))

	registries := map[string]func(*testing.T) string{
		"in this process":     libraryRegistry,
		"Docker distribution": distributionRegistry,
	}
	for name, start := range registries {
		t.Run(name, func(t *testing.T) {
			reference, err := ParseReference(start(t) + "/team/api:1")
			must(t, err)
			must(t, remote.Write(reference, readLayout(t, dir)))
			pulled, err := remote.Image(reference)
			must(t, err)
			must(t, validate.Image(pulled))
			if got, want := described(t, pulled), described(t, image); !reflect.DeepEqual(got, want) {
				t.Errorf("pulled %+v, want %+v", got, want)
			}
		})
	}
}

func libraryRegistry(t *testing.T) string {
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

// distributionRegistry starts the registry that most others are made of, where its Debian package is
// installed.
func distributionRegistry(t *testing.T) string {
	program, err := exec.LookPath("docker-registry")
	if err != nil {
		t.Skip("docker-registry is not installed (apt-get install docker-registry)")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	address := listener.Addr().String()
	must(t, listener.Close())

	configuration := filepath.Join(t.TempDir(), "registry.yml")
	must(t, os.WriteFile(configuration, []byte("version: 0.1\nstorage: {inmemory: {}}\nhttp: {addr: \""+address+"\"}\n"), 0o644))
	server := exec.Command(program, "serve", configuration)
	must(t, server.Start())
	ended := make(chan struct{})
	go func() {
		_ = server.Wait() // the error that it was killed
		close(ended)
	}()
	t.Cleanup(func() {
		_ = server.Process.Kill() // an error if it ended by itself, which waitFor reports
		<-ended
	})
	waitFor(t, address, ended)
	return address
}

// waitFor returns once something listens at the address, and fails the test if the server ends before that.
func waitFor(t *testing.T, address string, ended <-chan struct{}) {
	t.Helper()
	for {
		connection, err := net.Dial("tcp", address)
		if err == nil {
			must(t, connection.Close())
			return
		}
		select {
		case <-ended:
			t.Fatalf("the registry at %s ended: %v", address, err)
		case <-time.After(10 * time.Millisecond):
		}
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
