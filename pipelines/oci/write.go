package oci

import (
	"fmt"
	"os"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
)

// WriteLayout writes the image as an OCI image layout, the form that `crane push` reads, into a
// folder that it makes. It fails if the folder is there already: a layout of two images is pushed
// differently.
func WriteLayout(image v1.Image, dir string) error {
	config, err := image.ConfigFile()
	if err != nil {
		return fmt.Errorf("image configuration: %w", err)
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	target, err := layout.Write(dir, empty.Index)
	if err != nil {
		return fmt.Errorf("write layout %s: %w", dir, err)
	}
	platform := v1.Platform{OS: config.OS, Architecture: config.Architecture}
	if err := target.AppendImage(image, layout.WithPlatform(platform)); err != nil {
		return fmt.Errorf("write layout %s: %w", dir, err)
	}
	return nil
}

// WriteArchive writes the image as a tar archive of an OCI image layout, the form that Dagger and
// BuildKit import and that syft reads. Equal images give equal archives. An existing file is
// replaced once the new one is complete.
func WriteArchive(image v1.Image, name string) error {
	scratch, err := os.MkdirTemp(filepath.Dir(name), ".esteira-archive-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)

	dir, archive := filepath.Join(scratch, "layout"), filepath.Join(scratch, "archive.tar")
	if err := WriteLayout(image, dir); err != nil {
		return err
	}
	if err := archiveFolder(dir, archive); err != nil {
		return fmt.Errorf("write archive %s: %w", name, err)
	}
	return os.Rename(archive, name)
}

func archiveFolder(dir, name string) error {
	files, err := walk(dir, "/")
	if err != nil {
		return err
	}
	archive, err := os.Create(name)
	if err != nil {
		return err
	}
	if err := pack(archive, files); err != nil {
		archive.Close()
		return err
	}
	return archive.Close()
}
