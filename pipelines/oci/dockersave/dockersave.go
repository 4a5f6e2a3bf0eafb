// Package dockersave writes an image in the form of `docker save`, which osv-scanner reads, out of the archive of an OCI
// image layout, which builders write.
package dockersave

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// File is one more file of an image.
type File struct{ Path, Text string }

// Convert writes the one image of an archive to another, with one more file in a layer of its own.
func Convert(archive, target string, extra File) error {
	dir, err := os.MkdirTemp("", "layout")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := unpack(archive, dir); err != nil {
		return fmt.Errorf("image archive %s: %w", archive, err)
	}
	index, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		return fmt.Errorf("image archive %s: it is no OCI image layout: %w", archive, err)
	}
	image, err := only(index)
	if err != nil {
		return fmt.Errorf("image archive %s: %w", archive, err)
	}
	layer, err := extra.layer()
	if err != nil {
		return err
	}
	if image, err = mutate.AppendLayers(image, layer); err != nil {
		return fmt.Errorf("image archive %s: %w", archive, err)
	}
	tag, err := name.NewTag("image:scanned")
	if err != nil {
		return err
	}
	return tarball.WriteToFile(target, tag, image)
}

// only follows an index, and the indexes that it names, to the one image.
func only(index v1.ImageIndex) (v1.Image, error) {
	manifest, err := index.IndexManifest()
	if err != nil {
		return nil, err
	}
	if len(manifest.Manifests) != 1 {
		return nil, fmt.Errorf("it holds %d images, want one", len(manifest.Manifests))
	}
	descriptor := manifest.Manifests[0]
	if !descriptor.MediaType.IsIndex() {
		return index.Image(descriptor.Digest)
	}
	inner, err := index.ImageIndex(descriptor.Digest)
	if err != nil {
		return nil, err
	}
	return only(inner)
}

// unpack takes the files out of a tar archive, none of them beside the folder.
func unpack(archive, dir string) error {
	file, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer file.Close()
	for reader := tar.NewReader(file); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("it is not a tar archive: %w", err)
		}
		if header.Typeflag != tar.TypeReg {
			continue
		}
		if !filepath.IsLocal(header.Name) {
			return fmt.Errorf("%q leads out of it", header.Name)
		}
		if err := write(filepath.Join(dir, header.Name), reader); err != nil {
			return err
		}
	}
}

func write(name string, content io.Reader) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, content)
	return errors.Join(err, file.Close())
}

// layer is a layer of the file alone.
func (f File) layer() (v1.Layer, error) {
	var content bytes.Buffer
	archive := tar.NewWriter(&content)
	err := archive.WriteHeader(&tar.Header{Name: f.Path, Mode: 0o644, Size: int64(len(f.Text))})
	if err == nil {
		_, err = io.WriteString(archive, f.Text)
	}
	if err = errors.Join(err, archive.Close()); err != nil {
		return nil, err
	}
	return tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content.Bytes())), nil })
}
